package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// Bill is what a change of terms costs (D9).
type Bill struct {
	// Charge and Refund are what leaves and what returns to the balance. Within the same period only the difference moves, so
	// one of them is zero; a change of period charges the new one and gives back what is left of the old one.
	Charge, Refund money.Amount
	Lines          []BillLine
	PaidUntil      *time.Time
	Version        int64 // of the service, which it is true of
}

// BillLine is one part of a bill; refunds are negative.
type BillLine struct {
	Kind   charge.Kind
	Code   string // of a tariff add-on; empty: the tariff itself
	Name   string
	Amount money.Amount
	Tax    money.Amount
}

// plan is a change of terms worked out at an instant: what would be booked, and how the service would be.
type plan struct {
	after service.Service
	offer catalog.Offer
	old   catalog.Offer    // what was agreed until now
	quote pricing.Quote    // of a whole period, for what is agreed
	rows  []charge.Expense // to be booked against the balance
	less  bool             // it is a decrease, though nothing comes back of what was paid elsewhere
	bill  Bill
	// unpaid: the period that would begin now is not paid for and waits for its money.
	unpaid bool
	// parameters that change with the tariff
	parameters map[string]json.RawMessage
}

// net is what leaves the balance, or below zero what returns to it.
func (p plan) net() money.Amount { return p.bill.Charge.Sub(p.bill.Refund) }

// work computes what a change means now. It reads and writes nothing but through tx, and books nothing.
func (e *Engine) work(ctx context.Context, tx Tx, c client.Client, s service.Service, to operation.Change) (plan, error) {
	p := plan{after: s}
	p.after.TariffID, p.after.TariffVersion, p.after.Period = to.TariffID, to.TariffVersion, to.Period
	offer, err := tx.TariffVersion(ctx, to.TariffID, to.TariffVersion)
	if err != nil {
		return p, err
	}
	p.offer = offer
	if p.old, err = tx.TariffVersion(ctx, s.TariffID, s.TariffVersion); err != nil {
		return p, err
	}
	in, err := e.priceOf(ctx, tx, c, s, offer)
	if err != nil {
		return p, err
	}
	in.Values = pricing.Kept(offer, to.AddOns, to.Period)
	fitting, err := rawOf(in.Values)
	if err != nil {
		return p, err
	}
	p.after.AddOns = maps.Clone(to.AddOns)
	maps.Copy(p.after.AddOns, fitting) // the tariff may have got a newer version since they were chosen
	in.Period, in.NoSetup = to.Period, true
	t, err := tx.ProductTypeByCode(ctx, s.ProductType)
	if err != nil {
		return p, err
	}
	book := charge.Booking{Service: p.after, Split: calendar.Split(t.ExpenseSplit), Zone: e.Zone}
	if to.Period == s.Period {
		err = e.within(ctx, tx, &p, s, in, book)
	} else {
		err = e.anew(ctx, tx, &p, s, in, book)
	}
	if err != nil {
		return p, err
	}
	p.tell(s, to.Period == s.Period)
	return p, nil
}

// within replaces items for the rest of the running period and of those that were paid in advance: paid_until stays.
func (e *Engine) within(ctx context.Context, tx Tx, p *plan, s service.Service, in pricing.Input, book charge.Booking) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	periods, err := charge.PaidPeriods(ctx, tx, s, now, e.Zone)
	if err != nil {
		return err
	}
	in.Anchor = *s.Anchor
	for i, paid := range periods {
		cost, ok := e.costOf(s, p.offer, paid, i == 0)
		if !ok {
			continue
		}
		in.Start = paid.Start
		in.Renewal = paid.Elsewhere != nil || s.StartedAt == nil || !paid.Start.Equal(*s.StartedAt)
		in.Period, in.Running = cost.period, &pricing.Running{End: paid.End, Num: cost.num, Den: cost.den}
		whole, err := pricing.Price(in)
		if err != nil {
			return err
		}
		if i == 0 {
			p.quote = whole
		}
		changes := replaced(s, p.after)
		if paid.Elsewhere != nil {
			if whole.Lines, changes, err = e.beyond(p, s, in, paid, whole, changes); err != nil {
				return err
			}
		}
		p.rows = append(p.rows, paid.Release(changes, now, e.Zone)...)
		for _, line := range whole.Lines {
			if changes(line.Code) {
				book.Service.Period = cost.length
				p.rows = append(p.rows, paid.Renewed(book, line, now)...)
			}
		}
	}
	return nil
}

