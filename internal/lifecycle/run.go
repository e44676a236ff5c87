package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// Run carries one due operation a step further: it takes its turn, calls the module without holding a transaction, and
// writes what came of it. It is run by the due loop with its claim; a lost claim writes nothing.
func (e *Engine) Run(ctx context.Context, id operation.ID, claimNo int64) error {
	turn, err := e.take(ctx, id, claimNo, nil)
	if err == nil && len(turn.ask) > 0 {
		turn, err = e.take(ctx, id, claimNo, e.Stock.Look(ctx, turn.ask, module.StockAge))
	}
	if err != nil || !turn.ready {
		return err
	}
	outcome, callErr := e.apply(ctx, turn)
	if ctx.Err() != nil {
		return ctx.Err() // the worker is stopping: the lease runs out and another goes on
	}
	if err = e.finish(ctx, id, claimNo, turn.mode, outcome, callErr); err == nil && errors.As(callErr, new(*panicked)) {
		return callErr // a failed attempt like any other, but somebody has to read it
	}
	if err == nil || ctx.Err() != nil || fault.Has(err, "claim_lost") {
		return err
	}
	return e.unkept(ctx, id, claimNo, turn.mode, outcome, err)
}

// unkept is what follows when the module's answer cannot be written: it is a failed attempt (D24), or a refusal where another
// service has the object. Else the module would be called for ever, and nobody would be told.
func (e *Engine) unkept(ctx context.Context, id operation.ID, claimNo int64, mode provision.Mode, out provision.Outcome, cause error) error {
	failure := error(&provision.Failure{Code: "panel_failed", Text: "What the module answered cannot be kept."})
	if taken := fault.Has(cause, "already_exists"); taken {
		failure = provision.NewRejected("already_exists", "the module answered object %q, which another service has", out.Ref)
		if err := e.finish(ctx, id, claimNo, mode, provision.Outcome{Begun: true}, failure); err != nil {
			return errors.Join(cause, err)
		}
		return nil
	}
	return errors.Join(cause, e.finish(ctx, id, claimNo, mode, provision.Outcome{Begun: out.Begun || out.Ref != ""}, failure))
}

// turn is an operation that may call its module now.
type turn struct {
	ready  bool
	ask    []module.Module // whose stock decides which of them it is; first of all they have to be asked
	module provision.ModuleID
	mode   provision.Mode
	op     provision.Op
}

