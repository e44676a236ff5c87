package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestD5Slices(t *testing.T) {
	t.Parallel()
	whole := func(from, to string, days int) Slice { return Slice{day(t, from), day(t, to), days, days, true} }
	part := func(from, to string, days, of int) Slice { return Slice{day(t, from), day(t, to), days, of, false} }
	for name, c := range map[string]struct {
		start, end string
		anchorDay  int
		months     int
		mode       Split
		want       []Slice
	}{
		"from the 1st, 15 Aug to 15 Nov": {"2024-08-15", "2024-11-15", 15, 3, SplitFromFirst, []Slice{
			part("2024-08-15", "2024-09-01", 17, 31), whole("2024-09-01", "2024-10-01", 30),
			whole("2024-10-01", "2024-11-01", 31), part("2024-11-01", "2024-11-15", 14, 30),
		}},
		"from the 1st, on the 1st": {"2024-09-01", "2024-11-01", 1, 2, SplitFromFirst, []Slice{
			whole("2024-09-01", "2024-10-01", 30), whole("2024-10-01", "2024-11-01", 31),
		}},
		"from the 1st, clamped": {"2026-02-28", "2026-03-31", 31, 1, SplitFromFirst, []Slice{
			part("2026-02-28", "2026-03-01", 1, 28), part("2026-03-01", "2026-03-31", 30, 31),
		}},
		"from the 1st, calendar billing": {"2026-07-17", "2026-09-01", 17, 1, SplitFromFirst, []Slice{
			part("2026-07-17", "2026-08-01", 15, 31), whole("2026-08-01", "2026-09-01", 31),
		}},
		"from the start day": {"2024-08-15", "2024-11-15", 15, 3, SplitFromStart, []Slice{
			part("2024-08-15", "2024-09-15", 31, 31), part("2024-09-15", "2024-10-15", 30, 30), part("2024-10-15", "2024-11-15", 31, 31),
		}},
		"from the start day, clamped": {"2026-02-28", "2026-05-31", 31, 3, SplitFromStart, []Slice{
			part("2026-02-28", "2026-03-31", 31, 28), part("2026-03-31", "2026-04-30", 30, 31), part("2026-04-30", "2026-05-31", 31, 30),
		}},
		"none":           {"2024-08-15", "2024-11-15", 15, 3, SplitNone, []Slice{part("2024-08-15", "2024-11-15", 92, 31)}},
		"a day":          {"2024-08-31", "2024-09-01", 31, 0, SplitFromFirst, []Slice{part("2024-08-31", "2024-09-01", 1, 31)}},
		"a trial":        {"2024-08-25", "2024-09-08", 25, 0, SplitFromFirst, []Slice{part("2024-08-25", "2024-09-08", 14, 31)}},
		"a single month": {"2024-09-01", "2024-10-01", 1, 1, SplitNone, []Slice{whole("2024-09-01", "2024-10-01", 30)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := zone(t, "Asia/Beirut")
			a := Anchor{Day: c.anchorDay, Hour: 10}
			start, end := day(t, c.start).At(10, 0, z), day(t, c.end).At(10, 0, z)
			require.Equal(t, c.want, SplitByMonths(start, end, a, c.months, c.mode, z))
		})
	}
	t.Run("one-time has no end", func(t *testing.T) {
		t.Parallel()
		got := SplitByMonths(at(t, "2024-08-15 10:00", time.UTC), time.Time{}, Anchor{}, 0, SplitFromFirst, time.UTC)
		require.Equal(t, []Slice{part("2024-08-15", "2024-08-16", 1, 31)}, got)
	})
}

func TestD5SlicesCoverThePeriod(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		first, n := drawTime(t, z), drawMonths(t)
		mode := rapid.SampledFrom([]Split{SplitNone, SplitFromFirst, SplitFromStart}).Draw(t, "mode")
		a, start := AnchorOf(first, z), first
		for range rapid.IntRange(0, 3).Draw(t, "renewals") {
			start = Period("P1M").End(start, a, z)
		}
		end := periodOf(n).End(start, a, z)
		slices := SplitByMonths(start, end, a, n, mode, z)
		days, next := 0, DayOf(start, z)
		for _, s := range slices {
			require.Equal(t, next, s.From)
			require.Positive(t, s.Days)
			days, next = days+s.Days, s.To
		}
		require.Equal(t, DayOf(end, z), next)
		require.Equal(t, PeriodDays(start, end, z), days)
		switch mode {
		case SplitNone:
			require.Len(t, slices, 1)
		case SplitFromStart:
			require.Len(t, slices, n)
		case SplitFromFirst:
			// "12 or 13": one more than the months, unless it starts on a 1st and so cuts no month in two.
			require.Contains(t, []int{n, n + 1}, len(slices))
			require.Equal(t, DayOf(start, z).Dom == 1, len(slices) == n)
		}
	})
}
