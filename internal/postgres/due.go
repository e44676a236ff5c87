package postgres

import (
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/lib/pq"
)

// Lease is how long a claim is good without a heartbeat, in real time.
const Lease = 30 * time.Second

// DueColumns says where the due rows of one table are: every such table has id, claim_no and lease_until.
type DueColumns struct{ Table, At, Where string }

// The due tables, by the kind of work. Each has a partial index on its instant.
var dueTables = map[string]DueColumns{
	"statistics_day":   {"statistics_day", "next_run_at", "true"},
	"collection":       {"collection", "due_at", "status = 'due'"},
	"overage":          {"overage_due", "due_at", "true"},
	"operation":        {"operation", "next_attempt_at", "status IN ('queued', 'running', 'waiting')"},
	"daily_run":        {"client", "next_run_at", "parked_reason IS NULL"},
	"order_expiry":     {"client_order", "expires_at", "status = 'awaiting_payment'"},
	"service_deletion": {"service", "delete_at", "delete_at IS NOT NULL AND status IN ('active', 'suspended')"},
	"recomputation":    {"recomputation", "due_at", "status = 'running'"},
}

// DueClaim is one row that this process may work on while the row carries No.
type DueClaim struct {
	ID string `db:"id"`
	No int64  `db:"claim_no"`
}

// DueTable claims the due rows of one table.
type DueTable struct {
	conn
	next, claim, extend, delay string
}

// Due returns the due rows of one kind of work; an unknown kind is a programming error.
func (db *DB) Due(kind string) *DueTable {
	c, ok := dueTables[kind]
	if !ok {
		panic("postgres: no due table for " + kind)
	}
	return db.DueIn(c)
}

// The ids are collected before the update, so that the limit holds whatever the planner does; rows that somebody is just
// claiming, or that a use-case holds, are passed over.
const (
	dueNext  = `SELECT %[2]s FROM %[1]s WHERE %[3]s AND %[2]s IS NOT NULL ORDER BY %[2]s LIMIT 1`
	dueClaim = `
UPDATE %[1]s SET claim_no = claim_no + 1, lease_until = $2
WHERE id = ANY (ARRAY(
    SELECT id FROM %[1]s WHERE %[3]s AND %[2]s <= $1 AND (lease_until IS NULL OR lease_until < $3)
    ORDER BY %[2]s, id LIMIT $4 FOR UPDATE SKIP LOCKED))
RETURNING id, claim_no`
	dueExtend = `
UPDATE %[1]s SET lease_until = $3
WHERE id = ANY (ARRAY(
    SELECT t.id FROM %[1]s t JOIN unnest($1::uuid[], $2::bigint[]) AS c (id, no) ON t.id = c.id AND t.claim_no = c.no
    WHERE t.lease_until IS NOT NULL ORDER BY t.id FOR UPDATE OF t SKIP LOCKED))`
	dueDelay = `
UPDATE %[1]s SET lease_until = $3
WHERE id = ANY (ARRAY(
    SELECT t.id FROM %[1]s t JOIN unnest($1::uuid[], $2::bigint[]) AS c (id, no) ON t.id = c.id AND t.claim_no = c.no
    WHERE t.lease_until IS NOT NULL ORDER BY t.id FOR UPDATE OF t))
RETURNING id`
)

// DueIn is like Due for a table of one's own. The columns become part of statements: they are constants of the program.
func (db *DB) DueIn(c DueColumns) *DueTable {
	fill := func(statement string) string { return fmt.Sprintf(statement, c.Table, c.At, c.Where) }
	return &DueTable{
		conn: conn{db: db}, next: fill(dueNext), claim: fill(dueClaim),
		extend: fmt.Sprintf(dueExtend, c.Table), delay: fmt.Sprintf(dueDelay, c.Table),
	}
}

// Next is the earliest due instant, rows being worked on included.
func (d *DueTable) Next(ctx context.Context) (time.Time, bool, error) {
	var at time.Time
	err := d.get(ctx, &at, d.next)
	if isNoRows(err) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("next due row: %w", err)
	}
	return at.UTC(), true, nil
}

// Claim takes at most lot rows that are due at a business instant, in order of their ids.
func (d *DueTable) Claim(ctx context.Context, at time.Time, lot int) ([]DueClaim, error) {
	var claims []DueClaim
	wall := d.db.o.Wall.WallNow()
	if err := d.all(ctx, &claims, d.claim, at, wall.Add(Lease), wall, lot); err != nil {
		return nil, fmt.Errorf("claim due rows: %w", err)
	}
	sort.Slice(claims, func(i, j int) bool { return claims[i].ID < claims[j].ID })
	return claims, nil
}

// Extend renews the leases of claims that are still held. Rows under a lock are passed over: whoever holds it is alive.
func (d *DueTable) Extend(ctx context.Context, claims []DueClaim) error {
	ids, nos := d.arrays(claims)
	if _, err := d.exec(ctx, d.extend, ids, nos, d.db.o.Wall.WallNow().Add(Lease)); err != nil {
		return fmt.Errorf("extend leases: %w", err)
	}
	return nil
}

// Delay lets go of claims that are still held, for a pause, and answers their ids.
func (d *DueTable) Delay(ctx context.Context, claims []DueClaim, pause time.Duration) ([]string, error) {
	ids, nos := d.arrays(claims)
	var left []string
	if err := d.all(ctx, &left, d.delay, ids, nos, d.db.o.Wall.WallNow().Add(pause)); err != nil {
		return nil, fmt.Errorf("delay due rows: %w", err)
	}
	return left, nil
}

func (d *DueTable) arrays(claims []DueClaim) (ids, nos any) {
	texts, numbers := make([]string, len(claims)), make([]int64, len(claims))
	for i, c := range claims {
		texts[i], numbers[i] = c.ID, c.No
	}
	return pq.Array(texts), pq.Array(numbers)
}
