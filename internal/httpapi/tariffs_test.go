package httpapi

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
)

func TestTariffIsCreatedAndRead(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	place := s.dataCenter("Frankfurt", "3")
	module := s.module("DCI", place)
	made := s.admin.post("/v1/tariffs", s.tariffBody("E3", obj{
		"data_center_ids": []string{place}, "processing_module_ids": []string{module}, "settings": obj{"configuration": "E3", "cores": 4},
		"prices": []obj{{"period": "P1M", "amount": "50", "setup_fee": "10.5"}, {"period": "P1Y", "amount": "0.00012345", "renewal_amount": "9"}},
	})).is(201)
	require.Equal(t, []any{
		obj{"period": "P1M", "amount": "50.00", "setup_fee": "10.50", "renewal_amount": nil},
		obj{"period": "P1Y", "amount": "0.00012345", "setup_fee": "0.00", "renewal_amount": "9.00"},
	}, made.json["prices"])
	require.Equal(t, []any{"P1M", "P1Y"}, made.json["orderable_periods"])
	require.Equal(t, obj{"configuration": "E3", "cores": 4.0}, made.json["settings"])
	require.Equal(t, "active", made.json["status"])
	require.EqualValues(t, 1, made.json["version"])
	require.Equal(t, obj{
		"max_services_per_client": nil, "min_period": nil, "change_to": "any", "client_group_ids": []any{}, "auto_delete_after_days": nil,
		"refund_on_close": "remaining_days", "client_may_suspend": false, "server_changes_per_month": nil,
	}, made.json["policy"])
	require.Equal(t, made.json, s.admin.get(made.Header.Get("Location")).is(200).json)
	s.admin.post("/v1/tariffs", s.tariffBody("E3", nil)).fails(409, "already_exists").at("/code already_exists")

	draft := s.admin.post("/v1/tariffs", obj{"product_type": "vds", "provider_id": s.provider, "code": "v", "name": "V"}).is(201)
	require.Equal(t, "draft", draft.json["status"])
	require.Equal(t, []any{}, draft.json["orderable_periods"])
	require.Len(t, s.admin.get("/v1/tariffs?code=E3").is(200).data(), 1)
	require.Len(t, s.admin.get("/v1/tariffs?product_type=vds&status=draft").is(200).data(), 1)
	require.Len(t, s.admin.get("/v1/tariffs?provider_id="+s.aProvider("Other")).is(200).data(), 0)
}

func TestTariffNamesEveryViolation(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	place := s.dataCenter("Frankfurt", "3")
	module := s.module("DCI", place)
	const nobodys = "01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15"
	s.admin.post("/v1/tariffs", s.tariffBody("E3", obj{
		"provider_id": nobodys, "data_center_ids": []string{place, nobodys}, "processing_module_ids": []string{nobodys, module},
		"settings": obj{"cores": 65, "surprise": true},
		"prices": []obj{
			{"period": "P1M", "amount": "1"},
			{"period": "P1M", "amount": "2"},
			{"period": "P7M", "amount": "1"},
			{"period": "trial", "amount": "1"},
		},
	})).fails(422, "validation_failed").at("/data_center_ids/1 not_found", "/prices/1/period duplicate_value",
		"/prices/3/amount out_of_range", "/processing_module_ids/0 not_found", "/provider_id not_found", "/settings/configuration required",
		"/settings/cores out_of_range", "/settings/surprise unknown_field")
	with := func(change obj) *reply { return s.admin.post("/v1/tariffs", s.tariffBody("x", change)) }
	with(obj{"product_type": "nothing"}).fails(422, "not_found").at("/product_type not_found")
	with(obj{"product_type": "vds", "processing_module_ids": []string{module}, "settings": obj{"configuration": "E3"}}).
		fails(422, "product_type_not_served").at("/processing_module_ids/0 product_type_not_served")
	with(obj{"processing_module_ids": []string{module}, "settings": obj{"configuration": 3}}).is(422).at("/settings/configuration wrong_type")
	with(obj{"processing_module_ids": []string{module}, "settings": obj{"configuration": "imaginary"}}).is(422).at("/settings/configuration unknown_value")
	with(obj{"prices": []obj{{"period": "P1M", "amount": "0.123456789"}}}).is(422).at("/prices/0/amount bad_format")
	require.Zero(t, s.count(`SELECT count(*) FROM tariff`))
}

