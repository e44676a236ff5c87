package badinput

var _ = register(map[string]entry{
	"changeServiceAddOns": {
		valid: requests(func(w *world) request {
			return request{path: byID(w.service(w.thing["client"])), body: obj{"add_ons": obj{"disk": "30", "backup": true}}}
		}),
		rules: []rule{
			{"an unknown add-on", set("add_ons", obj{"no_such": "1"}), 422, "unknown_field", []string{"/add_ons/no_such unknown_field"}},
			{"too much", set("add_ons", obj{"disk": "1000"}), 422, "out_of_range", []string{"/add_ons/disk out_of_range"}},
			{"a number of words", set("add_ons", obj{"disk": "many"}), 422, "bad_value", []string{"/add_ons/disk bad_value"}},
		},
	},
	"changeServiceTariff": {
		valid: requests(func(w *world) request {
			tariff := w.tariff("hosting", "module", nil)
			w.create2("/v1/tariffs/"+tariff+"/add-ons", obj{"code": "disk", "billing": "order", "included": "10", "maximum": "100", "prices": monthly()})
			return request{path: byID(w.service(w.thing["client"])), body: obj{"tariff_id": tariff, "period": "P1M", "add_ons": obj{"disk": "20"}, "parameters": obj{"size": "xl"}}}
		}),
		rules: []rule{
			{"an unknown parameter", set("parameters", obj{"no_such": "1"}), 422, "unknown_parameter", []string{"/parameters/no_such unknown_parameter"}},
		},
	},
})
