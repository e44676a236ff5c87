package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// counted is a rig with a client, two servers that were active from 1 March on, and a bandwidth service without servers'
// past: it is linked to the first server and active since 5 March 14:00.
type counted struct {
	*rig
	provider, client, place, tariff string
	a, b, bandwidth                 string
}

func newCounted(t *testing.T) *counted {
	c := &counted{rig: newRig(t, withTraffic)}
	c.provider = c.defaultProvider()
	c.client = c.aClient(c.provider, "owner@example.org")
	c.place = c.insert(`INSERT INTO data_center (id, name, created_at) VALUES ($1, 'Frankfurt', now())`)
	c.exec(`INSERT INTO product_type (code, name, periods, created_at) VALUES ('dedicated_bandwidth', 'Bandwidth', '{P1M}', now())`)
	module := c.insert(`INSERT INTO processing_module (id, driver, product_type, name, data_center_id, created_at) VALUES ($1, 'dcimanager6', 'dedicated', 'd', $2, now())`, c.place)
	raw, err := json.Marshal(catalog.Offer{Name: "Bandwidth", DataCenterIDs: []datacenter.ID{datacenter.ID(c.place)}})
	require.NoError(t, err)
	c.tariff = c.insert(`INSERT INTO tariff (id, provider_id, product_type, code, name, status, data_center_ids, created_at) VALUES ($1, $2, 'dedicated_bandwidth', 'bw', 'Bandwidth', 'active', ARRAY[$3::uuid], now())`,
		c.provider, c.place)
	c.exec(`INSERT INTO tariff_version (tariff_id, number, offer, created_at) VALUES ($1, 1, $2, now())`, c.tariff, raw)
	c.a, c.b = c.service("dedicated", module), c.service("dedicated", module)
	c.bandwidth = c.service("dedicated_bandwidth", module)
	included, price := decimal.NewFromInt(30), decimal.RequireFromString("0.02")
	require.NoError(t, c.db.InTx(context.Background(), func(tx *postgres.Tx) error {
		ctx := context.Background()
		err := tx.InsertTerms(ctx, []service.TermRow{{
			ID: actor.NewID(), ClientID: actor.ClientID(c.client), ServiceID: service.ID(c.a), Item: "traffic", Source: service.FromTariff,
			From: c.business.BusinessNow(), TariffVersion: 1,
			Term: service.Term{
				Billing: catalog.BillStatistics, ContentCode: "traffic", Included: &included, Unit: "GiB", OveragePrice: &price,
				Statistics: &catalog.Statistics{Bill: "month", Params: []string{"in", "out"}, Combine: "sum", OverageUnit: "GiB"},
			},
		}})
		if err != nil {
			return err
		}
		c.business.Set(time.Date(2026, 3, 5, 14, 0, 0, 0, time.UTC))
		s, err := tx.ServiceByID(ctx, service.ID(c.bandwidth))
		if err != nil {
			return err
		}
		if err := traffic.LinkServers(ctx, tx, time.UTC, actor.Program("test"), s, []service.ID{service.ID(c.a)}); err != nil {
			return err
		}
		if err := tx.InsertActivity(ctx, s.ClientID, service.ActivityRow{ServiceID: s.ID, From: c.business.BusinessNow(), Cause: "opened"}); err != nil {
			return err
		}
		return traffic.Switched(ctx, tx, time.UTC, actor.Program("test"), s, traffic.Opened)
	}))
	c.business.Set(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))
	return c
}

func withTraffic(r *rig) {
	reader := r.db.Reader()
	r.server.Zone, r.server.TrafficReader, r.server.ServiceReader, r.server.CatalogReader = time.UTC, reader, reader, reader
	drivers := provision.NewRegistry(provision.Driver{Info: provision.Info{Name: "dcimanager6", Statistics: []provision.Statistic{{Param: "in"}}}})
	r.server.Lifecycle = &lifecycle.Engine{Zone: time.UTC, Registry: drivers}
	r.server.Traffic = &traffic.Engine{
		InTx: narrow[traffic.Tx](r.db), Zone: time.UTC, Drivers: drivers,
		Connect: func(context.Context, provision.ModuleID) (provision.Module, error) {
			return nil, provision.NewUnauthenticated("who are you?")
		},
	}
}

