package due_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/due"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/postgres"
)

// The due work of these tests exists nowhere else: a row comes due every day and writes down when it ran. A second writing
// of the same day would break the key.
const workSchema = `
CREATE TABLE chore (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), due_at timestamptz, claim_no bigint NOT NULL DEFAULT 0, lease_until timestamptz,
    master text);
CREATE TABLE chore_done (id uuid, at timestamptz, now_at timestamptz, PRIMARY KEY (id, at));`

var (
	choreColumns = postgres.DueColumns{Table: "chore", At: "due_at", Where: "true", Group: "master"}
	first        = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
)

const day = 24 * time.Hour

// rows hands the claims of the store to the loop, as package app does.
type rows struct{ *postgres.DueTable }

func (r rows) Claim(ctx context.Context, at time.Time, lot int, but []string) ([]due.Claim, error) {
	got, err := r.ClaimBut(ctx, at, lot, but)
	out := make([]due.Claim, len(got))
	for i, c := range got {
		out[i] = due.Claim{ID: c.ID, No: c.No, Group: c.Group}
	}
	return out, err
}

func (r rows) Extend(ctx context.Context, claims []due.Claim) error {
	return r.DueTable.Extend(ctx, back(claims))
}

func (r rows) Delay(ctx context.Context, claims []due.Claim, pause time.Duration) ([]string, error) {
	return r.DueTable.Delay(ctx, back(claims), pause)
}

func back(claims []due.Claim) []postgres.DueClaim {
	out := make([]postgres.DueClaim, len(claims))
	for i, c := range claims {
		out[i] = postgres.DueClaim{ID: c.ID, No: c.No}
	}
	return out
}

// shifted is a wall clock that runs ahead, so that leases of the dead need not be waited for.
type shifted struct{ by time.Duration }

func (s shifted) WallNow() time.Time { return clock.System{}.WallNow().Add(s.by) }

// work is one process's view of the chores.
type work struct {
	db   *postgres.DB
	pool *sqlx.DB
}

func open(ctx context.Context, url string, ahead time.Duration) (*work, error) {
	db, err := postgres.Open(ctx, postgres.Options{URL: url, Prepare: true, Sandbox: true, Clock: clock.System{}, Wall: shifted{ahead}})
	if err != nil {
		return nil, err
	}
	return &work{db: db, pool: db.Pool()}, nil
}

// newWork is a database with n chores, due on the first of March, where the frozen clock stands.
func newWork(t *testing.T, n int) (*work, string) {
	t.Helper()
	url := pgtest.URL(t)
	w, err := open(t.Context(), url, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.db.Close()) })
	w.must(t, workSchema)
	w.must(t, `INSERT INTO chore (due_at) SELECT $1 FROM generate_series(1, $2)`, first, n)
	require.NoError(t, w.db.Sandbox().Start(t.Context(), "frozen", first))
	return w, url
}

func (w *work) must(t *testing.T, statement string, args ...any) {
	t.Helper()
	_, err := w.pool.Exec(statement, args...)
	require.NoError(t, err)
}

func (w *work) number(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, w.pool.Get(&n, query, args...))
	return n
}

func (w *work) kind(run func(context.Context, due.Claim) error) due.Kind {
	return due.Kind{Name: "chore", Rows: rows{w.db.DueIn(choreColumns)}, Lot: 3, Parallel: 2, Run: due.Each(run)}
}

func (w *work) loop(kinds ...due.Kind) *due.Loop {
	return &due.Loop{Kinds: kinds, Every: 20 * time.Millisecond, Now: func(ctx context.Context) (time.Time, bool, error) {
		moving, err := w.db.Sandbox().Moving(ctx)
		if err != nil || moving {
			return time.Time{}, false, err
		}
		now, err := w.db.BusinessNow(ctx)
		return now, true, err
	}}
}

func (w *work) mover(t testing.TB, l *due.Loop) *due.Mover {
	life := context.Background()
	if t != nil {
		life = t.Context()
	}
	silent := func(context.Context, time.Time, string) error { return nil }
	return &due.Mover{Clock: w.db.Sandbox(), Loop: l, Panels: silent, Life: life}
}

var errLost = fault.New(fault.Conflict, "claim_lost", "Another worker has taken over.")

// do finishes a chore the way every handler must: if it is still mine, write, move on, give the claim back.
func (w *work) do(ctx context.Context, c due.Claim) (err error) {
	tx, err := w.pool.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finish(tx, err)) }()
	var at, now time.Time
	err = tx.QueryRowContext(ctx, `SELECT due_at FROM chore WHERE id = $1 AND claim_no = $2 FOR UPDATE`, c.ID, c.No).Scan(&at)
	if err != nil {
		return errLost
	}
	if _, err = tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock_shared(1413829446, 1)`); err != nil {
		return err
	}
	if err = tx.GetContext(ctx, &now, `SELECT now_at FROM sandbox_clock`); err != nil {
		return err
	}
	if _, err = tx.ExecContext(ctx, `INSERT INTO chore_done VALUES ($1, $2, $3)`, c.ID, at, now); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE chore SET due_at = $2, lease_until = NULL WHERE id = $1`, c.ID, at.Add(day))
	return err
}

func finish(tx *sqlx.Tx, err error) error {
	if err == nil {
		return tx.Commit()
	}
	_ = tx.Rollback()
	return nil // the caller has it already
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	require.Eventually(t, holds, time.Minute, 5*time.Millisecond, what)
}
