package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/secret"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// Open starts the making of a paid service; it is the order.Opener of this program. A service whose module has nothing to
// do (driver none) is active at once, in the same transaction; any other becomes processing with an operation queued.
func (e *Engine) Open(ctx context.Context, otx order.Tx, by actor.Actor, s *service.Service, room *catalog.Room) error {
	tx, ok := otx.(Tx)
	if !ok {
		return fmt.Errorf("the transaction %T cannot open services", otx)
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	s.Status = service.Processing
	if s.Secrets, err = e.Box.Seal([]byte(secret.Password())); err != nil {
		return err
	}
	if err = e.reserveServers(ctx, tx, by, *s); err != nil {
		return err
	}
	o := newOperation(s, provision.Open, operation.Payload{}, by, now)
	m, choice, err := e.choose(ctx, tx, *s, &o, room)
	if err != nil {
		return err
	}
	if choice == operation.Chosen {
		mode, err := e.mode(m, s.ProductType, provision.Open)
		if err != nil {
			return err
		}
		if mode == provision.ModeNone {
			s.ModuleID, o.ModuleID = m.ID, m.ID
			return e.atOnce(ctx, tx, by, s, o, now)
		}
	}
	if choice != operation.NoModule {
		o.ModuleID = m.ID // as things are now; the choice is made when its turn comes
	}
	if err = tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	if err = record(ctx, tx, by, *s, "service.processing", "", map[string]any{"from": service.Ordered}); err != nil {
		return err
	}
	return tx.InsertOperation(ctx, o)
}

// choose picks the module that makes a service (D23), among those of its tariff version in its data center that have
// something left, and puts by what the open takes there.
func (e *Engine) choose(ctx context.Context, tx Tx, s service.Service, o *operation.Operation, room *catalog.Room) (module.Module, operation.Choice, error) {
	offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err != nil {
		return module.Module{}, 0, err
	}
	return e.chooseOf(ctx, tx, s, o, offer, room)
}

// chooseOf is choose for the tariff version that was read.
func (e *Engine) chooseOf(ctx context.Context, tx Tx, s service.Service, o *operation.Operation, offer catalog.Offer, room *catalog.Room) (module.Module, operation.Choice, error) {
	lanes, err := e.lanesOf(ctx, tx, s, offer)
	if err != nil {
		return module.Module{}, 0, err
	}
	var code string
	if room.Knows() { // a panel may know what the tariff sells by its code
		t, err := tx.TariffByID(ctx, s.TariffID)
		if err != nil {
			return module.Module{}, 0, err
		}
		code = t.Code
	}
	lanes = operation.InStock(lanes, room.Left(code, offer))
	lanes = operation.Exactly(lanes, room.Exact(code, offer), o.TriedModuleIDs)
	m, choice := operation.Choose(o.Kind, lanes, o.TriedModuleIDs)
	if key := room.Take(code, offer, m.ID); key != nil {
		o.ModuleID, o.StockKey = m.ID, key
	}
	return m, choice, nil
}

// lanesOf are the modules of a service's tariff version in its data center, with what runs on them.
func (e *Engine) lanesOf(ctx context.Context, tx Tx, s service.Service, offer catalog.Offer) ([]operation.Lane, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return nil, err
	}
	lanes, err := tx.Lanes(ctx, offer.ModuleIDs, now)
	if err != nil {
		return nil, err
	}
	var here []operation.Lane
	for _, l := range lanes {
		if l.Module.DataCenterID == "" || l.Module.DataCenterID == s.DataCenterID {
			here = append(here, l)
		}
	}
	return here, nil
}

// opened makes a service active: its period starts now (D3), the held money is booked, its terms begin.
func (e *Engine) opened(ctx context.Context, tx Tx, by actor.Actor, s *service.Service) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	quote, offer, err := e.soldAs(ctx, tx, *s)
	if err != nil {
		return err
	}
	start := e.startPeriod(s, &quote, offer, now)
	s.Status, s.StartedAt = service.Active, &now
	if err = tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	if err = tx.InsertActivity(ctx, s.ClientID, service.ActivityRow{ServiceID: s.ID, From: now, Cause: "opened"}); err != nil {
		return err
	}
	terms, err := termsOf(*s, offer, quote, start)
	if err != nil {
		return err
	}
	if err = tx.InsertTerms(ctx, terms); err != nil {
		return err
	}
	if err = e.bookPeriod(ctx, tx, *s, quote, ledger.Held); err != nil {
		return err
	}
	if err = record(ctx, tx, by, *s, "service.opened", "service.opened", map[string]any{"from": service.Processing}); err != nil {
		return err
	}
	if err = e.switched(ctx, tx, by, *s, traffic.Opened); err != nil {
		return err
	}
	return order.Settle(ctx, tx, by, order.ID(s.OrderID))
}

