package httpapi

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGroupsOfTariffsAndClients(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, path := range []string{"/v1/tariff-groups", "/v1/client-groups"} {
		made := s.admin.post(path, obj{"name": "Storage"}).is(201)
		require.EqualValues(t, 1, made.json["sort_order"])
		at := made.Header.Get("Location")
		require.Equal(t, path+"/"+made.text("id"), at)
		require.Equal(t, made.json, s.admin.get(at).is(200).json)
		changed := s.admin.patch(at, obj{"name": "Stores", "sort_order": 7}, "If-Match", made.Header.Get("ETag")).is(200)
		require.Equal(t, "Stores", changed.json["name"])
		s.admin.patch(at, obj{"name": "x"}, "If-Match", made.Header.Get("ETag")).fails(412, "precondition_failed")
		s.admin.post(path, obj{"name": " ", "sort_order": 0}).is(422)
		require.Len(t, s.admin.get(path).is(200).data(), 1)
		s.admin.delete(at).is(204)
		s.admin.get(at).fails(404, "not_found")
	}
	shop := s.storefront(s.provider)
	shop.get("/v1/tariff-groups").is(200)
	shop.post("/v1/tariff-groups", obj{"name": "Mine"}).fails(403, "insufficient_scope")
	shop.get("/v1/client-groups").fails(403, "insufficient_scope")
}

func TestAGroupInUseStays(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	group := s.admin.post("/v1/tariff-groups", obj{"name": "Storage"}).is(201).text("id")
	tariff := s.tariff("E3", obj{"group_id": group})
	s.tariff("E4", nil)
	require.Len(t, s.admin.get("/v1/tariffs?group_id="+group).is(200).data(), 1)
	s.admin.delete("/v1/tariff-groups/"+group).fails(409, "in_use")
	read := s.admin.patch("/v1/tariffs/"+tariff, obj{"group_id": nil}).is(200)
	require.Nil(t, read.json["group_id"])
	require.EqualValues(t, 1, read.json["version"], "the group is not part of what is sold")
	s.admin.delete("/v1/tariff-groups/" + group).is(204)
	s.admin.patch("/v1/tariffs/"+tariff, obj{"group_id": group}).fails(422, "not_found").at("/group_id not_found")

	vip := s.admin.post("/v1/client-groups", obj{"name": "VIP"}).is(201).text("id")
	c := s.aClient(s.provider, "a@x.example")
	require.Equal(t, vip, s.admin.patch("/v1/clients/"+c, obj{"group_id": vip}).is(200).json["group_id"])
	s.admin.delete("/v1/client-groups/"+vip).fails(409, "in_use")
	s.admin.patch("/v1/clients/"+c, obj{"group_id": nil}).is(200)
	s.admin.patch("/v1/tariffs/"+tariff, obj{"policy": obj{"client_group_ids": []string{vip}}}).is(200)
	s.admin.delete("/v1/client-groups/"+vip).fails(409, "in_use")
	s.admin.patch("/v1/tariffs/"+tariff, obj{"policy": obj{"client_group_ids": []string{}}}).is(200)
	s.admin.delete("/v1/client-groups/" + vip).is(204)
	s.admin.patch("/v1/clients/"+c, obj{"group_id": vip}).fails(422, "not_found").at("/group_id not_found")
}

func TestOnlyStaffGroupsAndVerifiesClients(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	vip := s.admin.post("/v1/client-groups", obj{"name": "VIP"}).is(201).text("id")
	body := obj{"provider_id": s.provider, "email": "b@x.example", "group_id": vip, "phone": "+49 69 1234567", "phone_verified": true}
	made := s.admin.post("/v1/clients", body).is(201)
	require.Equal(t, []any{vip, true}, []any{made.json["group_id"], made.json["phone_verified"]})
	path := "/v1/clients/" + made.text("id")
	shop := s.storefront(s.provider)
	for _, member := range []obj{{"group_id": nil}, {"phone_verified": true}, {"settlement": obj{"mode": "postpaid"}}} {
		for _, who := range []caller{shop, s.clientKey(made.text("id"))} {
			who.patch(path, member).fails(403, "field_forbidden")
		}
		member["email"] = "c@x.example"
		shop.post("/v1/clients", member).fails(403, "field_forbidden")
	}
	require.Equal(t, false, s.admin.patch(path, obj{"phone": "+49 69 7654321"}).is(200).json["phone_verified"], "another number")
}

