package panels_test

import (
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"
)

const (
	newAccount = `{"email":"u@example.com","password":"pw","role":"@user"}`
	newHost    = `{"name":"one","cluster":1,"account":2,"os":1,"password":"pw","preset":1,"ipv4_number":1,"ipv4_pool":[1],"comment":"c"}`
)

// vm6World is a VMmanager with one client.
func vm6World(t *testing.T, o panels.Options) *world {
	t.Helper()
	w := openWorld(t, o)
	w.panel = "vmmanager6"
	w.clock("2026-03-01T00:00:00Z")
	w.signIn()
	w.ok(http.StatusOK, "POST", "/vm/v3/account", newAccount)
	return w
}

// host is the machine's row of the list, which is whole.
func (w *world) host() object {
	w.t.Helper()
	rows := w.list("/vm/v3/host", "id EQ 1")
	require.Len(w.t, rows, 1)
	return rows[0].(object)
}

// task tells how far the task of an answer has come, by the queue's number.
func (w *world) task(answer object) string {
	w.t.Helper()
	rows := w.list("/vm/v3/task", "consul_id EQ "+itoa(num(answer["task"])))
	require.Len(w.t, rows, 1)
	return rows[0].(object)["status"].(string)
}

func TestVMIsMadeInTime(t *testing.T) {
	t.Parallel()
	w := vm6World(t, panels.Options{Delay: 10 * time.Minute})
	made := w.ok(http.StatusOK, "POST", "/vm/v3/host", strings.Replace(newHost, `"comment"`, `"recipe_list":[{"recipe":1}],"comment"`, 1))
	recipe := object{"task": made["recipe_task"]}
	require.Equal(t, "creating", w.host()["state"])
	require.Equal(t, []string{"running", "created"}, []string{w.task(made), w.task(recipe)})
	require.Equal(t, 4001, w.code(http.StatusConflict, "POST", "/vm/v3/host/1/stop", `{}`))
	w.clock("2026-03-01T00:10:00Z")
	require.Equal(t, []string{"complete", "running"}, []string{w.task(made), w.task(recipe)})
	require.Equal(t, "active", w.host()["state"])
	w.clock("2026-03-01T00:11:00Z")
	require.Equal(t, "complete", w.task(recipe))
	rows := w.list("/vm/v3/task", "id EQ "+itoa(num(made["task"])))
	require.Empty(t, rows, "the queue's number is no row's")
	short := w.ok(http.StatusOK, "GET", "/vm/v3/host/1", "")
	require.NotContains(t, short, "account", "a machine alone is shown in a short form")
	require.Len(t, w.list("/vm/v3/host/1/history", ""), 2)
}

func TestVMBodiesAreStrict(t *testing.T) {
	t.Parallel()
	w := vm6World(t, panels.Options{})
	for spoil, code := range map[string]int{
		`"colour":1,`: 3008, `"cpu_number":2,`: 3006, `"domain":7,`: 3003,
	} {
		require.Equal(t, code, w.code(http.StatusBadRequest, "POST", "/vm/v3/host", strings.Replace(newHost, `{`, `{`+spoil, 1)), spoil)
	}
	for _, change := range [][2]string{{`"cluster":1`, `"cluster":9`}, {`"os":1`, `"os":3`}, {`"account":2`, `"account":9`}, {`"preset":1`, `"preset":2`}, {`[1]`, `[9]`}, {`"pw"`, `""`}} {
		require.Equal(t, 3006, w.code(http.StatusBadRequest, "POST", "/vm/v3/host", strings.Replace(newHost, change[0], change[1], 1)), change)
	}
	w.control(http.StatusCreated, "POST", "vmmanager6/pools", `{"name":"Tiny","network":"192.0.2.0/30","clusters":["KVM"]}`)
	require.Equal(t, 4003, w.code(http.StatusBadRequest, "POST", "/vm/v3/host", strings.NewReplacer(`[1]`, `[4]`, `"ipv4_number":1`, `"ipv4_number":2`).Replace(newHost)))
	require.Empty(t, w.list("/vm/v3/host", ""))
	require.Equal(t, 4005, w.code(http.StatusBadRequest, "POST", "/vm/v3/account", newAccount))
}