func (c *counted) exec(query string, args ...any) {
	c.t.Helper()
	_, err := c.db.Pool().Exec(query, args...)
	require.NoError(c.t, err)
}

func (c *counted) insert(query string, args ...any) string {
	c.t.Helper()
	id := actor.NewID()
	c.exec(query, append([]any{id}, args...)...)
	return id
}

func (c *counted) service(productType, module string) string {
	c.t.Helper()
	now := c.business.BusinessNow()
	order := c.insert(`INSERT INTO client_order (id, client_id, provider_id, status, pay, total, currency, created_at) VALUES ($1, $2, $3, 'completed', 'balance', 0, 'EUR', $4)`,
		c.client, c.provider, now)
	return c.insert(`INSERT INTO service (id, client_id, provider_id, order_id, position, status, product_type, tariff_id, tariff_version, period, currency,
			data_center_id, module_id, external_id, quote, started_at, created_at)
		VALUES ($1, $2, $3, $4, 0, 'active', $5, $6, 1, 'P1M', 'EUR', $7, $8, ($1::uuid)::text, '{"currency":"EUR"}', $9, $9)`,
		c.client, c.provider, order, productType, c.tariff, c.place, module, now)
}

// pushed is one row of a push: so many GiB in each direction.
func pushed(server, day string, gib int) obj {
	v := obj{"value": fmt.Sprint(gib << 20)}
	return obj{"service_id": server, "day": day, "values": obj{"in": v, "out": v}}
}

func (c *counted) push(who caller, rows ...obj) *reply {
	c.t.Helper()
	return who.post("/v1/statistics/blocks", obj{"blocks": rows})
}

func counts(r *reply) string {
	return fmt.Sprint(r.json["accepted"], " ", r.json["replaced"], " ", r.json["unchanged"], " ", r.json["rejected"])
}

func TestBlocksArePushedOwnedAndRead(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	rows := []obj{}
	for d := 1; d <= 9; d++ {
		rows = append(rows, pushed(c.a, fmt.Sprintf("2026-03-%02d", d), 10), pushed(c.b, fmt.Sprintf("2026-03-%02d", d), 1))
	}
	require.Equal(t, "18 0 0 0", counts(c.push(c.admin, rows...).is(200)))
	require.Equal(t, "0 0 18 0", counts(c.push(c.admin, rows...).is(200)))
	require.Equal(t, "0 1 0 0", counts(c.push(c.admin, pushed(c.a, "2026-03-04", 12)).is(200)))

	list := c.admin.get("/v1/statistics/blocks?server_service_id=" + c.a).is(200).data()
	require.Len(t, list, 9)
	require.Equal(t, obj{"value": "10485760", "unit": "KiB"}, list[0]["values"].(obj)["in"])
	require.Equal(t, c.a, list[3]["owner_service_id"])
	require.Equal(t, c.bandwidth, list[4]["owner_service_id"])
	require.Equal(t, "push", list[4]["source"])
	require.Len(t, c.admin.get("/v1/statistics/blocks?owner_service_id="+c.bandwidth+"&from=2026-03-06&to=2026-03-08").is(200).data(), 2)
	require.Empty(t, c.admin.get("/v1/statistics/blocks?owner_service_id=01957f0e-8b44-7f60-8e2d-1a9c7b5d3f08").is(200).data())
	for _, order := range []string{"asc", "desc"} {
		var seen []string
		for path := "/v1/statistics/blocks?limit=7&order=" + order; path != ""; {
			page := c.admin.get(path).is(200)
			for _, b := range page.data() {
				seen = append(seen, b["day"].(string)+b["server_service_id"].(string))
			}
			path = ""
			if next, ok := page.json["next_cursor"].(string); ok {
				path = "/v1/statistics/blocks?limit=7&order=" + order + "&cursor=" + next
			}
		}
		require.Len(t, seen, 18)
		require.Equal(t, order == "asc", seen[0] < seen[17])
	}

	h := c.admin.get("/v1/statistics/blocks/" + c.a + "/2026-03-04/history").is(200)
	revisions := h.json["revisions"].([]any)
	require.Len(t, revisions, 2)
	require.NotNil(t, revisions[0].(obj)["replaced_at"])
	require.Nil(t, revisions[1].(obj)["replaced_at"])
	require.Empty(t, h.json["owners"])
	h = c.admin.get("/v1/statistics/blocks/" + c.a + "/2026-03-05/history").is(200)
	require.Equal(t, "opened", h.json["owners"].([]any)[0].(obj)["cause"], "its daily run has not been done for this client")
	c.admin.get("/v1/statistics/blocks/"+c.a+"/2026-03-10/history").fails(404, "not_found")
	c.admin.get("/v1/statistics/blocks/" + c.a + "/nonsense/history").is(404)

	moved := c.admin.get("/v1/traffic-reassignments?service_id=" + c.bandwidth + "&from=2026-03-06&limit=3").is(200)
	require.Len(t, moved.data(), 3)
	rest := c.admin.get("/v1/traffic-reassignments?service_id=" + c.bandwidth + "&from=2026-03-06&limit=3&cursor=" + moved.text("next_cursor")).is(200).data()
	ids, days := map[any]bool{}, []any{}
	for _, m := range append(moved.data(), rest...) {
		ids[m["id"]] = true
		days = append(days, m["day"])
		require.Equal(t, []any{c.a, c.a, c.bandwidth}, []any{m["server_service_id"], m["from_service_id"], m["to_service_id"]})
	}
	require.Equal(t, []any{"2026-03-06", "2026-03-07", "2026-03-08", "2026-03-09"}, days)
	require.Len(t, ids, 4, "each day has an id of its own")
}

