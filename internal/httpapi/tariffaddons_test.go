package httpapi

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

// systems gives the product type an enumeration of operating systems.
func (s *shop) systems(codes ...string) {
	s.t.Helper()
	var items []obj
	for i, code := range codes {
		items = append(items, obj{"code": code, "name": "The " + code, "sort_order": i + 1})
	}
	s.admin.post("/v1/enumerations", obj{"code": "systems", "name": "Systems", "items": items}).is(201)
	s.admin.patch("/v1/product-types/dedicated/add-ons/os", obj{"enumeration_code": "systems"}).is(200)
}

func month(amount string) []obj { return []obj{{"period": "P1M", "amount": amount}} }

func TestItemsOfAnEnumerationHaveTheirOwnPrices(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.systems("debian", "windows", "old")
	path := "/v1/tariffs/" + s.tariff("E3", nil) + "/add-ons"
	all := s.admin.post(path, obj{"code": "os", "billing": "order"}).is(201)
	require.Equal(t, []any{
		obj{"item": "debian", "name": "The debian", "enabled": true, "prices": []any{}},
		obj{"item": "windows", "name": "The windows", "enabled": true, "prices": []any{}},
		obj{"item": "old", "name": "The old", "enabled": true, "prices": []any{}},
	}, all.json["item_prices"], "every item is on offer for nothing")
	for _, c := range []struct {
		body   obj
		places []string
	}{
		{obj{"item_prices": []obj{{"item": "nothing"}}}, []string{"/item_prices/0/item not_found"}},
		{obj{"item_prices": []obj{{"item": "old"}, {"item": "old"}}}, []string{"/item_prices/1/item duplicate_value"}},
		{obj{"item_prices": []obj{{"item": "old", "prices": month("1")}, {"item": "debian", "prices": append(month("1"), month("2")...)}}}, []string{"/item_prices/1/prices/1/period duplicate_value"}},
		{obj{"default": "nothing"}, []string{"/default unknown_value"}},
		{obj{"default": true}, []string{"/default wrong_type"}},
		{obj{"default": "old", "item_prices": []obj{{"item": "old", "enabled": false}}}, []string{"/default unknown_value"}},
		{obj{"prices": month("1"), "minimum": "1", "unit": "GiB", "included": "1"}, []string{"/included bad_value", "/minimum bad_value", "/prices bad_value", "/unit bad_value"}},
		{obj{"billing": "statistics"}, []string{"/billing bad_value"}},
		{obj{"billing": "none", "item_prices": []obj{{"item": "old", "prices": month("1")}}}, []string{"/item_prices/0/prices bad_value"}},
		{obj{"tiers": obj{"mode": "flat", "steps": []obj{{"prices": month("1")}}}}, []string{"/tiers bad_value"}},
	} {
		s.admin.patch(path+"/os", c.body).is(422).at(c.places...)
	}
	s.admin.post(path, obj{"code": "ram", "item_prices": []obj{{"item": "old"}}}).is(422).at("/item_prices bad_value")
	sold := s.admin.patch(path+"/os", obj{"default": "debian", "item_prices": []obj{{"item": "windows", "prices": month("20")}, {"item": "debian"}}}).is(200)
	require.Equal(t, []any{
		obj{"item": "debian", "name": "The debian", "enabled": true, "prices": []any{}},
		obj{"item": "windows", "name": "The windows", "enabled": true, "prices": []any{obj{"period": "P1M", "amount": "20.00", "setup_fee": "0.00"}}},
	}, sold.json["item_prices"], "as the enumeration sorts them")
	included := s.admin.patch(path+"/os", obj{"billing": "none"}).is(200)
	require.Equal(t, "debian", included.json["default"])
	require.Empty(t, included.json["item_prices"].([]any)[1].(obj)["prices"], "prices go with the billing")

	every := s.admin.get("/v1/tariffs/" + s.tariff("all", obj{"create_all_add_ons": true}) + "/add-ons/os").is(200)
	require.Len(t, every.json["item_prices"], 3)
	require.Equal(t, "none", every.json["billing"])
}

