package verify_test

import (
	"testing"
	"time"
	"runtime"

	"github.com/stretchr/testify/require"
)

func TestTmpBig(t *testing.T) {
	l := lived(t)
	l.open()
	// 200 clients x 50 servers x 100 days
	l.exec(`SELECT make_block_partition('2026-02-01'), make_block_partition('2026-01-01'), make_block_partition('2025-12-01')`)
	l.exec(`INSERT INTO client (id, provider_id, email, billed_through, next_run_at, created_at) SELECT gen_random_uuid(), p.id, 'x' || n || '@e.com', '2026-04-02', now(), now() FROM provider p, generate_series(1, 500) n`)
	l.exec(`INSERT INTO account (client_id, kind, currency) SELECT id, k, 'EUR' FROM client, unnest(ARRAY['balance','held']) k WHERE email LIKE 'x%'`)
	l.exec(`CREATE TEMP TABLE tt AS SELECT 1`)
	l.exec(`INSERT INTO service (id, client_id, provider_id, order_id, position, status, product_type, tariff_id, tariff_version, period, currency, quote, started_at, created_at)
	   SELECT gen_random_uuid(), c.id, s.provider_id, s.order_id, 1, 'active', s.product_type, s.tariff_id, s.tariff_version, s.period, s.currency, s.quote, s.started_at, s.created_at
	   FROM client c, service s, generate_series(1, 20) WHERE s.id = $1 AND c.email LIKE 'x%'`, l.a)
	l.exec(`INSERT INTO service_activity (client_id, service_id, from_at, cause) SELECT client_id, id, started_at, 'opened' FROM service WHERE client_id IN (SELECT id FROM client WHERE email LIKE 'x%')`)
	l.exec(`INSERT INTO service_term (client_id, id, service_id, item, source, from_at, tariff_version, term) SELECT s.client_id, gen_random_uuid(), s.id, t.item, t.source, t.from_at, t.tariff_version, t.term FROM service s, service_term t WHERE t.service_id = $1 AND t.source = 'tariff' AND s.client_id IN (SELECT id FROM client WHERE email LIKE 'x%')`, l.a)
	l.exec(`INSERT INTO traffic_block (client_id, server_service_id, day, owner_service_id, in_value, in_unit, out_value, out_unit, source, collected_at)
		SELECT client_id, id, d::date, id, 100, 'KiB', 100, 'KiB', 'push', now() FROM service s, generate_series('2025-12-25'::date, '2026-04-03'::date, '1 day') d WHERE s.client_id IN (SELECT id FROM client WHERE email LIKE 'x%')`)
	l.exec(`INSERT INTO posting (client_id, id, at, kind, from_account, to_account, amount, currency, cause_kind, cause_id, balance_after, refs)
		SELECT c.id, gen_random_uuid(), now(), 'charge', CASE WHEN n % 2 = 0 THEN 'balance' ELSE 'revenue' END, CASE WHEN n % 2 = 0 THEN 'revenue' ELSE 'balance' END, 1, 'EUR', 'charge', gen_random_uuid(), n % 2, '{}'
		FROM client c, generate_series(1, 1000) n WHERE email LIKE 'x%'`)
	l.exec(`INSERT INTO expense (client_id, id, service_id, kind, date, amount, tax, currency, charge_id, created_at)
		SELECT p.client_id, gen_random_uuid(), (SELECT id FROM service s WHERE s.client_id = p.client_id LIMIT 1), 'setup', '2026-03-01', CASE WHEN to_account = 'revenue' THEN 1 ELSE -1 END, 0, 'EUR', cause_id, now() FROM posting p WHERE client_id IN (SELECT id FROM client WHERE email LIKE 'x%') AND cause_kind = 'charge'`)
	l.exec(`ANALYZE`)
	start := time.Now()
	r := l.verify()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Log(time.Since(start), r.Checked, len(r.Findings), m.Sys>>20)
	for i, f := range r.Findings { if i < 5 || i % 997 == 0 { t.Log(f) } }
	require.True(t, true)
}
