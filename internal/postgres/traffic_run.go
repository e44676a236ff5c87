package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// held turns "no row" of a Hold… statement into the loss of the claim.
func held(err error, what string) error { return missing(err, errClaimLost, what) }

const insertRecomputation = `
INSERT INTO recomputation (id, first_day, last_day, server_ids, preview, status, due_at, actor, created_at)
VALUES ($1, $2, $3, $4::uuid[], $5, 'running', $6, $7, $6)`

// InsertRecomputation makes a recomputation due at once.
func (s trafficStore) InsertRecomputation(ctx context.Context, r traffic.Recomputation) error {
	by, err := json.Marshal(r.By)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, insertRecomputation, r.ID, r.First, r.Last, optionalIDs(r.Servers), r.Preview, r.CreatedAt, by)
	return wrap("insert recomputation", err)
}

// optionalIDs is null for no list at all.
func optionalIDs(ids []service.ID) any {
	if ids == nil {
		return nil
	}
	return texts(ids)
}

const recomputationColumns = `
id, first_day, last_day, server_ids::text[] AS server_ids, preview, status, recent, coalesce(after_client, '00000000-0000-0000-0000-000000000000') AS after_client,
coalesce(after_server, '00000000-0000-0000-0000-000000000000') AS after_server, blocks, changed, actor, claim_no, created_at, finished_at`

const holdRecomputation = `
SELECT ` + recomputationColumns + ` FROM recomputation WHERE id = $1 AND claim_no = $2 AND status = 'running' FOR UPDATE`

// HoldRecomputation locks a recomputation that the caller claimed.
func (s trafficStore) HoldRecomputation(ctx context.Context, id string, claimNo int64) (traffic.Recomputation, error) {
	var row recomputationRow
	if err := s.get(ctx, &row, holdRecomputation, id, claimNo); err != nil {
		return traffic.Recomputation{}, held(err, "hold recomputation")
	}
	return row.toRecomputation()
}

type recomputationRow struct {
	ID          string          `db:"id"`
	First       calendar.Day    `db:"first_day"`
	Last        calendar.Day    `db:"last_day"`
	Servers     *pq.StringArray `db:"server_ids"`
	Preview     bool            `db:"preview"`
	Status      string          `db:"status"`
	Recent      bool            `db:"recent"`
	AfterClient actor.ClientID  `db:"after_client"`
	AfterServer service.ID      `db:"after_server"`
	Examined    int64           `db:"blocks"`
	Changed     int64           `db:"changed"`
	By          []byte          `db:"actor"`
	ClaimNo     int64           `db:"claim_no"`
	CreatedAt   time.Time       `db:"created_at"`
	FinishedAt  *time.Time      `db:"finished_at"`
}

func (r recomputationRow) toRecomputation() (traffic.Recomputation, error) {
	out := traffic.Recomputation{
		ID: r.ID, First: r.First, Last: r.Last, Preview: r.Preview, Recent: r.Recent, After: traffic.Point{ClientID: r.AfterClient, Server: r.AfterServer},
		Examined: r.Examined, Changed: r.Changed, CreatedAt: r.CreatedAt.UTC(), FinishedAt: utc(r.FinishedAt),
	}
	if r.Servers != nil {
		for _, id := range *r.Servers {
			out.Servers = append(out.Servers, service.ID(id))
		}
	}
	return out, wrap("read recomputation", json.Unmarshal(r.By, &out.By))
}

const updateRecomputation = `
UPDATE recomputation SET after_client = $2, after_server = $3, blocks = $4, changed = $5, finished_at = $6, recent = $7,
    status = CASE WHEN $6::timestamptz IS NULL THEN 'running' ELSE 'done' END,
    lease_until = CASE WHEN $6::timestamptz IS NULL THEN lease_until END
WHERE id = $1`

// UpdateRecomputation writes how far it has come; a finished one gives its claim back.
func (s trafficStore) UpdateRecomputation(ctx context.Context, r traffic.Recomputation) error {
	_, err := s.exec(ctx, updateRecomputation, r.ID, nullable(r.After.ClientID), nullable(r.After.Server), r.Examined, r.Changed, r.FinishedAt, r.Recent)
	return wrap("update recomputation", err)
}

const lockHistory = `SELECT pg_advisory_xact_lock(1413829446, 7)`

// LockHistory makes those who rely on the history of past days, and those who correct it, take turns.
func (s trafficStore) LockHistory(ctx context.Context) error {
	_, err := s.exec(ctx, lockHistory)
	return wrap("lock the history of links", err)
}

const nextServers = `
SELECT client_id, id FROM service
WHERE (client_id, id) > ($1::uuid, $2::uuid) AND started_at IS NOT NULL AND product_type <> 'dedicated_bandwidth'
    AND ($3::uuid[] IS NULL OR id = ANY ($3::uuid[]))
ORDER BY client_id, id LIMIT $4`

