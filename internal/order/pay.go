package order

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// errWrongState is the refusal of an action that the order's status does not allow.
func errWrongState(o Order, verb string) error {
	return fault.New(fault.Conflict, "invalid_order_state", "An order that is %s cannot be %s.", o.Status, verb)
}

// Pay pays an order that awaits its money from the balance. Everything is checked again; the price is the one that was
// quoted. Faults: invalid_order_state, insufficient_funds, and what Place answers.
func (e *Engine) Pay(ctx context.Context, by actor.Actor, id ID) (out Order, err error) {
	err = e.inStock(ctx, nil, ofOrder(id), func(sight module.Sight) (bool, error) {
		var err error
		out, err = event.Do(ctx, e.InTx, by, func(tx Tx) (Order, error) { return e.pay(ctx, tx, by, id, sight) })
		return fault.Has(err, sellsOut), err
	}, 0)
	return out, err
}

func (e *Engine) pay(ctx context.Context, tx Tx, by actor.Actor, id ID, sight module.Sight) (Order, error) {
	o, c, err := e.lock(ctx, tx, by, id)
	if err != nil {
		return o, err
	}
	if o.Status != AwaitingPayment {
		return o, errWrongState(o, "paid")
	}
	room, err := enter(ctx, tx, sight)
	if err != nil {
		return o, err
	}
	if err = e.checkAgain(ctx, tx, c, o, room); err != nil {
		return o, err
	}
	balance, _, err := tx.LockBalances(ctx, c)
	if err != nil {
		return o, err
	}
	if !c.Settlement.Covers(balance, o.Total) {
		return o, fault.New(fault.Conflict, "insufficient_funds", "The balance does not cover %s %s.", o.Total, o.Total.Currency())
	}
	err = e.start(ctx, tx, by, &o, room)
	return o, err
}

// PayWhenCovered pays an order with money that has just arrived, if it can be paid: called with the client locked. An
// order that can no longer be made stays as it is. What is free goes by what LookAhead has heard.
func (e *Engine) PayWhenCovered(ctx context.Context, tx Tx, by actor.Actor, c client.Client, id ID) error {
	o, err := tx.LockOrder(ctx, id)
	if err != nil || o.ClientID != c.ID || o.Status != AwaitingPayment {
		return err
	}
	room, err := e.enterKnown(ctx, tx, id)
	if err != nil {
		return err
	}
	if err = e.checkAgain(ctx, tx, c, o, room); err != nil {
		if fault.Of(err).Kind == fault.Invalid {
			return nil
		}
		return err
	}
	balance, _, err := tx.LockBalances(ctx, c)
	if err != nil || !c.Settlement.Covers(balance, o.Total) {
		return err
	}
	return e.start(ctx, tx, by, &o, room)
}

// enterKnown opens the room by what panels told before.
func (e *Engine) enterKnown(ctx context.Context, tx Tx, id ID) (*catalog.Room, error) {
	if e.Stock == nil {
		return nil, nil
	}
	ids, err := ofOrder(id)(ctx, tx)
	if err != nil {
		return nil, err
	}
	modules, err := tx.ModulesByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	return enter(ctx, tx, e.Stock.Known(ctx, modules))
}

// lock locks the client, then the order.
func (e *Engine) lock(ctx context.Context, tx Tx, by actor.Actor, id ID) (Order, client.Client, error) {
	o, err := tx.OrderByID(ctx, id)
	if err != nil {
		return o, client.Client{}, err
	}
	if !by.Scope.Covers(o.ProviderID, o.ClientID) {
		return o, client.Client{}, missing
	}
	c, err := client.Lock(ctx, tx, by, o.ClientID)
	if err != nil {
		return o, c, err
	}
	o, err = tx.LockOrder(ctx, id)
	return o, c, err
}

// checkAgain judges the order's items anew, by the tariff versions that they were quoted from.
func (e *Engine) checkAgain(ctx context.Context, tx Tx, c client.Client, o Order, room *catalog.Room) error {
	services, err := tx.LockServicesOf(ctx, string(o.ID))
	if err != nil {
		return err
	}
	var prepared []Prepared
	for _, s := range services {
		p, err := e.rebuild(ctx, tx, c, s, services, room)
		if err != nil {
			return err
		}
		prepared = append(prepared, p)
	}
	return obstacles(prepared)
}

