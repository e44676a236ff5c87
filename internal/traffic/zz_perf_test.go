package traffic_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/traffic"
)

func TestZZPerf(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.exec(`INSERT INTO client (id, provider_id, email, billed_through, next_run_at, created_at) SELECT gen_random_uuid(), $1, 'p' || i, '2026-02-28', now(), now() FROM generate_series(1, 100) i`, w.provider)
	w.exec(`INSERT INTO client_order (id, client_id, provider_id, status, pay, total, currency, created_at) SELECT gen_random_uuid(), id, provider_id, 'completed', 'balance', 0, 'EUR', now() FROM client`)
	w.exec(`INSERT INTO service (id, client_id, provider_id, order_id, position, status, product_type, tariff_id, tariff_version, period, currency, quote, started_at, created_at)
		SELECT gen_random_uuid(), o.client_id, o.provider_id, o.id, i, 'active', 'dedicated', $1, 1, 'P1M', 'EUR', '{}', '2026-01-01', now() FROM client_order o, generate_series(1, 112) i`, w.tariff)
	w.exec(`INSERT INTO service (id, client_id, provider_id, order_id, position, status, product_type, tariff_id, tariff_version, period, currency, quote, started_at, created_at)
		SELECT gen_random_uuid(), o.client_id, o.provider_id, o.id, 0, 'active', 'dedicated_bandwidth', $1, 1, 'P1M', 'EUR', '{}', '2026-01-01', now() FROM client_order o`, w.tariff)
	w.exec(`INSERT INTO service_activity (client_id, service_id, from_at, cause) SELECT client_id, id, '2026-01-01', 'opened' FROM service WHERE product_type = 'dedicated_bandwidth'`)
	w.exec(`INSERT INTO traffic_link (client_id, id, bandwidth_service_id, server_service_id, from_at, made_by) SELECT s.client_id, gen_random_uuid(), b.id, s.id, '2026-01-01', 'x'
		FROM service s JOIN service b ON b.client_id = s.client_id AND b.product_type = 'dedicated_bandwidth' WHERE s.product_type = 'dedicated'`)
	for _, m := range []string{"2026-01-01", "2026-02-01", "2026-03-01"} {
		w.exec(`SELECT make_block_partition($1)`, m)
	}
	w.exec(`INSERT INTO traffic_block (client_id, server_service_id, day, owner_service_id, in_value, in_unit, out_value, out_unit, source, collected_at)
		SELECT client_id, id, d, id, 10485760, 'KiB', 10485760, 'KiB', 'collector', now() FROM service, generate_series('2026-01-01'::date, '2026-03-31', '1 day') d WHERE product_type = 'dedicated' ORDER BY `+os.Getenv("ORD"))
	w.exec(`CREATE TABLE copied (LIKE traffic_block INCLUDING ALL) WITH (fillfactor=80)`)
	w.exec(`INSERT INTO copied SELECT * FROM traffic_block`)
	w.exec(`VACUUM ANALYZE`)
	t.Log(w.count(`SELECT count(*) FROM traffic_block`))
	begun := time.Now()
	w.exec(`UPDATE copied b SET owner_service_id = l.bandwidth_service_id FROM traffic_link l WHERE l.server_service_id = b.server_service_id`)
	raw := time.Since(begun)
	w.go_("2026-03-31 12:00")
	if os.Getenv("KEEP") != "" {
		w.exec(`CREATE DATABASE kept`)
		var db string
		require.NoError(t, w.pool.Get(&db, `SELECT current_database()`))
		t.Log(db)
		time.Sleep(20 * time.Minute)
	}
	_, err := w.engine.Recompute(ctx, admin, traffic.RecomputeInput{From: day("2026-01-01"), To: day("2026-04-01")})
	require.NoError(t, err)
	begun = time.Now()
	w.runDue("recomputation", w.engine.RunRecomputation)
	mine := time.Since(begun)
	t.Log("raw", raw, "mine", mine, float64(mine)/float64(raw))
	t.Log(w.count(`SELECT changed FROM recomputation`), w.count(`SELECT count(*) FROM traffic_reassignment`), w.count(`SELECT count(*) FROM overage_due`))
}
