package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
)

// operationStore keeps operations.
type operationStore struct{ conn }

const insertOperation = `
INSERT INTO operation (id, client_id, service_id, kind, status, payload, max_attempts, next_attempt_at, module_id, stock_key, log, actor, created_at,
                       finished_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`

// InsertOperation queues an operation; a live one of the same kind is the fault operation_pending.
func (s operationStore) InsertOperation(ctx context.Context, o operation.Operation) error {
	docs, err := marshalAll(o.Payload, orNothing(o.Log), o.Actor)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, insertOperation, o.ID, o.ClientID, o.ServiceID, o.Kind, o.Status, docs[0], o.MaxAttempts, o.NextAttemptAt,
		nullable(o.ModuleID), o.StockKey, docs[1], docs[2], o.CreatedAt, o.FinishedAt)
	if err != nil {
		return fmt.Errorf("insert operation: %w", err)
	}
	return nil
}

const operationColumns = `
id, client_id, service_id, kind, status, payload, memo, begun, attempts, max_attempts, next_attempt_at, pending_since,
coalesce(module_id::text, '') AS module_id, stock_key, tried_module_ids::text[] AS tried_module_ids, coalesce(error_code, '') AS error_code,
coalesce(error_text, '') AS error_text, log, coalesce(task_id::text, '') AS task_id, actor, claim_no, created_at, finished_at, version`

const operationByID = `SELECT ` + operationColumns + ` FROM operation WHERE id = $1`

// OperationByID reads without a lock.
func (s operationStore) OperationByID(ctx context.Context, id operation.ID) (operation.Operation, error) {
	return s.one(ctx, operationByID, id)
}

const lockOperation = `SELECT ` + operationColumns + ` FROM operation WHERE id = $1 FOR UPDATE`

// LockOperation reads and locks.
func (s operationStore) LockOperation(ctx context.Context, id operation.ID) (operation.Operation, error) {
	return s.one(ctx, lockOperation, id)
}

// HoldOperation locks an operation that the caller claimed.
func (s operationStore) HoldOperation(ctx context.Context, id operation.ID, claimNo int64) (operation.Operation, error) {
	o, err := s.one(ctx, lockOperation, id)
	if err == nil && o.ClaimNo != claimNo {
		return o, errClaimLost
	}
	return o, err
}

// errClaimLost tells a worker that somebody else has taken over: it must write nothing.
var errClaimLost = fault.New(fault.Conflict, "claim_lost", "Another worker has taken over.")

func (s operationStore) one(ctx context.Context, query string, id operation.ID) (operation.Operation, error) {
	var row operationRow
	err := s.get(ctx, &row, query, id)
	if isNoRows(err) {
		return operation.Operation{}, fault.Missing("operation")
	}
	if err != nil {
		return operation.Operation{}, fmt.Errorf("read operation: %w", err)
	}
	return row.toOperation()
}

const liveOperations = `
SELECT ` + operationColumns + ` FROM operation
WHERE service_id = $1 AND status IN ('queued', 'running', 'waiting', 'manual') ORDER BY id`

// LiveOperations are the unfinished ones of a service.
func (s operationStore) LiveOperations(ctx context.Context, id actor.ServiceID) ([]operation.Operation, error) {
	return s.manyOperations(ctx, liveOperations, id)
}