func TestAChoiceAndItsChildren(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	path := "/v1/tariffs/" + s.tariff("E3", nil) + "/add-ons"
	choice := s.admin.post(path, obj{"code": "memory", "billing": "choice", "name": "Memory"}).is(201)
	require.Nil(t, choice.json["add_on"], "a container needs no element")
	require.Nil(t, choice.json["value_type"])
	s.admin.post(path, obj{"code": "plain", "add_on": "ram"}).is(201)
	for _, c := range []struct {
		body   obj
		places []string
	}{
		{obj{"code": "x", "add_on": "ram", "parent": "nothing"}, []string{"/parent not_found"}},
		{obj{"code": "x", "add_on": "ram", "parent": "plain"}, []string{"/parent bad_value"}},
		{obj{"code": "x", "add_on": "ram", "parent": "memory", "billing": "manual"}, []string{"/parent bad_value"}},
		{obj{"code": "x", "billing": "choice", "parent": "memory"}, []string{"/parent bad_value"}},
		{obj{"code": "x", "billing": "choice", "default": "ram16"}, []string{"/default unknown_value"}},
		{obj{"code": "x", "billing": "choice", "unit": "GiB", "included": "1", "prices": month("1")}, []string{"/included bad_value", "/prices bad_value", "/unit bad_value"}},
		{obj{"code": "x", "billing": "order"}, []string{"/add_on not_found"}},
	} {
		s.admin.post(path, c.body).is(422).at(c.places...)
	}
	s.admin.patch(path+"/memory", obj{"billing": "order"}).is(422).at("/billing bad_value")
	s.admin.patch(path+"/memory", obj{"parent": "memory"}).is(422).at("/parent bad_value")
	for _, code := range []string{"ram16", "ram32"} {
		child := s.admin.post(path, obj{"code": code, "add_on": "ram", "parent": "memory", "included": code[3:]}).is(201)
		require.Equal(t, "memory", child.json["parent"])
	}
	require.Equal(t, "ram32", s.admin.patch(path+"/memory", obj{"default": "ram32"}).is(200).json["default"])
	s.admin.patch(path+"/memory", obj{"billing": "none"}).fails(409, "in_use")
	s.admin.delete(path+"/memory").fails(409, "in_use")
	s.admin.delete(path+"/ram32").fails(409, "in_use")
	s.admin.patch(path+"/ram32", obj{"parent": nil}).fails(409, "in_use")
	s.admin.patch(path+"/memory", obj{"default": nil}).is(200)
	s.admin.patch(path+"/ram32", obj{"parent": nil}).is(200)
	s.admin.delete(path + "/ram16").is(204)
	s.admin.delete(path + "/memory").is(204)
}

func TestPriceScales(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	path := "/v1/tariffs/" + s.tariff("E3", nil) + "/add-ons"
	step := func(upTo any, amount string) obj { return obj{"up_to": upTo, "prices": month(amount)} }
	made := s.admin.post(path, obj{"code": "ram", "billing": "order", "tiers": obj{"mode": "graduated", "steps": []obj{step("8", "2"), step(nil, "1")}}}).is(201)
	require.Equal(t, obj{"mode": "graduated", "steps": []any{
		obj{"up_to": "8", "price": nil, "prices": []any{obj{"period": "P1M", "amount": "2.00", "setup_fee": "0.00"}}},
		obj{"up_to": nil, "price": nil, "prices": []any{obj{"period": "P1M", "amount": "1.00", "setup_fee": "0.00"}}},
	}}, made.json["tiers"])
	kept := s.admin.patch(path+"/ram", obj{"billing": "manual"}).is(200)
	require.Equal(t, made.json["tiers"], kept.json["tiers"], "both are paid by the period")
	require.Nil(t, s.admin.patch(path+"/ram", obj{"tiers": nil}).is(200).json["tiers"])
	for _, c := range []struct {
		steps  []obj
		places []string
	}{
		{[]obj{}, []string{"/tiers/steps too_few"}},
		{[]obj{step("8", "1")}, []string{"/tiers/steps/0/up_to bad_value"}},
		{[]obj{step(nil, "1"), step(nil, "1")}, []string{"/tiers/steps/0/up_to required"}},
		{[]obj{step("8", "1"), step("8", "1"), step(nil, "1")}, []string{"/tiers/steps/1/up_to out_of_range"}},
		{[]obj{step("0", "1"), step(nil, "1")}, []string{"/tiers/steps/0/up_to out_of_range"}},
		{[]obj{step("1", "1"), {"price": "1"}}, []string{"/tiers/steps/1/price bad_value"}},
		{[]obj{{"prices": append(month("1"), month("2")...)}}, []string{"/tiers/steps/0/prices/1/period duplicate_value"}},
	} {
		s.admin.patch(path+"/ram", obj{"tiers": obj{"mode": "volume", "steps": c.steps}}).is(422).at(c.places...)
	}
	s.admin.patch(path+"/ram", obj{"tiers": obj{"mode": "steep", "steps": []obj{step(nil, "1")}}}).is(422).at("/tiers/mode unknown_value")
	s.admin.patch(path+"/ram", obj{"billing": "none", "tiers": obj{"mode": "flat", "steps": []obj{step(nil, "1")}}}).is(422).at("/tiers bad_value")

	s.admin.post(path, obj{"code": "traffic", "billing": "statistics", "tiers": obj{"mode": "volume", "steps": []obj{step(nil, "1")}}}).
		is(422).at("/tiers/steps/0/price required", "/tiers/steps/0/prices bad_value")
	measured := s.admin.post(path, obj{"code": "traffic", "billing": "statistics", "tiers": obj{"mode": "volume", "steps": []obj{{"price": "0.02"}}}}).is(201)
	require.Equal(t, obj{"mode": "volume", "steps": []any{obj{"up_to": nil, "price": "0.02", "prices": nil}}}, measured.json["tiers"])
}