// What a tariff shows of its rules is accepted back.
func TestATariffsRulesAreReadAndWritten(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	group := s.admin.post("/v1/tariff-groups", obj{"name": "Storage"}).is(201).text("id")
	vip := s.admin.post("/v1/client-groups", obj{"name": "VIP"}).is(201).text("id")
	usual := s.admin.get("/v1/tariffs/" + s.tariff("usual", nil)).is(200).json
	require.Equal(t, []any{obj{"enabled": false, "pro_rata_day": nil}, obj{"enabled": false, "charge_when_suspended": true}, 0.0, nil, nil}, []any{
		usual["calendar"], usual["hourly"], usual["trial_days"], usual["default_domain_template"], usual["group_id"],
	})
	path := "/v1/tariffs/" + s.tariff("E3", obj{
		"group_id": group, "trial_days": 7, "default_domain_template": "@USERNAME@.example.com",
		"calendar": obj{"enabled": true, "pro_rata_day": 15}, "hourly": obj{"enabled": true, "charge_when_suspended": false},
		"policy": obj{
			"max_services_per_client": 3, "min_period": "P3M", "change_to": "same_group", "client_group_ids": []string{vip},
			"auto_delete_after_days": 14, "refund_on_close": "none", "client_may_suspend": true, "server_changes_per_month": 0,
		},
	})
	made := s.admin.get(path).is(200).json
	require.Equal(t, []any{"trial", "P1M"}, made["orderable_periods"])
	require.Equal(t, obj{"enabled": true, "pro_rata_day": 15.0}, made["calendar"])
	back := func(tariff obj) obj {
		out := obj{}
		for _, name := range []string{
			"code", "name", "description", "status", "group_id", "data_center_ids", "processing_module_ids", "settings", "prices", "trial_days",
			"default_domain_template", "calendar", "hourly", "policy",
		} {
			out[name] = tariff[name]
		}
		return out
	}
	require.Equal(t, made, s.admin.patch(path, back(made)).is(200).json, "nothing changed")
	one := s.admin.patch(path, obj{"calendar": obj{"pro_rata_day": nil}, "hourly": obj{"enabled": false}, "policy": obj{"min_period": nil}}).is(200).json
	require.Equal(t, obj{"enabled": true, "pro_rata_day": nil}, one["calendar"])
	require.Equal(t, obj{"enabled": false, "charge_when_suspended": false}, one["hourly"])
	require.Nil(t, one["policy"].(obj)["min_period"])
	require.Equal(t, "same_group", one["policy"].(obj)["change_to"])
	usual["code"] = "E3"
	plain := s.admin.patch(path, back(usual)).is(200).json
	for _, name := range []string{"policy", "calendar", "hourly", "trial_days", "group_id"} {
		require.Equal(t, usual[name], plain[name], name)
	}
	const nobodys = "01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15"
	s.admin.patch(path, obj{"group_id": nobodys, "policy": obj{"client_group_ids": []string{nobodys}}}).fails(422, "validation_failed").
		at("/group_id not_found", "/policy/client_group_ids/0 not_found")
	s.admin.patch(path, obj{"policy": obj{"min_period": "trial", "change_to": "x"}, "calendar": obj{"pro_rata_day": 32}, "trial_days": -1}).is(422).
		at("/calendar/pro_rata_day out_of_range", "/policy/change_to unknown_value", "/policy/min_period bad_format", "/trial_days out_of_range")
}

func TestOnlyClientsOfItsGroupsOrderATariff(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	vip := s.admin.post("/v1/client-groups", obj{"name": "VIP"}).is(201).text("id")
	tariff := s.tariff("E3", obj{"policy": obj{"client_group_ids": []string{vip}}})
	mine, other := s.buyer("100.00", obj{"group_id": vip}), s.buyer("100.00", nil)
	require.Empty(t, reasons(s.quote("", "P1M", tariff)), "nobody in particular")
	require.Empty(t, reasons(s.quote(mine, "P1M", tariff)))
	require.Equal(t, []string{"client_group_not_allowed"}, reasons(s.quote(other, "P1M", tariff)))
	path := "/v1/tariffs/" + tariff + "/availability"
	require.Equal(t, true, s.admin.get(path).is(200).json["orderable"])
	require.Equal(t, false, s.admin.get(path + "?client_id=" + other).is(200).json["orderable"])
	s.order(other, "P1M", tariff).fails(422, "client_group_not_allowed").at("/items/0/tariff_id client_group_not_allowed")
	s.order(mine, "P1M", tariff).is(201)

	later := s.once(s.admin, "/v1/orders", obj{"client_id": mine, "pay": "later", "items": items("P1M", tariff)}).is(201).text("id")
	s.admin.patch("/v1/clients/"+mine, obj{"group_id": nil}).is(200)
	s.once(s.admin, "/v1/orders/"+later+"/pay", obj{}).fails(422, "client_group_not_allowed")
}

