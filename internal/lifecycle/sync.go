package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// Synced is what a comparison with the panel found.
type Synced struct {
	Differences []Difference
	At          time.Time
}

// Sync asks the panel how a service's object is, and compares that with what we hold. What only the panel can know (reference,
// domain, addresses, parameters such as the installed system) is taken over; what was agreed (status, owner, add-ons) is only told;
// the power that a module keeps by the service's status is put right by an operation.
// It is written down as an operation that is over already. Faults: invalid_service_state, operation_pending, unsupported_operation
// (a driver that cannot tell), already_exists (another service has that object), panel_unavailable, panel_refused_login,
// module_refused.
func (e *Engine) Sync(ctx context.Context, by actor.Actor, id service.ID) (Synced, error) {
	q, err := e.inquire(ctx, by, id)
	if err != nil {
		return Synced{}, err
	}
	live, err := e.Module(ctx, q.module)
	if err != nil {
		return Synced{}, err
	}
	inspector, able := live.(provision.Inspector)
	if !able {
		return Synced{}, fault.New(fault.Invalid, "unsupported_operation", "The service's module cannot tell how its object is.")
	}
	found, failure := inspector.Inspect(ctx, q.op)
	if ctx.Err() != nil {
		return Synced{}, ctx.Err()
	}
	if failure != nil {
		return Synced{}, e.notTold(ctx, by, id, failure)
	}
	sort := ""
	if importer, able := live.(provision.Importer); able {
		sort = importer.SortOf(q.op.Spec.TariffCode, q.op.Spec.Settings)
	}
	return e.compared(ctx, by, id, found, sort)
}

// question is what an inspector is asked.
type question struct {
	module provision.ModuleID
	op     provision.Op
}

func (e *Engine) inquire(ctx context.Context, by actor.Actor, id service.ID) (q question, err error) {
	err = e.InTx(ctx, func(tx Tx) error {
		c, s, err := e.lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err = settled(ctx, tx, s); err != nil {
			return err
		}
		q.module = s.ModuleID
		q.op = provision.Op{Kind: provision.Sync, ServiceID: s.ID, Ref: s.ExternalID}
		q.op.Spec, err = e.specOf(ctx, tx, c, s, operation.Operation{})
		return err
	})
	return q, err
}

// settled refuses a comparison of what is just being changed: it would tell of differences that are none.
func settled(ctx context.Context, tx Tx, s service.Service) error {
	if s.Status != service.Active && s.Status != service.Suspended {
		return s.WrongState("be compared with its panel")
	}
	live, err := tx.LiveOperations(ctx, s.ID)
	if err != nil {
		return err
	}
	for _, o := range live {
		if !o.WithPeople() {
			return fault.New(fault.Conflict, "operation_pending", "The service is just being changed; ask again when that is done.")
		}
	}
	return nil
}

// compared writes down what was found, once per idempotency key.
func (e *Engine) compared(ctx context.Context, by actor.Actor, id service.ID, found provision.Found, sort string) (Synced, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Synced, error) {
		c, s, err := e.lock(ctx, tx, by, id)
		if err != nil {
			return Synced{}, err
		}
		if err = settled(ctx, tx, s); err != nil {
			return Synced{}, err
		}
		return e.compare(ctx, tx, by, c, s, found, sort)
	})
}

func (e *Engine) compare(ctx context.Context, tx Tx, by actor.Actor, c client.Client, s service.Service, found provision.Found, sort string,
) (Synced, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return Synced{}, err
	}
	spec, err := e.specOf(ctx, tx, c, s, operation.Operation{})
	if err != nil {
		return Synced{}, err
	}
	units, err := tx.UnitsAll(ctx)
	if err != nil {
		return Synced{}, err
	}
	out := Synced{Differences: differences(s, spec, sort, found, measure.NewUnits(units)), At: now}
	o := newOperation(&s, provision.Sync, operation.Payload{}, by, now)
	o.ModuleID, o.Status, o.NextAttemptAt, o.FinishedAt = s.ModuleID, operation.Succeeded, nil, &now
	for _, d := range out.Differences {
		o.Note(now, d.String())
	}
	if err = tx.InsertOperation(ctx, o); err != nil {
		return out, err
	}
	if err = tx.EndProblems(ctx, s.ModuleID, now); err != nil || len(out.Differences) == 0 {
		return out, err
	}
	if err = e.learn(ctx, tx, by, s, found, out.Differences); err != nil {
		return out, err
	}
	return out, e.keepPower(ctx, tx, by, s.ID, found)
}

// keepPower has a module bring the power in line that it keeps, by a change of parameters that changes nothing else. While one is
// under way, or with people, that will do.
func (e *Engine) keepPower(ctx context.Context, tx Tx, by actor.Actor, id service.ID, found provision.Found) error {
	if found.KeepPower == nil || found.Power == nil || *found.KeepPower == *found.Power {
		return nil
	}
	s, err := tx.ServiceByID(ctx, id)
	if err != nil {
		return err
	}
	_, err = e.enqueue(ctx, tx, by, &s, provision.SetParams, operation.Payload{Note: "The machine is switched " + onOff(*found.KeepPower) + "."})
	return ignorePending(err)
}

// learn takes over what only the panel can know, and keeps in the history what it was.
func (e *Engine) learn(ctx context.Context, tx Tx, by actor.Actor, s service.Service, found provision.Found, all []Difference) error {
	typ := ""
	for _, d := range all {
		if d.TakenOver {
			typ = "service.changed"
		}
	}
	if typ != "" {
		told := provision.Outcome{Ref: found.Ref, Domain: found.Domain, Addresses: found.Addresses, Parameters: found.Parameters}
		if err := e.takeOver(&s, told); err != nil {
			return err
		}
		if err := tx.UpdateService(ctx, s); err != nil {
			return err
		}
	}
	return record(ctx, tx, by, s, "service.sync", typ, map[string]any{"differences": all})
}

// notTold writes down that the panel did not answer, as a failed operation and a problem of the module.
func (e *Engine) notTold(ctx context.Context, by actor.Actor, id service.ID, failure error) error {
	f, told := provision.FailureOf(failure)
	if !told {
		return module.PanelFault(failure)
	}
	err := e.InTx(ctx, func(tx Tx) error {
		_, s, err := e.lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		o := newOperation(&s, provision.Sync, operation.Payload{}, by, now)
		o.ModuleID, o.Status, o.NextAttemptAt, o.FinishedAt = s.ModuleID, operation.Failed, nil, &now
		if err = tx.InsertOperation(ctx, o); err != nil {
			return err
		}
		o.ErrorCode, o.ErrorText = f.Code, f.Text
		if err = tx.UpdateOperation(ctx, o); err != nil {
			return err
		}
		return e.problem(ctx, tx, o, f.Code, f.Text, now)
	})
	if err != nil {
		return err
	}
	return module.PanelFault(failure)
}

// Difference is one thing of which the panel says something else than we hold.
type Difference struct {
	// Field is exists, external_id, status, power, owner, configuration, domain, addresses, add_ons/<element> or parameters/<code>.
	Field string          `json:"field"`
	Ours  json.RawMessage `json:"ours"`  // null: nothing
	Panel json.RawMessage `json:"panel"` // null: nothing
	// TakenOver tells that the panel's word counts and is ours from now on.
	TakenOver bool `json:"taken_over"`
}

// String is a line of an operation's log.
func (d Difference) String() string {
	text := fmt.Sprintf("%s: we hold %s, the panel says %s.", d.Field, d.Ours, d.Panel)
	if d.TakenOver {
		text += " Taken over."
	}
	return text
}
