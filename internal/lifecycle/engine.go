// Package lifecycle is what happens to a service and around it: it opens, is suspended, resumed, renewed and closed, its
// operations run, people close tasks, and money arrives.
//
// It owns these transitions with everything they bring along in one transaction: status, activity, terms, money, traffic,
// events. It does not own the state of a single record (packages service, operation, order), the panels (package provision),
// nor when the daily run acts (package billing).
//
// Invariants: the state is checked before a panel is called and a panel's refusal leaves the status unchanged; no panel is
// called inside a transaction; the instant that counts for traffic is when the status changes.
package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/secret"
	"github.com/tariffd/tariffd/internal/service"
)

// Tx is what transitions need.
type Tx interface {
	order.Tx
	charge.Tx
	ChallengeTx
	ModuleByID(ctx context.Context, id provision.ModuleID) (module.Module, error)
	ContentOf(ctx context.Context, productType string) ([]product.Content, error)
	UnitsAll(ctx context.Context) ([]measure.Unit, error)
	// LockTariff reads a tariff and keeps it as it is.
	LockTariff(ctx context.Context, id catalog.TariffID) (catalog.Tariff, error)
	// HoldResumption locks a client that the caller claimed; a claim that was lost is a claim_lost fault. EndResumption notes that
	// its money was put to work.
	HoldResumption(ctx context.Context, id actor.ClientID, claimNo int64) error
	EndResumption(ctx context.Context, id actor.ClientID) error
	InsertProblem(ctx context.Context, p module.Problem) error
	EndProblems(ctx context.Context, id provision.ModuleID, at time.Time) error
	// ViewOf reads a service with all that is told of it.
	ViewOf(ctx context.Context, id service.ID) (View, error)
	TariffsWith(ctx context.Context, id provision.ModuleID) ([]catalog.Tariff, error)
	// LockPanel makes imports from a module's panel, by whichever module of it, follow each other until the transaction ends.
	LockPanel(ctx context.Context, id provision.ModuleID) error
	// HeldObjects answers those of some objects of a module's panel that services have which are not deleted, whichever module of
	// that panel they are on.
	HeldObjects(ctx context.Context, id provision.ModuleID, refs []provision.Ref) ([]provision.Ref, error)
	// ClientsByEmail reads the clients of all providers with one of these addresses, which are in small letters.
	ClientsByEmail(ctx context.Context, emails []string) ([]client.Client, error)
	// ServicesToResume are a client's services suspended for money that may renew, the oldest paid_until first.
	ServicesToResume(ctx context.Context, c actor.ClientID) ([]service.Service, error)
}

// Engine runs the transitions.
type Engine struct {
	InTx     func(ctx context.Context, fn func(Tx) error) error
	Zone     *time.Location
	Registry *provision.Registry
	// Module opens the processing module of a record, with its secrets.
	Module func(ctx context.Context, id provision.ModuleID) (provision.Module, error)
	Box    *secret.Box
	Orders *order.Engine
	Stock  *module.Stock // as the order engine's
	// PendingLimit is how long a panel may be at work before people are asked to look (D24); 0: four hours.
	PendingLimit time.Duration
}

// Result is what an action on a service answers: the service, and the operation that goes on, if any.
type Result struct {
	View      View
	Operation *operation.Operation // nil: nothing remains to be done
	// Left are the reasons that a resume did not clear.
	Left []service.Reason
}

// lock locks the client, then the service, and answers not_found for one outside the actor's scope.
func (e *Engine) lock(ctx context.Context, tx Tx, by actor.Actor, id service.ID) (client.Client, service.Service, error) {
	s, err := tx.ServiceByID(ctx, id)
	if err != nil {
		return client.Client{}, s, err
	}
	if !by.Scope.Covers(s.ProviderID, s.ClientID) {
		return client.Client{}, s, fault.Missing("service")
	}
	c, err := tx.LockClient(ctx, s.ClientID)
	if err != nil {
		return c, s, err
	}
	s, err = tx.LockService(ctx, id)
	return c, s, err
}

