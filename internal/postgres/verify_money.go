package postgres

import (
	"context"

	"github.com/tariffd/tariffd/internal/verify"
)

// Constraints keep most of this from being written at all; a restored or repaired database may lack them.
const (
	brokenSides = `
SELECT id, format('It moves %s %s from %s to %s; two different accounts and more than nothing are expected.', amount, currency, from_account, to_account) AS detail
FROM posting WHERE from_account = to_account OR amount <= 0 ORDER BY id LIMIT $1`

	brokenAccounts = `
SELECT c.id, format('The client has %s of the two accounts balance and held, in %s currencies.', count(a.kind), count(DISTINCT a.currency)) AS detail
FROM client c LEFT JOIN account a ON a.client_id = c.id
GROUP BY c.id HAVING count(a.kind) <> 2 OR count(DISTINCT a.currency) <> 1 ORDER BY c.id LIMIT $1`

	brokenCurrency = `
SELECT p.id, format('It is in %s, the accounts of client %s are in %s.', p.currency, p.client_id, coalesce(a.currency, 'no currency: there are none')) AS detail
FROM posting p LEFT JOIN account a ON a.client_id = p.client_id AND a.kind = 'balance'
WHERE a.currency IS DISTINCT FROM p.currency ORDER BY p.id LIMIT $1`

	brokenBalance = `
SELECT client_id AS id, format('The stored %s is %s, its postings sum to %s.', kind, coalesce(a.amount, 0), coalesce(p.amount, 0)) AS detail
FROM account a
FULL JOIN (SELECT client_id, k.kind, sum(CASE k.kind WHEN to_account THEN amount ELSE -amount END) AS amount
           FROM posting JOIN (VALUES ('balance'), ('held')) AS k (kind) ON k.kind IN (from_account, to_account)
           GROUP BY client_id, k.kind) AS p USING (client_id, kind)
WHERE coalesce(a.amount, 0) <> coalesce(p.amount, 0) ORDER BY client_id, kind LIMIT $1`

	// Each posting leads from the balance before it to the one after it. Whatever the order of ids made within one
	// millisecond by several processes, the way from zero to the sum leaves every amount as often as it arrives there.
	brokenChain = `
WITH step AS (
    SELECT client_id, balance_after AS after, CASE 'balance' WHEN to_account THEN amount WHEN from_account THEN -amount ELSE 0 END AS delta FROM posting
), passed AS (
    SELECT client_id, after - delta AS amount, 1 AS n FROM step WHERE after IS NOT NULL
    UNION ALL SELECT client_id, after, -1 FROM step WHERE after IS NOT NULL
    UNION ALL SELECT client_id, 0, -1 FROM step GROUP BY client_id
    UNION ALL SELECT client_id, sum(delta), 1 FROM step GROUP BY client_id
), gap AS (
    SELECT client_id, amount FROM passed GROUP BY client_id, amount HAVING sum(n) <> 0
    UNION ALL SELECT client_id, NULL FROM step WHERE after IS NULL
)
SELECT client_id AS id, format('The balances noted after its postings do not lead from one to the next (at %s).',
    array_to_string((array_agg(coalesce(amount::text, 'one without a balance') ORDER BY amount))[1:5], ', ')) AS detail
FROM gap GROUP BY client_id ORDER BY client_id LIMIT $1`

	brokenHeld = `
SELECT a.client_id AS id, format('%s is held, the paid services that are still being made and the changes under way cost %s.', a.amount, coalesce(m.amount, 0)) AS detail
FROM account a
LEFT JOIN (
    SELECT client_id, sum(amount) AS amount FROM (
        SELECT client_id, (quote -> 'total' ->> 'amount')::numeric AS amount FROM service WHERE status = 'processing'
        UNION ALL SELECT client_id, (payload -> 'change' -> 'held' ->> 'amount')::numeric FROM operation
        WHERE status NOT IN ('succeeded', 'failed', 'cancelled') AND payload -> 'change' ? 'held') AS waiting
    GROUP BY client_id) AS m ON m.client_id = a.client_id
WHERE a.kind = 'held' AND a.amount <> coalesce(m.amount, 0) ORDER BY a.client_id LIMIT $1`
)

