package calendar

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestD4CalendarBilling(t *testing.T) {
	t.Parallel()
	fifteen, first := 15, 1
	for name, c := range map[string]struct {
		start   string
		months  int
		proRata *int
		price   string
		amount  string
		end     string
	}{
		"12 July before the 15th":      {"2026-07-12 16:00", 1, &fifteen, "31.00", "20.00", "2026-08-01"},
		"12 July without":              {"2026-07-12 16:00", 1, nil, "31.00", "20.00", "2026-08-01"},
		"17 July after the 15th":       {"2026-07-17 00:00", 1, &fifteen, "31.00", "46.00", "2026-09-01"},
		"the 15th itself":              {"2026-07-15 23:59", 1, &fifteen, "31.00", "48.00", "2026-09-01"},
		"17 July without":              {"2026-07-17 09:00", 1, nil, "31.00", "15.00", "2026-08-01"},
		"on the 1st: a whole month":    {"2026-07-01 09:00", 1, nil, "31.00", "31.00", "2026-08-01"},
		"on the 1st, always one more":  {"2026-07-01 09:00", 1, &first, "31.00", "62.00", "2026-09-01"},
		"quarter: rest and two months": {"2026-07-12 09:00", 3, nil, "93.00", "82.00", "2026-10-01"},
		"quarter, one month more":      {"2026-07-17 09:00", 3, &fifteen, "93.00", "108.00", "2026-11-01"},
		"year on the 1st":              {"2026-02-01 09:00", 12, nil, "120.00", "120.00", "2027-02-01"},
		"last day of the month":        {"2026-01-31 23:00", 1, nil, "31.00", "1.00", "2026-02-01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := zone(t, "Europe/Berlin")
			f := CalendarPeriod(at(t, c.start, z), c.months, c.proRata, z)
			sameInstant(t, day(t, c.end).Start(z), f.End)
			num, den := f.Ratio()
			price := decimal.RequireFromString(c.price)
			amount := price.Mul(decimal.NewFromInt(int64(num))).DivRound(decimal.NewFromInt(int64(den)), 2)
			require.Equal(t, c.amount, amount.StringFixed(2))
		})
	}
}

func TestD4EndsOnTheFirstAtMidnight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		start, n, proRata := drawTime(t, z), drawMonths(t), rapid.IntRange(1, 31).Draw(t, "pro rata day")
		f := CalendarPeriod(start, n, &proRata, z)
		end := DayOf(f.End, z)
		require.Equal(t, 1, end.Dom)
		sameInstant(t, end.Start(z), f.End)
		require.True(t, f.End.After(start))
		require.Equal(t, DayOf(start, z).Dom+f.Days-1, f.DaysInMonth)
		require.Contains(t, []int{n - 1, n}, f.Whole)
		sameInstant(t, MonthOf(end).Add(n).Start(z), periodOf(n).End(f.End, FirstOfMonth, z))
	})
}

func TestD8RemainingDays(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	start, end := at(t, "2024-08-15 10:00", berlin), at(t, "2024-11-15 10:00", berlin)
	require.Equal(t, 92, PeriodDays(start, end, berlin))
	for now, want := range map[string]int{
		"2024-08-15 10:00": 92,
		"2024-08-15 10:01": 91,
		"2024-09-15 09:00": 61,
		"2024-09-15 10:00": 61,
		"2024-09-15 10:01": 60,
		"2024-10-26 10:00": 20, // the clock goes back on the 27th, so this is 20 days and an hour
		"2024-11-14 10:00": 1,
		"2024-11-14 10:01": 0,
		"2024-11-15 10:00": 0,
		"2025-01-01 00:00": 0,
	} {
		require.Equal(t, want, RemainingDays(at(t, now, berlin), end, berlin), now)
	}
	// The 23 hours of a day that loses one are a whole day.
	require.Equal(t, 1, RemainingDays(at(t, "2026-03-28 12:00", berlin), at(t, "2026-03-29 12:00", berlin), berlin))
	require.Equal(t, 0, RemainingDays(at(t, "2026-10-24 12:00", berlin), at(t, "2026-10-25 11:30", berlin), berlin))
}

func TestD8RemainingDaysIsTheLargestNumberThatFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		now := drawTime(t, z)
		until := now.Add(time.Duration(rapid.IntRange(-60*24, 400*24*60).Draw(t, "minutes")) * time.Minute)
		n := RemainingDays(now, until, z)
		require.GreaterOrEqual(t, n, 0)
		if n > 0 {
			require.False(t, AddDays(now, n, z).After(until))
		}
		require.True(t, AddDays(now, n+1, z).After(until))
	})
}
