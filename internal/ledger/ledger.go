// Package ledger moves money between a client's accounts.
//
// It owns postings and the two stored balances of a client: `balance`, what can be spent, and `held`, paid orders that are
// not yet active. It does not own why money moves (packages charge, payment, order) nor the documents about it.
//
// Invariants: a posting has two sides and one currency, so an imbalance cannot be written; a cause is posted once per
// revision and leg; postings are append-only, a correction is a posting backwards that names what it reverses; a stored
// balance equals the sum of its postings.
package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/money"
)

// Account is one side of a posting.
type Account string

// The accounts of a client. Cash, revenue and tax are summed from postings; only balance and held are stored.
const (
	Cash    Account = "cash"    // money outside: payments come from here
	Balance Account = "balance" // what the client can spend
	Held    Account = "held"    // paid orders that are not yet active
	Revenue Account = "revenue"
	Tax     Account = "tax"
)

// Cause is why money moved; with Revision and the two accounts it is unique.
type Cause struct {
	Kind string // payment, order, charge, refund
	ID   string
}

// Posting is one movement of a positive amount.
type Posting struct {
	ID       string
	ClientID actor.ClientID
	Kind     string // what the client reads in its ledger: payment, hold, release, period, overage, refund, …
	From, To Account
	Amount   money.Amount
	Cause    Cause
	Revision int
	Reverses string // the posting it takes back
	Refs     map[string]string
}

// Tx is what posting needs.
type Tx interface {
	event.Tx
	// InsertPostings writes postings of one or several clients in order and moves their stored balances, in one statement.
	// The clients must be locked. It answers the balance of each client afterwards.
	InsertPostings(ctx context.Context, at time.Time, postings []Posting) (map[actor.ClientID]money.Amount, error)
	// MoneyFreed makes those of the clients due that have services which wait for money.
	MoneyFreed(ctx context.Context, clients []actor.ClientID, at time.Time) error
}

// Post writes postings in order and moves the stored balances. Nothing else in the program moves money. Postings of amount
// zero are left out. What becomes free on a balance is put to work at once in the background, where services wait for it. It expects the lock of every client concerned, and answers the new balances.
func Post(ctx context.Context, tx Tx, postings ...Posting) (map[actor.ClientID]money.Amount, error) {
	kept := make([]Posting, 0, len(postings))
	for _, p := range postings {
		if p.Amount.IsZero() {
			continue
		}
		if p.Amount.Sign() < 0 {
			p.From, p.To, p.Amount = p.To, p.From, p.Amount.Neg()
		}
		if p.ID == "" {
			p.ID = actor.NewID()
		}
		kept = append(kept, p)
	}
	if len(kept) == 0 {
		return nil, nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return nil, err
	}
	after, err := tx.InsertPostings(ctx, now, kept)
	if freed := freedBy(kept); err == nil && len(freed) > 0 {
		err = tx.MoneyFreed(ctx, freed, now)
	}
	return after, err
}

// freedBy are the clients who can spend more now otherwise than by a payment, whose own use-case puts the money to work.
func freedBy(postings []Posting) (out []actor.ClientID) {
	for _, p := range postings {
		if p.To == Balance && p.From != Cash && !slices.Contains(out, p.ClientID) {
			out = append(out, p.ClientID)
		}
	}
	return out
}

// Line is a posting as the client reads it: signed, positive when the balance rises.
type Line struct {
	ID           string
	At           time.Time
	Kind         string
	Amount       money.Amount
	BalanceAfter money.Amount
	Reverses     string
	Refs         map[string]string
}

// Filter narrows a list of lines by time, half-open; nil is open.
type Filter struct{ From, To *time.Time }
