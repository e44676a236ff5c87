package dcimanager6_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"

	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
)

func TestInitialStock(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	require.Equal(t, []any{
		paneltest.Object{"configuration": "E3-1230-16GB", "free_server_count": paneltest.JSON(4)},
		paneltest.Object{"configuration": "i9-9900K-64GB", "free_server_count": paneltest.JSON(2)},
	}, w.List("/dci/v3/server/configuration", ""))
	require.Equal(t, []int{1, 2, 3, 4}, paneltest.IDs(w.List("/dci/v3/server",
		"owner_email IS null AND is_new EQ false AND location_id EQ 3 AND configuration EQ 'E3-1230-16GB'")))
	require.Equal(t, []int{3, 4}, paneltest.IDs(w.List("/dci/v3/location", "")))
	require.Empty(t, w.List("/dci/v3/server", "location_id EQ 4"))
	require.Len(t, w.List("/dci/v3/os_template", "name EQ 'Debian-12' OR name EQ 'Ubuntu-24.04'"), 2)
	require.Len(t, w.List("/dci/v3/script", "access EQ 'all'"), 1)
	require.Len(t, w.List("/dci/v3/script", "access NE 'all'"), 1)
	require.Len(t, w.List("/dci/v3/role", "name EQ '@user'"), 1)
	require.Len(t, w.List("/ip/v3/ippool", "purpose EQ 'allocation' AND location_id EQ 3 AND name CP '%public%' AND ipv4.free GT 1000"), 1)
	require.Len(t, w.List("/ip/v3/ippool", "purpose EQ 'deallocation'"), 1)
}

func TestServerRowHasEveryFieldOfTheVendor(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	row := w.Machine(1)
	for _, field := range []string{
		"id", "name", "domain", "location_id", "rack", "unit", "barcode", "configuration", "state", "state_info",
		"operation", "os_template", "hardware_info", "perform_info", "settings", "ip", "switch_connection",
		"pdu_connection", "owner_email", "is_new", "power_status", "size",
	} {
		require.Contains(t, row, field)
	}
	require.Equal(t, row, w.List("/dci/v3/server", "id EQ 1")[0], "one server and its list row are the same object")
	require.Equal(t, "free.example", row["domain"])
	require.Equal(t, "off", row["power_status"])
	require.Nil(t, row["owner_email"])
	require.Nil(t, row["os_template"])
	require.Equal(t, "ok", paneltest.At(row, "operation", "status"))
	require.Equal(t, "down", paneltest.At(row, "switch_connection", 0, "admin_status"))
	require.Equal(t, "active", paneltest.At(row, "ip", 0, "status"), "a free server holds an address of the deallocation pool")
	require.Equal(t, 2, paneltest.Num(paneltest.At(row, "ip", 0, "pool_id")))
}

func TestInstallTakesTheDelayOfThePanelsClock(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	out := w.OK(http.StatusOK, "POST", "/dci/v3/server/1/os", `{"os_template":2,"password":"pw","recipe":1}`)
	require.Equal(t, 1, paneltest.Num(out["id"]))
	task := paneltest.Num(out["task"])
	require.Equal(t, "running", paneltest.At(w.List("/dci/v3/task", "consul_id EQ "+strconv.Itoa(task)), 0, "status"))

	for _, now := range []string{"2026-03-01T00:00:00Z", "2026-03-01T00:09:59.999Z"} {
		w.Clock(now)
		row := w.Machine(1)
		require.Equal(t, "running", paneltest.At(row, "operation", "status"))
		require.Nil(t, row["os_template"])
		require.Equal(t, "off", row["power_status"])
		require.Len(t, paneltest.At(row, "operation", "progress_info"), 1)
		require.Equal(t, "installing", row["state"])
	}
	require.Equal(t, 4001, w.Code(http.StatusConflict, "POST", "/dci/v3/server/1/os", paneltest.Install))
	require.Equal(t, 4001, w.Code(http.StatusConflict, "POST", "/dci/v3/server/1/power_off", `{}`))
	w.OK(http.StatusOK, "POST", "/dci/v3/server/5/power_on", `{}`) // another server is not concerned
	require.Equal(t, 3, paneltest.Num(paneltest.At(w.List("/dci/v3/server/configuration", "configuration CP 'E3%'"), 0, "free_server_count")),
		"what is being worked on is not free")

	w.Clock("2026-03-01T00:10:00Z")
	row := w.Machine(1)
	require.Equal(t, "ok", paneltest.At(row, "operation", "status"))
	require.Equal(t, "Ubuntu-24.04", paneltest.At(row, "os_template", "name"))
	require.Equal(t, "on", row["power_status"])
	require.Empty(t, paneltest.At(row, "operation", "progress_info"))
	require.Equal(t, "complete", paneltest.At(w.List("/dci/v3/task", "consul_id EQ "+strconv.Itoa(task)), 0, "status"))
}