// NextServers are the next services that may have blocks, in order of client and id.
func (s trafficStore) NextServers(ctx context.Context, after traffic.Point, only []service.ID, limit int) ([]traffic.Point, error) {
	var rows []struct {
		ClientID actor.ClientID `db:"client_id"`
		Server   service.ID     `db:"id"`
	}
	if err := s.all(ctx, &rows, nextServers, after.ClientID, after.Server, optionalIDs(only), limit); err != nil {
		return nil, fmt.Errorf("read the next servers: %w", err)
	}
	out := make([]traffic.Point, len(rows))
	for i, r := range rows {
		out[i] = traffic.Point(r)
	}
	return out, nil
}

const statisticsModules = `SELECT id FROM processing_module WHERE enabled AND driver = ANY ($1::text[]) ORDER BY id`

// StatisticsModules are the enabled modules of these drivers.
func (s trafficStore) StatisticsModules(ctx context.Context, drivers []string) ([]provision.ModuleID, error) {
	var ids []provision.ModuleID
	return ids, wrap("read modules that count", s.all(ctx, &ids, statisticsModules, pq.Array(drivers)))
}

const planCollections = `
INSERT INTO collection (id, module_id, day, status, overwrite, due_at, created_at)
SELECT new_row_id(), m, d, 'due', $4, $3::timestamptz, $3::timestamptz FROM unnest($1::uuid[]) AS m, unnest($2::date[]) AS d ORDER BY m, d
ON CONFLICT (module_id, day) DO `

// A collection that is at work while it is asked for anew loses its claim, so that the wish is not lost instead.
const (
	planMissing = planCollections + `NOTHING`
	planAgain   = planCollections + `UPDATE SET status = 'due', overwrite = excluded.overwrite, due_at = excluded.due_at, attempts = 0,
    expected = 0, got = 0, missing = 0, failed = 0, failures = '[]', finished_at = NULL, claim_no = collection.claim_no + 1, lease_until = NULL`
)

// PlanCollections makes one collection due for each module and day that has none; again makes those due anew that exist.
func (s trafficStore) PlanCollections(ctx context.Context, modules []provision.ModuleID, days []calendar.Day, at time.Time, again, overwrite bool) error {
	if len(modules) == 0 || len(days) == 0 {
		return nil
	}
	list := make([]string, len(days))
	for i, d := range days {
		list[i] = d.String()
	}
	query := planMissing
	if again {
		query = planAgain
	}
	_, err := s.exec(ctx, query, texts(modules), pq.Array(list), at, overwrite)
	return wrap("plan collections", err)
}

const insertCollectionRequest = `
INSERT INTO collection_request (id, day, module_id, module_ids, overwrite, created_at) VALUES ($1, $2, $3, $4::uuid[], $5, $6)`

// InsertCollectionRequest notes who waits for which collections.
func (s trafficStore) InsertCollectionRequest(ctx context.Context, r traffic.CollectionRequest, modules []provision.ModuleID) error {
	_, err := s.exec(ctx, insertCollectionRequest, r.ID, r.Day, nullable(r.ModuleID), texts(modules), r.Overwrite, r.CreatedAt)
	return wrap("insert collection request", err)
}

const holdCollection = `
SELECT id, module_id, day, status = 'done' AS done, overwrite, due_at, attempts, expected, got, missing, failed, failures, finished_at
FROM collection WHERE id = $1 AND claim_no = $2 AND status = 'due' FOR UPDATE`

// HoldCollection locks a collection that the caller claimed.
func (s trafficStore) HoldCollection(ctx context.Context, id string, claimNo int64) (traffic.Collection, error) {
	var row struct {
		ID         string             `db:"id"`
		ModuleID   provision.ModuleID `db:"module_id"`
		Day        calendar.Day       `db:"day"`
		Done       bool               `db:"done"`
		Overwrite  bool               `db:"overwrite"`
		DueAt      time.Time          `db:"due_at"`
		Attempts   int                `db:"attempts"`
		Expected   int                `db:"expected"`
		Got        int                `db:"got"`
		Missing    int                `db:"missing"`
		Failed     int                `db:"failed"`
		Failures   []byte             `db:"failures"`
		FinishedAt *time.Time         `db:"finished_at"`
	}
	if err := s.get(ctx, &row, holdCollection, id, claimNo); err != nil {
		return traffic.Collection{}, held(err, "hold collection")
	}
	c := traffic.Collection{
		ID: row.ID, ModuleID: row.ModuleID, Day: row.Day, Done: row.Done, Overwrite: row.Overwrite, DueAt: row.DueAt.UTC(),
		Attempts: row.Attempts, Expected: row.Expected, Got: row.Got, Missing: row.Missing, Failed: row.Failed, FinishedAt: utc(row.FinishedAt),
	}
	return c, wrap("read collection", json.Unmarshal(row.Failures, &c.Failures))
}

