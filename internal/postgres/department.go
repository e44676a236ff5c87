package postgres

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/department"
)

// departmentStore writes departments.
type departmentStore struct{ conn }

type departmentRow struct {
	ID        string    `db:"id"`
	Name      string    `db:"name"`
	Email     string    `db:"email"`
	CreatedAt time.Time `db:"created_at"`
	Version   int64     `db:"version"`
}

func (r departmentRow) toDepartment() department.Department {
	return department.Department{ID: department.ID(r.ID), Name: r.Name, Email: r.Email, CreatedAt: r.CreatedAt.UTC(), Version: r.Version}
}

const insertDepartment = `INSERT INTO department (id, name, email, created_at) VALUES ($1, $2, $3, $4)`

// InsertDepartment adds a department.
func (s departmentStore) InsertDepartment(ctx context.Context, d department.Department) error {
	_, err := s.exec(ctx, insertDepartment, d.ID, d.Name, d.Email, d.CreatedAt)
	return wrap("insert department", err)
}

const lockDepartment = `SELECT id, name, email, created_at, version FROM department WHERE id = $1 FOR UPDATE`

// LockDepartment locks a department for a change.
func (s departmentStore) LockDepartment(ctx context.Context, id department.ID) (department.Department, error) {
	var r departmentRow
	if err := s.get(ctx, &r, lockDepartment, id); err != nil {
		return department.Department{}, missing(err, department.ErrNone, "lock department")
	}
	return r.toDepartment(), nil
}

const updateDepartment = `UPDATE department SET name = $2, email = $3, version = version + 1 WHERE id = $1`

// UpdateDepartment writes a locked department back.
func (s departmentStore) UpdateDepartment(ctx context.Context, d department.Department) error {
	_, err := s.exec(ctx, updateDepartment, d.ID, d.Name, d.Email)
	return wrap("update department", err)
}

const deleteDepartment = `DELETE FROM department WHERE id = $1`

// DeleteDepartment removes a department; what refers to it breaks a foreign key.
func (s departmentStore) DeleteDepartment(ctx context.Context, id department.ID) error {
	_, err := s.exec(ctx, deleteDepartment, id)
	return wrap("delete department", err)
}
