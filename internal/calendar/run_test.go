package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestD1DailyRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, day, want string }{
		{"UTC", "2026-01-31", "2026-02-01T00:20:00Z"},
		{"Europe/Berlin", "2026-03-28", "2026-03-28T23:20:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-29T22:20:00Z"},
		{"America/Havana", "2026-03-07", "2026-03-08T05:00:00Z"}, // 00:20 is in the gap: its end, 01:00
		{"America/Havana", "2026-10-31", "2026-11-01T04:20:00Z"}, // 00:20 comes twice: the first
		{"Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00Z"},   // the 30th never was: the 31st begins
	} {
		require.Equal(t, c.want, DailyRunAt(day(t, c.day), zone(t, c.zone)).Format(time.RFC3339), "%s %s", c.zone, c.day)
	}
}

func TestD1LastClosedDay(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	for now, want := range map[string]string{
		"2026-03-30 00:19": "2026-03-28",
		"2026-03-30 00:20": "2026-03-29",
		"2026-03-30 23:59": "2026-03-29",
		"2026-03-31 00:00": "2026-03-29",
	} {
		require.Equal(t, want, LastClosedDay(at(t, now, z), z).String(), now)
	}
	require.Equal(t, at(t, "2026-03-31 00:20", z).UTC(), NextDailyRun(at(t, "2026-03-30 00:20", z), z))
	require.Equal(t, at(t, "2026-03-30 00:20", z).UTC(), NextDailyRun(at(t, "2026-03-30 00:19", z), z))
}

func TestD1EveryInstantIsBetweenTwoRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		now := drawTime(t, z)
		closed := LastClosedDay(now, z)
		require.False(t, DailyRunAt(closed, z).After(now))
		require.True(t, DailyRunAt(closed.AddDays(1), z).After(now))
		sameInstant(t, DailyRunAt(closed.AddDays(1), z), NextDailyRun(now, z))
	})
}

func TestD11SuspensionWaitsForAWeekday(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"2026-07-31": "2026-07-31", // Friday
		"2026-08-01": "2026-08-03", // Saturday
		"2026-08-02": "2026-08-03", // Sunday
		"2026-08-03": "2026-08-03",
	} {
		require.Equal(t, want, NextWeekday(day(t, from)).String(), from)
	}
}

func TestD7DailyPriceDividesByTheMonthsDays(t *testing.T) {
	t.Parallel()
	for d, want := range map[string]int{"2024-02-10": 29, "2026-02-10": 28, "2026-04-30": 30, "2026-12-31": 31} {
		require.Equal(t, want, MonthOf(day(t, d)).Days(), d)
	}
}
