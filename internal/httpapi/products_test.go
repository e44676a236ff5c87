package httpapi

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnits(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	require.Len(t, s.admin.get("/v1/units").is(200).data(), 10)
	require.Equal(t, "B", s.admin.get("/v1/units?limit=1").is(200).data()[0]["code"])
	made := s.admin.post("/v1/units", obj{"code": "PiB", "name": "Pebibyte", "smaller_unit": "TiB", "ratio": 1024}).is(201)
	require.Equal(t, made.json, s.admin.get("/v1/units/PiB").is(200).json)
	require.Equal(t, "Mbit/s", s.admin.get("/v1/units/Mbit%2Fs").is(200).text("code"))

	s.admin.post("/v1/units", obj{"code": "PiB", "name": "Again"}).fails(409, "already_exists").at("/code already_exists")
	s.admin.post("/v1/units", obj{"code": "x", "name": "X", "ratio": 2}).fails(422, "required").at("/smaller_unit required")
	s.admin.post("/v1/units", obj{"code": "x", "name": "X", "smaller_unit": "B"}).fails(422, "required").at("/ratio required")
	s.admin.post("/v1/units", obj{"code": "x", "name": "X", "smaller_unit": "nothing", "ratio": 2}).fails(422, "not_found").at("/smaller_unit not_found")
	s.admin.post("/v1/units", obj{"code": "x", "name": "X", "smaller_unit": "x", "ratio": 2}).fails(422, "not_found").at("/smaller_unit not_found")
	s.admin.post("/v1/units", obj{"code": "low", "name": "Low"}).is(201)
	s.admin.post("/v1/units", obj{"code": "high", "name": "High", "smaller_unit": "low", "ratio": 2}).is(201)
	s.admin.patch("/v1/units/low", obj{"smaller_unit": "high", "ratio": 2}).fails(422, "bad_unit").at("/smaller_unit bad_unit")

	tag := made.Header.Get("ETag")
	changed := s.admin.patch("/v1/units/PiB", obj{"ratio": 1000}, "If-Match", tag).is(200)
	require.EqualValues(t, 1000, changed.json["ratio"])
	s.admin.patch("/v1/units/PiB", obj{"ratio": 1024}, "If-Match", tag).fails(412, "precondition_failed")
	s.admin.post("/v1/units", obj{"code": "EiB", "name": "Exbibyte", "smaller_unit": "PiB", "ratio": 1024}).is(201)
	s.admin.patch("/v1/units/PiB", obj{"smaller_unit": nil, "ratio": nil}).fails(409, "in_use")
	s.admin.patch("/v1/units/PiB", obj{"name": "Petabyte"}).is(200)
	s.admin.delete("/v1/units/PiB").fails(409, "in_use")
	s.admin.delete("/v1/units/GiB").fails(409, "built_in")
	s.admin.patch("/v1/units/GiB", obj{"name": "x"}).fails(409, "built_in")
	s.admin.delete("/v1/units/EiB").is(204)
	s.admin.delete("/v1/units/PiB").is(204)
	s.admin.delete("/v1/units/PiB").fails(404, "not_found")
	s.storefront(s.provider).post("/v1/units", obj{"code": "y", "name": "Y"}).fails(403, "insufficient_scope")
	s.storefront(s.provider).get("/v1/units/GiB").is(200)
}

func TestProductTypes(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	require.Len(t, s.admin.get("/v1/product-types").is(200).data(), 3)
	made := s.admin.post("/v1/product-types", obj{"code": "backup", "name": "Backup"}).is(201)
	require.Equal(t, []any{"trial", "one_time", "P1D", "P1M", "P3M", "P6M", "P1Y", "P2Y", "P3Y"}, made.json["periods"])
	require.Equal(t, "none", made.json["expense_split"])
	require.Equal(t, "allowed", made.json["client_deletion"])
	require.Nil(t, made.json["auto_delete_after_days"])
	s.admin.post("/v1/product-types", obj{"code": "backup", "name": "Again"}).fails(409, "already_exists").at("/code already_exists")
	s.admin.post("/v1/product-types", obj{"code": "dedicated_bandwidth", "name": "Mine"}).fails(409, "already_exists")
	s.admin.post("/v1/product-types", obj{"code": "9lives", "name": "Cat"}).is(422).at("/code bad_format")
	s.admin.post("/v1/product-types", obj{"code": "c", "name": "C", "periods": []string{"P200M"}}).fails(422, "bad_format").at("/periods/0 bad_format")

	changed := s.admin.patch("/v1/product-types/dedicated", obj{"auto_delete_after_days": 30, "client_deletion_time": "end_of_period"}).is(200)
	require.EqualValues(t, 30, changed.json["auto_delete_after_days"])
	require.Nil(t, s.admin.patch("/v1/product-types/dedicated", obj{"auto_delete_after_days": nil}).is(200).json["auto_delete_after_days"])
	s.admin.delete("/v1/product-types/dedicated").fails(409, "built_in")
	s.admin.delete("/v1/product-types/backup").is(204)
	s.admin.get("/v1/product-types/backup").fails(404, "not_found")
}

