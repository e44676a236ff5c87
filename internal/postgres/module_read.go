package postgres

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
)

// errNotStaff is no answer that a caller sees: the edge lets only administrators this far, and this keeps it so.
var errNotStaff = fault.New(fault.Forbidden, "insufficient_scope", "This key may not do this.")

func forStaff(s actor.Scope) error {
	if s != actor.Everything {
		return errNotStaff
	}
	return nil
}

// Module reads a module, its secrets sealed. Modules are for administrators only.
func (r *Reader) Module(ctx context.Context, s actor.Scope, id provision.ModuleID) (module.Module, error) {
	if err := forStaff(s); err != nil {
		return module.Module{}, err
	}
	var row moduleRow
	if err := r.get(ctx, &row, moduleByID, id); err != nil {
		return module.Module{}, fromConstraint(missing(err, module.ErrNoModule, "read module"))
	}
	return row.toModule(), nil
}

const listModules = moduleColumns + `
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge})
  AND ($3 = '' OR driver = $3) AND ($4 = '' OR product_type = $4) AND (nullif($5, '') IS NULL OR data_center_id = nullif($5, '')::uuid)
  AND ($6::boolean IS NULL OR enabled = $6) AND ($7 = '' OR health_status = $7)
  AND ($8::boolean IS NULL OR EXISTS (
      SELECT FROM module_problem p WHERE p.module_id = processing_module.id AND p.ended_at IS NULL AND p.at > $9) = $8)
ORDER BY id {order} LIMIT $2`

// Modules lists modules in order of creation. There are tens of them: what narrows the list has no indexes.
func (r *Reader) Modules(ctx context.Context, s actor.Scope, f module.Filter, p actor.Page) ([]module.Module, error) {
	if err := forStaff(s); err != nil {
		return nil, err
	}
	now, err := r.businessNow(ctx)
	if err != nil {
		return nil, fromConstraint(err)
	}
	var rows []moduleRow
	err = r.all(ctx, &rows, inOrder(listModules, p.Desc), p.After, p.Rows(), f.Driver, f.ProductType, f.DataCenterID, f.Enabled, f.Health,
		f.HasProblems, now.Add(-module.ProblemLasts))
	if err != nil {
		return nil, fromConstraint(wrap("list modules", err))
	}
	return each(rows, moduleRow.toModule), nil
}

const listProblems = `
SELECT id, module_id, kind, text, at
FROM module_problem
WHERE module_id = $3 AND ended_at IS NULL AND at > $4
  AND id {after} coalesce(nullif($1, '')::uuid, {edge}) ORDER BY id {order} LIMIT $2`

type problemRow struct {
	ID       string             `db:"id"`
	ModuleID provision.ModuleID `db:"module_id"`
	Kind     string             `db:"kind"`
	Text     string             `db:"text"`
	At       time.Time          `db:"at"`
}

func (r problemRow) toProblem() module.Problem {
	return module.Problem{
		ID: r.ID, ModuleID: r.ModuleID, Kind: r.Kind, Text: r.Text, At: r.At.UTC(),
	}
}

// Problems lists the problems of a module that still count.
func (r *Reader) Problems(ctx context.Context, s actor.Scope, id provision.ModuleID, p actor.Page) ([]module.Problem, error) {
	if _, err := r.Module(ctx, s, id); err != nil {
		return nil, err
	}
	now, err := r.businessNow(ctx)
	if err != nil {
		return nil, fromConstraint(err)
	}
	var rows []problemRow
	if err = r.all(ctx, &rows, inOrder(listProblems, p.Desc), p.After, p.Rows(), id, now.Add(-module.ProblemLasts)); err != nil {
		return nil, fromConstraint(wrap("list problems", err))
	}
	return each(rows, problemRow.toProblem), nil
}
