// Package department is the groups of staff that tasks go to.
//
// It owns the records of departments. It does not own what a task is about (package operation), nor who works in a
// department.
//
// Invariants: a department has a name that people can read; one that a module or a task refers to is not deleted; every
// change names who made it.
package department

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
)

// ID is a department's id.
type ID string

// Department is a group of staff.
type Department struct {
	ID        ID
	Name      string
	Email     string // empty: none
	CreatedAt time.Time
	Version   int64
}

// Input is what a department is made of.
type Input struct {
	Name  string
	Email string
}

// Change is a partial change; nil leaves a member as it is, an empty text takes it away.
type Change struct {
	IfVersion *int64
	Name      *string
	Email     *string
}

// ErrNone is the answer for a department that does not exist.
var ErrNone = fault.Missing("department")

// Tx is what the use-cases need of their transaction.
type Tx interface {
	event.Tx
	InsertDepartment(ctx context.Context, d Department) error
	LockDepartment(ctx context.Context, id ID) (Department, error)
	UpdateDepartment(ctx context.Context, d Department) error
	DeleteDepartment(ctx context.Context, id ID) error
}

// Engine runs the use-cases of departments.
type Engine struct {
	InTx func(ctx context.Context, fn func(Tx) error) error
}

// Create adds a department. Faults: field faults of the members.
func (e *Engine) Create(ctx context.Context, by actor.Actor, in Input) (Department, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Department, error) { return create(ctx, tx, by, in) })
}

func create(ctx context.Context, tx Tx, by actor.Actor, in Input) (Department, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return Department{}, err
	}
	d := Department{ID: ID(actor.NewID()), Name: in.Name, Email: in.Email, CreatedAt: now, Version: 1}
	if err = d.check(); err != nil {
		return Department{}, err
	}
	if err = tx.InsertDepartment(ctx, d); err != nil {
		return Department{}, err
	}
	return d, d.record(ctx, tx, by, "department.created")
}

// Update changes a department. Faults: not_found, precondition_failed, field faults of the members.
func (e *Engine) Update(ctx context.Context, by actor.Actor, id ID, in Change) (Department, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Department, error) { return update(ctx, tx, by, id, in) })
}

func update(ctx context.Context, tx Tx, by actor.Actor, id ID, in Change) (Department, error) {
	d, err := lock(ctx, tx, id, in.IfVersion)
	if err != nil {
		return Department{}, err
	}
	if in.Name != nil {
		d.Name = *in.Name
	}
	if in.Email != nil {
		d.Email = *in.Email
	}
	if err = d.check(); err != nil {
		return Department{}, err
	}
	if err = tx.UpdateDepartment(ctx, d); err != nil {
		return Department{}, err
	}
	d.Version++
	return d, d.record(ctx, tx, by, "department.updated")
}

// Delete removes a department that nothing refers to. Faults: not_found, precondition_failed, in_use.
func (e *Engine) Delete(ctx context.Context, by actor.Actor, id ID, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		d, err := lock(ctx, tx, id, ifVersion)
		if err != nil {
			return err
		}
		if err = tx.DeleteDepartment(ctx, id); err != nil {
			return err
		}
		return d.record(ctx, tx, by, "department.deleted")
	})
}

func lock(ctx context.Context, tx Tx, id ID, ifVersion *int64) (Department, error) {
	d, err := tx.LockDepartment(ctx, id)
	if err == nil && ifVersion != nil && *ifVersion != d.Version {
		err = fault.New(fault.Precondition, "precondition_failed", "It was changed since you read it.")
	}
	return d, err
}

func (d Department) record(ctx context.Context, tx Tx, by actor.Actor, action string) error {
	about := event.About{Subject: "department", SubjectID: string(d.ID)}
	return event.Record(ctx, tx, by, about, action, "", map[string]any{"id": d.ID, "name": d.Name, "email": d.Email})
}
