package badinput

import "net/url"

var _ = register(map[string]entry{
	"createProcessingModule": {
		codes: map[string]string{"/product_type": "product_type_not_served"},
		valid: requests(func(w *world) request {
			return request{body: obj{
				"driver": "dcimanager6", "product_type": "dedicated", "name": "Panel", "data_center_id": w.thing["center"],
				"department_id": w.thing["department"], "sort_order": 2, "enabled": true, "connection": w.connection(), "parameters": obj{},
				"queue": obj{"enabled": true, "key": "a", "workers": 2}, "max_running_opens": 5,
			}}
		}),
		rules: []rule{
			{"an unknown setting", func(_ *world, b obj) { b["connection"].(obj)["no_such"] = "x" }, 422, "unknown_field", []string{"/connection/no_such unknown_field"}},
			{"an unknown parameter", set("parameters", obj{"no_such": "x"}), 422, "unknown_field", []string{"/parameters/no_such unknown_field"}},
			{"a type that it does not serve", set("product_type", "hosting"), 422, "product_type_not_served", []string{"/product_type product_type_not_served"}},
			{"no data center", set("data_center_id", nil), 422, "required", []string{"/data_center_id required"}},
			{"a wrong password", func(_ *world, b obj) { b["connection"].(obj)["password"] = "wrong" }, 422, "connection_failed", []string{"/connection connection_failed"}},
		},
	},
	"updateProcessingModule": {
		valid: requests(func(w *world) request {
			return request{path: byID(w.thing["panel"]), body: obj{
				"name": "Panel", "data_center_id": w.thing["center"], "department_id": w.thing["department"], "sort_order": 2, "enabled": true,
				"connection": w.connection(), "parameters": obj{}, "queue": obj{"enabled": true, "key": "a", "workers": 2}, "max_running_opens": 5,
			}}
		}),
		rules: []rule{
			{"an unknown setting", func(_ *world, b obj) { b["connection"].(obj)["no_such"] = "x" }, 422, "unknown_field", []string{"/connection/no_such unknown_field"}},
			{"an unknown parameter", set("parameters", obj{"no_such": "x"}), 422, "unknown_field", []string{"/parameters/no_such unknown_field"}},
		},
	},
	"deleteProcessingModule": {valid: requests(func(w *world) request {
		return request{path: byID(w.create("/v1/processing-modules", obj{"driver": "none", "product_type": "hosting", "name": "Old"}))}
	})},
	"checkProcessingModule": {valid: plainly("id", "panel")},
	"syncProcessingModule":  {valid: plainly("id", "panel")},
	"importMachines": {
		valid: requests(
			func(w *world) request {
				return request{path: byID(w.thing["panel"]), query: url.Values{"preview": {"true"}}}
			},
			func(w *world) request {
				box := w.leftBox()
				return request{path: byID(w.thing["boxes"]), body: obj{"items": list{box}}}
			},
		), codes: map[string]string{"/items/*/period": "period_not_available"},
	},
	"clearModuleProblems":      {valid: plainly("id", "panel")},
	"installIntegrationModule": {valid: named("dedicated_bandwidth")},
	// Every town sells bandwidth; what is not in use is taken away in TestWhatIsNotInUseGoes.
	"uninstallIntegrationModule": {valid: requests(func(*world) request {
		return request{path: map[string]string{"name": "dedicated_bandwidth"}, status: 409}
	})},

	"createUnit": {
		valid: requests(func(w *world) request {
			return request{body: obj{"code": w.word("u"), "name": "Pallet", "smaller_unit": "crate", "ratio": 40}}
		}),
		rules: []rule{
			{"a taken code", set("code", "GiB"), 409, "already_exists", []string{"/code already_exists"}},
			{"a ratio to nothing", without("smaller_unit"), 422, "required", []string{"/smaller_unit required"}},
			{"no ratio", without("ratio"), 422, "required", []string{"/ratio required"}},
		},
	},
	"updateUnit": {
		valid: requests(func(w *world) request {
			code := w.word("u")
			w.create2("/v1/units", obj{"code": code, "name": "Pallet", "smaller_unit": "crate", "ratio": 40})
			return request{path: map[string]string{"code": code}, body: obj{"name": "Palette", "smaller_unit": "crate", "ratio": 41}}
		}),
		rules: []rule{{"a circle", func(_ *world, b obj) { b["smaller_unit"] = "u1" }, 422, "not_found", []string{"/smaller_unit not_found"}}},
	},
	"deleteUnit": {valid: requests(func(w *world) request {
		code := w.word("u")
		w.create2("/v1/units", obj{"code": code, "name": "Pallet"})
		return request{path: map[string]string{"code": code}}
	})},
	"createProductType": {
		valid: requests(func(w *world) request {
			body := productType()
			body["code"] = w.word("type")
			return request{body: body}
		}),
		rules: []rule{{"a taken code", set("code", "hosting"), 409, "already_exists", []string{"/code already_exists"}}},
	},
	"updateProductType": {
		valid: requests(func(w *world) request {
			return request{path: map[string]string{"code": w.newType()}, body: productType()}
		}),
	},
	"deleteProductType": {valid: requests(func(w *world) request { return request{path: map[string]string{"code": w.newType()}} })},
	"createProductTypeAddOn": {
		valid: requests(func(w *world) request {
			return request{path: map[string]string{"code": "hosting"}, body: obj{
				"code": w.word("element"), "name": "Element", "value_type": "integer", "unit": "GiB", "statistics_params": list{"in", "out"}, "sort_order": 3,
			}}
		}, func(w *world) request {
			return request{path: map[string]string{"code": "hosting"}, body: obj{
				"code": w.word("element"), "name": "Element", "value_type": "enumeration", "enumeration_code": w.enumeration(),
			}}
		}),
		rules: []rule{
			{"a taken code", set("code", "disk"), 409, "already_exists", []string{"/code already_exists"}},
			{"a switch in bytes", func(_ *world, b obj) { b["value_type"] = "boolean"; delete(b, "statistics_params") }, 422, "bad_value", []string{"/unit bad_value"}},
		},
	},
	"updateProductTypeAddOn": {valid: requests(func(w *world) request {
		return request{path: map[string]string{"code": "hosting", "add_on": w.element()}, body: obj{
			"name": "Element", "unit": "GiB", "statistics_params": list{"in", "out"}, "sort_order": 3,
		}}
	}, func(w *world) request {
		code := w.word("element")
		w.create2("/v1/product-types/hosting/add-ons", obj{"code": code, "name": "Element", "value_type": "enumeration", "enumeration_code": w.enumeration()})
		return request{path: map[string]string{"code": "hosting", "add_on": code}, body: obj{"enumeration_code": w.enumeration()}}
	}), rules: []rule{{"no unit", set("unit", nil), 422, "required", []string{"/unit required"}}}},
	"deleteProductTypeAddOn": {valid: requests(func(w *world) request {
		return request{path: map[string]string{"code": "hosting", "add_on": w.element()}}
	})},

	"createTariff": {
		codes: map[string]string{"/parameters/*": "not_found"},
		valid: requests(func(w *world) request {
			body := w.wholeTariff()
			body["product_type"], body["provider_id"], body["activate"], body["create_all_add_ons"] = "hosting", w.thing["provider"], true, true
			return request{body: body}
		}),
		rules: []rule{
			{"a taken code", func(w *world, b obj) { b["code"] = w.codeOf("tariff") }, 409, "already_exists", []string{"/code already_exists"}},
			{"a price twice", func(_ *world, b obj) { b["prices"] = append(b["prices"].(list), b["prices"].(list)[0]) }, 422, "duplicate_value", nil},
		},
	},
	"updateTariff": {
		codes: map[string]string{"/parameters/*": "not_found"},
		valid: requests(func(w *world) request {
			body := w.wholeTariff()
			body["status"] = "active"
			return request{path: byID(w.tariff("hosting", "module", nil)), body: body}
		}),
		rules: []rule{{"a taken code", func(w *world, b obj) { b["code"] = w.codeOf("tariff") }, 409, "already_exists", []string{"/code already_exists"}}},
	},
	"deleteTariff": {valid: requests(func(w *world) request { return request{path: byID(w.tariff("hosting", "module", nil))} })},
})

