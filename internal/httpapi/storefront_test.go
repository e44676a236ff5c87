package httpapi

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
)

// showcase is a shop with one server on sale, seen by somebody without a key.
type showcase struct {
	*shop
	anybody           caller
	place, module, id string
	forms, quotes     string
}

func newShowcase(t *testing.T) *showcase {
	t.Helper()
	t.Parallel()
	w := &showcase{shop: newShop(t)}
	w.place = w.dataCenter("Frankfurt", "3")
	w.module = w.shop.module("DCI", w.place)
	w.id = w.tariff("E3", obj{
		"data_center_ids": []string{w.place}, "processing_module_ids": []string{w.module}, "settings": obj{"configuration": "E3"},
	})
	w.anybody, w.forms, w.quotes = w.as(""), "/v1/storefront/tariffs?provider="+w.provider, "/v1/storefront/quotes"
	return w
}

func TestOrderFormsTellAnybodyWhatIsOnSale(t *testing.T) {
	w := newShowcase(t)
	path := "/v1/tariffs/" + w.id + "/add-ons"
	w.admin.post(path, obj{
		"code": "ram", "billing": "order", "included": "4", "maximum": "16", "step": "4", "default": "8",
		"prices": []obj{{"period": "P1M", "amount": "2.50"}},
	}).is(201)
	w.admin.post(path, obj{
		"code": "traffic", "billing": "statistics", "included": "100",
		"statistics": obj{"bill": "month", "overage_price": "0.02", "overage_unit": "GiB"},
	}).is(201)
	w.admin.post(path, obj{"code": "ipv6", "included": "1"}).is(201)
	w.admin.post(path, obj{"code": "extra", "billing": "choice", "name": "Extra"}).is(201)
	w.admin.post(path, obj{"code": "backup", "add_on": "port_speed", "billing": "order", "parent": "extra"}).is(201)
	group := w.admin.post("/v1/tariff-groups", obj{"name": "Servers"}).is(201).text("id")
	w.admin.patch("/v1/tariffs/"+w.id, obj{"group_id": group}).is(200)
	w.admin.post("/v1/product-types/dedicated/parameters", obj{"code": "slots", "name": "Slots", "validator": obj{"kind": "integer", "min": 1}}).is(201)
	w.tariff("draft", obj{"activate": false})
	w.tariff("foreign", obj{"provider_id": w.aProvider("Other")})

	answer := w.anybody.get(w.forms).is(200)
	list := answer.data()
	require.Len(t, list, 1)
	f := list[0]
	require.Equal(t, "E3", f["code"])
	require.Equal(t, obj{"id": group, "name": "Servers"}, f["group"])
	require.Equal(t, "EUR", f["currency"])
	require.Equal(t, true, f["orderable"])
	require.Equal(t, []any{obj{"period": "P1M", "amount": "50.00", "setup_fee": "10.00", "renewal_amount": nil}}, f["prices"])
	require.Equal(t, []any{"P1M"}, f["orderable_periods"])
	require.Equal(t, []any{obj{
		"id": w.place, "name": "Frankfurt", "icon": obj{"kind": "none", "country": nil, "image_url": nil}, "orderable": true, "reasons": []any{}, "free": 2.0,
	}}, f["data_centers"])
	addOns := f["add_ons"].([]any)
	require.Len(t, addOns, 3, "what is merely included is not shown")
	ram, traffic := addOns[0].(obj), addOns[1].(obj)
	require.Equal(t, []any{"ram", true, "4", "16", "4", "8"},
		[]any{ram["code"], ram["selectable"], ram["included"], ram["maximum"], ram["step"], ram["default"]})
	require.Equal(t, []any{obj{"period": "P1M", "amount": "2.50", "setup_fee": "0.00"}}, ram["prices"])
	require.Equal(t, false, traffic["selectable"])
	require.Equal(t, w.admin.get(path + "/traffic").is(200).json["statistics"], traffic["statistics"])
	choice := addOns[2].(obj)
	require.Nil(t, choice["value_type"])
	require.Equal(t, "backup", choice["children"].([]any)[0].(obj)["code"])
	slots := find(f["parameters"].([]any), "slots")
	require.Equal(t, []any{true, obj{"kind": "integer", "pattern": nil, "min": 1.0, "max": nil}}, []any{slots["any_text"], slots["validator"]})
	for _, inside := range []string{w.module, "settings", "configuration", "processing"} {
		require.NotContains(t, string(answer.raw), inside)
	}
	require.Empty(t, w.anybody.get(w.forms+"&product_type=vds").is(200).data())
	w.anybody.get("/v1/storefront/tariffs?provider=01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15").fails(404, "not_found")
	w.anybody.get("/v1/storefront/tariffs").fails(422, "required").at("provider required")
}

