package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/postgres"
)

var march = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type books struct {
	pool *sqlx.DB
	db   *postgres.DB
}

func newBooks(t *testing.T) books {
	pool := pgtest.New(t)
	fake := clock.NewFake(march)
	return books{pool, postgres.New(pool, postgres.Options{Prepare: true, Clock: fake, Wall: fake})}
}

func (b books) client(t require.TestingT) actor.ClientID {
	id := actor.NewID()
	_, err := b.pool.Exec(`
		WITH c AS (INSERT INTO client (id, provider_id, email, billed_through, next_run_at, created_at)
			SELECT $1::uuid, id, $1::text || '@example.com', '2026-02-28', now(), now() FROM provider RETURNING id)
		INSERT INTO account (client_id, kind, currency) SELECT id, kind, 'EUR' FROM c, unnest(ARRAY['balance', 'held']) AS kind`, id)
	require.NoError(t, err)
	return actor.ClientID(id)
}

func (b books) post(postings ...ledger.Posting) (after map[actor.ClientID]money.Amount, err error) {
	err = b.db.InTx(context.Background(), func(tx *postgres.Tx) (err error) {
		after, err = ledger.Post(context.Background(), tx, postings...)
		return err
	})
	return after, err
}

func euro(cents int64) money.Amount { return money.New(decimal.New(cents, -2), "EUR") }

func posting(c actor.ClientID, from, to ledger.Account, cents int64) ledger.Posting {
	return ledger.Posting{
		ClientID: c, Kind: "test", From: from, To: to, Amount: euro(cents), Cause: ledger.Cause{Kind: "test", ID: actor.NewID()},
	}
}

// Whatever is posted, in batches of several clients: each stored balance is the sum of its postings, and every posting knows
// the balance after it.
func TestBalancesAreTheSumsOfTheirPostings(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	accounts := []ledger.Account{ledger.Cash, ledger.Balance, ledger.Held, ledger.Revenue, ledger.Tax}
	rapid.Check(t, func(t *rapid.T) {
		clients := []actor.ClientID{b.client(t), b.client(t), b.client(t)}
		model := map[actor.ClientID]map[ledger.Account]int64{}
		for _, c := range clients {
			model[c] = map[ledger.Account]int64{}
		}
		want := map[string]money.Amount{} // posting → balance after it
		for range rapid.IntRange(1, 5).Draw(t, "batches") {
			var batch []ledger.Posting
			for range rapid.IntRange(1, 8).Draw(t, "postings") {
				from, to := rapid.SampledFrom(accounts).Draw(t, "from"), rapid.SampledFrom(accounts).Draw(t, "to")
				if from == to {
					continue
				}
				cents := rapid.Int64Range(-5000, 5000).Draw(t, "cents")
				p := posting(rapid.SampledFrom(clients).Draw(t, "client"), from, to, cents)
				p.ID = actor.NewID()
				batch = append(batch, p)
				model[p.ClientID][from] -= cents
				model[p.ClientID][to] += cents
				if cents != 0 {
					want[p.ID] = euro(model[p.ClientID][ledger.Balance])
				}
			}
			after, err := b.post(batch...)
			require.NoError(t, err)
			for c, amount := range after {
				require.Equal(t, euro(model[c][ledger.Balance]), amount)
			}
		}
		for _, c := range clients {
			require.Equal(t, model[c][ledger.Balance], b.stored(t, c, "balance"))
			require.Equal(t, model[c][ledger.Held], b.stored(t, c, "held"))
			for _, a := range accounts {
				require.Equal(t, model[c][a], b.summed(t, c, a))
			}
		}
		for id, amount := range want {
			var after decimal.Decimal
			require.NoError(t, b.pool.Get(&after, `SELECT balance_after FROM posting WHERE id = $1`, id))
			require.Equal(t, amount.String(), after.StringFixed(2))
		}
	})
}

func (b books) stored(t require.TestingT, c actor.ClientID, kind string) int64 {
	var amount decimal.Decimal
	require.NoError(t, b.pool.Get(&amount, `SELECT amount FROM account WHERE client_id = $1 AND kind = $2`, c, kind))
	return amount.Shift(2).IntPart()
}

func (b books) summed(t require.TestingT, c actor.ClientID, a ledger.Account) int64 {
	var amount decimal.Decimal
	require.NoError(t, b.pool.Get(&amount, `
		SELECT coalesce(sum(CASE $2::text WHEN to_account THEN amount WHEN from_account THEN -amount ELSE 0 END), 0)
		FROM posting WHERE client_id = $1`, c, a))
	return amount.Shift(2).IntPart()
}

func TestACauseIsPostedOnce(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	c := b.client(t)
	p := posting(c, ledger.Cash, ledger.Balance, 500)
	_, err := b.post(p)
	require.NoError(t, err)
	_, err = b.post(posting(c, ledger.Cash, ledger.Balance, 1), p)
	require.Equal(t, "posting_cause_uq", constraintOf(t, err))
	require.EqualValues(t, 500, b.stored(t, c, "balance"), "the whole batch is undone")

	p.Revision = 1
	_, err = b.post(p)
	require.NoError(t, err, "a further revision of the cause is another posting")
}

func constraintOf(t *testing.T, err error) string {
	var pe *pq.Error
	require.True(t, errors.As(err, &pe), "%v", err)
	return pe.Constraint
}

func TestPostingsAreNeverChanged(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	_, err := b.post(posting(b.client(t), ledger.Cash, ledger.Balance, 500))
	require.NoError(t, err)
	for _, statement := range []string{`UPDATE posting SET amount = 1`, `DELETE FROM posting`} {
		_, err = b.pool.Exec(statement)
		require.ErrorContains(t, err, "posting is append-only")
	}
}

func TestAPostingNeedsAnAccountInItsCurrency(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	c := b.client(t)
	p := posting(c, ledger.Cash, ledger.Balance, 500)
	p.Amount = money.New(decimal.New(5, 0), "USD")
	_, err := b.post(posting(c, ledger.Cash, ledger.Balance, 100), p)
	require.ErrorContains(t, err, "no account in this currency")
	_, err = b.post(posting(actor.ClientID(actor.NewID()), ledger.Cash, ledger.Balance, 100))
	require.ErrorContains(t, err, "no account in this currency")
	require.Zero(t, b.stored(t, c, "balance"))
}

func TestNothingIsWrittenForNothing(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	after, err := b.post(posting(b.client(t), ledger.Cash, ledger.Balance, 0))
	require.NoError(t, err)
	require.Empty(t, after)
}
