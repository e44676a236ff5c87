package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// The panels of the fifth generation, from behind.
const (
	dci5     = "/control/dcimanager5"
	ipmgr5   = "/control/ipmanager5"
	licenses = "/control/licenseserver"
)

// TestLifeOfAServerWithAddressesAndALicense sells one on DCImanager 5, with an IP manager and a license server beside it.
func TestLifeOfAServerWithAddressesAndALicense(t *testing.T) {
	t.Parallel()
	l := &life{world: newWorld(t)}
	l.openCenter()
	l.connectBeside()
	l.sellBeside()
	l.sellBandwidth()
	l.bringBandwidth()
	l.welcome()
	l.pay()
	l.a = l.do(l.buyer, http.MethodPost, "/v1/orders", map[string]any{"pay": "balance", "items": []any{map[string]any{
		"tariff_id": l.e3, "period": "P1M", "data_center_id": l.center,
		"add_ons": map[string]any{"ipv4_public": "2", "control_panel": "ispmanager_lite", "ram": "24", "special_ip_block_guardvlan9": "guardvlan9"},
	}}}).is(http.StatusCreated).text("items.0.service_id")
	l.clock("2026-03-01T00:19:00Z")
	service := l.service(l.a)
	require.Equal(t, "active", service.text("status"), "%s", service)
	l.remoteA = service.text("external_id")
	require.Equal(t, "1", l.remoteA)
	require.Len(t, service.list("addresses"), 2)
	given := l.panels.call(http.MethodGet, ipmgr5, nil).list("addresses")
	require.Len(t, given, 2)
	require.Equal(t, "guardvlan9", given[0].text("iptype"))
	license := l.panels.call(http.MethodGet, licenses, nil).list("licenses")[0]
	require.NotEmpty(t, license.text("lickey"))
	require.Equal(t, license.text("lickey"), service.text("parameters.license_key"))
	require.Equal(t, service.text("addresses.0.ip"), license.text("ip"))

	l.changeBeside()
	l.keepsBeside()

	eligible := l.admin.get("/v1/tariffs/" + l.bandwidth + "/eligible-servers?client_id=" + l.client).is(http.StatusOK).list("data")
	require.Len(t, eligible, 1)
	require.True(t, eligible[0].yes("eligible"), "a bandwidth service can carry it: %s", eligible[0])
	l.orderBandwidth()
	require.Equal(t, "active", l.service(l.pipe).text("status"))

	l.asked(l.buyer, http.MethodDelete, "", nil)
	require.Equal(t, "deleted", l.service(l.a).text("status"))
	server := l.panels.call(http.MethodGet, dci5, nil).list("servers")[0]
	require.Equal(t, []string{"free.ds", "Srv-1"}, []string{server.text("hostname"), server.text("name")})
	given = l.panels.call(http.MethodGet, ipmgr5, nil).list("addresses")
	require.Len(t, given, 1, "it parks on one address")
	require.Equal(t, "parking", given[0].text("iptype"))
	require.Equal(t, 3, l.panels.call(http.MethodGet, licenses, nil).list("licenses")[0].int("status"), "the license is stopped")
}

// connectBeside makes the module, with the systems beside the panel.
func (l *life) connectBeside() {
	made := func(path, name, url string) string {
		return l.admin.post(path, map[string]any{"name": name, "url": l.panels.url + url, "username": "admin", "password": "secret"}).
			is(http.StatusCreated).text("id")
	}
	parameters := map[string]any{
		"ip_manager_id":     made("/v1/ip-managers", "Addresses", "/ipmanager5/ipmgr"),
		"license_server_id": made("/v1/license-servers", "Licenses", "/licenseserver/billmgr"),
		"parking_ip_type":   "nonesuch",
	}
	module := map[string]any{
		"driver": "dcimanager5", "product_type": "dedicated", "name": "DCImanager 5", "data_center_id": l.center, "parameters": parameters,
		"connection": map[string]any{"url": l.panels.url + "/dcimanager5/dcimgr", "username": "admin", "password": "secret"},
	}
	l.admin.post("/v1/processing-modules", module).refused(http.StatusUnprocessableEntity, "connection_failed")
	parameters["parking_ip_type"] = "parking"
	l.panel = l.admin.post("/v1/processing-modules", module).is(http.StatusCreated).text("id")
}

