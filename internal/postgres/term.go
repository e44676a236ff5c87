package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/service"
)

// termStore keeps what was agreed for services, and when they were active.
type termStore struct{ conn }

const insertTerms = `
INSERT INTO service_term (client_id, id, service_id, item, source, from_at, to_at, tariff_version, term, period, bandwidth_service_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::integer[],
    $9::jsonb[], $10::text[], $11::uuid[])`

// InsertTerms writes agreed terms. A second open row for one item breaks a unique index.
func (s termStore) InsertTerms(ctx context.Context, rows []service.TermRow) error {
	if len(rows) == 0 {
		return nil
	}
	n := len(rows)
	clients, ids, services, items, sources := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	from, to, versions := make([]time.Time, n), make([]*time.Time, n), make([]*int64, n)
	terms, periods, bandwidth := make([]string, n), make([]string, n), make([]*string, n)
	for i, r := range rows {
		raw, err := json.Marshal(r.Term)
		if err != nil {
			return fmt.Errorf("insert terms: %w", err)
		}
		clients[i], ids[i], services[i], items[i], sources[i] = string(r.ClientID), r.ID, string(r.ServiceID), r.Item, string(r.Source)
		from[i], to[i], terms[i], periods[i] = r.From, r.To, string(raw), string(r.Period)
		if r.TariffVersion != 0 {
			v := int64(r.TariffVersion)
			versions[i] = &v
		}
		if r.BandwidthServiceID != "" {
			v := string(r.BandwidthServiceID)
			bandwidth[i] = &v
		}
	}
	_, err := s.exec(ctx, insertTerms, pq.Array(clients), pq.Array(ids), pq.Array(services), pq.Array(items), pq.Array(sources),
		pq.Array(from), pq.Array(to), pq.Array(versions), pq.Array(terms), pq.Array(periods), pq.Array(bandwidth))
	return wrap("insert terms", err)
}

const endTerms = `
UPDATE service_term SET to_at = $4
WHERE client_id = $1 AND service_id = $2 AND ($3 = '' OR source = $3) AND to_at IS NULL`

// EndTerms ends the open terms of a source (empty: all sources) at an instant.
func (s termStore) EndTerms(ctx context.Context, c actor.ClientID, id service.ID, source service.Source, at time.Time) error {
	_, err := s.exec(ctx, endTerms, c, id, string(source), at)
	return wrap("end terms", err)
}

const endTermRows = `
UPDATE service_term SET to_at = greatest(from_at, $3) WHERE client_id = $1 AND id = ANY ($2::uuid[]) AND (to_at IS NULL OR to_at > $3)`

// EndTermRows ends single rows at an instant, or at their start where that is later: of a price that was to begin nothing is
// left. An end that has not come yet may be brought forward, one that is past stays.
func (s termStore) EndTermRows(ctx context.Context, c actor.ClientID, ids []string, at time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	n, err := s.exec(ctx, endTermRows, c, pq.Array(ids), at)
	if err == nil && n != int64(len(ids)) {
		err = fmt.Errorf("%d of %d rows were open", n, len(ids))
	}
	return wrap("end terms", err)
}

// termColumns is shared by the statements that read terms, so that one row struct serves them all.
const termColumns = `
client_id, id, service_id, item, source, from_at, to_at, coalesce(tariff_version, 0) AS tariff_version, term, period,
coalesce(bandwidth_service_id::text, '') AS bandwidth_service_id`

const openTerms = `
SELECT ` + termColumns + ` FROM service_term
WHERE client_id = $1 AND service_id = ANY ($2::uuid[]) AND to_at IS NULL
ORDER BY service_id, item, from_at, id`

// OpenTerms are the rows without an end, of all sources, by service, item and start.
func (s termStore) OpenTerms(ctx context.Context, c actor.ClientID, services []service.ID) ([]service.TermRow, error) {
	return s.terms(ctx, openTerms, c, texts(services))
}

const termsAfter = `
SELECT ` + termColumns + ` FROM service_term
WHERE client_id = $1 AND service_id = ANY ($2::uuid[]) AND (to_at IS NULL OR (to_at > $3 AND to_at > from_at))
ORDER BY service_id, item, from_at, id`

// TermsAfter are the rows that are in force at an instant or later, by service, item and start.
func (s termStore) TermsAfter(ctx context.Context, c actor.ClientID, services []service.ID, at time.Time) ([]service.TermRow, error) {
	return s.terms(ctx, termsAfter, c, texts(services), at)
}

