package httpapi

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/provision"
)

func TestDrivers(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	list := s.admin.get("/v1/processing-drivers").is(200).data()
	require.Equal(t, "fake", list[0]["name"])
	require.Equal(t, "plain", list[1]["name"])
	require.Equal(t, "*", list[1]["product_types"].([]any)[0].(obj)["code"])
	page := s.admin.get("/v1/processing-drivers?limit=1&order=desc").is(200)
	require.Equal(t, "plain", page.data()[0]["name"])
	next := s.admin.get("/v1/processing-drivers?limit=1&order=desc&cursor=" + page.text("next_cursor")).is(200)
	require.Equal(t, "fake", next.data()[0]["name"])
	require.Nil(t, next.json["next_cursor"])
	one := s.admin.get("/v1/processing-drivers/fake").is(200)
	require.Equal(t, obj{"required": true, "external_id": "required"}, one.json["data_center"])
	require.Equal(t, []any{
		obj{"parameter": "endpoints", "name": "list", "default": "GET /machines", "mark": "inferred", "note": "A guess."},
		obj{"parameter": "unit", "name": nil, "default": "KiB", "mark": "documented", "note": nil},
	}, one.json["dialect"])
	require.Empty(t, list[1]["dialect"], "nothing is taken for granted")
	s.admin.get("/v1/processing-drivers/other").fails(404, "not_found")
}

func TestModuleIsCheckedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	place := s.dataCenter("Frankfurt", "3")
	wrong := moduleBody("DCI", place)
	wrong["connection"] = obj{"url": "http://panel", "password": "wrong"}
	refused := s.admin.post("/v1/processing-modules", wrong).fails(422, "connection_failed").at("/connection connection_failed")
	require.Contains(t, refused.text("detail"), "Invalid credentials", "the panel's own words")
	require.NotContains(t, string(refused.raw), "wrong")
	require.Zero(t, s.count(`SELECT count(*) FROM processing_module`))

	made := s.admin.post("/v1/processing-modules", moduleBody("DCI", place)).is(201)
	require.Equal(t, "ok", made.json["health"].(obj)["status"])
	require.Equal(t, obj{"url": "http://panel", "password": obj{"set": true}}, made.json["connection"])
	require.Equal(t, obj{"enabled": false, "key": nil, "workers": 1.0}, made.json["queue"])
	require.EqualValues(t, 2, made.json["max_running_opens"])
	require.NotNil(t, made.json["department_id"], "the first department gets the tasks")
	require.Equal(t, made.json, s.admin.get(made.Header.Get("Location")).is(200).json)
	require.Zero(t, s.count(`SELECT count(*) FROM processing_module WHERE connection::text LIKE '%right%' OR encode(secrets, 'escape') LIKE '%right%'`))
	require.Zero(t, s.count(`SELECT count(*) FROM audit WHERE detail::text LIKE '%right%'`))

	wrong["name"] = "unchecked"
	unchecked := s.admin.post("/v1/processing-modules?check=false", wrong).is(201)
	require.Equal(t, "unknown", unchecked.json["health"].(obj)["status"])
}

func TestModuleIsCreatedOnceForOneKey(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	body := moduleBody("DCI", s.dataCenter("Frankfurt", "3"))
	first := s.admin.post("/v1/processing-modules", body, "Idempotency-Key", "k").is(201)
	s.panel.set(func(p *panel) { p.down, p.calls = true, 0 })
	again := s.admin.post("/v1/processing-modules", body, "Idempotency-Key", "k").is(201)
	require.Equal(t, first.json, again.json)
	require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"))
	require.Zero(t, s.panel.calls, "a repetition does not depend on the panel")
}

func TestModuleMembersAreHeldToRules(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	bare := s.dataCenter("Bare", "")
	post := func(change obj) *reply {
		body := moduleBody("m", bare)
		for name, v := range change {
			body[name] = v
		}
		return s.admin.post("/v1/processing-modules?check=false", body)
	}
	post(obj{}).fails(422, "external_id_required").at("/data_center_id external_id_required")
	post(obj{"data_center_id": nil}).fails(422, "required").at("/data_center_id required")
	post(obj{"driver": "other"}).fails(422, "unknown_value").at("/driver unknown_value")
	post(obj{"product_type": "vds"}).fails(422, "product_type_not_served").at("/product_type product_type_not_served")
	post(obj{"driver": "plain", "product_type": "nothing"}).fails(422, "not_found").at("/product_type not_found")
	const nobodys = "01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15"
	post(obj{"data_center_id": nobodys, "department_id": nobodys, "connection": obj{}}).
		is(422).at("/connection/url required", "/data_center_id not_found", "/department_id not_found")
	post(obj{"connection": obj{"url": "x", "surprise": 1}}).is(422).at("/connection/surprise unknown_field", "/data_center_id external_id_required")
	require.Zero(t, s.count(`SELECT count(*) FROM processing_module`))
}

