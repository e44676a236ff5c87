package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// taskKinds says which task an operation becomes when people must do it.
var taskKinds = map[provision.Kind]department.TaskKind{
	provision.Open:      department.SetUp,
	provision.SetParams: department.ChangeParameters,
	provision.Renew:     department.ChangeParameters,
	provision.Close:     department.Delete,
	provision.Resume:    department.Enable,
	provision.Suspend:   department.Disable,
	provision.Reboot:    department.Other,
	provision.Reinstall: department.Other,
}

// toPeople hands an operation over: it stops running by itself and a task is opened for the module's department. Where it failed,
// which a code tells, people are told what was wanted too; a driver that leaves it to them says so itself.
func (e *Engine) toPeople(ctx context.Context, tx Tx, s service.Service, o *operation.Operation, reason, code, panelWords string) (err error) {
	if code != "" {
		if reason, err = e.inWords(ctx, tx, s, *o, reason); err != nil {
			return err
		}
	}
	if err := e.ask(ctx, tx, s, o, reason, panelWords); err != nil {
		return err
	}
	o.Status, o.NextAttemptAt, o.PendingSince = operation.Manual, nil, nil
	if err := tx.UpdateOperation(ctx, *o); err != nil || code == "" {
		return err
	}
	return e.tellFailed(ctx, tx, s, *o, code)
}

// inWords puts what an operation wants behind the reason why people are asked. It expects the client's lock.
func (e *Engine) inWords(ctx context.Context, tx Tx, s service.Service, o operation.Operation, reason string) (string, error) {
	c, err := tx.LockClient(ctx, s.ClientID)
	if err != nil {
		return "", err
	}
	spec, err := e.specOf(ctx, tx, c, s, o)
	if o.Kind == provision.Open && o.Begun {
		reason += "\nThe panel holds something of it already, which is given up there when this is refused."
	}
	op := provision.Op{Kind: o.Kind, ServiceID: s.ID, Ref: s.ExternalID, Spec: spec}
	return reason + "\n" + provision.Request(op), err
}

// ask opens a task for an operation, or joins it to the service's open one of the same sort; the caller writes the operation.
func (e *Engine) ask(ctx context.Context, tx Tx, s service.Service, o *operation.Operation, reason, panelWords string) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	id, err := e.openTask(ctx, tx, s, o.Kind, *o, reason, panelWords)
	if err != nil {
		return err
	}
	o.TaskID = string(id)
	why, _, _ := strings.Cut(reason, "\n")
	o.Note(now, why)
	return nil
}

// openTask asks the department of an operation's module for something of the sort that a kind of operation becomes.
func (e *Engine) openTask(ctx context.Context, tx Tx, s service.Service, kind provision.Kind, o operation.Operation, reason, panelWords string) (department.TaskID, error) {
	t := department.Task{
		ClientID: s.ClientID, Kind: taskKinds[kind], ServiceID: s.ID, OperationID: string(o.ID), ModuleID: string(o.ModuleID),
		Reason: reason, Error: panelWords,
	}
	if o.ModuleID != "" {
		m, err := tx.ModuleByID(ctx, o.ModuleID)
		if err != nil {
			return "", err
		}
		t.DepartmentID = m.DepartmentID
	}
	return department.Open(ctx, tx, o.Actor.Actor(), t, s.About())
}

// tellFailed tells that an operation did not work by itself; the panel's own words stay with staff.
func (e *Engine) tellFailed(ctx context.Context, tx Tx, s service.Service, o operation.Operation, code string) error {
	about := event.About{
		ClientID: s.ClientID, ProviderID: s.ProviderID, Subject: "operation", SubjectID: string(o.ID),
		Refs: map[string]string{"service_id": string(s.ID)},
	}
	data := map[string]any{"id": o.ID, "service_id": s.ID, "kind": o.Kind, "status": o.Status, "error": map[string]string{"code": code}}
	return event.Tell(ctx, tx, event.ForClient, about, "operation.failed", data)
}