func TestVMSizesChangeOnlyStoppedOrLater(t *testing.T) {
	t.Parallel()
	w := vm6World(t, panels.Options{})
	w.ok(http.StatusOK, "POST", "/vm/v3/host", newHost)
	require.Equal(t, 4006, w.code(http.StatusBadRequest, "POST", "/vm/v3/host/1/resource", `{"cpu_number":3}`))
	later := w.ok(http.StatusOK, "POST", "/vm/v3/host/1/resource", `{"cpu_number":3,"defer":{"action":"host_stop"}}`)
	require.Equal(t, "created", w.task(later))
	require.Equal(t, []int{1, 3}, []int{num(w.host()["cpu_number"]), num(w.host()["cpu_number_new"])})
	w.ok(http.StatusOK, "POST", "/vm/v3/host/1/stop", `{"force":true}`)
	require.Equal(t, "complete", w.task(later))
	require.Equal(t, 3, num(w.host()["cpu_number"]))
	require.Equal(t, 4006, w.code(http.StatusBadRequest, "POST", "/vm/v3/host/1/restart", `{}`))
	disk := itoa(num(at(w.host(), "disk", "id")))
	require.Equal(t, 3006, w.code(http.StatusBadRequest, "POST", "/vm/v3/disk/"+disk, `{"size_mib":20480}`), "a disk only grows")
	w.ok(http.StatusOK, "POST", "/vm/v3/disk/"+disk, `{"size_mib":20481}`)
	require.Equal(t, 20481, num(at(w.host(), "disk", "disk_mib")))
	w.ok(http.StatusOK, "DELETE", "/vm/v3/host/1", "")
	require.Empty(t, w.list("/vm/v3/host", ""))
	require.Equal(t, 0, num(at(w.list("/vm/v3/ippool", "id EQ 1")[0], "ipv4", "used")), "its address is free again")
}

func TestVMStateOutlivesARestart(t *testing.T) {
	t.Parallel()
	o := panels.Options{Dir: t.TempDir(), Delay: 10 * time.Minute}
	w := vm6World(t, o)
	w.ok(http.StatusOK, "POST", "/vm/v3/host", newHost)
	before := w.control(http.StatusOK, "GET", "vmmanager6", "")
	token := w.token
	w.close()
	w = openWorld(t, o)
	w.panel, w.token = "vmmanager6", token
	after := w.control(http.StatusOK, "GET", "vmmanager6", "")
	for _, part := range []string{"servers", "operations", "pools", "users", "now"} {
		require.Equal(t, before[part], after[part], part)
	}
	w.clock("2026-03-01T00:10:00Z")
	require.Equal(t, "active", w.host()["state"])
	w.control(http.StatusOK, "POST", "vmmanager6/reset", "")
	require.Empty(t, w.control(http.StatusOK, "GET", "vmmanager6", "")["servers"])
}

func TestVMSeriesSumUpToTheSetDay(t *testing.T) {
	t.Parallel()
	w := vm6World(t, panels.Options{})
	w.ok(http.StatusOK, "POST", "/vm/v3/host", newHost)
	for _, day := range []string{`{"in":1000003,"out":0,"burst_in_day":0.5}`, `{"in":7,"out":0,"burst_in_day":900}`, `{"in":999999999,"out":5}`} {
		w.control(http.StatusOK, "PUT", "vmmanager6/servers/1/traffic/2026-03-05", day)
		status, text, err := w.try("GET", "/vm/v3/host/1/metrics?target=net_rx&from=00:00_20260305&until=00:00_20260306", "")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		var series []struct{ Datapoints [][2]*json.Number }
		require.NoError(t, json.Unmarshal([]byte(text), &series))
		require.Len(t, series[0].Datapoints, 288)
		sum, gaps := new(big.Rat), 0
		for _, point := range series[0].Datapoints {
			if point[0] == nil {
				gaps++
				continue
			}
			rate, ok := new(big.Rat).SetString(point[0].String())
			require.True(t, ok)
			sum.Add(sum, rate)
		}
		require.Equal(t, 6, gaps)
		kib, _ := sum.Mul(sum, big.NewRat(300, 1024)).Float64()
		var set struct{ In float64 }
		require.NoError(t, json.Unmarshal([]byte(day), &set))
		require.InDelta(t, set.In, kib, 0.01)
	}
	status, text, err := w.try("GET", "/vm/v3/host/1/metrics?target=colour&from=00:00_20260305&until=00:00_20260306", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `[]`, text)
}
