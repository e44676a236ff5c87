package department

import (
	"context"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
)

// TaskID is a task's id.
type TaskID string

// TaskKind is what people are asked to do.
type TaskKind string

// The kinds of task.
const (
	SetUp            TaskKind = "set_up"
	ChangeParameters TaskKind = "change_parameters"
	Delete           TaskKind = "delete"
	Enable           TaskKind = "enable"
	Disable          TaskKind = "disable"
	Other            TaskKind = "other"
)

// TaskStatus is where in its life a task is.
type TaskStatus string

// The statuses of a task.
const (
	TaskOpen   TaskStatus = "open"
	TaskInWork TaskStatus = "in_work"
	TaskClosed TaskStatus = "closed"
)

// TaskResult is how a task ended.
type TaskResult string

// The results of a task. People report the first two.
const (
	Done      TaskResult = "done"      // also by the module, after all
	Refused   TaskResult = "refused"   // nobody will do it
	Retried   TaskResult = "retried"   // its operation was sent to the module again
	Cancelled TaskResult = "cancelled" // it is wanted no more
)

// Task is work for people of a department.
type Task struct {
	ID           TaskID
	ClientID     actor.ClientID
	DepartmentID string
	Kind         TaskKind
	ServiceID    actor.ServiceID
	OperationID  string
	ModuleID     string
	Status       TaskStatus
	Reason       string     // what to do and why
	Error        string     // the panel's own words
	TakenBy      string     // the key of who took it
	Result       TaskResult // empty until closed
	Note         string
	CreatedAt    time.Time
	ClosedAt     *time.Time
	Version      int64
}

// TaskFilter narrows a list of tasks.
type TaskFilter struct {
	Status       TaskStatus
	ServiceID    actor.ServiceID
	ModuleID     string
	DepartmentID string
	From, To     *time.Time
}

// TaskTx is what tasks need of a transaction.
type TaskTx interface {
	event.Tx
	// InsertTask opens a task, or answers the one that is open for the same service and kind.
	InsertTask(ctx context.Context, t Task) (TaskID, error)
	// TaskByID reads without a lock; NotFound where there is none.
	TaskByID(ctx context.Context, id TaskID) (Task, error)
	LockTask(ctx context.Context, id TaskID) (Task, error)
	UpdateTask(ctx context.Context, t Task) error
}

// Open asks a department to do something; a task that is open for the same service and kind is not doubled, but tells of both.
func Open(ctx context.Context, tx TaskTx, by actor.Actor, t Task, about event.About) (TaskID, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return "", err
	}
	t.ID, t.Status, t.CreatedAt = TaskID(actor.NewID()), TaskOpen, now
	id, err := tx.InsertTask(ctx, t)
	if err != nil {
		return id, err
	}
	if id != t.ID {
		return id, join(ctx, tx, id, t)
	}
	return id, record(ctx, tx, by, t, about, "task.opened")
}

// join adds what is asked, and the panel's words on it, to a task that is open.
func join(ctx context.Context, tx TaskTx, id TaskID, more Task) error {
	t, err := tx.LockTask(ctx, id)
	if err != nil {
		return err
	}
	before := t
	if !strings.Contains(t.Reason, more.Reason) {
		t.Reason += "\n\n" + more.Reason
	}
	if !strings.Contains(t.Error, more.Error) {
		t.Error = strings.TrimSpace(t.Error + "\n\n" + more.Error)
	}
	if t == before {
		return nil
	}
	return tx.UpdateTask(ctx, t)
}

// Take marks a task as being worked on.
func Take(ctx context.Context, tx TaskTx, by actor.Actor, id TaskID) (Task, error) {
	t, err := tx.LockTask(ctx, id)
	if err != nil {
		return t, err
	}
	if t.Status == TaskClosed {
		return t, errClosed
	}
	t.Status, t.TakenBy = TaskInWork, by.KeyID
	return t, tx.UpdateTask(ctx, t)
}

// Close ends a task with a result.
func Close(ctx context.Context, tx TaskTx, by actor.Actor, t Task, result TaskResult, note string, about event.About) (Task, error) {
	if t.Status == TaskClosed {
		return t, errClosed
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return t, err
	}
	t.Status, t.Result, t.Note, t.ClosedAt = TaskClosed, result, note, &now
	if err = tx.UpdateTask(ctx, t); err != nil {
		return t, err
	}
	return t, record(ctx, tx, by, t, about, "task.closed")
}

var errClosed = fault.New(fault.Conflict, "task_closed", "The task is closed already.")

func record(ctx context.Context, tx TaskTx, by actor.Actor, t Task, about event.About, typ string) error {
	about.Subject, about.SubjectID = "task", string(t.ID)
	about.Refs = map[string]string{"service_id": string(t.ServiceID), "operation_id": t.OperationID}
	snapshot := map[string]any{
		"id": t.ID, "kind": t.Kind, "status": t.Status, "department_id": t.DepartmentID, "service_id": t.ServiceID,
		"operation_id": t.OperationID, "reason": t.Reason, "result": t.Result,
	}
	if err := event.Record(ctx, tx, by, about, typ, "", snapshot); err != nil {
		return err
	}
	return event.Tell(ctx, tx, event.ForStaff, about, typ, snapshot)
}
