package postgres

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/service"
)

const serviceInScope = `
SELECT ` + viewColumns + viewTables + `
WHERE s.id = $1 AND ($2::uuid IS NULL OR s.provider_id = $2) AND ($3::uuid IS NULL OR s.client_id = $3)`

// Service reads a service with all that is told of it.
func (r *Reader) Service(ctx context.Context, s actor.Scope, id service.ID) (lifecycle.View, error) {
	return r.view(ctx, serviceInScope, id, nullable(s.ProviderID), nullable(s.ClientID))
}

// A page is found first and its rows are read then: for one statement with all these filters and tables PostgreSQL makes a
// plan each time, which takes longer than reading the page. The first of the two is planned quickly, the second only once.
const listServices = `
SELECT s.id FROM service s
WHERE s.id {after} coalesce(nullif($1, '')::uuid, {edge})
  AND ($2::uuid IS NULL OR s.provider_id = $2) AND ($3::uuid IS NULL OR s.client_id = $3) AND ($4::uuid IS NULL OR s.client_id = $4)
  AND ($5 = '' OR s.product_type = $5) AND ($6 = '' OR s.status = $6) AND ($7::uuid IS NULL OR s.tariff_id = $7)
  AND ($8::uuid IS NULL OR s.module_id = $8) AND ($9 = '' OR s.external_id = $9) AND ($10 = '' OR s.domain = $10)
  AND ($11::timestamptz IS NULL OR s.paid_until < $11)
  AND ($12::timestamptz IS NULL OR s.created_at >= $12) AND ($13::timestamptz IS NULL OR s.created_at < $13)
ORDER BY s.id {order} LIMIT $14`

const viewsOf = `SELECT ` + viewColumns + viewTables + `WHERE s.id = ANY ($1::uuid[]) ORDER BY s.id {order}`

// Services lists services in order of creation.
func (r *Reader) Services(ctx context.Context, s actor.Scope, f service.Filter, p actor.Page) ([]lifecycle.View, error) {
	var page []service.ID
	err := r.all(ctx, &page, inOrder(listServices, p.Desc), p.After, nullable(s.ProviderID), nullable(s.ClientID), nullable(f.ClientID),
		f.ProductType, f.Status, nullable(f.TariffID), nullable(f.ModuleID), f.ExternalID, f.Domain, f.ExpiresBefore, f.From, f.To, p.Rows())
	if err != nil {
		return nil, fromConstraint(wrap("list services", err))
	}
	if len(page) == 0 {
		return nil, nil
	}
	return r.views(ctx, inOrder(viewsOf, p.Desc), texts(page))
}

const serviceOwner = `
SELECT client_id FROM service
WHERE id = $1 AND ($2::uuid IS NULL OR provider_id = $2) AND ($3::uuid IS NULL OR client_id = $3)`

const listServiceHistory = `
SELECT id, at, action, actor_role, coalesce(actor_key::text, '') AS actor_key,
       coalesce(actor_client::text, '') AS actor_client, cause, address, request_id, detail
FROM audit
WHERE client_id = $1 AND subject = 'service' AND subject_id = $2::text AND id {after} coalesce(nullif($3, '')::uuid, {edge})
  AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5)
ORDER BY id {order} LIMIT $6`

// ServiceHistory lists what happened to a service, who did it and why.
func (r *Reader) ServiceHistory(ctx context.Context, s actor.Scope, id service.ID, from, to *time.Time, p actor.Page) ([]event.Entry, error) {
	var owner actor.ClientID
	err := r.get(ctx, &owner, serviceOwner, id, nullable(s.ProviderID), nullable(s.ClientID))
	if err != nil {
		return nil, fromConstraint(missing(err, fault.Missing("service"), "read service"))
	}
	var rows []auditRow
	if err = r.all(ctx, &rows, inOrder(listServiceHistory, p.Desc), owner, id, p.After, from, to, p.Rows()); err != nil {
		return nil, fromConstraint(wrap("list history", err))
	}
	return each(rows, auditRow.toEntry), nil
}

type auditRow struct {
	ID          string         `db:"id"`
	At          time.Time      `db:"at"`
	Action      string         `db:"action"`
	ActorRole   actor.Role     `db:"actor_role"`
	ActorKey    string         `db:"actor_key"`
	ActorClient actor.ClientID `db:"actor_client"`
	Cause       string         `db:"cause"`
	Address     string         `db:"address"`
	RequestID   string         `db:"request_id"`
	Detail      []byte         `db:"detail"`
}

func (r auditRow) toEntry() event.Entry {
	return event.Entry{
		ID: r.ID, At: r.At.UTC(), Action: r.Action, ActorRole: r.ActorRole, ActorKey: r.ActorKey, ActorClient: r.ActorClient, Cause: r.Cause, Address: r.Address,
		RequestID: r.RequestID, Detail: r.Detail,
	}
}
