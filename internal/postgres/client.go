package postgres

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/money"
)

// clientStore writes providers, clients and keys.
type clientStore struct{ conn }

type providerRow struct {
	ID               string         `db:"id"`
	Name             string         `db:"name"`
	Currency         string         `db:"currency"`
	Country          string         `db:"country"`
	Site             string         `db:"site"`
	BillingURL       string         `db:"billing_url"`
	PricesIncludeTax bool           `db:"prices_include_tax"`
	CreatedAt        time.Time      `db:"created_at"`
	Version          int64          `db:"version"`
	TaxRules         pq.StringArray `db:"tax_rules"`
}

func (r providerRow) toProvider() client.Provider {
	return client.Provider{
		ID: actor.ProviderID(r.ID), Name: r.Name, Currency: r.Currency, Country: r.Country, Site: r.Site, BillingURL: r.BillingURL,
		PricesIncludeTax: r.PricesIncludeTax, CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
}

const insertProvider = `
INSERT INTO provider (id, name, currency, site, billing_url, prices_include_tax, created_at, country)
VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''))`

// InsertProvider adds a provider.
func (s clientStore) InsertProvider(ctx context.Context, p client.Provider) error {
	_, err := s.exec(ctx, insertProvider, p.ID, p.Name, p.Currency, p.Site, p.BillingURL, p.PricesIncludeTax, p.CreatedAt, p.Country)
	return wrap("insert provider", err)
}

const providerColumns = `
SELECT p.id, p.name, p.currency, coalesce(p.country, '') AS country, p.site, p.billing_url, p.prices_include_tax, p.created_at, p.version`

// The rules of a provider's taxes come with it: a price is made in the same statement's round trip, and most have few.
const providerForPrices = providerColumns + `,
` + rulesOfProvider + ` AS tax_rules
FROM provider p WHERE p.id = $1`

const lockProvider = providerForPrices + ` FOR UPDATE OF p`

// LockProvider locks a provider for a change.
func (s clientStore) LockProvider(ctx context.Context, id actor.ProviderID) (client.Provider, error) {
	return s.provider(ctx, lockProvider, id)
}

// ProviderByID reads a provider.
func (s clientStore) ProviderByID(ctx context.Context, id actor.ProviderID) (client.Provider, error) {
	return s.provider(ctx, providerForPrices, id)
}

const shareProvider = providerForPrices + ` FOR KEY SHARE OF p`

// ShareProvider keeps a provider from being deleted while something is added to it.
func (s clientStore) ShareProvider(ctx context.Context, id actor.ProviderID) (client.Provider, error) {
	return s.provider(ctx, shareProvider, id)
}

func (s clientStore) provider(ctx context.Context, query string, id actor.ProviderID) (client.Provider, error) {
	var r providerRow
	if err := s.get(ctx, &r, query, id); err != nil {
		return client.Provider{}, missing(err, client.ErrNoProvider, "lock provider")
	}
	p := r.toProvider()
	var err error
	p.TaxRules, err = toTaxRules(p.ID, r.TaxRules)
	return p, err
}

const updateProvider = `
UPDATE provider SET name = $2, site = $3, billing_url = $4, prices_include_tax = $5, country = nullif($6, ''),
       version = version + 1
WHERE id = $1`

// UpdateProvider writes a locked provider back.
func (s clientStore) UpdateProvider(ctx context.Context, p client.Provider) error {
	_, err := s.exec(ctx, updateProvider, p.ID, p.Name, p.Site, p.BillingURL, p.PricesIncludeTax, p.Country)
	return wrap("update provider", err)
}

const insertTaxSwitch = `
INSERT INTO provider_tax_switch (provider_id, until_day, prices_include_tax) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`

// InsertTaxSwitch notes how a provider's prices were read until a day; the first note of a day stays.
func (s clientStore) InsertTaxSwitch(ctx context.Context, id actor.ProviderID, w client.TaxSwitch) error {
	_, err := s.exec(ctx, insertTaxSwitch, id, w.Until, w.Included)
	return wrap("insert a tax switch", err)
}

const deleteProvider = `DELETE FROM provider WHERE id = $1`

// DeleteProvider removes a provider; what refers to it breaks a foreign key.
func (s clientStore) DeleteProvider(ctx context.Context, id actor.ProviderID) error {
	_, err := s.exec(ctx, deleteProvider, id)
	return wrap("delete provider", err)
}

type clientRow struct {
	ID              string              `db:"id"`
	ProviderID      string              `db:"provider_id"`
	Currency        string              `db:"currency"`
	Email           string              `db:"email"`
	Name            string              `db:"name"`
	Country         string              `db:"country"`
	Region          string              `db:"region"`
	Username        string              `db:"username"`
	Phone           string              `db:"phone"`
	PhoneVerified   bool                `db:"phone_verified"`
	GroupID         client.GroupID      `db:"group_id"`
	TimeZone        string              `db:"time_zone"`
	Status          string              `db:"status"`
	SettlementMode  string              `db:"settlement_mode"`
	SettlementLimit decimal.Decimal     `db:"settlement_limit"`
	CreatedAt       time.Time           `db:"created_at"`
	Version         int64               `db:"version"`
	Balance         decimal.NullDecimal `db:"balance"`
	Held            decimal.NullDecimal `db:"held"`
}

func (r clientRow) toClient() client.Client {
	c := client.Client{
		ID: actor.ClientID(r.ID), ProviderID: actor.ProviderID(r.ProviderID), Email: r.Email, Name: r.Name, Country: r.Country,
		Region: r.Region, Username: r.Username, Phone: r.Phone, PhoneVerified: r.PhoneVerified, GroupID: r.GroupID, TimeZone: r.TimeZone,
		Status: client.Status(r.Status), Currency: r.Currency, CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
		Settlement: client.Settlement{Mode: client.Mode(r.SettlementMode), Limit: r.SettlementLimit},
	}
	if r.Balance.Valid {
		c.Balance = money.New(r.Balance.Decimal, r.Currency)
	}
	if r.Held.Valid {
		c.Held = money.New(r.Held.Decimal, r.Currency)
	}
	return c
}

const insertClient = `
WITH written AS (
    INSERT INTO client (id, provider_id, email, name, country, region, username, phone, phone_verified, time_zone, status,
                        settlement_mode, settlement_limit, billed_through, next_run_at, created_at, group_id)
    VALUES ($1, $2, $3, $4, nullif($5, ''), nullif($6, ''), $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $18)
    RETURNING id
)
INSERT INTO account (client_id, kind, currency) SELECT id, kind, $17 FROM written, unnest(ARRAY['balance', 'held']) AS kind`

// InsertClient adds a client with its two empty accounts.
func (s clientStore) InsertClient(ctx context.Context, c client.Client, billedThrough calendar.Day, nextRunAt time.Time) error {
	_, err := s.exec(ctx, insertClient, c.ID, c.ProviderID, c.Email, c.Name, c.Country, c.Region, c.Username, c.Phone,
		c.PhoneVerified, c.TimeZone, c.Status, c.Settlement.Mode, c.Settlement.Limit, billedThrough, nextRunAt, c.CreatedAt, c.Currency,
		nullable(c.GroupID))
	return wrap("insert client", err)
}

// clientAlone reads a client without its balances.
const clientAlone = `
SELECT c.id, c.provider_id, p.currency, c.email, c.name, coalesce(c.country, '') AS country, coalesce(c.region, '') AS region,
       c.username, c.phone, c.phone_verified, coalesce(c.group_id::text, '') AS group_id, coalesce(c.time_zone, 'UTC') AS time_zone, c.status, c.settlement_mode,
       c.settlement_limit, c.created_at, c.version
FROM client c JOIN provider p ON p.id = c.provider_id`

// The lock comes without the balances: they would be read as of before the lock was waited for.
const lockClient = clientAlone + `
WHERE c.id = $1 FOR UPDATE OF c`

// LockClient locks a client, the first lock of every use-case that touches one.
func (s clientStore) LockClient(ctx context.Context, id actor.ClientID) (client.Client, error) {
	var r clientRow
	if err := s.get(ctx, &r, lockClient, id); err != nil {
		return client.Client{}, missing(err, client.ErrNoClient, "lock client")
	}
	return r.toClient(), nil
}

// ClientByID reads a client with its balances.
func (s clientStore) ClientByID(ctx context.Context, id actor.ClientID) (client.Client, error) {
	return s.clientByID(ctx, actor.Everything, id)
}

const clientsByEmail = clientAlone + `
WHERE lower(c.email) = ANY ($1) ORDER BY c.id`

// ClientsByEmail reads the clients of all providers with one of these addresses, without balances.
func (s clientStore) ClientsByEmail(ctx context.Context, emails []string) ([]client.Client, error) {
	var rows []clientRow
	if err := s.all(ctx, &rows, clientsByEmail, texts(emails)); err != nil {
		return nil, wrap("read clients by e-mail address", err)
	}
	out := make([]client.Client, len(rows))
	for i, r := range rows {
		out[i] = r.toClient()
	}
	return out, nil
}

const updateClient = `
UPDATE client SET email = $2, name = $3, country = nullif($4, ''), region = nullif($5, ''), username = $6, phone = $7,
       phone_verified = $8, time_zone = $9, status = $10, settlement_mode = $11, settlement_limit = $12, group_id = $13,
       version = version + 1
WHERE id = $1`

// UpdateClient writes a locked client back.
func (s clientStore) UpdateClient(ctx context.Context, c client.Client) error {
	_, err := s.exec(ctx, updateClient, c.ID, c.Email, c.Name, c.Country, c.Region, c.Username, c.Phone, c.PhoneVerified,
		c.TimeZone, c.Status, c.Settlement.Mode, c.Settlement.Limit, nullable(c.GroupID))
	return wrap("update client", err)
}

const insertKey = `
INSERT INTO api_key (id, name, hash, prefix, role, provider_id, client_id, scopes, allowed_ips, rate_limit, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

// InsertKey adds a key; of the key itself only the hash.
func (s clientStore) InsertKey(ctx context.Context, k client.Key, hash client.Hash) error {
	ips := make([]string, len(k.AllowedIPs))
	for i, p := range k.AllowedIPs {
		ips[i] = p.String()
	}
	_, err := s.exec(ctx, insertKey, k.ID, k.Name, hash[:], k.Prefix, k.Role, nullable(k.ProviderID), nullable(k.ClientID),
		texts(k.Scopes), texts(ips), k.RateLimit, k.ExpiresAt, k.CreatedAt)
	return wrap("insert key", err)
}

type keyRow struct {
	ID         string         `db:"id"`
	Name       string         `db:"name"`
	Prefix     string         `db:"prefix"`
	Role       string         `db:"role"`
	ProviderID string         `db:"provider_id"`
	ClientID   string         `db:"client_id"`
	Scopes     pq.StringArray `db:"scopes"`
	AllowedIPs pq.StringArray `db:"allowed_ips"`
	RateLimit  *int           `db:"rate_limit"`
	ExpiresAt  *time.Time     `db:"expires_at"`
	LastUsedAt *time.Time     `db:"last_used_at"`
	RevokedAt  *time.Time     `db:"revoked_at"`
	CreatedAt  time.Time      `db:"created_at"`
	Version    int64          `db:"version"`
	Blocked    bool           `db:"blocked"`
}

func (r keyRow) toKey() (client.Key, error) {
	k := client.Key{
		ID: client.KeyID(r.ID), Name: r.Name, Prefix: r.Prefix, Role: actor.Role(r.Role), ProviderID: actor.ProviderID(r.ProviderID),
		ClientID: actor.ClientID(r.ClientID), Scopes: r.Scopes, RateLimit: r.RateLimit, ExpiresAt: utc(r.ExpiresAt),
		LastUsedAt: utc(r.LastUsedAt), RevokedAt: utc(r.RevokedAt), CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
	for _, text := range r.AllowedIPs {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return k, fmt.Errorf("key %s: %w", r.ID, err)
		}
		k.AllowedIPs = append(k.AllowedIPs, p)
	}
	return k, nil
}

const lockKey = `
SELECT id, name, prefix, role, coalesce(provider_id::text, '') AS provider_id, coalesce(client_id::text, '') AS client_id, scopes,
       allowed_ips, rate_limit, expires_at, last_used_at, revoked_at, created_at, version
FROM api_key WHERE id = $1 FOR UPDATE`

// LockKey locks a key for a change.
func (s clientStore) LockKey(ctx context.Context, id client.KeyID) (client.Key, error) {
	var r keyRow
	if err := s.get(ctx, &r, lockKey, id); err != nil {
		return client.Key{}, missing(err, client.ErrNoKey, "lock key")
	}
	return r.toKey()
}

const revokeKey = `UPDATE api_key SET revoked_at = $2, version = version + 1 WHERE id = $1`

// RevokeKey ends a key.
func (s clientStore) RevokeKey(ctx context.Context, id client.KeyID, at time.Time) error {
	_, err := s.exec(ctx, revokeKey, id, at)
	return wrap("revoke key", err)
}

const lockAdminKeys = `SELECT pg_advisory_xact_lock(1413829446, 3)`

// LockAdminKeys lets one program at a time look for an admin key and make one.
func (s clientStore) LockAdminKeys(ctx context.Context) error {
	_, err := s.exec(ctx, lockAdminKeys)
	return wrap("lock admin keys", err)
}

const hasAdminKey = `
SELECT EXISTS (SELECT FROM api_key WHERE role = 'admin' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1))`

// HasAdminKey tells whether an admin key is usable at a real instant.
func (s clientStore) HasAdminKey(ctx context.Context, wall time.Time) (has bool, err error) {
	err = s.get(ctx, &has, hasAdminKey, wall)
	return has, wrap("look for an admin key", err)
}

// wrap says in which statement something failed.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// missing turns "no row" into the feature's own answer.
func missing(err, none error, what string) error {
	if isNoRows(err) {
		return none
	}
	return wrap(what, err)
}