// anew closes the old periods by D8 and begins one of another length now, with its own anchor.
func (e *Engine) anew(ctx context.Context, tx Tx, p *plan, s service.Service, in pricing.Input, book charge.Booking) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if p.rows, err = e.closing(ctx, tx, s); err != nil {
		return err
	}
	in.Start, in.Anchor = now, calendar.AnchorOf(now, e.Zone)
	in.Renewal = s.StartedAt == nil || s.PeriodStart == nil || !s.PeriodStart.Equal(*s.StartedAt)
	if p.quote, err = pricing.Price(in); err != nil {
		return err
	}
	p.after.Anchor, p.after.PeriodStart, p.after.PaidUntil = &p.quote.Anchor, &p.quote.PeriodStart, p.quote.PeriodEnd
	book.Service, book.Quote = p.after, p.quote
	p.rows = append(p.rows, charge.Rows(book, now)...)
	return nil
}

// replaced tells which items of a service are charged anew: all with another tariff or version of it, else the add-ons whose
// value is another one.
func replaced(before, after service.Service) func(item string) bool {
	if before.TariffID != after.TariffID || before.TariffVersion != after.TariffVersion {
		return func(string) bool { return true }
	}
	return func(item string) bool {
		return item != service.TariffItem && !sameJSON(before.AddOns[item], after.AddOns[item])
	}
}

// tell sums up what would be booked: one line of each charge and of each refund.
func (p *plan) tell(s service.Service, samePeriod bool) {
	zero := money.Zero(s.Currency)
	p.bill = Bill{Charge: zero, Refund: zero, PaidUntil: p.after.PaidUntil, Version: s.Version}
	at := map[string]int{}
	for _, r := range p.rows {
		i, ok := at[r.ChargeID]
		if !ok {
			i = len(p.bill.Lines)
			at[r.ChargeID] = i
			p.bill.Lines = append(p.bill.Lines, BillLine{Kind: r.Kind, Code: r.AddOn, Name: p.nameOf(r), Amount: zero, Tax: zero})
		}
		l := &p.bill.Lines[i]
		l.Amount, l.Tax = l.Amount.Add(r.Amount), l.Tax.Add(r.Tax)
		if r.Amount.Sign() < 0 {
			p.bill.Refund = p.bill.Refund.Sub(r.Amount)
		} else {
			p.bill.Charge = p.bill.Charge.Add(r.Amount)
		}
	}
	if samePeriod {
		net := p.net()
		p.bill.Charge, p.bill.Refund = money.Max(net, zero), money.Max(net.Neg(), zero)
	}
}

// nameOf is what an expense is for: what is given back has the name under which it was sold.
func (p *plan) nameOf(r charge.Expense) string {
	offer := p.offer
	if r.Amount.Sign() < 0 {
		offer = p.old
	}
	if r.AddOn == service.TariffItem {
		return offer.Name
	}
	if a, ok := offer.AddOnOf(r.AddOn); ok {
		return a.Name
	}
	return r.AddOn
}

func rawOf(values map[string]pricing.Value) (map[string]json.RawMessage, error) {
	out := make(map[string]json.RawMessage, len(values))
	for code, v := range values {
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		out[code] = raw
	}
	return out, nil
}

// sameJSON compares two values as the program writes them, one of which may have come back from the database.
func sameJSON(a, b json.RawMessage) bool {
	return bytes.Equal(bytes.TrimSpace(a), bytes.TrimSpace(b))
}
