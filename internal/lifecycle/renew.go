package lifecycle

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// Renewal is one further period of a service, priced by the newest version of its tariff.
type Renewal struct {
	Offer  catalog.Offer
	Number int // of the tariff's version
	Period calendar.Period
	Anchor calendar.Anchor
	Values map[string]pricing.Value // of the add-ons that it goes on with
	Quote  pricing.Quote
}

// Renew pays a further period of a service at once. On one that is suspended for money the new period starts now (D10) and
// the service resumes. Faults: invalid_service_state, operation_pending, period_not_available, insufficient_funds.
func (e *Engine) Renew(ctx context.Context, by actor.Actor, id service.ID, period calendar.Period) (Result, error) {
	return e.act(ctx, by, id, func(tx Tx, c client.Client, s *service.Service) (Result, error) {
		if (s.Status != service.Active && s.Status != service.Suspended) || s.PaidUntil == nil || s.Period.IsDaily() || s.Has(service.ForAbuse) {
			return Result{}, s.WrongState("be renewed by hand")
		}
		live, err := tx.LiveOperations(ctx, s.ID)
		if err != nil {
			return Result{}, err
		}
		for _, o := range live {
			switch o.Kind {
			case provision.Close:
				return Result{}, errClosing
			case provision.Renew:
				return Result{}, errPending
			}
		}
		if period == "" {
			period = s.Period
		}
		for _, o := range live {
			if to := o.Payload.Change; to != nil && !to.AddOnsOnly && period != s.Period {
				return Result{}, errPending // the change was asked for a service of the present period
			}
		}
		r, err := e.nextPeriod(ctx, tx, c, *s, period)
		if err != nil {
			return Result{}, err
		}
		balance, _, err := tx.LockBalances(ctx, c)
		if err != nil {
			return Result{}, err
		}
		if !c.Settlement.Covers(balance, r.Quote.Total) {
			return Result{}, fault.New(fault.Conflict, "insufficient_funds", "The balance does not cover %s %s.", r.Quote.Total, r.Quote.Total.Currency())
		}
		return e.renewed(ctx, tx, by, s, r)
	})
}

// RenewWhenCovered pays the next period of a service that is due, if the balance covers it. It answers whether it did, and
// expects the client's lock.
func (e *Engine) RenewWhenCovered(ctx context.Context, tx Tx, by actor.Actor, c client.Client, s *service.Service) (bool, error) {
	r, err := e.nextPeriod(ctx, tx, c, *s, "")
	if fault.Has(err, "period_not_available") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	balance, _, err := tx.LockBalances(ctx, c)
	if err != nil || !c.Settlement.Covers(balance, r.Quote.Total) {
		return false, err
	}
	_, err = e.renewed(ctx, tx, by, s, r)
	return err == nil, err
}

// nextPeriod prices the next period of a service: the one that is asked for, or the one that it renews for by itself (D13). It
// continues from paid_until, or starts now after a suspension for money (D10). The anchor stays unless the chain of periods is
// a new one. Fault: period_not_available.
func (e *Engine) nextPeriod(ctx context.Context, tx Tx, c client.Client, s service.Service, period calendar.Period) (Renewal, error) {
	t, err := tx.TariffByID(ctx, s.TariffID)
	if err != nil {
		return Renewal{}, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return Renewal{}, err
	}
	in, err := e.priceOf(ctx, tx, c, s, t.Offer)
	if err != nil {
		return Renewal{}, err
	}
	number := t.Number
	if s.TariffVersion != number {
		if in, s, number, err = asAgreed(ctx, tx, in, s, number); err != nil {
			return Renewal{}, err
		}
	}
	r, err := further(in, s, period, now)
	r.Number = number
	return r, err
}

// asAgreed sees to it that a service renews by another version of its tariff with as much as it has.
func asAgreed(ctx context.Context, tx Tx, in pricing.Input, s service.Service, number int) (pricing.Input, service.Service, int, error) {
	agreed, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err != nil || !CountsAnew(agreed, in.Offer, s.AddOns) {
		return in, s, number, err
	}
	list, err := tx.UnitsAll(ctx)
	in, s, number = renewing(in, s, number, agreed, measure.NewUnits(list))
	return in, s, number, err
}

// priceOf is what every price of a running service depends on; values, period and start are still to be told.
func (e *Engine) priceOf(ctx context.Context, tx Tx, c client.Client, s service.Service, offer catalog.Offer) (pricing.Input, error) {
	provider, err := tx.ShareProvider(ctx, c.ProviderID)
	if err != nil {
		return pricing.Input{}, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return pricing.Input{}, err
	}
	special, err := specialPrices(ctx, tx, s)
	return pricing.Input{
		Offer: offer, ProductType: s.ProductType, Currency: provider.Currency, PricesIncludeTax: provider.PricesIncludeTax,
		TaxRate: provider.TaxRate(&c, s.ProductType, calendar.DayOf(now, e.Zone)), Zone: e.Zone, Special: special,
	}, err
}

// further is the period that follows the present one of a service, as nextPeriod has it. Pure.
func further(in pricing.Input, s service.Service, period calendar.Period, now time.Time) (Renewal, error) {
	r := Renewal{Period: period, Offer: in.Offer}
	if period == "" {
		follows, ok := pricing.RenewalPeriod(in.Offer, s.Period)
		if !ok {
			return r, fault.New(fault.Invalid, "period_not_available", "The tariff has nothing that follows %s.", s.Period)
		}
		r.Period = follows
	}
	start, fresh := *s.PaidUntil, r.Period != s.Period || s.Anchor == nil
	if s.Has(service.Unpaid) && start.Before(now) {
		start, fresh = now, true
	}
	if r.Anchor = calendar.AnchorOf(start, in.Zone); !fresh {
		r.Anchor = *s.Anchor
	}
	in.Values = pricing.Kept(in.Offer, s.AddOns, r.Period)
	r.Values = in.Values
	in.Period, in.Start, in.Anchor, in.Renewal = r.Period, start, r.Anchor, true
	var err error
	r.Quote, err = pricing.Price(in)
	return r, err
}