const termsBetween = `
SELECT ` + termColumns + ` FROM service_term
WHERE client_id = $1 AND service_id = ANY ($2::uuid[]) AND from_at < $4 AND (to_at IS NULL OR to_at >= $3)
ORDER BY service_id, item, from_at, id`

// TermsBetween are the rows that were in force at some instant from `from` to `to`, by service, item and start.
func (s termStore) TermsBetween(ctx context.Context, c actor.ClientID, services []service.ID, from, to time.Time) ([]service.TermRow, error) {
	return s.terms(ctx, termsBetween, c, texts(services), from, to)
}

func (c conn) terms(ctx context.Context, query string, args ...any) ([]service.TermRow, error) {
	var rows []termRow
	if err := c.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read terms: %w", err)
	}
	out := make([]service.TermRow, len(rows))
	for i, r := range rows {
		out[i] = service.TermRow{
			ID: r.ID, ClientID: r.ClientID, ServiceID: r.ServiceID, Item: r.Item, Source: r.Source, From: r.From.UTC(), To: utc(r.To),
			TariffVersion: r.TariffVersion, Period: r.Period, BandwidthServiceID: r.BandwidthServiceID,
		}
		if err := json.Unmarshal(r.Term, &out[i].Term); err != nil {
			return nil, fmt.Errorf("read terms: %w", err)
		}
	}
	return out, nil
}

type termRow struct {
	ClientID           actor.ClientID  `db:"client_id"`
	ID                 string          `db:"id"`
	ServiceID          service.ID      `db:"service_id"`
	Item               string          `db:"item"`
	Source             service.Source  `db:"source"`
	From               time.Time       `db:"from_at"`
	To                 *time.Time      `db:"to_at"`
	TariffVersion      int             `db:"tariff_version"`
	Term               []byte          `db:"term"`
	Period             calendar.Period `db:"period"`
	BandwidthServiceID service.ID      `db:"bandwidth_service_id"`
}

const insertActivity = `
INSERT INTO service_activity AS a (client_id, service_id, from_at, cause) VALUES ($1, $2, $3, $4)
ON CONFLICT (client_id, service_id, from_at) DO UPDATE SET to_at = NULL, cause = excluded.cause, end_cause = NULL
WHERE a.to_at = a.from_at`

// InsertActivity begins a range in which the service is active; a second open one breaks a unique index. A range that began
// and ended at this very instant counts as nothing and is begun again.
func (s termStore) InsertActivity(ctx context.Context, c actor.ClientID, a service.ActivityRow) error {
	n, err := s.exec(ctx, insertActivity, c, a.ServiceID, a.From, a.Cause)
	if err == nil && n != 1 {
		err = fmt.Errorf("the service is active already")
	}
	return wrap("insert activity", err)
}

const endActivity = `
UPDATE service_activity SET to_at = $3, end_cause = $4 WHERE client_id = $1 AND service_id = $2 AND to_at IS NULL`

// EndActivity ends the open range.
func (s termStore) EndActivity(ctx context.Context, c actor.ClientID, id service.ID, at time.Time, cause string) error {
	_, err := s.exec(ctx, endActivity, c, id, at, cause)
	return wrap("end activity", err)
}

const activityBetween = `
SELECT from_at, to_at, cause FROM service_activity
WHERE client_id = $1 AND service_id = $2 AND from_at < $4 AND (to_at IS NULL OR to_at > $3) ORDER BY from_at`

// ActivityBetween are the ranges of a service's activity that reach into a range of time.
func (s termStore) ActivityBetween(ctx context.Context, c actor.ClientID, id service.ID, from, to time.Time) ([]service.ActivityRow, error) {
	var rows []struct {
		From  time.Time  `db:"from_at"`
		To    *time.Time `db:"to_at"`
		Cause string     `db:"cause"`
	}
	if err := s.all(ctx, &rows, activityBetween, c, id, from, to); err != nil {
		return nil, fmt.Errorf("read activity: %w", err)
	}
	out := make([]service.ActivityRow, len(rows))
	for i, r := range rows {
		out[i] = service.ActivityRow{ServiceID: id, From: r.From.UTC(), To: utc(r.To), Cause: r.Cause}
	}
	return out, nil
}