func TestModuleIsChanged(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	place := s.dataCenter("Frankfurt", "3")
	id := s.module("DCI", place)
	path := "/v1/processing-modules/" + id
	read := s.admin.get(path).is(200)
	s.panel.set(func(p *panel) { p.calls = 0 })

	changed := s.admin.patch(path, obj{"name": "DCI 1", "queue": obj{"enabled": true, "key": "q"}, "sort_order": 5}, "If-Match", read.Header.Get("ETag")).is(200)
	require.Equal(t, obj{"enabled": true, "key": "q", "workers": 1.0}, changed.json["queue"])
	require.Zero(t, s.panel.calls, "nothing that it connects with was changed")
	s.admin.patch(path, obj{"name": "x"}, "If-Match", read.Header.Get("ETag")).fails(412, "precondition_failed")

	kept := s.admin.patch(path, obj{"connection": obj{"port": 8080, "password": obj{"set": true}}}).is(200)
	require.Equal(t, obj{"url": "http://panel", "port": 8080.0, "password": obj{"set": true}}, kept.json["connection"])
	require.Equal(t, 1, s.panel.calls, "the panel was tried with the secret that was kept")
	s.admin.patch(path, obj{"connection": obj{"password": "wrong"}}).fails(422, "connection_failed")
	plain := s.admin.post(path+"/check", nil).is(200)
	require.Equal(t, []any{[]any{}, []any{}}, []any{plain.json["tried"], plain.json["hints"]}, "the driver tells nothing")
	require.Equal(t, "ok", s.admin.post(path+"/check", nil).is(200).json["status"], "the refused password was not stored")
	s.admin.patch(path+"?check=false", obj{"connection": obj{"password": nil}}).is(200)
	unsure := s.admin.get(path).is(200)
	require.Equal(t, obj{"url": "http://panel", "port": 8080.0}, unsure.json["connection"])
	require.Equal(t, "unknown", unsure.json["health"].(obj)["status"])
	require.Zero(t, s.count(`SELECT count(*) FROM processing_module WHERE secrets IS NOT NULL`))

	s.tariff("t", obj{"data_center_ids": []string{place}, "processing_module_ids": []string{id}, "settings": obj{"configuration": "E3"}})
	require.Equal(t, "A tariff, a service, an operation or a task refers to this module.", s.admin.delete(path).fails(409, "in_use").text("detail"))
	s.admin.delete("/v1/processing-modules/" + s.module("DCI 2", place)).is(204)
	s.storefront(s.provider).get(path).fails(403, "insufficient_scope")
}

// What tariffs promise may depend on a parameter: then it stays as it is while one of them sells by the module.
func TestAFixedParameterStaysWhileTariffsSellByTheModule(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	require.Equal(t, []any{"exact"}, s.admin.get("/v1/processing-drivers/fake").is(200).json["fixed_parameters"])
	require.Equal(t, []any{}, s.admin.get("/v1/processing-drivers/plain").is(200).json["fixed_parameters"])
	place := s.dataCenter("Frankfurt", "3")
	id := s.module("DCI", place)
	path := "/v1/processing-modules/" + id
	exact := func(v any) *reply { return s.admin.patch(path, obj{"parameters": obj{"exact": v}}) }
	exact(false).is(200)
	exact(true).is(200)
	tariff := s.tariff("t", obj{"activate": false, "processing_module_ids": []string{id}, "settings": obj{"configuration": "E3"}})
	calls := s.panel.calls
	exact(false).fails(409, "parameter_fixed").at("/parameters/exact parameter_fixed")
	require.Equal(t, calls, s.panel.calls, "refused before the panel is tried")
	exact(nil).is(200)
	exact(true).is(200)
	s.admin.patch(path, obj{"parameters": obj{"other": 1}}).is(200)
	exact(false).fails(409, "parameter_fixed")
	s.admin.patch("/v1/tariffs/"+tariff, obj{"processing_module_ids": []string{}}).is(200)
	exact(false).is(200)
}

