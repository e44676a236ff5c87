package badinput

import (
	"net/http"
	"testing"
)

// newTown is a world with one of everything: two providers, three clients, their orders, services, payments and tasks. What
// it holds is named in w.thing.
func newTown(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.staff()
	w.catalogue()
	w.people()
	w.business()
	w.leavings()
	w.idle()
	return w
}

func (w *world) staff() {
	w.thing["provider"] = w.admin.get("/v1/providers").text("data", "0", "id")
	w.thing["rival"] = w.create("/v1/providers", obj{"name": "Rival"})
	w.thing["department"] = w.create("/v1/departments", obj{"name": "Technicians"})
	w.thing["center"] = w.create("/v1/data-centers", obj{"name": "Frankfurt", "external_id": "3"})
	w.create2("/v1/units", obj{"code": "crate", "name": "Crate"})
	w.thing["unit"] = "crate"
	w.thing["client_group"] = w.create("/v1/client-groups", obj{"name": "Friends"})
	w.thing["tariff_group"] = w.create("/v1/tariff-groups", obj{"name": "Friends"})
}

// create2 makes something that has no id.
func (w *world) create2(path string, body any) {
	w.t.Helper()
	w.admin.post(path, body).is(http.StatusCreated)
}

func (w *world) catalogue() {
	w.create2("/v1/product-types", obj{"code": "hosting", "name": "Hosting", "periods": list{"P1M", "P1Y"}})
	w.create2("/v1/product-types/hosting/add-ons", obj{"code": "disk", "name": "Disk", "unit": "GiB"})
	w.create2("/v1/product-types/hosting/add-ons", obj{"code": "backup", "name": "Backup", "value_type": "boolean"})
	w.create2("/v1/product-types/hosting/parameters", obj{"code": "size", "name": "Size"})
	w.thing["parameter"] = "size"
	w.thing["product_type"], w.thing["element"] = "hosting", "disk"
	w.admin.post("/v1/integration-modules/dedicated_bandwidth/install", nil).is(http.StatusOK)
	module := func(driver, kind string, more obj) string {
		body := obj{"driver": driver, "product_type": kind, "name": driver + " " + kind}
		for name, v := range more {
			body[name] = v
		}
		return w.create("/v1/processing-modules", body)
	}
	w.thing["panel"] = module("dcimanager6", "dedicated", obj{"data_center_id": w.thing["center"], "connection": w.connection()})
	w.thing["pipes"] = module("none", "dedicated_bandwidth", nil)
	w.thing["module"] = module("none", "hosting", nil)
	w.thing["people"] = module("manual", "hosting", obj{"department_id": w.thing["department"]})
	w.thing["e3"] = w.tariff("dedicated", "panel", obj{"settings": obj{"configuration": "E3-1230-16GB"}})
	w.content("e3", obj{"code": "traffic", "billing": "statistics", "included": "100", "statistics": statistics("in", "out")})
	w.thing["bandwidth"] = w.tariff("dedicated_bandwidth", "pipes", nil)
	w.content("bandwidth", obj{"code": "bandwidth", "billing": "statistics", "included": "1000", "statistics": statistics("in", "out")})
	w.thing["tariff"] = w.tariff("hosting", "module", nil)
	w.content("tariff", obj{"code": "disk", "billing": "order", "included": "10", "maximum": "100", "prices": list{obj{"period": "P1M", "amount": "0.10"}}})
	w.content("tariff", obj{"code": "backup", "billing": "order", "included": "0", "prices": list{obj{"period": "P1M", "amount": "1"}}})
	w.thing["handmade"] = w.tariff("hosting", "people", nil)
	w.thing["rival_tariff"] = w.tariff("hosting", "module", obj{"provider_id": w.thing["rival"]})
}

func (w *world) connection() obj {
	return obj{"url": w.panels + "/dcimanager6", "username": "admin@example.com", "password": "secret"}
}

func statistics(params ...any) obj {
	return obj{"bill": "month", "params": params, "overage_price": "0.02", "overage_unit": "GiB"}
}

// tariff makes one that can be ordered.
func (w *world) tariff(kind, module string, more obj) string {
	body := obj{
		"product_type": kind, "provider_id": w.thing["provider"], "code": w.word("T"), "name": "Tariff", "activate": true,
		"data_center_ids": list{w.thing["center"]}, "processing_module_ids": list{w.thing[module]},
		"prices": list{obj{"period": "P1M", "amount": "5.00"}, obj{"period": "P1Y", "amount": "50.00"}},
	}
	for name, v := range more {
		body[name] = v
	}
	return w.create("/v1/tariffs", body)
}