// rebuild is the prepared item behind a service that waits for its money.
func (e *Engine) rebuild(ctx context.Context, tx Tx, c client.Client, s service.Service, all []service.Service, room *catalog.Room) (Prepared, error) {
	t, err := tx.TariffByID(ctx, s.TariffID)
	if err != nil {
		return Prepared{}, err
	}
	current := t.Status
	if t.Offer, err = tx.TariffVersion(ctx, s.TariffID, s.TariffVersion); err != nil {
		return Prepared{}, err
	}
	t.Status = current
	p := Prepared{
		Wish:   Wish{TariffID: s.TariffID, Period: s.Period, DataCenterID: s.DataCenterID, Parameters: s.Parameters},
		Tariff: t,
	}
	if p.Type, err = tx.ProductTypeByCode(ctx, t.ProductType); err != nil {
		return p, err
	}
	if raw, ok := s.Parameters["servers"]; ok {
		if err = json.Unmarshal(raw, &p.Servers); err != nil {
			return p, err
		}
	}
	provider, err := tx.ShareProvider(ctx, c.ProviderID)
	if err != nil {
		return p, err
	}
	for _, other := range all {
		// Later ones are not there yet, and neither is it.
		if other.Position >= s.Position {
			p.stored = append(p.stored, other.ID)
		}
	}
	return p, e.judge(ctx, tx, buyer{Provider: provider, Client: &c, Room: room}, &p)
}

// Cancel takes an order back: an unpaid one always, a paid one only while no panel holds anything for it. The money that
// was held goes back to the balance.
func (e *Engine) Cancel(ctx context.Context, by actor.Actor, id ID) (Order, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Order, error) {
		o, _, err := e.lock(ctx, tx, by, id)
		if err != nil {
			return o, err
		}
		err = e.cancel(ctx, tx, by, &o)
		return o, err
	})
}