// What services have may have been given by what a parameter names: then it stays named until the last of them is deleted (D30).
func TestAParameterThatServicesNeedStaysWhileTheyAreOnTheModuleD30(t *testing.T) {
	t.Parallel()
	s := newSeller(t)
	require.Equal(t, []any{"beside"}, s.admin.get("/v1/processing-drivers/fake").is(200).json["fixed_with_services"])
	require.Equal(t, []any{}, s.admin.get("/v1/processing-drivers/plain").is(200).json["fixed_with_services"])
	place := s.dataCenter("Frankfurt", "3")
	module := s.module("DCI", place)
	beside := func(v any) *reply {
		return s.admin.patch("/v1/processing-modules/"+module, obj{"parameters": obj{"beside": v}})
	}
	tariff := s.tariff("t", obj{"data_center_ids": []string{place}, "processing_module_ids": []string{module}, "settings": obj{"configuration": "E3"}})
	for _, v := range []any{"a", "b", "", nil, "a", ""} {
		beside(v).is(200)
	}
	s.sold(module, tariff)
	beside("a").is(200) // from now on; what was made before has nothing of it
	calls := s.panel.calls
	for _, status := range []string{"ordered", "processing", "active"} {
		_, err := s.db.Pool().Exec(`UPDATE service SET status = $1`, status)
		require.NoError(t, err)
		for _, v := range []any{"", nil, "b"} {
			beside(v).fails(409, "parameter_fixed").at("/parameters/beside parameter_fixed")
		}
	}
	require.Equal(t, calls, s.panel.calls, "refused before the panel is tried")
	beside("a").is(200)
	s.admin.patch("/v1/processing-modules/"+module, obj{"parameters": obj{"other": 1}}).is(200)
	_, err := s.db.Pool().Exec(`UPDATE service SET status = 'deleted'`)
	require.NoError(t, err)
	beside("").is(200)
}

// sold makes one active service of the tariff, on the module.
func (s *shop) sold(module, tariff string) string {
	s.t.Helper()
	c := s.aClient(s.provider, "a@x.example")
	s.admin.post("/v1/payments", pay(c, "100.00", nil), "Idempotency-Key", "p").is(201)
	made := s.clientKey(c).post("/v1/orders", obj{"client_id": c, "pay": "balance", "items": []obj{{"tariff_id": tariff, "period": "P1M"}}},
		"Idempotency-Key", "o").is(201)
	s.work()
	_, err := s.db.Pool().Exec(`UPDATE service SET module_id = $1`, module)
	require.NoError(s.t, err)
	return made.json["items"].([]any)[0].(obj)["service_id"].(string)
}

// A driver may ask one product type's tariffs for other settings than another's.
func TestAProductTypesOwnTariffSchema(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	types := s.admin.get("/v1/processing-drivers/fake").is(200).json["product_types"].([]any)
	require.Nil(t, types[0].(obj)["tariff_schema"])
	require.Equal(t, false, types[0].(obj)["recovery"])
	require.Contains(t, types[1].(obj)["tariff_schema"].(obj)["properties"], "rack")
	require.Equal(t, true, types[1].(obj)["recovery"])
	body := moduleBody("Colo", s.dataCenter("Frankfurt", "3"))
	body["product_type"] = "colocation"
	id := s.admin.post("/v1/processing-modules", body).is(201).text("id")
	sells := func(settings obj) *reply {
		return s.admin.post("/v1/tariffs", s.tariffBody(strings.ToLower(t.Name()), obj{"product_type": "colocation", "processing_module_ids": []string{id}, "settings": settings}))
	}
	sells(obj{"configuration": "E3"}).is(422).at("/settings/configuration unknown_field")
	sells(obj{"rack": 5}).is(422).at("/settings/rack wrong_type")
	sells(obj{"rack": "A"}).is(201)
}

func TestHealthAndProblemsOfAModule(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id := s.module("DCI", s.dataCenter("Frankfurt", "3"))
	path := "/v1/processing-modules/" + id
	tag := s.admin.get(path).Header.Get("ETag")
	s.problem(id)
	require.Len(t, s.admin.get(path+"/problems").is(200).data(), 1)
	s.business.Advance(time.Hour + time.Second)
	require.Empty(t, s.admin.get(path+"/problems").is(200).data(), "an hour later it counts no more")

	s.problem(id)
	s.panel.set(func(p *panel) { p.down = true })
	for range 2 {
		failing := s.admin.post(path+"/check", nil).is(200)
		require.Equal(t, "failing", failing.json["status"])
		require.Equal(t, "connection refused", failing.json["error"])
	}
	require.Len(t, s.admin.get(path+"/problems").is(200).data(), 1, "a failed check ends nothing")
	s.panel.set(func(p *panel) { p.down = false })
	require.Equal(t, "ok", s.admin.post(path+"/check", nil).is(200).json["status"])
	require.Empty(t, s.admin.get(path+"/problems").is(200).data(), "a good check ends them")
	var told []string
	for _, typ := range types(s.admin) {
		if strings.HasPrefix(typ, "module.") {
			told = append(told, typ)
		}
	}
	require.Equal(t, []string{"module.failing", "module.recovered"}, told, "once each")

	s.problem(id)
	s.admin.delete(path + "/problems").is(204)
	require.Empty(t, s.admin.get(path+"/problems").is(200).data())
	require.True(t, strings.HasPrefix(s.admin.get(path).Header.Get("ETag"), strings.Split(tag, "-")[0]), "health is no change of the module")
}

