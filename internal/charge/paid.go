package charge

import (
	"context"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// PaidPeriod is a period that a service has paid for and that is not over.
type PaidPeriod struct {
	Start, End time.Time
	Days       int        // N of D8 and D9
	Elsewhere  *Elsewhere // where it was paid before the service was taken over; live are what changes have added here
	live       []bought   // charges of which nothing was given back yet
}

// bought is one charge of a period, with its slices. One that a change booked begins within the period.
type bought struct {
	start, end time.Time
	item       string // a tariff add-on's code; empty: the tariff itself
	settled    bool   // what was left of it was given back
	elsewhere  bool   // it was not charged here
	rows       []Expense
}

// PaidPeriods are the periods of a service that are paid for and not over, the latest first: the running one and those that
// were paid in advance. A period that was closed early by a change to another one is none of them.
func PaidPeriods(ctx context.Context, tx Tx, s service.Service, now time.Time, zone *time.Location) ([]PaidPeriod, error) {
	if s.PaidUntil == nil || s.PeriodStart == nil {
		return nil, nil
	}
	rows, err := tx.UnexpiredExpenses(ctx, s.ClientID, s.ID, now)
	if err != nil {
		return nil, err
	}
	charges, before := chargesOf(rows), ElsewhereOf(s)
	if before != nil {
		charges = append(charges, before.spans(zone)...)
	}
	out := chain(charges, *s.PeriodStart, *s.PaidUntil, now, zone)
	for i, p := range out {
		if slices.ContainsFunc(charges, func(c *bought) bool { return c.elsewhere && c.start.Equal(p.Start) && c.end.Equal(p.End) }) {
			out[i].Elsewhere = before
		}
	}
	return out, nil
}

// chargesOf sorts rows by the charges that they belong to, in order of booking; the slices of a charge span its period.
func chargesOf(rows []Expense) []*bought {
	byID, byRow := map[string]*bought{}, map[string]*bought{}
	var out []*bought
	for _, e := range rows {
		if e.Kind == Refund {
			if b := byRow[e.Reverses]; b != nil {
				b.settled = true
			}
			continue
		}
		b := byID[e.ChargeID]
		if b == nil {
			b = &bought{start: *e.PeriodStart, end: *e.PeriodEnd, item: e.AddOn}
			byID[e.ChargeID] = b
			out = append(out, b)
		}
		byRow[e.ID] = b
		b.rows = append(b.rows, e)
		if e.PeriodStart.Before(b.start) {
			b.start = *e.PeriodStart
		}
		if e.PeriodEnd.After(b.end) {
			b.end = *e.PeriodEnd
		}
	}
	return out
}

// chain follows the periods from the last one back to the one that runs now: each ends where the next begins.
func chain(charges []*bought, start, end, now time.Time, zone *time.Location) (out []PaidPeriod) {
	for {
		p := PaidPeriod{Start: start, End: end, Days: calendar.PeriodDays(start, end, zone)}
		for _, c := range charges {
			if c.end.Equal(end) && !c.start.Before(start) && !c.settled {
				p.live = append(p.live, *c)
			}
		}
		out = append(out, p)
		if !start.After(now) {
			return out
		}
		end = start
		before := false
		for _, c := range charges {
			if c.end.Equal(end) && c.start.Before(start) {
				start, before = c.start, true
			}
		}
		if !before {
			return out
		}
	}
}

// Left is n of D9: how many whole days are left of the period, all of them where it has not begun.
func (p PaidPeriod) Left(now time.Time, zone *time.Location) int {
	if !now.After(p.Start) {
		return p.Days
	}
	return calendar.RemainingDays(now, p.End, zone)
}

// leftOf is how much is left of a charge, as n days of N. One that began within the period was for the days that were left
// then.
func (p PaidPeriod) leftOf(b bought, now time.Time, zone *time.Location) (n, of int) {
	if !b.start.After(p.Start) {
		return p.Left(now, zone), p.Days
	}
	if now.Before(b.start) {
		now = b.start
	}
	return calendar.RemainingDays(now, p.End, zone), calendar.RemainingDays(b.start, p.End, zone)
}

// Release are the refunds of what is left of some items of the period, each charge rounded by itself (D9).
func (p PaidPeriod) Release(items func(item string) bool, now time.Time, zone *time.Location) []Expense {
	var rows []Expense
	for _, b := range p.live {
		if items(b.item) {
			n, of := p.leftOf(b, now, zone)
			rows = append(rows, shareOut(b.rows, n, of, now, zone)...)
		}
	}
	return rows
}

// Renewed are the expenses of an item for the rest of the period (D9); line is priced for the whole of it. Its share is taken as
// that of what was paid before, so that a change there and back leaves nothing. The slices of the whole (D5) say where the
// money belongs: as a reversal takes future slices whole and the rest from the current one, this fills the future ones and
// leaves the rest to the current one.
func (p PaidPeriod) Renewed(b Booking, line pricing.Line, now time.Time) []Expense {
	whole := line.Amount
	line.Amount = pricing.Refund(whole, p.Left(now, b.Zone), p.Days)
	if line.Amount.IsZero() {
		return nil
	}
	line.Tax = money.RoundRatio(line.Tax.Decimal().Mul(line.Amount.Decimal()), whole.Decimal(), whole.Currency())
	from := p.Start
	if now.After(from) {
		from = now
	}
	b.Quote.PeriodStart, b.Quote.PeriodEnd = from, &p.End
	e := expenseOf(line, b, now)
	slices, amounts := b.restOf(p, line.Amount, whole)
	return e.cut(slices, amounts, b.Zone)
}

// restOf are the slices of a period that are not over on the day of b.Quote.PeriodStart, and what of an amount falls to each.
func (b Booking) restOf(p PaidPeriod, rest, whole money.Amount) ([]calendar.Slice, []money.Amount) {
	today := calendar.DayOf(b.Quote.PeriodStart, b.Zone)
	months := b.Service.Period.Months()
	if !b.splits() {
		return []calendar.Slice{{From: today, To: calendar.DayOf(p.End, b.Zone)}}, []money.Amount{rest}
	}
	slices := calendar.SplitByMonths(p.Start, p.End, *b.Service.Anchor, months, b.Split, b.Zone)
	amounts := SliceAmounts(whole, slices, months, b.Split)
	i := len(slices) - 1
	for ; i > 0 && today.Before(slices[i].From); i-- {
		amounts[i] = money.Min(amounts[i], rest)
		rest = rest.Sub(amounts[i])
	}
	slices[i].From, amounts[i] = today, rest
	return slices[i:], amounts[i:]
}
