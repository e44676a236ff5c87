package badinput

import "net/http"

var _ = register(map[string]entry{
	"moveSandboxClock": {
		valid: requests(func(w *world) request {
			return request{body: obj{"now": w.admin.get("/v1/sandbox/clock").text("now")}}
		}),
		rules: []rule{{"the past", set("now", "2026-01-01T00:00:00Z"), 422, "clock_backwards", []string{"/now clock_backwards"}}},
	},
	"createAPIKey": {
		valid: requests(
			func(w *world) request {
				return request{body: obj{
					"name": "New", "role": "storefront", "provider_id": w.thing["provider"], "scopes": list{"statistics:write"},
					"expires_at": "2099-01-01T00:00:00Z", "allowed_ips": list{"10.0.0.0/8"}, "rate_limit": 5,
				}}
			},
			func(w *world) request {
				return request{body: obj{"name": "Own", "role": "client", "client_id": w.thing["client"]}}
			},
		),
	},
	"revokeAPIKey": {valid: requests(func(w *world) request {
		return request{path: byID(w.create("/v1/api-keys", obj{"name": "Old", "role": "admin"}))}
	})},
	"createProvider": {
		valid: requests(func(w *world) request {
			return request{body: obj{
				"name": w.word("Brand"), "currency": "USD", "country": "DE", "site": "https://a.example", "billing_url": "https://b.example", "prices_include_tax": true,
			}}
		}),
		rules: []rule{{"a taken name", set("name", "Rival"), 409, "already_exists", []string{"/name already_exists"}}},
	},
	"updateProvider": {
		valid: requests(func(w *world) request {
			body := obj{"name": w.word("Brand"), "country": "DE", "site": "https://a.example", "billing_url": "https://b.example", "prices_include_tax": false}
			return request{path: byID(w.thing["provider"]), body: body}
		}),
		rules: []rule{{"a taken name", set("name", "Rival"), 409, "already_exists", []string{"/name already_exists"}}},
	},
	"deleteProvider": {valid: requests(func(w *world) request {
		return request{path: byID(w.create("/v1/providers", obj{"name": w.word("Brand")}))}
	})},
	"createClient": {
		valid: requests(func(w *world) request {
			body := w.profile()
			body["provider_id"] = w.thing["provider"]
			return request{body: body}
		}),
		rules: []rule{
			{"a taken address", takenEmail, 409, "already_exists", []string{"/email already_exists"}},
			{"another currency", set("settlement", obj{"mode": "credit_limit", "limit": obj{"amount": "5", "currency": "USD"}}), 422, "wrong_currency", []string{"/settlement/limit/currency wrong_currency"}},
			{"a limit below zero", set("settlement", obj{"mode": "credit_limit", "limit": money("-1")}), 422, "out_of_range", []string{"/settlement/limit/amount out_of_range"}},
			{"a part of a cent", set("settlement", obj{"mode": "credit_limit", "limit": money("0.001")}), 422, "bad_value", []string{"/settlement/limit/amount bad_value"}},
			{"no limit", set("settlement", obj{"mode": "credit_limit"}), 422, "required", []string{"/settlement/limit required"}},
			{"a limit of nothing", set("settlement", obj{"mode": "prepaid", "limit": money("1")}), 422, "bad_value", []string{"/settlement/limit bad_value"}},
		},
	},
	"updateClient": {
		valid: requests(func(w *world) request {
			body := w.profile()
			body["status"] = "active"
			return request{path: byID(w.thing["client"]), body: body}
		}),
		rules: []rule{{"a taken address", func(w *world, b obj) {
			b["email"] = w.admin.get("/v1/clients/" + w.thing["stranger"]).text("email")
		}, 409, "already_exists", []string{"/email already_exists"}}},
	},
	"createDataCenter": {valid: requests(func(*world) request { return request{body: place()} }), rules: iconRules},
	"updateDataCenter": {valid: requests(func(w *world) request {
		return request{path: byID(w.create("/v1/data-centers", obj{"name": "There"})), body: place()}
	}), rules: iconRules},
	"deleteDataCenter": {valid: requests(func(w *world) request {
		return request{path: byID(w.create("/v1/data-centers", obj{"name": "There"}))}
	})},
	"createDepartment": {valid: requests(func(*world) request { return request{body: obj{"name": "Sellers", "email": "a@b.example"}} })},
	"updateDepartment": {valid: requests(func(w *world) request {
		return request{path: byID(w.thing["department"]), body: obj{"name": "Sellers", "email": "a@b.example"}}
	})},
	"deleteDepartment": {valid: requests(func(w *world) request {
		return request{path: byID(w.create("/v1/departments", obj{"name": "Nobody"}))}
	})},
	"takeTask": {valid: requests(func(w *world) request { return request{path: byID(w.task())} })},
	"closeTask": {valid: requests(func(w *world) request {
		return request{path: byID(w.task()), body: obj{
			"result": "done", "external_id": "17", "note": "By hand.", "parameters": obj{"hostname": "a.example"},
			"addresses": list{obj{"ip": "203.0.113.7", "gateway": "203.0.113.1", "network": "203.0.113.0/24", "family": "ipv4", "main": true}},
		}}
	})},
})

// byID is the usual path.
func byID(id string) map[string]string { return map[string]string{"id": id} }

// set puts another value into a member of the body.
func set(name string, v any) func(*world, obj) { return func(_ *world, b obj) { b[name] = v } }

// profile is every member of a client that may be changed.
func (w *world) profile() obj {
	return obj{
		"group_id": w.thing["client_group"], "email": w.word("p") + "@shop.example", "name": "John", "country": "DE", "region": "Hesse", "username": "john", "phone": "+49 30 123",
		"phone_verified": true, "time_zone": "Europe/Berlin", "settlement": obj{"mode": "credit_limit", "limit": money("10.00")},
	}
}

func takenEmail(w *world, b obj) {
	b["email"] = w.admin.get("/v1/clients/" + w.thing["client"]).text("email")
}

func place() obj {
	return obj{"name": "Here", "external_id": "9", "sort_order": 5, "icon": obj{"kind": "flag", "country": "DE", "image_url": nil}}
}

var iconRules = []rule{
	{"an address of its own", set("icon", obj{"kind": "none", "image_url": "https://a.example/x.png"}), 422, "bad_value", []string{"/icon/image_url bad_value"}},
	{"a flag of nowhere", set("icon", obj{"kind": "flag"}), http.StatusUnprocessableEntity, "required", []string{"/icon/country required"}},
	{"a country without a flag", set("icon", obj{"kind": "none", "country": "DE"}), 422, "bad_value", []string{"/icon/country bad_value"}},
}
