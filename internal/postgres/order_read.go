package postgres

import (
	"context"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
)

const orderInScope = `
SELECT ` + orderColumns + ` FROM client_order
WHERE id = $1 AND ($2::uuid IS NULL OR provider_id = $2) AND ($3::uuid IS NULL OR client_id = $3)`

// Order reads an order with its items.
func (r *Reader) Order(ctx context.Context, s actor.Scope, id order.ID) (order.Order, error) {
	var row orderRow
	if err := r.get(ctx, &row, orderInScope, id, nullable(s.ProviderID), nullable(s.ClientID)); err != nil {
		return order.Order{}, fromConstraint(missing(err, fault.Missing("order"), "read order"))
	}
	list := []order.Order{row.toOrder()}
	err := r.fillItems(ctx, list)
	return list[0], err
}

const listOrders = `
SELECT ` + orderColumns + ` FROM client_order
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge}) AND ($2::uuid IS NULL OR provider_id = $2)
  AND ($3::uuid IS NULL OR client_id = $3) AND ($4::uuid IS NULL OR client_id = $4) AND ($5 = '' OR status = $5)
  AND ($6::timestamptz IS NULL OR created_at >= $6) AND ($7::timestamptz IS NULL OR created_at < $7)
ORDER BY id {order} LIMIT $8`

// Orders lists orders in order of creation.
func (r *Reader) Orders(ctx context.Context, s actor.Scope, f order.Filter, p actor.Page) ([]order.Order, error) {
	var rows []orderRow
	err := r.all(ctx, &rows, inOrder(listOrders, p.Desc), p.After, nullable(s.ProviderID), nullable(s.ClientID), nullable(f.ClientID),
		f.Status, f.From, f.To, p.Rows())
	if err != nil {
		return nil, fromConstraint(wrap("list orders", err))
	}
	list := each(rows, orderRow.toOrder)
	return list, r.fillItems(ctx, list)
}

const operationInScope = `
SELECT ` + operationColumns + ` FROM operation
WHERE id = $1 AND ($2::uuid IS NULL OR client_id = $2)
  AND ($3::uuid IS NULL OR client_id IN (SELECT c.id FROM client c WHERE c.provider_id = $3))`

// Operation reads an operation.
func (r *Reader) Operation(ctx context.Context, s actor.Scope, id operation.ID) (operation.Operation, error) {
	var row operationRow
	if err := r.get(ctx, &row, operationInScope, id, nullable(s.ClientID), nullable(s.ProviderID)); err != nil {
		return operation.Operation{}, fromConstraint(missing(err, fault.Missing("operation"), "read operation"))
	}
	return row.toOperation()
}

const listOperations = `
SELECT ` + operationColumns + ` FROM operation
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge}) AND ($2::uuid IS NULL OR client_id = $2)
  AND ($3::uuid IS NULL OR client_id IN (SELECT c.id FROM client c WHERE c.provider_id = $3))
  AND ($4 = '' OR status = $4) AND ($5::uuid IS NULL OR service_id = $5) AND ($6::uuid IS NULL OR module_id = $6)
  AND {of department}
  AND ($8::timestamptz IS NULL OR created_at >= $8) AND ($9::timestamptz IS NULL OR created_at < $9)
ORDER BY id {order} LIMIT $10`

// operationsOf completes the list: a department's operations are found by its tasks, which no plan does below an OR.
func operationsOf(department string) string {
	of := "$7::uuid IS NULL"
	if department != "" {
		of = "id IN (SELECT t.operation_id FROM task t WHERE t.department_id = $7 AND t.operation_id IS NOT NULL)"
	}
	return strings.Replace(listOperations, "{of department}", of, 1)
}

// Operations lists operations in order of creation.
func (r *Reader) Operations(ctx context.Context, s actor.Scope, f operation.Filter, p actor.Page) ([]operation.Operation, error) {
	out, err := r.manyOperations(ctx, inOrder(operationsOf(f.DepartmentID), p.Desc), p.After, nullable(s.ClientID), nullable(s.ProviderID), f.Status,
		nullable(f.ServiceID), nullable(f.ModuleID), nullable(f.DepartmentID), f.From, f.To, p.Rows())
	return out, fromConstraint(err)
}

const listTasks = `
SELECT ` + taskColumns + ` FROM task
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge}) AND ($2 = '' OR status = $2) AND ($3::uuid IS NULL OR service_id = $3)
  AND ($4::uuid IS NULL OR module_id = $4) AND ($5::uuid IS NULL OR department_id = $5)
  AND ($6::timestamptz IS NULL OR created_at >= $6) AND ($7::timestamptz IS NULL OR created_at < $7)
ORDER BY id {order} LIMIT $8`

// Tasks lists tasks in order of creation; they are staff's alone, whatever the scope's clients.
func (r *Reader) Tasks(ctx context.Context, _ actor.Scope, f department.TaskFilter, p actor.Page) ([]department.Task, error) {
	var rows []taskRow
	err := r.all(ctx, &rows, inOrder(listTasks, p.Desc), p.After, f.Status, nullable(f.ServiceID), nullable(f.ModuleID),
		nullable(f.DepartmentID), f.From, f.To, p.Rows())
	if err != nil {
		return nil, fromConstraint(wrap("list tasks", err))
	}
	return each(rows, taskRow.toTask), nil
}

// Task reads a task.
func (r *Reader) Task(ctx context.Context, _ actor.Scope, id department.TaskID) (department.Task, error) {
	t, err := taskStore{r.conn}.TaskByID(ctx, id)
	return t, fromConstraint(err)
}