func TestReinstallKeepsTheOldTemplateUntilTheEnd(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/os", paneltest.Install)
	w.Clock("2026-03-02T00:00:00Z")
	w.SignIn()
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/os", `{"os_template":2,"password":"pw"}`)
	require.Equal(t, "Debian-12", paneltest.At(w.Machine(1), "os_template", "name"))
	w.Clock("2026-03-02T00:10:00Z")
	require.Equal(t, "Ubuntu-24.04", paneltest.At(w.Machine(1), "os_template", "name"))
}

func TestWithoutDelayEverythingIsDoneInTheAnswer(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/os", paneltest.Install)
	require.Equal(t, "ok", paneltest.At(w.Machine(1), "operation", "status"))
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/power_off", "") // a call without parameters may have no body
	require.Equal(t, "off", w.Machine(1)["power_status"])
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/power_reset", `{}`)
	require.Equal(t, "off", w.Machine(1)["power_status"])
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/ip", `{"pool":1}`)
	require.Equal(t, "active", paneltest.At(w.Machine(1), "ip", 1, "status"))
}

func TestSuspendClosesThePortAndLeavesThePower(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	user := w.AddUser("c1@example.com")
	port := func() any { return paneltest.At(w.Machine(1), "switch_connection", 0, "admin_status") }
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":`+strconv.Itoa(user)+`}`)
	require.Equal(t, "up", port(), "an issued server is on the network")
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/power_on", `{}`)
	w.Clock("2026-03-01T00:01:00Z")

	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/suspend", `{}`)
	require.Equal(t, "suspending", w.Machine(1)["state"])
	require.Equal(t, "up", port())
	w.Clock("2026-03-01T00:02:00Z")
	require.Equal(t, "suspended", w.Machine(1)["state"])
	require.Equal(t, "down", port())
	require.Equal(t, "on", w.Machine(1)["power_status"])

	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/suspend", `{}`) // suspending twice is no error
	w.Clock("2026-03-01T00:03:00Z")
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/resume", `{}`)
	require.Equal(t, "resuming", w.Machine(1)["state"])
	w.Clock("2026-03-01T00:04:00Z")
	require.Equal(t, "active", w.Machine(1)["state"])
	require.Equal(t, "up", port())

	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":null}`)
	require.Equal(t, "down", port(), "a server of nobody is not on the network")
	require.Nil(t, w.Machine(1)["owner_email"])
}

func TestGivingAwayDoesNotEndASuspension(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/suspend", `{}`)
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":1}`)
	require.Equal(t, "suspended", w.Machine(1)["state"])
	require.Equal(t, "down", paneltest.At(w.Machine(1), "switch_connection", 0, "admin_status"))
}

