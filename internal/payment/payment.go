// Package payment is money that comes from clients and, where it was not spent, goes back to them.
//
// It owns payments, their states and what makes a repeated notice of a bank or gateway harmless. It does not own balances
// (package ledger), nor what arriving money sets in motion: paying orders and resuming services (package lifecycle, through
// Engine.MoneyArrived).
//
// Invariants: a payment is credited once, whatever is repeated; one number of a method names one payment of a provider; no
// more is given back than came and is still unspent.
package payment

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
)

// ID is a payment's id.
type ID string

// Status is where in its life a payment is.
type Status string

// The statuses of a payment. Only paid money can be spent; refunded means given back in full.
const (
	New      Status = "new"
	Paid     Status = "paid"
	Refunded Status = "refunded"
	Failed   Status = "failed"
	Fraud    Status = "fraud"
)

// Manual is the method of money that people book by hand.
const Manual = "manual"

// Confirm is the key scope that lets a storefront record money as paid.
const Confirm = "payments:confirm"

// Payment is money that came, or is expected, from one client.
type Payment struct {
	ID         ID
	ClientID   actor.ClientID
	ProviderID actor.ProviderID
	Amount     money.Amount
	Refunded   money.Amount // how much of it was given back
	Method     string
	ExternalID string // its number at the bank or gateway, unique per provider and method; empty: none
	OrderID    string // the order it was meant for; empty: none
	Status     Status
	PaidAt     *time.Time
	CreatedAt  time.Time
	Version    int64
}

// Filter narrows a list of payments; From and To limit the time of creation, half-open.
type Filter struct {
	ClientID   actor.ClientID
	Status     Status
	ExternalID string
	From, To   *time.Time
}

// Tx is what the use-cases of payments need of their transaction.
type Tx interface {
	ledger.Tx
	LockClient(ctx context.Context, id actor.ClientID) (client.Client, error)
	// LockBalances reads and locks a client's two accounts; the client must be locked before.
	LockBalances(ctx context.Context, c client.Client) (balance, held money.Amount, err error)
	// ClientOfOrder tells whose order it is; not_found where there is none.
	ClientOfOrder(ctx context.Context, orderID string) (actor.ClientID, error)
	// InsertPayment writes a payment; false: the provider has one of this method and external id.
	InsertPayment(ctx context.Context, p Payment) (bool, error)
	// InsertPaid is like InsertPayment for a payment that is paid, and writes its posting too, in one round trip. The client
	// must be locked.
	InsertPaid(ctx context.Context, p Payment, credit ledger.Posting) (bool, error)
	PaymentByExternalID(ctx context.Context, provider actor.ProviderID, method, externalID string) (Payment, error)
	// PaymentByID reads without a lock, to learn whose it is; the client's lock keeps a payment from changing.
	PaymentByID(ctx context.Context, id ID) (Payment, error)
	// UpdatePayment writes status, time of payment and what was given back, and raises the version.
	UpdatePayment(ctx context.Context, p Payment) error
}

// ErrNoPayment is the answer for a payment that does not exist or belongs to somebody else.
var ErrNoPayment = fault.Missing("payment")

// Engine runs the use-cases of payments.
type Engine struct {
	InTx func(ctx context.Context, fn func(Tx) error) error
	// Ahead is called before the transaction in which money arrives for an order: there, nobody can ask panels.
	Ahead func(ctx context.Context, orderID string) error
	// MoneyArrived is called in the same transaction after money was credited, with the client locked: it pays the order
	// that the payment names and resumes what was suspended for money. May be nil.
	MoneyArrived func(ctx context.Context, tx Tx, by actor.Actor, c client.Client, orderID string) error
}

func (p Payment) about() event.About {
	a := event.About{ClientID: p.ClientID, ProviderID: p.ProviderID, Subject: "payment", SubjectID: string(p.ID)}
	if p.OrderID != "" {
		a.Refs = map[string]string{"order_id": p.OrderID}
	}
	return a
}

// Snapshot is what events and audit rows tell of a payment.
type Snapshot struct {
	ID         ID             `json:"id"`
	ClientID   actor.ClientID `json:"client_id"`
	Amount     money.Amount   `json:"amount"`
	Refunded   money.Amount   `json:"refunded"`
	Method     string         `json:"method"`
	ExternalID string         `json:"external_id,omitempty"`
	Status     Status         `json:"status"`
	PaidAt     *time.Time     `json:"paid_at"`
}

func (p Payment) snapshot() Snapshot {
	return Snapshot{
		ID: p.ID, ClientID: p.ClientID, Amount: p.Amount, Refunded: p.Refunded, Method: p.Method, ExternalID: p.ExternalID,
		Status: p.Status, PaidAt: p.PaidAt,
	}
}