func TestProductTypeSettings(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	made := s.admin.post("/v1/product-types", obj{"code": "backup", "name": "Backup"}).is(201).json
	require.Equal(t, "one_per_product_type", made["trial_policy"])
	require.Equal(t, obj{"display": "list", "expand_description": false, "filter": false}, made["order_page"])
	path := "/v1/product-types/backup"
	change := obj{
		"trial_policy": "every_service", "client_deletion": "verified_phone", "client_deletion_time": "end_of_period", "auto_delete_after_days": 3,
		"no_weekend_suspension": true, "order_page": obj{"display": "blocks", "filter": true},
	}
	changed := s.admin.patch(path, change).is(200).json
	require.Equal(t, []any{"every_service", "verified_phone"}, []any{changed["trial_policy"], changed["client_deletion"]})
	changed = s.admin.patch(path, obj{"order_page": obj{"expand_description": true}}).is(200).json
	require.Equal(t, obj{"display": "blocks", "expand_description": true, "filter": true}, changed["order_page"])
	delete(changed, "code")
	delete(changed, "builtin")
	delete(changed, "created_at")
	s.admin.patch(path, changed).is(200)
	require.Equal(t, "one_per_tariff", s.admin.post("/v1/product-types", obj{
		"code": "other", "name": "Other", "trial_policy": "one_per_tariff",
	}).is(201).json["trial_policy"])
	s.admin.patch(path, obj{"trial_policy": "sometimes", "order_page": obj{"display": "round"}}).is(422).
		at("/order_page/display unknown_value", "/trial_policy unknown_value")
}

// D13: how often a client may order a trial, by the product type's policy: in one product type, group, tariff, or for ever.
func TestD13TrialPolicies(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	group := s.admin.post("/v1/tariff-groups", obj{"name": "Storage"}).is(201).text("id")
	trial := func(code string, group any) string { return s.tariff(code, obj{"trial_days": 7, "group_id": group}) }
	first, beside := trial("first", group), trial("beside", group)
	alone, lonely := trial("alone", nil), trial("lonely", nil)
	for policy, used := range map[string]map[string]bool{
		"one_per_product_type": {first: true, beside: true, alone: true, lonely: true},
		"one_per_tariff_group": {first: true, beside: true, alone: true},
		"one_per_tariff":       {first: true, alone: true},
		"every_service":        {},
	} {
		s.admin.patch("/v1/product-types/dedicated", obj{"trial_policy": "every_service"}).is(200)
		c := s.buyer("", nil)
		s.service(c, "trial", first)
		s.service(c, "trial", alone)
		s.admin.patch("/v1/product-types/dedicated", obj{"trial_policy": policy}).is(200)
		for _, tariff := range []string{first, beside, alone, lonely} {
			want := []string{}
			if used[tariff] {
				want = append(want, "trial_used")
			}
			require.Equal(t, want, reasons(s.quote(c, "trial", tariff)), policy)
			require.Empty(t, reasons(s.quote(c, "P1M", tariff)), "only trials are counted")
		}
	}
}