// soldAs is the quote and the offer that a service was ordered by.
func (e *Engine) soldAs(ctx context.Context, tx Tx, s service.Service) (pricing.Quote, catalog.Offer, error) {
	var quote pricing.Quote
	if err := json.Unmarshal(s.Quote, &quote); err != nil {
		return quote, catalog.Offer{}, fmt.Errorf("quote of service %s: %w", s.ID, err)
	}
	offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	return quote, offer, err
}

// startPeriod dates the first period from the instant of activation (D3). The amounts stay as they were quoted, and so do the days
// that calendar billing (D4) counted: those between the order and the activation are added to the end, and the next
// period leads back to the 1st.
func (e *Engine) startPeriod(s *service.Service, q *pricing.Quote, offer catalog.Offer, now time.Time) time.Time {
	anchor := calendar.AnchorOf(now, e.Zone)
	switch {
	case s.Period.IsOneTime():
		q.PeriodEnd = nil
	case s.Period.IsTrial():
		end := calendar.AddDays(now, offer.TrialDays, e.Zone)
		q.PeriodEnd = &end
	case offer.Calendar.Enabled && s.Period.Months() > 0:
		anchor = q.Anchor
		if late := calendar.DayOf(q.PeriodStart, e.Zone).Until(calendar.DayOf(now, e.Zone)); late > 0 {
			end := calendar.AddDays(*q.PeriodEnd, late, e.Zone)
			q.PeriodEnd = &end
		}
	default:
		end := s.Period.End(now, anchor, e.Zone)
		q.PeriodEnd = &end
	}
	q.PeriodStart, q.Anchor = now, anchor
	s.Anchor, s.PeriodStart, s.PaidUntil = &anchor, &now, q.PeriodEnd
	return now
}

// bookPeriod charges a priced period, from the held money or from the balance.
func (e *Engine) bookPeriod(ctx context.Context, tx Tx, s service.Service, q pricing.Quote, from ledger.Account) error {
	t, err := tx.ProductTypeByCode(ctx, s.ProductType)
	if err != nil {
		return err
	}
	return charge.Book(ctx, tx, charge.Booking{Service: s, Quote: q, Split: calendar.Split(t.ExpenseSplit), Zone: e.Zone, From: from})
}

// termsOf are the terms that a service gets from its tariff: the tariff itself and each add-on that it has anything of.
func termsOf(s service.Service, offer catalog.Offer, q pricing.Quote, from time.Time) ([]service.TermRow, error) {
	row := func(item string, t service.Term) service.TermRow {
		return service.TermRow{
			ID: actor.NewID(), ClientID: s.ClientID, ServiceID: s.ID, Item: item, Source: service.FromTariff, From: from,
			TariffVersion: s.TariffVersion, Term: t,
		}
	}
	rows := []service.TermRow{row(service.TariffItem, service.Term{Price: unitPrice(q)})}
	held := pricing.Held(offer, s.AddOns, s.Period)
	for _, a := range offer.AddOns {
		v, has := held[a.Code]
		if !has {
			continue
		}
		t := service.Term{
			Billing: a.Billing, ContentCode: a.AddOn, Included: a.Included, Maximum: a.Maximum, Unit: a.Unit, Statistics: a.Statistics,
			Tiers: a.Tiers,
		}
		if v != (pricing.Value{}) {
			var err error
			if t.Value, err = json.Marshal(v); err != nil {
				return nil, err
			}
		}
		if a.PaidByPeriod() {
			t.Price = pricing.UnitPrice(a, v, s.Period)
		}
		if a.Statistics != nil && a.Tiers == nil {
			t.OveragePrice = a.Statistics.OveragePrice
		}
		rows = append(rows, row(a.Code, t))
	}
	return rows, nil
}

// unitPrice is what the tariff itself costs.
func unitPrice(q pricing.Quote) *decimal.Decimal {
	for _, l := range q.Lines {
		if l.Kind == pricing.PeriodLine {
			return l.UnitPrice
		}
	}
	return nil
}

// notMade ends a service that cannot be made: its held money goes back to the balance.
func (e *Engine) notMade(ctx context.Context, tx Tx, by actor.Actor, s *service.Service) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	var quote pricing.Quote
	if err = json.Unmarshal(s.Quote, &quote); err != nil {
		return fmt.Errorf("quote of service %s: %w", s.ID, err)
	}
	o, err := tx.OrderByID(ctx, order.ID(s.OrderID))
	if err != nil {
		return err
	}
	if err = order.Release(ctx, tx, o, s.ID, quote.Total); err != nil {
		return err
	}
	s.Status, s.DeletedAt = service.Deleted, &now
	if err = tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	if err = e.switched(ctx, tx, by, *s, traffic.Closed); err != nil {
		return err
	}
	if err = record(ctx, tx, by, *s, "service.failed", "service.failed", map[string]any{"from": service.Processing}); err != nil {
		return err
	}
	return order.Settle(ctx, tx, by, order.ID(s.OrderID))
}