func TestAddressesAreAllocatingThenActiveThenGone(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	free := func() int { return paneltest.Num(paneltest.At(w.List("/ip/v3/ippool", "id EQ 1"), 0, "ipv4", "free")) }
	before := free()
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1", `{"name":"c1","domain":"c1.example.com"}`)
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/ip", `{"pool":1,"count":1,"family":"ipv4"}`)
	ip := paneltest.At(w.Machine(1), "ip", 1)
	require.Equal(t, "allocating", paneltest.At(ip, "status"))
	require.Equal(t, "198.18.0.2", paneltest.At(ip, "name"))
	require.Equal(t, "198.18.0.1", paneltest.At(ip, "gateway"))
	require.Equal(t, "c1.example.com", paneltest.At(ip, "domain"))
	require.Equal(t, before-1, free())
	require.Equal(t, "ok", paneltest.At(w.Machine(1), "operation", "status"), "work on an address does not occupy the server")
	w.Clock("2026-03-01T00:01:00Z")
	require.Equal(t, "active", paneltest.At(w.Machine(1), "ip", 1, "status"))

	path := fmt.Sprintf("/dci/v3/server/1/ip/%d", paneltest.Num(paneltest.At(ip, "id")))
	first := w.OK(http.StatusOK, "DELETE", path, "")
	require.Equal(t, "deleting", paneltest.At(w.Machine(1), "ip", 1, "status"))
	require.Equal(t, first, w.OK(http.StatusOK, "DELETE", path, ""), "asking again answers the same task")
	w.Clock("2026-03-01T00:02:00Z")
	require.Len(t, w.Machine(1)["ip"], 1)
	require.Equal(t, before, free())
	require.Equal(t, 3004, w.Code(http.StatusNotFound, "DELETE", path, ""))
	require.Empty(t, w.List("/ip/v3/ip", "server_id EQ 1 AND pool_id EQ 1"))
}

func TestPoolRunsOut(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	pool := w.Control(http.StatusCreated, "POST", "dcimanager6/pools", `{"name":"tiny","network":"192.0.2.0/29","location_id":3,"rack":"A1"}`)
	require.Equal(t, 5, paneltest.Num(pool["free"]))
	body := func(n int) string { return fmt.Sprintf(`{"pool":%d,"count":%d}`, paneltest.Num(pool["id"]), n) }
	require.Equal(t, 4003, w.Code(http.StatusBadRequest, "POST", "/dci/v3/server/1/ip", body(6)), "all or none")
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/ip", body(5))
	require.Equal(t, 4003, w.Code(http.StatusBadRequest, "POST", "/dci/v3/server/2/ip", body(1)))
	require.Equal(t, 4003, w.Code(http.StatusBadRequest, "POST", "/dci/v3/server/2/ip", `{"pool":1,"family":"ipv6"}`))
	w.OK(http.StatusOK, "DELETE", fmt.Sprintf("/dci/v3/server/1/ip/%d", paneltest.Num(paneltest.At(w.Machine(1), "ip", 3, "id"))), "")
	w.OK(http.StatusOK, "POST", "/dci/v3/server/2/ip", body(1))
	require.Equal(t, "192.0.2.4", paneltest.At(w.Machine(2), "ip", 1, "name"), "the one that came back")
	row := w.List("/ip/v3/ippool", "name EQ 'tiny'")[0]
	require.Nil(t, paneltest.At(row, "location_id"), "the pool is the rack's")
	require.Equal(t, paneltest.At(w.Machine(1), "rack", "id"), paneltest.At(row, "rack_id"))
}

func TestProtectedServerRefusesOperations(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.Control(http.StatusCreated, "POST", "dcimanager6/servers", `{"configuration":"Safe","location_id":4,"protected":true}`)
	for _, call := range [][2]string{
		{"os", paneltest.Install},
		{"suspend", "{}"},
		{"resume", "{}"},
		{"power_on", "{}"},
		{"power_off", "{}"},
		{"power_reset", "{}"},
		{"ip", `{"pool":1}`},
		{"owner", `{"owner":1}`},
	} {
		require.Equal(t, 4002, w.Code(http.StatusBadRequest, "POST", "/dci/v3/server/7/"+call[0], call[1]), call[0])
	}
	ip := paneltest.Num(paneltest.At(w.Machine(7), "ip", 0, "id"))
	require.Equal(t, 4002, w.Code(http.StatusBadRequest, "DELETE", fmt.Sprintf("/dci/v3/server/7/ip/%d", ip), ""))
	require.Equal(t, true, paneltest.At(w.Machine(7), "settings", "protected"))
	require.Nil(t, w.Machine(7)["os_template"])
}

