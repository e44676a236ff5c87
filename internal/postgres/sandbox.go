package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Sandbox is the movable clock, one row for all processes.
type Sandbox struct{ conn }

// Sandbox returns the movable clock.
func (db *DB) Sandbox() *Sandbox { return &Sandbox{conn{db: db}} }

const insertClock = `
INSERT INTO sandbox_clock (mode, now_at, moved_at) VALUES ($1, $2, $3) ON CONFLICT (only_row) DO NOTHING`

// What migrations made was dated by the real clock; on a clock that stands before, it is there from the beginning.
const dateBuiltin = `
WITH p AS (UPDATE provider SET created_at = $1 WHERE created_at > $1), d AS (UPDATE department SET created_at = $1 WHERE created_at > $1),
     u AS (UPDATE unit SET created_at = $1 WHERE created_at > $1), t AS (UPDATE product_type SET created_at = $1 WHERE created_at > $1),
     a AS (UPDATE product_type_add_on SET created_at = $1 WHERE created_at > $1)
UPDATE product_type_parameter SET created_at = $1 WHERE created_at > $1`

// Start begins the clock at an instant on the first start of an installation; later it stands where it was.
func (s *Sandbox) Start(ctx context.Context, mode string, at time.Time) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		started, err := tx.clockStore.exec(ctx, insertClock, mode, at, s.db.o.Wall.WallNow())
		if err != nil || started == 0 {
			return err
		}
		_, err = tx.clockStore.exec(ctx, dateBuiltin, at)
		return err
	})
	if err != nil {
		return fmt.Errorf("start the sandbox clock: %w", err)
	}
	return nil
}

const updateMode = `
UPDATE sandbox_clock SET mode = $1, moved_at = $2,
    now_at = now_at + CASE mode WHEN 'running' THEN greatest($2 - moved_at, interval '0') ELSE interval '0' END
WHERE mode <> $1`

// SetMode lets the clock run or freezes it, where it stands at the moment.
func (s *Sandbox) SetMode(ctx context.Context, mode string) error {
	return s.change(ctx, updateMode, mode)
}

// Now reads the clock.
func (s *Sandbox) Now(ctx context.Context) (time.Time, string, error) {
	var row sandboxClockRow
	if err := s.get(ctx, &row, selectClock); err != nil {
		return time.Time{}, "", fmt.Errorf("read the sandbox clock: %w", err)
	}
	return row.at(s.db.o.Wall.WallNow()), row.Mode, nil
}

const tryLockMover = `SELECT pg_try_advisory_xact_lock(1413829446, 2)`

// Hold makes the caller the one mover of the clock, in all processes, until release; false: somebody else is. The lock
// belongs to a transaction that does nothing else, so that it ends with the process, however that ends.
func (s *Sandbox) Hold(ctx context.Context) (release func(), ok bool, err error) {
	tx, err := s.db.pool.BeginTxx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, false, fmt.Errorf("hold the sandbox clock: %w", away(err))
	}
	end := func() { _ = tx.Rollback() }
	if err = sqlx.GetContext(ctx, tx, &ok, tryLockMover); err != nil || !ok {
		end()
		if err != nil {
			err = fmt.Errorf("hold the sandbox clock: %w", away(err))
		}
		return nil, false, err
	}
	s.db.moves.Add(1)
	return func() {
		s.db.moves.Add(-1)
		end()
	}, true, nil
}

const clockIsHeld = `
SELECT EXISTS (SELECT FROM pg_locks
               WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 AND classid = 1413829446 AND objid = 2 AND objsubid = 2 AND granted)`

// Moving tells whether somebody moves the clock at the moment.
func (s *Sandbox) Moving(ctx context.Context) (bool, error) {
	if s.db.moves.Load() > 0 { // we ourselves: nobody need be asked
		return true, nil
	}
	var held bool
	if err := s.get(ctx, &held, clockIsHeld); err != nil {
		return false, fmt.Errorf("look who moves the sandbox clock: %w", err)
	}
	return held, nil
}

const lockClock = `SELECT pg_advisory_xact_lock(1413829446, 1)`

const updateClock = `
UPDATE sandbox_clock SET now_at = $1, moved_at = $2
WHERE $1 > now_at + CASE mode WHEN 'running' THEN greatest($2 - moved_at, interval '0') ELSE interval '0' END`

// Set moves the clock forward to an instant; it never moves it backwards.
func (s *Sandbox) Set(ctx context.Context, to time.Time) error {
	return s.change(ctx, updateClock, to)
}

// change waits for the transactions that have read the clock and keeps new ones from reading it meanwhile.
func (s *Sandbox) change(ctx context.Context, statement string, to any) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		if _, err := tx.clockStore.exec(ctx, lockClock); err != nil {
			return err
		}
		_, err := tx.clockStore.exec(ctx, statement, to, s.db.o.Wall.WallNow())
		return err
	})
	if err != nil {
		return fmt.Errorf("set the sandbox clock: %w", err)
	}
	return nil
}

// BusinessNow is the business clock outside any transaction: for the loop that looks for due work, not for rules.
func (db *DB) BusinessNow(ctx context.Context) (time.Time, error) {
	return conn{db: db}.businessNow(ctx)
}