// closeTask closes the task of an operation that succeeded by itself after all.
func (e *Engine) closeTask(ctx context.Context, tx Tx, o operation.Operation, s service.Service) error {
	return order.EndTask(ctx, tx, actor.Program("operation"), o, s, department.Done, "The module did it after all.")
}

// TakeTask marks a task as being worked on.
func (e *Engine) TakeTask(ctx context.Context, by actor.Actor, id department.TaskID) (department.Task, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (department.Task, error) { return department.Take(ctx, tx, by, id) })
}

// CloseTaskInput is what people report of their work.
type CloseTaskInput struct {
	Result     department.TaskResult // Done, Refused
	ExternalID provision.Ref
	Addresses  []provision.Address
	Parameters map[string]json.RawMessage
	Note       string
}

// CloseTask ends a task and with it the operation it stands for: done completes it as the module would have, refused ends it
// without effect, and a refused set-up gives the held money back and has the panel give up what it had begun. Faults: task_closed, required (what the driver's set-up
// must name), already_exists (an external id that another live service of the panel has), machine_not_found (one that the panel does
// not have for the service).
func (e *Engine) CloseTask(ctx context.Context, by actor.Actor, id department.TaskID, in CloseTaskInput) (department.Task, error) {
	if err := e.seeObject(ctx, by, id, in); err != nil {
		return department.Task{}, err
	}
	return event.Do(ctx, e.InTx, by, func(tx Tx) (department.Task, error) { return e.endTask(ctx, tx, by, id, in) })
}

func (e *Engine) endTask(ctx context.Context, tx Tx, by actor.Actor, id department.TaskID, in CloseTaskInput) (department.Task, error) {
	t, err := tx.TaskByID(ctx, id)
	if err != nil {
		return t, err
	}
	_, s, err := e.lock(ctx, tx, by, t.ServiceID)
	if err != nil {
		return t, err
	}
	live, err := tx.LiveOperations(ctx, s.ID)
	if err != nil {
		return t, err
	}
	if t, err = tx.LockTask(ctx, id); err != nil {
		return t, err
	}
	if t, err = department.Close(ctx, tx, by, t, in.Result, in.Note, s.About()); err != nil {
		return t, err
	}
	// Two operations of one sort, such as a change and a renewal, share a task.
	for _, o := range live {
		if o.TaskID != string(id) {
			continue
		}
		if o, err = tx.LockOperation(ctx, o.ID); err != nil {
			return t, err
		}
		if in.Result == department.Refused {
			err = e.refused(ctx, tx, by, &s, o, in.Note)
		} else {
			err = e.doneByPeople(ctx, tx, by, &s, o, in)
		}
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

func (e *Engine) doneByPeople(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, o operation.Operation, in CloseTaskInput) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if o.Kind == provision.Open && s.ModuleID == "" {
		if s.ModuleID, err = e.anyModule(ctx, tx, *s); err != nil {
			return err
		}
	}
	if err = e.checkCompletion(ctx, tx, *s, o, in); err != nil {
		return err
	}
	o.Status, o.FinishedAt, o.NextAttemptAt = operation.Succeeded, &now, nil
	o.Note(now, strings.TrimSpace("Done by people. "+in.Note))
	if err = tx.UpdateOperation(ctx, o); err != nil {
		return err
	}
	for code, v := range in.Parameters {
		s.Parameters[code] = v
	}
	out := provision.Outcome{Ref: in.ExternalID, Addresses: in.Addresses}
	if err = e.complete(ctx, tx, by, s, o, out); err != nil {
		return err
	}
	return tx.WakeQueued(ctx, s.ID, o.ModuleID, now)
}

// anyModule is the module that a service made by people belongs to: the first of its tariff in its data center. What keeps
// a module from making it, that it is disabled or at its limits, does not keep people from it.
func (e *Engine) anyModule(ctx context.Context, tx Tx, s service.Service) (provision.ModuleID, error) {
	offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err != nil {
		return "", err
	}
	lanes, err := e.lanesOf(ctx, tx, s, offer)
	if err != nil {
		return "", err
	}
	for i := range lanes {
		m := lanes[i].Module
		m.Enabled, m.MaxRunningOpens, m.Queue.Enabled = true, 0, false
		lanes[i] = operation.Lane{Module: m}
	}
	m, choice := operation.Choose(provision.Open, lanes, nil)
	if choice == operation.NoModule {
		return "", fault.New(fault.Conflict, "no_module", "The tariff has no processing module for this service.")
	}
	return m.ID, nil
}

// checkCompletion asks for what the driver needs to know of an object that people made.
func (e *Engine) checkCompletion(ctx context.Context, tx Tx, s service.Service, o operation.Operation, in CloseTaskInput) error {
	if o.Kind != provision.Open {
		return nil
	}
	m, err := tx.ModuleByID(ctx, s.ModuleID)
	if err != nil {
		return err
	}
	d, err := e.Registry.Driver(m.Driver)
	if err != nil {
		return err
	}
	p, _ := d.Info.Serves(s.ProductType)
	for _, field := range p.CompletesWith {
		if field == "external_id" && in.ExternalID == "" && s.ExternalID == "" {
			return fault.New(fault.Invalid, "required", "The object's id in the panel is needed.").At("/external_id")
		}
	}
	return unshared(ctx, tx, s, m.ID, in.ExternalID)
}

// refused ends an operation that people will not do.
func (e *Engine) refused(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, o operation.Operation, note string) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	calling := o.Status == operation.Running
	o.Status, o.FinishedAt, o.NextAttemptAt = operation.Failed, &now, nil
	if o.ErrorCode == "" {
		o.ErrorCode = "module_refused"
	}
	o.Note(now, strings.TrimSpace("Refused by people. "+note))
	if err = tx.UpdateOperation(ctx, o); err != nil {
		return err
	}
	if err = tx.WakeQueued(ctx, s.ID, o.ModuleID, now); err != nil {
		return err
	}
	if o.Kind == provision.Open {
		if err = e.notMade(ctx, tx, by, s); err != nil {
			return err
		}
		return e.takeBack(ctx, tx, by, s, o, calling, now)
	}
	if err = e.giveUp(ctx, tx, o); err != nil {
		return err
	}
	return e.tellFailed(ctx, tx, *s, o, o.ErrorCode)
}

