package bench

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkServiceList reads a page of 50 among 100 000 services of 1 000 clients, beside a handler that reads the same rows.
func BenchmarkServiceList(b *testing.B) {
	in := newInstallation(b).start(b).connect(b)
	newShop(in.admin(b)).sell()
	in.run(b, `
INSERT INTO client SELECT (jsonb_populate_record(c, jsonb_build_object(
    'id', '01950000-0000-7000-8001-' || lpad(to_hex(i), 12, '0'), 'email', i || '@bench.example', 'username', ''))).*
FROM client c, generate_series(1, 1000) i`)
	in.run(b, `
INSERT INTO service SELECT (jsonb_populate_record(s, jsonb_build_object(
    'id', '01950000-0000-7000-8002-' || lpad(to_hex(i), 12, '0'),
    'client_id', '01950000-0000-7000-8001-' || lpad(to_hex(1 + i % 1000), 12, '0'), 'external_id', NULL))).*
FROM service s, generate_series(1, 100000) i`)
	in.run(b, `
INSERT INTO service_term SELECT (jsonb_populate_record(m, jsonb_build_object(
    'id', md5(m.id::text || i), 'client_id', '01950000-0000-7000-8001-' || lpad(to_hex(1 + i % 1000), 12, '0'),
    'service_id', '01950000-0000-7000-8002-' || lpad(to_hex(i), 12, '0')))).*
FROM service_term m, generate_series(1, 100000) i`)
	in.run(b, `VACUUM ANALYZE service, service_term, client`)
	in.copyTable(b, "service")
	in.run(b, `INSERT INTO bench.service SELECT * FROM service ORDER BY id`)
	in.run(b, `VACUUM ANALYZE bench.service`)
	in.compareLists(b, "50 of 100 000 services, 8 clients", "/v1/services?limit=50&cursor=", "/services?after=")
}

// BenchmarkTariffList reads a page of 50 among 10 000 tariffs.
func BenchmarkTariffList(b *testing.B) {
	in := newInstallation(b).start(b).connect(b)
	newShop(in.admin(b))
	in.run(b, `
INSERT INTO tariff SELECT (jsonb_populate_record(t, jsonb_build_object(
    'id', '01950000-0000-7000-8001-' || lpad(to_hex(i), 12, '0'), 'code', 'T' || i))).*
FROM tariff t, generate_series(1, 10000) i WHERE t.code = 'E3'`)
	in.run(b, `
INSERT INTO tariff_version SELECT ('01950000-0000-7000-8001-' || lpad(to_hex(i), 12, '0'))::uuid, v.number, v.offer, v.created_at
FROM tariff t JOIN tariff_version v ON v.tariff_id = t.id AND t.code = 'E3', generate_series(1, 10000) i`)
	in.run(b, `VACUUM ANALYZE tariff, tariff_version`)
	for _, table := range []string{"tariff", "tariff_version"} {
		in.copyTable(b, table)
		in.run(b, `INSERT INTO bench.`+table+` SELECT * FROM `+table)
		in.run(b, `VACUUM ANALYZE bench.`+table)
	}
	in.compareLists(b, "50 of 10 000 tariffs, 8 clients", "/v1/tariffs?limit=50&cursor=", "/tariffs?after=")
}

// compareLists reads pages by the program and by the minimal handler in turn; every request is for another page than the one
// before.
func (in *installation) compareLists(b *testing.B, name, path, minimalPath string) {
	b.Helper()
	const clients, rounds, length, pages = 8, 5, 2 * time.Second, 20
	minimal := in.startMinimal(b)
	var ours, theirs [][]byte
	cursor, after := "", ""
	for range pages {
		first := path + cursor
		if cursor == "" {
			first = path[:len(path)-len("&cursor=")]
		}
		page := in.admin(b).get(first)
		require.Len(b, page.v.(map[string]any)["data"], 50)
		ours = append(ours, request(http.MethodGet, first, in.listen, in.key, "", ""))
		theirs = append(theirs, request(http.MethodGet, minimalPath+after, minimal, in.key, "", ""))
		cursor, after = page.text("next_cursor"), page.text("data.49.id")
	}
	read := func(address string, of [][]byte) load {
		return load{address: address, clients: clients, want: http.StatusOK, request: func(no int) []byte { return of[no%pages] }}
	}
	x, y := read(in.listen, ours), read(minimal, theirs)
	x.rush(b, length/2)
	y.rush(b, length/2)
	var a, z, ratio []float64
	for range rounds {
		z = append(z, y.rush(b, length))
		a = append(a, x.rush(b, length))
		ratio = append(ratio, a[len(a)-1]/z[len(z)-1])
	}
	report.show(b, figure{
		name: name, ours: perSecond(a), theirs: perSecond(z) + " (minimal handler)", value: median(ratio), target: 0.5,
	})
}
