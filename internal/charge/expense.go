// Package charge writes what a client is charged for: expense lines, their slices by month, refunds and overage, and the
// postings that pay them.
//
// It owns expenses and the way from a priced quote to money moved. It does not own prices (package pricing), balances
// (package ledger), nor when something is charged (packages lifecycle and billing).
//
// Invariants: no charge without its cause and no cause charged twice; the parts of a split charge sum exactly to it; an
// expense is never changed, a correction is a further line that names what it reverses.
package charge

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/service"
)

// Kind is what an expense is for.
type Kind string

// The kinds of expense. A correction is negative and names what it reverses; its replacement has the kind of the original.
const (
	Period     Kind = "period"
	Setup      Kind = "setup"
	AddOn      Kind = "add_on"
	Overage    Kind = "overage"
	Refund     Kind = "refund" // what D8 and D9 give back
	Correction Kind = "correction"
)

// Expense is one line: charges positive, refunds and corrections negative.
type Expense struct {
	ClientID    actor.ClientID
	ProviderID  actor.ProviderID
	ID          string
	ServiceID   actor.ServiceID
	Kind        Kind
	Date        calendar.Day // accounting date
	PeriodStart *time.Time
	PeriodEnd   *time.Time
	Amount      money.Amount // with Tax in it
	Tax         money.Amount
	Quantity    *decimal.Decimal
	Unit        string // of Quantity, where it is measured
	UnitPrice   *decimal.Decimal
	AddOn       string
	ForDay      calendar.Day // overage: the block's day
	Reverses    string
	ChargeID    string // rows of one split charge share it
	CreatedAt   time.Time

	reversedCharge string // the charge that a refund or correction takes back
}

// Tx is what charging needs.
type Tx interface {
	ledger.Tx
	InsertExpenses(ctx context.Context, rows []Expense) error
	// UnexpiredExpenses are all rows of the period and add-on charges that reach beyond an instant and what was given back of
	// them, in order of booking.
	UnexpiredExpenses(ctx context.Context, c actor.ClientID, s actor.ServiceID, now time.Time) ([]Expense, error)
	// DailyExpenses are all rows of the period and add-on charges that end after an instant and begin before another, and what
	// was given back of them, in order of booking.
	DailyExpenses(ctx context.Context, c actor.ClientID, s actor.ServiceID, from, to time.Time) ([]Expense, error)
	// ActivityBetween are the ranges of a service's activity that reach into a range of time.
	ActivityBetween(ctx context.Context, c actor.ClientID, s actor.ServiceID, from, to time.Time) ([]service.ActivityRow, error)
	// PostingsOfCharges are the ids of the postings that paid charges, by charge and receiving account.
	PostingsOfCharges(ctx context.Context, c actor.ClientID, charges []string) (map[Leg]string, error)
}

// Leg is one side of what a charge posted: its net part goes to revenue, the rest to tax.
type Leg struct {
	Charge string
	To     ledger.Account
}

// Filter narrows a list of expenses; days are accounting dates, half-open.
type Filter struct {
	ClientID  actor.ClientID
	ServiceID actor.ServiceID
	From, To  calendar.Day
}

// book writes expense rows and the postings that pay them: one posting a charge for its net part and one for its tax.
// Negative rows flow back to the client's balance and name the posting they take back. It answers the balance afterwards,
// by client; a client whose rows are all zero is not in it.
func book(ctx context.Context, tx Tx, from ledger.Account, rows []Expense) (map[actor.ClientID]money.Amount, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	if err := tx.InsertExpenses(ctx, rows); err != nil {
		return nil, err
	}
	reversed, err := reversedPostings(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	return ledger.Post(ctx, tx, postingsOf(from, rows, reversed)...)
}

func reversedPostings(ctx context.Context, tx Tx, rows []Expense) (map[Leg]string, error) {
	var charges []string
	for _, e := range rows {
		if e.reversedCharge != "" {
			charges = append(charges, e.reversedCharge)
		}
	}
	if len(charges) == 0 {
		return nil, nil
	}
	return tx.PostingsOfCharges(ctx, rows[0].ClientID, charges)
}

// postingsOf sums the rows of each charge into its legs, in order of first appearance.
func postingsOf(from ledger.Account, rows []Expense, reversed map[Leg]string) []ledger.Posting {
	var out []ledger.Posting
	at := map[string]int{} // charge → index of its net leg; the tax leg follows
	for _, e := range rows {
		i, ok := at[e.ChargeID]
		if !ok {
			i = len(out)
			at[e.ChargeID] = i
			for _, to := range []ledger.Account{ledger.Revenue, ledger.Tax} {
				out = append(out, ledger.Posting{
					ClientID: e.ClientID, Kind: string(e.Kind), From: from, To: to, Amount: money.Zero(e.Amount.Currency()),
					Cause: ledger.Cause{Kind: "charge", ID: e.ChargeID}, Reverses: reversed[Leg{e.reversedCharge, to}], Refs: refsOf(e),
				})
			}
		}
		out[i].Amount = out[i].Amount.Add(e.Amount.Sub(e.Tax))
		out[i+1].Amount = out[i+1].Amount.Add(e.Tax)
	}
	return out
}

func refsOf(e Expense) map[string]string {
	refs := map[string]string{"service_id": string(e.ServiceID), "charge_id": e.ChargeID}
	if e.AddOn != "" {
		refs["add_on"] = e.AddOn
	}
	if !e.ForDay.IsZero() {
		refs["for_day"] = e.ForDay.String()
	}
	return refs
}
