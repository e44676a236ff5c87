package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/payment"
)

// paymentStore keeps payments.
type paymentStore struct{ conn }

const insertPayment = `
INSERT INTO payment (id, client_id, provider_id, amount, currency, method, external_id, order_id, status, paid_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (provider_id, method, external_id) WHERE external_id IS NOT NULL DO NOTHING`

// InsertPayment writes a payment; false: the provider has one of this method and external id.
func (s paymentStore) InsertPayment(ctx context.Context, p payment.Payment) (bool, error) {
	n, err := s.exec(ctx, insertPayment, p.ID, p.ClientID, p.ProviderID, p.Amount.Decimal(), p.Amount.Currency(), p.Method,
		nullable(p.ExternalID), nullable(p.OrderID), p.Status, p.PaidAt, p.CreatedAt)
	return n == 1, wrap("insert payment", err)
}

// The statement's snapshot is taken after the client's lock, so it also sees for certain whether anything of the client is
// suspended for money: what suspends it holds that lock. Nothing is posted where the payment is known.
const insertPaid = `
WITH paid AS (
    INSERT INTO payment (id, client_id, provider_id, amount, currency, method, external_id, order_id, status, paid_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (provider_id, method, external_id) WHERE external_id IS NOT NULL DO NOTHING
    RETURNING id
), moved AS (
    UPDATE account SET amount = amount + $4
    WHERE client_id = $2 AND kind = 'balance' AND currency = $5 AND EXISTS (SELECT FROM paid)
    RETURNING amount
), posted AS (
    INSERT INTO posting (client_id, id, at, kind, from_account, to_account, amount, currency, cause_kind, cause_id, balance_after, refs)
    SELECT $2, $12, $11, $13, 'cash', 'balance', $4, $5, $14, $1, moved.amount, $15 FROM moved
    RETURNING id
)
SELECT EXISTS (SELECT FROM paid) AS fresh, EXISTS (SELECT FROM posted) AS posted,
       EXISTS (SELECT FROM service s WHERE s.client_id = $2 AND ` + waitsForMoney + `) AS waits`

// InsertPaid writes a paid payment and moves its money from cash to the balance.
func (s paymentStore) InsertPaid(ctx context.Context, p payment.Payment, credit ledger.Posting) (bool, error) {
	refs, err := json.Marshal(orEmpty(credit.Refs))
	if err != nil {
		return false, err
	}
	var row struct {
		Fresh  bool `db:"fresh"`
		Posted bool `db:"posted"`
		Waits  bool `db:"waits"`
	}
	err = s.get(ctx, &row, insertPaid, p.ID, p.ClientID, p.ProviderID, p.Amount.Decimal(), p.Amount.Currency(), p.Method,
		nullable(p.ExternalID), nullable(p.OrderID), p.Status, p.PaidAt, p.CreatedAt, credit.ID, credit.Kind, credit.Cause.Kind, refs)
	if err == nil && row.Fresh && !row.Posted {
		err = errNoAccount
	}
	if err != nil {
		return false, wrap("insert a paid payment", err)
	}
	if !row.Waits {
		s.late.nothingWaits = p.ClientID
	}
	return row.Fresh, nil
}

const paymentColumns = `
id, client_id, provider_id, amount, refunded, currency, method, coalesce(external_id, '') AS external_id,
coalesce(order_id::text, '') AS order_id, status, paid_at, created_at, version`

const paymentByExternalID = `
SELECT ` + paymentColumns + ` FROM payment WHERE provider_id = $1 AND method = $2 AND external_id = $3`

// PaymentByExternalID finds the payment that a bank or gateway tells of again.
func (s paymentStore) PaymentByExternalID(ctx context.Context, p actor.ProviderID, method, externalID string) (payment.Payment, error) {
	return s.onePayment(ctx, paymentByExternalID, p, method, externalID)
}

const paymentByID = `SELECT ` + paymentColumns + ` FROM payment WHERE id = $1`

// PaymentByID reads without a lock.
func (s paymentStore) PaymentByID(ctx context.Context, id payment.ID) (payment.Payment, error) {
	return s.onePayment(ctx, paymentByID, id)
}

func (c conn) onePayment(ctx context.Context, query string, args ...any) (payment.Payment, error) {
	var row paymentRow
	if err := c.get(ctx, &row, query, args...); err != nil {
		return payment.Payment{}, missing(err, payment.ErrNoPayment, "read payment")
	}
	return row.toPayment(), nil
}

const updatePayment = `
UPDATE payment SET status = $2, paid_at = $3, refunded = $4, order_id = $5, version = version + 1 WHERE id = $1`

// UpdatePayment writes the mutable fields and raises the version.
func (s paymentStore) UpdatePayment(ctx context.Context, p payment.Payment) error {
	n, err := s.exec(ctx, updatePayment, p.ID, p.Status, p.PaidAt, p.Refunded.Decimal(), nullable(p.OrderID))
	if err == nil && n != 1 {
		err = payment.ErrNoPayment
	}
	return wrap("update payment", err)
}

const clientOfOrder = `SELECT client_id FROM client_order WHERE id = $1`

// ClientOfOrder tells whose order it is.
func (s paymentStore) ClientOfOrder(ctx context.Context, orderID string) (actor.ClientID, error) {
	var id actor.ClientID
	err := s.get(ctx, &id, clientOfOrder, orderID)
	return id, missing(err, fault.Missing("order"), "read order")
}

type paymentRow struct {
	ID         payment.ID       `db:"id"`
	ClientID   actor.ClientID   `db:"client_id"`
	ProviderID actor.ProviderID `db:"provider_id"`
	Amount     decimal.Decimal  `db:"amount"`
	Refunded   decimal.Decimal  `db:"refunded"`
	Currency   string           `db:"currency"`
	Method     string           `db:"method"`
	ExternalID string           `db:"external_id"`
	OrderID    string           `db:"order_id"`
	Status     payment.Status   `db:"status"`
	PaidAt     *time.Time       `db:"paid_at"`
	CreatedAt  time.Time        `db:"created_at"`
	Version    int64            `db:"version"`
}

func (r paymentRow) toPayment() payment.Payment {
	return payment.Payment{
		ID: r.ID, ClientID: r.ClientID, ProviderID: r.ProviderID, Amount: money.New(r.Amount, r.Currency),
		Refunded: money.New(r.Refunded, r.Currency), Method: r.Method, ExternalID: r.ExternalID, OrderID: r.OrderID,
		Status: r.Status, PaidAt: utc(r.PaidAt), CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
}
