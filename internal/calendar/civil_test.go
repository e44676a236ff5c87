package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCivilTimeInGapsAndOverlaps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		zone, day    string
		hour, minute int
		want         string // UTC
	}{
		"gap in Berlin moves to its end":            {"Europe/Berlin", "2026-03-29", 2, 30, "2026-03-29T01:00:00Z"},
		"last minute before the gap":                {"Europe/Berlin", "2026-03-29", 1, 59, "2026-03-29T00:59:00Z"},
		"end of the gap":                            {"Europe/Berlin", "2026-03-29", 3, 0, "2026-03-29T01:00:00Z"},
		"of two the first, Berlin":                  {"Europe/Berlin", "2026-10-25", 2, 30, "2026-10-25T00:30:00Z"},
		"after the overlap":                         {"Europe/Berlin", "2026-10-25", 3, 0, "2026-10-25T02:00:00Z"},
		"midnight gap in Havana":                    {"America/Havana", "2026-03-08", 0, 20, "2026-03-08T05:00:00Z"},
		"of two midnights the first, Havana":        {"America/Havana", "2026-11-01", 0, 0, "2026-11-01T04:00:00Z"},
		"midnight gap in Beirut":                    {"Asia/Beirut", "2026-03-29", 0, 0, "2026-03-28T22:00:00Z"},
		"the hour before midnight twice, in Beirut": {"Asia/Beirut", "2026-10-24", 23, 30, "2026-10-24T20:30:00Z"},
		"midnight after it":                         {"Asia/Beirut", "2026-10-25", 0, 0, "2026-10-24T22:00:00Z"},
		"a day that Samoa never had":                {"Pacific/Apia", "2011-12-30", 15, 0, "2011-12-30T10:00:00Z"},
		"half an hour's gap":                        {"Australia/Lord_Howe", "2026-10-04", 2, 10, "2026-10-03T15:30:00Z"},
		"nothing special":                           {"UTC", "2026-03-29", 2, 30, "2026-03-29T02:30:00Z"},
		"last day of a leap year, far away":         {"Europe/Berlin", "2040-12-31", 12, 0, "2040-12-31T11:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := time.Parse(time.RFC3339, c.want)
			require.NoError(t, err)
			sameInstant(t, want, day(t, c.day).At(c.hour, c.minute, zone(t, c.zone)))
		})
	}
}

func TestCivilIsFirstInstantThatShowsTheTimeOrEndOfItsGap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		near := drawTime(t, z).In(z)
		minute := rapid.IntRange(0, 24*60-1).Draw(t, "minute of the day")
		face := time.Date(near.Year(), near.Month(), near.Day(), minute/60, minute%60, 0, 0, time.UTC)
		got := DayOf(near, z).At(minute/60, minute%60, z)
		if shown := showing(got, z); !shown.Equal(face) {
			before := showing(got.Add(-time.Nanosecond), z)
			require.True(t, before.Before(face) && shown.After(face), "%s is no gap around %s", got.In(z), face)
			return
		}
		for back := 30 * time.Minute; back <= 24*time.Hour; back += 30 * time.Minute {
			require.False(t, showing(got.Add(-back), z).Equal(face), "%s showed it already", got.Add(-back).In(z))
		}
	})
}

// showing is what a clock on the wall shows at an instant, written as a UTC time.
func showing(t time.Time, z *time.Location) time.Time {
	l := t.In(z)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), l.Nanosecond(), time.UTC)
}

func TestDaysFollowEachOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		now := drawTime(t, z)
		d := DayOf(now, z)
		require.False(t, now.Before(d.Start(z)), "%s before its day", now)
		require.True(t, now.Before(d.End(z)), "%s after its day", now)
		sameInstant(t, d.End(z), d.AddDays(1).Start(z))
		require.Equal(t, 1, d.Until(d.AddDays(1)))
		require.True(t, d.Before(d.AddDays(1)))
	})
}

func TestDayLengthsOnClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, day string
		hours     float64
	}{
		{"Europe/Berlin", "2026-03-29", 23},
		{"Europe/Berlin", "2026-10-25", 25},
		{"America/Havana", "2026-03-08", 23},
		{"America/Havana", "2026-11-01", 25},
		{"Asia/Beirut", "2026-03-29", 23},
		{"Pacific/Apia", "2011-12-30", 0},
		{"UTC", "2026-03-29", 24},
	} {
		z, d := zone(t, c.zone), day(t, c.day)
		require.Equal(t, c.hours, d.End(z).Sub(d.Start(z)).Hours(), "%s %s", c.zone, c.day)
	}
}

func TestDayTextAndDatabase(t *testing.T) {
	t.Parallel()
	d := day(t, "2026-02-28")
	v, err := d.Value()
	require.NoError(t, err)
	require.Equal(t, "2026-02-28", v)
	for _, src := range []any{"2026-02-28", []byte("2026-02-28"), time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)} {
		var back Day
		require.NoError(t, back.Scan(src))
		require.Equal(t, d, back)
	}
	require.NoError(t, d.Scan(nil))
	require.True(t, d.IsZero())
	require.Error(t, d.Scan(7))
	v, err = d.Value()
	require.NoError(t, err)
	require.Nil(t, v)
	_, err = ParseDay("2026-02-30")
	require.Error(t, err)
}
