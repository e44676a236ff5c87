package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/fault"
)

// taskStore keeps the work of people.
type taskStore struct{ conn }

const insertTask = `
INSERT INTO task (id, client_id, department_id, kind, service_id, operation_id, module_id, status, reason, error, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (service_id, kind) WHERE status <> 'closed' DO NOTHING`

const openTaskOf = `SELECT id FROM task WHERE service_id = $1 AND kind = $2 AND status <> 'closed'`

// InsertTask opens a task, or answers the one that is open for the same service and kind.
func (s taskStore) InsertTask(ctx context.Context, t department.Task) (department.TaskID, error) {
	n, err := s.exec(ctx, insertTask, t.ID, nullable(t.ClientID), nullable(t.DepartmentID), t.Kind, nullable(t.ServiceID),
		nullable(t.OperationID), nullable(t.ModuleID), t.Status, t.Reason, nullable(t.Error), t.CreatedAt)
	if err != nil || n == 1 {
		return t.ID, err
	}
	var id department.TaskID
	if err = s.get(ctx, &id, openTaskOf, t.ServiceID, t.Kind); err != nil {
		return "", fmt.Errorf("find the open task: %w", err)
	}
	return id, nil
}

const taskColumns = `
id, coalesce(client_id::text, '') AS client_id, coalesce(department_id::text, '') AS department_id, kind,
coalesce(service_id::text, '') AS service_id, coalesce(operation_id::text, '') AS operation_id,
coalesce(module_id::text, '') AS module_id, status, reason, coalesce(error, '') AS error, coalesce(taken_by, '') AS taken_by,
coalesce(result, '') AS result, note, created_at, closed_at, version`

const taskByID = `SELECT ` + taskColumns + ` FROM task WHERE id = $1`

// TaskByID reads without a lock.
func (s taskStore) TaskByID(ctx context.Context, id department.TaskID) (department.Task, error) {
	return s.one(ctx, taskByID, id)
}

const lockTask = `SELECT ` + taskColumns + ` FROM task WHERE id = $1 FOR UPDATE`

// LockTask reads and locks.
func (s taskStore) LockTask(ctx context.Context, id department.TaskID) (department.Task, error) {
	return s.one(ctx, lockTask, id)
}

func (s taskStore) one(ctx context.Context, query string, id department.TaskID) (department.Task, error) {
	var row taskRow
	err := s.get(ctx, &row, query, id)
	if isNoRows(err) {
		return department.Task{}, fault.Missing("task")
	}
	if err != nil {
		return department.Task{}, fmt.Errorf("read task: %w", err)
	}
	return row.toTask(), nil
}

const updateTask = `
UPDATE task SET status = $2, taken_by = $3, result = $4, note = $5, closed_at = $6, reason = $7, error = $8, version = version + 1
WHERE id = $1`

// UpdateTask writes every mutable field and raises the version.
func (s taskStore) UpdateTask(ctx context.Context, t department.Task) error {
	_, err := s.exec(ctx, updateTask, t.ID, t.Status, nullable(t.TakenBy), nullable(t.Result), t.Note, t.ClosedAt, t.Reason, nullable(t.Error))
	if err != nil {
		return fmt.Errorf("update task: %w", err)
	}
	return nil
}

type taskRow struct {
	ID           department.TaskID     `db:"id"`
	ClientID     actor.ClientID        `db:"client_id"`
	DepartmentID string                `db:"department_id"`
	Kind         department.TaskKind   `db:"kind"`
	ServiceID    actor.ServiceID       `db:"service_id"`
	OperationID  string                `db:"operation_id"`
	ModuleID     string                `db:"module_id"`
	Status       department.TaskStatus `db:"status"`
	Reason       string                `db:"reason"`
	Error        string                `db:"error"`
	TakenBy      string                `db:"taken_by"`
	Result       department.TaskResult `db:"result"`
	Note         string                `db:"note"`
	CreatedAt    time.Time             `db:"created_at"`
	ClosedAt     *time.Time            `db:"closed_at"`
	Version      int64                 `db:"version"`
}

func (r taskRow) toTask() department.Task {
	return department.Task{
		ID: r.ID, ClientID: r.ClientID, DepartmentID: r.DepartmentID, Kind: r.Kind, ServiceID: r.ServiceID, OperationID: r.OperationID,
		ModuleID: r.ModuleID, Status: r.Status, Reason: r.Reason, Error: r.Error, TakenBy: r.TakenBy, Result: r.Result, Note: r.Note,
		CreatedAt: r.CreatedAt.UTC(), ClosedAt: utc(r.ClosedAt), Version: r.Version,
	}
}
