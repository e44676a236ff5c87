package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/traffic"
)

const insertReassignments = `
INSERT INTO traffic_reassignment (client_id, id, server_service_id, first_day, last_day, from_service_id, to_service_id, cause, decided_at, actor)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::date[], $6::uuid[], $7::uuid[], $8::text[], $9::timestamptz[], $10::jsonb[])`

// InsertReassignments writes the rows of blocks that their server did not own from the first.
func (s trafficStore) InsertReassignments(ctx context.Context, rows []traffic.Reassignment) error {
	if len(rows) == 0 {
		return nil
	}
	n := len(rows)
	var text [9][]string
	for i := range text {
		text[i] = make([]string, n)
	}
	at := make([]time.Time, n)
	for i, r := range rows {
		by, err := json.Marshal(r.By)
		if err != nil {
			return err
		}
		for j, v := range []string{
			string(r.ClientID), r.ID, string(r.Server), r.First.String(), r.Last.String(), string(r.From), string(r.To), string(r.Cause), string(by),
		} {
			text[j][i] = v
		}
		at[i] = r.DecidedAt
	}
	_, err := s.exec(ctx, insertReassignments, pq.Array(text[0]), pq.Array(text[1]), pq.Array(text[2]), pq.Array(text[3]), pq.Array(text[4]),
		pq.Array(text[5]), pq.Array(text[6]), pq.Array(text[7]), pq.Array(at), pq.Array(text[8]))
	return wrap("insert reassignments", err)
}

const markOverage = `
INSERT INTO overage_due AS o (id, client_id, service_id, month, due_at)
SELECT new_row_id(), * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::timestamptz[])
ON CONFLICT (service_id, month) DO UPDATE SET due_at = least(o.due_at, excluded.due_at), marks = o.marks + 1`

// MarkOverage makes months due whose overage must be computed anew.
func (s trafficStore) MarkOverage(ctx context.Context, marks []traffic.Mark) error {
	if len(marks) == 0 {
		return nil
	}
	n := len(marks)
	clients, services, months, due := make([]string, n), make([]string, n), make([]string, n), make([]time.Time, n)
	for i, m := range marks {
		clients[i], services[i], months[i], due[i] = string(m.ClientID), string(m.ServiceID), m.Month.First().String(), m.DueAt
	}
	_, err := s.exec(ctx, markOverage, pq.Array(clients), pq.Array(services), pq.Array(months), pq.Array(due))
	return wrap("mark overage", err)
}

// The runs come as arrays; the bounds over all runs stand apart, so that only partitions of these months are looked at.
const runsOfMove = `
run AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::date[], $5::uuid[]) AS r (client_id, server_service_id, first_day, last_day, owner)
), seen AS MATERIALIZED (
    SELECT b.client_id, b.server_service_id, b.day, b.owner_service_id AS old_owner, r.owner AS new_owner
    FROM run r
    JOIN traffic_block b ON b.client_id = r.client_id AND b.server_service_id = r.server_service_id AND b.day BETWEEN r.first_day AND r.last_day
    WHERE b.day BETWEEN $6::date AND $7::date
)`