func TestASettingThatNoDriverOfATariffKnowsIsAMistake(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	place := s.dataCenter("Frankfurt", "3")
	panel := s.module("DCI", place)
	people := s.admin.post("/v1/processing-modules", obj{"driver": "plain", "product_type": "dedicated", "name": "people"}).is(201).text("id")
	misspelt := obj{"configuration": "E3", "cors": 4, "a/b": 1}
	body := func(code string, modules ...string) obj {
		return s.tariffBody(code, obj{"data_center_ids": []string{place}, "processing_module_ids": append([]string{}, modules...), "settings": misspelt})
	}
	s.admin.post("/v1/tariffs", body("x", panel)).fails(422, "validation_failed").
		at("/settings/a~1b unknown_field", "/settings/cors unknown_field")
	s.admin.post("/v1/tariffs", body("x", panel, people)).is(201)
	id := s.admin.post("/v1/tariffs", body("y")).is(201).text("id")
	s.admin.patch("/v1/tariffs/"+id, obj{"processing_module_ids": []string{panel}}).is(422)
	s.admin.patch("/v1/tariffs/"+id, obj{"processing_module_ids": []string{panel}, "settings": obj{"cors": nil, "a/b": nil}}).is(200)
}

func TestEditingATariffMakesANewVersion(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id := s.tariff("E3", obj{"settings": obj{"longer": 1, "b": 2}})
	path := "/v1/tariffs/" + id
	tag := s.admin.get(path).Header.Get("ETag")
	second := s.admin.patch(path, obj{"name": "E3 new", "policy": obj{"max_services_per_client": 2}}, "If-Match", tag).is(200)
	require.EqualValues(t, 2, second.json["version"])
	require.Equal(t, 1, s.count(`SELECT count(*) FROM tariff_version`), "nobody agreed to the first one")
	s.admin.patch(path, obj{"name": "x"}, "If-Match", tag).fails(412, "precondition_failed")

	s.sell(id, 2)
	third := s.admin.patch(path, obj{"prices": []obj{{"period": "P1M", "amount": "60.00"}}}).is(200)
	require.EqualValues(t, 3, third.json["version"])
	require.Equal(t, 2, s.count(`SELECT count(*) FROM tariff_version`), "somebody did to the second")
	require.Equal(t, 1, s.count(`SELECT count(*) FROM tariff_version WHERE number = 2 AND offer->'prices'->0->>'amount' = '50'`))
	require.EqualValues(t, 2, third.json["policy"].(obj)["max_services_per_client"], "members left out are kept")
	s.admin.patch(path, obj{"name": "E3 newer"}).is(200)
	require.Equal(t, 2, s.count(`SELECT count(*) FROM tariff_version`))

	same := s.admin.patch(path, obj{"name": "E3 newer", "settings": obj{"later": nil}}).is(200)
	require.EqualValues(t, 4, same.json["version"], "nothing changed")
	archived := s.admin.patch(path, obj{"status": "archived", "code": "E3-old", "policy": obj{"max_services_per_client": nil}}).is(200)
	require.EqualValues(t, 5, archived.json["version"])
	require.Nil(t, archived.json["policy"].(obj)["max_services_per_client"])
	require.EqualValues(t, 5, s.admin.patch(path, obj{"status": "active"}).is(200).json["version"], "the status is not part of what is sold")
	s.admin.delete(path).fails(409, "in_use")
	s.admin.delete("/v1/tariffs/" + s.tariff("never", nil)).is(204)
}

