// Package client is whom a hosting company sells as and to: providers, clients, and the API keys that act for them.
//
// It owns these records, the rules inside one of them (addresses of mail, settlement, what a key may be limited to) and the
// making and hashing of keys. It does not own balances (package ledger writes them), nor how a request proves its key
// (package httpapi).
//
// Invariants: an e-mail address is used once per provider, whatever its case; a client never changes its provider and a
// provider never its currency, because books are kept in both; of a key only the hash is stored, it is shown once.
package client

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/money"
)

// Provider is a selling unit with one currency.
type Provider struct {
	ID               actor.ProviderID
	Name             string
	Currency         string // ISO 4217, fixed
	Country          string // ISO 3166-1 alpha-2; empty: not known
	Site             string
	BillingURL       string
	PricesIncludeTax bool
	TaxRules         []TaxRule // filled where prices are made (D25)
	CreatedAt        time.Time
	Version          int64
}

// Status tells whether a client may act.
type Status string

// The statuses of a client.
const (
	Active  Status = "active"
	Blocked Status = "blocked"
)

// Mode is when a client pays.
type Mode string

// The modes of settlement.
const (
	Prepaid     Mode = "prepaid"
	CreditLimit Mode = "credit_limit"
	Postpaid    Mode = "postpaid"
)

// Settlement is how far below zero a balance may go: not at all, to a limit, or without one.
type Settlement struct {
	Mode  Mode            `json:"mode"`
	Limit decimal.Decimal `json:"limit"` // in the provider's currency; only of credit_limit
}

// Client is a customer of one provider. Texts that are not known are empty.
type Client struct {
	ID            actor.ClientID
	ProviderID    actor.ProviderID
	Email         string
	Name          string
	Country       string // ISO 3166-1 alpha-2
	Region        string
	Username      string // its name in panels
	Phone         string
	PhoneVerified bool
	GroupID       GroupID // empty: in no group
	TimeZone      string  // IANA, for showing times only
	Status        Status
	Settlement    Settlement
	Currency      string // the provider's
	// Balance and Held are filled by reads; LockClient leaves them empty, because they stand behind the account's own lock.
	Balance   money.Amount // what can be spent, without credit
	Held      money.Amount // paid orders that are not yet active
	CreatedAt time.Time
	Version   int64
}

// Filter limits a list of clients.
type Filter struct {
	Email      string
	Status     Status
	ProviderID actor.ProviderID
}

// Tx is what the use-cases of this package need of their transaction.
type Tx interface {
	event.Tx
	GroupTx
	TaxTx
	InsertProvider(ctx context.Context, p Provider) error
	// LockProvider locks the row for a change; ShareProvider keeps it from going away while it is referred to.
	LockProvider(ctx context.Context, id actor.ProviderID) (Provider, error)
	ShareProvider(ctx context.Context, id actor.ProviderID) (Provider, error)
	UpdateProvider(ctx context.Context, p Provider) error
	// InsertTaxSwitch notes how prices were read until a day; the first note of a day stays.
	InsertTaxSwitch(ctx context.Context, id actor.ProviderID, s TaxSwitch) error
	DeleteProvider(ctx context.Context, id actor.ProviderID) error
	// InsertClient writes the client, its daily-run columns and its two empty accounts.
	InsertClient(ctx context.Context, c Client, billedThrough calendar.Day, nextRunAt time.Time) error
	LockClient(ctx context.Context, id actor.ClientID) (Client, error)
	ClientByID(ctx context.Context, id actor.ClientID) (Client, error)
	UpdateClient(ctx context.Context, c Client) error
	// MoneyFreed makes those of the clients due that have services which wait for money.
	MoneyFreed(ctx context.Context, clients []actor.ClientID, at time.Time) error
	InsertKey(ctx context.Context, k Key, hash Hash) error
	LockKey(ctx context.Context, id KeyID) (Key, error)
	RevokeKey(ctx context.Context, id KeyID, at time.Time) error
	// LockAdminKeys makes programs that start at the same time bootstrap one after the other.
	LockAdminKeys(ctx context.Context) error
	HasAdminKey(ctx context.Context, wall time.Time) (bool, error)
}

// Engine runs the use-cases of providers, clients and keys.
type Engine struct {
	InTx func(ctx context.Context, fn func(Tx) error) error
	Zone *time.Location // the billing zone
	Wall clock.Wall     // expiry of keys is in real time
}

// Lock locks a client for a use-case that changes it or its money, and answers not_found for one outside the actor's
// scope. It is the first lock of the global order; read the business time after it.
func Lock(ctx context.Context, tx interface {
	LockClient(ctx context.Context, id actor.ClientID) (Client, error)
}, by actor.Actor, id actor.ClientID,
) (Client, error) {
	c, err := tx.LockClient(ctx, id)
	if err != nil {
		return Client{}, err
	}
	if !by.Scope.Covers(c.ProviderID, c.ID) {
		return Client{}, ErrNoClient
	}
	return c, nil
}
