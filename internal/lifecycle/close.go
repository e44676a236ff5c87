package lifecycle

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// When a service is to be deleted.
const (
	Now         = "now"
	EndOfPeriod = "end_of_period"
)

// DeleteInput asks for a deletion.
type DeleteInput struct {
	When      string // Now, EndOfPeriod; empty: the default of who asks
	IfVersion *int64 // If-Match
	// Challenge and Code confirm a client's deletion where the product type wants a verified telephone.
	Challenge string
	Code      string
}

// Delete closes a service now or when its paid period ends. Without a time, staff and storefronts delete now, a client when
// the product type says, and with a code that went to its telephone where that is wanted. Faults: invalid_service_state (also
// while processing), deletion_forbidden, confirmation_required, phone_not_verified, wrong_code, challenge_over,
// precondition_failed.
func (e *Engine) Delete(ctx context.Context, by actor.Actor, id service.ID, in DeleteInput) (Result, error) {
	if by.Role == actor.Client {
		if err := e.confirm(ctx, by, id, in); err != nil {
			return Result{}, err
		}
	}
	return e.act(ctx, by, id, func(tx Tx, _ client.Client, s *service.Service) (Result, error) {
		if err := match(in.IfVersion, s.Version); err != nil {
			return Result{}, err
		}
		if s.Status != service.Active && s.Status != service.Suspended {
			return Result{}, s.WrongState("be deleted")
		}
		when, err := e.deletionTime(ctx, tx, by, *s, in)
		if err != nil {
			return Result{}, err
		}
		if when == EndOfPeriod {
			return Result{}, e.schedule(ctx, tx, by, s)
		}
		return e.enqueue(ctx, tx, by, s, provision.Close, operation.Payload{})
	})
}

// deletionTime applies the product type's rules about clients.
func (e *Engine) deletionTime(ctx context.Context, tx Tx, by actor.Actor, s service.Service, in DeleteInput) (string, error) {
	when := in.When
	if by.Role != actor.Client {
		if when == "" {
			when = Now
		}
		return when, nil
	}
	t, err := tx.ProductTypeByCode(ctx, s.ProductType)
	if err != nil {
		return "", err
	}
	switch t.ClientDeletion {
	case product.DeletionAllowed:
	case product.DeletionByPhone:
		if err = redeem(ctx, tx, s, in); err != nil {
			return "", err
		}
	default:
		return "", fault.New(fault.Forbidden, "deletion_forbidden", "Clients may not delete services of this type.")
	}
	if t.ClientDeletionTime == EndOfPeriod {
		return EndOfPeriod, nil
	}
	if when == "" {
		when = Now
	}
	return when, nil
}

func (e *Engine) schedule(ctx context.Context, tx Tx, by actor.Actor, s *service.Service) error {
	if s.PaidUntil == nil {
		return fault.New(fault.Conflict, "invalid_service_state", "A one-time purchase has no end to wait for.")
	}
	s.DeleteAt = s.PaidUntil
	if err := tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	return record(ctx, tx, by, *s, "service.deletion_scheduled", "service.deleting", nil)
}

// Undelete takes a scheduled deletion back.
func (e *Engine) Undelete(ctx context.Context, by actor.Actor, id service.ID) (Result, error) {
	return e.act(ctx, by, id, func(tx Tx, _ client.Client, s *service.Service) (Result, error) {
		if s.DeleteAt == nil || (s.Status != service.Active && s.Status != service.Suspended) {
			return Result{}, fault.New(fault.Conflict, "invalid_service_state", "No deletion of this service is scheduled.")
		}
		s.DeleteAt = nil
		if err := tx.UpdateService(ctx, *s); err != nil {
			return Result{}, err
		}
		return Result{}, record(ctx, tx, by, *s, "service.deletion_taken_back", "service.changed", nil)
	})
}

// DeleteScheduled closes a service whose scheduled deletion has come; run by the due loop.
func (e *Engine) DeleteScheduled(ctx context.Context, id service.ID) error {
	by := actor.Program("scheduled_deletion")
	return e.InTx(ctx, func(tx Tx) error {
		_, s, err := e.lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil || s.DeleteAt == nil || s.DeleteAt.After(now) {
			return err
		}
		return e.CloseFor(ctx, tx, by, &s)
	})
}

// CloseFor closes a service on the program's own decision. It expects the client's lock.
func (e *Engine) CloseFor(ctx context.Context, tx Tx, by actor.Actor, s *service.Service) error {
	if s.Status != service.Active && s.Status != service.Suspended {
		return nil
	}
	s.DeleteAt = nil
	if err := tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	_, err := e.enqueue(ctx, tx, by, s, provision.Close, operation.Payload{Automatic: true})
	if fault.Has(err, "operation_pending") {
		return nil
	}
	return err
}

