package badinput

var _ = register(map[string]entry{
	"listClientGroups": {valid: plainly()}, "listTariffGroups": {valid: plainly()}, "listTaxRules": {valid: plainly()},
	"getClientGroup":    {valid: plainly("id", "client_group")},
	"getTariffGroup":    {valid: plainly("id", "tariff_group")},
	"getTaxRule":        {valid: requests(func(w *world) request { return request{path: byID(w.taxRule())} })},
	"createClientGroup": {valid: requests(func(w *world) request { return request{body: obj{"name": w.word("G"), "sort_order": 2}} })},
	"createTariffGroup": {valid: requests(func(w *world) request { return request{body: obj{"name": w.word("G"), "sort_order": 2}} })},
	"updateClientGroup": {valid: requests(func(w *world) request {
		return request{path: byID(w.group("client-groups")), body: obj{"name": w.word("G"), "sort_order": 2}}
	})},
	"updateTariffGroup": {valid: requests(func(w *world) request {
		return request{path: byID(w.group("tariff-groups")), body: obj{"name": w.word("G"), "sort_order": 2}}
	})},
	"deleteClientGroup": {valid: requests(func(w *world) request { return request{path: byID(w.group("client-groups"))} })},
	"deleteTariffGroup": {valid: requests(func(w *world) request { return request{path: byID(w.group("tariff-groups"))} })},

	"createTaxRule": {valid: requests(func(w *world) request {
		body := taxRule()
		body["provider_id"] = w.thing["provider"]
		return request{body: body}
	}), rules: append([]rule{{"a rule for the same", twinOfTax, 409, "already_exists", []string{}}}, taxRules...)},
	"updateTaxRule": {valid: requests(func(w *world) request { return request{path: byID(w.taxRule()), body: taxRule()} }), rules: taxRules},
	"deleteTaxRule": {valid: requests(func(w *world) request { return request{path: byID(w.taxRule())} })},
})

var taxRules = []rule{
	{"more than all", set("rate", "1.01"), 422, "out_of_range", []string{"/rate out_of_range"}},
	{"a region of nowhere", set("country", nil), 422, "bad_value", []string{"/region bad_value"}},
	{"an end before the beginning", set("valid_until", "2026-01-01"), 422, "out_of_range", []string{"/valid_until out_of_range"}},
}

func (w *world) group(kind string) string { return w.create("/v1/"+kind, obj{"name": w.word("G")}) }

// twinOfTax leaves the body as it is, and makes the rule that it would double.
func twinOfTax(w *world, body obj) {
	body["region"] = w.word("R")
	w.create("/v1/tax-rules", body)
}

func taxRule() obj {
	return obj{
		"country": "DE", "region": "Hesse", "product_type": "hosting", "rate": "0.19", "valid_from": "2030-01-01", "valid_until": "2031-01-01",
	}
}

func (w *world) taxRule() string {
	return w.create("/v1/tax-rules", obj{"provider_id": w.thing["rival"], "country": "FR", "region": w.word("R"), "rate": "0.2"})
}