func TestUseIsReportedByDayMonthAndAsATable(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	c.push(c.admin, pushed(c.a, "2026-03-01", 10), pushed(c.a, "2026-03-02", 10), pushed(c.a, "2026-03-03", 1), pushed(c.a, "2026-03-06", 7))
	use := c.admin.get("/v1/services/" + c.a + "/statistics?from=2026-03-02").is(200)
	require.Equal(t, "2026-03-11", use.text("to"), "up to today")
	rows := use.json["rows"].([]any)
	require.Len(t, rows, 2, "what another service owns is not the server's")
	addOn := rows[0].(obj)["add_ons"].([]any)[0].(obj)
	require.Equal(t, obj{"code": "traffic", "used": "20", "unit": "GiB", "included": "30", "overage": "10", "overage_amount": obj{"amount": "0.00", "currency": "EUR"}},
		addOn, "counted from the first of the month")
	require.Equal(t, obj{"value": "20971520", "unit": "KiB"}, rows[0].(obj)["values"].(obj)["bandwidth"])
	month := c.admin.get("/v1/services/" + c.a + "/statistics?from=2026-02-01&to=2026-05-01&by=month").is(200).json["rows"].([]any)
	require.Len(t, month, 1)
	require.Equal(t, []any{"2026-03-01", "2026-04-01"}, []any{month[0].(obj)["from"], month[0].(obj)["to"]})
	require.Equal(t, "12", month[0].(obj)["add_ons"].([]any)[0].(obj)["overage"])
	require.Len(t, c.admin.get("/v1/services/" + c.bandwidth + "/statistics").is(200).json["rows"], 1)

	table := c.admin.get("/v1/services/"+c.bandwidth+"/statistics", "Accept", "text/csv").is(200)
	require.Equal(t, "day,server_service_id,parameter,value,unit\n"+
		"2026-03-06,"+c.a+",in,7340032,KiB\n2026-03-06,"+c.a+",out,7340032,KiB\n2026-03-06,"+c.a+",bandwidth,14680064,KiB\n", string(table.raw))

	c.admin.get("/v1/services/"+c.a+"/statistics?from=2026-03-05&to=2026-03-05").fails(422, "out_of_range")
	c.clientKey(c.aClient(c.provider, "other@example.org")).get("/v1/services/"+c.a+"/statistics").fails(404, "not_found")
	c.clientKey(c.client).get("/v1/services/" + c.a + "/statistics").is(200)
}

