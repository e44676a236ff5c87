package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkCollect reads one day of each of 10 000 servers from one panel, which is asked about each of them apart, until their
// blocks are stored; beside the same panel asked by eight clients that do nothing else.
func BenchmarkCollect(b *testing.B) {
	const servers, target = 10_000, 20
	f := newFarm(b, 1)
	p := f.dedicated()
	f.stock(servers)
	f.holdAll(b, p, servers)
	f.work(b, 1)

	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	begun := time.Now()
	asked := f.post("/v1/statistics/collect", map[string]any{"day": yesterday, "module_id": p.module})
	where := asked.header.Get("Location")
	var run answer
	for deadline := begun.Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if run = f.get(where); run.text("status") == "finished" {
			break
		}
		require.True(b, time.Now().Before(deadline), "%s", run.raw)
	}
	took := time.Since(begun)
	require.Equal(b, fmt.Sprint(servers), run.text("got"), "%s", run.raw)
	var stored int
	require.NoError(b, f.db.Get(&stored, `SELECT count(*) FROM traffic_block WHERE day = $1`, yesterday))
	require.Equal(b, servers, stored)
	report.show(b, figure{
		name: fmt.Sprintf("statistics of %d servers", servers), ours: fmt.Sprintf("%.1fs", took.Seconds()),
		theirs: fmt.Sprintf("%s of a processor each", burned(b, f.workers...)/servers), value: took.Seconds(), most: true, target: target, unit: "s",
	})
}

// holdAll makes a client's services of all servers that the panel has, as if they had been open for a while.
func (f *farm) holdAll(b *testing.B, p product, n int) {
	b.Helper()
	f.order(b, p, 1)
	f.work(b, 1)
	f.awaitOperations(b, 1)
	f.rest(b)
	f.run(b, `UPDATE service SET started_at = now() - interval '3 days'`)
	f.run(b, `UPDATE service_activity SET from_at = now() - interval '3 days'`)
	var taken string
	require.NoError(b, f.db.Get(&taken, `SELECT external_id FROM service`))
	f.run(b, `
INSERT INTO service SELECT copy.* FROM service t, generate_series(1, $1::int) AS n, jsonb_populate_record(t, jsonb_build_object(
    'id', ('01900000-0004-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'external_id', n::text)) AS copy WHERE n::text <> $2`, n, taken)
	f.run(b, `
INSERT INTO service_activity (client_id, service_id, from_at, cause)
SELECT client_id, id, started_at, 'opened' FROM service s WHERE NOT EXISTS (SELECT FROM service_activity a WHERE a.service_id = s.id)`)
	f.run(b, `
INSERT INTO service_term SELECT copy.* FROM service_term t, service s,
    jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'service_id', s.id)) AS copy
WHERE NOT EXISTS (SELECT FROM service_term x WHERE x.service_id = s.id)`)
	f.run(b, `VACUUM ANALYZE`)
	var have int
	require.NoError(b, f.db.Get(&have, `SELECT count(*) FROM service`))
	require.Equal(b, n, have)
}
