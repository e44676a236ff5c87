package charge

import (
	"context"
	"sort"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// GiveBack refunds what is left of a service's paid time (D8): round(paid × n/N) of the running period goes back to the
// balance, n being the whole days left and N the days of the period, and the whole of one that was paid in advance. It
// reverses future slices whole and the rest on the current one. Setup fees, one-time purchases and trials are never refunded.
// It answers what was given back, and expects the client's lock.
func GiveBack(ctx context.Context, tx Tx, s service.Service, zone *time.Location) (money.Amount, error) {
	back := money.Zero(s.Currency)
	if s.PaidUntil == nil || !s.Period.Renews() {
		return back, nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return back, err
	}
	paid, err := tx.UnexpiredExpenses(ctx, s.ClientID, s.ID, now)
	if err != nil {
		return back, err
	}
	var rows []Expense
	for _, p := range periodsOf(paid) {
		rows = append(rows, RefundRows(p.paid, now, p.start, p.end, zone)...)
	}
	for _, r := range rows {
		back = back.Sub(r.Amount)
	}
	_, err = book(ctx, tx, ledger.Balance, rows)
	return back, err
}

// paidPeriod is one period with all that was charged for it.
type paidPeriod struct {
	start, end time.Time
	paid       []Expense
}

// periodsOf sorts charges by the periods they were for, the latest first; the slices of a charge span its period.
func periodsOf(paid []Expense) []paidPeriod {
	charges, order := map[string]*paidPeriod{}, []string{}
	for _, e := range paid {
		p := charges[e.ChargeID]
		if p == nil {
			p = &paidPeriod{start: *e.PeriodStart, end: *e.PeriodEnd}
			charges[e.ChargeID] = p
			order = append(order, e.ChargeID)
		}
		p.paid = append(p.paid, e)
		if e.PeriodStart.Before(p.start) {
			p.start = *e.PeriodStart
		}
		if e.PeriodEnd.After(p.end) {
			p.end = *e.PeriodEnd
		}
	}
	var out []paidPeriod
	for _, id := range order {
		c := charges[id]
		i := 0
		for i < len(out) && !(out[i].start.Equal(c.start) && out[i].end.Equal(c.end)) {
			i++
		}
		if i == len(out) {
			out = append(out, paidPeriod{start: c.start, end: c.end})
		}
		out[i].paid = append(out[i].paid, c.paid...)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[j].start.Before(out[i].start) })
	return out
}

// RefundRows are the negative expenses of an early close at the instant now, for one period. Pure.
func RefundRows(paid []Expense, now, start, until time.Time, zone *time.Location) []Expense {
	from := now
	if from.Before(start) {
		from = start // paid in advance
	}
	n, of := calendar.RemainingDays(from, until, zone), calendar.PeriodDays(start, until, zone)
	if n <= 0 || of <= 0 || len(paid) == 0 {
		return nil
	}
	byCharge, order := map[string][]Expense{}, []string{}
	total := money.Zero(paid[0].Amount.Currency())
	for _, e := range paid {
		if byCharge[e.ChargeID] == nil {
			order = append(order, e.ChargeID)
		}
		byCharge[e.ChargeID] = append(byCharge[e.ChargeID], e)
		total = total.Add(e.Amount)
	}
	sums := make([]money.Amount, len(order))
	for i, id := range order {
		sums[i] = money.Zero(total.Currency())
		for _, e := range byCharge[id] {
			sums[i] = sums[i].Add(e.Amount)
		}
	}
	// Rounded once over all that was paid, then shared out over its charges.
	shares := money.Allocate(pricing.Refund(total, n, of), weightsOf(sums))
	var rows []Expense
	for i, id := range order {
		rows = append(rows, reverse(byCharge[id], shares[i], now, zone)...)
	}
	return rows
}

// reverse takes back an amount from the slices of one charge, the latest first.
func reverse(slices []Expense, back money.Amount, now time.Time, zone *time.Location) []Expense {
	sort.SliceStable(slices, func(i, j int) bool { return slices[j].Date.Before(slices[i].Date) })
	refund := actor.NewID()
	var rows []Expense
	for _, e := range slices {
		if back.IsZero() {
			break
		}
		part := money.Min(back, e.Amount)
		if part.Sign() <= 0 {
			continue // a slice that rounding left empty
		}
		r := e
		r.ID, r.Kind, r.Reverses, r.ChargeID, r.CreatedAt = actor.NewID(), Refund, e.ID, refund, now
		r.reversedCharge = e.ChargeID
		r.Tax = money.RoundRatio(e.Tax.Decimal().Mul(part.Decimal()), e.Amount.Decimal(), part.Currency()).Neg()
		r.Amount = part.Neg()
		if today := calendar.DayOf(now, zone); r.Date.Before(today) {
			r.Date = today // what is over is not dated back
		}
		rows = append(rows, r)
		back = back.Sub(part)
	}
	return rows
}
