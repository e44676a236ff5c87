package e2e

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// vps is the panel of virtual machines, from behind.
const vps = "/control/vmmanager6"

// operationTime is more than any operation takes.
const operationTime = 30 * time.Minute

// TestLifeOfAVirtualMachine sells one on VMmanager 6 and does to it whatever can be done.
func TestLifeOfAVirtualMachine(t *testing.T) {
	t.Parallel()
	l := &life{world: newWorld(t)}
	l.provider = l.admin.get("/v1/providers").is(http.StatusOK).text("data.0.id")
	l.center = l.admin.post("/v1/data-centers", map[string]any{"name": "Cloud"}).is(http.StatusCreated).text("id")
	module := map[string]any{
		"driver": "vmmanager6", "product_type": "vds", "name": "VMmanager 6", "data_center_id": l.center,
		"connection": map[string]any{"url": l.panels.url + "/vmmanager6", "username": "admin@example.com", "password": "secret"},
		"parameters": map[string]any{"cluster": "Nowhere"},
	}
	l.admin.post("/v1/processing-modules", module).refused(http.StatusUnprocessableEntity, "connection_failed")
	module["parameters"] = map[string]any{"cluster": "KVM"}
	l.panel = l.admin.post("/v1/processing-modules", module).is(http.StatusCreated).text("id")
	catalog := l.admin.get("/v1/processing-modules/" + l.panel + "/catalog").is(http.StatusOK)
	require.Contains(t, catalog.String(), "Ubuntu-24.04")
	l.sellMachines()
	l.welcome()
	l.pay()
	l.a = l.do(l.buyer, http.MethodPost, "/v1/orders", map[string]any{
		"items": []any{map[string]any{"tariff_id": l.e3, "period": "P1M", "data_center_id": l.center}}, "pay": "balance",
	}).is(http.StatusCreated).text("items.0.service_id")
	l.clock("2026-03-01T00:19:00Z")
	service := l.service(l.a)
	require.Equal(t, "active", service.text("status"), "%s", service)
	l.remoteA = service.text("external_id")
	machine := l.machine()
	require.Equal(t, "buyer@shop.example", machine.text("owner_email"))
	require.Equal(t, []int{1, 4096, 20480}, []int{machine.int("cpu"), machine.int("ram_mib"), machine.int("disk_mib")}, "the add-on wins over the template")
	require.Equal(t, machine.text("addresses.0.name"), service.text("addresses.0.ip"))

	l.treatMachine()

	l.asked(l.buyer, http.MethodDelete, "", nil)
	require.Equal(t, "deleted", l.service(l.a).text("status"))
	require.Empty(t, l.panels.call(http.MethodGet, vps, nil).list("servers"))
}

// treatMachine goes through every operation between the opening and the end.
func (l *life) treatMachine() {
	t := l.t
	l.asked(l.buyer, http.MethodPost, "/reinstall", map[string]any{"os": "Ubuntu-24.04"})
	require.Equal(t, "Ubuntu-24.04", l.machine().text("os_template.name"))
	l.asked(l.buyer, http.MethodPost, "/reboot", map[string]any{})
	l.asked(l.admin, http.MethodPost, "/suspend", map[string]any{"reason": "admin"})
	require.Equal(t, "suspended", l.service(l.a).text("status"))
	require.Equal(t, "off", l.machine().text("power"))
	l.asked(l.admin, http.MethodPost, "/resume", map[string]any{})
	require.Equal(t, "active", l.service(l.a).text("status"))
	require.Equal(t, "on", l.machine().text("power"))
	l.panels.call(http.MethodPut, vps+"/servers/"+l.remoteA+"/traffic/2026-03-01", map[string]any{"in": 3 * kibPerGiB, "out": kibPerGiB})
	l.clock("2026-03-02T02:00:00Z")
	usage := l.admin.get("/v1/services/" + l.a + "/statistics?from=2026-03-01&to=2026-03-02").is(http.StatusOK)
	require.Contains(t, usage.String(), strconv.Itoa(3*kibPerGiB))
}

// sellMachines makes the tariff of the machines: a template of the panel, and memory that wins over it.
func (l *life) sellMachines() {
	l.e3 = l.admin.post("/v1/tariffs", map[string]any{
		"product_type": "vds", "provider_id": l.provider, "code": "VPS", "name": "VPS", "activate": true,
		"data_center_ids": []string{l.center}, "processing_module_ids": []string{l.panel},
		"settings": map[string]any{"template": "Basic"},
		"prices":   []any{map[string]any{"period": "P1M", "amount": "5.00"}},
	}).is(http.StatusCreated).text("id")
	l.admin.post("/v1/tariffs/"+l.e3+"/add-ons", map[string]any{"code": "ram", "billing": "none", "included": "4"}).is(http.StatusCreated)
	l.admin.post("/v1/tariffs/"+l.e3+"/add-ons", byTraffic("traffic", "100", "0.02")).is(http.StatusCreated)
}

// asked does something to the machine and waits until it is done.
func (l *life) asked(c *caller, method, what string, body any) {
	l.t.Helper()
	a := l.do(c, method, "/v1/services/"+l.a+what, body)
	require.Contains(l.t, []int{http.StatusOK, http.StatusAccepted}, a.status, "%s", a)
	now := l.admin.get("/v1/sandbox/clock").is(http.StatusOK).instant("now")
	l.clock(now.Add(operationTime).Format("2006-01-02T15:04:05Z"))
	for _, o := range l.admin.get("/v1/operations?service_id=" + l.a).is(http.StatusOK).list("data") {
		require.Equal(l.t, "succeeded", o.text("status"), "%s", o)
	}
}

// machine is what the panel holds of the service.
func (l *life) machine() value {
	l.t.Helper()
	all := l.panels.call(http.MethodGet, vps, nil).list("servers")
	require.Len(l.t, all, 1)
	require.Equal(l.t, l.remoteA, strconv.Itoa(all[0].int("id")))
	return all[0]
}
