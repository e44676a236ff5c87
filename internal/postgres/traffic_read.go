package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// clientsInScope limits a table with a client_id to whose data may be seen: parameters 1 and 2.
const clientsInScope = `
($2::uuid IS NULL OR b.client_id = $2) AND ($1::uuid IS NULL OR EXISTS (SELECT FROM client c WHERE c.id = b.client_id AND c.provider_id = $1))`

// ownerWithin narrows a scope to the client of a service, so that its rows are found by the client's indexes. False: there is
// no such service in the scope.
func (r *Reader) ownerWithin(ctx context.Context, s actor.Scope, id service.ID) (actor.Scope, bool, error) {
	if id == "" {
		return s, true, nil
	}
	err := r.get(ctx, &s.ClientID, serviceOwner, id, nullable(s.ProviderID), nullable(s.ClientID))
	if isNoRows(err) {
		return s, false, nil
	}
	return s, true, fromConstraint(wrap("read service", err))
}

const listBlocks = `
SELECT ` + blockColumns + ` FROM traffic_block b
WHERE ` + clientsInScope + ` AND ($3::uuid IS NULL OR b.server_service_id = $3) AND ($4::uuid IS NULL OR b.owner_service_id = $4)
  AND b.day >= coalesce($5::date, '-infinity') AND b.day < coalesce($6::date, 'infinity')
  AND ($7::date IS NULL OR (b.day, b.server_service_id) {after} ($7::date, $8::uuid))
ORDER BY b.day {order}, b.server_service_id {order} LIMIT $9`

// Blocks lists present blocks in order of day and server.
func (r *Reader) Blocks(ctx context.Context, s actor.Scope, f traffic.BlockFilter, after *traffic.BlockPlace, p actor.Page) ([]traffic.Block, error) {
	for _, id := range []service.ID{f.Server, f.Owner} {
		var some bool
		var err error
		if s, some, err = r.ownerWithin(ctx, s, id); err != nil || !some {
			return nil, err
		}
	}
	var rows []blockRow
	day, server := any(nil), any(nil)
	if after != nil {
		day, server = after.Day, after.Server
	}
	err := r.all(ctx, &rows, inOrder(listBlocks, p.Desc), nullable(s.ProviderID), nullable(s.ClientID), nullable(f.Server), nullable(f.Owner),
		f.From, f.To, day, server, p.Rows())
	return toBlocks(rows), fromConstraint(wrap("list blocks", err))
}

const (
	blockOfDay = `
SELECT ` + blockColumns + ` FROM traffic_block b WHERE b.client_id = $1 AND b.server_service_id = $2 AND b.day = $3`
	revisionsOfDay = `
SELECT b.client_id, b.server_service_id, b.day, b.server_service_id AS owner_service_id, b.revision, b.source, b.collected_at, b.replaced_at,
` + valueColumns + `
FROM block_revision b WHERE b.client_id = $1 AND b.server_service_id = $2 AND b.day = $3 ORDER BY b.revision`
	ownersOfDay = `
SELECT ` + reassignmentColumns + `, $3::date AS day FROM traffic_reassignment b
WHERE b.client_id = $1 AND b.server_service_id = $2 AND $3::date BETWEEN b.first_day AND b.last_day ORDER BY b.id`
	chargesOfDay = `
SELECT ` + expenseColumns + ` FROM expense WHERE client_id = $1 AND service_id = ANY ($2::uuid[]) AND for_day = $3 ORDER BY id`
)

