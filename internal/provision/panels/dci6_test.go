package panels_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"
)

const delay = 10 * time.Minute

func itoa(n int) string { return strconv.Itoa(n) }

func TestInitialStock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	require.Equal(t, []any{
		object{"configuration": "E3-1230-16GB", "free_server_count": js(4)},
		object{"configuration": "i9-9900K-64GB", "free_server_count": js(2)},
	}, w.list("/dci/v3/server/configuration", ""))
	require.Equal(t, []int{1, 2, 3, 4}, ids(w.list("/dci/v3/server",
		"owner_email IS null AND is_new EQ false AND location_id EQ 3 AND configuration EQ 'E3-1230-16GB'")))
	require.Equal(t, []int{3, 4}, ids(w.list("/dci/v3/location", "")))
	require.Empty(t, w.list("/dci/v3/server", "location_id EQ 4"))
	require.Len(t, w.list("/dci/v3/os_template", "name EQ 'Debian-12' OR name EQ 'Ubuntu-24.04'"), 2)
	require.Len(t, w.list("/dci/v3/script", "access EQ 'all'"), 1)
	require.Len(t, w.list("/dci/v3/script", "access NE 'all'"), 1)
	require.Len(t, w.list("/dci/v3/role", "name EQ '@user'"), 1)
	require.Len(t, w.list("/ip/v3/ippool", "purpose EQ 'allocation' AND location_id EQ 3 AND name CP '%public%' AND ipv4.free GT 1000"), 1)
	require.Len(t, w.list("/ip/v3/ippool", "purpose EQ 'deallocation'"), 1)
}

func TestServerRowHasEveryFieldOfTheVendor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	row := w.server(1)
	for _, field := range []string{
		"id", "name", "domain", "location_id", "rack", "unit", "barcode", "configuration", "state", "state_info",
		"operation", "os_template", "hardware_info", "perform_info", "settings", "ip", "switch_connection",
		"pdu_connection", "owner_email", "is_new", "power_status", "size",
	} {
		require.Contains(t, row, field)
	}
	require.Equal(t, row, w.list("/dci/v3/server", "id EQ 1")[0], "one server and its list row are the same object")
	require.Equal(t, "free.example", row["domain"])
	require.Equal(t, "off", row["power_status"])
	require.Nil(t, row["owner_email"])
	require.Nil(t, row["os_template"])
	require.Equal(t, "ok", at(row, "operation", "status"))
	require.Equal(t, "down", at(row, "switch_connection", 0, "admin_status"))
	require.Equal(t, "active", at(row, "ip", 0, "status"), "a free server holds an address of the deallocation pool")
	require.Equal(t, 2, num(at(row, "ip", 0, "pool_id")))
}

func TestInstallTakesTheDelayOfThePanelsClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	out := w.ok(http.StatusOK, "POST", "/dci/v3/server/1/os", `{"os_template":2,"password":"pw","recipe":1}`)
	require.Equal(t, 1, num(out["id"]))
	task := num(out["task"])
	require.Equal(t, "running", at(w.list("/dci/v3/task", "consul_id EQ "+itoa(task)), 0, "status"))

	for _, now := range []string{"2026-03-01T00:00:00Z", "2026-03-01T00:09:59.999Z"} {
		w.clock(now)
		row := w.server(1)
		require.Equal(t, "running", at(row, "operation", "status"))
		require.Nil(t, row["os_template"])
		require.Equal(t, "off", row["power_status"])
		require.Len(t, at(row, "operation", "progress_info"), 1)
		require.Equal(t, "installing", row["state"])
	}
	require.Equal(t, 4001, w.code(http.StatusConflict, "POST", "/dci/v3/server/1/os", install))
	require.Equal(t, 4001, w.code(http.StatusConflict, "POST", "/dci/v3/server/1/power_off", `{}`))
	w.ok(http.StatusOK, "POST", "/dci/v3/server/5/power_on", `{}`) // another server is not concerned
	require.Equal(t, 3, num(at(w.list("/dci/v3/server/configuration", "configuration CP 'E3%'"), 0, "free_server_count")),
		"what is being worked on is not free")

	w.clock("2026-03-01T00:10:00Z")
	row := w.server(1)
	require.Equal(t, "ok", at(row, "operation", "status"))
	require.Equal(t, "Ubuntu-24.04", at(row, "os_template", "name"))
	require.Equal(t, "on", row["power_status"])
	require.Empty(t, at(row, "operation", "progress_info"))
	require.Equal(t, "complete", at(w.list("/dci/v3/task", "consul_id EQ "+itoa(task)), 0, "status"))
}