func TestUsers(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	id := w.AddUser("c1@example.com")
	require.Equal(t, 4005, w.Code(http.StatusBadRequest, "POST", "/dci/v3/user", `{"email":"C1@Example.com","password":"x"}`))
	require.Equal(t, 3006, w.Code(http.StatusBadRequest, "POST", "/dci/v3/user", `{"email":"c1","password":"x"}`))
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":`+strconv.Itoa(id)+`}`)
	row := w.List("/dci/v3/user", "email EQ 'c1@example.com'")[0]
	require.Equal(t, 1, paneltest.Num(paneltest.At(row, "server_count")))
	require.Equal(t, []any{"@user"}, paneltest.At(row, "roles"))
	require.Equal(t, "c1@example.com", w.Machine(1)["owner_email"])

	path := "/dci/v3/user/" + strconv.Itoa(id)
	require.Equal(t, 4004, w.Code(http.StatusBadRequest, "DELETE", path, ""))
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":null}`)
	w.OK(http.StatusOK, "DELETE", path, "")
	require.Equal(t, 3004, w.Code(http.StatusNotFound, "DELETE", path, ""))
	require.Equal(t, 4004, w.Code(http.StatusBadRequest, "DELETE", "/dci/v3/user/1", ""))
}

func TestNewStockIsDiagnosedFirst(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	out := w.Control(http.StatusCreated, "POST", "dcimanager6/servers", `{"configuration":"New","location_id":7,"count":2,"is_new":true}`)
	require.Equal(t, []int{7, 8}, paneltest.IDs(out["list"].([]any)))
	require.Equal(t, []int{7}, paneltest.IDs(w.List("/dci/v3/location", "id EQ 7")))
	require.Empty(t, w.List("/dci/v3/server", "is_new EQ false AND configuration EQ 'New'"))
	w.Clock("2026-03-01T00:01:00Z")
	require.Len(t, w.List("/dci/v3/server", "is_new EQ false AND configuration EQ 'New'"), 2)
	for _, bad := range []string{`{}`, `{"configuration":"x","location_id":3,"count":0}`, `{"configuration":"x","location_id":3,"colour":1}`} {
		w.Control(http.StatusBadRequest, "POST", "dcimanager6/servers", bad)
	}
}

func TestTrafficSetAndMadeUp(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	set := `{"in":10485760,"out":5,"burst_in_day":1.5,"burst_out_day":0,"power":120}`
	w.Control(http.StatusOK, "PUT", "dcimanager6/servers/1/traffic/2026-03-05", set)
	get := func(id int, from, to string) []any {
		return w.List(fmt.Sprintf("/dci/v3/server/%d/traffic?from=%s&to=%s", id, from, to), "")
	}
	days := get(1, "2026-03-04", "2026-03-07")
	require.Len(t, days, 3, "the end is not part of it")
	require.Equal(t, "2026-03-04", paneltest.At(days[0], "day"))
	want := paneltest.Decode(t, set)
	want["day"] = "2026-03-05"
	require.Equal(t, want, days[1])
	require.Equal(t, []any{want}, get(1, "2026-03-05T23:00:00Z", "2026-03-05T23:00:01Z"), "whole for any range that touches it")

	const gib = 1 << 20
	for _, day := range []any{days[0], days[2]} {
		require.GreaterOrEqual(t, paneltest.Num(paneltest.At(day, "in")), gib)
		require.Less(t, paneltest.Num(paneltest.At(day, "out")), 20*gib)
	}
	require.NotEqual(t, paneltest.At(days[0], "in"), paneltest.At(days[2], "in"))
	require.Equal(t, days[2], get(1, "2026-03-06", "2026-03-07")[0], "the same day again")
	require.NotEqual(t, paneltest.At(days[2], "in"), paneltest.At(get(2, "2026-03-06", "2026-03-07")[0], "in"))
	other := paneltest.NewWorld(t, panels.Options{})
	require.Equal(t, days[2], other.List("/dci/v3/server/1/traffic?from=2026-03-06&to=2026-03-07", "")[0], "in every installation")

	for _, bad := range []string{"", "?from=2026-03-01", "?from=2026-03-02&to=2026-03-02", "?from=x&to=2026-03-02", "?from=2020-01-01&to=2026-01-01"} {
		require.Equal(t, 3005, w.Code(http.StatusBadRequest, "GET", "/dci/v3/server/1/traffic"+bad, ""), bad)
	}
	w.Control(http.StatusNotFound, "PUT", "dcimanager6/servers/99/traffic/2026-03-05", set)
	for _, bad := range []string{`{"in":1}`, `{"in":-1,"out":1}`, `{"in":1.5,"out":1}`, `{"in":1,"out":1,"x":1}`, `{"in":1,"out":1,"power":-1}`} {
		w.Control(http.StatusBadRequest, "PUT", "dcimanager6/servers/1/traffic/2026-03-05", bad)
	}
	w.Control(http.StatusBadRequest, "PUT", "dcimanager6/servers/1/traffic/2026-02-30", set)
}

