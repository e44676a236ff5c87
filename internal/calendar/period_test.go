package calendar

import (
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParsePeriod(t *testing.T) {
	t.Parallel()
	for s, months := range map[string]int{
		"trial": 0, "one_time": 0, "P1D": 0, "P1M": 1, "P3M": 3, "P12M": 12, "P120M": 120, "P1Y": 12, "P10Y": 120,
	} {
		p, err := ParsePeriod(s)
		require.NoError(t, err, s)
		require.Equal(t, Period(s), p, "periods stay as written")
		require.Equal(t, months, p.Months(), s)
		require.Equal(t, months > 0 || s == "P1D", p.Renews(), s)
	}
	for _, s := range []string{
		"", "P0M", "P0Y", "P01M", "P121M", "P11Y", "P999Y", "P2D", "P0D", "P1W", "P1M1D", "P-1M", "P+1M", "p1m", " P1M", "P1M\n",
		"PM", "P9999999999999999999M", "monthly", "Trial",
	} {
		_, err := ParsePeriod(s)
		require.Error(t, err, "%q", s)
	}
}

func TestD13ShortestPeriodThatRenewsIsLeast(t *testing.T) {
	t.Parallel()
	periods := []Period{Trial, OneTime, "P10Y", "P1Y", "P12M", "P3M", Daily, "P1M"}
	sort.Slice(periods, func(i, j int) bool { return periods[i].Less(periods[j]) })
	require.Equal(t, []Period{Daily, "P1M", "P3M", "P12M", "P1Y", "P10Y", OneTime, Trial}, periods)
}

func TestD2PeriodEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		zone   string
		period Period
		ends   []string // the first is the start
	}{
		"clamped, not drifting": {"UTC", "P1M", []string{
			"2026-01-31 10:15", "2026-02-28 10:15", "2026-03-31 10:15", "2026-04-30 10:15", "2026-05-31 10:15",
		}},
		"leap year":    {"UTC", "P1M", []string{"2024-01-30 00:00", "2024-02-29 00:00", "2024-03-30 00:00"}},
		"quarterly":    {"UTC", "P3M", []string{"2026-06-05 12:00", "2026-09-05 12:00", "2026-12-05 12:00", "2027-03-05 12:00"}},
		"leap day":     {"UTC", "P1Y", []string{"2024-02-29 08:00", "2025-02-28 08:00", "2026-02-28 08:00", "2027-02-28 08:00", "2028-02-29 08:00"}},
		"civil time":   {"Europe/Berlin", "P1M", []string{"2026-02-28 23:30", "2026-03-28 23:30", "2026-04-28 23:30"}},
		"gap, then on": {"Europe/Berlin", "P1M", []string{"2026-01-29 02:30", "2026-02-28 02:30", "2026-03-29 03:00", "2026-04-29 02:30"}},
		"daily gap":    {"Europe/Berlin", "P1D", []string{"2026-03-28 02:30", "2026-03-29 03:00", "2026-03-30 02:30"}},
		"midnight gap": {"America/Havana", "P1M", []string{"2026-02-08 00:00", "2026-03-08 01:00", "2026-04-08 00:00"}},
		"skipped day":  {"Pacific/Apia", "P1D", []string{"2011-12-28 10:00", "2011-12-29 10:00", "2011-12-31 00:00", "2011-12-31 10:00", "2012-01-01 10:00"}},
		"lost 30th":    {"Pacific/Apia", "P1M", []string{"2011-10-30 10:00", "2011-11-30 10:00", "2011-12-31 00:00", "2012-01-30 10:00"}},
		"months of 1D": {"UTC", "P1D", []string{"2026-02-28 10:00", "2026-03-01 10:00", "2026-03-02 10:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := zone(t, c.zone)
			end := at(t, c.ends[0], z)
			anchor := AnchorOf(end, z)
			for _, want := range c.ends[1:] {
				end = c.period.End(end, anchor, z)
				require.Equal(t, want, end.In(z).Format("2006-01-02 15:04"))
			}
		})
	}
}

func TestD2NoEndOfOneTimeAndTrial(t *testing.T) {
	t.Parallel()
	start := at(t, "2026-01-31 10:00", time.UTC)
	require.True(t, OneTime.End(start, AnchorOf(start, time.UTC), time.UTC).IsZero())
	require.True(t, Trial.End(start, AnchorOf(start, time.UTC), time.UTC).IsZero())
}

func TestD2PeriodsNeverDrift(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		start, n := drawTime(t, z), drawMonths(t)
		anchor, first := AnchorOf(start, z), MonthOf(DayOf(start, z))
		end, monthly := start, start
		for k := 1; k <= 4; k++ {
			last := end
			end = periodOf(n).End(end, anchor, z)
			require.True(t, end.After(last))
			for range n {
				monthly = Period("P1M").End(monthly, anchor, z)
			}
			sameInstant(t, end, monthly)
			want := first.Add(k * n).clamp(anchor.Day)
			sameInstant(t, civil(want.Year, want.Month, want.Dom, anchor.Hour, anchor.Min, anchor.Sec, anchor.Nsec, z), end)
		}
	})
}

func TestD2DaysGoForwardByOneCivilDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		start := drawTime(t, z)
		anchor, end := AnchorOf(start, z), start
		for k := 1; k <= 5; k++ {
			last := end
			end = Daily.End(end, anchor, z)
			require.True(t, end.After(last))
		}
		if z.String() != "Pacific/Apia" { // its skipped day is in the table above
			sameInstant(t, AddDays(start, 5, z), end)
		}
	})
}

func periodOf(months int) Period {
	return map[int]Period{1: "P1M", 2: "P2M", 3: "P3M", 6: "P6M", 12: "P1Y", 24: "P2Y", 36: "P3Y"}[months]
}

func TestD2APeriodBeganWhereTheOneBeforeItEnded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		at, n := drawTime(t, z), drawMonths(t)
		anchor := AnchorOf(at, z)
		end := Period("P1M").End(at, anchor, z)
		for _, p := range []Period{periodOf(n), Daily} {
			began := p.Start(end, anchor, z)
			require.True(t, began.Before(end))
			sameInstant(t, end, p.End(began, anchor, z))
		}
	})
	require.True(t, OneTime.Start(time.Time{}, Anchor{}, time.UTC).IsZero())
}