// sell makes a service of a version, as an order does.
func (s *shop) sell(tariff string, version int) {
	s.t.Helper()
	c := s.aClient(s.provider, actor.NewID()+"@smith.example")
	order := actor.NewID()
	_, err := s.db.Pool().Exec(`INSERT INTO client_order (id, client_id, provider_id, status, pay, total, currency, created_at)
		VALUES ($1, $2, $3, 'completed', 'balance', 0, 'EUR', now())`, order, c, s.provider)
	require.NoError(s.t, err)
	_, err = s.db.Pool().Exec(`INSERT INTO service (id, client_id, provider_id, order_id, position, status, product_type, tariff_id,
		tariff_version, period, currency, quote, created_at)
		VALUES ($1, $2, $3, $4, 0, 'active', 'dedicated', $5, $6, 'P1M', 'EUR', '{}', now())`, actor.NewID(), c, s.provider, order, tariff, version)
	require.NoError(s.t, err)
}

func TestTwoEditsOfATariffAtOnceBothCount(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	path := "/v1/tariffs/" + s.tariff("E3", nil)
	var both sync.WaitGroup
	for _, change := range []obj{{"name": "Both"}, {"description": "counted"}, {"settings": obj{"a": 1}}, {"prices": []obj{}}} {
		both.Add(1)
		go func() {
			defer both.Done()
			s.admin.patch(path, change).is(200)
		}()
	}
	both.Wait()
	now := s.admin.get(path).is(200)
	require.EqualValues(t, 5, now.json["version"])
	require.Equal(t, "Both", now.json["name"])
	require.Equal(t, "counted", now.json["description"])
	require.Equal(t, obj{"a": 1.0}, now.json["settings"])
	require.Empty(t, now.json["prices"])
}

func TestOthersSeeActiveTariffsAndTheirOwn(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	other := s.aProvider("Other")
	active, draft := s.tariff("active", nil), s.tariff("draft", obj{"activate": false})
	foreign := s.tariff("foreign", obj{"provider_id": other})
	shop := s.storefront(s.provider)
	require.Len(t, shop.get("/v1/tariffs").is(200).data(), 1)
	shop.get("/v1/tariffs/" + active).is(200)
	for _, id := range []string{draft, foreign} {
		for _, rest := range []string{"", "/add-ons", "/availability"} {
			shop.get("/v1/tariffs/"+id+rest).fails(404, "not_found")
		}
	}
	shop.patch("/v1/tariffs/"+active, obj{"name": "mine"}).fails(403, "insufficient_scope")
	s.sell(draft, 1)
	shop.get("/v1/tariffs/" + draft).is(200)
	client := s.clientKey(s.aClient(s.provider, "ada@smith.example"))
	client.get("/v1/tariffs/" + active).is(200)
	client.get("/v1/tariffs/"+draft).fails(404, "not_found")
}

