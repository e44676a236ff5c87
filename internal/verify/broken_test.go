package verify_test

// Every way to break an invariant that the checks look for.
var broken = map[int][]damage{
	1: {
		{name: "stored balance", says: "The stored balance is", how: `UPDATE account SET amount = amount + 1 WHERE client_id = {first} AND kind = 'balance'`},
		{name: "stored held", says: "The stored held is", how: `UPDATE account SET amount = amount + 1 WHERE client_id = {second} AND kind = 'held'`},
		{name: "account missing", says: "1 of the two accounts", how: `DELETE FROM account WHERE client_id = {first} AND kind = 'held'`},
		{name: "one side", says: "from cash to cash", how: `UPDATE posting SET to_account = 'cash' WHERE cause_kind = 'payment' AND client_id = {first}`},
		{name: "less than nothing", says: "more than nothing are expected", also: []int{2}, how: `UPDATE posting SET amount = -amount WHERE cause_kind = 'payment' AND client_id = {first}`},
		{name: "currency", says: "It is in USD", how: `UPDATE posting SET currency = 'USD' WHERE cause_kind = 'payment' AND client_id = {first}`},
		{name: "chain", says: "do not lead from one to the next", how: `UPDATE posting SET balance_after = balance_after + 1 WHERE cause_kind = 'payment' AND client_id = {first}`},
		{name: "chain missing", says: "one without a balance", how: `UPDATE posting SET balance_after = NULL WHERE cause_kind = 'payment' AND client_id = {first}`},
		{name: "held", says: "the changes under way cost", how: `UPDATE service SET quote = jsonb_set(quote, '{total,amount}', '"1.00"') WHERE id = {stuck}`},
	},
	2: {
		{name: "no service", says: "does not have", how: `UPDATE expense SET service_id = gen_random_uuid() WHERE kind = 'setup' AND service_id = {a}`},
		{name: "currency", says: "its service is sold in EUR", how: `UPDATE expense SET currency = 'USD' WHERE kind = 'setup' AND service_id = {a}`},
		{name: "no money", says: "no money was moved", also: []int{1}, how: `DELETE FROM posting WHERE cause_id IN (SELECT charge_id FROM expense WHERE kind = 'setup' AND service_id = {a})`},
		{name: "no expense", says: "there is no expense", how: `DELETE FROM expense WHERE kind = 'setup' AND service_id = {a}`},
		{name: "other money", says: "were moved", how: `UPDATE expense SET amount = amount + 1 WHERE kind = 'setup' AND service_id = {a}`},
		{name: "other tax", says: "were moved", how: `UPDATE expense SET tax = 1 WHERE kind = 'setup' AND service_id = {a}`},
		{name: "period twice", says: "is charged 2 times", how: copyOfExpense + `WHERE kind = 'period' AND service_id = {a} ORDER BY id LIMIT 1`},
		{name: "overage twice", says: "is charged 2 times", also: []int{5, 9}, how: copyOfExpense + `WHERE ` + liveOverage + ` ORDER BY id LIMIT 1`},
		{name: "reversal of nothing", says: "does not say what it takes back", how: `UPDATE expense SET reverses = NULL WHERE kind = 'refund'`},
		{name: "reversal of something else", says: "is not one of this service", how: `UPDATE expense SET reverses = gen_random_uuid() WHERE kind = 'refund'`},
		{name: "reversal of half", says: "not the whole, backwards", also: []int{5, 9}, how: `UPDATE expense SET amount = amount / 2 WHERE kind = 'correction'`},
		{name: "reversal forwards", says: "gives back of", how: `UPDATE expense SET amount = -amount WHERE kind = 'refund'`},
		{name: "reversal by a charge", says: "takes nothing back", how: `UPDATE expense SET reverses = id WHERE kind = 'setup' AND service_id = {a}`},
		{name: "more than was paid", says: "of it was taken back", how: `UPDATE expense SET amount = amount * 10 WHERE kind = 'refund'`},
		{name: "money back of nothing", says: "is not one of this client", how: `UPDATE posting SET reverses = gen_random_uuid() WHERE reverses IS NOT NULL`},
		{name: "money back forwards", says: "not backwards", how: `UPDATE posting p SET reverses = (SELECT id FROM posting o WHERE o.client_id = p.client_id AND o.cause_kind = 'payment') WHERE reverses IS NOT NULL`},
		{name: "payment unknown", says: "which is not a paid one", how: `UPDATE posting SET cause_id = gen_random_uuid() WHERE cause_kind = 'payment' AND client_id = {first}`},
		{name: "payment unpaid", says: "which is not a paid one", how: `UPDATE payment SET status = 'new' WHERE client_id = {first}`},
		{name: "payment twice", says: "was credited 2 times", also: []int{1}, how: `
			INSERT INTO posting (client_id, id, at, kind, from_account, to_account, amount, currency, cause_kind, cause_id, revision, balance_after, refs)
			SELECT client_id, gen_random_uuid(), at, kind, from_account, to_account, amount, currency, cause_kind, cause_id, 1, balance_after, refs
			FROM posting WHERE cause_kind = 'payment' AND client_id = {first}`},
		{name: "given back", says: "of it was given back", how: `UPDATE payment SET refunded = 1 WHERE client_id = {second}`},
		{name: "given back to nobody", says: "which this client does not have", how: `UPDATE posting SET refs = '{}' WHERE cause_kind = 'payment_refund'`},
		{name: "order's total", says: "over this amount", how: `UPDATE client_order SET total = total + 1 WHERE id = (SELECT order_id FROM service WHERE id = {a})`},
		{name: "order not held", says: "was held 0 times", how: `UPDATE posting SET cause_kind = 'gift' WHERE cause_kind = 'order' AND client_id = {first}`},
		{name: "unknown cause", says: "Nobody knows its cause gift", how: `UPDATE posting SET cause_kind = 'gift' WHERE cause_kind = 'order' AND client_id = {first}`},
		{name: "order released", says: "which is not a cancelled one", how: `UPDATE client_order SET status = 'failed' WHERE status = 'cancelled'`},
		{name: "change of nothing", says: "which is not a change", how: `UPDATE posting SET cause_kind = 'change' WHERE cause_kind = 'order' AND client_id = {first}`},
		{name: "change released", says: "which is not a finished change", how: `UPDATE posting SET cause_kind = 'change_release' WHERE cause_kind = 'service_release'`},
		{name: "service released", says: "that was never made", how: `UPDATE posting SET cause_id = {a} WHERE cause_kind = 'service_release'`},
	},
	3: {
		{name: "server unknown", says: "as their server", how: `UPDATE traffic_block SET server_service_id = gen_random_uuid() WHERE server_service_id = {b} AND day = '2026-03-27'`},
		{name: "server is none", says: "as their server", how: `UPDATE traffic_block SET server_service_id = {carrier} WHERE server_service_id = {b} AND day = '2026-03-27'`},
		{name: "of another client", says: "is no started server of client", also: []int{5}, how: `UPDATE traffic_block SET client_id = {second} WHERE server_service_id = {b} AND day = '2026-03-27'`},
		{name: "owner unknown", says: "as their owner", also: []int{4, 5}, how: `UPDATE traffic_block SET owner_service_id = gen_random_uuid() WHERE server_service_id = {b} AND day = '2026-03-27'`},
		{name: "two of a day", says: "There are 2 current blocks of 2026-03-27", how: `
			INSERT INTO traffic_block (client_id, server_service_id, day, owner_service_id, in_value, in_unit, source, collected_at)
			SELECT {second}, server_service_id, day, owner_service_id, in_value, in_unit, source, collected_at
			FROM traffic_block WHERE server_service_id = {b} AND day = '2026-03-27'`},
		{name: "revision", says: "is revision 7", how: `UPDATE traffic_block SET revision = 7 WHERE server_service_id = {b} AND day = '2026-03-27'`},
		{name: "replaced values missing", says: "1 replaced values are kept, from 2 to 2", how: `DELETE FROM block_revision WHERE server_service_id = {a} AND day = '2026-03-13' AND revision = 1`},
		{name: "replaced values alone", says: "have no current block", also: []int{5}, how: `DELETE FROM traffic_block WHERE server_service_id = {a} AND day = '2026-03-13'`},
	},
	4: {
		{name: "owner", says: "by links and activity their owner is service", also: []int{5}, how: `UPDATE traffic_block SET owner_service_id = server_service_id WHERE server_service_id = {a} AND day = '2026-03-08'`},
		{name: "link", says: "by links and activity their owner is the server itself", how: `UPDATE traffic_link SET from_at = from_at + interval '2 days' WHERE server_service_id = {a}`},
		{name: "activity", says: "by links and activity their owner is service", how: `UPDATE service_activity SET to_at = '2026-03-14T00:00:00Z' WHERE service_id = {carrier} AND to_at IS NOT NULL`},
		{name: "two links", says: "has another link", also: []int{7}, how: `
			INSERT INTO traffic_link (client_id, id, bandwidth_service_id, server_service_id, from_at, made_by)
			SELECT client_id, gen_random_uuid(), bandwidth_service_id, server_service_id, from_at, made_by FROM traffic_link WHERE server_service_id = {a}`},
		{name: "twice active", says: "and again from", how: `
			INSERT INTO service_activity (client_id, service_id, from_at, to_at, cause) VALUES ({first}, {carrier}, '2026-03-06', '2026-03-07', 'resumed')`},
		{name: "active without history", says: "by its history it is not active", how: `UPDATE service_activity SET to_at = '2026-04-02T00:00:00Z' WHERE service_id = {b} AND to_at IS NULL`},
		{name: "history without active", says: "by its history it is active", how: `UPDATE service SET status = 'suspended', suspend_reasons = '{admin}' WHERE id = {b}`},
	},
	5: {
		{name: "values", says: "the current blocks make it", how: `UPDATE traffic_block SET in_value = in_value * 2 WHERE server_service_id = {b} AND day = '2026-03-27'`},
		{name: "block gone", says: "the current blocks make it", how: `DELETE FROM traffic_block WHERE server_service_id = {b} AND day = '2026-03-27'`},
		{name: "price", says: "the current blocks make it", how: `UPDATE service_term SET term = jsonb_set(term, '{overage_price}', '"0.03"') WHERE service_id = {b} AND source = 'staff'`},
		{name: "booked", says: "the current blocks make it", also: []int{2}, how: `DELETE FROM expense WHERE ` + liveOverage},
		{name: "terms damaged", says: "cannot be computed", how: `UPDATE service_term SET term = jsonb_set(term, '{unit}', '"W"') WHERE service_id = {b} AND source = 'tariff' AND item = 'traffic'`},
	},
	6: {
		{name: "processing", says: "nothing is making it", how: `UPDATE operation SET status = 'failed', finished_at = now() WHERE service_id = {stuck}`},
		{name: "task of nothing", says: "its operation has failed", how: `UPDATE operation SET status = 'failed', finished_at = now() WHERE service_id = {stuck}`},
		{name: "task closed", says: "is closed", how: `UPDATE task SET status = 'closed' WHERE service_id = {stuck}`},
		{name: "no task", says: "has no task", how: `UPDATE operation SET task_id = NULL WHERE service_id = {stuck}`},
		{name: "never", says: "will never come up", how: `UPDATE operation SET next_attempt_at = NULL WHERE status = 'waiting'`},
		{name: "order done too early", says: "It is completed, and 1 of its services", how: `UPDATE client_order SET status = 'completed' WHERE id = (SELECT order_id FROM service WHERE id = {stuck})`},
		{name: "order never done", says: "It is paid, and 0 of its services", how: `UPDATE client_order SET status = 'paid' WHERE id = (SELECT order_id FROM service WHERE id = {a})`},
		{name: "ordered", says: "its order is expired", how: `UPDATE client_order SET status = 'expired' WHERE status = 'awaiting_payment'`},
	},
	7: {
		{name: "missing", says: "traffic has no special price", how: `UPDATE service_term SET to_at = '2026-04-03T12:00:00Z' WHERE source = 'bandwidth' AND to_at IS NULL`},
		{name: "without link", says: "no active one carries this server", how: ourPrice + `{b}, 'traffic', 'bandwidth', {carrier})`},
		{name: "after suspension", says: "no active one carries this server", also: []int{4}, how: `UPDATE service SET status = 'suspended', suspend_reasons = '{admin}' WHERE id = {carrier}`},
		{name: "beside staff's", says: "exactly one is expected", how: ourPrice + `{a}, 'traffic', 'staff', NULL)`},
		{name: "two of ours", says: "2 prices of the bandwidth service", how: ourPrice + `{a}, 'traffic', 'bandwidth', {carrier})`},
		{name: "of another", says: "carries this server", how: `UPDATE service_term SET bandwidth_service_id = {over} WHERE source = 'bandwidth' AND to_at IS NULL`},
		{name: "no traffic add-on", says: "no traffic add-on", how: ourPrice + `{a}, 'ram', 'bandwidth', {carrier})`},
		{name: "not free", says: "is not zero", how: `UPDATE service_term SET term = jsonb_set(term, '{price}', '"1"') WHERE source = 'bandwidth' AND to_at IS NULL`},
	},
	8: {
		{name: "one object for two", says: "belongs to 2 live services", how: `DROP INDEX service_external_id_uq; UPDATE service SET external_id = (SELECT external_id FROM service WHERE id = {a}) WHERE id = {b}`},
	},
	9: {
		{name: "no day", says: "does not say for which day", also: []int{2, 5}, how: `UPDATE expense SET for_day = NULL WHERE ` + liveOverage},
		{name: "correction of another day", says: "but is for", how: `UPDATE expense SET for_day = '2026-03-03' WHERE kind = 'correction'`},
		{name: "another day", says: "on 2026-03-03 is booked", how: `
			UPDATE expense SET for_day = '2026-03-03' WHERE id = (SELECT id FROM expense WHERE ` + liveOverage + ` AND service_id = {a} ORDER BY id DESC LIMIT 1)`},
	},
}

const (
	copyOfExpense = `
INSERT INTO expense (client_id, id, service_id, kind, date, period_start, period_end, amount, tax, currency, quantity, unit, unit_price, add_on, for_day, charge_id, created_at)
SELECT client_id, gen_random_uuid(), service_id, kind, date, period_start, period_end, amount, tax, currency, quantity, unit, unit_price, add_on, for_day,
    gen_random_uuid(), created_at FROM expense `

	liveOverage = `kind = 'overage' AND id NOT IN (SELECT reverses FROM expense WHERE kind = 'correction')`

	ourPrice = `
INSERT INTO service_term (client_id, id, from_at, term, service_id, item, source, bandwidth_service_id)
VALUES ({first}, gen_random_uuid(), '2026-04-03T12:00:00Z', '{"price": "0", "overage_price": "0"}', `
)
