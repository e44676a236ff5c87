package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// trafficStore keeps links, blocks, collections and recomputations.
type trafficStore struct{ conn }

type serverRow struct {
	ID           service.ID       `db:"id"`
	ClientID     actor.ClientID   `db:"client_id"`
	ProviderID   actor.ProviderID `db:"provider_id"`
	Name         string           `db:"name"`
	ProductType  string           `db:"product_type"`
	Status       service.Status   `db:"status"`
	DataCenterID datacenter.ID    `db:"data_center_id"`
	Driver       string           `db:"driver"`
	ExternalID   provision.Ref    `db:"external_id"`
	StartedAt    *time.Time       `db:"started_at"`
	DeletedAt    *time.Time       `db:"deleted_at"`
	LinkedTo     service.ID       `db:"linked_to"`
}

const serverSelect = `
SELECT s.id, s.client_id, s.provider_id, s.name, s.product_type, s.status, coalesce(s.data_center_id::text, '') AS data_center_id,
    coalesce(m.driver, '') AS driver, coalesce(s.external_id, '') AS external_id, s.started_at, s.deleted_at,
    coalesce(l.bandwidth_service_id::text, '') AS linked_to
FROM service s
LEFT JOIN processing_module m ON m.id = s.module_id
LEFT JOIN traffic_link l ON l.client_id = s.client_id AND l.server_service_id = s.id AND l.to_at IS NULL AND l.superseded_at IS NULL`

const servers = serverSelect + ` WHERE s.id = ANY ($1::uuid[])`

// Servers reads services as servers; unknown ids are left out.
func (s trafficStore) Servers(ctx context.Context, ids []service.ID) ([]traffic.Server, error) {
	return s.servers(ctx, servers, texts(ids))
}

const serversOf = serverSelect + `
WHERE s.client_id = $1 AND s.status IN ('processing', 'active', 'suspended') AND s.product_type <> 'dedicated_bandwidth'
ORDER BY s.id`

// ServersOf are a client's services that could be servers of a bandwidth service.
func (s trafficStore) ServersOf(ctx context.Context, c actor.ClientID) ([]traffic.Server, error) {
	return s.servers(ctx, serversOf, c)
}

func (c conn) servers(ctx context.Context, query string, args ...any) ([]traffic.Server, error) {
	var rows []serverRow
	if err := c.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read servers: %w", err)
	}
	out := make([]traffic.Server, len(rows))
	for i, r := range rows {
		out[i] = traffic.Server(r)
		out[i].StartedAt, out[i].DeletedAt = utc(r.StartedAt), utc(r.DeletedAt)
	}
	return out, nil
}

type linkRow struct {
	ID        string         `db:"id"`
	ClientID  actor.ClientID `db:"client_id"`
	Bandwidth service.ID     `db:"bandwidth_service_id"`
	Server    service.ID     `db:"server_service_id"`
	From      time.Time      `db:"from_at"`
	To        *time.Time     `db:"to_at"`
}

const linkHistory = `
SELECT id, client_id, bandwidth_service_id, server_service_id, from_at, to_at FROM traffic_link
WHERE client_id = ANY ($1::uuid[]) AND server_service_id = ANY ($2::uuid[]) AND superseded_at IS NULL
ORDER BY server_service_id, from_at, id`

const activityHistory = `
SELECT service_id, from_at, to_at, cause FROM service_activity
WHERE client_id = ANY ($1::uuid[]) AND service_id = ANY ($2::uuid[])
ORDER BY service_id, from_at`

// Histories are the links of servers and the activity of the bandwidth services in them, all that the ownership rule needs.
func (s trafficStore) Histories(ctx context.Context, clients []actor.ClientID, servers []service.ID) ([]traffic.Link, traffic.Activity, error) {
	links, err := s.links(ctx, linkHistory, texts(clients), texts(servers))
	if err != nil || len(links) == 0 {
		return nil, nil, err
	}
	seen := map[service.ID]bool{}
	var carriers []service.ID
	for _, l := range links {
		if !seen[l.Bandwidth] {
			seen[l.Bandwidth] = true
			carriers = append(carriers, l.Bandwidth)
		}
	}
	var rows []struct {
		ServiceID service.ID `db:"service_id"`
		From      time.Time  `db:"from_at"`
		To        *time.Time `db:"to_at"`
		Cause     string     `db:"cause"`
	}
	if err := s.all(ctx, &rows, activityHistory, texts(clients), texts(carriers)); err != nil {
		return nil, nil, fmt.Errorf("read activity: %w", err)
	}
	activity := traffic.Activity{}
	for _, r := range rows {
		activity[r.ServiceID] = append(activity[r.ServiceID], service.ActivityRow{ServiceID: r.ServiceID, From: r.From.UTC(), To: utc(r.To), Cause: r.Cause})
	}
	return links, activity, nil
}