func (c conn) manyOperations(ctx context.Context, query string, args ...any) ([]operation.Operation, error) {
	var rows []operationRow
	if err := c.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read operations: %w", err)
	}
	out := make([]operation.Operation, 0, len(rows))
	for _, r := range rows {
		o, err := r.toOperation()
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// The step at which the panel holds a machine is taken when that is written, after the panel was called.
const updateOperation = `
UPDATE operation SET status = $2, payload = $3, memo = $4, begun = $5, attempts = $6, next_attempt_at = $7, pending_since = $8,
    module_id = $9, tried_module_ids = $10::uuid[], error_code = $11, error_text = $12, log = $13, task_id = $14, finished_at = $15,
    stock_key = $17, taken_step = CASE WHEN $17::text IS NOT NULL AND taken_step IS NULL AND ($5 OR $2 = 'succeeded') THEN nextval('stock_step') ELSE taken_step END,
    claim_no = claim_no + $16, lease_until = CASE WHEN $16 = 0 THEN lease_until END, version = version + 1
WHERE id = $1`

// UpdateOperation writes every mutable field. Unless it stays running, the claim is given back: the number moves on, so that a
// worker which still believes to hold it finds out.
func (s operationStore) UpdateOperation(ctx context.Context, o operation.Operation) error {
	docs, err := marshalAll(o.Payload, orEmpty(o.Memo), orNothing(o.Log))
	if err != nil {
		return err
	}
	release := 1
	if o.Status == operation.Running {
		release = 0
	}
	n, err := s.exec(ctx, updateOperation, o.ID, o.Status, docs[0], docs[1], o.Begun, o.Attempts, o.NextAttemptAt, o.PendingSince,
		nullable(o.ModuleID), texts(o.TriedModuleIDs), nullable(o.ErrorCode), nullable(o.ErrorText), docs[2], nullable(o.TaskID),
		o.FinishedAt, release, o.StockKey)
	if err == nil && n != 1 {
		err = fault.Missing("operation")
	}
	if err != nil {
		return fmt.Errorf("update operation: %w", err)
	}
	return nil
}

// laneKey is what modules share a queue by.
const laneKey = `coalesce(nullif(m.queue_key, ''), m.id::text)`

// The locks are taken in the order of their numbers, by all who take several.
const lockLanes = `
SELECT pg_advisory_xact_lock(1413829448, k.key) FROM (
    SELECT DISTINCT hashtext(` + laneKey + `) AS key FROM processing_module m
    WHERE m.id = ANY ($1::uuid[]) AND (m.max_running_opens > 0 OR m.queue_enabled) ORDER BY key OFFSET 0) AS k`

// LockLanes serialises the counting of the lanes of modules until the transaction ends.
func (s operationStore) LockLanes(ctx context.Context, ids []provision.ModuleID) error {
	_, err := s.exec(ctx, lockLanes, texts(ids))
	return wrap("lock lanes", err)
}

// atWork is operation.HoldsLane.
const atWork = `o.status IN ('running', 'waiting') AND (o.status = 'running' OR o.task_id IS NULL)`

const countLanes = `
SELECT m.id::text AS id,
       (SELECT count(*) FROM module_problem p WHERE p.module_id = m.id AND p.ended_at IS NULL AND p.at > $2) AS problems,
       (SELECT count(*) FROM operation o WHERE o.module_id = m.id AND o.kind = 'open' AND ` + atWork + `) AS running_opens,
       (SELECT count(*) FROM operation o JOIN processing_module x ON x.id = o.module_id
        WHERE ` + atWork + ` AND x.queue_enabled
          AND coalesce(nullif(x.queue_key, ''), x.id::text) = ` + laneKey + `) AS running_queue
FROM processing_module m WHERE m.id = ANY ($1::uuid[])`

// Lanes counts what runs on modules; a problem older than an hour no longer counts.
func (s operationStore) Lanes(ctx context.Context, ids []provision.ModuleID, now time.Time) ([]operation.Lane, error) {
	var rows []struct {
		ID           provision.ModuleID `db:"id"`
		Problems     int                `db:"problems"`
		RunningOpens int                `db:"running_opens"`
		RunningQueue int                `db:"running_queue"`
	}
	if err := s.all(ctx, &rows, countLanes, texts(ids), now.Add(-time.Hour)); err != nil {
		return nil, fmt.Errorf("count lanes: %w", err)
	}
	modules, err := moduleStore{s.conn}.ModulesByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]operation.Lane, 0, len(rows))
	for _, r := range rows {
		for _, m := range modules {
			if m.ID == r.ID {
				out = append(out, operation.Lane{Module: m, Problems: r.Problems, RunningOpens: r.RunningOpens, RunningQueue: r.RunningQueue})
			}
		}
	}
	return out, nil
}