func TestTrafficDaysAreThoseOfTheZone(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	w := paneltest.NewWorld(t, panels.Options{Zone: berlin})
	days := w.List("/dci/v3/server/1/traffic?from=2026-03-28T23:30:00Z&to=2026-03-29T21:30:00Z", "")
	require.Len(t, days, 1, "the short day of the clock change")
	require.Equal(t, "2026-03-29", paneltest.At(days[0], "day"))
	require.Len(t, w.List("/dci/v3/server/1/traffic?from=2026-10-24&to=2026-10-27", ""), 3)
}

func TestReset(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.AddUser("c1@example.com")
	w.Fault(`{"kind":"http_500","path":"/dci/v3/rack"}`)
	w.Control(http.StatusOK, "POST", "dcimanager6/reset", "")
	view := w.Control(http.StatusOK, "GET", "dcimanager6", "")
	require.Empty(t, view["servers"])
	require.Empty(t, view["operations"])
	require.Len(t, view["users"], 1)
	require.Equal(t, 0, paneltest.Num(view["call_count"]))
	require.Equal(t, 1000, w.Code(http.StatusUnauthorized, "GET", "/dci/v3/server", ""), "no session is left")
	w.SignIn()
	require.Empty(t, w.List("/dci/v3/rack", ""))
	w.Control(http.StatusCreated, "POST", "dcimanager6/servers", `{"configuration":"E3","location_id":3,"rack":"A1"}`)
	require.Equal(t, []int{1}, paneltest.IDs(w.List("/dci/v3/server", "configuration EQ 'E3'")))
	require.Equal(t, 1, paneltest.Num(paneltest.At(w.List("/dci/v3/rack", ""), 0, "device_count")))
}

func TestControlShowsWhatThePanelHolds(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	w.OK(http.StatusOK, "POST", "/api/dci/v3/server/1/owner", `{"owner":1}`)
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/os", paneltest.Install)
	w.Code(http.StatusNotFound, "GET", "/dci/v3/server/99?x=1", "")
	view := w.Control(http.StatusOK, "GET", "dcimanager6", "")
	srv := paneltest.At(view, "servers", 0)
	require.Equal(t, 1, paneltest.Num(paneltest.At(srv, "owner_id")))
	require.Equal(t, "off", paneltest.At(srv, "power"))
	require.Equal(t, "up", paneltest.At(srv, "ports", 0, "admin_status"))
	require.Len(t, paneltest.At(srv, "addresses"), 1)
	require.Equal(t, "running", paneltest.At(srv, "operation", "status"))
	require.Equal(t, "2026-03-01T00:10:00Z", paneltest.At(view, "operations", 6, "done_at"))
	require.Equal(t, 4, paneltest.Num(view["call_count"]))
	require.Equal(t, paneltest.Object{"n": paneltest.JSON(2), "method": "POST", "path": "/dci/v3/server/1/owner", "at": "2026-03-01T00:00:00Z", "status": paneltest.JSON(200)},
		paneltest.At(view, "calls", 1))
	require.Equal(t, paneltest.Object{"n": paneltest.JSON(4), "method": "GET", "path": "/dci/v3/server/99", "query": "x=1", "at": "2026-03-01T00:00:00Z", "status": paneltest.JSON(404)},
		paneltest.At(view, "calls", 3))

	w.Clock("2026-03-01T00:10:00Z")
	require.Equal(t, "on", paneltest.At(w.Control(http.StatusOK, "GET", "dcimanager6", ""), "servers", 0, "power"), "looking is enough to settle")
	w.Control(http.StatusNotFound, "GET", "dcimanager9", "")
	req, err := http.NewRequestWithContext(t.Context(), "GET", w.Server.URL+"/healthz", http.NoBody)
	require.NoError(t, err)
	status, _, err := w.Send(req)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
}