// specialPrices are those in force for a service now, staff's and bandwidth's alike.
func specialPrices(ctx context.Context, tx Tx, s service.Service) ([]pricing.SpecialPrice, error) {
	rows, err := tx.OpenTerms(ctx, s.ClientID, []service.ID{s.ID})
	if err != nil {
		return nil, err
	}
	return specialsOf(rows), nil
}

// renewed books a further period and lets its terms begin with it; a service suspended for money resumes.
func (e *Engine) renewed(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, r Renewal) (Result, error) {
	newTerms := s.TariffVersion != r.Number || s.Period != r.Period
	start := r.Quote.PeriodStart
	s.Period, s.TariffVersion = r.Period, r.Number
	if err := keep(s, r.Values); err != nil {
		return Result{}, err
	}
	s.Anchor, s.PeriodStart, s.PaidUntil = &r.Anchor, &start, r.Quote.PeriodEnd
	if s.DeleteAt != nil {
		s.DeleteAt = s.PaidUntil
	}
	if err := tx.UpdateService(ctx, *s); err != nil {
		return Result{}, err
	}
	if newTerms {
		if err := tx.EndTerms(ctx, s.ClientID, s.ID, service.FromTariff, start); err != nil {
			return Result{}, err
		}
		terms, err := termsOf(*s, r.Offer, r.Quote, start)
		if err != nil {
			return Result{}, err
		}
		if err = tx.InsertTerms(ctx, terms); err != nil {
			return Result{}, err
		}
		// A bandwidth service that carries the server prices the add-ons that it has now.
		if err = traffic.AlignPrices(ctx, tx, by, s.ClientID, []service.ID{s.ID}); err != nil {
			return Result{}, err
		}
	}
	if err := e.bookPeriod(ctx, tx, *s, r.Quote, ledger.Balance); err != nil {
		return Result{}, err
	}
	if err := record(ctx, tx, by, *s, "service.renewed", "service.renewed", map[string]any{"charged": r.Quote.Total}); err != nil {
		return Result{}, err
	}
	if s.Has(service.Unpaid) {
		return e.resume(ctx, tx, by, s, []service.Reason{service.Unpaid})
	}
	return e.tellPanel(ctx, tx, by, s)
}

// keep writes the values that a service goes on with; what the tariff sells no longer stays known, should it come back.
func keep(s *service.Service, values map[string]pricing.Value) error {
	addOns := maps.Clone(s.AddOns)
	if addOns == nil {
		addOns = map[string]json.RawMessage{}
	}
	for code, v := range values {
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		addOns[code] = raw
	}
	s.AddOns = addOns
	return nil
}

// tellPanel queues the renewal for modules that want to know of it.
func (e *Engine) tellPanel(ctx context.Context, tx Tx, by actor.Actor, s *service.Service) (Result, error) {
	m, err := tx.ModuleByID(ctx, s.ModuleID)
	if err != nil {
		return Result{}, err
	}
	mode, err := e.mode(m, s.ProductType, provision.Renew)
	if err != nil || mode == provision.ModeNone {
		return Result{}, err
	}
	r, err := e.enqueue(ctx, tx, by, s, provision.Renew, operation.Payload{Automatic: by.Role == actor.System})
	if fault.Has(err, "operation_pending") {
		return Result{}, nil
	}
	return r, err
}

// MoneyArrived is what follows a payment, in the payment's own transaction and with the client locked: the order it was for
// is paid, then what was suspended for money resumes, the oldest first, as far as it goes.
func (e *Engine) MoneyArrived(ctx context.Context, tx Tx, by actor.Actor, c client.Client, orderID string) error {
	if orderID != "" {
		if err := e.Orders.PayWhenCovered(ctx, tx, by, c, order.ID(orderID)); err != nil {
			return err
		}
	}
	services, err := tx.ServicesToResume(ctx, c.ID)
	if err != nil {
		return err
	}
	for i := range services {
		if err = e.ResumePaid(ctx, tx, by, c, &services[i]); err != nil {
			return err
		}
	}
	return nil
}

// ResumePaid resumes a service that is suspended for money, if there is enough now: with a new period where the old one is over
// (D10), as it was where only the balance had been below zero (D15). It expects the client's lock.
func (e *Engine) ResumePaid(ctx context.Context, tx Tx, by actor.Actor, c client.Client, s *service.Service) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if s.PaidUntil == nil || now.Before(*s.PaidUntil) {
		balance, _, err := tx.LockBalances(ctx, c)
		if err != nil || !c.Settlement.Covers(balance, money.Zero(s.Currency)) {
			return err
		}
		_, err = e.resume(ctx, tx, by, s, []service.Reason{service.Unpaid})
		return ignorePending(err)
	}
	if s.Blocked() || !s.AutoRenew || s.DeleteAt != nil {
		return nil
	}
	_, err = e.RenewWhenCovered(ctx, tx, by, c, s)
	return ignorePending(err)
}

func ignorePending(err error) error {
	if fault.Has(err, "operation_pending") || fault.Has(err, "invalid_service_state") {
		return nil
	}
	return err
}

// NextPrice is what the next period of a service would cost today. Fault: period_not_available.
func (e *Engine) NextPrice(ctx context.Context, tx Tx, c client.Client, s service.Service) (money.Amount, error) {
	r, err := e.nextPeriod(ctx, tx, c, s, "")
	return r.Quote.Total, err
}