func TestModulesAreFilteredByWhatAnOperatorLooksFor(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	here, there := s.dataCenter("Frankfurt", "3"), s.dataCenter("Riga", "4")
	one, two := s.module("One", here), s.module("Two", there)
	hands := s.admin.post("/v1/processing-modules?check=false", obj{"driver": "plain", "product_type": "colocation", "name": "Hands", "enabled": false}).is(201).text("id")
	s.problem(two)
	s.admin.post("/v1/processing-modules/"+two+"/check", nil).is(200) // good: ends them
	s.problem(one)
	s.panel.set(func(p *panel) { p.down = true })
	s.admin.post("/v1/processing-modules/"+two+"/check", nil).is(200)
	for query, want := range map[string][]string{
		"": {one, two, hands}, "driver=fake": {one, two}, "driver=plain": {hands}, "driver=nonesuch": nil,
		"product_type=colocation": {hands}, "data_center_id=" + there: {two}, "enabled=true": {one, two}, "enabled=false": {hands},
		"health=ok": {one}, "health=failing": {two}, "health=unknown": {hands}, "has_problems=true": {one}, "has_problems=false": {two, hands},
		"driver=fake&has_problems=true&health=ok&order=desc": {one}, "driver=fake&order=desc": {two, one},
	} {
		var got []string
		for _, m := range s.admin.get("/v1/processing-modules?" + query).is(200).data() {
			got = append(got, m["id"].(string))
		}
		require.Equal(t, want, got, query)
	}
	first := s.admin.get("/v1/processing-modules?enabled=true&limit=1").is(200)
	next := "&cursor=" + first.text("next_cursor")
	require.Equal(t, two, s.admin.get("/v1/processing-modules?enabled=true&limit=1" + next).is(200).data()[0]["id"])
	s.admin.get("/v1/processing-modules?enabled=false&limit=1"+next).fails(400, "bad_cursor")
	s.admin.get("/v1/processing-modules?health=poor").fails(422, "unknown_value")
	s.business.Advance(2 * time.Hour)
	require.Empty(t, s.admin.get("/v1/processing-modules?has_problems=true").is(200).data(), "a problem is forgotten after a time")
}

// problem opens a problem as an operation does.
func (s *shop) problem(id string) {
	s.t.Helper()
	ctx := s.t.Context()
	require.NoError(s.t, s.db.InTx(ctx, func(tx *postgres.Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		return tx.InsertProblem(ctx, module.Problem{ID: actor.NewID(), ModuleID: provision.ModuleID(id), Kind: "module_refused", Text: "No.", At: now})
	}))
}

func TestStockAndCatalogueOfAModule(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	place := s.dataCenter("Frankfurt", "3")
	id := s.module("DCI", place)
	tariff := s.tariff("E3", obj{"processing_module_ids": []string{id}, "settings": obj{"configuration": "E3"}})
	path := "/v1/processing-modules/" + id
	require.Equal(t, []obj{
		{"key": "E3", "free": 2.0, "tariff_ids": []any{tariff}},
		{"key": "i9", "free": 0.0, "tariff_ids": []any{}},
	}, s.admin.get(path+"/stock").is(200).data())
	require.Equal(t, "Debian-12", s.admin.get(path + "/catalog").is(200).json["os"].([]any)[0].(obj)["name"])

	s.panel.set(func(p *panel) { p.down = true })
	away := s.admin.get(path+"/stock").fails(503, "panel_unavailable")
	require.Equal(t, "The panel cannot be reached.", away.text("detail"))
	require.NotEmpty(t, away.text("panel_message"), "its words have one place in every answer")
	s.panel.set(func(p *panel) { p.down, p.password = false, "other" })
	s.admin.get(path+"/catalog").fails(422, "panel_refused_login")
	free := s.admin.post("/v1/processing-modules", obj{"driver": "plain", "product_type": "vds", "name": "plain"}).is(201).text("id")
	s.admin.get("/v1/processing-modules/"+free+"/stock").fails(422, "unsupported_operation")
	s.admin.get("/v1/processing-modules/"+free+"/catalog").fails(422, "unsupported_operation")
}
