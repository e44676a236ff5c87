package postgres

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/department"
)

const departmentByID = `SELECT id, name, email, created_at, version FROM department WHERE id = $1`

// Department reads a department. Departments belong to the installation: the edge lets only staff ask.
func (r *Reader) Department(ctx context.Context, _ actor.Scope, id department.ID) (department.Department, error) {
	var row departmentRow
	if err := r.get(ctx, &row, departmentByID, id); err != nil {
		return department.Department{}, fromConstraint(missing(err, department.ErrNone, "read department"))
	}
	return row.toDepartment(), nil
}

const listDepartments = `
SELECT id, name, email, created_at, version FROM department
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge}) ORDER BY id {order} LIMIT $2`

// Departments lists departments in order of creation.
func (r *Reader) Departments(ctx context.Context, _ actor.Scope, p actor.Page) ([]department.Department, error) {
	var rows []departmentRow
	if err := r.all(ctx, &rows, inOrder(listDepartments, p.Desc), p.After, p.Rows()); err != nil {
		return nil, fromConstraint(wrap("list departments", err))
	}
	return each(rows, departmentRow.toDepartment), nil
}
