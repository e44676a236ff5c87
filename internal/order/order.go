// Package order sells: it quotes, places, pays, cancels and expires orders.
//
// It owns orders and the way from a selection to held money and services that wait to be made. It does not own prices
// (package pricing), what a tariff allows (package catalog), nor what happens once a service is there (package lifecycle).
//
// Invariants: the quote and the bill are one computation; an order keeps the tariff version it was quoted from; the money of
// a paid order is held until each service is active, and what cannot be made gives all of it back.
package order

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// ID is an order's id.
type ID string

// Status is where in its life an order is.
type Status string

// The statuses of an order.
const (
	AwaitingPayment    Status = "awaiting_payment"
	Paid               Status = "paid" // the money is held, services are being made
	Completed          Status = "completed"
	PartiallyCompleted Status = "partially_completed"
	Failed             Status = "failed"
	Cancelled          Status = "cancelled"
	Expired            Status = "expired"
)

// How an order is to be paid.
const (
	PayBalance = "balance" // at once, if the balance covers it
	PayLater   = "later"
)

// unpaidFor is how long an order waits for its money.
const unpaidFor = 14 * 24 * time.Hour

// Order is one purchase of one or several services.
type Order struct {
	ID         ID
	ClientID   actor.ClientID
	ProviderID actor.ProviderID
	Status     Status
	Pay        string
	Total      money.Amount
	Tax        money.Amount
	ExpiresAt  *time.Time
	PaidAt     *time.Time
	CreatedAt  time.Time
	Version    int64
	Items      []Item
}

// Item is one service of an order as it is read.
type Item struct {
	ServiceID   service.ID
	OperationID operation.ID
	Status      service.Status
	Made        bool // was active once
	TariffID    catalog.TariffID
	// TariffVersion is what it was quoted from.
	TariffVersion int
	DataCenterID  datacenter.ID
	Period        calendar.Period
	Quote         pricing.Quote
}

// Wish is what a client asks for: one item of a quote or an order.
type Wish struct {
	TariffID     catalog.TariffID
	Period       calendar.Period
	DataCenterID datacenter.ID // empty: the tariff's only one
	AddOns       map[string]json.RawMessage
	Parameters   map[string]json.RawMessage
	AutoRenew    *bool // nil: true, but for one_time
}

// Filter narrows a list of orders.
type Filter struct {
	ClientID actor.ClientID
	Status   Status
	From, To *time.Time // of creation
}

// Lookup is what a selection is checked and priced by. A transaction has it, and so has the memory of the catalogue, by which
// quotes go.
type Lookup interface {
	Now(ctx context.Context) (time.Time, error)
	ClientByID(ctx context.Context, id actor.ClientID) (client.Client, error)
	ProviderByID(ctx context.Context, id actor.ProviderID) (client.Provider, error)
	TariffByID(ctx context.Context, id catalog.TariffID) (catalog.Tariff, error)
	TariffVersion(ctx context.Context, tariff catalog.TariffID, number int) (catalog.Offer, error)
	ProductTypeByCode(ctx context.Context, code string) (product.Type, error)
	// ParametersOf answers what a product type asks for.
	ParametersOf(ctx context.Context, productType string) ([]product.Parameter, error)
	ModulesByIDs(ctx context.Context, ids []provision.ModuleID) ([]module.Module, error)
	// ClientUse counts what rules about the client go by, but for some services.
	ClientUse(ctx context.Context, c actor.ClientID, t catalog.TariffID, but []actor.ServiceID) (catalog.Use, error)
	Servers(ctx context.Context, ids []service.ID) ([]traffic.Server, error)
	// StockSold counts what was sold on modules and is still among what their panels told as free.
	StockSold(ctx context.Context, seen module.Sight, but string) (module.Sold, error)
	OrderByID(ctx context.Context, id ID) (Order, error)
}

// Tx is what ordering needs.
type Tx interface {
	Lookup
	event.Tx
	ledger.Tx
	service.Tx
	operation.Tx
	traffic.Tx
	department.TaskTx
	LockClient(ctx context.Context, id actor.ClientID) (client.Client, error)
	ShareProvider(ctx context.Context, id actor.ProviderID) (client.Provider, error)
	DataCentersByIDs(ctx context.Context, ids []datacenter.ID) ([]datacenter.DataCenter, error)
	// LockStock makes those who sell from the stock of a module follow each other.
	LockStock(ctx context.Context, ids []provision.ModuleID) error
	// LockBalances reads and locks a client's two accounts.
	LockBalances(ctx context.Context, c client.Client) (balance, held money.Amount, err error)
	InsertOrder(ctx context.Context, o Order) error
	LockOrder(ctx context.Context, id ID) (Order, error)
	// HoldOrder locks an order that the caller claimed; a claim that was lost is a claim_lost fault.
	HoldOrder(ctx context.Context, id ID, claimNo int64) (Order, error)
	UpdateOrder(ctx context.Context, o Order) error
}

// Opener starts the making of a paid service: at once where its module needs no work, else by an operation, which takes its
// machine from the room that is left. Package lifecycle fills it in.
type Opener func(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, room *catalog.Room) error

// Engine runs the use-cases of orders.
type Engine struct {
	InTx func(ctx context.Context, fn func(Tx) error) error
	// Look opens the catalogue for reading, without a transaction.
	Look func(ctx context.Context) (Lookup, error)
	Zone *time.Location
	Open Opener
	// Stock asks panels what is free; nil: nobody does, and nothing is ever sold out.
	Stock *module.Stock
}

// About says whose order it is.
func (o Order) About() event.About {
	return event.About{ClientID: o.ClientID, ProviderID: o.ProviderID, Subject: "order", SubjectID: string(o.ID)}
}

func (o Order) snapshot() map[string]any {
	return map[string]any{"id": o.ID, "client_id": o.ClientID, "status": o.Status, "total": o.Total}
}

// set changes the status and tells it.
func (o *Order) set(ctx context.Context, tx Tx, by actor.Actor, s Status) error {
	o.Status, o.ExpiresAt = s, nil
	if err := tx.UpdateOrder(ctx, *o); err != nil {
		return err
	}
	o.Version++
	return event.Record(ctx, tx, by, o.About(), "order."+string(s), "order."+string(s), o.snapshot())
}

// missing is the answer for an order that is not there or is somebody else's.
var missing = fault.Missing("order")