const updateCollection = `
UPDATE collection SET status = CASE WHEN $2 THEN 'done' ELSE 'due' END, due_at = $3, attempts = $4, expected = $5, got = $6,
    missing = $7, failed = $8, failures = $9, finished_at = $10, lease_until = NULL
WHERE id = $1`

// UpdateCollection writes what came of an attempt and gives the claim back.
func (s trafficStore) UpdateCollection(ctx context.Context, c traffic.Collection) error {
	failures, err := json.Marshal(orNothing(c.Failures))
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, updateCollection, c.ID, c.Done, c.DueAt, c.Attempts, c.Expected, c.Got, c.Missing, c.Failed, failures, c.FinishedAt)
	return wrap("update collection", err)
}

const holders = serverSelect + `
WHERE s.module_id = $1 AND s.external_id <> '' AND s.product_type <> 'dedicated_bandwidth'
    AND s.started_at < $3 AND (s.deleted_at IS NULL OR s.deleted_at > $2)
ORDER BY s.id`

// Holders are the services that had a machine of the module at some instant from `from` to `to`.
func (s trafficStore) Holders(ctx context.Context, module provision.ModuleID, from, to time.Time) ([]traffic.Server, error) {
	return s.servers(ctx, holders, module, from, to)
}

const beginStatistics = `
INSERT INTO statistics_day (id, planned_through, next_run_at) VALUES (new_row_id(), $1, $2) ON CONFLICT DO NOTHING`

// BeginStatistics writes the plan's one row where it is missing.
func (s trafficStore) BeginStatistics(ctx context.Context, through calendar.Day, nextRunAt time.Time) error {
	_, err := s.exec(ctx, beginStatistics, through, nextRunAt)
	return wrap("begin statistics", err)
}

const holdPlan = `SELECT planned_through FROM statistics_day WHERE id = $1 AND claim_no = $2 FOR UPDATE`

// HoldPlan locks the plan that the caller claimed.
func (s trafficStore) HoldPlan(ctx context.Context, id string, claimNo int64) (calendar.Day, error) {
	var through calendar.Day
	if err := s.get(ctx, &through, holdPlan, id, claimNo); err != nil {
		return through, held(err, "hold the statistics plan")
	}
	return through, nil
}

const updatePlan = `UPDATE statistics_day SET planned_through = $2, next_run_at = $3, lease_until = NULL WHERE id = $1`

// UpdatePlan moves the plan to its next run and gives the claim back.
func (s trafficStore) UpdatePlan(ctx context.Context, id string, through calendar.Day, nextRunAt time.Time) error {
	_, err := s.exec(ctx, updatePlan, id, through, nextRunAt)
	return wrap("update the statistics plan", err)
}

const nextClients = `SELECT id FROM client WHERE id > coalesce(nullif($1, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT $2`

// NextClients are the next clients in order of their ids.
func (s trafficStore) NextClients(ctx context.Context, after actor.ClientID, limit int) ([]actor.ClientID, error) {
	var ids []actor.ClientID
	return ids, wrap("read the next clients", s.all(ctx, &ids, nextClients, string(after), limit))
}

const blocksOfMonth = `
SELECT ` + blockColumns + ` FROM traffic_block b
WHERE b.client_id = ANY ($1::uuid[]) AND b.day >= $2::date AND b.day < $3::date`

// BlocksOfMonth are all blocks of some clients in a month.
func (s trafficStore) BlocksOfMonth(ctx context.Context, clients []actor.ClientID, m calendar.Month) ([]traffic.Block, error) {
	var rows []blockRow
	err := s.all(ctx, &rows, blocksOfMonth, texts(clients), m.First(), m.Next().First())
	return toBlocks(rows), wrap("read the blocks of a month", err)
}

const insertUsageMonths = `
INSERT INTO usage_month (client_id, service_id, month, usage, closed_at)
SELECT u.*, $5::timestamptz FROM (SELECT c, s, $3::date, v FROM unnest($1::uuid[], $2::uuid[], $4::jsonb[]) AS n (c, s, v)) AS u
ON CONFLICT DO NOTHING`

// InsertUsageMonths keeps the use of a month that closes; what is kept already stays.
func (s trafficStore) InsertUsageMonths(ctx context.Context, rows []traffic.MonthUse, m calendar.Month, at time.Time) error {
	if len(rows) == 0 {
		return nil
	}
	clients, services, values := make([]string, len(rows)), make([]string, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		raw, err := json.Marshal(r.Values)
		if err != nil {
			return err
		}
		clients[i], services[i], values[i] = string(r.ClientID), string(r.ServiceID), string(raw)
	}
	_, err := s.exec(ctx, insertUsageMonths, pq.Array(clients), pq.Array(services), m, pq.Array(values), at)
	return wrap("insert the use of a month", err)
}
