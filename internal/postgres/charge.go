package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
)

// chargeStore keeps expense lines.
type chargeStore struct{ conn }

const insertExpenses = `
INSERT INTO expense (client_id, id, service_id, kind, date, period_start, period_end, amount, tax, currency, quantity, unit, unit_price,
    add_on, for_day, reverses, charge_id, created_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::timestamptz[], $7::timestamptz[], $8::numeric[],
    $9::numeric[], $10::text[], $11::numeric[], $12::text[], $13::numeric[], $14::text[], $15::date[], $16::uuid[], $17::uuid[],
    $18::timestamptz[])`

// InsertExpenses writes lines of one or several clients in one statement.
func (s chargeStore) InsertExpenses(ctx context.Context, rows []charge.Expense) error {
	n := len(rows)
	col := make([][]*string, 18)
	for i := range col {
		col[i] = make([]*string, n)
	}
	for i, e := range rows {
		values := []*string{
			text(e.ClientID), text(e.ID), text(e.ServiceID), text(e.Kind), text(e.Date.String()), instant(e.PeriodStart), instant(e.PeriodEnd),
			text(e.Amount.Decimal().String()), text(e.Tax.Decimal().String()), text(e.Amount.Currency()), number(e.Quantity), text(e.Unit),
			number(e.UnitPrice), text(e.AddOn), dayText(e.ForDay), text(e.Reverses), text(e.ChargeID), instant(&e.CreatedAt),
		}
		for k, v := range values {
			col[k][i] = v
		}
	}
	args := make([]any, len(col))
	for k := range col {
		args[k] = pq.Array(col[k])
	}
	if _, err := s.exec(ctx, insertExpenses, args...); err != nil {
		return fmt.Errorf("insert expenses: %w", err)
	}
	return nil
}

// text returns nil for an empty string, so that it is written as NULL.
func text[T ~string](v T) *string {
	if v == "" {
		return nil
	}
	s := string(v)
	return &s
}

func instant(t *time.Time) *string {
	if t == nil {
		return nil
	}
	s := t.UTC().Format(time.RFC3339Nano)
	return &s
}

func number(d *decimal.Decimal) *string {
	if d == nil {
		return nil
	}
	s := d.String()
	return &s
}

func dayText(d calendar.Day) *string {
	if d.IsZero() {
		return nil
	}
	s := d.String()
	return &s
}

const expenseColumns = `
client_id, id, service_id, kind, date, period_start, period_end, amount, tax, currency, quantity, coalesce(unit, '') AS unit, unit_price,
coalesce(add_on, '') AS add_on, for_day, coalesce(reverses::text, '') AS reverses, charge_id, created_at`

const unexpiredExpenses = `
WITH paid AS (
    SELECT id FROM expense
    WHERE client_id = $1 AND service_id = $2 AND kind IN ('period', 'add_on') AND charge_id IN (
        SELECT charge_id FROM expense WHERE client_id = $1 AND service_id = $2 AND kind IN ('period', 'add_on') AND period_end > $3)
)
SELECT ` + expenseColumns + ` FROM expense
WHERE client_id = $1 AND service_id = $2 AND (id IN (SELECT id FROM paid) OR kind = 'refund' AND reverses IN (SELECT id FROM paid))
ORDER BY id`

// UnexpiredExpenses are all rows of the period and add-on charges that reach beyond an instant and what was given back of them,
// in order of booking.
func (s chargeStore) UnexpiredExpenses(ctx context.Context, c actor.ClientID, id actor.ServiceID, now time.Time) ([]charge.Expense, error) {
	return s.expenses(ctx, unexpiredExpenses, c, id, now)
}

const dailyExpenses = `
WITH paid AS (
    SELECT id FROM expense
    WHERE client_id = $1 AND service_id = $2 AND kind IN ('period', 'add_on') AND period_end > $3 AND period_start < $4
)
SELECT ` + expenseColumns + ` FROM expense
WHERE client_id = $1 AND service_id = $2 AND (id IN (SELECT id FROM paid) OR kind = 'refund' AND reverses IN (SELECT id FROM paid))
ORDER BY id`