// BrokenLedger compares postings and stored balances (invariant 1).
func (s *Snapshot) BrokenLedger(ctx context.Context, limit int) ([]verify.Finding, error) {
	return s.broken(
		ctx, limit,
		comparison{1, "posting", brokenSides}, comparison{1, "client", brokenAccounts}, comparison{1, "posting", brokenCurrency},
		comparison{1, "client", brokenBalance}, comparison{1, "client", brokenChain}, comparison{1, "client", brokenHeld},
	)
}

const (
	brokenExpenseService = `
SELECT e.id, CASE WHEN s.id IS NULL THEN format('It charges service %s, which client %s does not have.', e.service_id, e.client_id)
                  ELSE format('It is in %s, its service is sold in %s.', e.currency, s.currency) END AS detail
FROM expense e LEFT JOIN service s ON s.id = e.service_id AND s.client_id = e.client_id
WHERE s.id IS NULL OR s.currency <> e.currency ORDER BY e.id LIMIT $1`

	// The rows of one charge and the money that moved for it: net with revenue, tax with tax.
	brokenCharge = `
WITH line AS (
    SELECT client_id, charge_id, sum(amount - tax) AS net, sum(tax) AS tax FROM expense GROUP BY client_id, charge_id
), moved AS (
    SELECT client_id, cause_id AS charge_id,
        sum(CASE 'revenue' WHEN to_account THEN amount WHEN from_account THEN -amount ELSE 0 END) AS net,
        sum(CASE 'tax' WHEN to_account THEN amount WHEN from_account THEN -amount ELSE 0 END) AS tax
    FROM posting WHERE cause_kind = 'charge' GROUP BY client_id, cause_id
)
SELECT charge_id AS id, CASE
    WHEN line.net IS NULL THEN format('%s net and %s tax were moved for it, but there is no expense.', moved.net, moved.tax)
    WHEN moved.net IS NULL THEN format('Its expenses are %s net and %s tax, but no money was moved.', line.net, line.tax)
    ELSE format('Its expenses are %s net and %s tax, but %s and %s were moved.', line.net, line.tax, moved.net, moved.tax) END AS detail
FROM line FULL JOIN moved USING (client_id, charge_id)
WHERE coalesce(line.net, 0) <> coalesce(moved.net, 0) OR coalesce(line.tax, 0) <> coalesce(moved.tax, 0) OR line.net IS NULL
ORDER BY charge_id LIMIT $1`

	// Slices of one charge share its id. What a correction took back does not count, nor what a change of terms (D9) gave the rest
	// of back, to charge it anew.
	chargedTwice = `
SELECT service_id AS id, format('%s%s for the period from %s is charged %s times.', kind, coalesce(' of ' || nullif(add_on, ''), ''),
    to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), count(DISTINCT charge_id)) AS detail
FROM expense e
WHERE kind IN ('period', 'setup', 'add_on') AND amount <> 0 AND NOT EXISTS (
    SELECT FROM expense c WHERE c.client_id = e.client_id AND c.reverses = e.id AND c.kind IN ('correction', 'refund'))
GROUP BY client_id, service_id, kind, add_on, period_start HAVING count(DISTINCT charge_id) > 1
ORDER BY service_id, period_start LIMIT $1`

	overageTwice = `
SELECT service_id AS id, format('The overage of %s on %s is charged %s times.', add_on, for_day, count(*)) AS detail
FROM expense e
WHERE kind = 'overage' AND NOT EXISTS (
    SELECT FROM expense c WHERE c.client_id = e.client_id AND c.reverses = e.id AND c.kind = 'correction')
GROUP BY client_id, service_id, add_on, for_day HAVING count(*) > 1
ORDER BY service_id, for_day LIMIT $1`

	brokenReversal = `
SELECT e.id, CASE
    WHEN e.kind NOT IN ('refund', 'correction') THEN format('A %s takes nothing back, but names %s.', e.kind, e.reverses)
    WHEN e.reverses IS NULL THEN format('A %s of %s does not say what it takes back.', e.kind, e.amount)
    WHEN o.id IS NULL THEN format('The row %s that it takes back is not one of this service.', e.reverses)
    WHEN e.kind = 'correction' THEN format('It is %s (tax %s) and takes back %s (tax %s) of %s: not the whole, backwards.', e.amount, e.tax, o.amount, o.tax, o.id)
    ELSE format('It is %s and gives back of %s, which was %s.', e.amount, o.id, o.amount) END AS detail
FROM expense e LEFT JOIN expense o ON o.client_id = e.client_id AND o.id = e.reverses AND o.service_id = e.service_id
WHERE (e.kind IN ('refund', 'correction')) <> (e.reverses IS NOT NULL)
    OR (e.reverses IS NOT NULL AND (o.id IS NULL OR o.kind IN ('refund', 'correction')))
    OR (e.kind = 'correction' AND (e.amount <> -o.amount OR e.tax <> -o.tax OR e.add_on IS DISTINCT FROM o.add_on))
    OR (e.kind = 'refund' AND (e.amount > 0 OR o.amount < 0))
ORDER BY e.id LIMIT $1`

	brokenTakenBack = `
SELECT o.id, format('It was %s, and %s of it was taken back.', o.amount, -sum(e.amount)) AS detail
FROM expense o JOIN expense e ON e.client_id = o.client_id AND e.reverses = o.id
GROUP BY o.client_id, o.id HAVING abs(sum(e.amount)) > abs(o.amount) ORDER BY o.id LIMIT $1`
)

