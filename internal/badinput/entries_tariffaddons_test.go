package badinput

import "maps"

var _ = register(map[string]entry{
	"createTariffAddOn": {valid: each(func(w *world, tariff string, body obj) request {
		return request{path: byID(tariff), body: body}
	}), rules: append([]rule{{"a taken code", set("code", "taken"), 409, "already_exists", []string{"/code already_exists"}}}, addOnRules...), codes: addOnCodes},
	"updateTariffAddOn": {valid: each(func(w *world, tariff string, body obj) request {
		w.create2("/v1/tariffs/"+tariff+"/add-ons", body)
		path := map[string]string{"id": tariff, "code": body["code"].(string)}
		return request{path: path, body: left(left(body, "code"), "add_on")}
	}), rules: addOnRules, codes: addOnCodes},
	"deleteTariffAddOn": {valid: requests(func(w *world) request {
		id := w.tariff("hosting", "module", nil)
		w.create2("/v1/tariffs/"+id+"/add-ons", obj{"code": "disk", "billing": "none", "included": "1"})
		return request{path: map[string]string{"id": id, "code": "disk"}}
	})},
})

// addOns are add-ons of every form, each with the tariff that it fits.
var addOns = []func(*world) (tariff string, body obj){
	func(w *world) (string, obj) {
		id := w.tariff("hosting", "module", nil)
		w.create2("/v1/tariffs/"+id+"/add-ons", obj{"code": "taken", "add_on": "backup"})
		return id, obj{
			"code": "space", "add_on": "disk", "name": "Space", "billing": "order", "enabled": true, "included": "10", "minimum": "0",
			"maximum": "100", "step": "10", "unit": "GiB", "default": "20", "edit": "increase_only", "prices": monthly(),
		}
	},
	func(w *world) (string, obj) {
		steps := list{obj{"up_to": "50", "prices": monthly()}, obj{"up_to": nil, "prices": monthly()}}
		return w.tariff("hosting", "module", nil), obj{
			"code": "disk", "billing": "order", "included": "10", "maximum": "100", "tiers": obj{"mode": "graduated", "steps": steps},
		}
	},
	func(w *world) (string, obj) {
		use := statistics("in", "out")
		use["combine"] = "sum"
		steps := list{obj{"up_to": "50", "price": "0.02"}, obj{"up_to": nil, "price": "0.01"}}
		return w.servers(), obj{
			"code": "traffic", "billing": "statistics", "included": "10", "statistics": use, "tiers": obj{"mode": "volume", "steps": steps},
		}
	},
	func(w *world) (string, obj) {
		use := obj{"params": list{"burst_in_day"}, "combine": "max", "over_days": "max", "overage_price": "1", "overage_unit": "Mbit/s"}
		return w.servers(), obj{"code": "burst_in_day", "billing": "statistics", "included": "1", "statistics": use}
	},
	func(w *world) (string, obj) {
		element := w.word("element")
		w.create2("/v1/product-types/hosting/add-ons", obj{"code": element, "name": "System", "value_type": "enumeration", "enumeration_code": w.enumeration()})
		items := list{obj{"item": "a", "name": "A", "enabled": true, "prices": monthly()}}
		return w.tariff("hosting", "module", nil), obj{"code": element, "billing": "order", "item_prices": items}
	},
	func(w *world) (string, obj) {
		id := w.tariff("hosting", "module", nil)
		w.create2("/v1/tariffs/"+id+"/add-ons", obj{"code": "either", "name": "Either", "billing": "choice"})
		return id, obj{"code": "disk", "billing": "order", "included": "10", "maximum": "100", "parent": "either", "prices": monthly()}
	},
}

func each(ask func(w *world, tariff string, body obj) request) (all []func(*world) request) {
	for _, make := range addOns {
		all = append(all, func(w *world) request {
			tariff, body := make(w)
			return ask(w, tariff, maps.Clone(body))
		})
	}
	return all
}

// servers is a new tariff of machines.
func (w *world) servers() string {
	return w.tariff("dedicated", "panel", obj{"settings": obj{"configuration": "E3-1230-16GB"}})
}

func monthly() list { return list{obj{"period": "P1M", "amount": "0.10", "setup_fee": "1"}} }

var addOnCodes = map[string]string{"/parent": "not_found", "/item_prices/*/item": "not_found"}

var addOnRules = []rule{
	{"a step of nothing", set("step", "0"), 422, "out_of_range", []string{"/step out_of_range"}},
	{"more at least than at most", set("minimum", "200"), 422, "validation_failed", nil},
	{"a unit of something else", set("unit", "Mbit/s"), 422, "bad_unit", []string{"/unit bad_unit"}},
	{"a price twice", func(_ *world, b obj) { b["prices"] = append(monthly(), monthly()...) }, 422, "duplicate_value", []string{"/prices/1/period duplicate_value"}},
	{"a default of words", set("default", "many"), 422, "bad_value", []string{"/default bad_value"}},
	{"a huge exponent", set("default", "1e999999999"), 422, "bad_value", []string{"/default bad_value"}},
	{"use of what is ordered", set("statistics", obj{"params": list{"in"}}), 422, "bad_value", []string{"/statistics bad_value"}},
}