func (e *Engine) cancel(ctx context.Context, tx Tx, by actor.Actor, o *Order) error {
	if o.Status != AwaitingPayment && o.Status != Paid {
		return errWrongState(*o, "cancelled")
	}
	services, err := tx.LockServicesOf(ctx, string(o.ID))
	if err != nil {
		return err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	services = slices.DeleteFunc(services, func(s service.Service) bool { return s.Status == service.Deleted })
	for i := range services {
		if err = e.stopMaking(ctx, tx, by, *o, services[i], now); err != nil {
			return err
		}
	}
	if o.Status == Paid {
		if err = Release(ctx, tx, *o, "", unmade(*o)); err != nil {
			return err
		}
	}
	if err = e.dropServices(ctx, tx, by, services, now); err != nil {
		return err
	}
	if err = o.set(ctx, tx, by, Cancelled); err != nil {
		return err
	}
	return e.reread(ctx, tx, o)
}

// unmade is what an order still holds: what could not be made has given its part back already.
func unmade(o Order) money.Amount {
	sum := money.Zero(o.Total.Currency())
	for _, it := range o.Items {
		if it.Status != service.Deleted {
			sum = sum.Add(it.Quote.Total)
		}
	}
	return sum
}

// stopMaking cancels the operations of a service, or refuses where a panel has begun.
func (e *Engine) stopMaking(ctx context.Context, tx Tx, by actor.Actor, o Order, s service.Service, now time.Time) error {
	if s.Status != service.Ordered && s.Status != service.Processing {
		return errWrongState(o, "cancelled any more: a service is "+string(s.Status))
	}
	live, err := tx.LiveOperations(ctx, s.ID)
	if err != nil {
		return err
	}
	for _, op := range live {
		if op, err = tx.LockOperation(ctx, op.ID); err != nil {
			return err
		}
		if op.Begun || op.Status == operation.Running {
			return fault.New(fault.Conflict, "invalid_order_state", "The panel has begun to make a service of this order.")
		}
		if err = CancelOperation(ctx, tx, by, op, s, now, "The order was cancelled."); err != nil {
			return err
		}
	}
	return nil
}

// CancelOperation ends a locked operation that nobody needs any more, and its task.
func CancelOperation(ctx context.Context, tx Tx, by actor.Actor, op operation.Operation, s service.Service, now time.Time, why string) error {
	op.Status, op.FinishedAt, op.NextAttemptAt = operation.Cancelled, &now, nil
	op.Note(now, why)
	if err := tx.UpdateOperation(ctx, op); err != nil {
		return err
	}
	return EndTask(ctx, tx, by, op, s, department.Cancelled, why)
}

// EndTask closes the task of an operation for which people are needed no more. One that another operation of the service shares,
// as a change and a renewal do, stays open for that one.
func EndTask(ctx context.Context, tx Tx, by actor.Actor, op operation.Operation, s service.Service, result department.TaskResult, why string) error {
	if op.TaskID == "" {
		return nil
	}
	live, err := tx.LiveOperations(ctx, s.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(live, func(o operation.Operation) bool { return o.ID != op.ID && o.TaskID == op.TaskID }) {
		return nil
	}
	t, err := tx.LockTask(ctx, department.TaskID(op.TaskID))
	if err != nil || t.Status == department.TaskClosed {
		return err
	}
	_, err = department.Close(ctx, tx, by, t, result, why, s.About())
	return err
}

// dropServices ends services that were never made; servers that a bandwidth service had reserved are free again.
func (e *Engine) dropServices(ctx context.Context, tx Tx, by actor.Actor, services []service.Service, now time.Time) error {
	for _, s := range services {
		s.Status, s.DeletedAt = service.Deleted, &now
		if err := tx.UpdateService(ctx, s); err != nil {
			return err
		}
		if s.ProductType == product.DedicatedBandwidth {
			if err := traffic.Switched(ctx, tx, e.Zone, by, s, traffic.Closed); err != nil {
				return err
			}
		}
	}
	return nil
}

// Release gives held money back to the balance: of a whole order (serviceID empty) or of one service that cannot be made.
func Release(ctx context.Context, tx ledger.Tx, o Order, serviceID service.ID, amount money.Amount) error {
	cause := ledger.Cause{Kind: "order_release", ID: string(o.ID)}
	refs := map[string]string{"order_id": string(o.ID)}
	if serviceID != "" {
		cause = ledger.Cause{Kind: "service_release", ID: string(serviceID)}
		refs["service_id"] = string(serviceID)
	}
	_, err := ledger.Post(ctx, tx, ledger.Posting{
		ClientID: o.ClientID, Kind: "release", From: ledger.Held, To: ledger.Balance, Amount: amount, Cause: cause, Refs: refs,
	})
	return err
}

// Expire ends an order that was not paid in time. It is run by the due loop with its claim.
func (e *Engine) Expire(ctx context.Context, id ID, claimNo int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		o, err := tx.OrderByID(ctx, id)
		if err != nil {
			return err
		}
		if _, err = tx.LockClient(ctx, o.ClientID); err != nil {
			return err
		}
		services, err := tx.LockServicesOf(ctx, string(id))
		if err != nil {
			return err
		}
		if o, err = tx.HoldOrder(ctx, id, claimNo); err != nil || o.Status != AwaitingPayment {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		by := actor.Program("order_expiry")
		if err = e.dropServices(ctx, tx, by, services, now); err != nil {
			return err
		}
		return o.set(ctx, tx, by, Expired)
	})
}

// Settle gives an order its final status once none of its services is being made any more. It expects the client's lock.
func Settle(ctx context.Context, tx Tx, by actor.Actor, id ID) error {
	o, err := tx.LockOrder(ctx, id)
	if err != nil || o.Status != Paid {
		return err
	}
	made, lost := 0, 0
	for _, it := range o.Items {
		switch {
		case it.Made:
			made++
		case it.Status == service.Deleted:
			lost++
		default:
			return nil
		}
	}
	status := Completed
	switch {
	case made == 0:
		status = Failed
	case lost > 0:
		status = PartiallyCompleted
	}
	return o.set(ctx, tx, by, status)
}

func (e *Engine) reread(ctx context.Context, tx Tx, o *Order) error {
	fresh, err := tx.OrderByID(ctx, o.ID)
	if err == nil {
		*o = fresh
	}
	return err
}