func (w *world) content(tariff string, body obj) {
	w.create2("/v1/tariffs/"+w.thing[tariff]+"/add-ons", body)
}

func (w *world) people() {
	scopes := list{"payments:confirm", "statistics:write"}
	w.shop = w.keyFor(obj{"name": "shop", "role": "storefront", "provider_id": w.thing["provider"], "scopes": scopes})
	w.rivalShop = w.keyFor(obj{"name": "rival", "role": "storefront", "provider_id": w.thing["rival"], "scopes": scopes})
	w.thing["client"], w.buyer = w.client("provider")
	w.thing["stranger"], w.stranger = w.client("provider")
	w.thing["rival_client"], _ = w.client("rival")
}

// client makes a client with some money, and its key.
func (w *world) client(provider string) (id string, key *caller) {
	name := w.word("client")
	id = w.create("/v1/clients", obj{"provider_id": w.thing[provider], "email": name + "@shop.example"})
	w.pay(id)
	return id, w.keyFor(obj{"name": name, "role": "client", "provider_id": w.thing[provider], "client_id": id})
}

func (w *world) pay(client string) string {
	return w.create("/v1/payments", obj{"client_id": client, "amount": money("1000.00"), "status": "paid"})
}

func money(amount string) obj { return obj{"amount": amount, "currency": "EUR"} }

func item(tariff string) obj { return obj{"tariff_id": tariff, "period": "P1M"} }

// order buys for a client, at once.
func (w *world) order(client string, items ...any) answer {
	w.t.Helper()
	return w.admin.post("/v1/orders", obj{"client_id": client, "items": items, "pay": "balance"}).is(http.StatusCreated)
}

// service is a new active one of a client.
func (w *world) service(client string) string {
	w.t.Helper()
	id := w.order(client, item(w.thing["tariff"])).text("items", "0", "service_id")
	w.idle()
	return id
}

func (w *world) business() {
	for who, client := range map[string]string{"": "client", "stranger_": "stranger", "rival_": "rival_client"} {
		w.thing[who+"payment"] = w.pay(w.thing[client])
	}
	server := item(w.thing["e3"])
	order := w.order(w.thing["client"], server, server)
	w.thing["order"], w.thing["operation"] = order.text("id"), order.text("items", "0", "operation_id")
	w.thing["server"], w.thing["server_b"] = order.text("items", "0", "service_id"), order.text("items", "1", "service_id")
	order = w.order(w.thing["stranger"], server)
	w.thing["stranger_order"], w.thing["stranger_operation"] = order.text("id"), order.text("items", "0", "operation_id")
	w.thing["stranger_server"] = order.text("items", "0", "service_id")
	order = w.order(w.thing["rival_client"], item(w.thing["rival_tariff"]))
	w.thing["rival_order"], w.thing["rival_operation"] = order.text("id"), order.text("items", "0", "operation_id")
	w.thing["rival_service"] = order.text("items", "0", "service_id")
	w.thing["service"] = w.service(w.thing["client"])
	w.clock("2026-03-01T00:30:00Z")
	pipe := item(w.thing["bandwidth"])
	pipe["parameters"] = obj{"servers": list{w.thing["server"]}}
	w.thing["pipe"] = w.order(w.thing["client"], pipe).text("items", "0", "service_id")
	w.task()
	w.clock("2026-03-03T00:00:00Z")
}

// task is a new one, of a service that people have to set up.
func (w *world) task() string {
	w.t.Helper()
	id := w.order(w.thing["client"], item(w.thing["handmade"])).text("items", "0", "service_id")
	w.idle()
	w.thing["task"] = w.admin.get("/v1/tasks?service_id="+id).text("data", "0", "id")
	return w.thing["task"]
}

func (w *world) leavings() {
	day := obj{"day": "2026-03-01"}
	w.thing["collection"] = w.admin.post("/v1/statistics/collect", day).is(http.StatusAccepted).text("id")
	span := obj{"from": "2026-03-01", "to": "2026-03-02"}
	w.thing["recomputation"] = w.admin.post("/v1/traffic-reassignments/recompute", span).is(http.StatusAccepted).text("id")
	w.thing["key"] = w.buyer.get("/v1/me").text("key_id")
	w.thing["day"] = "2026-03-01"
}