func TestAddOnsOfATariff(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id := s.tariff("E3", nil)
	path := "/v1/tariffs/" + id + "/add-ons"
	traffic := s.admin.post(path, obj{
		"code": "traffic", "billing": "statistics", "included": "100", "unit": "GiB",
		"statistics": obj{"bill": "month", "overage_price": "0.02", "overage_unit": "GiB"},
	}).is(201)
	require.Equal(t, obj{
		"bill": "month", "params": []any{"in", "out"}, "combine": "sum", "over_days": nil, "overage_price": "0.02", "overage_unit": "GiB",
	}, traffic.json["statistics"])
	require.Equal(t, "Traffic", traffic.json["name"])
	require.Equal(t, "100", traffic.json["included"])
	require.Equal(t, traffic.json, s.admin.get(traffic.Header.Get("Location")).is(200).json)
	require.EqualValues(t, 2, s.admin.get("/v1/tariffs/" + id).json["version"])
	s.admin.post(path, obj{"code": "traffic"}).fails(409, "already_exists").at("/code already_exists")

	ip := s.admin.post(path, obj{
		"code": "ips", "add_on": "ipv4_public", "billing": "order", "included": "1", "minimum": "1", "maximum": "9", "step": "2", "default": "3",
		"prices": []obj{{"period": "P1M", "amount": "1.5", "setup_fee": "0.25"}},
	}).is(201)
	require.Equal(t, []any{obj{"period": "P1M", "amount": "1.50", "setup_fee": "0.25"}}, ip.json["prices"])
	require.Equal(t, "3", ip.json["default"])
	require.Equal(t, "piece", ip.json["unit"])
	gauge := s.admin.post(path, obj{"code": "power", "billing": "statistics"}).is(201)
	require.Equal(t, "max", gauge.json["statistics"].(obj)["over_days"])

	tag := ip.Header.Get("ETag")
	s.admin.patch(traffic.Header.Get("Location"), obj{"statistics": obj{"overage_price": nil}, "maximum": "500"}).is(200)
	changed := s.admin.patch(ip.Header.Get("Location"), obj{"default": nil, "maximum": nil}, "If-Match", tag).is(200)
	require.Nil(t, changed.json["default"])
	require.Nil(t, changed.json["maximum"])
	s.admin.patch(ip.Header.Get("Location"), obj{"name": "x"}, "If-Match", tag).fails(412, "precondition_failed")
	free := s.admin.get(traffic.Header.Get("Location")).is(200).json
	require.Nil(t, free["statistics"].(obj)["overage_price"])
	require.Equal(t, "GiB", free["statistics"].(obj)["overage_unit"], "members left out are kept")

	none := s.admin.patch(traffic.Header.Get("Location"), obj{"billing": "none"}).is(200)
	require.Nil(t, none.json["statistics"], "they go with the billing")
	s.admin.delete(ip.Header.Get("Location")).is(204)
	s.admin.delete(ip.Header.Get("Location")).fails(404, "not_found")
	list := s.admin.get(path + "?limit=1").is(200)
	require.Equal(t, "traffic", list.data()[0]["code"])
	require.Equal(t, "power", s.admin.get(path + "?limit=1&cursor=" + list.text("next_cursor")).is(200).data()[0]["code"])

	every := s.tariff("all", obj{"create_all_add_ons": true})
	all := s.admin.get("/v1/tariffs/" + every + "/add-ons").is(200).data()
	require.Len(t, all, 15)
	for _, a := range all {
		require.Equal(t, "none", a["billing"])
	}
}

