package postgres

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
)

// Lease is how long a claim is good without a heartbeat, in real time.
const Lease = 30 * time.Second

// DueColumns says where the due rows of one table are: every such table has id, claim_no and lease_until.
type DueColumns struct {
	Table, At, Where string
	Order            string // which of the rows due at one instant come first; empty: by id
	Group            string // what rows may be passed over by, together; empty: nothing
	// Light: claims need not outlive a crash of the database, which saves a wait for the disk each. Only for work that two may
	// do at once without harm, because a number that was lost is given again.
	Light bool
}

// The due tables, by the kind of work. Each has a partial index on its instant.
var dueTables = map[string]DueColumns{
	"statistics_day": {Table: "statistics_day", At: "next_run_at", Where: "true"},
	"collection":     {Table: "collection", At: "due_at", Where: "status = 'due'", Group: "module_id"},
	// Neighbours are of one client, whose lock they share. While a recomputation moves blocks its marks wait for the end: what
	// is charged before would be charged again.
	"overage": {
		Table: "overage_due", At: "due_at", Order: "client_id, id", Light: true,
		Where: "NOT EXISTS (SELECT FROM recomputation WHERE status = 'running' AND NOT preview)",
	},
	"operation":        {Table: "operation", At: "next_attempt_at", Where: "status IN ('queued', 'running', 'waiting')", Group: "module_id"},
	"daily_run":        {Table: "client", At: "next_run_at", Where: "true"},
	"resumption":       {Table: "client", At: "resume_at", Where: "true"},
	"order_expiry":     {Table: "client_order", At: "expires_at", Where: "status = 'awaiting_payment'"},
	"service_deletion": {Table: "service", At: "delete_at", Where: "delete_at IS NOT NULL AND status IN ('active', 'suspended')"},
	"module_sync":      {Table: "processing_module", At: "sync_at", Where: "enabled"},
	"recomputation":    {Table: "recomputation", At: "due_at", Where: "status = 'running'"},
}

// DueClaim is one row that this process may work on while the row carries No.
type DueClaim struct {
	ID string `db:"id"`
	No int64  `db:"claim_no"`
}

// GroupedClaim is a claim with the group of its row, which is empty where it has none.
type GroupedClaim struct {
	DueClaim
	Group string `db:"claim_group"`
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
	dueNext = `SELECT {at} FROM {table} WHERE {where} AND {at} IS NOT NULL ORDER BY {at} LIMIT 1`
	// dueNexts has a row for each table with something that will be due.
	dueNexts = `SELECT {no} AS no, next.at FROM (` + dueNext + `) AS next (at)`
	dueClaim = `
UPDATE {table} SET claim_no = claim_no + 1, lease_until = $2
WHERE id = ANY (ARRAY(
    SELECT id FROM {table} WHERE {where} AND {at} <= $1 AND (lease_until IS NULL OR lease_until < $3)
        AND ({group} IS NULL OR {group}::text <> ALL ($5::text[]))
    ORDER BY {at}, {order} LIMIT $4 FOR UPDATE SKIP LOCKED)){light}
RETURNING id, claim_no, coalesce({group}::text, '') AS claim_group`
	dueExtend = `
UPDATE {table} SET lease_until = $3
WHERE id = ANY (ARRAY(
    SELECT t.id FROM {table} t JOIN unnest($1::uuid[], $2::bigint[]) AS c (id, no) ON t.id = c.id AND t.claim_no = c.no
    WHERE t.lease_until IS NOT NULL ORDER BY t.id FOR UPDATE OF t SKIP LOCKED)){light}`
	dueDelay = `
UPDATE {table} SET lease_until = $3
WHERE id = ANY (ARRAY(
    SELECT t.id FROM {table} t JOIN unnest($1::uuid[], $2::bigint[]) AS c (id, no) ON t.id = c.id AND t.claim_no = c.no
    WHERE t.lease_until IS NOT NULL ORDER BY t.id FOR UPDATE OF t)){light}
RETURNING id`
	// dueLight holds for the statement's own transaction.
	dueLight = ` AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'`
)

// DueIn is like Due for a table of one's own. The columns become part of statements: they are constants of the program.
func (db *DB) DueIn(c DueColumns) *DueTable {
	light := ""
	if c.Light {
		light = dueLight
	}
	if c.Order == "" {
		c.Order = "id"
	}
	if c.Group == "" {
		c.Group = "NULL"
	}
	fill := strings.NewReplacer("{table}", c.Table, "{at}", c.At, "{where}", c.Where, "{order}", c.Order, "{group}", c.Group,
		"{light}", light).Replace
	return &DueTable{conn: conn{db: db}, next: fill(dueNext), claim: fill(dueClaim), extend: fill(dueExtend), delay: fill(dueDelay)}
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

// DueNexts answers the Next of several kinds in one question, in their order; the zero instant where there is none.
func (db *DB) DueNexts(kinds ...string) func(context.Context) ([]time.Time, error) {
	parts := make([]string, len(kinds))
	for i, kind := range kinds {
		c := dueTables[kind]
		parts[i] = strings.NewReplacer("{no}", strconv.Itoa(i), "{table}", c.Table, "{at}", c.At, "{where}", c.Where).Replace(dueNexts)
	}
	query := strings.Join(parts, " UNION ALL ")
	return func(ctx context.Context) ([]time.Time, error) {
		var rows []struct {
			No int
			At time.Time
		}
		if err := (conn{db: db}).all(ctx, &rows, query); err != nil {
			return nil, fmt.Errorf("next due rows: %w", err)
		}
		nexts := make([]time.Time, len(kinds))
		for _, r := range rows {
			nexts[r.No] = r.At.UTC()
		}
		return nexts, nil
	}
}

// Claim takes at most lot rows that are due at a business instant, in order of their ids.
func (d *DueTable) Claim(ctx context.Context, at time.Time, lot int) ([]DueClaim, error) {
	claims, err := d.ClaimBut(ctx, at, lot, nil)
	out := make([]DueClaim, len(claims))
	for i, c := range claims {
		out[i] = c.DueClaim
	}
	return out, err
}

// ClaimBut is Claim without the rows of some groups.
func (d *DueTable) ClaimBut(ctx context.Context, at time.Time, lot int, but []string) ([]GroupedClaim, error) {
	var claims []GroupedClaim
	wall := d.db.o.Wall.WallNow()
	if err := d.all(ctx, &claims, d.claim, at, wall.Add(Lease), wall, lot, texts(but)); err != nil {
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
