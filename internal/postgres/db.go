// Package postgres is where every SQL statement of the program stands, one file per feature.
//
// It owns the pool, transactions with their retries, the mapping of constraint names to faults, the claiming of due rows,
// and one store per feature. It owns no rule: prices, states and dates are decided by the features above it.
//
// Invariants: a statement is a const beside the one function that runs it; what is read for a caller is limited by a Scope;
// no session state (only SET LOCAL and transaction-level advisory locks), so that PgBouncer may stand between.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/secret"
)

// Options are the pool's settings.
type Options struct {
	URL     string
	Prepare bool // off: binary_parameters instead, for PgBouncer's transaction mode
	MaxOpen int
	Sandbox bool // business time is the row sandbox_clock
	Clock   clock.Business
	Wall    clock.Wall
	Box     *secret.Box
}

// DB is the pool and the statements prepared on it.
type DB struct {
	pool *sqlx.DB
	o    Options
	// slots keeps two connections free of transactions, so that preparing a statement on the pool never waits for the
	// transactions that wait for the statement.
	slots   chan struct{}
	mu      sync.RWMutex
	byQuery map[string]*sqlx.Stmt
	kept    *kept
	moves   atomic.Int32 // of the sandbox's clock by this process, now
}

// Open connects; the database must already be there.
func Open(ctx context.Context, o Options) (*DB, error) {
	url := o.URL
	if !o.Prepare {
		url = withParameter(url, "binary_parameters=yes")
	}
	pool, err := sqlx.ConnectContext(ctx, "postgres", url)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	if o.MaxOpen == 0 {
		o.MaxOpen = 16
	}
	pool.SetMaxOpenConns(o.MaxOpen)
	pool.SetMaxIdleConns(o.MaxOpen)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return New(pool, o), nil
}

// New wraps a pool that is already open.
func New(pool *sqlx.DB, o Options) *DB {
	slots := pool.Stats().MaxOpenConnections - 2
	if slots < 1 {
		slots = 1
	}
	return &DB{pool: pool, o: o, slots: make(chan struct{}, slots), byQuery: map[string]*sqlx.Stmt{}, kept: newKept()}
}

// Pool returns the pool, for migrations and health checks.
func (db *DB) Pool() *sqlx.DB { return db.pool }

// Close closes the pool.
func (db *DB) Close() error { return db.pool.Close() }

// InTx runs fn in one transaction and commits it. It runs fn again when PostgreSQL asks for it (serialization failure,
// deadlock), when an answer was stored under the same idempotency key meanwhile, or the version of a tariff that fn sold by was
// just replaced; so fn must be pure but for its tx.
func (db *DB) InTx(ctx context.Context, fn func(*Tx) error) error {
	for try := 1; ; try++ {
		err := db.once(ctx, fn)
		if !retryable(err) || try == maxTries || ctx.Err() != nil {
			return fromConstraint(err)
		}
	}
}

const maxTries = 5

func (db *DB) once(ctx context.Context, fn func(*Tx) error) (err error) {
	select {
	case db.slots <- struct{}{}:
		defer func() { <-db.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	raw, err := db.pool.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if p := recover(); p != nil {
			_ = raw.Rollback()
			panic(p)
		}
		if err != nil {
			_ = raw.Rollback()
		}
	}()
	c := conn{db: db, tx: raw, late: &late{}}
	if err = fn(newTx(c)); err != nil {
		return err
	}
	if err = c.settle(ctx); err != nil {
		return err
	}
	if err = raw.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func retryable(err error) bool {
	var pe *pq.Error
	return errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01" || pe.Constraint == "idempotency_key_pk" ||
		pe.Constraint == "service_tariff_version_fk")
}

// stmt returns the statement prepared once per pool; database/sql prepares it on each connection when first used there.
func (db *DB) stmt(ctx context.Context, query string) (*sqlx.Stmt, error) {
	db.mu.RLock()
	s, ok := db.byQuery[query]
	db.mu.RUnlock()
	if ok {
		return s, nil
	}
	s, err := db.pool.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if first, ok := db.byQuery[query]; ok {
		_ = s.Close()
		return first, nil
	}
	db.byQuery[query] = s
	return s, nil
}

func withParameter(url, parameter string) string {
	sep := "?"
	for _, c := range url {
		if c == '?' {
			sep = "&"
		}
	}
	return url + sep + parameter
}
