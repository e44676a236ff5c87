package badinput

import (
	"net/http"
	"net/url"
)

var _ = register(map[string]entry{
	"createPayment": {
		valid: requests(func(w *world) request {
			order := w.admin.post("/v1/orders", obj{"client_id": w.thing["client"], "items": list{item(w.thing["tariff"])}, "pay": "later"}).text("id")
			return request{body: obj{
				"client_id": w.thing["client"], "amount": money("5.00"), "method": "manual", "external_id": w.word("transfer"), "order_id": order, "status": "new",
			}}
		}),
		rules: []rule{
			{"nothing", set("amount", money("0")), 422, "out_of_range", []string{"/amount/amount out_of_range"}},
			{"less than nothing", set("amount", money("-5")), 422, "out_of_range", []string{"/amount/amount out_of_range"}},
			{"a part of a cent", set("amount", money("0.001")), 422, "bad_value", []string{"/amount/amount bad_value"}},
			{"another currency", set("amount", obj{"amount": "5", "currency": "USD"}), 422, "wrong_currency", []string{"/amount/currency wrong_currency"}},
			{"a foreign order", func(w *world, b obj) { b["order_id"] = w.thing["rival_order"] }, 422, "not_found", []string{"/order_id not_found"}},
		},
	},
	"refundPayment": {
		valid: requests(func(w *world) request {
			return request{path: byID(w.pay(w.thing["client"])), body: obj{"amount": money("1.00")}}
		}),
		rules: []rule{
			{"nothing", set("amount", money("0")), 422, "out_of_range", []string{"/amount/amount out_of_range"}},
			{"too much", set("amount", money("99999")), 422, "refund_exceeds_unspent", []string{"/amount refund_exceeds_unspent"}},
			{"another currency", set("amount", obj{"amount": "5", "currency": "USD"}), 422, "wrong_currency", []string{"/amount/currency wrong_currency"}},
		},
	},
	"createQuote": {valid: requests(func(w *world) request { return request{body: w.wish()} }), rules: wishRules, codes: wishCodes},
	"createOrder": {valid: requests(func(w *world) request {
		body := w.wish()
		body["pay"] = "balance"
		return request{body: body}
	}), rules: wishRules, codes: wishCodes},
	"payOrder":    {valid: requests(func(w *world) request { return request{path: byID(w.unpaid())} })},
	"cancelOrder": {valid: requests(func(w *world) request { return request{path: byID(w.unpaid())} })},

	"updateService": {valid: requests(func(w *world) request {
		return request{path: byID(w.thing["service"]), body: obj{"name": "Mine", "note": "A note.", "auto_renew": true}}
	})},
	"deleteService": {valid: requests(func(w *world) request { return request{path: byID(w.service(w.thing["client"]))} })},
	"setServiceServers": {
		valid: requests(func(w *world) request {
			return request{path: byID(w.thing["pipe"]), body: obj{"servers": list{w.thing["server"]}, "effective_at": "2026-03-02T00:00:00Z"}}
		}), codes: map[string]string{"/servers/*": "server_not_found"},
	},
	"revealServiceCredentials": {valid: plainly("id", "server")},
	"suspendService": {valid: requests(func(w *world) request {
		return request{path: byID(w.service(w.thing["client"])), body: obj{"reason": "admin", "note": "A note."}}
	})},
	"resumeService": {valid: requests(func(w *world) request {
		id := w.service(w.thing["client"])
		w.admin.post("/v1/services/"+id+"/suspend", obj{"reason": "admin"}).is(http.StatusOK, http.StatusAccepted)
		w.idle()
		return request{path: byID(id), body: obj{"reason": "admin", "force": false}}
	})},
	"renewService": {valid: requests(func(w *world) request {
		return request{path: byID(w.service(w.thing["client"])), body: obj{"period": "P1Y"}}
	}), codes: map[string]string{"/period": "period_not_available"}},
	"rebootService": {valid: requests(func(w *world) request {
		return request{path: byID(w.machine()), body: obj{"recovery": false}}
	})},
	"syncService": {valid: requests(func(w *world) request { return request{path: byID(w.machine())} })},
	"reinstallService": {valid: requests(func(w *world) request {
		return request{path: byID(w.machine()), body: obj{"os": "Debian-12", "recipe": ""}}
	})},
	"setServiceParameters": {valid: requests(func(w *world) request {
		return request{path: byID(w.machine()), body: obj{"parameters": obj{"hostname": "b.example"}}}
	})},
	"undeleteService": {valid: requests(func(w *world) request {
		id := w.service(w.thing["client"])
		w.admin.must("DELETE", "/v1/services/"+id+"?when=end_of_period", nil).is(http.StatusOK, http.StatusAccepted)
		return request{path: byID(id)}
	})},
	"setSpecialPrice": {
		valid: requests(
			func(w *world) request {
				return request{path: map[string]string{"id": w.thing["service"], "code": "disk"}, body: obj{"period": "P1M", "amount": "0.05"}}
			},
			func(w *world) request {
				return request{path: map[string]string{"id": w.thing["server"], "code": "traffic"}, body: obj{"overage_price": "0.01"}}
			},
		),
	},
	"deleteSpecialPrice": {valid: requests(func(w *world) request {
		w.admin.must("PUT", "/v1/services/"+w.thing["service"]+"/special-prices/disk", obj{"period": "P1M", "amount": "0.05"}).is(http.StatusOK)
		return request{path: map[string]string{"id": w.thing["service"], "code": "disk"}, query: url.Values{"period": {"P1M"}}}
	})},
	"retryOperation": {valid: requests(func(w *world) request {
		return request{path: byID(w.admin.get("/v1/tasks/" + w.task()).text("operation_id"))}
	})},

	"collectStatistics": {valid: requests(func(w *world) request {
		return request{body: obj{"day": "2026-03-02", "module_id": w.thing["panel"], "overwrite": true}}
	})},
	"pushBlocks": {valid: requests(func(w *world) request {
		kib := obj{"value": "10", "unit": "KiB"}
		return request{body: obj{
			"blocks": list{obj{"service_id": w.thing["server"], "day": "2026-03-02", "values": obj{"in": kib, "out": kib}}}, "merge": true,
		}}
	})},
	"recomputeTraffic": {valid: requests(func(w *world) request {
		return request{body: obj{"from": "2026-03-01", "to": "2026-03-03", "server_service_ids": list{w.thing["server"]}, "preview": true}}
	}), rules: []rule{{"no days", set("to", "2026-03-01"), 422, "out_of_range", []string{"/to out_of_range"}}}},
})

