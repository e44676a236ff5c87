package lifecycle

import (
	"encoding/json"
	"fmt"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// cost is what a period that was paid for would cost under an offer: num/den of the offer's price for a period. Length is how long
// it is called, for its accounting dates.
type cost struct {
	period, length calendar.Period
	num, den       int
}

// costOf finds by which price a paid period is charged anew. The last one is of the service's period. One before it may be of
// another length, where the service was renewed for another period in advance: it costs the offer's price for that length, or
// where there is none its part of the present period's. False: a trial that still runs, which costs nothing whatever comes after
// it (D13).
func (e *Engine) costOf(s service.Service, offer catalog.Offer, paid charge.PaidPeriod, last bool) (cost, bool) {
	c := cost{s.Period, s.Period, 1, 1}
	if s.Period.Months() == 0 {
		return c, true
	}
	first := s.StartedAt != nil && paid.Start.Equal(*s.StartedAt)
	if !last {
		if first && s.OrderedAsTrial {
			return c, false
		}
		c.period, c.length = e.calledFor(s, offer, paid)
	}
	start, end := paid.Start, paid.End
	if q, ok := soldFor(s); first && ok {
		start, end = q.PeriodStart, *q.PeriodEnd // its price is that of the days from the order on, whenever it was made
	}
	c.num, c.den = calendar.PartOfPeriod(start, end, *s.Anchor, c.length.Months(), e.Zone)
	c.num, c.den = c.num*c.length.Months(), c.den*c.period.Months()
	return c, true
}

// calledFor is the period that a paid period was charged for, and the one whose price the offer has for it.
func (e *Engine) calledFor(s service.Service, offer catalog.Offer, paid charge.PaidPeriod) (priced, length calendar.Period) {
	months := s.Period.Months()
	n := calendar.MonthsBetween(paid.Start, paid.End, e.Zone)
	// Calendar billing may have made a first period longer than it is called (D4).
	if n == 0 || n == months || n == months+1 && *s.Anchor == calendar.FirstOfMonth {
		return s.Period, s.Period
	}
	if own, ok := periodOf(offer, n); ok {
		return own, own
	}
	return s.Period, calendar.Period(fmt.Sprintf("P%dM", n))
}

// periodOf is the first period of so many months that an offer has a price for.
func periodOf(offer catalog.Offer, months int) (calendar.Period, bool) {
	for _, p := range offer.Prices {
		if p.Period.Months() == months {
			return p.Period, true
		}
	}
	return "", false
}

// soldFor is the quote that a service was sold by, if it is for a period that ends.
func soldFor(s service.Service) (q pricing.Quote, ok bool) {
	err := json.Unmarshal(s.Quote, &q)
	return q, err == nil && q.PeriodEnd != nil
}
