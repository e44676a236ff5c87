package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

const lockBlockClients = `SELECT id, billed_through FROM client WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE`

// LockBlockClients locks clients in order of their ids and tells through which day each is billed.
func (s trafficStore) LockBlockClients(ctx context.Context, ids []actor.ClientID) (map[actor.ClientID]calendar.Day, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []struct {
		ID            actor.ClientID `db:"id"`
		BilledThrough calendar.Day   `db:"billed_through"`
	}
	if err := s.all(ctx, &rows, lockBlockClients, texts(ids)); err != nil {
		return nil, fmt.Errorf("lock clients: %w", err)
	}
	out := make(map[actor.ClientID]calendar.Day, len(rows))
	for _, r := range rows {
		out[r.ID] = r.BilledThrough
	}
	return out, nil
}

// valueColumns are a block's measured columns, in the order of traffic.Params.
const valueColumns = `in_value, in_unit, out_value, out_unit, bandwidth_value, bandwidth_unit, burst_in_day_value, burst_in_day_unit,
burst_out_day_value, burst_out_day_unit, power_value, power_unit`

type valuesRow struct {
	InValue        decimal.NullDecimal `db:"in_value"`
	InUnit         sql.NullString      `db:"in_unit"`
	OutValue       decimal.NullDecimal `db:"out_value"`
	OutUnit        sql.NullString      `db:"out_unit"`
	BandwidthValue decimal.NullDecimal `db:"bandwidth_value"`
	BandwidthUnit  sql.NullString      `db:"bandwidth_unit"`
	BurstInValue   decimal.NullDecimal `db:"burst_in_day_value"`
	BurstInUnit    sql.NullString      `db:"burst_in_day_unit"`
	BurstOutValue  decimal.NullDecimal `db:"burst_out_day_value"`
	BurstOutUnit   sql.NullString      `db:"burst_out_day_unit"`
	PowerValue     decimal.NullDecimal `db:"power_value"`
	PowerUnit      sql.NullString      `db:"power_unit"`
}

func (r valuesRow) toValues() traffic.Values {
	out := traffic.Values{}
	for _, v := range []struct {
		param traffic.Param
		value decimal.NullDecimal
		unit  sql.NullString
	}{
		{traffic.ParamIn, r.InValue, r.InUnit},
		{traffic.ParamOut, r.OutValue, r.OutUnit},
		{traffic.ParamBandwidth, r.BandwidthValue, r.BandwidthUnit},
		{traffic.ParamBurstIn, r.BurstInValue, r.BurstInUnit},
		{traffic.ParamBurstOut, r.BurstOutValue, r.BurstOutUnit},
		{traffic.ParamPower, r.PowerValue, r.PowerUnit},
	} {
		if v.value.Valid {
			out[v.param] = traffic.Quantity{Value: v.value.Decimal, Unit: v.unit.String}
		}
	}
	return out
}

type blockRow struct {
	ClientID    actor.ClientID `db:"client_id"`
	Server      service.ID     `db:"server_service_id"`
	Day         calendar.Day   `db:"day"`
	Owner       service.ID     `db:"owner_service_id"`
	Revision    int            `db:"revision"`
	Source      traffic.Source `db:"source"`
	CollectedAt time.Time      `db:"collected_at"`
	valuesRow
}

func (r blockRow) toBlock() traffic.Block {
	return traffic.Block{
		ClientID: r.ClientID, Server: r.Server, Day: r.Day, Owner: r.Owner, Values: r.toValues(), Revision: r.Revision,
		Source: r.Source, CollectedAt: r.CollectedAt.UTC(),
	}
}

func toBlocks(rows []blockRow) []traffic.Block {
	out := make([]traffic.Block, len(rows))
	for i, r := range rows {
		out[i] = r.toBlock()
	}
	return out
}

const blockColumns = `b.client_id, b.server_service_id, b.day, b.owner_service_id, b.revision, b.source, b.collected_at, ` + valueColumns

