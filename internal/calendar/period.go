package calendar

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Period is what a service is ordered and renewed for: trial, one_time, P1D, P<n>M or P<n>Y. Periods are kept as written:
// P1Y and P12M are two periods with two prices.
type Period string

// The periods that are not a number of months.
const (
	Trial   Period = "trial"
	OneTime Period = "one_time"
	Daily   Period = "P1D"
)

// maxMonths is the longest period that can be ordered: ten years.
const maxMonths = 120

var inMonths = regexp.MustCompile(`^P([1-9][0-9]{0,2})([MY])$`)

// ParsePeriod reads a period; its error is fit to be shown.
func ParsePeriod(s string) (Period, error) {
	p := Period(s)
	if p == Trial || p == OneTime || p == Daily {
		return p, nil
	}
	if n := p.Months(); n < 1 || n > maxMonths {
		return "", fmt.Errorf("not a period: %q", s)
	}
	return p, nil
}

// Months returns the period's length in months, and 0 when it has none.
func (p Period) Months() int {
	m := inMonths.FindStringSubmatch(string(p))
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // at most three digits
	if m[2] == "Y" {
		n *= 12
	}
	return n
}

// IsDaily tells whether the period is one civil day.
func (p Period) IsDaily() bool { return p == Daily }

// IsTrial tells whether it is the free trial, whose length the tariff knows (D13).
func (p Period) IsTrial() bool { return p == Trial }

// IsOneTime tells whether it has no end.
func (p Period) IsOneTime() bool { return p == OneTime }

// Renews tells whether a service can be renewed for it: all but trial and one_time.
func (p Period) Renews() bool { return p.IsDaily() || p.Months() > 0 }

// Less orders periods so that the smallest is the shortest that a service can be renewed for (D13): the day, then by
// months, then one_time, then trial. P12M comes before P1Y, only so that there is one order.
func (p Period) Less(o Period) bool {
	if a, b := p.rank(), o.rank(); a != b {
		return a < b
	}
	return p < o
}

func (p Period) rank() int {
	switch {
	case p.IsDaily():
		return 0
	case p.Months() > 0:
		return p.Months()
	case p.IsOneTime():
		return 1000 // more than any number of months
	default:
		return 1001
	}
}

// Anchor is the day of the month and the civil time on which a service's periods begin and end (D2). It comes from the
// first start and never changes, so that a short month or a clock gap does not move the periods after it.
type Anchor struct {
	Day                  int
	Hour, Min, Sec, Nsec int
}

// FirstOfMonth is the anchor of calendar billing: 00:00 of the 1st (D4).
var FirstOfMonth = Anchor{Day: 1}

// AnchorOf returns the anchor of a service that starts at t.
func AnchorOf(t time.Time, zone *time.Location) Anchor {
	t = t.In(zone)
	return Anchor{t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond()}
}

// End returns when a period ends that begins at start, which is itself one of the anchor's instants (D2): n months later
// on the anchor's day, clamped to the month's last, or for P1D one civil day later; exclusive. It is the zero time for
// one_time, which has no end, and for trial, which ends AddDays after its start.
func (p Period) End(start time.Time, a Anchor, zone *time.Location) time.Time {
	switch n := p.Months(); {
	case n > 0:
		return a.in(a.monthOf(start, zone).Add(n), zone)
	case p.IsDaily():
		return a.on(a.dayOf(start, zone).AddDays(1), zone)
	default:
		return time.Time{}
	}
}

// Start returns when a period began that ends at end, which is itself one of the anchor's instants: what End makes of it is end
// again. It is the zero time where End is.
func (p Period) Start(end time.Time, a Anchor, zone *time.Location) time.Time {
	switch n := p.Months(); {
	case n > 0:
		return a.in(a.monthOf(end, zone).Add(-n), zone)
	case p.IsDaily():
		return a.on(a.dayOf(end, zone).AddDays(-1), zone)
	default:
		return time.Time{}
	}
}

// in returns the anchor's instant in a month.
func (a Anchor) in(m Month, zone *time.Location) time.Time { return a.on(m.clamp(a.Day), zone) }

// on returns the anchor's civil time on a day.
func (a Anchor) on(d Day, zone *time.Location) time.Time {
	return civil(d.Year, d.Month, d.Dom, a.Hour, a.Min, a.Sec, a.Nsec, zone)
}

// dayOf returns the day for which start is the anchor's instant. It is not always the day start falls on: a gap around
// midnight, or a day that was skipped, moves the instant to the day after.
func (a Anchor) dayOf(start time.Time, zone *time.Location) Day {
	day := DayOf(start, zone)
	if eve := day.AddDays(-1); !a.on(day, zone).Equal(start) && a.on(eve, zone).Equal(start) {
		return eve
	}
	return day
}

// monthOf is dayOf for months.
func (a Anchor) monthOf(start time.Time, zone *time.Location) Month {
	month := MonthOf(DayOf(start, zone))
	if last := month.Add(-1); !a.in(month, zone).Equal(start) && a.in(last, zone).Equal(start) {
		return last
	}
	return month
}