func TestOrderFormsAreKeptUntilSomethingChanges(t *testing.T) {
	w := newShowcase(t)
	first := w.anybody.get(w.forms).is(200)
	tag := first.Header.Get("ETag")
	require.Equal(t, "public, max-age=5", first.Header.Get("Cache-Control"))
	require.True(t, strings.HasPrefix(tag, `"`), "strong")
	w.anybody.get(w.forms, "If-None-Match", tag).is(304)
	require.Equal(t, tag, w.anybody.get(w.forms).is(200).Header.Get("ETag"))
	other := w.anybody.get(w.forms, "If-None-Match", "\"something\"").is(200)
	require.Equal(t, first.raw, other.raw)

	change := func(what string, do func()) {
		t.Helper()
		before := w.anybody.get(w.forms).is(200).Header.Get("ETag")
		do()
		w.anybody.get(w.forms, "If-None-Match", before).is(200)
	}
	change("a price", func() {
		w.admin.patch("/v1/tariffs/"+w.id, obj{"prices": []obj{{"period": "P1M", "amount": "51"}}}).is(200)
	})
	change("a place", func() { w.admin.patch("/v1/data-centers/"+w.place, obj{"name": "Mainz"}).is(200) })
	change("a module", func() { w.admin.patch("/v1/processing-modules/"+w.module, obj{"enabled": false}).is(200) })
	require.Equal(t, false, w.anybody.get(w.forms).is(200).data()[0]["orderable"])
	change("a module again", func() { w.admin.patch("/v1/processing-modules/"+w.module, obj{"enabled": true}).is(200) })
	change("stock, after a moment", func() {
		w.panel.set(func(p *panel) { p.stock = []provision.Stock{{Key: "E3", Free: 1}} })
		w.wall.Advance(module.StockAge)
	})
	change("another tariff", func() { w.tariff("E5", nil) })

	page := w.anybody.get(w.forms + "&limit=1").is(200)
	require.NotEmpty(t, page.Header.Get("Link"))
	again := w.anybody.get(w.forms + "&limit=1").is(200)
	require.Equal(t, page.Header.Get("Link"), again.Header.Get("Link"), "from memory as well")
	rest := w.anybody.get(w.forms + "&limit=1&cursor=" + page.text("next_cursor")).is(200)
	require.Equal(t, "E5", rest.data()[0]["code"])
	w.anybody.get(w.forms+"&cursor=x").fails(400, "bad_cursor")
}

func TestAnybodyMayAskForAPrice(t *testing.T) {
	w := newShowcase(t)
	item := func(id string) obj { return obj{"items": []obj{{"tariff_id": id, "period": "P1M"}}} }
	quote := w.anybody.post(w.quotes, item(w.id)).is(200)
	require.Equal(t, obj{"amount": "60.00", "currency": "EUR"}, quote.json["total"])
	require.Equal(t, true, quote.json["orderable"])
	require.Equal(t, quote.json, w.admin.post("/v1/quotes", item(w.id)).is(200).json, "the same code")
	draft := w.tariff("draft", obj{"activate": false})
	w.anybody.post(w.quotes, item(draft)).fails(422, "not_found").at("/items/0/tariff_id not_found")
	other := item(w.id)
	other["provider"] = w.aProvider("Other")
	w.anybody.post(w.quotes, other).fails(422, "not_found").at("/items/0/tariff_id not_found")
	w.anybody.post(w.quotes, obj{"items": []obj{}}).is(422)
	w.anybody.post("/v1/quotes", item(w.id)).fails(401, "unauthorized")

	w.panel.set(func(p *panel) { p.stock = []provision.Stock{{Key: "E3", Free: 0}} })
	w.wall.Advance(2 * module.StockAge)
	none := w.anybody.post(w.quotes, item(w.id)).is(200)
	require.Equal(t, false, none.json["orderable"])
	require.Equal(t, "no_stock", none.json["items"].([]any)[0].(obj)["reasons"].([]any)[0].(obj)["code"])
}

func TestAddressesAreLimitedWhereNoKeyIs(t *testing.T) {
	w := newShowcase(t)
	first := w.anybody.get(w.forms).is(200)
	require.Equal(t, `"default";q=1000;w=10`, first.Header.Get("RateLimit-Policy"))
	require.Equal(t, `"default";r=999;t=10`, first.Header.Get("RateLimit"))
	limiter := w.handler.edge.limiter
	for range rateRequests {
		limiter.count("address 127.0.0.1")
	}
	over := w.anybody.get(w.forms).fails(429, "rate_limited")
	require.Equal(t, "10", over.Header.Get("Retry-After"))
	w.admin.get("/v1/tariffs").is(200)
	w.anybody.get("/healthz").is(200)
	w.wall.Advance(10 * time.Second)
	w.anybody.get(w.forms).is(200)
}

// find answers the member of a list that has a code.
func find(list []any, code string) obj {
	for _, x := range list {
		if x.(obj)["code"] == code {
			return x.(obj)
		}
	}
	return nil
}