// The bounds of the days stand as parameters of their own, so that only partitions of these months are looked at.
const blocksAt = `
SELECT ` + blockColumns + `
FROM unnest($1::uuid[], $2::uuid[], $3::date[]) AS k (client_id, server_service_id, day)
JOIN traffic_block b USING (client_id, server_service_id, day)
WHERE b.day BETWEEN $4::date AND $5::date`

// BlocksAt reads the blocks of these keys that exist.
func (s trafficStore) BlocksAt(ctx context.Context, keys []traffic.Key) ([]traffic.Block, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	clients, servers, days := make([]string, len(keys)), make([]string, len(keys)), make([]string, len(keys))
	first, last := keys[0].Day, keys[0].Day
	for i, k := range keys {
		clients[i], servers[i], days[i] = string(k.ClientID), string(k.Server), k.Day.String()
		if k.Day.Before(first) {
			first = k.Day
		}
		if last.Before(k.Day) {
			last = k.Day
		}
	}
	var rows []blockRow
	err := s.all(ctx, &rows, blocksAt, pq.Array(clients), pq.Array(servers), pq.Array(days), first, last)
	return toBlocks(rows), wrap("read blocks", err)
}

// blockArrays are blocks by column, for unnest.
type blockArrays struct {
	clients, servers, days, owners, sources []string
	revisions                               []int64
	collected                               []time.Time
	values, units                           [][]sql.NullString // by parameter
}

func arraysOf(blocks []traffic.Block) blockArrays {
	n := len(blocks)
	a := blockArrays{
		clients: make([]string, n), servers: make([]string, n), days: make([]string, n), owners: make([]string, n),
		sources: make([]string, n), revisions: make([]int64, n), collected: make([]time.Time, n),
		values: make([][]sql.NullString, len(traffic.Params)), units: make([][]sql.NullString, len(traffic.Params)),
	}
	for p := range traffic.Params {
		a.values[p], a.units[p] = make([]sql.NullString, n), make([]sql.NullString, n)
	}
	for i, b := range blocks {
		a.clients[i], a.servers[i], a.days[i], a.owners[i] = string(b.ClientID), string(b.Server), b.Day.String(), string(b.Owner)
		a.sources[i], a.revisions[i], a.collected[i] = string(b.Source), int64(b.Revision), b.CollectedAt
		for p, param := range traffic.Params {
			if q, ok := b.Values[param]; ok {
				a.values[p][i] = sql.NullString{String: q.Value.String(), Valid: true}
				a.units[p][i] = sql.NullString{String: q.Unit, Valid: true}
			}
		}
	}
	return a
}

// args are the columns from the key to the values: 7 and 12 arrays.
func (a blockArrays) args() []any {
	out := []any{
		pq.Array(a.clients), pq.Array(a.servers), pq.Array(a.days), pq.Array(a.owners), pq.Array(a.revisions), pq.Array(a.sources),
		pq.Array(a.collected),
	}
	for p := range a.values {
		out = append(out, pq.Array(a.values[p]), pq.Array(a.units[p]))
	}
	return out
}

const unnestBlocks = `unnest($1::uuid[], $2::uuid[], $3::date[], $4::uuid[], $5::integer[], $6::text[], $7::timestamptz[],
    $8::numeric[], $9::text[], $10::numeric[], $11::text[], $12::numeric[], $13::text[],
    $14::numeric[], $15::text[], $16::numeric[], $17::text[], $18::numeric[], $19::text[])
AS n (client_id, server_service_id, day, owner_service_id, revision, source, collected_at, ` + valueColumns + `)`

const insertBlocks = `
INSERT INTO traffic_block (client_id, server_service_id, day, owner_service_id, revision, source, collected_at, ` + valueColumns + `)
SELECT n.* FROM ` + unnestBlocks

