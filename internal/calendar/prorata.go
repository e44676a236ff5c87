package calendar

import "time"

// FirstPeriod is the first period of a service billed by calendar months (D4). It ends on a 1st; from there on its
// periods are whole and have the anchor FirstOfMonth.
type FirstPeriod struct {
	End         time.Time
	Days        int // of the month it starts in, from the start's day on
	DaysInMonth int // of that month
	Whole       int // whole months after it
	months      int
}

// CalendarPeriod returns the first period of a service that starts at start and is priced for so many months: the rest of
// the month and months−1 whole ones, and one more when the day of the start is proRataDay or later (nil: never). A start
// on the 1st has the whole month as its rest.
func CalendarPeriod(start time.Time, months int, proRataDay *int, zone *time.Location) FirstPeriod {
	day := DayOf(start, zone)
	month := MonthOf(day)
	whole := months - 1
	if proRataDay != nil && day.Dom >= *proRataDay {
		whole++
	}
	return FirstPeriod{
		End:         month.Add(1 + whole).Start(zone),
		Days:        month.Days() - day.Dom + 1,
		DaysInMonth: month.Days(),
		Whole:       whole,
		months:      months,
	}
}

// Ratio returns what part of the period's full price the first period costs, as a fraction: each whole month is worth
// price/months, the first its days of that (D4).
func (f FirstPeriod) Ratio() (num, den int) {
	return f.Days + f.Whole*f.DaysInMonth, f.DaysInMonth * f.months
}

// PartOfPeriod returns what part of the price for so many months the period from start to end cost, as a fraction: 1/1, or less
// (or more) where it is a first one of calendar billing, which begins within a month and ends on a 1st (D4). The anchor is that
// of the periods.
func PartOfPeriod(start, end time.Time, a Anchor, months int, zone *time.Location) (num, den int) {
	day := DayOf(start, zone)
	month := MonthOf(day)
	last := MonthOf(DayOf(end, zone))
	if months == 0 || a != FirstOfMonth || start.Equal(month.Start(zone)) || !end.Equal(last.Start(zone)) {
		return 1, 1
	}
	f := FirstPeriod{Days: month.Days() - day.Dom + 1, DaysInMonth: month.Days(), months: months}
	for ; month.Next().Before(last); month = month.Next() {
		f.Whole++
	}
	return f.Ratio()
}

// MonthsBetween returns how many months a period spans, by the months that it begins and ends in.
func MonthsBetween(start, end time.Time, zone *time.Location) (n int) {
	for m, last := MonthOf(DayOf(start, zone)), MonthOf(DayOf(end, zone)); m.Before(last); m = m.Next() {
		n++
	}
	return n
}

// PeriodDays returns the number of civil days of a period: N of D8 and D9. It is at least 1.
func PeriodDays(start, end time.Time, zone *time.Location) int {
	return max(1, DayOf(start, zone).Until(DayOf(end, zone)))
}

// RemainingDays returns how many whole civil days are left at now of what is paid: n of D8 and D9, the largest number with
// now + n civil days ≤ paidUntil. It is 0 when the time is over.
func RemainingDays(now, paidUntil time.Time, zone *time.Location) int {
	n := DayOf(now, zone).Until(DayOf(paidUntil, zone)) + 1
	for n > 0 && AddDays(now, n, zone).After(paidUntil) {
		n--
	}
	return max(0, n)
}