// BrokenCharges compares expenses with services, postings and each other (invariant 2).
func (s *Snapshot) BrokenCharges(ctx context.Context, limit int) ([]verify.Finding, error) {
	return s.broken(
		ctx, limit,
		comparison{2, "expense", brokenExpenseService}, comparison{2, "charge", brokenCharge}, comparison{2, "service", chargedTwice},
		comparison{2, "service", overageTwice}, comparison{2, "expense", brokenReversal}, comparison{2, "expense", brokenTakenBack},
	)
}

const (
	brokenPostingReversal = `
SELECT p.id, CASE WHEN o.id IS NULL THEN format('The posting %s that it takes back is not one of this client.', p.reverses)
                  ELSE format('It moves %s from %s to %s and takes back %s from %s to %s: not backwards.', p.amount, p.from_account, p.to_account, o.amount, o.from_account, o.to_account) END AS detail
FROM posting p LEFT JOIN posting o ON o.client_id = p.client_id AND o.id = p.reverses
WHERE p.reverses IS NOT NULL AND (o.id IS NULL OR p.from_account <> o.to_account) ORDER BY p.id LIMIT $1`

	// Every kind of cause but a charge, which has its expenses.
	brokenCause = `
SELECT p.id, CASE p.cause_kind
    WHEN 'payment' THEN format('It credits %s for payment %s, which is not a paid one of this client over this amount.', p.amount, p.cause_id)
    WHEN 'payment_refund' THEN format('It gives back %s of payment %s, which this client does not have.', p.amount, p.refs ->> 'payment_id')
    WHEN 'order' THEN format('It holds %s for order %s, which is not a paid one of this client over this amount.', p.amount, p.cause_id)
    WHEN 'order_release' THEN format('It releases %s of order %s, which is not a cancelled one of this client over this amount.', p.amount, p.cause_id)
    WHEN 'service_release' THEN format('It releases %s for service %s, which is not one of this client that was never made.', p.amount, p.cause_id)
    WHEN 'change' THEN format('It holds %s for operation %s, which is not a change of this client over this amount.', p.amount, p.cause_id)
    WHEN 'change_release' THEN format('It releases %s of operation %s, which is not a finished change of this client over this amount.', p.amount, p.cause_id)
    ELSE format('Nobody knows its cause %s %s.', p.cause_kind, p.cause_id) END AS detail
FROM posting p
LEFT JOIN payment y ON y.client_id = p.client_id AND y.id::text = CASE p.cause_kind WHEN 'payment' THEN p.cause_id::text WHEN 'payment_refund' THEN p.refs ->> 'payment_id' END
LEFT JOIN client_order o ON o.client_id = p.client_id AND p.cause_kind IN ('order', 'order_release') AND o.id = p.cause_id
LEFT JOIN service s ON s.client_id = p.client_id AND p.cause_kind = 'service_release' AND s.id = p.cause_id
LEFT JOIN operation x ON x.client_id = p.client_id AND p.cause_kind IN ('change', 'change_release') AND x.id = p.cause_id
WHERE p.cause_kind <> 'charge' AND CASE p.cause_kind
    WHEN 'payment' THEN (y.status NOT IN ('new', 'failed') AND y.amount = p.amount) IS NOT TRUE
    WHEN 'payment_refund' THEN y.id IS NULL
    WHEN 'order' THEN (o.paid_at IS NOT NULL AND o.total = p.amount) IS NOT TRUE
    WHEN 'order_release' THEN (o.status = 'cancelled' AND o.total = p.amount) IS NOT TRUE
    WHEN 'service_release' THEN (s.status = 'deleted' AND s.started_at IS NULL) IS NOT TRUE
    WHEN 'change' THEN ((x.payload -> 'change' -> 'held' ->> 'amount')::numeric = p.amount) IS NOT TRUE
    WHEN 'change_release' THEN ((x.payload -> 'change' -> 'held' ->> 'amount')::numeric = p.amount AND x.finished_at IS NOT NULL) IS NOT TRUE
    ELSE true END
ORDER BY p.id LIMIT $1`

	brokenPayment = `
SELECT y.id, CASE WHEN count(p.id) FILTER (WHERE p.cause_kind = 'payment') <> 1
    THEN format('It is %s, and was credited %s times.', y.status, count(p.id) FILTER (WHERE p.cause_kind = 'payment'))
    ELSE format('%s of it was given back, but %s was moved for that.', y.refunded, coalesce(sum(p.amount) FILTER (WHERE p.cause_kind = 'payment_refund'), 0)) END AS detail
FROM payment y LEFT JOIN posting p ON p.client_id = y.client_id AND p.cause_kind IN ('payment', 'payment_refund') AND p.refs ->> 'payment_id' = y.id::text
WHERE y.status IN ('paid', 'refunded')
GROUP BY y.id HAVING count(p.id) FILTER (WHERE p.cause_kind = 'payment') <> 1
    OR coalesce(sum(p.amount) FILTER (WHERE p.cause_kind = 'payment_refund'), 0) <> y.refunded
ORDER BY y.id LIMIT $1`

	brokenOrderPayment = `
SELECT o.id, format('It is %s over %s, but the money was held %s times.', o.status, o.total, count(p.id)) AS detail
FROM client_order o LEFT JOIN posting p ON p.client_id = o.client_id AND p.cause_kind = 'order' AND p.cause_id = o.id
WHERE o.paid_at IS NOT NULL AND o.total > 0
GROUP BY o.id HAVING count(p.id) <> 1 ORDER BY o.id LIMIT $1`
)