// Retry sends an operation that people were asked about, or that waits for its next attempt, to the module again at once.
func (e *Engine) Retry(ctx context.Context, by actor.Actor, id operation.ID) (operation.Operation, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (operation.Operation, error) { return e.retry(ctx, tx, by, id) })
}

func (e *Engine) retry(ctx context.Context, tx Tx, by actor.Actor, id operation.ID) (operation.Operation, error) {
	o, err := tx.OperationByID(ctx, id)
	if err != nil {
		return o, err
	}
	_, s, err := e.lock(ctx, tx, by, o.ServiceID)
	if err != nil {
		return o, err
	}
	if o, err = tx.LockOperation(ctx, id); err != nil {
		return o, err
	}
	if !o.WithPeople() && o.Status != operation.Queued {
		return o, fault.New(fault.Conflict, "invalid_operation_state", "An operation that is %s cannot be retried.", o.Status)
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return o, err
	}
	o.Status, o.NextAttemptAt, o.Attempts, o.PendingSince, o.TriedModuleIDs = operation.Queued, &now, 0, nil, nil
	if err = order.EndTask(ctx, tx, by, o, s, department.Retried, "The operation was sent to the module again."); err != nil {
		return o, err
	}
	if !o.Begun && o.Kind == provision.Open {
		o.ModuleID = "" // it may choose anew
	}
	o.TaskID, o.Memo = "", nil
	o.Note(now, fmt.Sprintf("Retried by %s.", by.Role))
	if err = tx.UpdateOperation(ctx, o); err != nil {
		return o, err
	}
	o.Version++
	return o, event.Record(ctx, tx, by, s.About(), "operation.retried", "", map[string]any{"operation_id": o.ID})
}
