package postgres

import (
	"context"
	"database/sql"
	"fmt"
)

// Ping asks the database for an answer.
func (db *DB) Ping(ctx context.Context) error { return db.pool.PingContext(ctx) }

const lockMigration = `SELECT pg_advisory_xact_lock(1413829446, 4)`

// Alone runs a change of the schema while no other process runs one. The lock belongs to a transaction that does nothing
// else, because migrations bring their own.
func (db *DB) Alone(ctx context.Context, change func(ctx context.Context, pool *sql.DB) error) error {
	tx, err := db.pool.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("lock the schema: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err = tx.ExecContext(ctx, lockMigration); err != nil {
		return fmt.Errorf("lock the schema: %w", err)
	}
	return change(ctx, db.pool.DB)
}

const insertInstallation = `
INSERT INTO installation (billing_zone, created_at) VALUES ($1, $2) ON CONFLICT (only_row) DO NOTHING`

const selectZone = `SELECT billing_zone FROM installation`

// BillingZone pins the zone at the first start and answers the one that is pinned.
func (db *DB) BillingZone(ctx context.Context, zone string) (pinned string, err error) {
	c := conn{db: db}
	if _, err = c.exec(ctx, insertInstallation, zone, db.o.Wall.WallNow()); err == nil {
		err = c.get(ctx, &pinned, selectZone)
	}
	if err != nil {
		return "", fmt.Errorf("read the installation's zone: %w", err)
	}
	return pinned, nil
}