// BrokenCauses compares postings with what they were made for (invariant 2).
func (s *Snapshot) BrokenCauses(ctx context.Context, limit int) ([]verify.Finding, error) {
	return s.broken(
		ctx, limit,
		comparison{2, "posting", brokenPostingReversal}, comparison{2, "posting", brokenCause},
		comparison{2, "payment", brokenPayment}, comparison{2, "order", brokenOrderPayment},
	)
}

const (
	overageWithoutDay = `
SELECT id, format('An overage of %s that does not say for which day it is.', amount) AS detail
FROM expense WHERE kind = 'overage' AND (for_day IS NULL OR add_on IS NULL) ORDER BY id LIMIT $1`

	correctionOfOtherDay = `
SELECT e.id, format('It takes back overage of %s, but is for %s.', o.for_day, coalesce(e.for_day::text, 'no day')) AS detail
FROM expense e JOIN expense o ON o.client_id = e.client_id AND o.id = e.reverses
WHERE e.kind = 'correction' AND o.kind = 'overage' AND e.for_day IS DISTINCT FROM o.for_day ORDER BY e.id LIMIT $1`
)

// BrokenCorrections looks for overage and corrections of it that do not carry the block's day (invariant 9): by that day late
// ones are told from those on time, and both sum to the same.
func (s *Snapshot) BrokenCorrections(ctx context.Context, limit int) ([]verify.Finding, error) {
	return s.broken(ctx, limit, comparison{9, "expense", overageWithoutDay}, comparison{9, "expense", correctionOfOtherDay})
}
