package httpapi

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
)

// values returns the codes of a list, those that cannot be chosen in brackets.
func (s *shop) values(parameter string) []string {
	s.t.Helper()
	out := []string{}
	for _, v := range s.admin.get("/v1/product-types/dedicated/parameters/" + parameter).is(200).json["values"].([]any) {
		code := v.(obj)["code"].(string)
		if v.(obj)["enabled"] == false {
			code = "(" + code + ")"
		}
		out = append(out, code)
	}
	return out
}

func TestWhatAPanelOffersBecomesValues(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.admin.post("/v1/enumerations", obj{"code": "systems", "name": "Systems", "items": []obj{{"code": "Old"}}}).is(201)
	s.admin.patch("/v1/product-types/dedicated/add-ons/os", obj{"enumeration_code": "systems"}).is(200)
	first := s.module("first", s.dataCenter("Frankfurt", "3"))
	require.Equal(t, []string{"Debian-12"}, s.values("os"))
	require.Equal(t, []string{"LAMP"}, s.values("recipe"))
	lamp := s.admin.get("/v1/product-types/dedicated/parameters/recipe").is(200).json["values"].([]any)[0]
	require.Equal(t, obj{"code": "LAMP", "name": "LAMP", "tags": []any{"linux"}, "sort_order": 1.0, "module_ids": []any{first}, "enabled": true}, lamp)
	items := func() any { return s.admin.get("/v1/enumerations/systems").is(200).json["items"] }
	require.Len(t, items(), 2)

	// Again: nothing changes, not even a version.
	os := s.admin.get("/v1/product-types/dedicated/parameters/os").is(200)
	told := s.admin.post("/v1/processing-modules/"+first+"/sync", nil).is(200)
	require.EqualValues(t, 1, told.json["os"])
	require.EqualValues(t, 1, told.json["scripts"])
	require.EqualValues(t, 0, told.json["pools"])
	require.Equal(t, os.Header.Get("ETag"), s.admin.get("/v1/product-types/dedicated/parameters/os").is(200).Header.Get("ETag"))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM audit WHERE action = 'enumeration.updated'`))

	// What staff changed stays, what the panel has no more goes.
	s.panel.set(func(p *panel) { p.offer = offering("Debian-12", "Debian-13") })
	s.admin.patch("/v1/product-types/dedicated/parameters/os", obj{"values": []obj{
		{"code": "Debian-12", "name": "Bookworm", "module_ids": []string{first}}, {"code": "By hand"},
	}}).is(200)
	s.admin.post("/v1/processing-modules/"+first+"/sync", obj{}).is(200)
	require.Equal(t, []string{"Debian-12", "By hand", "Debian-13"}, s.values("os"))
	tariff := s.tariff("a", obj{
		"settings": obj{"configuration": "E3"}, "processing_module_ids": []string{first},
	})
	_, err := s.db.Pool().Exec(`UPDATE tariff_version SET offer = jsonb_set(offer, '{settings,default_os}', '"Debian-12"') WHERE tariff_id = $1`, tariff)
	require.NoError(t, err)
	s.panel.set(func(p *panel) { p.offer = offering() })
	s.admin.post("/v1/processing-modules/"+first+"/sync", obj{}).is(200)
	require.Equal(t, []string{"(Debian-12)", "By hand"}, s.values("os"), "a tariff takes Debian-12 by default")
	require.Len(t, items(), 3, "items stay")

	// A deleted module takes along what it alone brought.
	s.admin.delete("/v1/tariffs/" + tariff).is(204)
	s.admin.delete("/v1/processing-modules/" + first).is(204)
	require.Empty(t, s.values("recipe"))
}

func TestAPanelThatTellsNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	place := s.dataCenter("Frankfurt", "3")
	s.panel.set(func(p *panel) { p.silent = true })
	made := s.admin.post("/v1/processing-modules", moduleBody("first", place)).is(201)
	require.Equal(t, "failing", made.json["health"].(obj)["status"])
	path := "/v1/processing-modules/" + made.text("id")
	require.Equal(t, "no answer", s.admin.get(path).is(200).json["health"].(obj)["error"])
	require.Len(t, s.admin.get(path+"/problems").is(200).data(), 1)
	s.admin.post(path+"/sync", nil).fails(503, "panel_unavailable")
	require.Empty(t, s.values("os"))

	s.panel.set(func(p *panel) { p.silent = false })
	s.admin.post(path+"/sync", nil).is(200)
	require.Equal(t, "ok", s.admin.get(path).is(200).json["health"].(obj)["status"])
	require.Empty(t, s.admin.get(path+"/problems").is(200).data())
	s.admin.post("/v1/processing-modules/nothing/sync", nil).fails(404, "not_found")
	plain := s.admin.post("/v1/processing-modules", obj{"driver": "plain", "product_type": "vds", "name": "plain"}).is(201).text("id")
	s.admin.post("/v1/processing-modules/"+plain+"/sync", nil).fails(422, "unsupported_operation")
}

func TestPanelsAreAskedDaily(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ctx := context.Background()
	id := s.module("first", s.dataCenter("Frankfurt", "3"))
	due := func() int {
		claims, err := s.db.Due("module_sync").Claim(ctx, s.business.BusinessNow(), 10)
		require.NoError(t, err)
		for _, c := range claims {
			require.NoError(t, s.server.Modules.SyncDue(ctx, provision.ModuleID(c.ID), c.No))
			require.Error(t, s.server.Modules.SyncDue(ctx, provision.ModuleID(c.ID), c.No-1), "a lost claim")
		}
		return len(claims)
	}
	require.Zero(t, due())
	s.panel.set(func(p *panel) { p.offer = offering("Debian-13") })
	_, err := s.db.Pool().Exec(`UPDATE processing_module SET sync_at = '2000-01-01'`)
	require.NoError(t, err)
	require.Equal(t, 1, due())
	require.Equal(t, []string{"Debian-13"}, s.values("os"))
	require.Zero(t, due())

	// An installation that is brought up to date asks every module once; those that cannot tell are left alone afterwards.
	s.admin.post("/v1/processing-modules", obj{"driver": "plain", "product_type": "vds", "name": "plain"}).is(201)
	_, err = s.db.Pool().Exec(`UPDATE processing_module SET sync_at = '2000-01-01'`)
	require.NoError(t, err)
	require.Equal(t, 2, due())
	require.Equal(t, 1, s.count(`SELECT count(*) FROM processing_module WHERE sync_at IS NULL`))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM processing_module WHERE sync_at IS NOT NULL AND id = $1`, id))
}
