package vmmanager6_test

import (
	"encoding/json"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"

	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
)

const (
	newAccount = `{"email":"u@example.com","password":"pw","role":"@user"}`
	newHost    = `{"name":"one","cluster":1,"account":2,"os":1,"password":"pw","preset":1,"ipv4_number":1,"ipv4_pool":[1],"comment":"c"}`
)

// vm6World is a VMmanager with one client.
func vm6World(t *testing.T, o panels.Options) *paneltest.World {
	t.Helper()
	w := paneltest.OpenWorld(t, o)
	w.Panel = "vmmanager6"
	w.Clock("2026-03-01T00:00:00Z")
	w.SignIn()
	w.OK(http.StatusOK, "POST", "/vm/v3/account", newAccount)
	return w
}

// host is the machine's row of the list, which is whole.
func host(w *paneltest.World) paneltest.Object {
	w.T.Helper()
	rows := w.List("/vm/v3/host", "id EQ 1")
	require.Len(w.T, rows, 1)
	return rows[0].(paneltest.Object)
}

// task tells how far the task of an answer has come, by the queue's number.
func task(w *paneltest.World, answer paneltest.Object) string {
	w.T.Helper()
	rows := w.List("/vm/v3/task", "consul_id EQ "+strconv.Itoa(paneltest.Num(answer["task"])))
	require.Len(w.T, rows, 1)
	return rows[0].(paneltest.Object)["status"].(string)
}

func TestVMIsMadeInTime(t *testing.T) {
	t.Parallel()
	w := vm6World(t, panels.Options{Delay: 10 * time.Minute})
	made := w.OK(http.StatusOK, "POST", "/vm/v3/host", strings.Replace(newHost, `"comment"`, `"recipe_list":[{"recipe":1}],"comment"`, 1))
	recipe := paneltest.Object{"task": made["recipe_task"]}
	require.Equal(t, "creating", host(w)["state"])
	require.Equal(t, []string{"running", "created"}, []string{task(w, made), task(w, recipe)})
	require.Equal(t, 4001, w.Code(http.StatusConflict, "POST", "/vm/v3/host/1/stop", `{}`))
	w.Clock("2026-03-01T00:10:00Z")
	require.Equal(t, []string{"complete", "running"}, []string{task(w, made), task(w, recipe)})
	require.Equal(t, "active", host(w)["state"])
	w.Clock("2026-03-01T00:11:00Z")
	require.Equal(t, "complete", task(w, recipe))
	rows := w.List("/vm/v3/task", "id EQ "+strconv.Itoa(paneltest.Num(made["task"])))
	require.Empty(t, rows, "the queue's number is no row's")
	short := w.OK(http.StatusOK, "GET", "/vm/v3/host/1", "")
	require.NotContains(t, short, "account", "a machine alone is shown in a short form")
	require.Len(t, w.List("/vm/v3/host/1/history", ""), 2)
}

func TestVMBodiesAreStrict(t *testing.T) {
	t.Parallel()
	w := vm6World(t, panels.Options{})
	for spoil, code := range map[string]int{
		`"colour":1,`: 3008, `"cpu_number":2,`: 3006, `"domain":7,`: 3003,
	} {
		require.Equal(t, code, w.Code(http.StatusBadRequest, "POST", "/vm/v3/host", strings.Replace(newHost, `{`, `{`+spoil, 1)), spoil)
	}
	for _, change := range [][2]string{{`"cluster":1`, `"cluster":9`}, {`"os":1`, `"os":3`}, {`"account":2`, `"account":9`}, {`"preset":1`, `"preset":2`}, {`[1]`, `[9]`}, {`"pw"`, `""`}} {
		require.Equal(t, 3006, w.Code(http.StatusBadRequest, "POST", "/vm/v3/host", strings.Replace(newHost, change[0], change[1], 1)), change)
	}
	w.Control(http.StatusCreated, "POST", "vmmanager6/pools", `{"name":"Tiny","network":"192.0.2.0/30","clusters":["KVM"]}`)
	require.Equal(t, 4003, w.Code(http.StatusBadRequest, "POST", "/vm/v3/host", strings.NewReplacer(`[1]`, `[4]`, `"ipv4_number":1`, `"ipv4_number":2`).Replace(newHost)))
	require.Empty(t, w.List("/vm/v3/host", ""))
	require.Equal(t, 4005, w.Code(http.StatusBadRequest, "POST", "/vm/v3/account", newAccount))
}

