package lifecycle

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// TermsInput asks for other terms of a service.
type TermsInput struct {
	TariffID catalog.TariffID // empty: only the add-ons change, by the tariff version that was agreed
	Period   calendar.Period  // with a tariff
	AddOns   map[string]json.RawMessage
	// Parameters with a tariff: what it asks for and the present one does not, and what shall change besides.
	Parameters map[string]json.RawMessage
}

// ChangeTerms changes a service's add-ons or tariff (D9). The money of an increase must be there and is held until the module
// has applied the change; then the change is charged or credited, priced as of that instant, and its terms begin. What the module does not
// do changes nothing. Faults: invalid_service_state, operation_pending, insufficient_funds, and below the pointers of the
// input what Resolve and catalog.Questionnaire answer, field_forbidden, not_editable, increase_only, decrease_only, min_period_not_over, change_forbidden, other_tariff_group,
// other_product_type, tariff_not_active, period_not_available, module_not_in_tariff, data_center_not_in_tariff and what
// keeps the client from the tariff.
func (e *Engine) ChangeTerms(ctx context.Context, by actor.Actor, id service.ID, in TermsInput) (Result, error) {
	return e.act(ctx, by, id, func(tx Tx, c client.Client, s *service.Service) (Result, error) {
		to, p, err := e.proposed(ctx, tx, by, c, *s, in)
		if err != nil || p.idle(*s) {
			return Result{}, err
		}
		balance, _, err := tx.LockBalances(ctx, c)
		if err != nil {
			return Result{}, err
		}
		cost := p.net()
		if cost.Sign() > 0 && !c.Settlement.Covers(balance, cost) {
			return Result{}, fault.New(fault.Conflict, "insufficient_funds", "The balance does not cover %s %s.", cost, cost.Currency())
		}
		r, err := e.enqueue(ctx, tx, by, s, provision.SetParams, operation.Payload{Change: &to, Parameters: p.parameters})
		if err != nil || r.Operation == nil || cost.Sign() <= 0 {
			return r, err
		}
		to.Held = &cost
		r.Operation.Payload.Change = &to
		if err = tx.UpdateOperation(ctx, *r.Operation); err != nil {
			return r, err
		}
		return r, e.moveHeld(ctx, tx, *r.Operation, "hold", "change", ledger.Balance, ledger.Held)
	})
}

// PreviewTerms is what ChangeTerms would cost now; it changes nothing. Faults as of ChangeTerms, but for those about money and
// operations under way.
func (e *Engine) PreviewTerms(ctx context.Context, by actor.Actor, id service.ID, in TermsInput) (out Bill, err error) {
	err = e.InTx(ctx, func(tx Tx) error {
		c, s, err := e.lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		_, p, err := e.proposed(ctx, tx, by, c, s, in)
		out = p.bill
		return err
	})
	return out, err
}

// idle tells whether a change leaves everything as it is.
func (p plan) idle(s service.Service) bool {
	if len(p.parameters) > 0 || p.after.TariffID != s.TariffID || p.after.TariffVersion != s.TariffVersion || p.after.Period != s.Period {
		return false
	}
	for _, a := range p.offer.AddOns {
		if !sameJSON(s.AddOns[a.Code], p.after.AddOns[a.Code]) {
			return false
		}
	}
	return true
}

// moveHeld moves the money of a change between balance and what is held.
func (e *Engine) moveHeld(ctx context.Context, tx Tx, o operation.Operation, kind, cause string, from, to ledger.Account) error {
	_, err := ledger.Post(ctx, tx, ledger.Posting{
		ClientID: o.ClientID, Kind: kind, From: from, To: to, Amount: *o.Payload.Change.Held, Cause: ledger.Cause{Kind: cause, ID: string(o.ID)},
		Refs: map[string]string{"service_id": string(o.ServiceID), "operation_id": string(o.ID)},
	})
	return err
}

