package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Tx is one transaction: the embedding of one store per feature. Package app narrows it to each feature's own interface.
type Tx struct {
	clockStore
	onceStore
	eventStore
	clientStore
	groupStore
	taxStore
	termStore
	trafficStore
	ledgerStore
	chargeStore
	paymentStore
	dataCenterStore
	departmentStore
	unitStore
	enumerationStore
	productTypeStore
	parameterStore
	moduleStore
	companionStore
	pricelistStore
	tariffStore
	serviceStore
	operationStore
	taskStore
	orderStore
	billingStore
	viewStore
	challengeStore
}

func newTx(c conn) *Tx {
	return &Tx{
		clockStore:       clockStore{conn: c},
		onceStore:        onceStore{c},
		eventStore:       eventStore{c},
		clientStore:      clientStore{c},
		groupStore:       groupStore{c},
		taxStore:         taxStore{c},
		ledgerStore:      ledgerStore{c},
		chargeStore:      chargeStore{c},
		paymentStore:     paymentStore{c},
		dataCenterStore:  dataCenterStore{c},
		departmentStore:  departmentStore{c},
		unitStore:        unitStore{c},
		enumerationStore: enumerationStore{c},
		productTypeStore: productTypeStore{c},
		parameterStore:   parameterStore{c},
		moduleStore:      moduleStore{c},
		companionStore:   companionStore{c},
		pricelistStore:   pricelistStore{c},
		tariffStore:      tariffStore{c},
		serviceStore:     serviceStore{c},
		operationStore:   operationStore{c},
		taskStore:        taskStore{c},
		orderStore:       orderStore{c},
		billingStore:     billingStore{c},
		viewStore:        viewStore{c},
		challengeStore:   challengeStore{c},
		termStore:        termStore{c},
		trafficStore:     trafficStore{c},
	}
}

// conn runs statements inside one transaction, or straight on the pool where tx is nil (reads).
type conn struct {
	db   *DB
	tx   *sqlx.Tx
	late *late // of the transaction; nil on the pool
}

// errNoRows lets stores say what is missing in their own words.
var errNoRows = sql.ErrNoRows

func (c conn) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := c.settle(ctx); err != nil {
		return 0, err
	}
	return c.execNow(ctx, query, args...)
}

func (c conn) execNow(ctx context.Context, query string, args ...any) (int64, error) {
	var res sql.Result
	var err error
	if !c.db.o.Prepare {
		res, err = c.ext().ExecContext(ctx, query, args...)
	} else {
		var s *sqlx.Stmt
		if s, err = c.prepared(ctx, query); err == nil {
			res, err = s.ExecContext(ctx, args...)
		}
	}
	if err != nil {
		return 0, away(err)
	}
	return res.RowsAffected()
}

// get scans one row into dst (a struct with db tags or a single value); no row is errNoRows.
func (c conn) get(ctx context.Context, dst any, query string, args ...any) error {
	if err := c.settle(ctx); err != nil {
		return err
	}
	if !c.db.o.Prepare {
		return away(sqlx.GetContext(ctx, c.ext(), dst, query, args...))
	}
	s, err := c.prepared(ctx, query)
	if err != nil {
		return away(err)
	}
	return away(s.GetContext(ctx, dst, args...))
}

// all scans every row into dst, a slice.
func (c conn) all(ctx context.Context, dst any, query string, args ...any) error {
	if err := c.settle(ctx); err != nil {
		return err
	}
	if !c.db.o.Prepare {
		return away(sqlx.SelectContext(ctx, c.ext(), dst, query, args...))
	}
	s, err := c.prepared(ctx, query)
	if err != nil {
		return away(err)
	}
	return away(s.SelectContext(ctx, dst, args...))
}

func (c conn) ext() sqlx.ExtContext {
	if c.tx != nil {
		return c.tx
	}
	return c.db.pool
}

func (c conn) prepared(ctx context.Context, query string) (*sqlx.Stmt, error) {
	s, err := c.db.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	if c.tx != nil {
		return c.tx.StmtxContext(ctx, s), nil
	}
	return s, nil
}

func isNoRows(err error) bool { return errors.Is(err, errNoRows) }

// clockStore gives a transaction its one business instant.
type clockStore struct {
	conn
	read *time.Time
}

const sandboxNow = `SELECT mode, now_at, moved_at FROM sandbox_now()`

const selectClock = `SELECT mode, now_at, moved_at FROM sandbox_clock`

// Now returns the business instant of this transaction, read once. Read it after the client's lock, so that a client's
// history never runs backwards. In the sandbox it is the movable clock, which stands still until this transaction ends.
func (s *clockStore) Now(ctx context.Context) (time.Time, error) {
	if s.read != nil {
		return *s.read, nil
	}
	t, err := s.businessNow(ctx)
	if err != nil {
		return time.Time{}, err
	}
	s.read = &t
	return t, nil
}

// businessNow reads the clock. In a transaction a function of the database locks it first and reads it then, each with a
// snapshot of its own: one statement alone would read the clock as it stood before the lock was waited for.
func (c conn) businessNow(ctx context.Context) (time.Time, error) {
	if !c.db.o.Sandbox {
		return c.db.o.Clock.BusinessNow(), nil
	}
	query := selectClock
	if c.tx != nil {
		query = sandboxNow
	}
	var row sandboxClockRow
	if err := c.get(ctx, &row, query); err != nil {
		return time.Time{}, fmt.Errorf("read the sandbox clock: %w", err)
	}
	return row.at(c.db.o.Wall.WallNow()), nil
}

type sandboxClockRow struct {
	Mode    string    `db:"mode"`
	NowAt   time.Time `db:"now_at"`
	MovedAt time.Time `db:"moved_at"`
}

// at returns the business instant that the row means at a real instant.
func (r sandboxClockRow) at(wall time.Time) time.Time {
	now := r.NowAt.UTC()
	if r.Mode == "running" && wall.After(r.MovedAt) {
		now = now.Add(wall.Sub(r.MovedAt)).Truncate(time.Microsecond)
	}
	return now
}