func TestVMSizesChangeOnlyStoppedOrLater(t *testing.T) {
	t.Parallel()
	w := vm6World(t, panels.Options{})
	w.OK(http.StatusOK, "POST", "/vm/v3/host", newHost)
	require.Equal(t, 4006, w.Code(http.StatusBadRequest, "POST", "/vm/v3/host/1/resource", `{"cpu_number":3}`))
	later := w.OK(http.StatusOK, "POST", "/vm/v3/host/1/resource", `{"cpu_number":3,"defer":{"action":"host_stop"}}`)
	require.Equal(t, "created", task(w, later))
	require.Equal(t, []int{1, 3}, []int{paneltest.Num(host(w)["cpu_number"]), paneltest.Num(host(w)["cpu_number_new"])})
	w.OK(http.StatusOK, "POST", "/vm/v3/host/1/stop", `{"force":true}`)
	require.Equal(t, "complete", task(w, later))
	require.Equal(t, 3, paneltest.Num(host(w)["cpu_number"]))
	require.Equal(t, 4006, w.Code(http.StatusBadRequest, "POST", "/vm/v3/host/1/restart", `{}`))
	disk := strconv.Itoa(paneltest.Num(paneltest.At(host(w), "disk", "id")))
	require.Equal(t, 3006, w.Code(http.StatusBadRequest, "POST", "/vm/v3/disk/"+disk, `{"size_mib":20480}`), "a disk only grows")
	w.OK(http.StatusOK, "POST", "/vm/v3/disk/"+disk, `{"size_mib":20481}`)
	require.Equal(t, 20481, paneltest.Num(paneltest.At(host(w), "disk", "disk_mib")))
	w.OK(http.StatusOK, "DELETE", "/vm/v3/host/1", "")
	require.Empty(t, w.List("/vm/v3/host", ""))
	require.Equal(t, 0, paneltest.Num(paneltest.At(w.List("/vm/v3/ippool", "id EQ 1")[0], "ipv4", "used")), "its address is free again")
}

func TestVMStateOutlivesARestart(t *testing.T) {
	t.Parallel()
	o := panels.Options{Dir: t.TempDir(), Delay: 10 * time.Minute}
	w := vm6World(t, o)
	w.OK(http.StatusOK, "POST", "/vm/v3/host", newHost)
	before := w.Control(http.StatusOK, "GET", "vmmanager6", "")
	token := w.Token
	w.Close()
	w = paneltest.OpenWorld(t, o)
	w.Panel, w.Token = "vmmanager6", token
	after := w.Control(http.StatusOK, "GET", "vmmanager6", "")
	for _, part := range []string{"servers", "operations", "pools", "users", "now"} {
		require.Equal(t, before[part], after[part], part)
	}
	w.Clock("2026-03-01T00:10:00Z")
	require.Equal(t, "active", host(w)["state"])
	w.Control(http.StatusOK, "POST", "vmmanager6/reset", "")
	require.Empty(t, w.Control(http.StatusOK, "GET", "vmmanager6", "")["servers"])
}

func TestVMSeriesSumUpToTheSetDay(t *testing.T) {
	t.Parallel()
	w := vm6World(t, panels.Options{})
	w.OK(http.StatusOK, "POST", "/vm/v3/host", newHost)
	for _, day := range []string{`{"in":1000003,"out":0,"burst_in_day":0.5}`, `{"in":7,"out":0,"burst_in_day":900}`, `{"in":999999999,"out":5}`} {
		w.Control(http.StatusOK, "PUT", "vmmanager6/servers/1/traffic/2026-03-05", day)
		status, text, err := w.Try("GET", "/vm/v3/host/1/metrics?target=net_rx&from=00:00_20260305&until=00:00_20260306", "")
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
	status, text, err := w.Try("GET", "/vm/v3/host/1/metrics?target=colour&from=00:00_20260305&until=00:00_20260306", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `[]`, text)
}
