package postgres

import (
	"context"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
)

const lockStock = `SELECT pg_advisory_xact_lock(1413829450, hashtext(x.id)) FROM unnest($1::text[]) WITH ORDINALITY AS x (id, place) ORDER BY x.place`

// LockStock makes those who sell from the stock of a module follow each other until the transaction ends. All give the modules
// in one order.
func (s operationStore) LockStock(ctx context.Context, ids []provision.ModuleID) error {
	_, err := s.exec(ctx, lockStock, texts(ids))
	return wrap("lock stock", err)
}

const nextStockStep = `SELECT nextval('stock_step')`

// StockStep takes the next step.
func (s operationStore) StockStep(ctx context.Context) (step int64, err error) {
	err = s.get(ctx, &step, nextStockStep)
	return step, wrap("take a step of stock", err)
}

// Sold and not taken; or taken at a later step than the panel was asked, so that it may have told it as free. Both parts have
// an index of their own.
const stockSold = `
SELECT module_id, stock_key, count(*) AS sold FROM (
    SELECT o.module_id, o.stock_key FROM unnest($1::uuid[], $2::bigint[]) AS seen (module_id, step)
    JOIN operation o ON o.module_id = seen.module_id AND o.stock_key IS NOT NULL AND o.taken_step IS NULL
         AND o.status IN ('queued', 'running', 'waiting', 'manual')
    WHERE $3::uuid IS NULL OR o.id <> $3
    UNION ALL
    SELECT o.module_id, o.stock_key FROM unnest($1::uuid[], $2::bigint[]) AS seen (module_id, step)
    JOIN operation o ON o.module_id = seen.module_id AND o.stock_key IS NOT NULL AND o.taken_step > seen.step
) x GROUP BY module_id, stock_key`

// StockSold counts what was sold on the modules of a sight and is still among what their panels told as free, without what
// one operation holds.
func (s operationStore) StockSold(ctx context.Context, seen module.Sight, but string) (module.Sold, error) {
	ids := seen.Modules()
	steps := make([]int64, len(ids))
	for i, id := range ids {
		steps[i] = seen[id].Step
	}
	var rows []struct {
		ModuleID provision.ModuleID `db:"module_id"`
		Key      string             `db:"stock_key"`
		Sold     int                `db:"sold"`
	}
	if err := s.all(ctx, &rows, stockSold, texts(ids), pq.Array(steps), nullable(but)); err != nil {
		return nil, wrap("count what was sold", err)
	}
	out := module.Sold{}
	for _, r := range rows {
		if out[r.ModuleID] == nil {
			out[r.ModuleID] = map[string]int{}
		}
		out[r.ModuleID][r.Key] = r.Sold
	}
	return out, nil
}
