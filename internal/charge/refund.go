package charge

import (
	"context"
	"sort"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
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
	rows, err := ClosingRows(ctx, tx, s, zone)
	for _, r := range rows {
		back = back.Sub(r.Amount)
	}
	if err != nil {
		return back, err
	}
	return back, BookRows(ctx, tx, rows)
}

// ClosingRows are the refunds that GiveBack books.
func ClosingRows(ctx context.Context, tx Tx, s service.Service, zone *time.Location) ([]Expense, error) {
	if s.PaidUntil == nil || !s.Period.Renews() {
		return nil, nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return nil, err
	}
	periods, err := PaidPeriods(ctx, tx, s, now, zone)
	var rows []Expense
	for _, p := range periods {
		rows = append(rows, p.closed(now, zone)...)
	}
	return rows, err
}

// closed are the refunds of an early close of the period: rounded once over all that was paid for the same days.
func (p PaidPeriod) closed(now time.Time, zone *time.Location) (rows []Expense) {
	for i := 0; i < len(p.live); {
		start, same := p.live[i].start, []Expense{}
		for ; i < len(p.live) && p.live[i].start.Equal(start); i++ {
			same = append(same, p.live[i].rows...)
		}
		if start.After(p.Start) {
			n, of := p.leftOf(bought{start: start}, now, zone)
			rows = append(rows, shareOut(same, n, of, now, zone)...)
		} else {
			rows = append(rows, RefundRows(same, now, p.Start, p.End, zone)...)
		}
	}
	return rows
}

// RefundRows are the negative expenses of an early close at the instant now, for one period. Pure.
func RefundRows(paid []Expense, now, start, until time.Time, zone *time.Location) []Expense {
	from := now
	if from.Before(start) {
		from = start // paid in advance
	}
	return shareOut(paid, calendar.RemainingDays(from, until, zone), calendar.PeriodDays(start, until, zone), now, zone)
}

// shareOut are the refunds of n of so many days that were paid for.
func shareOut(paid []Expense, n, of int, now time.Time, zone *time.Location) []Expense {
	if n <= 0 || of <= 0 || len(paid) == 0 {
		return nil
	}
	byCharge, order := map[string][]Expense{}, []string{}
	total := sumOf(paid)
	for _, e := range paid {
		if byCharge[e.ChargeID] == nil {
			order = append(order, e.ChargeID)
		}
		byCharge[e.ChargeID] = append(byCharge[e.ChargeID], e)
	}
	sums := make([]money.Amount, len(order))
	for i, id := range order {
		sums[i] = sumOf(byCharge[id])
	}
	// Rounded once over all that was paid, then shared out over its charges.
	shares := money.Allocate(pricing.Refund(total, n, of), weightsOf(sums))
	var rows []Expense
	for i, id := range order {
		rows = append(rows, reverse(byCharge[id], shares[i], now, zone)...)
	}
	return rows
}

// sumOf is what rows amount to; there is at least one.
func sumOf(rows []Expense) money.Amount {
	sum := money.Zero(rows[0].Amount.Currency())
	for _, e := range rows {
		sum = sum.Add(e.Amount)
	}
	return sum
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