// The next for a lane are few: waking all who wait for it would be work for each of them at every end of one.
const (
	waitsForLane = `status = 'queued' AND attempts = 0 AND error_code IS NULL AND next_attempt_at > $1 AND lease_until IS NULL`
	wakeQueued   = `
UPDATE operation SET next_attempt_at = $1 WHERE id = ANY (ARRAY(
    SELECT id FROM operation WHERE service_id = $2 AND ` + waitsForLane + ` ORDER BY id FOR UPDATE SKIP LOCKED) || ARRAY(
    SELECT id FROM operation
    WHERE ` + waitsForLane + ` AND module_id IN (
        SELECT x.id FROM processing_module m JOIN processing_module x
            ON coalesce(nullif(x.queue_key, ''), x.id::text) = ` + laneKey + ` WHERE m.id = $3)
    ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED))`
)

// WakeQueued makes due at an instant what may have waited for an operation of a service on a module: the service's others, and
// the next two for its lane, should the first of them not want it any more.
func (s operationStore) WakeQueued(ctx context.Context, id actor.ServiceID, m provision.ModuleID, at time.Time) error {
	_, err := s.exec(ctx, wakeQueued, at, id, nullable(m))
	return wrap("wake operations", err)
}

type operationRow struct {
	ID             operation.ID       `db:"id"`
	ClientID       actor.ClientID     `db:"client_id"`
	ServiceID      actor.ServiceID    `db:"service_id"`
	Kind           provision.Kind     `db:"kind"`
	Status         operation.Status   `db:"status"`
	Payload        []byte             `db:"payload"`
	Memo           []byte             `db:"memo"`
	Begun          bool               `db:"begun"`
	Attempts       int                `db:"attempts"`
	MaxAttempts    int                `db:"max_attempts"`
	NextAttemptAt  *time.Time         `db:"next_attempt_at"`
	PendingSince   *time.Time         `db:"pending_since"`
	ModuleID       provision.ModuleID `db:"module_id"`
	StockKey       *string            `db:"stock_key"`
	TriedModuleIDs pq.StringArray     `db:"tried_module_ids"`
	ErrorCode      string             `db:"error_code"`
	ErrorText      string             `db:"error_text"`
	Log            []byte             `db:"log"`
	TaskID         string             `db:"task_id"`
	Actor          []byte             `db:"actor"`
	ClaimNo        int64              `db:"claim_no"`
	CreatedAt      time.Time          `db:"created_at"`
	FinishedAt     *time.Time         `db:"finished_at"`
	Version        int64              `db:"version"`
}

func (r operationRow) toOperation() (operation.Operation, error) {
	o := operation.Operation{
		ID: r.ID, ClientID: r.ClientID, ServiceID: r.ServiceID, Kind: r.Kind, Status: r.Status, Begun: r.Begun, Attempts: r.Attempts,
		MaxAttempts: r.MaxAttempts, NextAttemptAt: utc(r.NextAttemptAt), PendingSince: utc(r.PendingSince), ModuleID: r.ModuleID, StockKey: r.StockKey,
		ErrorCode: r.ErrorCode, ErrorText: r.ErrorText, TaskID: r.TaskID, ClaimNo: r.ClaimNo, CreatedAt: r.CreatedAt.UTC(),
		FinishedAt: utc(r.FinishedAt), Version: r.Version,
	}
	for _, id := range r.TriedModuleIDs {
		o.TriedModuleIDs = append(o.TriedModuleIDs, provision.ModuleID(id))
	}
	return o, unmarshalAll([][]byte{r.Payload, r.Memo, r.Log, r.Actor}, &o.Payload, &o.Memo, &o.Log, &o.Actor)
}