// sellBeside makes the tariff: public addresses, of a type of their own, a control panel and memory.
func (l *life) sellBeside() {
	for _, e := range []map[string]any{
		{"code": "panels", "name": "Control panels", "items": []any{
			map[string]any{"code": "none", "name": "None"}, map[string]any{"code": "ispmanager_lite", "name": "ISPmanager Lite"},
		}},
		{"code": "blocks", "name": "Addresses", "items": []any{
			map[string]any{"code": "usual", "name": "Usual"}, map[string]any{"code": "guardvlan9", "name": "Guarded"},
		}},
	} {
		l.admin.post("/v1/enumerations", e).is(http.StatusCreated)
	}
	l.admin.patch("/v1/product-types/dedicated/add-ons/control_panel", map[string]any{"enumeration_code": "panels"}).is(http.StatusOK)
	l.admin.post("/v1/product-types/dedicated/add-ons", map[string]any{
		"code": "special_ip_block_guardvlan9", "name": "Addresses", "value_type": "enumeration", "enumeration_code": "blocks",
	}).is(http.StatusCreated)
	l.e3 = l.admin.post("/v1/tariffs", map[string]any{
		"product_type": "dedicated", "provider_id": l.provider, "code": "HP", "name": "HP", "activate": true,
		"data_center_ids": []string{l.center}, "processing_module_ids": []string{l.panel}, "settings": map[string]any{"server_type": "HPCorei5"},
		"prices": []any{map[string]any{"period": "P1M", "amount": "50.00"}},
	}).is(http.StatusCreated).text("id")
	monthly := func(amount string) []any { return []any{map[string]any{"period": "P1M", "amount": amount}} }
	item := func(code, amount string) map[string]any {
		return map[string]any{"item": code, "prices": monthly(amount)}
	}
	for _, addOn := range []map[string]any{
		{"code": "ipv4_public", "billing": "order", "included": "1", "minimum": "1", "maximum": "8", "prices": monthly("2.00")},
		{"code": "ram", "billing": "order", "included": "16", "maximum": "64", "prices": monthly("1.00")},
		{"code": "control_panel", "billing": "order", "default": "none", "item_prices": []any{item("none", "0.00"), item("ispmanager_lite", "5.00")}},
		{"code": "special_ip_block_guardvlan9", "billing": "order", "default": "usual", "item_prices": []any{item("usual", "0.00"), item("guardvlan9", "9.00")}},
	} {
		l.admin.post("/v1/tariffs/"+l.e3+"/add-ons", addOn).is(http.StatusCreated)
	}
}

// keepsBeside: neither system is taken away from the module while the server has addresses and a license of it.
func (l *life) keepsBeside() {
	for _, member := range []string{"ip_manager_id", "license_server_id"} {
		l.admin.patch("/v1/processing-modules/"+l.panel, map[string]any{"parameters": map[string]any{member: ""}}).
			refused(http.StatusConflict, "parameter_fixed", "/parameters/"+member+" parameter_fixed")
	}
}

// changeBeside changes what the panel has a call for, and memory, for which it has none: staff get a task (D28).
func (l *life) changeBeside() {
	t := l.t
	l.closeTask("ram 24 GiB") // more than the tariff gives everybody
	l.asked(l.buyer, http.MethodPost, "/change-add-ons", map[string]any{"add_ons": map[string]any{"ipv4_public": "3", "special_ip_block_guardvlan9": "usual"}})
	require.Len(t, l.service(l.a).list("addresses"), 3)
	for _, a := range l.panels.call(http.MethodGet, ipmgr5, nil).list("addresses") {
		require.Equal(t, "public", a.text("iptype"))
	}
	l.do(l.buyer, http.MethodPost, "/v1/services/"+l.a+"/change-add-ons", map[string]any{"add_ons": map[string]any{"ram": "32"}}).is(http.StatusAccepted)
	l.idle()
	l.closeTask("ram 32 GiB")
	l.asked(l.admin, http.MethodPost, "/suspend", map[string]any{"reason": "admin"})
	require.Equal(t, 3, l.panels.call(http.MethodGet, licenses, nil).list("licenses")[0].int("status"))
	l.asked(l.admin, http.MethodPost, "/resume", map[string]any{})
	require.Equal(t, 2, l.panels.call(http.MethodGet, licenses, nil).list("licenses")[0].int("status"))
}

// closeTask finds the one open task, that the server's memory is to be changed, and does it.
func (l *life) closeTask(what string) {
	l.t.Helper()
	open := l.admin.get("/v1/tasks?status=open").is(http.StatusOK).list("data")
	require.Len(l.t, open, 1)
	require.Equal(l.t, "change_parameters", open[0].text("kind"))
	require.Contains(l.t, open[0].text("reason"), what)
	l.admin.post("/v1/tasks/"+open[0].text("id")+"/close", map[string]any{"result": "done"}).is(http.StatusOK)
}
