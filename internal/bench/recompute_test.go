package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// How many blocks the recomputation moves: clients × servers × days.
const (
	owners    = 1000
	servers   = 20
	blockDays = 50 // all of them in months that are open, whatever today is
	blocks    = owners * servers * blockDays
)

// paymentsPerSecond is the load under which nobody may wait: far below what the server can do, far above what it has to.
const paymentsPerSecond = 40

// BenchmarkRecompute derives the owners of a million blocks anew after links were corrected, beside one UPDATE of as many,
// and watches what payments feel of it.
func BenchmarkRecompute(b *testing.B) {
	in := newInstallation(b).start(b).connect(b)
	in.fillBlocks(b, newShop(in.admin(b)))
	pay := in.payments(b)

	raw := in.rawUpdate(b)
	idle := in.idlePayments(b, pay, 15*time.Second)
	took, busy := in.recompute(b, pay)

	report.show(b, figure{
		name: fmt.Sprintf("recompute %d owners", blocks), ours: took.Round(time.Millisecond).String(),
		theirs: raw.Round(time.Millisecond).String() + " (one UPDATE)", value: took.Seconds() / raw.Seconds(), most: true, target: 2,
	})
	report.show(b, figure{
		name: "payments' p99 meanwhile", ours: p99(busy).Round(10 * time.Microsecond).String(),
		theirs: p99(idle).Round(10*time.Microsecond).String() + " (idle)", value: p99(busy).Seconds() / p99(idle).Seconds(), most: true, target: 3,
	})
	in.booksAgree(b)
}

// rawUpdate is the least that moving the blocks needs. It has the machine for itself.
func (in *installation) rawUpdate(b *testing.B) time.Duration {
	b.Helper()
	in.run(b, `CHECKPOINT`)
	begun := time.Now()
	result, err := in.db.Exec(`
UPDATE bench.traffic_block b SET owner_service_id = l.bandwidth_service_id
FROM traffic_link l WHERE l.client_id = b.client_id AND l.server_service_id = b.server_service_id`)
	took := time.Since(begun)
	require.NoError(b, err)
	n, err := result.RowsAffected()
	require.NoError(b, err)
	require.EqualValues(b, blocks, n)
	return took
}

// idlePayments is what payments take when nothing else happens.
func (in *installation) idlePayments(b *testing.B, pay load, length time.Duration) []time.Duration {
	b.Helper()
	in.run(b, `CHECKPOINT`)
	pay.rush(b, length/10)
	stop := make(chan struct{})
	timer := time.AfterFunc(length, func() { close(stop) })
	defer timer.Stop()
	return pay.steady(b, paymentsPerSecond, stop)
}

// recompute asks for it, waits for its end by asking how it goes, and pays all the while.
func (in *installation) recompute(b *testing.B, pay load) (took time.Duration, paid []time.Duration) {
	b.Helper()
	in.run(b, `CHECKPOINT`)
	stop, paying := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(paying)
		paid = pay.steady(b, paymentsPerSecond, stop)
	}()
	admin := in.admin(b)
	yesterday := time.Now().UTC().AddDate(0, 0, -1)
	begun := time.Now()
	asked := admin.post("/v1/traffic-reassignments/recompute", map[string]any{
		"from": yesterday.AddDate(0, 0, 1-blockDays).Format(time.DateOnly), "to": yesterday.AddDate(0, 0, 1).Format(time.DateOnly),
	})
	where := asked.header.Get("Location")
	var done answer
	for deadline := begun.Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if done = admin.get(where); done.text("status") == "finished" {
			break
		}
		require.True(b, time.Now().Before(deadline), "%s", done.raw)
	}
	took = time.Since(begun)
	close(stop)
	<-paying
	require.Equal(b, fmt.Sprint(blocks), done.text("changed"))
	var wrong int
	require.NoError(b, in.db.Get(&wrong, `
SELECT count(*) FROM traffic_block b JOIN bench.traffic_block c USING (client_id, server_service_id, day) WHERE b.owner_service_id <> c.owner_service_id`))
	require.Zero(b, wrong, "blocks that the two ways gave to different owners")
	require.NotEmpty(b, paid)
	return took, paid
}