// One statement moves the blocks whose owner differs, tells it by runs of days, and marks the months of both owners. Blocks
// are found again by runs and not one by one, which makes it about as fast as an update can be. What a day's change is due
// at follows traffic.DueTimes: closed days at once, the two open ones with their daily run.
const moveBlocks = `
WITH ` + runsOfMove + `, numbered AS (
    SELECT client_id, server_service_id, day, old_owner, new_owner,
        day - row_number() OVER (PARTITION BY client_id, server_service_id, old_owner, new_owner ORDER BY day)::integer AS no
    FROM seen WHERE old_owner <> new_owner
), island AS MATERIALIZED (
    SELECT client_id, server_service_id, min(day) AS first_day, max(day) AS last_day, old_owner, new_owner
    FROM numbered GROUP BY client_id, server_service_id, old_owner, new_owner, no
), moved AS (
    UPDATE traffic_block b SET owner_service_id = i.new_owner
    FROM island i
    WHERE b.client_id = i.client_id AND b.server_service_id = i.server_service_id AND b.day BETWEEN i.first_day AND i.last_day
        AND b.owner_service_id = i.old_owner AND b.day BETWEEN $6::date AND $7::date
), told AS (
    INSERT INTO traffic_reassignment (client_id, id, server_service_id, first_day, last_day, from_service_id, to_service_id, cause, decided_at, actor)
    SELECT client_id, new_row_id(), server_service_id, first_day, last_day, old_owner, new_owner, $8, $9::timestamptz, $10::jsonb FROM island
), marked AS (
    INSERT INTO overage_due AS o (id, client_id, service_id, month, due_at)
    SELECT new_row_id(), client_id, service_id, date_trunc('month', day)::date AS month,
        CASE WHEN min(day) <= $11::date THEN $12::timestamptz WHEN min(day) = $11::date + 1 THEN $13::timestamptz ELSE $14::timestamptz END
    FROM seen, LATERAL (VALUES (old_owner), (new_owner)) AS touched (service_id)
    WHERE old_owner <> new_owner
    GROUP BY client_id, service_id, date_trunc('month', day)
    ORDER BY service_id, month
    ON CONFLICT (service_id, month) DO UPDATE SET due_at = least(o.due_at, excluded.due_at), marks = o.marks + 1
)
SELECT client_id, count(*) AS examined, count(*) FILTER (WHERE old_owner <> new_owner) AS changed FROM seen GROUP BY client_id`

// MoveBlocks writes the owners of runs of days where they differ. It is the one place that changes an owner.
func (s trafficStore) MoveBlocks(ctx context.Context, m traffic.Move) (traffic.Moved, error) {
	if len(m.Runs) == 0 {
		return traffic.Moved{}, nil
	}
	by, err := json.Marshal(m.By)
	if err != nil {
		return traffic.Moved{}, err
	}
	args := append(runArgs(m), m.Cause, m.At, by, m.Due.Closed, m.Due.Now, m.Due.Next, m.Due.AfterNext)
	return s.moved(ctx, moveBlocks, args)
}

const countMoves = `WITH ` + runsOfMove + ` 
SELECT client_id, count(*) AS examined, count(*) FILTER (WHERE old_owner <> new_owner) AS changed FROM seen GROUP BY client_id`

// CountMoves tells what MoveBlocks would do.
func (s trafficStore) CountMoves(ctx context.Context, m traffic.Move) (traffic.Moved, error) {
	if len(m.Runs) == 0 {
		return traffic.Moved{}, nil
	}
	return s.moved(ctx, countMoves, runArgs(m))
}

func (s trafficStore) moved(ctx context.Context, query string, args []any) (traffic.Moved, error) {
	var rows []struct {
		ClientID actor.ClientID `db:"client_id"`
		Examined int64          `db:"examined"`
		Changed  int64          `db:"changed"`
	}
	if err := s.all(ctx, &rows, query, args...); err != nil {
		return traffic.Moved{}, fmt.Errorf("move blocks: %w", err)
	}
	out := traffic.Moved{Of: map[actor.ClientID]int64{}}
	for _, r := range rows {
		out.Examined += r.Examined
		out.Changed += r.Changed
		if r.Changed > 0 {
			out.Of[r.ClientID] = r.Changed
		}
	}
	return out, nil
}

func runArgs(m traffic.Move) []any {
	n := len(m.Runs)
	var text [5][]string
	for i := range text {
		text[i] = make([]string, n)
	}
	first, last := m.Runs[0].First, m.Runs[0].Last
	for i, r := range m.Runs {
		for j, v := range []string{string(m.ClientIDs[i]), string(r.Server), r.First.String(), r.Last.String(), string(r.Owner)} {
			text[j][i] = v
		}
		if r.First.Before(first) {
			first = r.First
		}
		if last.Before(r.Last) {
			last = r.Last
		}
	}
	return []any{pq.Array(text[0]), pq.Array(text[1]), pq.Array(text[2]), pq.Array(text[3]), pq.Array(text[4]), first, last}
}