func TestReinstallKeepsTheOldTemplateUntilTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/os", install)
	w.clock("2026-03-02T00:00:00Z")
	w.signIn()
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/os", `{"os_template":2,"password":"pw"}`)
	require.Equal(t, "Debian-12", at(w.server(1), "os_template", "name"))
	w.clock("2026-03-02T00:10:00Z")
	require.Equal(t, "Ubuntu-24.04", at(w.server(1), "os_template", "name"))
}

func TestWithoutDelayEverythingIsDoneInTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/os", install)
	require.Equal(t, "ok", at(w.server(1), "operation", "status"))
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/power_off", "") // a call without parameters may have no body
	require.Equal(t, "off", w.server(1)["power_status"])
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/power_reset", `{}`)
	require.Equal(t, "off", w.server(1)["power_status"])
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/ip", `{"pool":1}`)
	require.Equal(t, "active", at(w.server(1), "ip", 1, "status"))
}

func TestSuspendClosesThePortAndLeavesThePower(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	user := w.addUser("c1@example.com")
	port := func() any { return at(w.server(1), "switch_connection", 0, "admin_status") }
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":`+itoa(user)+`}`)
	require.Equal(t, "up", port(), "an issued server is on the network")
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/power_on", `{}`)
	w.clock("2026-03-01T00:01:00Z")

	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/suspend", `{}`)
	require.Equal(t, "suspending", w.server(1)["state"])
	require.Equal(t, "up", port())
	w.clock("2026-03-01T00:02:00Z")
	require.Equal(t, "suspended", w.server(1)["state"])
	require.Equal(t, "down", port())
	require.Equal(t, "on", w.server(1)["power_status"])

	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/suspend", `{}`) // suspending twice is no error
	w.clock("2026-03-01T00:03:00Z")
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/resume", `{}`)
	require.Equal(t, "resuming", w.server(1)["state"])
	w.clock("2026-03-01T00:04:00Z")
	require.Equal(t, "active", w.server(1)["state"])
	require.Equal(t, "up", port())

	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":null}`)
	require.Equal(t, "down", port(), "a server of nobody is not on the network")
	require.Nil(t, w.server(1)["owner_email"])
}

func TestGivingAwayDoesNotEndASuspension(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/suspend", `{}`)
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":1}`)
	require.Equal(t, "suspended", w.server(1)["state"])
	require.Equal(t, "down", at(w.server(1), "switch_connection", 0, "admin_status"))
}

