package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
)

// ledgerStore writes postings and the balances they move.
type ledgerStore struct{ conn }

// One statement: the stored balances move by the sum of their legs, and each posting notes the balance after it, which is
// the final balance less what the later postings of the same client change.
const insertPostings = `
WITH leg AS (
    SELECT *, CASE 'balance' WHEN to_account THEN amount WHEN from_account THEN -amount ELSE 0 END AS delta
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::text[], $9::text[], $10::uuid[], $11::int[], $12::uuid[], $13::jsonb[])
         WITH ORDINALITY AS t (client_id, id, kind, from_account, to_account, amount, currency, cause_kind, cause_id, revision, reverses, refs, n)
), moved AS (
    UPDATE account SET amount = account.amount + d.delta
    FROM (SELECT leg.client_id, leg.currency, k.kind,
                 sum(CASE k.kind WHEN leg.to_account THEN leg.amount WHEN leg.from_account THEN -leg.amount ELSE 0 END) AS delta
          FROM leg, (VALUES ('balance'), ('held')) AS k (kind) GROUP BY leg.client_id, leg.currency, k.kind) AS d
    WHERE account.client_id = d.client_id AND account.kind = d.kind AND account.currency = d.currency AND (d.delta <> 0 OR d.kind = 'balance')
    RETURNING account.client_id, account.kind, account.currency, account.amount
)
INSERT INTO posting (client_id, id, at, kind, from_account, to_account, amount, currency, cause_kind, cause_id, revision, reverses, balance_after, refs)
SELECT leg.client_id, leg.id, $1, leg.kind, leg.from_account, leg.to_account, leg.amount, leg.currency, leg.cause_kind, leg.cause_id, leg.revision, leg.reverses,
       moved.amount - coalesce(sum(leg.delta) OVER (PARTITION BY leg.client_id ORDER BY leg.n DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
       leg.refs
FROM leg JOIN moved ON moved.client_id = leg.client_id AND moved.kind = 'balance' AND moved.currency = leg.currency
RETURNING client_id, id, balance_after`

// The same for one posting, which is the usual case: PostgreSQL keeps the plan of it, while it plans the above anew each time
// and takes ten times as long for it as for the work. Nothing is written unless every stored side was moved.
const insertPosting = `
WITH moved AS (
    UPDATE account SET amount = amount + CASE kind WHEN $6 THEN $7::numeric ELSE -$7::numeric END
    WHERE client_id = $2 AND kind IN ($5, $6) AND currency = $8
    RETURNING kind, amount
)
INSERT INTO posting (client_id, id, at, kind, from_account, to_account, amount, currency, cause_kind, cause_id, revision, reverses, balance_after, refs)
SELECT $2, $3, $1, $4, $5, $6, $7, $8, $9, $10, $11, $12,
       coalesce((SELECT amount FROM moved WHERE kind = 'balance'), (SELECT amount FROM account WHERE client_id = $2 AND kind = 'balance')), $13
WHERE (SELECT count(*) FROM moved) = ($5 IN ('balance', 'held'))::int + ($6 IN ('balance', 'held'))::int
RETURNING balance_after`

func (s ledgerStore) insertPosting(ctx context.Context, at time.Time, p ledger.Posting) (map[actor.ClientID]money.Amount, error) {
	refs, err := json.Marshal(orEmpty(p.Refs))
	if err != nil {
		return nil, err
	}
	var after decimal.Decimal
	err = s.get(ctx, &after, insertPosting, at, p.ClientID, p.ID, p.Kind, p.From, p.To, p.Amount.Decimal(), p.Amount.Currency(),
		p.Cause.Kind, p.Cause.ID, p.Revision, nullable(p.Reverses), refs)
	if isNoRows(err) {
		return nil, errNoAccount
	}
	if err != nil {
		return nil, fmt.Errorf("insert posting: %w", err)
	}
	return map[actor.ClientID]money.Amount{p.ClientID: money.New(after, p.Amount.Currency())}, nil
}

var errNoAccount = errors.New("insert postings: a client has no account in this currency")

// InsertPostings writes postings in order and answers the balance of each client after its last one.
func (s ledgerStore) InsertPostings(ctx context.Context, at time.Time, postings []ledger.Posting) (map[actor.ClientID]money.Amount, error) {
	n := len(postings)
	if n == 1 {
		return s.insertPosting(ctx, at, postings[0])
	}
	clients, ids, kinds, froms, tos := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	amounts, currencies, causes, causeIDs, refs := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	revisions, reverses := make([]int64, n), make([]*string, n)
	last := map[actor.ClientID]ledger.Posting{}
	for i, p := range postings {
		clients[i], ids[i], kinds[i], froms[i], tos[i] = string(p.ClientID), p.ID, p.Kind, string(p.From), string(p.To)
		amounts[i], currencies[i] = p.Amount.Decimal().String(), p.Amount.Currency()
		causes[i], causeIDs[i], revisions[i] = p.Cause.Kind, p.Cause.ID, int64(p.Revision)
		if p.Reverses != "" {
			reverses[i] = &p.Reverses
		}
		raw, err := json.Marshal(orEmpty(p.Refs))
		if err != nil {
			return nil, err
		}
		refs[i] = string(raw)
		last[p.ClientID] = p
	}
	var rows []struct {
		ClientID actor.ClientID  `db:"client_id"`
		ID       string          `db:"id"`
		After    decimal.Decimal `db:"balance_after"`
	}
	err := s.all(ctx, &rows, insertPostings, at, pq.Array(clients), pq.Array(ids), pq.Array(kinds), pq.Array(froms), pq.Array(tos),
		pq.Array(amounts), pq.Array(currencies), pq.Array(causes), pq.Array(causeIDs), pq.Array(revisions), pq.Array(reverses), pq.Array(refs))
	if err != nil {
		return nil, fmt.Errorf("insert postings: %w", err)
	}
	if len(rows) != n {
		return nil, errNoAccount
	}
	after := map[actor.ClientID]money.Amount{}
	for _, r := range rows {
		if p := last[r.ClientID]; p.ID == r.ID {
			after[r.ClientID] = money.New(r.After, p.Amount.Currency())
		}
	}
	return after, nil
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