// closed is what a finished deletion means: the paid rest goes back (D8) and the service is over for good.
func (e *Engine) closed(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, now time.Time) error {
	if s.Status == service.Deleted {
		return nil
	}
	before := s.Status
	if err := e.forget(ctx, tx, by, *s, now); err != nil {
		return err
	}
	back, err := e.giveBack(ctx, tx, *s)
	if err != nil {
		return err
	}
	s.Status, s.DeletedAt, s.DeleteAt, s.SuspendReasons, s.SuspendedAt = service.Deleted, &now, nil, nil, nil
	if err = tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	if before == service.Active {
		if err = tx.EndActivity(ctx, s.ClientID, s.ID, now, "closed"); err != nil {
			return err
		}
	}
	if err = record(ctx, tx, by, *s, "service.closed", "service.closed", map[string]any{"from": before, "refunded": back}); err != nil {
		return err
	}
	return e.switched(ctx, tx, by, *s, traffic.Closed)
}

// forget cancels what was still to be done to a service that is gone: the panel may have given its machine to somebody else.
func (e *Engine) forget(ctx context.Context, tx Tx, by actor.Actor, s service.Service, now time.Time) error {
	live, err := tx.LiveOperations(ctx, s.ID)
	if err != nil {
		return err
	}
	for _, o := range live {
		if o.Payload.Leftover {
			continue
		}
		if o, err = tx.LockOperation(ctx, o.ID); err != nil {
			return err
		}
		if err = order.CancelOperation(ctx, tx, by, o, s, now, "The service was deleted."); err != nil {
			return err
		}
		if err = e.giveUp(ctx, tx, o); err != nil {
			return err
		}
	}
	return nil
}

// longestCall is longer than any call of a module takes: a program may be given an hour.
const longestCall = 65 * time.Minute

// takeBack has the panel give up what a refused opening may have left there: nobody has it, so it must not stay (the client's
// money is back already). Where the opening was calling its panel when it was refused, that call may still make something, and
// comes to its end first. It expects the client's lock.
func (e *Engine) takeBack(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, opening operation.Operation, calling bool, now time.Time) error {
	if !opening.Begun && !calling {
		return nil
	}
	o := newOperation(s, provision.Close, operation.Payload{Automatic: true, Leftover: true}, by, now)
	o.ModuleID = opening.ModuleID
	if calling {
		at := now.Add(longestCall)
		o.NextAttemptAt = &at
	}
	o.Note(now, "What the refused opening left in the panel is given up.")
	if err := tx.InsertOperation(ctx, o); err != nil {
		return err
	}
	return record(ctx, tx, by, *s, "service.leftover_given_up", "", map[string]any{"operation_id": o.ID})
}

// giveBack refunds the rest of the paid period, where the tariff's policy does. A period that the client never had the
// use of because it was suspended for money has nothing left to refund: it ended before.
func (e *Engine) giveBack(ctx context.Context, tx Tx, s service.Service) (money.Amount, error) {
	offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err != nil {
		return money.Zero(s.Currency), err
	}
	down := money.Zero(s.Currency)
	off, err := e.downtime(ctx, tx, s, offer)
	if err != nil {
		return down, err
	}
	for _, r := range off {
		down = down.Sub(r.Amount)
	}
	if err = charge.BookRows(ctx, tx, off); err != nil {
		return down, err
	}
	if offer.Policy.RefundOnClose == catalog.RefundNone {
		return down, nil
	}
	rest, err := charge.GiveBack(ctx, tx, s, e.Zone)
	return down.Add(rest), err
}

// closing is what giveBack would book.
func (e *Engine) closing(ctx context.Context, tx Tx, s service.Service) ([]charge.Expense, error) {
	offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err != nil {
		return nil, err
	}
	off, err := e.downtime(ctx, tx, s, offer)
	if err != nil || offer.Policy.RefundOnClose == catalog.RefundNone {
		return off, err
	}
	rest, err := charge.ClosingRows(ctx, tx, s, e.Zone)
	return append(off, rest...), err
}

// downtime is what the next daily run would give back of a daily price, where there is none for it any more: the service closes,
// or goes on by another period.
func (e *Engine) downtime(ctx context.Context, tx Tx, s service.Service, offer catalog.Offer) ([]charge.Expense, error) {
	if !s.Period.IsDaily() || !offer.Hourly.GivesBack() {
		return nil, nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return nil, err
	}
	return charge.DowntimeRows(ctx, tx, s, charge.Span{From: now.AddDate(0, 0, -2), To: now, Closing: true}, e.Zone)
}

// match checks If-Match.
func match(want *int64, have int64) error {
	if want != nil && *want != have {
		return fault.New(fault.Precondition, "precondition_failed", "It was changed since you read it.")
	}
	return nil
}
