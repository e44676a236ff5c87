package dcimanager5_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5"
	"github.com/tariffd/tariffd/internal/provision/panels"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

const (
	adminPassword   = "secret"
	wrongPassword   = "wrong-password-5K"
	machinePassword = "first-password-7Q"
)

// The panels by their control names, with where each is served.
const (
	dci      = "dcimanager5"
	ipmgr    = "ipmanager5"
	licenses = "licenseserver"
)

var served = map[string]string{dci: "/dcimgr", ipmgr: "/ipmgr", licenses: "/billmgr"}

var epoch = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// world is the simulated panels behind a real HTTP server, steered by their control API as anybody may do.
type world struct {
	*testing.T
	url    string
	clock  *clock.Fake
	mu     sync.Mutex
	struck string           // whose calls Break strikes
	taken  map[string]bool  // addresses that other services have
	set    map[string]any   // parameters over the usual ones
	near   provision.Beside // what stands beside the panel
}

func newWorld(t *testing.T) *world { return newWorldOf(t, 10*time.Minute) }

// newWorldOf begins panels that take so long to install a system.
func newWorldOf(t *testing.T, delay time.Duration) *world {
	t.Helper()
	simulated, err := panels.New(panels.Options{Delay: delay})
	require.NoError(t, err)
	server := httptest.NewServer(simulated.Handler())
	t.Cleanup(func() {
		simulated.Release()
		server.Close()
		require.NoError(t, simulated.Close())
	})
	w := &world{T: t, url: server.URL, clock: clock.NewFake(epoch), struck: dci, taken: map[string]bool{}}
	w.advance(0)
	return w
}

// with puts an IP manager and a license server beside the panel.
func (w *world) with(parking string) *world {
	at := func(panel string) *provision.Endpoint {
		return &provision.Endpoint{URL: w.url + "/" + panel + served[panel], Username: "admin", Password: adminPassword}
	}
	w.near = provision.Beside{IPManager: at(ipmgr), LicenseServer: at(licenses)}
	w.set = map[string]any{"ip_manager_id": "1", "license_server_id": "2", "parking_ip_type": parking}
	return w
}