func without(name string) func(*world, obj) { return func(_ *world, b obj) { delete(b, name) } }

func productType() obj {
	return obj{
		"name": "Type", "sort_order": 5, "trial_policy": "every_service", "expense_split": "none", "no_weekend_suspension": true, "auto_delete_after_days": 5,
		"client_deletion": "allowed", "client_deletion_time": "immediately", "periods": list{"P1M", "P1Y"},
		"order_page": obj{"display": "blocks", "expand_description": true, "filter": true},
	}
}

func (w *world) newType() string {
	code := w.word("type")
	w.create2("/v1/product-types", obj{"code": code, "name": "Type"})
	return code
}

func (w *world) element() string {
	code := w.word("element")
	w.create2("/v1/product-types/hosting/add-ons", obj{"code": code, "name": "Element", "unit": "GiB"})
	return code
}

func (w *world) codeOf(tariff string) string {
	return w.admin.get("/v1/tariffs/" + w.thing[tariff]).text("code")
}

// wholeTariff is every member of a tariff that may be changed.
func (w *world) wholeTariff() obj {
	return obj{
		"code": w.word("T"), "name": "Tariff", "description": "Much.", "group_id": w.thing["tariff_group"], "data_center_ids": list{w.thing["center"]},
		"processing_module_ids": list{w.thing["module"]}, "settings": obj{"plan": "a"}, "parameters": list{"size"},
		"prices":                  list{obj{"period": "P1M", "amount": "5.00", "setup_fee": "1", "renewal_amount": "6"}},
		"default_domain_template": "@ID@.example", "trial_days": 7, "calendar": obj{"enabled": true, "pro_rata_day": 15},
		"hourly": obj{"enabled": true, "charge_when_suspended": false},
		"policy": obj{
			"min_period": "P1M", "change_to": "same_group", "client_group_ids": list{w.thing["client_group"]},
			"max_services_per_client": 5, "auto_delete_after_days": 5, "refund_on_close": "none", "client_may_suspend": true,
			"server_changes_per_month": 5,
		},
	}
}
