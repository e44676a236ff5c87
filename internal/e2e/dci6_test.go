package e2e

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSixOrdersAtOnceForFourServers sells each free server once, whoever comes first.
func TestSixOrdersAtOnceForFourServers(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	const clients, servers = 6, 4
	var buyers []*caller
	for i := range clients {
		email := "buyer" + strconv.Itoa(i) + "@shop.example"
		var buyer *caller
		l.client, buyer = l.register(email)
		l.shop.post("/v1/payments", map[string]any{
			"client_id": l.client, "amount": map[string]any{"amount": "100.00", "currency": "EUR"}, "method": "manual", "external_id": email, "status": "paid",
		}).is(http.StatusCreated)
		buyers = append(buyers, buyer)
	}
	answers := make([]answer, clients)
	failures := make([]error, clients)
	var group sync.WaitGroup
	for i, buyer := range buyers {
		group.Go(func() {
			item := map[string]any{"tariff_id": l.e3, "period": "P1M", "data_center_id": l.center}
			answers[i], failures[i] = buyer.send(http.MethodPost, "/v1/orders", map[string]any{"pay": "balance", "items": []any{item}}, nil)
		})
	}
	group.Wait()
	var sold []string
	for i, a := range answers {
		require.NoError(t, failures[i])
		if a.status == http.StatusCreated {
			sold = append(sold, a.text("items.0.service_id"))
			continue
		}
		a.refused(http.StatusUnprocessableEntity, "no_stock", "/items/0/tariff_id no_stock")
	}
	require.Len(t, sold, servers)
	availability := l.admin.get("/v1/tariffs/" + l.e3 + "/availability").is(http.StatusOK)
	require.False(t, availability.yes("orderable"))
	l.clock("2026-03-01T00:40:00Z")
	numbers := map[string]bool{}
	for _, id := range sold {
		service := l.admin.get("/v1/services/" + id).is(http.StatusOK)
		require.Equal(t, "active", service.text("status"), "%s", service)
		numbers[service.text("external_id")] = true
	}
	require.Len(t, numbers, servers, "each has a server of its own")
	require.Len(t, l.panels.owned(), servers)
	require.Empty(t, l.admin.all("/v1/tasks"), "nobody has to mend anything")
}

// rest is what DCImanager 6 does beside opening, suspending and closing.
type rest struct{ *life }

// TestTheRestOfDCImanager6 tells, over HTTP, what became of server types, scripts, protection, power, recovery, colocation and the
// pool of released servers.
func TestTheRestOfDCImanager6(t *testing.T) {
	t.Parallel()
	r := rest{newLife(t)}
	r.pay()
	r.serverTypes()
	r.scripts()
	r.protection()
	r.power()
	r.recovery()
	r.colocation()
	r.parking()
}

// module connects the panel once more.
func (r rest) module(name, productType string, parameters map[string]any) string {
	r.t.Helper()
	body := r.panelModule("secret")
	body["name"], body["product_type"] = name, productType
	if parameters != nil {
		body["parameters"] = parameters
	}
	return r.admin.post("/v1/processing-modules", body).is(http.StatusCreated).text("id")
}

func (r rest) tariff(code, productType, module string, settings map[string]any) string {
	r.t.Helper()
	return r.admin.post("/v1/tariffs", map[string]any{
		"product_type": productType, "provider_id": r.provider, "code": code, "name": code, "activate": true,
		"data_center_ids": []string{r.center}, "processing_module_ids": []string{module}, "settings": settings,
		"prices": []any{map[string]any{"period": "P1M", "amount": "10.00"}},
	}).is(http.StatusCreated).text("id")
}

// order orders one service and answers its id.
func (r rest) order(tariff string, parameters map[string]any) string {
	r.t.Helper()
	item := map[string]any{"tariff_id": tariff, "period": "P1M", "data_center_id": r.center}
	if parameters != nil {
		item["parameters"] = parameters
	}
	return r.buyer.post("/v1/orders", map[string]any{"pay": "balance", "items": []any{item}}).is(http.StatusCreated).text("items.0.service_id")
}

// pass lets as much time go by as an installation takes.
func (r rest) pass() {
	r.t.Helper()
	now := r.admin.get("/v1/sandbox/clock").is(http.StatusOK).instant("now")
	r.clock(now.Add(20 * time.Minute).Format(time.RFC3339))
}

// theTask is the one open task.
func (r rest) theTask() value {
	r.t.Helper()
	open := r.admin.get("/v1/tasks?status=open").is(http.StatusOK).list("data")
	require.Len(r.t, open, 1)
	return open[0]
}

func (r rest) server(id string) value {
	r.t.Helper()
	for _, s := range r.panels.call(http.MethodGet, dci, nil).list("servers") {
		if strconv.Itoa(s.int("id")) == id {
			return s
		}
	}
	require.FailNow(r.t, "no such server", id)
	return value{}
}