// control makes one call of the control API.
func (w *world) control(method, path string, body, into any) {
	w.Helper()
	data, err := json.Marshal(body)
	require.NoError(w, err)
	req, err := http.NewRequest(method, w.url+"/control"+path, bytes.NewReader(data))
	require.NoError(w, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(w, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(w, err)
	require.Less(w, resp.StatusCode, 300, string(answer))
	if into != nil {
		require.NoError(w, json.Unmarshal(answer, into))
	}
}

// vendor makes one call of a panel's own interface, as a person or another process might.
func (w *world) vendor(panel, form string) string {
	w.Helper()
	resp, err := http.Post(w.url+"/"+panel+served[panel], "application/x-www-form-urlencoded",
		strings.NewReader("authinfo=admin:secret&out=xml&"+form))
	require.NoError(w, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(w, err)
	require.NotContains(w, string(answer), "<error")
	return string(answer)
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock.Advance(d)
	w.control("PUT", "/clock", map[string]any{"now": w.clock.BusinessNow(), "mode": "frozen"}, nil)
}

// Break and Mend are the suite's way to the control API's faults.
func (w *world) Break(f provisiontest.Fault) {
	w.fault(w.struck, f.Kind, f.Method, "", f.Times, f.After)
}

func (w *world) fault(panel, kind, method, path string, times, after int) {
	w.control("POST", "/"+panel+"/faults", map[string]any{
		"method": method, "path": path, "kind": kind, "times": times, "after": after,
	}, nil)
}

func (w *world) Mend() int {
	var faults struct {
		List []struct{ Fired int }
	}
	w.control("GET", "/"+w.struck+"/faults", nil, &faults)
	w.control("DELETE", "/"+w.struck+"/faults", nil, nil)
	struck := 0
	for _, f := range faults.List {
		struck += f.Fired
	}
	return struck
}

// shown is a server as the control API shows it.
type shown struct {
	ID        int
	Name      string
	Hostname  string
	Type      string
	Owner     *string
	Power     string
	Disabled  bool
	IP        string
	Addresses []struct{ IP, Domain, Type string }
	OS        string `json:"ostemplate"`
	Recipe    string
	Operation *string
	Failed    bool `json:"operation_failed"`
}

type view struct {
	Servers    []shown
	Operations []struct {
		Name, Status string
		ServerID     int `json:"server_id"`
	}
	Users     []struct{ Name string }
	Addresses []given // of the IP manager
	Licenses  []license
	Calls     []struct{ Method, Path, Query string }
	Held      int
}

type given struct{ IP, IPType, Domain, Note string }

type license struct {
	ID          int
	Name        string `json:"licname"`
	IP, LicKey  string
	Pricelist   int
	AutoProlong string
	Status      int
	ExpireDate  string
}

func (w *world) view(panel string) (v view) {
	w.Helper()
	w.control("GET", "/"+panel, nil, &v)
	return v
}

func (w *world) server(ref provision.Ref) shown {
	w.Helper()
	for _, s := range w.view(dci).Servers {
		if ref == provision.Ref(strconv.Itoa(s.ID)) {
			return s
		}
	}
	require.FailNow(w, "no such server", "%s", ref)
	return shown{}
}

// of returns the servers that carry the service's id.
func (w *world) of(service actor.ServiceID) (out []shown) {
	w.Helper()
	for _, s := range w.view(dci).Servers {
		if strings.Contains(s.Name, string(service)) {
			out = append(out, s)
		}
	}
	return out
}

// objects counts the servers of a service, and holds the addresses and licenses beside them to it: without a server there are none.
func (w *world) objects(service actor.ServiceID) int {
	w.Helper()
	n := len(w.of(service))
	active := 0
	for _, x := range w.view(licenses).Licenses {
		if strings.Contains(x.Name, string(service)) && x.Status != 3 && x.Status != 4 {
			active++
		}
	}
	require.LessOrEqual(w, active, n, "licenses that work")
	if n == 0 {
		for _, a := range w.view(ipmgr).Addresses {
			require.NotContains(w, a.Note, string(service), "an address was left behind")
		}
	}
	return n
}

func (w *world) inService(service actor.ServiceID) bool {
	all := w.of(service)
	return len(all) == 1 && !all[0].Disabled && all[0].Power == "on"
}

// runs counts how often something was begun on the service's server and did not fail.
func (w *world) runs(service actor.ServiceID, kind provision.Kind) (n int) {
	name := map[provision.Kind]string{provision.Reboot: "reboot", provision.Reinstall: "ostemplate", provision.Open: "ostemplate"}[kind]
	v := w.view(dci)
	for _, s := range w.of(service) {
		for _, op := range v.Operations {
			if op.Name == name && op.ServerID == s.ID && op.Status != "failed" {
				n++
			}
		}
	}
	return n
}

// config reaches the panel; parameters are merged over the world's and a short time limit.
func (w *world) config(password string, parameters map[string]any) provision.Config {
	w.Helper()
	set := map[string]any{"timeout_seconds": 1}
	for _, more := range []map[string]any{w.set, parameters} {
		for k, v := range more {
			set[k] = v
		}
	}
	connection, err := json.Marshal(map[string]any{"url": w.url + "/" + dci + "/dcimgr", "username": "admin", "password": password})
	require.NoError(w, err)
	chosen, err := json.Marshal(set)
	require.NoError(w, err)
	return provision.Config{
		Connection: connection, Parameters: chosen, Beside: w.near,
		Env: provision.Env{
			Transport: http.DefaultTransport, Now: w.clock.BusinessNow, UserAgent: "tariffd-test", AddressTaken: w.addressTaken,
		},
	}
}

func (w *world) module(parameters map[string]any) provision.Module {
	w.Helper()
	m, err := dcimanager5.Driver().New(w.config(adminPassword, parameters))
	require.NoError(w, err)
	return m
}

func spec() provision.Spec {
	return provision.Spec{
		ProductType: "dedicated", TariffCode: "HP", Domain: "ada.example",
		Client:   provision.Client{ID: "0192c1aa-0000-7000-8000-0000000000c1", Email: "ada@example.org", Name: "Ada L", Username: "ada"},
		Settings: json.RawMessage(`{"server_type": "HPCorei5", "configuration": "another driver's"}`),
		Password: machinePassword,
	}
}

func amount(text string) provision.AddOn {
	n := decimal.RequireFromString(text)
	return provision.AddOn{Amount: &n, Unit: "piece"}
}

func item(code string) provision.AddOn { return provision.AddOn{Item: code} }

type addOns = map[string]provision.AddOn

func having(s provision.Spec, a addOns) provision.Spec {
	s.AddOns = a
	return s
}

func newOp(kind provision.Kind, of *provision.Op) provision.Op {
	op := provision.Op{Kind: kind, Key: actor.NewID(), ServiceID: actor.ServiceID(actor.NewID()), Spec: spec()}
	if of != nil {
		op.ServiceID, op.Ref, op.Spec = of.ServiceID, of.Ref, of.Spec
	}
	return op
}

// run applies an operation to its end and moves the clock as it asks.
func (w *world) run(m provision.Module, op *provision.Op) (provision.Outcome, error) {
	w.Helper()
	for range 200 {
		out, err := m.Apply(w.Context(), *op)
		if err != nil || out.State != provision.Pending {
			if out.Ref != "" {
				op.Ref = out.Ref
			}
			return out, err
		}
		op.Memo = out.Memo
		w.advance(out.After)
	}
	require.FailNow(w, "no end")
	return provision.Outcome{}, nil
}

func (w *world) mustRun(m provision.Module, op *provision.Op) provision.Outcome {
	w.Helper()
	out, err := w.run(m, op)
	require.NoError(w, err)
	return out
}

func (w *world) open(m provision.Module, s provision.Spec) (provision.Op, provision.Outcome) {
	w.Helper()
	op := newOp(provision.Open, nil)
	op.Spec = s
	out := w.mustRun(m, &op)
	op.Memo = nil
	return op, out
}

func refused(t *testing.T, err error, code string) *provision.Failure {
	t.Helper()
	failure, ok := provision.FailureOf(err)
	require.Truef(t, ok, "a failure is expected, not %v", err)
	require.Equal(t, provision.Rejected, failure.Kind, err)
	require.Equal(t, code, failure.Code, err)
	return failure
}

// harness is the suite's, of panels whose calls are struck at one of them; full puts the others beside the panel.
func harness(delay time.Duration, struck string, full bool) provisiontest.Harness {
	return provisiontest.Harness{
		Driver: dcimanager5.Driver(),
		New: func(t *testing.T) provisiontest.World {
			w := newWorldOf(t, delay)
			w.struck = struck
			want := spec()
			changed := having(spec(), addOns{"ipv4_public": amount("3"), "ipv6": amount("1")})
			if full {
				w.with("parking")
				want = having(want, addOns{"ipv4_public": amount("2"), "control_panel": item("ispmanager_lite")})
				changed.AddOns["control_panel"] = item("ispmanager_pro")
			}
			sibling := w.config(adminPassword, map[string]any{"format": "json", "login": "each_call"})
			wrong := w.config(wrongPassword, nil)
			return provisiontest.World{
				Config: w.config(adminPassword, nil), Sibling: &sibling, WrongLogin: &wrong, Spec: want, Changed: &changed,
				Advance: w.advance, Objects: w.objects, InService: w.inService, Runs: w.runs, Network: w,
				Secrets: []string{wrongPassword, machinePassword},
			}
		},
	}
}

func TestConformance(t *testing.T) { provisiontest.Run(t, harness(10*time.Minute, dci, false)) }

func TestConformanceWithSystemsBeside(t *testing.T) {
	provisiontest.Run(t, harness(10*time.Minute, dci, true))
}
