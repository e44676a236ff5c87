package lifecycle

import (
	"context"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// Suspend stops a service for a reason. On a suspended one it adds the reason without calling the panel. Faults:
// invalid_service_state, operation_pending, field_forbidden (a reason that the actor may not give).
func (e *Engine) Suspend(ctx context.Context, by actor.Actor, id service.ID, reason service.Reason, note string) (Result, error) {
	return e.act(ctx, by, id, func(tx Tx, _ client.Client, s *service.Service) (Result, error) {
		if err := e.maySuspend(ctx, tx, by, *s, reason); err != nil {
			return Result{}, err
		}
		return e.suspend(ctx, tx, by, s, operation.Payload{Reason: string(reason), Note: note})
	})
}

// SuspendFor stops an active service on the program's own decision, or adds the reason to a suspended one. A service in
// another state, or one that is being suspended already, is left alone. It expects the client's lock.
func (e *Engine) SuspendFor(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, reason service.Reason) error {
	if (s.Status != service.Active && s.Status != service.Suspended) || s.Has(reason) {
		return nil
	}
	_, err := e.suspend(ctx, tx, by, s, operation.Payload{Reason: string(reason), Automatic: true})
	return ignorePending(err)
}

// maySuspend checks who may give which reason; clients only their own, and only where the tariff allows it.
func (e *Engine) maySuspend(ctx context.Context, tx Tx, by actor.Actor, s service.Service, reason service.Reason) error {
	if by.Staff() {
		return nil
	}
	if reason != service.ByClient {
		return fault.New(fault.Forbidden, "field_forbidden", "Only staff may give the reason %q.", reason).At("/reason")
	}
	if by.Role != actor.Client {
		return nil
	}
	offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err == nil && !offer.Policy.ClientMaySuspend {
		err = fault.New(fault.Forbidden, "suspension_forbidden", "The tariff does not let clients suspend its services.")
	}
	return err
}

func (e *Engine) suspend(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, p operation.Payload) (Result, error) {
	switch s.Status {
	case service.Suspended:
		if err := e.keepReason(ctx, tx, *s, p.Reason); err != nil {
			return Result{}, err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return Result{}, err
		}
		if s.AddReason(service.Reason(p.Reason), now) {
			if err := tx.UpdateService(ctx, *s); err != nil {
				return Result{}, err
			}
			return Result{}, record(ctx, tx, by, *s, "service.suspended", "", map[string]any{"reason": p.Reason, "note": p.Note})
		}
		return Result{}, nil
	case service.Active:
		return e.enqueue(ctx, tx, by, s, provision.Suspend, p)
	default:
		return Result{}, s.WrongState("be suspended")
	}
}

// keepReason takes a reason that is given now out of what a resumption under way would clear.
func (e *Engine) keepReason(ctx context.Context, tx Tx, s service.Service, reason string) error {
	live, err := tx.LiveOperations(ctx, s.ID)
	if err != nil {
		return err
	}
	for _, o := range live {
		if o.Kind != provision.Resume || !slices.Contains(o.Payload.Clear, reason) {
			continue
		}
		if o, err = tx.LockOperation(ctx, o.ID); err != nil {
			return err
		}
		o.Payload.Clear = slices.DeleteFunc(o.Payload.Clear, func(r string) bool { return r == reason })
		if err = tx.UpdateOperation(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// suspended is what a finished suspension means. Money that arrived while the panel was at it starts it again.
func (e *Engine) suspended(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, p operation.Payload, now time.Time) error {
	if s.Status != service.Active {
		return nil
	}
	s.Status, s.SuspendedAt = service.Suspended, &now
	s.AddReason(service.Reason(p.Reason), now)
	if err := tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	if err := tx.EndActivity(ctx, s.ClientID, s.ID, now, "suspended"); err != nil {
		return err
	}
	if err := record(ctx, tx, by, *s, "service.suspended", "service.suspended", map[string]any{
		"from": service.Active, "reason": p.Reason, "note": p.Note, "automatic": p.Automatic,
	}); err != nil {
		return err
	}
	if err := e.switched(ctx, tx, by, *s, traffic.Suspended); err != nil || !s.Has(service.Unpaid) {
		return err
	}
	c, err := tx.LockClient(ctx, s.ClientID)
	if err != nil {
		return err
	}
	return e.ResumePaid(ctx, tx, by, c, s)
}

// ResumeInput says which reasons to clear.
type ResumeInput struct {
	Reason service.Reason // empty: the actor's usual ones
	Force  bool           // staff: clears unpaid and overage too
}

// Resume clears reasons of a suspension and, when none is left, starts the service again. By default a client's or
// storefront's call clears `client`, an administrator's `admin` and `abuse`; `unpaid` and `overage` go by payment or
// period, or by force. What remains is told in the result.
func (e *Engine) Resume(ctx context.Context, by actor.Actor, id service.ID, in ResumeInput) (Result, error) {
	return e.act(ctx, by, id, func(tx Tx, c client.Client, s *service.Service) (Result, error) {
		if s.Status != service.Suspended {
			return Result{}, s.WrongState("be resumed")
		}
		gone, err := clearable(by, *s, in)
		if err != nil {
			return Result{}, err
		}
		r, err := e.resume(ctx, tx, by, s, gone)
		if err != nil || !s.Has(service.Unpaid) || len(s.SuspendReasons) > 1 {
			return r, err
		}
		// Nothing but money keeps it now, and that may be there (D10).
		return r, e.ResumePaid(ctx, tx, by, c, s)
	})
}

func clearable(by actor.Actor, s service.Service, in ResumeInput) ([]service.Reason, error) {
	if !by.Staff() {
		if in.Force || (in.Reason != "" && in.Reason != service.ByClient) {
			return nil, fault.New(fault.Forbidden, "field_forbidden", "Only staff may clear other reasons.").At("/reason")
		}
		return []service.Reason{service.ByClient}, nil
	}
	automatic := in.Reason == service.Unpaid || in.Reason == service.ByOverage
	switch {
	case automatic && !in.Force:
		return nil, fault.New(fault.Conflict, "reason_not_clearable", "The reason %q goes by payment or period; force clears it.", in.Reason)
	case in.Reason != "":
		return []service.Reason{in.Reason}, nil
	case in.Force:
		return s.SuspendReasons, nil
	default:
		return []service.Reason{service.ByAdmin, service.ForAbuse}, nil
	}
}

// resume takes reasons away; the service starts again once no other is left. The last reasons go only when the panel has
// started it, so that a refusal leaves everything as it was.
func (e *Engine) resume(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, gone []service.Reason) (Result, error) {
	after := *s
	gone = slices.DeleteFunc(slices.Clone(gone), func(r service.Reason) bool { return !s.Has(r) })
	if !after.ClearReasons(gone...) {
		return Result{Left: s.SuspendReasons}, nil
	}
	if len(after.SuspendReasons) > 0 {
		if err := tx.UpdateService(ctx, after); err != nil {
			return Result{}, err
		}
		*s = after
		err := record(ctx, tx, by, *s, "service.reason_cleared", "", map[string]any{"cleared": gone})
		return Result{Left: s.SuspendReasons}, err
	}
	return e.enqueue(ctx, tx, by, s, provision.Resume, operation.Payload{Clear: reasonTexts(gone)})
}

// resumed is what a finished resumption means. A reason that came up meanwhile keeps the service suspended.
func (e *Engine) resumed(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, p operation.Payload, now time.Time) error {
	if s.Status != service.Suspended {
		return nil
	}
	for _, r := range p.Clear {
		s.ClearReasons(service.Reason(r))
	}
	if len(s.SuspendReasons) > 0 {
		// The panel has started it, but it must not run: stop it again for what is left.
		if err := tx.UpdateService(ctx, *s); err != nil {
			return err
		}
		o := newOperation(s, provision.Suspend, operation.Payload{Reason: string(s.SuspendReasons[0]), Automatic: true}, by, now)
		o.ModuleID = s.ModuleID
		return tx.InsertOperation(ctx, o)
	}
	s.Status, s.SuspendedAt = service.Active, nil
	if err := tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	if err := tx.InsertActivity(ctx, s.ClientID, service.ActivityRow{ServiceID: s.ID, From: now, Cause: "resumed"}); err != nil {
		return err
	}
	if err := record(ctx, tx, by, *s, "service.resumed", "service.resumed", map[string]any{"from": service.Suspended}); err != nil {
		return err
	}
	return e.switched(ctx, tx, by, *s, traffic.Resumed)
}

func reasonTexts(reasons []service.Reason) []string {
	out := make([]string, len(reasons))
	for i, r := range reasons {
		out[i] = string(r)
	}
	return out
}

// ClearFor takes one reason away on the program's own decision. It expects the client's lock.
func (e *Engine) ClearFor(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, reason service.Reason) error {
	_, err := e.resume(ctx, tx, by, s, []service.Reason{reason})
	return ignorePending(err)
}

// AfterOverage judges a service whose usage was just charged, in the same transaction: above the maximum it is suspended
// until the next month or day, whatever the funds (D14); with the balance below what the settlement allows it is suspended
// as unpaid (D15).
func (e *Engine) AfterOverage(ctx context.Context, tx Tx, c client.Client, id service.ID, overMaximum bool) error {
	by := actor.Program("overage")
	s, err := tx.LockService(ctx, id)
	if err != nil || s.Status == service.Deleted {
		return err
	}
	if overMaximum {
		if err = e.SuspendFor(ctx, tx, by, &s, service.ByOverage); err != nil {
			return err
		}
	}
	balance, _, err := tx.LockBalances(ctx, c)
	if err != nil || balance.Sign() >= 0 || c.Settlement.Covers(balance, money.Zero(balance.Currency())) {
		return err
	}
	return e.SuspendFor(ctx, tx, by, &s, service.Unpaid)
}