// Whatever the form, what is printed of an add-on changes nothing when it is sent back, and neutral values mean nothing.
func TestAnAddOnIsAcceptedAsItIsPrinted(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.systems("debian", "windows")
	s.admin.post("/v1/product-types/dedicated/add-ons", obj{"code": "care", "name": "Care", "value_type": "boolean"}).is(201)
	path := "/v1/tariffs/" + s.tariff("E3", nil) + "/add-ons"
	s.admin.post(path, obj{"code": "extra", "billing": "choice"}).is(201)
	for _, body := range []obj{
		{"code": "ram", "billing": "order", "included": "4", "minimum": "4", "maximum": "64", "step": "4", "default": "8", "prices": month("2"), "edit": "increase_only", "unit": "MiB"},
		{"code": "care", "billing": "order", "parent": "extra", "default": true, "prices": month("3")},
		{"code": "os", "billing": "order", "default": "debian"},
		{"code": "panel", "add_on": "control_panel", "edit": "fixed"},
		{"code": "ips", "add_on": "ipv4_public", "billing": "manual", "tiers": obj{"mode": "flat", "steps": []obj{{"up_to": nil, "prices": month("5")}}}},
		{"code": "traffic", "billing": "statistics", "included": "100", "statistics": obj{"overage_price": "0.02"}},
		{"code": "power", "billing": "statistics", "tiers": obj{"mode": "graduated", "steps": []obj{{"up_to": "100", "price": "0"}, {"price": "0.5"}}}},
		{
			"code": "ipv6", "add_on": nil, "minimum": nil, "maximum": nil, "step": nil, "unit": nil, "default": nil, "prices": []obj{}, "item_prices": []obj{},
			"tiers": nil, "parent": nil, "statistics": nil,
		},
	} {
		made := s.admin.post(path, body).is(201)
		for name, want := range body {
			if name != "prices" && name != "tiers" && name != "statistics" && want != nil {
				got, _ := json.Marshal(made.json[name])
				sent, _ := json.Marshal(want)
				require.JSONEq(t, string(sent), string(got), name)
			}
		}
		back := maps.Clone(made.json)
		for _, fixed := range []string{"code", "add_on", "value_type", "created_at"} {
			delete(back, fixed)
		}
		again := s.admin.patch(made.Header.Get("Location"), back).is(200)
		require.Equal(t, made.json, again.json)
		require.Equal(t, made.Header.Get("ETag"), again.Header.Get("ETag"), body["code"])
	}
}