func TestAddressesAreAllocatingThenActiveThenGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	free := func() int { return num(at(w.list("/ip/v3/ippool", "id EQ 1"), 0, "ipv4", "free")) }
	before := free()
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1", `{"name":"c1","domain":"c1.example.com"}`)
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/ip", `{"pool":1,"count":1,"family":"ipv4"}`)
	ip := at(w.server(1), "ip", 1)
	require.Equal(t, "allocating", at(ip, "status"))
	require.Equal(t, "198.18.0.2", at(ip, "name"))
	require.Equal(t, "198.18.0.1", at(ip, "gateway"))
	require.Equal(t, "c1.example.com", at(ip, "domain"))
	require.Equal(t, before-1, free())
	require.Equal(t, "ok", at(w.server(1), "operation", "status"), "work on an address does not occupy the server")
	w.clock("2026-03-01T00:01:00Z")
	require.Equal(t, "active", at(w.server(1), "ip", 1, "status"))

	path := fmt.Sprintf("/dci/v3/server/1/ip/%d", num(at(ip, "id")))
	first := w.ok(http.StatusOK, "DELETE", path, "")
	require.Equal(t, "deleting", at(w.server(1), "ip", 1, "status"))
	require.Equal(t, first, w.ok(http.StatusOK, "DELETE", path, ""), "asking again answers the same task")
	w.clock("2026-03-01T00:02:00Z")
	require.Len(t, w.server(1)["ip"], 1)
	require.Equal(t, before, free())
	require.Equal(t, 3004, w.code(http.StatusNotFound, "DELETE", path, ""))
	require.Empty(t, w.list("/ip/v3/ip", "server_id EQ 1 AND pool_id EQ 1"))
}

func TestPoolRunsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	pool := w.control(http.StatusCreated, "POST", "dcimanager6/pools", `{"name":"tiny","network":"192.0.2.0/29","location_id":3,"rack":"A1"}`)
	require.Equal(t, 5, num(pool["free"]))
	body := func(n int) string { return fmt.Sprintf(`{"pool":%d,"count":%d}`, num(pool["id"]), n) }
	require.Equal(t, 4003, w.code(http.StatusBadRequest, "POST", "/dci/v3/server/1/ip", body(6)), "all or none")
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/ip", body(5))
	require.Equal(t, 4003, w.code(http.StatusBadRequest, "POST", "/dci/v3/server/2/ip", body(1)))
	require.Equal(t, 4003, w.code(http.StatusBadRequest, "POST", "/dci/v3/server/2/ip", `{"pool":1,"family":"ipv6"}`))
	w.ok(http.StatusOK, "DELETE", fmt.Sprintf("/dci/v3/server/1/ip/%d", num(at(w.server(1), "ip", 3, "id"))), "")
	w.ok(http.StatusOK, "POST", "/dci/v3/server/2/ip", body(1))
	require.Equal(t, "192.0.2.4", at(w.server(2), "ip", 1, "name"), "the one that came back")
	row := w.list("/ip/v3/ippool", "name EQ 'tiny'")[0]
	require.Nil(t, at(row, "location_id"), "the pool is the rack's")
	require.Equal(t, at(w.server(1), "rack", "id"), at(row, "rack_id"))
}

func TestProtectedServerRefusesOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	w.control(http.StatusCreated, "POST", "dcimanager6/servers", `{"configuration":"Safe","location_id":4,"protected":true}`)
	for _, call := range [][2]string{
		{"os", install},
		{"suspend", "{}"},
		{"resume", "{}"},
		{"power_on", "{}"},
		{"power_off", "{}"},
		{"power_reset", "{}"},
		{"ip", `{"pool":1}`},
		{"owner", `{"owner":1}`},
	} {
		require.Equal(t, 4002, w.code(http.StatusBadRequest, "POST", "/dci/v3/server/7/"+call[0], call[1]), call[0])
	}
	ip := num(at(w.server(7), "ip", 0, "id"))
	require.Equal(t, 4002, w.code(http.StatusBadRequest, "DELETE", fmt.Sprintf("/dci/v3/server/7/ip/%d", ip), ""))
	require.Equal(t, true, at(w.server(7), "settings", "protected"))
	require.Nil(t, w.server(7)["os_template"])
}

func TestUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	id := w.addUser("c1@example.com")
	require.Equal(t, 4005, w.code(http.StatusBadRequest, "POST", "/dci/v3/user", `{"email":"C1@Example.com","password":"x"}`))
	require.Equal(t, 3006, w.code(http.StatusBadRequest, "POST", "/dci/v3/user", `{"email":"c1","password":"x"}`))
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":`+itoa(id)+`}`)
	row := w.list("/dci/v3/user", "email EQ 'c1@example.com'")[0]
	require.Equal(t, 1, num(at(row, "server_count")))
	require.Equal(t, []any{"@user"}, at(row, "roles"))
	require.Equal(t, "c1@example.com", w.server(1)["owner_email"])

	path := "/dci/v3/user/" + itoa(id)
	require.Equal(t, 4004, w.code(http.StatusBadRequest, "DELETE", path, ""))
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":null}`)
	w.ok(http.StatusOK, "DELETE", path, "")
	require.Equal(t, 3004, w.code(http.StatusNotFound, "DELETE", path, ""))
	require.Equal(t, 4004, w.code(http.StatusBadRequest, "DELETE", "/dci/v3/user/1", ""))
}

func TestNewStockIsDiagnosedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	out := w.control(http.StatusCreated, "POST", "dcimanager6/servers", `{"configuration":"New","location_id":7,"count":2,"is_new":true}`)
	require.Equal(t, []int{7, 8}, ids(out["list"].([]any)))
	require.Equal(t, []int{7}, ids(w.list("/dci/v3/location", "id EQ 7")))
	require.Empty(t, w.list("/dci/v3/server", "is_new EQ false AND configuration EQ 'New'"))
	w.clock("2026-03-01T00:01:00Z")
	require.Len(t, w.list("/dci/v3/server", "is_new EQ false AND configuration EQ 'New'"), 2)
	for _, bad := range []string{`{}`, `{"configuration":"x","location_id":3,"count":0}`, `{"configuration":"x","location_id":3,"colour":1}`} {
		w.control(http.StatusBadRequest, "POST", "dcimanager6/servers", bad)
	}
}

func TestTrafficSetAndMadeUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	set := `{"in":10485760,"out":5,"burst_in_day":1.5,"burst_out_day":0,"power":120}`
	w.control(http.StatusOK, "PUT", "dcimanager6/servers/1/traffic/2026-03-05", set)
	get := func(id int, from, to string) []any {
		return w.list(fmt.Sprintf("/dci/v3/server/%d/traffic?from=%s&to=%s", id, from, to), "")
	}
	days := get(1, "2026-03-04", "2026-03-07")
	require.Len(t, days, 3, "the end is not part of it")
	require.Equal(t, "2026-03-04", at(days[0], "day"))
	want := decode(t, set)
	want["day"] = "2026-03-05"
	require.Equal(t, want, days[1])
	require.Equal(t, []any{want}, get(1, "2026-03-05T23:00:00Z", "2026-03-05T23:00:01Z"), "whole for any range that touches it")

	const gib = 1 << 20
	for _, day := range []any{days[0], days[2]} {
		require.GreaterOrEqual(t, num(at(day, "in")), gib)
		require.Less(t, num(at(day, "out")), 20*gib)
	}
	require.NotEqual(t, at(days[0], "in"), at(days[2], "in"))
	require.Equal(t, days[2], get(1, "2026-03-06", "2026-03-07")[0], "the same day again")
	require.NotEqual(t, at(days[2], "in"), at(get(2, "2026-03-06", "2026-03-07")[0], "in"))
	other := newWorld(t, panels.Options{})
	require.Equal(t, days[2], other.list("/dci/v3/server/1/traffic?from=2026-03-06&to=2026-03-07", "")[0], "in every installation")

	for _, bad := range []string{"", "?from=2026-03-01", "?from=2026-03-02&to=2026-03-02", "?from=x&to=2026-03-02", "?from=2020-01-01&to=2026-01-01"} {
		require.Equal(t, 3005, w.code(http.StatusBadRequest, "GET", "/dci/v3/server/1/traffic"+bad, ""), bad)
	}
	w.control(http.StatusNotFound, "PUT", "dcimanager6/servers/99/traffic/2026-03-05", set)
	for _, bad := range []string{`{"in":1}`, `{"in":-1,"out":1}`, `{"in":1.5,"out":1}`, `{"in":1,"out":1,"x":1}`, `{"in":1,"out":1,"power":-1}`} {
		w.control(http.StatusBadRequest, "PUT", "dcimanager6/servers/1/traffic/2026-03-05", bad)
	}
	w.control(http.StatusBadRequest, "PUT", "dcimanager6/servers/1/traffic/2026-02-30", set)
}