// take decides in one transaction whether the operation may run: one after another per service, within the lanes of its
// module, with a module chosen for an open (D23) by what panels told of their stock; nil: they were not asked yet.
func (e *Engine) take(ctx context.Context, id operation.ID, claimNo int64, sight module.Sight) (t turn, err error) {
	err = e.InTx(ctx, func(tx Tx) error {
		t = turn{}
		c, s, o, err := e.hold(ctx, tx, id, claimNo)
		if err != nil || o.Status.Final() || o.Status == operation.Manual {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		if s.Status == service.Deleted && !o.Payload.Leftover {
			return e.forget(ctx, tx, actor.Program("operation"), s, now)
		}
		if moot(s, o) {
			if err = order.CancelOperation(ctx, tx, actor.Program("operation"), o, s, now, "The service was suspended before."); err != nil {
				return err
			}
			return tx.WakeQueued(ctx, s.ID, o.ModuleID, now)
		}
		if o.Status != operation.Waiting && o.Status != operation.Running {
			if sight == nil {
				if t.ask, err = e.rivals(ctx, tx, s, o); err != nil || len(t.ask) > 0 {
					return err
				}
			}
			ok, err := e.lane(ctx, tx, &s, &o, sight, now)
			if err != nil || !ok {
				return err
			}
			o.Attempts++
		}
		cutOff := o.Status == operation.Running // whoever had the claim before wrote no end
		o.Status = operation.Running
		if err = tx.UpdateOperation(ctx, o); err != nil {
			return err
		}
		t, err = e.prepare(ctx, tx, c, s, o)
		t.op.CutOff = cutOff
		return err
	})
	return t, err
}

// moot tells of a restart or an installation that was asked for before a suspension and not begun: panels switch a machine on
// for either, and the service stays suspended.
func moot(s service.Service, o operation.Operation) bool {
	return s.Status == service.Suspended && o.Status == operation.Queued && !o.Begun &&
		(o.Kind == provision.Reboot || o.Kind == provision.Reinstall)
}

// hold locks client, service and operation and proves the claim.
func (e *Engine) hold(ctx context.Context, tx Tx, id operation.ID, claimNo int64) (client.Client, service.Service, operation.Operation, error) {
	o, err := tx.OperationByID(ctx, id)
	if err != nil {
		return client.Client{}, service.Service{}, o, err
	}
	c, err := tx.LockClient(ctx, o.ClientID) // a service never changes its client
	if err != nil {
		return c, service.Service{}, o, err
	}
	s, err := tx.LockService(ctx, o.ServiceID)
	if err != nil {
		return c, s, o, err
	}
	o, err = tx.HoldOperation(ctx, id, claimNo)
	return c, s, o, err
}

// prepare freezes what the module is asked to do.
func (e *Engine) prepare(ctx context.Context, tx Tx, c client.Client, s service.Service, o operation.Operation) (turn, error) {
	found, err := tx.ModulesByIDs(ctx, []provision.ModuleID{o.ModuleID}) // with its secrets sealed: they are not needed to decide
	if err != nil {
		return turn{}, err
	}
	if len(found) == 0 {
		return turn{}, module.ErrNoModule
	}
	m := found[0]
	mode, err := e.mode(m, s.ProductType, o.Kind)
	if err != nil {
		return turn{}, err
	}
	t := turn{ready: true, module: m.ID, mode: mode}
	t.op = provision.Op{Kind: o.Kind, Key: string(o.ID), ServiceID: s.ID, Ref: s.ExternalID, Memo: o.Memo, Recovery: o.Payload.Recovery}
	t.op.Spec, err = e.specOf(ctx, tx, c, s, o)
	return t, err
}

// apply calls the module, or answers for it where people or nobody do the work.
func (e *Engine) apply(ctx context.Context, t turn) (out provision.Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = provision.Outcome{}, &panicked{p, debug.Stack()}
		}
	}()
	switch t.mode {
	case provision.ModeNone:
		return provision.Outcome{State: provision.Done}, nil
	case provision.ModeManual:
		return provision.Outcome{State: provision.Manual, Text: provision.Request(t.op)}, nil
	}
	m, err := e.Module(ctx, t.module)
	if err != nil {
		return provision.Outcome{}, err
	}
	return m.Apply(ctx, t.op)
}

// panicked is a driver's crash.
type panicked struct {
	why   any
	stack []byte
}

// Error tells where it was.
func (p *panicked) Error() string { return fmt.Sprintf("the driver panicked: %v\n%s", p.why, p.stack) }