// BlockHistory reads the life of one block and what was charged, for its day, to the services that owned it.
func (r *Reader) BlockHistory(ctx context.Context, s actor.Scope, server service.ID, day calendar.Day) (traffic.BlockHistory, []charge.Expense, error) {
	var h traffic.BlockHistory
	none := fault.Missing("block")
	s, some, err := r.ownerWithin(ctx, s, server)
	if err != nil || !some {
		return h, nil, orElse(err, none)
	}
	var block blockRow
	if err := r.get(ctx, &block, blockOfDay, s.ClientID, server, day); err != nil {
		return h, nil, fromConstraint(missing(err, none, "read block"))
	}
	h.Block = block.toBlock()
	var old []struct {
		blockRow
		ReplacedAt time.Time `db:"replaced_at"`
	}
	if err := r.all(ctx, &old, revisionsOfDay, s.ClientID, server, day); err != nil {
		return h, nil, fromConstraint(wrap("read revisions", err))
	}
	for _, o := range old {
		h.Revisions = append(h.Revisions, traffic.Revision{Block: o.toBlock(), ReplacedAt: o.ReplacedAt.UTC()})
	}
	if h.Owners, err = r.reassignments(ctx, ownersOfDay, s.ClientID, server, day); err != nil {
		return h, nil, err
	}
	owners := []service.ID{server, h.Block.Owner}
	for _, o := range h.Owners {
		owners = append(owners, o.From, o.To)
	}
	charges, err := r.expenses(ctx, chargesOfDay, s.ClientID, texts(owners), day)
	return h, charges, fromConstraint(err)
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

const reassignmentColumns = `b.id, b.client_id, b.server_service_id, b.from_service_id, b.to_service_id, b.cause, b.decided_at, b.actor, b.first_day`

type reassignmentRow struct {
	ID        string         `db:"id"`
	ClientID  actor.ClientID `db:"client_id"`
	Server    service.ID     `db:"server_service_id"`
	From      service.ID     `db:"from_service_id"`
	To        service.ID     `db:"to_service_id"`
	Cause     traffic.Cause  `db:"cause"`
	DecidedAt time.Time      `db:"decided_at"`
	By        []byte         `db:"actor"`
	First     calendar.Day   `db:"first_day"`
	Day       calendar.Day   `db:"day"`
}

func (c conn) reassignments(ctx context.Context, query string, args ...any) ([]traffic.MovedDay, error) {
	var rows []reassignmentRow
	if err := c.all(ctx, &rows, query, args...); err != nil {
		return nil, fromConstraint(fmt.Errorf("read reassignments: %w", err))
	}
	out := make([]traffic.MovedDay, len(rows))
	for i, r := range rows {
		out[i] = traffic.MovedDay{
			RunID: r.ID, ID: idOfDay(r.ID, r.First.Until(r.Day)), Server: r.Server, Day: r.Day, From: r.From, To: r.To, Cause: r.Cause,
			DecidedAt: r.DecidedAt.UTC(),
		}
		if err := json.Unmarshal(r.By, &out[i].By); err != nil {
			return nil, fmt.Errorf("read reassignments: %w", err)
		}
	}
	return out, nil
}

// idOfDay gives each day of a run an id of its own: the run's with the day's number folded into its random end.
func idOfDay(run string, n int) string {
	var tail int
	if _, err := fmt.Sscanf(run[len(run)-4:], "%04x", &tail); err != nil {
		return run
	}
	return run[:len(run)-4] + fmt.Sprintf("%04x", (tail^n)&0xffff)
}

// Runs are kept as one row; one row a day is made of them here.
const listReassignments = `
SELECT ` + reassignmentColumns + `, d::date AS day
FROM traffic_reassignment b, generate_series(b.first_day, b.last_day, interval '1 day') AS d
WHERE ` + clientsInScope + `
  AND ($3::uuid IS NULL OR b.server_service_id = $3 OR b.from_service_id = $3 OR b.to_service_id = $3)
  AND d >= coalesce($4::date, '-infinity') AND d < coalesce($5::date, 'infinity')
  AND ($6::date IS NULL OR (b.id, d::date) {after} ($7::uuid, $6::date))
ORDER BY b.id {order}, d {order} LIMIT $8`

// Reassignments lists days that went to another owner, in the order in which that was decided.
func (r *Reader) Reassignments(ctx context.Context, s actor.Scope, f traffic.MovedFilter, after *traffic.MovedPlace, p actor.Page) ([]traffic.MovedDay, error) {
	s, some, err := r.ownerWithin(ctx, s, f.Service)
	if err != nil || !some {
		return nil, err
	}
	day, id := any(nil), any(nil)
	if after != nil {
		day, id = after.Day, after.RunID
	}
	return r.reassignments(ctx, inOrder(listReassignments, p.Desc), nullable(s.ProviderID), nullable(s.ClientID), nullable(f.Service), f.From, f.To, day, id, p.Rows())
}

const ownedBetween = `
SELECT ` + blockColumns + ` FROM traffic_block b
WHERE b.client_id = $1 AND b.owner_service_id = $2 AND b.day >= $3 AND b.day < $4 ORDER BY b.day, b.server_service_id`

const bookedByDay = `
SELECT for_day AS day, add_on, sum(amount) AS amount FROM expense
WHERE client_id = $1 AND service_id = $2 AND for_day >= $3 AND for_day < $4 AND add_on IS NOT NULL GROUP BY for_day, add_on`

// UsageBooks reads what a report of a service's use in the days [from, to) is made of.
func (r *Reader) UsageBooks(ctx context.Context, s actor.Scope, id service.ID, from, to calendar.Day, zone *time.Location) (traffic.Books, error) {
	var b traffic.Books
	var err error
	if b.Service, err = (serviceStore{r.conn}).ServiceByID(ctx, id); err != nil {
		return b, fromConstraint(err)
	}
	if !s.Covers(b.Service.ProviderID, b.Service.ClientID) {
		return b, fault.Missing("service")
	}
	first := calendar.MonthOf(from).First()
	var rows []blockRow
	if err = r.all(ctx, &rows, ownedBetween, b.Service.ClientID, id, first, to); err != nil {
		return b, fromConstraint(wrap("read owned blocks", err))
	}
	b.Blocks = toBlocks(rows)
	if b.Terms, err = (termStore{r.conn}).TermsBetween(ctx, b.Service.ClientID, []service.ID{id}, first.Start(zone), to.Start(zone)); err != nil {
		return b, fromConstraint(err)
	}
	units, err := unitStore{r.conn}.UnitsAll(ctx)
	if err != nil {
		return b, fromConstraint(err)
	}
	b.Units = measure.NewUnits(units)
	var booked []struct {
		Day    calendar.Day    `db:"day"`
		AddOn  string          `db:"add_on"`
		Amount decimal.Decimal `db:"amount"`
	}
	if err = r.all(ctx, &booked, bookedByDay, b.Service.ClientID, id, first, to); err != nil {
		return b, fromConstraint(wrap("read booked overage", err))
	}
	b.Booked = make(map[traffic.BookedKey]decimal.Decimal, len(booked))
	for _, x := range booked {
		b.Booked[traffic.BookedKey{Day: x.Day, AddOn: x.AddOn}] = x.Amount
	}
	return b, nil
}

const recomputationByID = `SELECT ` + recomputationColumns + ` FROM recomputation WHERE id = $1`

// Recomputation reads how a recomputation goes.
func (r *Reader) Recomputation(ctx context.Context, id string) (traffic.Recomputation, error) {
	var row recomputationRow
	if err := r.get(ctx, &row, recomputationByID, id); err != nil {
		return traffic.Recomputation{}, fromConstraint(missing(err, fault.Missing("recomputation"), "read recomputation"))
	}
	return row.toRecomputation()
}

const collectionRun = `
SELECT q.id, q.day, coalesce(q.module_id::text, '') AS module_id, q.overwrite, q.created_at, q.module_ids::text[] AS module_ids,
    count(c.id) FILTER (WHERE c.status = 'done') AS done,
    count(c.id) FILTER (WHERE c.status = 'due' AND c.attempts > 0) AS tried,
    count(c.id) FILTER (WHERE c.status = 'due' AND c.attempts = 0) AS waiting,
    count(c.id) FILTER (WHERE c.lease_until IS NOT NULL) AS leased,
    coalesce(sum(c.expected), 0) AS expected, coalesce(sum(c.got), 0) AS got, coalesce(sum(c.missing), 0) AS missing,
    coalesce(sum(c.failed), 0) AS failed, coalesce(jsonb_agg(c.failures ORDER BY c.module_id) FILTER (WHERE c.id IS NOT NULL), '[]') AS failures,
    max(c.finished_at) AS finished_at
FROM collection_request q LEFT JOIN collection c ON c.day = q.day AND c.module_id = ANY (q.module_ids)
WHERE q.id = $1 GROUP BY q.id`

// CollectionRun reads how the collections that somebody asked for go.
func (r *Reader) CollectionRun(ctx context.Context, id string) (traffic.CollectionRun, error) {
	var row collectionRunRow
	if err := r.get(ctx, &row, collectionRun, id); err != nil {
		return traffic.CollectionRun{}, fromConstraint(missing(err, fault.Missing("collection"), "read collection"))
	}
	return row.toRun()
}

type collectionRunRow struct {
	ID         string             `db:"id"`
	Day        calendar.Day       `db:"day"`
	ModuleID   provision.ModuleID `db:"module_id"`
	Overwrite  bool               `db:"overwrite"`
	CreatedAt  time.Time          `db:"created_at"`
	ModuleIDs  pq.StringArray     `db:"module_ids"`
	Done       int                `db:"done"`
	Tried      int                `db:"tried"`
	Waiting    int                `db:"waiting"`
	Leased     int                `db:"leased"`
	Expected   int                `db:"expected"`
	Got        int                `db:"got"`
	Missing    int                `db:"missing"`
	Failed     int                `db:"failed"`
	Failures   []byte             `db:"failures"`
	FinishedAt *time.Time         `db:"finished_at"`
}

func (r collectionRunRow) toRun() (traffic.CollectionRun, error) {
	out := traffic.CollectionRun{
		CollectionRequest: traffic.CollectionRequest{ID: r.ID, Day: r.Day, ModuleID: r.ModuleID, Overwrite: r.Overwrite, CreatedAt: r.CreatedAt.UTC()},
		Expected:          r.Expected, Got: r.Got, Missing: r.Missing, Failed: r.Failed, FinishedAt: utc(r.FinishedAt),
	}
	var parts [][]traffic.Failure
	if err := json.Unmarshal(r.Failures, &parts); err != nil {
		return out, fmt.Errorf("read collection: %w", err)
	}
	for _, p := range parts {
		out.Failures = append(out.Failures, p...)
	}
	out.Status = traffic.StatusOf(r.Waiting, r.Leased, r.Tried, r.Done)
	if out.Status != traffic.Finished && out.Status != traffic.Failed {
		out.FinishedAt = nil
	}
	if out.Status == traffic.Finished && out.FinishedAt == nil {
		out.FinishedAt = &out.CreatedAt // there was no module to ask
	}
	return out, nil
}

const eligibleServers = serverSelect + `
WHERE s.client_id = $1 AND s.status IN ('processing', 'active', 'suspended') AND s.product_type <> 'dedicated_bandwidth'
  AND ($2::uuid IS NULL OR s.provider_id = $2) AND ($3::uuid IS NULL OR s.client_id = $3) AND ($4::uuid IS NULL OR s.data_center_id = $4)
  AND s.id {after} coalesce(nullif($5, '')::uuid, {edge})
ORDER BY s.id {order} LIMIT $6`

// EligibleServers lists a client's servers, and whether a bandwidth service of a tariff could carry them.
func (r *Reader) EligibleServers(ctx context.Context, s actor.Scope, c traffic.Candidate, dataCenter datacenter.ID, p actor.Page) ([]traffic.Verdict, error) {
	rows, err := r.servers(ctx, inOrder(eligibleServers, p.Desc), c.ClientID, nullable(s.ProviderID), nullable(s.ClientID), nullable(dataCenter), p.After, p.Rows())
	if err != nil {
		return nil, fromConstraint(err)
	}
	out := make([]traffic.Verdict, len(rows))
	for i, row := range rows {
		out[i] = c.Judge(row)
	}
	return out, nil
}

// Today is the running day on the business clock.
func (r *Reader) Today(ctx context.Context, zone *time.Location) (calendar.Day, error) {
	now, err := r.businessNow(ctx)
	return calendar.DayOf(now, zone), fromConstraint(wrap("read the clock", err))
}