// fillBlocks makes clients with their servers, each linked to the client's bandwidth service from before the first day, as a
// correction of the links leaves them: every block still belongs to its server. Blocks lie in the order of days, because
// that is how they come.
func (in *installation) fillBlocks(b *testing.B, s *shop) {
	b.Helper()
	template, order, server := s.sell()
	in.multiply(b, template, owners)
	in.run(b, `CREATE SCHEMA IF NOT EXISTS bench`)
	in.run(b, `
CREATE TABLE bench.sold AS
SELECT n, k, `+clientID+` AS client_id, `+orderID+` AS order_id, `+serviceID+` AS id, `+bandwidthID+` AS bandwidth_id, k = 0 AS bandwidth
FROM generate_series(1, $1::bigint) AS n, generate_series(0, $2::bigint) AS k`, owners, servers)
	in.run(b, `
INSERT INTO client_order SELECT copy.* FROM client_order t, (SELECT DISTINCT client_id, order_id FROM bench.sold) AS o,
    jsonb_populate_record(t, jsonb_build_object('id', o.order_id, 'client_id', o.client_id)) AS copy WHERE t.id = $1`, order)
	in.run(b, `
INSERT INTO service SELECT copy.* FROM service t, bench.sold AS s,
    jsonb_populate_record(t, jsonb_build_object('id', s.id, 'client_id', s.client_id, 'order_id', s.order_id, 'position', s.k,
        'started_at', `+longAgo+`, 'created_at', `+longAgo+`)
        || CASE WHEN s.bandwidth THEN jsonb_build_object('product_type', 'dedicated_bandwidth', 'tariff_id', $2::uuid) ELSE '{}' END) AS copy
WHERE t.id = $1`, server, s.bandwidth)
	in.run(b, `
INSERT INTO service_activity (client_id, service_id, from_at, cause) SELECT client_id, id, `+longAgo+`, 'opened' FROM bench.sold`)
	in.run(b, `
INSERT INTO service_term SELECT copy.* FROM service_term t, bench.sold AS s,
    jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'client_id', s.client_id, 'service_id', s.id, 'from_at', `+longAgo+`)
        || CASE WHEN s.bandwidth AND t.item = 'traffic' THEN jsonb_build_object('item', 'bandwidth') ELSE '{}' END) AS copy
WHERE t.service_id = $1`, server)
	in.run(b, `
INSERT INTO traffic_link (client_id, id, bandwidth_service_id, server_service_id, from_at, made_by)
SELECT client_id, gen_random_uuid(), bandwidth_id, id, `+longAgo+`, 'bench' FROM bench.sold WHERE NOT bandwidth`)
	in.run(b, `SELECT make_block_partition(current_date - d) FROM generate_series(1, $1::int) AS d`, blockDays)
	in.copyTable(b, "traffic_block")
	for _, schema := range []string{"public", "bench"} {
		in.run(b, `
INSERT INTO `+schema+`.traffic_block (client_id, server_service_id, day, owner_service_id, in_value, in_unit, out_value, out_unit, source, collected_at)
SELECT client_id, id, current_date - d, id, 1048576 * k, 'KiB', 524288 * k, 'KiB', 'collector', now()
FROM generate_series($1::int, 1, -1) AS d, bench.sold WHERE NOT bandwidth ORDER BY d DESC, id`, blockDays)
	}
	in.run(b, `VACUUM ANALYZE`)
}

// Ids of the n-th client's things, in SQL; k is 0 for its bandwidth service and counts its servers from 1.
const (
	orderID     = `('01900000-0002-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`
	serviceID   = `('01900000-0003-7000-8000-' || lpad(to_hex(n * 256 + k), 12, '0'))::uuid`
	bandwidthID = `('01900000-0003-7000-8000-' || lpad(to_hex(n * 256), 12, '0'))::uuid`
	longAgo     = `(date_trunc('day', now()) - interval '70 days')`
)