// finish writes what came of a call. It re-reads everything under the locks, because the world went on meanwhile.
func (e *Engine) finish(ctx context.Context, id operation.ID, claimNo int64, mode provision.Mode, out provision.Outcome, callErr error) error {
	return e.InTx(ctx, func(tx Tx) error {
		_, s, o, err := e.hold(ctx, tx, id, claimNo)
		if err != nil || o.Status != operation.Running {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		ran := o.ModuleID
		o.Begun = o.Begun || out.Begun || out.Ref != ""
		if callErr != nil {
			err = e.failed(ctx, tx, s, &o, callErr, now)
		} else {
			err = e.landed(ctx, tx, s, &o, mode, out, now)
		}
		if err != nil || o.HoldsLane() {
			return err
		}
		return tx.WakeQueued(ctx, s.ID, ran, now)
	})
}

// landed handles an answer of the module. Where it was really asked and has ended what it does, its problems are over (D23).
func (e *Engine) landed(ctx context.Context, tx Tx, s service.Service, o *operation.Operation, mode provision.Mode, out provision.Outcome, now time.Time) error {
	o.ErrorCode, o.ErrorText = "", "" // of an attempt before; the log keeps it
	if out.State == provision.Pending {
		return e.pending(ctx, tx, s, o, out, now)
	}
	if mode == provision.ModeAuto {
		if err := tx.EndProblems(ctx, o.ModuleID, now); err != nil {
			return err
		}
	}
	if out.State == provision.Manual {
		out.Text = provision.Storable(out.Text)
		return e.leftToPeople(ctx, tx, &s, o, out)
	}
	o.Status, o.FinishedAt, o.NextAttemptAt, o.PendingSince = operation.Succeeded, &now, nil, nil
	o.Note(now, "Done.")
	if err := tx.UpdateOperation(ctx, *o); err != nil {
		return err
	}
	if err := e.closeTask(ctx, tx, *o, s); err != nil {
		return err
	}
	if err := e.complete(ctx, tx, o.Actor.Actor(), &s, *o, out); err != nil || out.ByHand == "" {
		return err
	}
	return e.restByHand(ctx, tx, &s, *o, provision.Storable(out.ByHand))
}

// leftToPeople keeps what the module has done already, and hands the rest over.
func (e *Engine) leftToPeople(ctx context.Context, tx Tx, s *service.Service, o *operation.Operation, out provision.Outcome) error {
	if out.Ref != "" {
		if err := e.takeOver(s, out); err != nil {
			return err
		}
		if err := tx.UpdateService(ctx, *s); err != nil {
			return err
		}
	}
	return e.toPeople(ctx, tx, *s, o, out.Text, "", "")
}

// restByHand has people see to what a panel has no call for (D28): a change of parameters that begins as their task.
func (e *Engine) restByHand(ctx context.Context, tx Tx, s *service.Service, of operation.Operation, what string) error {
	asked, err := e.enqueue(ctx, tx, of.Actor.Actor(), s, provision.SetParams, operation.Payload{Note: what})
	switch {
	case fault.Has(err, "operation_pending"):
		// The change that is under way goes on by itself; this is a task of its own, which ends nothing but itself.
		_, err = e.openTask(ctx, tx, *s, provision.SetParams, of, what, "")
		return err
	case fault.Has(err, "invalid_service_state"):
		return nil // the service is being deleted: nobody needs it any more
	case err != nil || asked.Operation == nil:
		return err
	}
	return e.toPeople(ctx, tx, *s, asked.Operation, what, "", "")
}

// pending notes that the panel is still working. Looking again burns no attempt. After some hours people are asked to look too
// (D24), and the program goes on looking: whoever is first, the panel or people, ends the operation.
func (e *Engine) pending(ctx context.Context, tx Tx, s service.Service, o *operation.Operation, out provision.Outcome, now time.Time) error {
	if o.PendingSince == nil {
		o.PendingSince = &now
		o.Note(now, "The panel is working.")
	}
	late := o.TaskID == "" && now.Sub(*o.PendingSince) >= e.pendingLimit()
	if late {
		reason, err := e.inWords(ctx, tx, s, *o, "The panel has been working on this for too long.")
		if err != nil {
			return err
		}
		if err = e.ask(ctx, tx, s, o, reason, provision.Storable(out.Text)); err != nil {
			return err
		}
	}
	at := o.LookAt(now, out.After)
	o.Status, o.NextAttemptAt, o.Memo = operation.Waiting, &at, out.Memo
	if err := tx.UpdateOperation(ctx, *o); err != nil || !late {
		return err
	}
	return e.tellFailed(ctx, tx, s, *o, "panel_does_not_finish")
}

func (e *Engine) pendingLimit() time.Duration {
	if e.PendingLimit > 0 {
		return e.PendingLimit
	}
	return operation.PendingLimit
}

// failed handles a call that did not succeed: a refusal goes to the next module (open) or to people at once, anything else
// is repeated up to the limit (D24).
func (e *Engine) failed(ctx context.Context, tx Tx, s service.Service, o *operation.Operation, callErr error, now time.Time) error {
	code, text := "panel_failed", "The module failed."
	refused := false
	var f *provision.Failure
	if errors.As(callErr, &f) {
		code, text = f.Code, provision.Storable(f.Text)
		refused = f.Kind == provision.Rejected || f.Kind == provision.Unauthenticated
		o.Begun = (o.Begun || f.Unsure) && !f.TakenBack
	}
	o.ErrorCode, o.ErrorText, o.PendingSince = code, text, nil
	o.Note(now, code+": "+text)
	if err := e.problem(ctx, tx, *o, code, text, now); err != nil {
		return err
	}
	switch {
	case refused && o.Kind == provision.Open && !o.Begun:
		return e.nextModule(ctx, tx, s, o, text, now)
	case refused, o.Attempts >= o.MaxAttempts:
		return e.toPeople(ctx, tx, s, o, "The module could not do it.", code, text)
	}
	at := operation.RetryAt(o.ID, now)
	o.Status, o.NextAttemptAt = operation.Queued, &at
	return tx.UpdateOperation(ctx, *o)
}

func (e *Engine) problem(ctx context.Context, tx Tx, o operation.Operation, code, text string, now time.Time) error {
	return tx.InsertProblem(ctx, module.Problem{ID: actor.NewID(), ModuleID: o.ModuleID, Kind: code, Text: text, At: now})
}

// nextModule puts a refused open back in the queue without the module that refused; once none is left, people must do it.
func (e *Engine) nextModule(ctx context.Context, tx Tx, s service.Service, o *operation.Operation, text string, now time.Time) error {
	o.TriedModuleIDs = append(o.TriedModuleIDs, o.ModuleID)
	o.ModuleID, o.StockKey, o.Memo, o.Attempts = "", nil, nil, 0
	m, choice, err := e.choose(ctx, tx, s, o, nil)
	if err != nil {
		return err
	}
	if choice == operation.NoModule {
		o.ModuleID = o.TriedModuleIDs[len(o.TriedModuleIDs)-1]
		return e.toPeople(ctx, tx, s, o, "No processing module could make this service.", o.ErrorCode, text)
	}
	o.ModuleID = m.ID
	o.Status, o.NextAttemptAt = operation.Queued, &now
	return tx.UpdateOperation(ctx, *o)
}

// complete does what a finished operation means for its service.
func (e *Engine) complete(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, o operation.Operation, out provision.Outcome) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if err = e.takeOver(s, out); err != nil {
		return err
	}
	if o.Payload.Change != nil {
		return e.agreed(ctx, tx, by, s, o)
	}
	switch o.Kind {
	case provision.Open:
		return e.opened(ctx, tx, by, s)
	case provision.Suspend:
		return e.suspended(ctx, tx, by, s, o.Payload, now)
	case provision.Resume:
		return e.resumed(ctx, tx, by, s, o.Payload, now)
	case provision.Close:
		return e.closed(ctx, tx, by, s, now)
	default:
		return e.changed(ctx, tx, by, s, o)
	}
}

// takeOver keeps what the panel told of the service.
func (e *Engine) takeOver(s *service.Service, out provision.Outcome) (err error) {
	if out.Ref != "" {
		s.ExternalID = out.Ref
	}
	if out.Domain != "" {
		s.Domain = out.Domain
	}
	if out.Addresses != nil {
		s.Addresses = out.Addresses
	}
	for code, text := range out.Parameters {
		if text == "" {
			delete(s.Parameters, code)
		}
	}
	takeParameters(s, told(out.Parameters))
	if out.Password != "" {
		s.Secrets, err = e.Box.Seal([]byte(out.Password))
	}
	return err
}

// told are parameters that an order left open and the panel decided, such as the system that it installed.
func told(texts map[string]string) catalog.Answers {
	out := catalog.Answers{}
	for code, text := range texts {
		if text != "" {
			out[code] = catalog.Text(text)
		}
	}
	return out
}
