package calendar

import "time"

// Split tells how a period's expense is spread over accounting dates (D5). The strings are those of expense_split.
type Split string

// The ways to split an expense.
const (
	SplitNone      Split = "none"
	SplitFromFirst Split = "from_first_of_month" // cut at every 1st: up to n + 1 slices
	SplitFromStart Split = "from_start_day"      // cut at the anchor's day: n slices
)

// Slice is a part of a period, from one day to another, exclusive.
type Slice struct {
	From, To    Day
	Days        int  // from From to To
	DaysInMonth int  // of From's month
	Whole       bool // covers that month from its 1st to its end
}

// SplitByMonths cuts the period from start to end, which is priced for so many months, into the slices of a mode (D5). Days,
// trials and one-time purchases (months 0) are never split: they come back as one slice, as does SplitNone. A period with
// no end, or one that ends before it starts, is one slice of its first day.
func SplitByMonths(start, end time.Time, a Anchor, months int, mode Split, zone *time.Location) []Slice {
	from, to := DayOf(start, zone), DayOf(end, zone)
	if end.IsZero() || !from.Before(to) {
		return []Slice{sliceOf(from, from.AddDays(1))}
	}
	if months == 0 {
		mode = SplitNone
	}
	month := MonthOf(a.dayOf(start, zone))
	var slices []Slice
	for k := 1; ; k++ {
		cut := to
		switch {
		case mode == SplitFromFirst:
			cut = month.Add(k).First()
		case mode == SplitFromStart && k < months:
			cut = month.Add(k).clamp(a.Day)
		}
		if !cut.Before(to) {
			return append(slices, sliceOf(from, to))
		}
		if from.Before(cut) {
			slices = append(slices, sliceOf(from, cut))
			from = cut
		}
	}
}

func sliceOf(from, to Day) Slice {
	month := MonthOf(from)
	return Slice{
		From: from, To: to, Days: from.Until(to), DaysInMonth: month.Days(),
		Whole: from == month.First() && to == month.Next().First(),
	}
}