// serverTypes: the flag stays while tariffs sell by the module; where it is off, people get the most similar server named, and
// closing the task requires the server's number.
func (r rest) serverTypes() {
	path := "/v1/processing-modules/" + r.panel
	r.admin.patch(path, map[string]any{"parameters": map[string]any{"by_server_type": false}}).
		refused(http.StatusConflict, "parameter_fixed", "/parameters/by_server_type parameter_fixed")
	r.admin.patch(path, map[string]any{"parameters": map[string]any{"by_server_type": true}}).is(http.StatusOK)

	loose := r.module("Similar", "dedicated", map[string]any{"by_server_type": false})
	id := r.order(r.tariff("I9", "dedicated", loose, map[string]any{"configuration": "i9-9900K-128GB"}), nil)
	r.pass()
	require.Equal(r.t, "processing", r.service(id).text("status"))
	task := r.theTask()
	require.Equal(r.t, "set_up", task.text("kind"))
	require.Contains(r.t, task.text("reason"), `server 5 (Srv-5) of configuration "i9-9900K-64GB": 85 of 100 points: the same processor, memory 64 GB instead of 128 GB`)
	r.admin.post("/v1/tasks/"+task.text("id")+"/close", map[string]any{"result": "done"}).refused(http.StatusUnprocessableEntity, "required", "/external_id required")
	r.atTheRack("5", map[string]any{"owner_email": "buyer@shop.example"})
	r.admin.post("/v1/tasks/"+task.text("id")+"/close", map[string]any{"result": "done", "external_id": "5"}).is(http.StatusOK)
	require.Equal(r.t, "active", r.service(id).text("status"))
}

func (r rest) atTheRack(server string, change map[string]any) {
	r.t.Helper()
	r.panels.call(http.MethodPut, dci+"/servers/"+server, change)
}

// scripts: those with access All are offered; a module that runs none makes a task of an ordered one.
func (r rest) scripts() {
	offered := r.admin.get("/v1/product-types/dedicated/parameters").is(http.StatusOK)
	require.Contains(r.t, offered.String(), `"docker"`)
	require.NotContains(r.t, offered.String(), `"burn-in"`)
	r.a = r.order(r.e3, map[string]any{"recipe": "docker"})
	r.pass()
	service := r.service(r.a)
	require.Equal(r.t, "active", service.text("status"), "%s", service)
	r.remoteA = service.text("external_id")
	task := r.theTask()
	require.Equal(r.t, "change_parameters", task.text("kind"))
	require.Contains(r.t, task.text("reason"), `run script "docker"`)
	r.admin.post("/v1/tasks/"+task.text("id")+"/close", map[string]any{"result": "done"}).is(http.StatusOK)

	r.admin.patch("/v1/processing-modules/"+r.panel, map[string]any{"parameters": map[string]any{"use_recipes": true}}).is(http.StatusOK)
	r.asked(r.buyer, http.MethodPost, "/reinstall", map[string]any{"os": "Ubuntu-24.04"})
	r.pass()
	require.Empty(r.t, r.admin.get("/v1/tasks?status=open").is(http.StatusOK).list("data"), "it ran with the installation")
}

// protection: the panel's words go to people, and the service stays as it is.
func (r rest) protection() {
	r.atTheRack(r.remoteA, map[string]any{"protected": true})
	r.admin.post("/v1/services/"+r.a+"/suspend", map[string]any{"reason": "admin"}).is(http.StatusAccepted)
	r.pass()
	task := r.theTask()
	require.Equal(r.t, "disable", task.text("kind"))
	require.Contains(r.t, task.text("error"), "The server is protected from operations")
	require.Equal(r.t, "active", r.service(r.a).text("status"))
	operation := r.buyer.get("/v1/operations/" + task.text("operation_id")).is(http.StatusOK)
	require.Equal(r.t, "manual panel_rejected", operation.text("status")+" "+operation.text("error.code"))
	require.NotContains(r.t, operation.String(), "protected", "others see the code alone")
	r.atTheRack(r.remoteA, map[string]any{"protected": false})
	r.admin.post("/v1/operations/"+task.text("operation_id")+"/retry", nil)
	r.pass()
	require.Equal(r.t, "suspended", r.service(r.a).text("status"))
	require.Equal(r.t, "on down", r.server(r.remoteA).text("power")+" "+r.server(r.remoteA).text("ports.0.admin_status"))
	r.asked(r.admin, http.MethodPost, "/resume", map[string]any{})
}

