// Package pgtest gives tests a real PostgreSQL with the current schema.
//
// It owns the server that all test processes of one working copy share, the
// migrated template on it, and the databases cloned from that. It does not own
// what tests write there; nothing but tests imports it, and no TestMain is
// needed.
//
// Invariants:
//   - A test never sees another's rows: it has its own database, or a
//     transaction that is rolled back.
//   - A template is the work of exactly the migrations that are compiled in;
//     other migrations make another template.
//   - Whatever a killed test process leaves behind, databases or the server,
//     goes away without it. A missing server fails the test, it never skips.
//
// TARIFFD_TEST_DATABASE_URL names another server to use, by the URL of a
// database whose role may create databases.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq" // the driver of every pool here

	"github.com/tariffd/tariffd/db"
)

const (
	// poolSize leaves room for many parallel tests on one server.
	poolSize = 8
	// txPoolSize bounds the transactions open at once in one test process.
	txPoolSize = 32
	// setupLimit covers making a cluster and migrating the template.
	setupLimit = 2 * time.Minute
	// stepLimit covers one database made or dropped.
	stepLimit = 2 * time.Minute
)

// New is a pool on a fresh database with the current schema, dropped at the
// end of the test.
func New(t testing.TB) *sqlx.DB {
	t.Helper()
	pool, err := sqlx.Open("postgres", URL(t))
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	pool.SetMaxOpenConns(poolSize)
	pool.SetMaxIdleConns(poolSize)
	// Runs before the database is dropped.
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// URL is like New for a child process: the address of the database.
func URL(t testing.TB) string {
	t.Helper()
	s := server(t)
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	name, err := s.clone(ctx)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
		defer cancel()
		if err := drop(ctx, s.admin, name); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return s.url(name)
}

// Tx is a transaction, rolled back at the end of the test, on a database that
// the tests of this process share. Far cheaper than New; but two tests that
// insert the same unique value wait for each other, so values that must be
// unique should be made up anew by each test.
func Tx(t testing.TB) *sqlx.Tx {
	t.Helper()
	pool, err := common(server(t))
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	tx, err := pool.BeginTxx(context.Background(), nil)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("pgtest: roll back: %v", err)
		}
	})
	return tx
}

// One server and one database for transactions per process, both made at their
// first use and kept until the process ends: there is no later moment that a
// test binary without TestMain would tell us of.
var (
	connectOnce sync.Once
	connected   *host
	errConnect  error

	commonOnce sync.Once
	commonPool *sqlx.DB
	errCommon  error
)

func server(t testing.TB) *host {
	t.Helper()
	connectOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), setupLimit)
		defer cancel()
		var url string
		if url, errConnect = serverURL(ctx); errConnect == nil {
			connected, errConnect = connect(ctx, url, schema{files: db.Migrations, up: db.Up})
		}
	})
	if errConnect != nil {
		t.Fatalf("pgtest: this test needs PostgreSQL (found on the machine, or named by %s): %v", urlVariable, errConnect)
	}
	return connected
}

func common(s *host) (*sqlx.DB, error) {
	commonOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
		defer cancel()
		var name string
		if name, errCommon = s.clone(ctx); errCommon != nil {
			return
		}
		if commonPool, errCommon = sqlx.Open("postgres", s.url(name)); errCommon == nil {
			commonPool.SetMaxOpenConns(txPoolSize)
			commonPool.SetMaxIdleConns(txPoolSize)
		}
	})
	return commonPool, errCommon
}