// giveUp gives the held money of a change back: it is done and charged now, or it will not be done.
func (e *Engine) giveUp(ctx context.Context, tx Tx, o operation.Operation) error {
	if o.Payload.Change == nil || o.Payload.Change.Held == nil {
		return nil
	}
	return e.moveHeld(ctx, tx, o, "release", "change_release", ledger.Held, ledger.Balance)
}

// agreed is what follows when a module has applied other terms: the change is booked as of now, and the terms begin. What came
// in between, such as a renewal, counts; what the wait made dearer is charged all the same, because the service was had meanwhile.
func (e *Engine) agreed(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, o operation.Operation) error {
	c, err := tx.LockClient(ctx, s.ClientID)
	if err != nil {
		return err
	}
	if err = e.giveUp(ctx, tx, o); err != nil {
		return err
	}
	before := *s
	p, err := e.work(ctx, tx, c, *s, o.Payload.Change.Of(*s))
	if err != nil {
		return err
	}
	if err = e.beginsWhenPaid(ctx, tx, c, before, &p); err != nil {
		return err
	}
	*s = p.after
	takeParameters(s, o.Payload.Parameters)
	if err = tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	if err = e.beginTerms(ctx, tx, by, *s, p); err != nil {
		return err
	}
	if err = charge.BookRows(ctx, tx, p.rows); err != nil {
		return err
	}
	if err = record(ctx, tx, by, *s, "service.terms", "service.changed", map[string]any{
		"operation_id": o.ID, "previous_tariff_id": before.TariffID, "tariff_version": s.TariffVersion, "previous_period": before.Period,
		"period": s.Period, "previous_add_ons": before.AddOns, "add_ons": s.AddOns, "charged": p.bill.Charge, "refunded": p.bill.Refund,
	}); err != nil {
		return err
	}
	if before.Period != s.Period && s.Has(service.Unpaid) && !p.unpaid {
		// The new period is paid: money keeps it no longer.
		_, err = e.resume(ctx, tx, by, s, []service.Reason{service.Unpaid})
		return ignorePending(err)
	}
	return nil
}

// beginsWhenPaid keeps another period from being begun on credit: where what was paid is over by now and the money does not cover
// the new period, the terms hold, and the period begins when it is paid, like every renewal (D10).
func (e *Engine) beginsWhenPaid(ctx context.Context, tx Tx, c client.Client, before service.Service, p *plan) error {
	now, err := tx.Now(ctx)
	if err != nil || p.after.Period == before.Period || before.PaidUntil == nil || before.PaidUntil.After(now) {
		return err
	}
	balance, _, err := tx.LockBalances(ctx, c)
	if err != nil || c.Settlement.Covers(balance, p.net()) {
		return err
	}
	p.unpaid = true
	p.after.Anchor, p.after.PeriodStart, p.after.PaidUntil = before.Anchor, before.PeriodStart, before.PaidUntil
	p.rows = slices.DeleteFunc(p.rows, func(r charge.Expense) bool { return r.Amount.Sign() > 0 })
	p.tell(before, false)
	return nil
}

// beginTerms lets the tariff's terms of a changed service begin now, in place of those that hold and of those that were agreed
// for a period to come. Special prices stay.
func (e *Engine) beginTerms(ctx context.Context, tx Tx, by actor.Actor, s service.Service, p plan) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	rows, err := tx.TermsAfter(ctx, s.ClientID, []service.ID{s.ID}, now)
	if err != nil {
		return err
	}
	var old []string
	for _, r := range rows {
		if r.Source == service.FromTariff {
			old = append(old, r.ID)
		}
	}
	if err = tx.EndTermRows(ctx, s.ClientID, old, now); err != nil {
		return err
	}
	terms, err := termsOf(s, p.offer, p.quote, now)
	if err != nil {
		return err
	}
	if err = tx.InsertTerms(ctx, terms); err != nil {
		return err
	}
	// A bandwidth service that carries the server prices the add-ons that it has now.
	return traffic.AlignPrices(ctx, tx, by, s.ClientID, []service.ID{s.ID})
}