const linksOf = `
SELECT id, client_id, bandwidth_service_id, server_service_id, from_at, to_at FROM traffic_link
WHERE client_id = $1 AND bandwidth_service_id = $2 AND superseded_at IS NULL
ORDER BY from_at, id`

// LinksOf are all links that a bandwidth service ever had.
func (s trafficStore) LinksOf(ctx context.Context, c actor.ClientID, bandwidth service.ID) ([]traffic.Link, error) {
	return s.links(ctx, linksOf, c, bandwidth)
}

func (c conn) links(ctx context.Context, query string, args ...any) ([]traffic.Link, error) {
	var rows []linkRow
	if err := c.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read links: %w", err)
	}
	out := make([]traffic.Link, len(rows))
	for i, r := range rows {
		out[i] = traffic.Link(r)
		out[i].From, out[i].To = r.From.UTC(), utc(r.To)
	}
	return out, nil
}

const insertLinks = `
INSERT INTO traffic_link (client_id, id, bandwidth_service_id, server_service_id, from_at, to_at, made_by)
SELECT l.*, $7 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[]) AS l`

// InsertLinks writes links; a server that has an open one already breaks traffic_link_server_uq.
func (s trafficStore) InsertLinks(ctx context.Context, links []traffic.Link, by string) error {
	if len(links) == 0 {
		return nil
	}
	n := len(links)
	clients, ids, bandwidth, servers := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	from, to := make([]time.Time, n), make([]*time.Time, n)
	for i, l := range links {
		clients[i], ids[i], bandwidth[i], servers[i] = string(l.ClientID), l.ID, string(l.Bandwidth), string(l.Server)
		from[i], to[i] = l.From, l.To
	}
	_, err := s.exec(ctx, insertLinks, pq.Array(clients), pq.Array(ids), pq.Array(bandwidth), pq.Array(servers), pq.Array(from), pq.Array(to), by)
	return wrap("insert links", err)
}

const endLinks = `
UPDATE traffic_link SET to_at = $3, ended_by = $4
WHERE client_id = $1 AND id = ANY ($2::uuid[]) AND to_at IS NULL AND superseded_at IS NULL`

// EndLinks ends open links at an instant.
func (s trafficStore) EndLinks(ctx context.Context, c actor.ClientID, ids []string, at time.Time, by string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := s.exec(ctx, endLinks, c, pq.Array(ids), at, by)
	return wrap("end links", err)
}

const supersedeLinks = `
UPDATE traffic_link SET superseded_at = $3 WHERE client_id = $1 AND id = ANY ($2::uuid[]) AND superseded_at IS NULL`

// SupersedeLinks takes links out of history: corrected rows stand for them.
func (s trafficStore) SupersedeLinks(ctx context.Context, c actor.ClientID, ids []string, at time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := s.exec(ctx, supersedeLinks, c, pq.Array(ids), at)
	return wrap("supersede links", err)
}

const countServerChanges = `
SELECT count(*) FROM audit
WHERE client_id = $1 AND subject = 'service' AND subject_id = $2 AND action = $3 AND actor_role = 'client' AND at >= $4`

// CountServerChanges counts how often clients changed the set of servers since an instant.
func (s trafficStore) CountServerChanges(ctx context.Context, c actor.ClientID, bandwidth service.ID, since time.Time) (int, error) {
	var n int
	err := s.get(ctx, &n, countServerChanges, c, bandwidth, traffic.ServersChanged, since)
	return n, wrap("count changes of servers", err)
}

const providersOf = `SELECT id, provider_id FROM client WHERE id = ANY ($1::uuid[])`

// ProvidersOf tells whose clients they are.
func (s trafficStore) ProvidersOf(ctx context.Context, clients []actor.ClientID) (map[actor.ClientID]actor.ProviderID, error) {
	var rows []struct {
		ID         actor.ClientID   `db:"id"`
		ProviderID actor.ProviderID `db:"provider_id"`
	}
	if err := s.all(ctx, &rows, providersOf, texts(clients)); err != nil {
		return nil, fmt.Errorf("read the providers of clients: %w", err)
	}
	out := make(map[actor.ClientID]actor.ProviderID, len(rows))
	for _, r := range rows {
		out[r.ID] = r.ProviderID
	}
	return out, nil
}
