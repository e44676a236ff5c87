package postgres

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/tariff"
)

// Staff see every tariff; others the active ones of their provider, and those that their services are on.
const tariffScope = `
  ($1::uuid IS NULL OR t.provider_id = $1)
  AND ($1::uuid IS NULL OR t.status = 'active'
       OR EXISTS (SELECT FROM service s WHERE s.tariff_id = t.id AND ($2::uuid IS NULL OR s.client_id = $2))) `

const readTariff = tariffColumns + `WHERE ` + tariffScope + `AND t.id = $3`

// Tariff reads a tariff and its newest offer.
func (r *Reader) Tariff(ctx context.Context, s actor.Scope, id catalog.TariffID) (catalog.Tariff, error) {
	var row tariffRow
	if err := r.get(ctx, &row, readTariff, nullable(s.ProviderID), nullable(s.ClientID), id); err != nil {
		return catalog.Tariff{}, fromConstraint(missing(err, catalog.ErrNoTariff, "read tariff"))
	}
	return row.toTariff()
}

// Offers never change once they were committed: a list reads only which versions they are of.
const listTariffs = `
SELECT t.id, t.provider_id, t.product_type, t.code, coalesce(t.group_id::text, '') AS group_id, t.status, t.current_version, p.periods, t.created_at, t.version
FROM tariff t JOIN product_type p ON p.code = t.product_type WHERE ` + tariffScope + `
  AND ($5 = '' OR t.code = $5) AND ($6 = '' OR t.product_type = $6) AND ($7 = '' OR t.status = $7) AND ($8::uuid IS NULL OR t.provider_id = $8)
  AND ($9::uuid IS NULL OR t.group_id = $9)
  AND t.id {after} coalesce(nullif($3, '')::uuid, {edge})
ORDER BY t.id {order} LIMIT $4`

// Tariffs lists tariffs in order of creation.
func (r *Reader) Tariffs(ctx context.Context, s actor.Scope, f catalog.TariffFilter, p actor.Page) ([]catalog.Tariff, error) {
	var rows []tariffRow
	err := r.all(ctx, &rows, inOrder(listTariffs, p.Desc), nullable(s.ProviderID), nullable(s.ClientID), p.After, p.Rows(),
		f.Code, f.ProductType, string(f.Status), nullable(f.ProviderID), nullable(f.GroupID))
	if err != nil {
		return nil, fromConstraint(wrap("list tariffs", err))
	}
	return r.withOffers(ctx, rows)
}

// withOffers completes rows with their offers. A version that was replaced since the rows were read is read with its row.
func (r *Reader) withOffers(ctx context.Context, rows []tariffRow) ([]catalog.Tariff, error) {
	keys := each(rows, func(row tariffRow) offerKey { return offerKey{row.ID, row.Number} })
	offers, err := r.offers(ctx, keys)
	if err != nil {
		return nil, fromConstraint(err)
	}
	out := make([]catalog.Tariff, 0, len(rows))
	for i, row := range rows {
		t := row.plain()
		var ok bool
		if t.Offer, ok = offers[keys[i]]; !ok {
			if t, err = (tariffStore{r.conn}).TariffByID(ctx, row.ID); fault.Has(err, catalog.ErrNoTariff.Code) {
				continue
			}
			if err != nil {
				return nil, fromConstraint(err)
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// What was done to a tariff stands in its audit rows.
const listHistory = `
SELECT id, at, action, actor_role, coalesce(actor_key::text, '') AS actor_key, cause, address, request_id, detail
FROM audit
WHERE client_id = $3 AND subject = 'tariff' AND subject_id = $4
  AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6)
  AND id {after} coalesce(nullif($1, '')::uuid, {edge}) ORDER BY id {order} LIMIT $2`

type historyRow struct {
	ID        string     `db:"id"`
	At        time.Time  `db:"at"`
	Action    string     `db:"action"`
	ActorRole actor.Role `db:"actor_role"`
	ActorKey  string     `db:"actor_key"`
	Cause     string     `db:"cause"`
	Address   string     `db:"address"`
	RequestID string     `db:"request_id"`
	Detail    []byte     `db:"detail"`
}

func (r historyRow) toEntry() event.Entry {
	return event.Entry{
		ID: r.ID, At: r.At.UTC(), Action: r.Action, ActorRole: r.ActorRole, ActorKey: r.ActorKey, Cause: r.Cause, Address: r.Address,
		RequestID: r.RequestID, Detail: r.Detail,
	}
}

// TariffHistory lists who changed what of a tariff, when and from where.
func (r *Reader) TariffHistory(ctx context.Context, s actor.Scope, id catalog.TariffID, from, to *time.Time, p actor.Page) ([]tariff.Revision, error) {
	if _, err := r.Tariff(ctx, s, id); err != nil {
		return nil, err
	}
	var rows []historyRow
	if err := r.all(ctx, &rows, inOrder(listHistory, p.Desc), p.After, p.Rows(), event.NoClient, id, from, to); err != nil {
		return nil, fromConstraint(wrap("read the history of a tariff", err))
	}
	out := make([]tariff.Revision, len(rows))
	for i, row := range rows {
		var err error
		if out[i], err = tariff.RevisionOf(row.toEntry()); err != nil {
			return nil, err
		}
	}
	return out, nil
}