// DailyExpenses are all rows of the period and add-on charges that end after an instant and begin before another, and what was
// given back of them, in order of booking.
func (s chargeStore) DailyExpenses(ctx context.Context, c actor.ClientID, id actor.ServiceID, from, to time.Time) ([]charge.Expense, error) {
	return s.expenses(ctx, dailyExpenses, c, id, from, to)
}

// A day's overage by a falling scale gives back, so that its legs run the other way.
const postingsOfCharges = `
SELECT id, cause_id, leg AS to_account
FROM posting CROSS JOIN LATERAL (SELECT CASE WHEN from_account IN ('revenue', 'tax') THEN from_account ELSE to_account END AS leg) AS l
WHERE client_id = $1 AND cause_kind = 'charge' AND cause_id = ANY ($2::uuid[]) AND revision = 0 AND leg IN ('revenue', 'tax')`

// PostingsOfCharges are the ids of the postings that paid charges, by charge and the account that earns by it.
func (s chargeStore) PostingsOfCharges(ctx context.Context, c actor.ClientID, charges []string) (map[charge.Leg]string, error) {
	var rows []struct {
		ID     string         `db:"id"`
		Charge string         `db:"cause_id"`
		To     ledger.Account `db:"to_account"`
	}
	if err := s.all(ctx, &rows, postingsOfCharges, c, texts(charges)); err != nil {
		return nil, fmt.Errorf("find postings of charges: %w", err)
	}
	out := make(map[charge.Leg]string, len(rows))
	for _, r := range rows {
		out[charge.Leg{Charge: r.Charge, To: r.To}] = r.ID
	}
	return out, nil
}

func (c conn) expenses(ctx context.Context, query string, args ...any) ([]charge.Expense, error) {
	var rows []expenseRow
	if err := c.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read expenses: %w", err)
	}
	out := make([]charge.Expense, len(rows))
	for i, r := range rows {
		out[i] = r.toExpense()
	}
	return out, nil
}

type expenseRow struct {
	ClientID    actor.ClientID      `db:"client_id"`
	ID          string              `db:"id"`
	ServiceID   actor.ServiceID     `db:"service_id"`
	Kind        charge.Kind         `db:"kind"`
	Date        calendar.Day        `db:"date"`
	PeriodStart *time.Time          `db:"period_start"`
	PeriodEnd   *time.Time          `db:"period_end"`
	Amount      decimal.Decimal     `db:"amount"`
	Tax         decimal.Decimal     `db:"tax"`
	Currency    string              `db:"currency"`
	Quantity    decimal.NullDecimal `db:"quantity"`
	Unit        string              `db:"unit"`
	UnitPrice   decimal.NullDecimal `db:"unit_price"`
	AddOn       string              `db:"add_on"`
	ForDay      calendar.Day        `db:"for_day"`
	Reverses    string              `db:"reverses"`
	ChargeID    string              `db:"charge_id"`
	CreatedAt   time.Time           `db:"created_at"`
}

func (r expenseRow) toExpense() charge.Expense {
	return charge.Expense{
		ClientID: r.ClientID, ID: r.ID, ServiceID: r.ServiceID, Kind: r.Kind, Date: r.Date, PeriodStart: utc(r.PeriodStart),
		PeriodEnd: utc(r.PeriodEnd), Amount: money.New(r.Amount, r.Currency), Tax: money.New(r.Tax, r.Currency),
		Quantity: optional(r.Quantity), Unit: r.Unit, UnitPrice: optional(r.UnitPrice), AddOn: r.AddOn, ForDay: r.ForDay, Reverses: r.Reverses,
		ChargeID: r.ChargeID, CreatedAt: r.CreatedAt.UTC(),
	}
}

func optional(d decimal.NullDecimal) *decimal.Decimal {
	if !d.Valid {
		return nil
	}
	return &d.Decimal
}