// power: a comparison tells that the machine is off, and has it switched on.
func (r rest) power() {
	r.atTheRack(r.remoteA, map[string]any{"power": "off"})
	told := r.admin.post("/v1/services/"+r.a+"/sync", nil).is(http.StatusOK)
	require.Equal(r.t, "power", told.text("differences.0.field"))
	r.pass()
	require.Equal(r.t, "on", r.server(r.remoteA).text("power"))
	require.Empty(r.t, r.admin.post("/v1/services/"+r.a+"/sync", nil).is(http.StatusOK).list("differences"))
}

func (r rest) recovery() {
	r.asked(r.buyer, http.MethodPost, "/reboot", map[string]any{"recovery": true})
	require.True(r.t, r.server(r.remoteA).yes("recovery"))
	require.Equal(r.t, "Ubuntu-24.04", r.server(r.remoteA).text("os_template.name"), "the disks are left alone")
	r.asked(r.buyer, http.MethodPost, "/reboot", map[string]any{})
	require.False(r.t, r.server(r.remoteA).yes("recovery"))
}

// colocation: people mount the client's own server and name it; from then on its port goes by the service.
func (r rest) colocation() {
	colo := r.module("Colocation", "colocation", nil)
	id := r.order(r.tariff("Colo", "colocation", colo, map[string]any{}), nil)
	r.pass()
	task := r.theTask()
	require.Equal(r.t, "set_up", task.text("kind"))
	r.admin.post("/v1/tasks/"+task.text("id")+"/close", map[string]any{"result": "done"}).refused(http.StatusUnprocessableEntity, "required", "/external_id required")
	for _, wrong := range []string{"999", "6"} { // there is none, it is nobody's
		r.admin.post("/v1/tasks/"+task.text("id")+"/close", map[string]any{"result": "done", "external_id": wrong}).
			refused(http.StatusUnprocessableEntity, "machine_not_found", "/external_id machine_not_found")
	}
	r.admin.post("/v1/tasks/"+task.text("id")+"/close", map[string]any{"result": "done", "external_id": r.remoteA}).
		refused(http.StatusUnprocessableEntity, "machine_not_found", "/external_id machine_not_found")
	r.atTheRack("6", map[string]any{"owner_email": "buyer@shop.example"})
	r.admin.post("/v1/tasks/"+task.text("id")+"/close", map[string]any{"result": "done", "external_id": "6"}).is(http.StatusOK)
	require.Equal(r.t, "active", r.service(id).text("status"))
	r.admin.post("/v1/services/"+id+"/suspend", map[string]any{"reason": "admin"}).is(http.StatusAccepted)
	r.pass()
	require.Equal(r.t, "down", r.server("6").text("ports.0.admin_status"))
	require.Equal(r.t, "suspended", r.service(id).text("status"))
	r.admin.must(http.MethodDelete, "/v1/services/"+id, nil, nil).is(http.StatusAccepted)
	r.pass()
	task = r.theTask()
	require.Equal(r.t, "delete", task.text("kind"))
	require.Equal(r.t, "buyer@shop.example", r.server("6").text("owner_email"), "nobody but people takes it down")
	r.admin.post("/v1/tasks/"+task.text("id")+"/close", map[string]any{"result": "done"}).is(http.StatusOK)
	require.Equal(r.t, "deleted", r.service(id).text("status"))
}

// parking: without an address for it a server is not released (D30); people are told, and it stays whose it is.
func (r rest) parking() {
	r.panels.call(http.MethodPost, dci+"/pools", map[string]any{"name": "Tiny", "purpose": "deallocation", "network": "192.0.2.0/30"})
	r.admin.patch("/v1/processing-modules/"+r.panel, map[string]any{"parameters": map[string]any{"deallocation_pool": "Tiny"}}).is(http.StatusOK)
	second := r.order(r.e3, nil)
	r.pass()
	require.Equal(r.t, "active", r.service(second).text("status"))
	r.asked(r.buyer, http.MethodDelete, "", nil) // takes the only address
	require.Equal(r.t, "deleted", r.service(r.a).text("status"))
	r.buyer.must(http.MethodDelete, "/v1/services/"+second, nil, nil).is(http.StatusAccepted)
	r.pass()
	task := r.theTask()
	require.Equal(r.t, "delete", task.text("kind"))
	require.Contains(r.t, task.text("error"), "no pool for released servers has a free IPv4 address")
	service := r.service(second)
	require.Equal(r.t, "active", service.text("status"))
	require.Equal(r.t, "buyer@shop.example", r.server(service.text("external_id")).text("owner_email"))
	r.panels.call(http.MethodPost, dci+"/pools", map[string]any{"name": "More", "purpose": "deallocation", "network": "192.0.2.8/29"})
	r.admin.patch("/v1/processing-modules/"+r.panel, map[string]any{"parameters": map[string]any{"deallocation_pool": "More"}}).is(http.StatusOK)
	r.admin.post("/v1/operations/"+task.text("operation_id")+"/retry", nil)
	r.pass()
	require.Equal(r.t, "deleted", r.service(second).text("status"))
}
