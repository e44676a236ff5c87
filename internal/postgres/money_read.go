package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/payment"
)

const paymentInScope = `
SELECT ` + paymentColumns + ` FROM payment
WHERE id = $1 AND ($2::uuid IS NULL OR provider_id = $2) AND ($3::uuid IS NULL OR client_id = $3)`

// Payment reads a payment.
func (r *Reader) Payment(ctx context.Context, s actor.Scope, id payment.ID) (payment.Payment, error) {
	p, err := r.onePayment(ctx, paymentInScope, id, nullable(s.ProviderID), nullable(s.ClientID))
	return p, fromConstraint(err)
}

const listPayments = `
SELECT ` + paymentColumns + ` FROM payment
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge})
  AND ($2::uuid IS NULL OR provider_id = $2) AND ($3::uuid IS NULL OR client_id = $3)
  AND ($4::uuid IS NULL OR client_id = $4) AND ($5 = '' OR status = $5) AND ($6 = '' OR external_id = $6)
  AND ($7::timestamptz IS NULL OR created_at >= $7) AND ($8::timestamptz IS NULL OR created_at < $8)
ORDER BY id {order} LIMIT $9`

// Payments lists payments in order of creation.
func (r *Reader) Payments(ctx context.Context, s actor.Scope, f payment.Filter, p actor.Page) ([]payment.Payment, error) {
	var rows []paymentRow
	err := r.all(ctx, &rows, inOrder(listPayments, p.Desc), p.After, nullable(s.ProviderID), nullable(s.ClientID), nullable(f.ClientID),
		f.Status, f.ExternalID, f.From, f.To, p.Rows())
	if err != nil {
		return nil, fromConstraint(wrap("list payments", err))
	}
	return each(rows, paymentRow.toPayment), nil
}

const listExpenses = `
SELECT ` + expenseColumns + ` FROM expense
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge})
  AND ($2::uuid IS NULL OR client_id IN (SELECT c.id FROM client c WHERE c.provider_id = $2)) AND ($3::uuid IS NULL OR client_id = $3)
  AND ($4::uuid IS NULL OR client_id = $4) AND ($5::uuid IS NULL OR service_id = $5)
  AND ($6::date IS NULL OR date >= $6) AND ($7::date IS NULL OR date < $7)
ORDER BY id {order} LIMIT $8`

// Expenses lists expenses in order of booking.
func (r *Reader) Expenses(ctx context.Context, s actor.Scope, f charge.Filter, p actor.Page) ([]charge.Expense, error) {
	out, err := r.expenses(ctx, inOrder(listExpenses, p.Desc), p.After, nullable(s.ProviderID), nullable(s.ClientID), nullable(f.ClientID),
		nullable(f.ServiceID), f.From, f.To, p.Rows())
	return out, fromConstraint(err)
}

const listLedger = `
SELECT id, at, kind, CASE 'balance' WHEN to_account THEN amount ELSE -amount END AS amount, currency, balance_after,
       coalesce(reverses::text, '') AS reverses, refs
FROM posting
WHERE client_id = $2 AND id {after} coalesce(nullif($1, '')::uuid, {edge}) AND 'balance' IN (from_account, to_account)
  AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at < $4)
ORDER BY id {order} LIMIT $5`

type lineRow struct {
	ID       string          `db:"id"`
	At       time.Time       `db:"at"`
	Kind     string          `db:"kind"`
	Amount   decimal.Decimal `db:"amount"`
	Currency string          `db:"currency"`
	After    decimal.Decimal `db:"balance_after"`
	Reverses string          `db:"reverses"`
	Refs     []byte          `db:"refs"`
}

// Ledger lists the changes of a client's balance in order; a client outside the scope is not_found.
func (r *Reader) Ledger(ctx context.Context, s actor.Scope, c actor.ClientID, f ledger.Filter, p actor.Page) ([]ledger.Line, error) {
	if _, err := r.Client(ctx, s, c); err != nil {
		return nil, err
	}
	var rows []lineRow
	if err := r.all(ctx, &rows, inOrder(listLedger, p.Desc), p.After, c, f.From, f.To, p.Rows()); err != nil {
		return nil, fromConstraint(wrap("list ledger", err))
	}
	out := make([]ledger.Line, len(rows))
	for i, row := range rows {
		out[i] = ledger.Line{
			ID: row.ID, At: row.At.UTC(), Kind: row.Kind, Amount: money.New(row.Amount, row.Currency),
			BalanceAfter: money.New(row.After, row.Currency), Reverses: row.Reverses,
		}
		if err := json.Unmarshal(row.Refs, &out[i].Refs); err != nil {
			return nil, wrap("list ledger", err)
		}
	}
	return out, nil
}
