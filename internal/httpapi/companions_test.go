package httpapi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/postgres"
)

func TestIPManagersAndLicenseServers(t *testing.T) {
	t.Parallel()
	r := newShop(t)
	full := obj{"name": "Addresses", "url": "https://ip.x.example/ipmgr", "username": "billing", "password": "correct-horse"}
	for path, member := range map[string]string{"/v1/ip-managers": "ip_manager_id", "/v1/license-servers": "license_server_id"} {
		made := r.admin.post(path, full).is(201)
		at := made.Header.Get("Location")
		require.Equal(t, path+"/"+made.text("id"), at)
		require.Equal(t, obj{"set": true}, made.json["password"])
		require.Equal(t, made.json, r.admin.get(at).is(200).json)
		require.Len(t, r.admin.get(path).is(200).data(), 1, "each kind has its own list")
		r.admin.post(path, full).fails(409, "already_exists").at("/name already_exists")
		for _, address := range []string{"ip.x.example", "ftp://ip.x.example", "https://u:p@ip.x.example", "https://"} {
			r.admin.patch(at, obj{"url": address}).fails(422, "bad_format").at("/url bad_format")
		}
		r.admin.patch(at, obj{"name": "New", "password": obj{"set": true}}, "If-Match", made.Header.Get("ETag")).is(200)
		require.Equal(t, "correct-horse", passwordOf(t, r, made.text("id")), "what is sent back as it was read stays")
		r.admin.patch(at, obj{"password": "battery"}).is(200)
		require.Equal(t, "battery", passwordOf(t, r, made.text("id")))
		r.admin.patch(at, obj{"name": "Newer"}, "If-Match", made.Header.Get("ETag")).fails(412, "precondition_failed")

		_, err := r.db.Pool().Exec(`INSERT INTO processing_module (id, driver, product_type, name, parameters, created_at)
			VALUES (gen_random_uuid(), 'd', 'dedicated', 'M', jsonb_build_object($1::text, $2::text), now())`, member, made.text("id"))
		require.NoError(t, err)
		r.admin.delete(at).fails(409, "in_use")
		_, err = r.db.Pool().Exec(`DELETE FROM processing_module`)
		require.NoError(t, err)
		r.admin.delete(at).is(204)
		r.admin.get(at).fails(404, "not_found")
		r.admin.patch(at, obj{}).fails(404, "not_found")
	}
	r.storefront(r.defaultProvider()).get("/v1/ip-managers").is(403)
}

// What a service has was given by the system beside the panel and goes back to it: it keeps its address, unless it only moved.
func TestASystemBesideAPanelKeepsItsAddressWhileServicesAreOnItD30(t *testing.T) {
	t.Parallel()
	s := newSeller(t)
	place := s.dataCenter("Frankfurt", "3")
	module := s.module("DCI", place)
	s.sold(module, s.tariff("t", obj{"data_center_ids": []string{place}, "processing_module_ids": []string{module}, "settings": obj{"configuration": "E3"}}))
	for path, member := range map[string]string{"/v1/ip-managers": "ip_manager_id", "/v1/license-servers": "license_server_id"} {
		made := s.admin.post(path, obj{"name": "Beside", "url": "https://a.example/mgr", "username": "billing", "password": "correct-horse"}).is(201)
		at := made.Header.Get("Location")
		url := func(to, query string) *reply { return s.admin.patch(at+query, obj{"url": to}) }
		url("https://b.example/mgr", "").is(200) // nobody names it
		_, err := s.db.Pool().Exec(`UPDATE processing_module SET parameters = jsonb_build_object($1::text, $2::text)`, member, made.text("id"))
		require.NoError(t, err)
		url("https://c.example/mgr", "").fails(409, "in_use").at("/url in_use")
		url("https://c.example/mgr", "?moved=false").fails(409, "in_use")
		require.Equal(t, "https://b.example/mgr", s.admin.get(at).text("url"))
		url("https://b.example/mgr", "").is(200)
		s.admin.patch(at, obj{"name": "Named anew", "username": "other", "password": "battery"}).is(200)
		require.Equal(t, "https://c.example/mgr", url("https://c.example/mgr", "?moved=true").is(200).text("url"))
		_, err = s.db.Pool().Exec(`UPDATE service SET status = 'deleted'`)
		require.NoError(t, err)
		url("https://d.example/mgr", "").is(200)
		_, err = s.db.Pool().Exec(`UPDATE service SET status = 'active'`)
		require.NoError(t, err)
	}
}

// passwordOf opens a companion's sealed password.
func passwordOf(t *testing.T, r *shop, id string) string {
	t.Helper()
	var found []module.Companion
	err := r.db.InTx(t.Context(), func(tx *postgres.Tx) (err error) {
		found, err = tx.CompanionsByIDs(t.Context(), []module.CompanionID{module.CompanionID(id), "no id at all"})
		return err
	})
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0].Password
}