// InsertBlocks stores new blocks.
func (s trafficStore) InsertBlocks(ctx context.Context, blocks []traffic.Block) error {
	if len(blocks) == 0 {
		return nil
	}
	_, err := s.exec(ctx, insertBlocks, arraysOf(blocks).args()...)
	return wrap("insert blocks", err)
}

const updateBlocks = `
UPDATE traffic_block b SET revision = n.revision, source = n.source, collected_at = n.collected_at,
    in_value = n.in_value, in_unit = n.in_unit, out_value = n.out_value, out_unit = n.out_unit,
    bandwidth_value = n.bandwidth_value, bandwidth_unit = n.bandwidth_unit,
    burst_in_day_value = n.burst_in_day_value, burst_in_day_unit = n.burst_in_day_unit,
    burst_out_day_value = n.burst_out_day_value, burst_out_day_unit = n.burst_out_day_unit,
    power_value = n.power_value, power_unit = n.power_unit
FROM ` + unnestBlocks + `
WHERE b.client_id = n.client_id AND b.server_service_id = n.server_service_id AND b.day = n.day
RETURNING b.client_id, b.server_service_id, b.day, b.owner_service_id`

// UpdateBlocks writes the next revisions of blocks, never the owner, and tells who owns them at this moment: a recomputation
// may have moved them meanwhile.
func (s trafficStore) UpdateBlocks(ctx context.Context, blocks []traffic.Block) (map[traffic.Key]service.ID, error) {
	if len(blocks) == 0 {
		return nil, nil
	}
	var rows []struct {
		ClientID actor.ClientID `db:"client_id"`
		Server   service.ID     `db:"server_service_id"`
		Day      calendar.Day   `db:"day"`
		Owner    service.ID     `db:"owner_service_id"`
	}
	err := s.all(ctx, &rows, updateBlocks, arraysOf(blocks).args()...)
	if err == nil && len(rows) != len(blocks) {
		err = fmt.Errorf("%d of %d blocks were there", len(rows), len(blocks))
	}
	if err != nil {
		return nil, fmt.Errorf("update blocks: %w", err)
	}
	out := make(map[traffic.Key]service.ID, len(rows))
	for _, r := range rows {
		out[traffic.Key{ClientID: r.ClientID, Server: r.Server, Day: r.Day}] = r.Owner
	}
	return out, nil
}

const insertRevisions = `
INSERT INTO block_revision (client_id, server_service_id, day, revision, source, collected_at, replaced_at, ` + valueColumns + `)
SELECT n.client_id, n.server_service_id, n.day, n.revision, n.source, n.collected_at, $20::timestamptz, ` + valueColumns + `
FROM ` + unnestBlocks

// InsertRevisions keeps the values that were replaced, all at one instant.
func (s trafficStore) InsertRevisions(ctx context.Context, old []traffic.Revision) error {
	if len(old) == 0 {
		return nil
	}
	blocks := make([]traffic.Block, len(old))
	for i, r := range old {
		blocks[i] = r.Block
	}
	_, err := s.exec(ctx, insertRevisions, append(arraysOf(blocks).args(), old[0].ReplacedAt)...)
	return wrap("insert revisions", err)
}

// Making a partition locks the whole table for a moment, so one is made only where it is missing; the advisory lock keeps
// two makers of one partition apart.
const (
	lockPartitions = `SELECT pg_advisory_xact_lock(1413829446, 8)`
	makePartitions = `
SELECT make_block_partition(m) FROM unnest($1::date[]) AS m
WHERE to_regclass('traffic_block_' || to_char(m, 'YYYYMM')) IS NULL`
)

// MakePartitions makes the partitions that are missing for these months.
func (s trafficStore) MakePartitions(ctx context.Context, months []calendar.Month) error {
	if _, err := s.exec(ctx, lockPartitions); err != nil {
		return fmt.Errorf("make partitions: %w", err)
	}
	days := make([]string, len(months))
	for i, m := range months {
		days[i] = m.First().String()
	}
	_, err := s.exec(ctx, makePartitions, pq.Array(days))
	return wrap("make partitions", err)
}