// D13: a trial counts whatever became of it, but for an order that was cancelled; also within one order and at payment.
func TestD13WhatCountsAsATrial(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	tariff := s.tariff("E3", obj{"trial_days": 7})
	c := s.buyer("", nil)
	require.Equal(t, "0.00", s.quote(c, "trial", tariff)["total"].(obj)["amount"])
	s.order(c, "trial", tariff, tariff).fails(422, "trial_used").at("/items/1/period trial_used")

	later := func() string {
		return s.once(s.admin, "/v1/orders", obj{"client_id": c, "pay": "later", "items": items("trial", tariff)}).is(201).text("id")
	}
	s.once(s.admin, "/v1/orders/"+later()+"/cancel", obj{}).is(200)
	require.Empty(t, reasons(s.quote(c, "trial", tariff)), "the order was cancelled")
	waiting := later()
	require.Equal(t, []string{"trial_used"}, reasons(s.quote(c, "trial", tariff)), "it is ordered")
	s.once(s.admin, "/v1/orders/"+waiting+"/pay", obj{}).is(200)
	id := s.admin.get("/v1/services?client_id=" + c + "&status=active").is(200).data()[0]["id"].(string)
	require.Equal(t, "2026-03-08T00:00:00Z", s.admin.get("/v1/services/" + id).is(200).json["paid_until"])

	s.once(s.admin, "/v1/payments", pay(c, "31.00", nil)).is(201)
	s.once(s.admin, "/v1/services/"+id+"/renew", obj{"period": "P1M"}).is(200)
	require.Equal(t, []string{"trial_used"}, reasons(s.quote(c, "trial", tariff)), "it was ordered as a trial")
	s.admin.delete("/v1/services/" + id).is(200)
	require.Equal(t, []string{"trial_used"}, reasons(s.quote(c, "trial", tariff)), "also a deleted one")
	require.Empty(t, reasons(s.quote(s.buyer("", nil), "trial", tariff)), "somebody else")
	s.admin.delete("/v1/tariffs/" + s.tariff("never", nil)).is(204)
	s.admin.delete("/v1/tariffs/"+tariff).fails(409, "in_use")
}

// D4: the first period ends on the 1st and costs its days; from the pro-rata day on the next month is in it.
func TestD4CalendarBillingInQuotesAndOrders(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	monthly := s.tariff("never", obj{"calendar": obj{"enabled": true}})
	fifteenth := s.tariff("fifteenth", obj{"calendar": obj{"enabled": true, "pro_rata_day": 15}})
	sixteenth := s.tariff("sixteenth", obj{"calendar": obj{"enabled": true, "pro_rata_day": 16}})
	for _, c := range []struct{ day, tariff, total, end string }{
		{"2026-07-12", monthly, "20.00", "2026-08-01"},
		{"2026-07-12", fifteenth, "20.00", "2026-08-01"},
		{"2026-07-17", fifteenth, "46.00", "2026-09-01"},
		{"2026-07-17", monthly, "15.00", "2026-08-01"},
		{"2026-03-14", sixteenth, "18.00", "2026-04-01"},
		{"2026-03-20", sixteenth, "43.00", "2026-05-01"},
	} {
		at, err := time.Parse(time.DateOnly, c.day)
		require.NoError(t, err)
		s.business.Set(at.Add(10 * time.Hour))
		item := s.quote("", "P1M", c.tariff)
		require.Equal(t, []any{c.total, c.end + "T00:00:00Z"}, []any{item["total"].(obj)["amount"], item["period_end"]}, c.day)
		buyer := s.buyer(c.total, nil)
		id := s.service(buyer, "P1M", c.tariff)
		require.Equal(t, "0.00", s.balance(buyer), "what was quoted was charged")
		require.Equal(t, c.end+"T00:00:00Z", s.admin.get("/v1/services/" + id).is(200).json["paid_until"])
	}
}

func TestTaxRulesAreKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	rule := obj{"provider_id": s.provider, "country": "DE", "rate": "0.19"}
	made := s.admin.post("/v1/tax-rules", rule).is(201)
	require.Equal(t, []any{"DE", nil, nil, "0.19", nil, nil}, []any{
		made.json["country"], made.json["region"], made.json["product_type"], made.json["rate"], made.json["valid_from"], made.json["valid_until"],
	})
	at := made.Header.Get("Location")
	require.Equal(t, made.json, s.admin.get(at).is(200).json)
	s.admin.post("/v1/tax-rules", rule).fails(409, "already_exists")
	ended := s.admin.patch(at, obj{"valid_until": "2026-07-01"}, "If-Match", made.Header.Get("ETag")).is(200)
	require.Equal(t, "2026-07-01", ended.json["valid_until"])
	next := s.admin.post("/v1/tax-rules", obj{
		"provider_id": s.provider, "country": "DE", "rate": "0.16", "valid_from": "2026-07-01", "product_type": nil,
	}).is(201)
	s.admin.patch(at, obj{"valid_until": nil}).fails(409, "already_exists")
	s.admin.patch(next.Header.Get("Location"), obj{"product_type": "vds", "region": "BY", "rate": "0.5"}).is(200)
	s.admin.post("/v1/tax-rules", obj{"provider_id": s.provider, "region": "BY", "rate": "1.01", "product_type": "nothing"}).
		fails(422, "validation_failed").at("/product_type not_found", "/rate out_of_range", "/region bad_value")
	s.admin.post("/v1/tax-rules", obj{"provider_id": "01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15", "rate": "0"}).fails(422, "not_found")
	require.Len(t, s.admin.get("/v1/tax-rules?provider_id="+s.provider).is(200).data(), 2)
	require.Empty(t, s.admin.get("/v1/tax-rules?provider_id="+s.aProvider("Other")).is(200).data())
	s.storefront(s.provider).get("/v1/tax-rules").fails(403, "insufficient_scope")
	s.admin.post("/v1/product-types", obj{"code": "mine", "name": "Mine"}).is(201)
	s.admin.patch(at, obj{"product_type": "mine"}).is(200)
	s.admin.delete("/v1/product-types/mine").fails(409, "in_use")
	s.admin.delete(at).is(204)
	s.admin.get(at).fails(404, "not_found")
}

// D25: 120.00 with 20 % in it holds 20.00 of tax, 100.00 has them on top; by the rules of the client's place and the
// product type, on the day of the charge. What is booked keeps its tax.
func TestD25TaxInQuotesAndExpenses(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	rule := func(more obj) string {
		body := obj{"provider_id": s.provider}
		for k, v := range more {
			body[k] = v
		}
		return s.admin.post("/v1/tax-rules", body).is(201).Header.Get("Location")
	}
	tariff := s.tariff("E3", obj{"prices": []obj{{"period": "P1M", "amount": "120.00"}}})
	german, foreign := s.buyer("500.00", obj{"country": "DE"}), s.buyer("500.00", obj{"country": "CH"})
	tax := func(c string) string { return s.quote(c, "P1M", tariff)["tax"].(obj)["amount"].(string) }
	require.Equal(t, "0.00", tax(german), "no rule")
	at := rule(obj{"country": "DE", "rate": "0.20"})
	require.Equal(t, []string{"20.00", "0.00", "0.00"}, []string{tax(german), tax(foreign), tax("")})
	s.admin.patch("/v1/providers/"+s.provider, obj{"country": "DE"}).is(200)
	require.Equal(t, "20.00", tax(""), "nobody: the provider's country")

	id := s.service(german, "P1M", tariff)
	require.Equal(t, "380.00", s.balance(german), "tax is in the price")
	booked := s.admin.get("/v1/expenses?service_id=" + id).is(200).data()[0]
	require.Equal(t, []any{euros("120.00"), euros("20.00")}, []any{booked["amount"], booked["tax"]})
	s.admin.patch(at, obj{"rate": "0.50"}).is(200)
	require.Equal(t, booked, s.admin.get("/v1/expenses?service_id=" + id).is(200).data()[0], "what is booked stays")
	s.once(s.admin, "/v1/services/"+id+"/renew", obj{"period": "P1M"}).is(200)
	require.Equal(t, euros("40.00"), s.admin.get("/v1/expenses?service_id=" + id).is(200).data()[1]["tax"])

	s.admin.patch("/v1/providers/"+s.provider, obj{"prices_include_tax": false}).is(200)
	rule(obj{"rate": "0.10", "product_type": "dedicated"})
	rule(obj{"country": "DE", "region": "Bavaria", "rate": "0.05"})
	bavarian := s.buyer("500.00", obj{"country": "DE", "region": "Bavaria"})
	require.Equal(t, []string{"18.00", "12.00"}, []string{tax(bavarian), tax(german)}, "the product type before the country; the region on top")
	require.Equal(t, "138.00", s.quote(bavarian, "P1M", tariff)["total"].(obj)["amount"])
	own := s.service(bavarian, "P1M", tariff)
	require.Equal(t, "362.00", s.balance(bavarian))
	require.Equal(t, euros("138.00"), s.admin.get("/v1/services/" + own).is(200).json["next_charge"].(obj)["amount"])
}