// From the order form to the running service: what may be chosen, what it costs line by line, and how the service shows it.
func TestAddOnsOfEveryFormAreSold(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	s.admin.post("/v1/enumerations", obj{"code": "systems", "name": "Systems", "items": []obj{{"code": "debian"}, {"code": "windows", "name": "Windows"}}}).is(201)
	s.admin.patch("/v1/product-types/dedicated/add-ons/os", obj{"enumeration_code": "systems"}).is(200)
	tariff := s.tariff("E3", nil)
	for _, body := range []obj{
		{"code": "os", "billing": "order", "item_prices": []obj{{"item": "debian"}, {"item": "windows", "prices": []obj{{"period": "P1M", "amount": "20", "setup_fee": "5"}}}}},
		{"code": "memory", "billing": "choice"},
		{"code": "ram16", "add_on": "ram", "parent": "memory", "included": "16"},
		{"code": "ram32", "add_on": "ram", "parent": "memory", "billing": "order", "minimum": "32", "step": "32", "prices": month("0.50")},
		{"code": "ips", "add_on": "ipv4_public", "billing": "order", "included": "1", "tiers": obj{"mode": "graduated", "steps": []obj{
			{"up_to": "2", "prices": month("2")}, {"prices": month("1")},
		}}},
		{"code": "care", "add_on": "power", "billing": "manual", "prices": month("9")},
		{"code": "traffic", "billing": "statistics", "included": "100"},
	} {
		s.admin.post("/v1/tariffs/"+tariff+"/add-ons", body).is(201)
	}
	ask := func(addOns obj) []obj { return []obj{{"tariff_id": tariff, "period": "P1M", "add_ons": addOns}} }
	for _, c := range []struct {
		addOns obj
		places []string
	}{
		{obj{"os": "nothing"}, []string{"/items/0/add_ons/os unknown_value"}},
		{obj{"os": true}, []string{"/items/0/add_ons/os wrong_type"}},
		{obj{"memory": "ips"}, []string{"/items/0/add_ons/memory unknown_value"}},
		{obj{"ram32": 64}, []string{"/items/0/add_ons/ram32 not_selectable"}},
		{obj{"memory": "ram32", "ram32": "40"}, []string{"/items/0/add_ons/ram32 step_mismatch"}},
		{obj{"care": 1, "traffic": 1}, []string{"/items/0/add_ons/care not_selectable", "/items/0/add_ons/traffic not_selectable"}},
	} {
		s.admin.post("/v1/quotes", obj{"items": ask(c.addOns)}).is(422).at(c.places...)
	}
	chosen := ask(obj{"os": "windows", "memory": "ram32", "ram32": "64", "ips": 6})
	quote := s.admin.post("/v1/quotes", obj{"items": chosen}).is(200)
	var lines []any
	for _, x := range quote.json["items"].([]any)[0].(obj)["lines"].([]any) {
		l := x.(obj)
		lines = append(lines, []any{l["kind"], l["code"], l["item"], l["quantity"], l["included"], l["unit_price"], l["amount"].(obj)["amount"]})
	}
	require.Equal(t, []any{
		[]any{"period", nil, nil, "1", "0", "31.00", "31.00"},
		[]any{"add_on", "os", "windows", "1", "0", "20.00", "20.00"},
		[]any{"setup", "os", "windows", "1", "0", "5.00", "5.00"},
		[]any{"add_on", "ram32", nil, "64", "0", "0.50", "32.00"},
		[]any{"add_on", "ips", nil, "6", "1", nil, "7.00"},
	}, lines)
	require.Equal(t, "95.00", quote.json["total"].(obj)["amount"])

	c := s.buyer("95.00", nil)
	order := s.once(s.admin, "/v1/orders", obj{"client_id": c, "pay": "later", "items": chosen}).is(201)
	path := "/v1/services/" + order.json["items"].([]any)[0].(obj)["service_id"].(string)
	want := []any{
		obj{"code": "ips", "value": "6", "included": "1", "unit": "piece", "price": nil},
		obj{"code": "memory", "value": "ram32", "included": "0", "unit": nil, "price": nil},
		obj{"code": "os", "value": "windows", "included": "0", "unit": nil, "price": "20.00"},
		obj{"code": "ram32", "value": "64", "included": "0", "unit": "GiB", "price": "0.50"},
		obj{"code": "traffic", "value": nil, "included": "100", "unit": "GiB", "price": nil},
	}
	ordered := s.admin.get(path).is(200)
	require.Equal(t, "ordered", ordered.json["status"])
	require.Equal(t, want, ordered.json["add_ons"], "shown from the order on")
	s.once(s.admin, "/v1/orders/"+order.text("id")+"/pay", obj{}).is(200)
	active := s.admin.get(path).is(200)
	require.Equal(t, "active", active.json["status"])
	require.Equal(t, want, active.json["add_ons"])
	require.Equal(t, ordered.json["prices"], active.json["prices"])
	require.Equal(t, "90.00", active.json["next_charge"].(obj)["amount"].(obj)["amount"], "setup fees are paid once")
	require.Equal(t, "0.00", s.balance(c))
}