func TestContentOfAProductType(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	require.Len(t, s.admin.get("/v1/product-types/dedicated/add-ons").is(200).data(), 15)
	first := s.admin.get("/v1/product-types/dedicated/add-ons?limit=10").is(200)
	require.Len(t, s.admin.get("/v1/product-types/dedicated/add-ons?limit=10&cursor="+first.text("next_cursor")).is(200).data(), 5)
	traffic := s.admin.get("/v1/product-types/dedicated/add-ons/traffic").is(200)
	require.Equal(t, []any{"in", "out"}, traffic.json["statistics_params"])
	s.admin.get("/v1/product-types/nothing/add-ons").fails(404, "not_found")

	const path = "/v1/product-types/dedicated/add-ons"
	made := s.admin.post(path, obj{"code": "snapshots", "name": "Snapshots"}).is(201)
	require.Equal(t, "piece", made.json["unit"])
	require.Equal(t, "integer", made.json["value_type"])
	require.Equal(t, made.json, s.admin.get(made.Header.Get("Location")).is(200).json)
	s.admin.post(path, obj{"code": "snapshots", "name": "Again"}).fails(409, "already_exists")
	s.admin.post(path, obj{"code": "x", "name": "X", "unit": "nothing"}).fails(422, "not_found").at("/unit not_found")
	s.admin.post(path, obj{"code": "x", "name": "X", "value_type": "boolean", "unit": "piece"}).fails(422, "bad_value").at("/unit bad_value")
	s.admin.post(path, obj{"code": "x", "name": "X", "unit": "GiB", "statistics_params": []string{"in", "smell", "power"}}).
		is(422).at("/statistics_params/1 unknown_value", "/statistics_params/2 bad_unit")

	s.admin.patch(path+"/snapshots", obj{"unit": "GiB"}).is(200)
	s.tariff("a", obj{"create_all_add_ons": true})
	s.admin.patch(path+"/snapshots", obj{"unit": "piece"}).fails(409, "in_use")
	s.admin.patch(path+"/snapshots", obj{"name": "Copies"}).is(200)
	s.admin.delete(path+"/snapshots").fails(409, "in_use")
	s.admin.delete(path+"/traffic").fails(409, "built_in")
	s.admin.post(path, obj{"code": "later", "name": "Later"}).is(201)
	s.admin.delete(path + "/later").is(204)
	s.admin.delete(path+"/later").fails(404, "not_found")
}

func TestInstallingDedicatedBandwidth(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const path = "/v1/integration-modules/dedicated_bandwidth"
	require.Equal(t, false, s.admin.get(path).is(200).json["installed"])
	s.admin.get("/v1/product-types/dedicated_bandwidth").fails(404, "not_found")
	s.admin.delete(path+"/install").fails(404, "not_found")

	var all sync.WaitGroup
	for range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			s.admin.post(path+"/install", nil)
		}()
	}
	all.Wait()
	again := s.admin.post(path+"/install", obj{}).is(200)
	require.Equal(t, true, again.json["installed"])
	require.Equal(t, 1, s.count(`SELECT count(*) FROM audit WHERE action = 'integration_module.installed'`))
	codes := []any{}
	for _, a := range s.admin.get("/v1/product-types/dedicated_bandwidth/add-ons").is(200).data() {
		codes = append(codes, a["code"])
	}
	require.ElementsMatch(t, []any{"in", "out", "bandwidth", "burst_in_day", "burst_out_day"}, codes)
	s.admin.delete("/v1/product-types/dedicated_bandwidth").fails(409, "built_in")

	id := s.tariff("bw", obj{"product_type": "dedicated_bandwidth"})
	s.admin.delete(path+"/install").fails(409, "in_use")
	s.admin.delete("/v1/tariffs/" + id).is(204)
	s.admin.delete(path + "/install").is(204)
	require.Equal(t, false, s.admin.get("/v1/integration-modules").is(200).data()[0]["installed"])
	s.admin.get("/v1/integration-modules/other").fails(404, "not_found")
	s.admin.post("/v1/integration-modules/other/install", nil).fails(404, "not_found")
}
