package postgres

import (
	"context"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
)

const providerByID = providerColumns + `
FROM provider p WHERE id = $1 AND ($2::uuid IS NULL OR id = $2)`

// Provider reads a provider.
func (r *Reader) Provider(ctx context.Context, s actor.Scope, id actor.ProviderID) (client.Provider, error) {
	var row providerRow
	if err := r.get(ctx, &row, providerByID, id, nullable(s.ProviderID)); err != nil {
		return client.Provider{}, fromConstraint(missing(err, client.ErrNoProvider, "read provider"))
	}
	return row.toProvider(), nil
}

const listProviders = providerColumns + `
FROM provider p
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge}) AND ($2::uuid IS NULL OR id = $2)
ORDER BY id {order} LIMIT $3`

// Providers lists providers in order of creation.
func (r *Reader) Providers(ctx context.Context, s actor.Scope, p actor.Page) ([]client.Provider, error) {
	var rows []providerRow
	if err := r.all(ctx, &rows, inOrder(listProviders, p.Desc), p.After, nullable(s.ProviderID), p.Rows()); err != nil {
		return nil, fromConstraint(wrap("list providers", err))
	}
	return each(rows, providerRow.toProvider), nil
}

const clientByID = `
SELECT c.id, c.provider_id, p.currency, c.email, c.name, coalesce(c.country, '') AS country, coalesce(c.region, '') AS region,
       c.username, c.phone, c.phone_verified, coalesce(c.group_id::text, '') AS group_id, coalesce(c.time_zone, 'UTC') AS time_zone, c.status, c.settlement_mode,
       c.settlement_limit, c.created_at, c.version, b.amount AS balance, h.amount AS held
FROM client c
JOIN provider p ON p.id = c.provider_id
JOIN account b ON b.client_id = c.id AND b.kind = 'balance'
JOIN account h ON h.client_id = c.id AND h.kind = 'held'
WHERE c.id = $1 AND ($2::uuid IS NULL OR c.provider_id = $2) AND ($3::uuid IS NULL OR c.id = $3)`

func (c conn) clientByID(ctx context.Context, s actor.Scope, id actor.ClientID) (client.Client, error) {
	var row clientRow
	if err := c.get(ctx, &row, clientByID, id, nullable(s.ProviderID), nullable(s.ClientID)); err != nil {
		return client.Client{}, missing(err, client.ErrNoClient, "read client")
	}
	return row.toClient(), nil
}

// Client reads a client with its balances.
func (r *Reader) Client(ctx context.Context, s actor.Scope, id actor.ClientID) (client.Client, error) {
	c, err := r.clientByID(ctx, s, id)
	return c, fromConstraint(err)
}

const listClients = `
SELECT c.id, c.provider_id, p.currency, c.email, c.name, coalesce(c.country, '') AS country, coalesce(c.region, '') AS region,
       c.username, c.phone, c.phone_verified, coalesce(c.group_id::text, '') AS group_id, coalesce(c.time_zone, 'UTC') AS time_zone, c.status, c.settlement_mode,
       c.settlement_limit, c.created_at, c.version, b.amount AS balance, h.amount AS held
FROM client c
JOIN provider p ON p.id = c.provider_id
JOIN account b ON b.client_id = c.id AND b.kind = 'balance'
JOIN account h ON h.client_id = c.id AND h.kind = 'held'
WHERE c.id {after} coalesce(nullif($1, '')::uuid, {edge})
  AND ($2::uuid IS NULL OR c.provider_id = $2) AND ($3::uuid IS NULL OR c.id = $3)
  AND ($4 = '' OR lower(c.email) = lower($4)) AND ($5 = '' OR c.status = $5) AND ($6::uuid IS NULL OR c.provider_id = $6)
ORDER BY c.id {order} LIMIT $7`