func TestRecoveryLeavesTheDisksAlone(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/os", paneltest.Install)
	require.Equal(t, 3003, w.Code(http.StatusBadRequest, "POST", "/dci/v3/server/1/recovery", `{}`), "without a password")
	require.Equal(t, 3006, w.Code(http.StatusBadRequest, "POST", "/dci/v3/server/1/recovery", `{"password":"pw","os_template":1}`), "no recovery system")
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/recovery", `{"password":"pw"}`)
	shown := func() paneltest.Object {
		return paneltest.At(w.Control(http.StatusOK, "GET", "dcimanager6", ""), "servers", 0).(paneltest.Object)
	}
	require.Equal(t, true, shown()["recovery"])
	require.Equal(t, "Debian-12", paneltest.At(w.Machine(1), "os_template", "name"))
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/power_reset", `{}`)
	require.Equal(t, false, shown()["recovery"])

	w.Control(http.StatusCreated, "POST", "dcimanager6/templates", `{"name":"Rescue","tags":["recovery"]}`)
	require.Equal(t, 3006, w.Code(http.StatusBadRequest, "POST", "/dci/v3/server/1/os", `{"os_template":3,"password":"pw"}`), "no system to install")
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/recovery", `{"password":"pw","os_template":3}`)
	w.Control(http.StatusOK, "PUT", "dcimanager6/servers/1", `{"protected":true}`)
	require.Equal(t, 4002, w.Code(http.StatusBadRequest, "POST", "/dci/v3/server/1/recovery", `{"password":"pw"}`))
	w.Control(http.StatusOK, "PUT", "dcimanager6/servers/1", `{"owner_email":"a@example.org","power":"off"}`)
	require.Equal(t, "a@example.org", w.Machine(1)["owner_email"])
	require.Equal(t, "off", w.Machine(1)["power_status"])
}

func TestSamplesAddUpToTheDay(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.Control(http.StatusOK, "PUT", "dcimanager6/servers/1/traffic/2026-03-05", `{"in":104857600,"out":209715200,"burst_in_day":12.5,"burst_out_day":25,"power":140}`)
	const path = "/dci/v3/server/1/traffic?from=2026-03-05T00:00:00Z&to="
	require.NotContains(t, w.OK(http.StatusOK, "GET", path+"2026-03-06T00:00:00Z", ""), "metrics")
	w.Control(http.StatusOK, "PUT", "dcimanager6/settings", `{"traffic":"series"}`)
	answer := w.OK(http.StatusOK, "GET", path+"2026-03-06T00:00:00Z", "")
	require.Nil(t, paneltest.At(answer, "list", 0, "burst_in_day"))
	points := paneltest.At(answer, "metrics", 0, "datapoints").([]any)
	require.Len(t, points, 288)
	sum, above, equal := 0, 0, 0
	for _, point := range points {
		rate := paneltest.Num(paneltest.At(point, 0))
		sum += rate * 300
		switch {
		case rate > 12_500_000:
			above++
		case rate == 12_500_000:
			equal++
		}
	}
	require.InDelta(t, 104857600, sum/8192, 20, "rates are whole bits per second")
	require.Equal(t, []int{15, 1}, []int{above, equal}, "the sixteenth is the burst")
	half := w.OK(http.StatusOK, "GET", path+"2026-03-05T12:00:00Z", "")
	require.Len(t, paneltest.At(half, "metrics", 2, "datapoints"), 144)
	require.Equal(t, 104857600, paneltest.Num(paneltest.At(half, "list", 0, "in")), "a set day is whole for any range that touches it")
}