// wish is a whole order.
func (w *world) wish() obj {
	return obj{"client_id": w.thing["client"], "items": list{obj{
		"tariff_id": w.thing["tariff"], "period": "P1M", "data_center_id": w.thing["center"], "add_ons": obj{"disk": "20", "backup": true},
		"auto_renew": true, "parameters": obj{},
	}}}
}

func first3(b obj) obj { return b["items"].(list)[0].(obj) }

// wishCodes are what is said of names that are not among those of the tariff.
var wishCodes = map[string]string{"/items/*/data_center_id": "data_center_not_in_tariff", "/items/*/period": "period_not_available"}

var wishRules = []rule{
	{"an unknown add-on", func(_ *world, b obj) { first3(b)["add_ons"] = obj{"no_such": "1"} }, 422, "unknown_field", []string{"/items/0/add_ons/no_such unknown_field"}},
	{"too much", func(_ *world, b obj) { first3(b)["add_ons"] = obj{"disk": "1000"} }, 422, "out_of_range", []string{"/items/0/add_ons/disk out_of_range"}},
	{"a switch of text", func(_ *world, b obj) { first3(b)["add_ons"] = obj{"backup": "5"} }, 422, "wrong_type", []string{"/items/0/add_ons/backup wrong_type"}},
	{"a number of words", func(_ *world, b obj) { first3(b)["add_ons"] = obj{"disk": "many"} }, 422, "bad_value", []string{"/items/0/add_ons/disk bad_value"}},
	{"a huge exponent", func(_ *world, b obj) { first3(b)["add_ons"] = obj{"disk": "1e999999999"} }, 422, "bad_value", []string{"/items/0/add_ons/disk bad_value"}},
	{"an unknown parameter", func(_ *world, b obj) { first3(b)["parameters"] = obj{"no_such": "1"} }, 422, "unknown_parameter", []string{"/items/0/parameters/no_such unknown_parameter"}},
}

// unpaid is an order that waits for its money.
func (w *world) unpaid() string {
	return w.create("/v1/orders", obj{"client_id": w.thing["client"], "items": list{item(w.thing["tariff"])}, "pay": "later"})
}

// machine is a dedicated server that nothing is under way for.
func (w *world) machine() string {
	w.idle()
	return w.thing["server_b"]
}
