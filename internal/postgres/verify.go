package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
	"github.com/tariffd/tariffd/internal/verify"
)

// Snapshot is one unchanging view of the whole database, for verification. It reads data of everybody.
type Snapshot struct{ conn }

// Whole tables are compared with each other: what fits into this much is joined in memory, the rest goes by temporary files.
const snapshotMemory = `SET LOCAL work_mem = '64MB'`

// InSnapshot runs fn on one snapshot, in a transaction that cannot write. It takes no lock that anybody would wait for.
func (db *DB) InSnapshot(ctx context.Context, fn func(*Snapshot) error) error {
	select {
	case db.slots <- struct{}{}:
		defer func() { <-db.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	raw, err := db.pool.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = raw.Rollback() }()
	if _, err = raw.ExecContext(ctx, snapshotMemory); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return fn(&Snapshot{conn{db: db, tx: raw}})
}

// Now is the business clock. The sandbox's row is read as the snapshot has it, without the lock that keeps it from moving.
func (s *Snapshot) Now(ctx context.Context) (time.Time, error) {
	if !s.db.o.Sandbox {
		return s.db.o.Clock.BusinessNow(), nil
	}
	var row sandboxClockRow
	err := s.get(ctx, &row, selectClock)
	if isNoRows(err) { // never begun: nothing is dated yet
		return s.db.o.Clock.BusinessNow(), nil
	}
	return row.at(s.db.o.Wall.WallNow()), wrap("read the sandbox clock", err)
}

// PinnedZone is the zone that the installation was begun with; empty: it was never begun.
func (s *Snapshot) PinnedZone(ctx context.Context) (zone string, err error) {
	err = s.get(ctx, &zone, selectZone)
	if isNoRows(err) {
		return "", nil
	}
	return zone, wrap("read the installation's zone", err)
}

const verifyCounts = `
SELECT (SELECT count(*) FROM client) AS clients, (SELECT count(*) FROM payment) AS payments, (SELECT count(*) FROM posting) AS postings,
    (SELECT count(*) FROM expense) AS expenses, (SELECT count(*) FROM client_order) AS orders, (SELECT count(*) FROM service) AS services,
    (SELECT count(*) FROM operation) AS operations, (SELECT count(*) FROM task) AS tasks, (SELECT count(*) FROM traffic_link) AS links,
    (SELECT count(*) FROM traffic_block) AS blocks, (SELECT count(*) FROM block_revision) AS revisions`

// Counts is how many rows there are to check.
func (s *Snapshot) Counts(ctx context.Context) (verify.Counts, error) {
	var row struct{ Clients, Payments, Postings, Expenses, Orders, Services, Operations, Tasks, Links, Blocks, Revisions int64 }
	err := s.get(ctx, &row, verifyCounts)
	return verify.Counts{
		Clients: row.Clients, Payments: row.Payments, Postings: row.Postings, Expenses: row.Expenses, Orders: row.Orders,
		Services: row.Services, Operations: row.Operations, Tasks: row.Tasks, Links: row.Links, Blocks: row.Blocks, Revisions: row.Revisions,
	}, wrap("count rows", err)
}

// comparison is one statement that answers what breaks an invariant: columns id and detail, parameter $1 the most rows.
type comparison struct {
	invariant int
	subject   string
	query     string
}

func (s *Snapshot) broken(ctx context.Context, limit int, all ...comparison) ([]verify.Finding, error) {
	var out []verify.Finding
	for _, c := range all {
		var rows []struct {
			ID     string `db:"id"`
			Detail string `db:"detail"`
		}
		if err := s.all(ctx, &rows, c.query, limit); err != nil {
			return nil, fmt.Errorf("check invariant %d (%s): %w", c.invariant, c.subject, err)
		}
		for _, r := range rows {
			out = append(out, verify.Finding{Invariant: c.invariant, Subject: c.subject, ID: r.ID, Detail: r.Detail})
		}
	}
	return out, nil
}

// first is the id before all others, for a walk that has not begun.
func first[T ~string](id T) string {
	if id == "" {
		return "00000000-0000-0000-0000-000000000000"
	}
	return string(id)
}

// NextServers are the next services that may have blocks, in order of client and id.
func (s *Snapshot) NextServers(ctx context.Context, after traffic.Point, limit int) ([]traffic.Point, error) {
	after = traffic.Point{ClientID: actor.ClientID(first(after.ClientID)), Server: service.ID(first(after.Server))}
	return trafficStore{s.conn}.NextServers(ctx, after, nil, limit)
}

// Histories are the links of servers and the activity of the bandwidth services in them.
func (s *Snapshot) Histories(ctx context.Context, clients []actor.ClientID, servers []service.ID) ([]traffic.Link, traffic.Activity, error) {
	return trafficStore{s.conn}.Histories(ctx, clients, servers)
}

const blockDays = `SELECT min(day) AS first, max(day) AS last FROM traffic_block`

// BlockDays are the first and the last day of any block.
func (s *Snapshot) BlockDays(ctx context.Context) (calendar.Day, calendar.Day, error) {
	var row struct{ First, Last calendar.Day }
	err := s.get(ctx, &row, blockDays)
	return row.First, row.Last, wrap("read the days of blocks", err)
}

const strayBlocks = `WITH ` + runsOfMove + `
SELECT server_service_id AS server, old_owner AS owner, new_owner AS expected, min(day) AS first, max(day) AS last, count(*) AS blocks
FROM seen WHERE old_owner <> new_owner
GROUP BY server_service_id, old_owner, new_owner ORDER BY server_service_id, min(day) LIMIT $8`

// StrayBlocks are the blocks within the runs whose owner is another.
func (s *Snapshot) StrayBlocks(ctx context.Context, m traffic.Move, limit int) ([]verify.Stray, error) {
	if len(m.Runs) == 0 {
		return nil, nil
	}
	var rows []struct {
		Server, Owner, Expected service.ID
		First, Last             calendar.Day
		Blocks                  int64
	}
	if err := s.all(ctx, &rows, strayBlocks, append(runArgs(m), limit)...); err != nil {
		return nil, fmt.Errorf("compare owners: %w", err)
	}
	out := make([]verify.Stray, len(rows))
	for i, r := range rows {
		out[i] = verify.Stray{Server: r.Server, Owner: r.Owner, Expected: r.Expected, First: r.First, Last: r.Last, Blocks: r.Blocks}
	}
	return out, nil
}

// An open link or an open price of ours makes a service worth looking at; its carrier is the active bandwidth service that an
// open link names.
const nextPriced = `
SELECT p.client_id, p.service_id, coalesce(b.id::text, '') AS carrier
FROM (SELECT client_id, server_service_id AS service_id FROM traffic_link WHERE to_at IS NULL AND superseded_at IS NULL
      UNION
      SELECT client_id, service_id FROM service_term WHERE to_at IS NULL AND source = 'bandwidth') AS p
LEFT JOIN traffic_link l ON l.client_id = p.client_id AND l.server_service_id = p.service_id AND l.to_at IS NULL AND l.superseded_at IS NULL
LEFT JOIN service b ON b.id = l.bandwidth_service_id AND b.status = 'active'
WHERE (p.client_id, p.service_id) > ($1::uuid, $2::uuid)
ORDER BY p.client_id, p.service_id LIMIT $3`

// NextPriced are the next services whose prices a link sets, set or may have left behind.
func (s *Snapshot) NextPriced(ctx context.Context, after traffic.Point, limit int) ([]verify.Priced, error) {
	var rows []struct {
		ClientID actor.ClientID `db:"client_id"`
		Service  service.ID     `db:"service_id"`
		Carrier  service.ID     `db:"carrier"`
	}
	if err := s.all(ctx, &rows, nextPriced, first(after.ClientID), first(after.Server), limit); err != nil {
		return nil, fmt.Errorf("read linked servers: %w", err)
	}
	out := make([]verify.Priced, len(rows))
	for i, r := range rows {
		out[i] = verify.Priced{Point: traffic.Point{ClientID: r.ClientID, Server: r.Service}, Carrier: r.Carrier}
	}
	return out, nil
}

const openTermsOf = `
SELECT ` + termColumns + ` FROM service_term
WHERE client_id = ANY ($1::uuid[]) AND service_id = ANY ($2::uuid[]) AND to_at IS NULL
ORDER BY service_id, item, from_at, id`

// OpenTermsOf are the open terms of services of several clients.
func (s *Snapshot) OpenTermsOf(ctx context.Context, clients []actor.ClientID, services []service.ID) ([]service.TermRow, error) {
	return s.terms(ctx, openTermsOf, texts(clients), texts(services))
}

// pointArrays are the two columns of places in the order of clients and services.
func pointArrays(points []traffic.Point) (clients, services any) {
	c, s := make([]string, len(points)), make([]string, len(points))
	for i, p := range points {
		c[i], s[i] = string(p.ClientID), string(p.Server)
	}
	return pq.Array(c), pq.Array(s)
}
