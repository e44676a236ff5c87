package lifecycle

import (
	"context"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// objectPatience is how long a panel may take to tell whether it has what people say that they made.
const objectPatience = 5 * time.Second

// seeObject asks the panel for the object that closes a set-up which its driver leaves to people, such as a colocated server: a
// wrong id would be suspended in somebody else's place, or never. A panel that does not answer keeps nobody from closing the task.
// Fault: machine_not_found.
func (e *Engine) seeObject(ctx context.Context, by actor.Actor, id department.TaskID, in CloseTaskInput) error {
	if in.Result != "done" || in.ExternalID == "" {
		return nil
	}
	q, err := e.setUpBy(ctx, by, id, in.ExternalID)
	if err != nil || q.module == "" {
		return err
	}
	live, err := e.Module(ctx, q.module)
	if err != nil {
		return err
	}
	inspector, able := live.(provision.Inspector)
	if !able {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, objectPatience)
	defer cancel()
	found, failure := inspector.Inspect(asking, q.op)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case failure == nil && (!found.Exists || found.Ref != "" && found.Ref != in.ExternalID):
		return fault.New(fault.Invalid, "machine_not_found", "The panel has no object of this id for this service.").At("/external_id")
	}
	return nil
}

// setUpBy is the look at an object that people name as the one of a set-up; without a module where the panel is not asked: the task
// is another one or closed, or the driver makes such services by itself.
func (e *Engine) setUpBy(ctx context.Context, by actor.Actor, id department.TaskID, ref provision.Ref) (q question, err error) {
	err = e.InTx(ctx, func(tx Tx) error {
		q = question{}
		t, err := tx.TaskByID(ctx, id)
		if err != nil || t.Status == department.TaskClosed || t.Kind != department.SetUp {
			return err
		}
		c, s, err := e.lock(ctx, tx, by, t.ServiceID)
		if err != nil || s.ModuleID == "" {
			return err
		}
		m, err := tx.ModuleByID(ctx, s.ModuleID)
		if err != nil {
			return err
		}
		mode, err := e.mode(m, s.ProductType, provision.Open)
		if err != nil || mode != provision.ModeManual {
			return err
		}
		q.module, q.op = m.ID, provision.Op{Kind: provision.Sync, ServiceID: s.ID, Ref: ref}
		q.op.Spec, err = e.specOf(ctx, tx, c, s, operation.Operation{})
		return err
	})
	return q, err
}

// unshared proves that no service has the object that people name, on whatever module of the panel: one server is sold once.
func unshared(ctx context.Context, tx Tx, s service.Service, id provision.ModuleID, ref provision.Ref) error {
	if ref == "" || ref == s.ExternalID {
		return nil
	}
	if err := tx.LockPanel(ctx, id); err != nil {
		return err
	}
	held, err := tx.HeldObjects(ctx, id, []provision.Ref{ref})
	if err != nil || !slices.Contains(held, ref) {
		return err
	}
	return fault.New(fault.Conflict, "already_exists", "Another service of this panel has this object.").At("/external_id")
}