func TestTrafficDaysAreThoseOfTheZone(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	w := newWorld(t, panels.Options{Zone: berlin})
	days := w.list("/dci/v3/server/1/traffic?from=2026-03-28T23:30:00Z&to=2026-03-29T21:30:00Z", "")
	require.Len(t, days, 1, "the short day of the clock change")
	require.Equal(t, "2026-03-29", at(days[0], "day"))
	require.Len(t, w.list("/dci/v3/server/1/traffic?from=2026-10-24&to=2026-10-27", ""), 3)
}

func TestReset(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	w.addUser("c1@example.com")
	w.fault(`{"kind":"http_500","path":"/dci/v3/rack"}`)
	w.control(http.StatusOK, "POST", "dcimanager6/reset", "")
	view := w.control(http.StatusOK, "GET", "dcimanager6", "")
	require.Empty(t, view["servers"])
	require.Empty(t, view["operations"])
	require.Len(t, view["users"], 1)
	require.Equal(t, 0, num(view["call_count"]))
	require.Equal(t, 1000, w.code(http.StatusUnauthorized, "GET", "/dci/v3/server", ""), "no session is left")
	w.signIn()
	require.Empty(t, w.list("/dci/v3/rack", ""))
	w.control(http.StatusCreated, "POST", "dcimanager6/servers", `{"configuration":"E3","location_id":3,"rack":"A1"}`)
	require.Equal(t, []int{1}, ids(w.list("/dci/v3/server", "configuration EQ 'E3'")))
	require.Equal(t, 1, num(at(w.list("/dci/v3/rack", ""), 0, "device_count")))
}

func TestControlShowsWhatThePanelHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	w.ok(http.StatusOK, "POST", "/api/dci/v3/server/1/owner", `{"owner":1}`)
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/os", install)
	w.code(http.StatusNotFound, "GET", "/dci/v3/server/99?x=1", "")
	view := w.control(http.StatusOK, "GET", "dcimanager6", "")
	srv := at(view, "servers", 0)
	require.Equal(t, 1, num(at(srv, "owner_id")))
	require.Equal(t, "off", at(srv, "power"))
	require.Equal(t, "up", at(srv, "ports", 0, "admin_status"))
	require.Len(t, at(srv, "addresses"), 1)
	require.Equal(t, "running", at(srv, "operation", "status"))
	require.Equal(t, "2026-03-01T00:10:00Z", at(view, "operations", 6, "done_at"))
	require.Equal(t, 4, num(view["call_count"]))
	require.Equal(t, object{"n": js(2), "method": "POST", "path": "/dci/v3/server/1/owner", "at": "2026-03-01T00:00:00Z", "status": js(200)},
		at(view, "calls", 1))
	require.Equal(t, object{"n": js(4), "method": "GET", "path": "/dci/v3/server/99", "query": "x=1", "at": "2026-03-01T00:00:00Z", "status": js(404)},
		at(view, "calls", 3))

	w.clock("2026-03-01T00:10:00Z")
	require.Equal(t, "on", at(w.control(http.StatusOK, "GET", "dcimanager6", ""), "servers", 0, "power"), "looking is enough to settle")
	w.control(http.StatusNotFound, "GET", "dcimanager9", "")
	status, _, err := w.send(must(http.NewRequestWithContext(t.Context(), "GET", w.srv.URL+"/healthz", http.NoBody)))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
}