// act is the frame of every action on one service: lock, act, answer, once per idempotency key.
func (e *Engine) act(ctx context.Context, by actor.Actor, id service.ID,
	do func(tx Tx, c client.Client, s *service.Service) (Result, error),
) (Result, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Result, error) {
		c, s, err := e.lock(ctx, tx, by, id)
		if err != nil {
			return Result{}, err
		}
		r, err := do(tx, c, &s)
		if err != nil {
			return r, err
		}
		// What followed may have changed the service again; the answer shows how it stands now.
		r.View, err = tx.ViewOf(ctx, id)
		return r, err
	})
}

// mode tells who carries out an operation of a service: the driver of its module, people, or nobody.
func (e *Engine) mode(m module.Module, productType string, kind provision.Kind) (provision.Mode, error) {
	d, err := e.Registry.Driver(m.Driver)
	if err != nil {
		return "", fmt.Errorf("module %s: %w", m.ID, err)
	}
	p, ok := d.Info.Serves(productType)
	if !ok {
		return "", fmt.Errorf("driver %s does not serve %s", m.Driver, productType)
	}
	if mode, ok := p.Operations[kind]; ok {
		return mode, nil
	}
	return provision.ModeNone, nil
}

// enqueue starts an operation on a service: done at once where its module has nothing to do, else queued.
func (e *Engine) enqueue(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, kind provision.Kind, p operation.Payload) (Result, error) {
	live, err := tx.LiveOperations(ctx, s.ID)
	if err != nil {
		return Result{}, err
	}
	for _, o := range live {
		if o.Kind == provision.Close && kind != provision.Close {
			return Result{}, errClosing
		}
		if o.Kind == kind {
			return Result{}, errPending
		}
	}
	m, err := tx.ModuleByID(ctx, s.ModuleID)
	if err != nil {
		return Result{}, err
	}
	mode, err := e.mode(m, s.ProductType, kind)
	if err != nil {
		return Result{}, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return Result{}, err
	}
	o := newOperation(s, kind, p, by, now)
	o.ModuleID = s.ModuleID
	if mode == provision.ModeNone && len(live) == 0 {
		return Result{}, e.atOnce(ctx, tx, by, s, o, now)
	}
	if err = tx.InsertOperation(ctx, o); err != nil {
		return Result{}, err
	}
	asked := map[string]any{"operation_id": o.ID, "operation": kind, "reason": p.Reason, "note": p.Note}
	return Result{Operation: &o}, record(ctx, tx, by, *s, "service."+string(kind)+"_asked", "", asked)
}

// atOnce notes an operation that needs nobody, and what it brings.
func (e *Engine) atOnce(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, o operation.Operation, now time.Time) error {
	o.Status, o.NextAttemptAt, o.FinishedAt = operation.Succeeded, nil, &now
	if err := tx.InsertOperation(ctx, o); err != nil {
		return err
	}
	return e.complete(ctx, tx, by, s, o, provision.Outcome{})
}

// errClosing is the refusal of anything more for a service whose deletion is under way.
var errClosing = fault.New(fault.Conflict, "invalid_service_state", "The service is being deleted.")

// errPending is the refusal of what is under way already.
var errPending = fault.New(fault.Conflict, "operation_pending", "An operation of this kind is under way already.")

func newOperation(s *service.Service, kind provision.Kind, p operation.Payload, by actor.Actor, now time.Time) operation.Operation {
	return operation.Operation{
		ID: operation.ID(actor.NewID()), ClientID: s.ClientID, ServiceID: s.ID, Kind: kind, Status: operation.Queued, Payload: p,
		MaxAttempts: operation.MaxAttempts, NextAttemptAt: &now, Actor: operation.RequesterOf(by), CreatedAt: now, Version: 1,
	}
}

// record writes the audit row of a transition and the event that tells it.
func record(ctx context.Context, tx Tx, by actor.Actor, s service.Service, action, typ string, extra map[string]any) error {
	raw, err := json.Marshal(s.Snapshot())
	if err != nil {
		return err
	}
	data := map[string]any{}
	if err = json.Unmarshal(raw, &data); err != nil {
		return err
	}
	for k, v := range extra {
		data[k] = v
	}
	return event.Record(ctx, tx, by, s.About(), action, typ, data)
}