func TestAddOnNamesEveryViolation(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.admin.post("/v1/product-types/dedicated/add-ons", obj{"code": "care", "name": "Care", "value_type": "boolean"}).is(201)
	path := "/v1/tariffs/" + s.tariff("E3", nil) + "/add-ons"
	for _, c := range []struct {
		body   obj
		places []string
	}{
		{obj{"code": "x", "add_on": "nothing"}, []string{"/add_on not_found"}},
		{obj{"code": "ram", "unit": "W"}, []string{"/unit bad_unit"}},
		{obj{"code": "ram", "unit": "nothing"}, []string{"/unit not_found"}},
		{obj{"code": "ram", "minimum": "5", "included": "6", "maximum": "4", "step": "0"}, []string{"/included out_of_range", "/minimum out_of_range", "/step out_of_range"}},
		{obj{"code": "ram", "prices": []obj{{"period": "P1M", "amount": "1"}}}, []string{"/prices bad_value"}},
		{obj{"code": "ram", "billing": "order", "prices": []obj{{"period": "P7M", "amount": "1"}, {"period": "P1M", "amount": "1"}, {"period": "P1M", "amount": "1"}}}, []string{"/prices/2/period duplicate_value"}},
		{obj{"code": "ram", "billing": "order", "step": "4", "default": "6"}, []string{"/default step_mismatch"}},
		{obj{"code": "ram", "billing": "order", "step": "4", "included": "6"}, []string{"/included step_mismatch"}},
		{obj{"code": "ram", "billing": "order", "default": true}, []string{"/default bad_value"}},
		{obj{"code": "ram", "billing": "statistics"}, []string{"/statistics/params required"}},
		{obj{"code": "ram", "statistics": obj{}}, []string{"/statistics bad_value"}},
		{obj{"code": "traffic", "billing": "statistics", "statistics": obj{"params": []string{"in", "smell"}}}, []string{"/statistics/params/1 unknown_value"}},
		{obj{"code": "traffic", "billing": "statistics", "statistics": obj{"params": []string{"power"}}}, []string{"/statistics/params/0 bad_unit"}},
		{obj{"code": "traffic", "billing": "statistics", "statistics": obj{"over_days": "max", "overage_unit": "W"}}, []string{"/statistics/over_days bad_value", "/statistics/overage_unit bad_unit"}},
		{obj{"code": "os", "billing": "statistics"}, []string{"/billing bad_value"}},
		{obj{"code": "care", "billing": "statistics"}, []string{"/billing bad_value"}},
		{obj{"code": "care", "included": "2", "minimum": "1", "unit": "GiB"}, []string{"/included out_of_range", "/minimum bad_value", "/unit bad_value"}},
		{obj{"code": "care", "billing": "order", "default": "1"}, []string{"/default wrong_type"}},
		{obj{"code": "ram", "included": "1.123456789"}, []string{"/included bad_format"}},
	} {
		s.admin.post(path, c.body).is(422).at(c.places...)
	}
	require.Empty(t, s.admin.get(path).is(200).data())
	require.Equal(t, 1, s.count(`SELECT count(*) FROM tariff WHERE current_version = 1`))
}

func TestHistoryOfATariff(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id := s.tariff("E3", nil)
	path := "/v1/tariffs/" + id
	s.business.Advance(time.Hour)
	s.admin.patch(path, obj{"name": "E3+", "prices": []obj{}}).is(200)
	s.admin.post(path+"/add-ons", obj{"code": "ram", "included": "16"}).is(201)
	s.admin.patch(path+"/add-ons/ram", obj{"included": "32"}).is(200)
	s.admin.delete(path + "/add-ons/ram").is(204)
	list := s.admin.get(path + "/history").is(200).data()
	var lines []string
	for _, h := range list {
		line := h["action"].(string)
		if code, ok := h["add_on"].(string); ok {
			line += " " + code
		}
		lines = append(lines, line)
	}
	require.Equal(t, []string{"created", "updated", "created ram", "updated ram", "deleted ram"}, lines)
	require.Equal(t, []any{
		obj{"field": "name", "from": "E3", "to": "E3+"},
		obj{"field": "prices", "from": []any{obj{"period": "P1M", "amount": "50", "setup_fee": "10", "renewal_amount": nil}}, "to": []any{}},
	}, list[1]["changes"])
	require.EqualValues(t, 2, list[1]["version"])
	require.Equal(t, []any{obj{"field": "included", "from": "16", "to": "32"}}, list[3]["changes"])
	who := list[1]["actor"].(obj)
	require.Equal(t, "admin", who["role"])
	require.NotNil(t, who["key_id"])
	require.Equal(t, "127.0.0.1", who["address"])
	require.Len(t, s.admin.get(path+"/history?from=2026-03-01T00:30:00Z").is(200).data(), 4)
	require.Len(t, s.admin.get(path+"/history?to=2026-03-01T00:30:00Z").is(200).data(), 1)
	s.storefront(s.provider).get(path+"/history").fails(403, "insufficient_scope")
}