// Clients lists clients in order of creation.
func (r *Reader) Clients(ctx context.Context, s actor.Scope, f client.Filter, p actor.Page) ([]client.Client, error) {
	var rows []clientRow
	err := r.all(ctx, &rows, inOrder(listClients, p.Desc), p.After, nullable(s.ProviderID), nullable(s.ClientID), f.Email, f.Status,
		nullable(f.ProviderID), p.Rows())
	if err != nil {
		return nil, fromConstraint(wrap("list clients", err))
	}
	return each(rows, clientRow.toClient), nil
}

const keyByID = `
SELECT id, name, prefix, role, coalesce(provider_id::text, '') AS provider_id, coalesce(client_id::text, '') AS client_id, scopes,
       allowed_ips, rate_limit, expires_at, last_used_at, revoked_at, created_at, version
FROM api_key
WHERE id = $1 AND ($2::uuid IS NULL OR provider_id = $2) AND ($3::uuid IS NULL OR client_id = $3)`

// Key reads the record of an API key.
func (r *Reader) Key(ctx context.Context, s actor.Scope, id client.KeyID) (client.Key, error) {
	var row keyRow
	if err := r.get(ctx, &row, keyByID, id, nullable(s.ProviderID), nullable(s.ClientID)); err != nil {
		return client.Key{}, fromConstraint(missing(err, client.ErrNoKey, "read key"))
	}
	return row.toKey()
}

const listKeys = `
SELECT id, name, prefix, role, coalesce(provider_id::text, '') AS provider_id, coalesce(client_id::text, '') AS client_id, scopes,
       allowed_ips, rate_limit, expires_at, last_used_at, revoked_at, created_at, version
FROM api_key
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge}) AND ($2::uuid IS NULL OR provider_id = $2) AND ($3::uuid IS NULL OR client_id = $3)
ORDER BY id {order} LIMIT $4`

// Keys lists API keys in order of creation, revoked ones too.
func (r *Reader) Keys(ctx context.Context, s actor.Scope, p actor.Page) ([]client.Key, error) {
	var rows []keyRow
	err := r.all(ctx, &rows, inOrder(listKeys, p.Desc), p.After, nullable(s.ProviderID), nullable(s.ClientID), p.Rows())
	if err != nil {
		return nil, fromConstraint(wrap("list keys", err))
	}
	out := make([]client.Key, len(rows))
	for i, row := range rows {
		if out[i], err = row.toKey(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const keyByHash = `
SELECT k.id, k.name, k.prefix, k.role, coalesce(k.provider_id::text, '') AS provider_id, coalesce(k.client_id::text, '') AS client_id,
       k.scopes, k.allowed_ips, k.rate_limit, k.expires_at, k.last_used_at, k.revoked_at, k.created_at, k.version,
       coalesce(c.status = 'blocked', false) AS blocked
FROM api_key k LEFT JOIN client c ON c.id = k.client_id
WHERE k.hash = $1`

// KeyByHash finds the key that a request shows; it is how a scope comes to be, so it takes none.
func (r *Reader) KeyByHash(ctx context.Context, hash client.Hash) (client.Credential, error) {
	var row keyRow
	if err := r.get(ctx, &row, keyByHash, hash[:]); err != nil {
		return client.Credential{}, fromConstraint(missing(err, client.ErrNoKey, "find key"))
	}
	k, err := row.toKey()
	return client.Credential{Key: k, ClientBlocked: row.Blocked}, err
}

const touchKeys = `
UPDATE api_key SET last_used_at = greatest(last_used_at, used.at)
FROM unnest($1::uuid[], $2::timestamptz[]) AS used (id, at)
WHERE api_key.id = used.id`

// TouchKeys notes when keys were last used, many at once. The version stays: a key did not change by being used.
func (r *Reader) TouchKeys(ctx context.Context, used map[client.KeyID]time.Time) error {
	ids, at := make([]string, 0, len(used)), make([]time.Time, 0, len(used))
	for id, t := range used {
		ids, at = append(ids, string(id)), append(at, t)
	}
	_, err := r.exec(ctx, touchKeys, pq.Array(ids), pq.Array(at))
	return fromConstraint(wrap("note the use of keys", err))
}

// each converts rows.
func each[R, T any](rows []R, to func(R) T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = to(r)
	}
	return out
}