func TestLinesAreStoredWhileTheyCome(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	line := func(o obj) string { raw, _ := json.Marshal(o); return string(raw) }
	lines := []string{
		line(pushed(c.b, "2026-03-01", 1)), "", "not json", `{"service_id":"` + c.b + `","day":"2026-03-02","values":{"in":{"value":5}}}`,
		line(pushed(c.b, "2026-02-31", 1)), strings.Repeat(" ", 70_000) + line(pushed(c.b, "2026-03-03", 1)), line(pushed("nobody", "2026-03-01", 1)),
		`{"service_id":"` + c.b + `","day":"2026-03-02","values":{"in":{"value":"1e9"}}}`, `{"more":1}`, `{} {}`,
		line(obj{"service_id": strings.ToUpper(c.b), "day": "2026-03-02", "values": obj{"in": obj{"value": "1.5", "unit": "GiB"}}}),
		`{"service_id":"` + c.b + `","day":"2026-03-04","values":{"in":{"value":"1"}}}`,
	}
	lines = append(lines, make([]string, 5000)...) // more than one lot
	for i := range 5000 {
		lines[len(lines)-5000+i] = line(pushed(c.b, "2026-03-05", 1+i%2))
	}
	out := c.admin.post("/v1/statistics/blocks", strings.Join(lines, "\n"), "Content-Type", "application/x-ndjson").is(200)
	require.Equal(t, "4 4999 0 8", counts(out))
	var reasons []string
	for _, r := range out.json["rejections"].([]any) {
		reasons = append(reasons, fmt.Sprint(r.(obj)["row"], " ", r.(obj)["reason"]))
	}
	require.Equal(t, []string{"1 bad_json", "2 bad_value", "3 bad_value", "4 row_too_long", "5 not_a_server", "6 bad_value", "7 unknown_field", "8 bad_json"}, reasons)

	bad := strings.Repeat("x\n", 1500)
	out = c.admin.post("/v1/statistics/blocks", bad, "Content-Type", "application/x-ndjson").is(200)
	require.Equal(t, "0 0 0 1500", counts(out))
	require.Len(t, out.json["rejections"], 1000)

	merge := `{"service_id":"` + c.b + `","day":"2026-03-04","values":{"out":{"value":"2"}}}`
	require.Equal(t, "0 1 0 0", counts(c.admin.post("/v1/statistics/blocks?merge=true", merge, "Content-Type", "application/x-ndjson").is(200)))
	require.Equal(t, 1, c.count(`SELECT count(*) FROM traffic_block WHERE day = '2026-03-04' AND in_value = 1 AND out_value = 2`))

	c.admin.post("/v1/statistics/blocks", `{"blocks":[],"more":1,"merge":2}`).fails(422, "validation_failed").at("/merge wrong_type", "/more unknown_field")
	c.admin.post("/v1/statistics/blocks", `{}`).fails(422, "required")
	c.admin.post("/v1/statistics/blocks", `[]`).is(422)
	c.admin.post("/v1/statistics/blocks", `{"blocks":[]} x`).fails(400, "bad_json")
	c.admin.post("/v1/statistics/blocks", "x", "Content-Type", "text/plain").is(415)
	require.Equal(t, "0 0 0 0", counts(c.admin.post("/v1/statistics/blocks", `{"blocks":[]}`).is(200)))

	c.push(c.clientKey(c.client), pushed(c.b, "2026-03-01", 1)).fails(403, "insufficient_scope")
	c.push(c.storefront(c.provider), pushed(c.b, "2026-03-01", 1)).fails(403, "insufficient_scope")
	require.Equal(t, "0 1 0 0", counts(c.push(c.storefront(c.provider, "statistics:write"), pushed(c.b, "2026-03-01", 3)).is(200)))
	foreign := c.storefront(c.aProvider("Other"), "statistics:write")
	require.Equal(t, "0 0 0 1", counts(c.push(foreign, pushed(c.b, "2026-03-01", 4)).is(200)))
	require.Empty(t, foreign.get("/v1/statistics/blocks").is(200).data())
	require.Empty(t, foreign.get("/v1/statistics/blocks?server_service_id="+c.b).is(200).data())
	require.NotEmpty(t, c.clientKey(c.client).get("/v1/statistics/blocks").is(200).data())
}

