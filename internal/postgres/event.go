package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
)

// eventStore writes the feed and the audit rows.
type eventStore struct{ conn }

const insertEvent = `
INSERT INTO event (client_id, id, provider_id, audience, type, at, data, refs)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

// InsertEvent appends one event, still without a number.
func (s eventStore) InsertEvent(ctx context.Context, e event.Event) error {
	refs, err := json.Marshal(e.Refs)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, insertEvent, e.ClientID, e.ID, nullable(e.ProviderID), e.Audience, e.Type, e.At, []byte(e.Data), refs)
	if err != nil {
		return fmt.Errorf("insert event: %w", err)
	}
	return nil
}

const insertAudit = `
INSERT INTO audit (client_id, id, at, action, subject, subject_id, actor_role, actor_key, actor_client, cause, address, request_id, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`

// InsertAudit appends one audit row.
func (s eventStore) InsertAudit(ctx context.Context, a event.Audit) error {
	_, err := s.exec(ctx, insertAudit, auditArgs(a)...)
	return wrap("insert audit row", err)
}

func auditArgs(a event.Audit) []any {
	address := ""
	if a.Actor.Address.IsValid() {
		address = a.Actor.Address.String()
	}
	return []any{
		a.ClientID, actor.NewID(), a.At, a.Action, a.Subject, a.SubjectID, a.Actor.Role, nullable(a.Actor.KeyID),
		nullable(a.Actor.Scope.ClientID), a.Actor.Cause, address, a.Actor.RequestID, []byte(a.Detail),
	}
}

// The client, the instant and the snapshot are the same in both rows.
const insertTold = `
    INSERT INTO event (client_id, id, provider_id, audience, type, at, data, refs)
    VALUES ($1, $14, $15, $16, $17, $3, $13, $18)`

const insertRecord = `
WITH told AS (` + insertTold + `)` + insertAudit

// InsertRecord writes an audit row and the event that tells it in one round trip, which it leaves to whatever statement
// comes next: often that is the stored answer, which is written with it.
func (s eventStore) InsertRecord(ctx context.Context, a event.Audit, e event.Event) error {
	refs, err := json.Marshal(e.Refs)
	if err != nil {
		return err
	}
	if err = s.writeRecord(ctx); err != nil { // the one before
		return err
	}
	s.late.record = append(auditArgs(a), e.ID, nullable(e.ProviderID), e.Audience, e.Type, refs)
	return nil
}

// late is what a transaction knows and has not written yet. Every statement ends it, and so does the commit.
type late struct {
	record []any // of insertRecord; nil: none
	// nothingWaits is a client of whom the last statement has seen, under its lock, that no service is suspended for money.
	nothingWaits actor.ClientID
}

// settle makes the transaction's rows complete before another statement runs.
func (c conn) settle(ctx context.Context) error {
	if c.late == nil {
		return nil
	}
	c.late.nothingWaits = ""
	return c.writeRecord(ctx)
}

func (c conn) writeRecord(ctx context.Context) error {
	args := c.late.record
	if args == nil {
		return nil
	}
	c.late.record = nil
	_, err := c.execNow(ctx, insertRecord, args...)
	return wrap("insert audit row and event", err)
}

// The leader's lock; whoever has it numbers all committed events in order of their ids.
const lockNumbering = `SELECT pg_try_advisory_xact_lock(1413829446, 5)`

const numberEvents = `
WITH fresh AS (
    SELECT client_id, id, row_number() OVER (ORDER BY id) AS n FROM event WHERE seq IS NULL
), base AS (
    SELECT coalesce(max(seq), 0) AS top FROM event
)
UPDATE event SET seq = base.top + fresh.n FROM fresh, base
WHERE event.client_id = fresh.client_id AND event.id = fresh.id`

// NumberEvents gives numbers to all events that were committed without one. Numbers are given after commit by one leader
// at a time, so that a reader who has seen number n never sees a smaller one later.
func (db *DB) NumberEvents(ctx context.Context) error {
	return db.InTx(ctx, func(tx *Tx) error {
		var leader bool
		if err := tx.eventStore.get(ctx, &leader, lockNumbering); err != nil || !leader {
			return err
		}
		if _, err := tx.eventStore.exec(ctx, numberEvents); err != nil {
			return fmt.Errorf("number events: %w", err)
		}
		return nil
	})
}

// onceStore keeps the answers of requests with an Idempotency-Key.
type onceStore struct{ conn }

// The statement's snapshot may be older than the lock that it takes: an answer that was stored in between is not seen here,
// but when this transaction stores its own, which makes it run again (retryable).
const claimAnswer = `
SELECT pg_try_advisory_xact_lock(1413829447, hashtext($1 || E'\n' || $2 || E'\n' || $3)) AS free,
       k.fingerprint, coalesce(k.status, 0) AS status, k.header, k.body
FROM (SELECT 1) AS one LEFT JOIN idempotency_key k ON k.principal = $1 AND k.route = $2 AND k.key = $3`

// ClaimAnswer takes the key's lock until the transaction ends and finds the stored answer, if there is one.
func (s onceStore) ClaimAnswer(ctx context.Context, o actor.Once) (free bool, stored *event.Answer, err error) {
	var row struct {
		Free        bool   `db:"free"`
		Fingerprint []byte `db:"fingerprint"`
		Status      int    `db:"status"`
		Header      []byte `db:"header"`
		Body        []byte `db:"body"`
	}
	if err = s.get(ctx, &row, claimAnswer, o.Principal, o.Route, o.Key); err != nil {
		return false, nil, fmt.Errorf("find a stored answer: %w", err)
	}
	if row.Status == 0 {
		return row.Free, nil, nil
	}
	a := &event.Answer{Fingerprint: row.Fingerprint, Status: row.Status, Body: row.Body}
	return row.Free, a, json.Unmarshal(row.Header, &a.Header)
}

const insertAnswer = `
INSERT INTO idempotency_key (principal, route, key, fingerprint, status, header, body, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

const insertRecordAndAnswer = `
WITH answered AS (
    INSERT INTO idempotency_key (principal, route, key, fingerprint, status, header, body, created_at)
    VALUES ($19, $20, $21, $22, $23, $24, $25, $26)
), told AS (` + insertTold + `)` + insertAudit

// InsertAnswer stores an answer, with the record that waits to be written; its age counts in real time.
func (s onceStore) InsertAnswer(ctx context.Context, o actor.Once, a event.Answer) error {
	header, err := json.Marshal(a.Header)
	if err != nil {
		return err
	}
	args := []any{o.Principal, o.Route, o.Key, a.Fingerprint, a.Status, header, a.Body, s.db.o.Wall.WallNow()}
	if record := s.late.record; record != nil {
		s.late.record = nil
		_, err = s.exec(ctx, insertRecordAndAnswer, append(record, args...)...)
	} else {
		_, err = s.exec(ctx, insertAnswer, args...)
	}
	if err != nil {
		return fmt.Errorf("store an answer: %w", err)
	}
	return nil
}

const deleteAnswers = `DELETE FROM idempotency_key WHERE created_at < $1`

// DropOldAnswers forgets the answers that are older than 48 hours of real time.
func (db *DB) DropOldAnswers(ctx context.Context) error {
	_, err := conn{db: db}.exec(ctx, deleteAnswers, db.o.Wall.WallNow().Add(-48*time.Hour))
	return err
}

// nullable turns an empty id into NULL.
func nullable[T ~string](id T) any {
	if id == "" {
		return nil
	}
	return string(id)
}

// texts turns a slice of strings of any kind into a PostgreSQL array.
func texts[T ~string](in []T) any {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return pq.Array(out)
}