func TestAvailability(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	frankfurt, paris := s.dataCenter("Frankfurt", "3"), s.dataCenter("Paris", "4")
	module := s.module("DCI", frankfurt)
	id := s.tariff("E3", obj{"activate": false})
	path := "/v1/tariffs/" + id
	ask := func(query string) *reply { return s.admin.get(path + "/availability" + query).is(200) }
	require.Equal(t, []string{"tariff_not_active", "no_module", "no_data_center"}, ask("").reasons())
	s.admin.patch(path, obj{"status": "active", "processing_module_ids": []string{module}, "settings": obj{"configuration": "E3"}}).is(200)
	require.Equal(t, []string{"no_data_center"}, ask("").reasons(), "active, but it cannot be ordered")
	s.admin.patch(path, obj{"data_center_ids": []string{frankfurt, paris}}).is(200)
	both := ask("")
	require.Equal(t, true, both.json["orderable"], "in one of them")
	require.Equal(t, []any{
		obj{"id": frankfurt, "orderable": true, "reasons": []any{}, "free": 2.0},
		obj{"id": paris, "orderable": false, "free": nil, "reasons": []any{
			obj{"code": "no_module", "detail": "No enabled processing module of the tariff is in this data center."},
		}},
	}, both.json["data_centers"])
	require.Equal(t, true, ask("?data_center_id=" + frankfurt).json["orderable"])
	require.Equal(t, []string{"no_module"}, ask("?data_center_id="+paris).reasons())
	require.Equal(t, []string{"data_center_not_in_tariff"}, ask("?data_center_id="+s.dataCenter("Rome", "5")).reasons())

	s.admin.patch(path, obj{"settings": obj{"configuration": "i9"}}).is(200)
	require.Equal(t, []string{"no_stock", "no_module"}, ask("").reasons())
	s.panel.set(func(p *panel) { p.down = true })
	require.Empty(t, ask("").reasons(), "a panel that is away does not refuse orders")
	s.panel.set(func(p *panel) { p.down = false })
	s.admin.patch("/v1/processing-modules/"+module, obj{"enabled": false}).is(200)
	require.Equal(t, []string{"no_module"}, ask("").reasons())
}

// reasons lists the codes of what stands in the way.
func (r *reply) reasons() []string {
	out := []string{}
	for _, x := range r.json["reasons"].([]any) {
		out = append(out, x.(obj)["code"].(string))
	}
	return out
}

func TestAvailabilityForAClient(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	frankfurt := s.dataCenter("Frankfurt", "3")
	plain := s.admin.post("/v1/processing-modules", obj{"driver": "plain", "product_type": "dedicated", "name": "none"}).is(201).text("id")
	id := s.tariff("E3", obj{
		"data_center_ids": []string{frankfurt}, "processing_module_ids": []string{plain}, "policy": obj{"max_services_per_client": 1},
	})
	path := "/v1/tariffs/" + id + "/availability"
	require.Equal(t, true, s.admin.get(path).is(200).json["orderable"], "a module without a data center makes services in each")
	s.sell(id, 1)
	var owner string
	require.NoError(t, s.db.Pool().Get(&owner, `SELECT client_id FROM service`))
	require.Equal(t, true, s.admin.get(path).is(200).json["orderable"], "nobody was named")
	require.Equal(t, []string{"client_limit_reached"}, s.admin.get(path+"?client_id="+owner).is(200).reasons())
	require.Equal(t, []string{"client_limit_reached"}, s.clientKey(owner).get(path).is(200).reasons(), "clients ask for themselves")
	other := s.aClient(s.provider, "ada@smith.example")
	require.Empty(t, s.storefront(s.provider).get(path+"?client_id="+other).is(200).reasons())
	s.admin.patch("/v1/clients/"+other, obj{"status": "blocked"}).is(200)
	require.Equal(t, []string{"client_blocked"}, s.admin.get(path+"?client_id="+other).is(200).reasons())
	s.clientKey(owner).get(path+"?client_id="+other).fails(404, "not_found")
	foreign := s.aClient(s.aProvider("Other"), "eve@smith.example")
	s.admin.get(path+"?client_id="+foreign).fails(404, "not_found")
}