func TestServersOfABandwidthServiceAreSet(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	path := "/v1/services/" + c.bandwidth + "/servers"
	eligible := c.admin.get("/v1/tariffs/" + c.tariff + "/eligible-servers?client_id=" + c.client).is(200).data()
	require.Len(t, eligible, 2)
	require.Equal(t, []any{c.a, false, c.b, true}, []any{eligible[0]["service_id"], eligible[0]["eligible"], eligible[1]["service_id"], eligible[1]["eligible"]})
	require.Equal(t, "server_linked", eligible[0]["reasons"].([]any)[0].(obj)["code"])
	c.admin.get("/v1/tariffs/"+c.tariff+"/eligible-servers").fails(422, "required")

	set := c.admin.put(path, obj{"servers": []string{c.a, c.b}}).is(200)
	require.Len(t, set.json["linked_servers"], 2)
	require.Equal(t, []any{obj{"add_on": "traffic", "price_override": "set"}}, set.json["linked_servers"].([]any)[0].(obj)["prices"])
	c.admin.put(path, obj{"servers": []string{c.b}}, "If-Match", `"1"`).fails(412, "precondition_failed")
	c.admin.put(path, obj{"servers": []string{c.b}}, "If-Match", set.Header.Get("ETag")).is(200)
	c.admin.put(path, obj{"servers": []string{}}).fails(422, "last_server")
	c.admin.put(path, obj{"servers": []string{c.b, "01957f0e-8b44-7f60-8e2d-1a9c7b5d3f08"}}).fails(422, "server_not_found").at("/servers/1 server_not_found")
	c.admin.put("/v1/services/"+c.a+"/servers", obj{"servers": []string{c.b}}).fails(422, "not_a_bandwidth_service")
	c.clientKey(c.client).put(path, obj{"servers": []string{c.a}, "effective_at": "2026-03-06T00:00:00Z"}).fails(403, "field_forbidden")
	c.push(c.admin, pushed(c.b, "2026-03-08", 1))
	c.admin.put(path, obj{"servers": []string{c.b}, "effective_at": "2026-03-07T10:00:00Z"}).is(200)
	require.Equal(t, c.bandwidth, c.admin.get("/v1/statistics/blocks?server_service_id=" + c.b).is(200).data()[0]["owner_service_id"])
}

func TestRunsInTheBackgroundTellHowTheyGo(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	ctx := context.Background()
	c.push(c.admin, pushed(c.a, "2026-03-06", 1))
	begun := c.admin.post("/v1/traffic-reassignments/recompute", obj{"from": "2026-03-01", "to": "2026-04-01", "preview": true}).is(202)
	require.Equal(t, "queued", begun.text("status"))
	claims, err := c.db.Due("recomputation").Claim(ctx, c.business.BusinessNow(), 1)
	require.NoError(t, err)
	require.NoError(t, c.server.Traffic.RunRecomputation(ctx, claims[0].ID, claims[0].No))
	done := c.admin.get(begun.Header.Get("Location")).is(200)
	require.Equal(t, []any{"finished", float64(1), float64(0), "2026-04-01"}, []any{done.json["status"], done.json["examined"], done.json["changed"], done.json["to"]})
	c.admin.get(begun.Header.Get("Location"), "If-None-Match", done.Header.Get("ETag")).is(304)
	c.admin.post("/v1/traffic-reassignments/recompute", obj{"from": "2026-03-01", "to": "2026-03-01"}).fails(422, "out_of_range")
	c.storefront(c.provider).post("/v1/traffic-reassignments/recompute", obj{"from": "2026-03-01", "to": "2026-03-02"}).is(403)

	asked := c.admin.post("/v1/statistics/collect", obj{"day": "2026-03-09"}, "Idempotency-Key", "once").is(202)
	require.Equal(t, asked.raw, c.admin.post("/v1/statistics/collect", obj{"day": "2026-03-09"}, "Idempotency-Key", "once").is(202).raw)
	require.Equal(t, "queued", asked.text("status"))
	claims, err = c.db.Due("collection").Claim(ctx, c.business.BusinessNow(), 9)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, "running", c.admin.get(asked.Header.Get("Location")).is(200).text("status"))
	require.NoError(t, c.server.Traffic.RunCollection(ctx, claims[0].ID, claims[0].No))
	failed := c.admin.get(asked.Header.Get("Location")).is(200)
	require.Equal(t, []any{"failed", float64(2)}, []any{failed.text("status"), failed.json["failed"]})
	require.Len(t, failed.json["failures"], 1)
	c.admin.post("/v1/statistics/collect", obj{"day": "2026-03-11"}).fails(422, "day_out_of_range")
	c.admin.post("/v1/statistics/collect", nil).is(202)
}
