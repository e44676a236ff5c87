package vmmanager6_test

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
	"github.com/tariffd/tariffd/internal/provision/panels"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6"
)

const (
	adminPassword   = "secret"
	wrongPassword   = "wrong-password-5K"
	machinePassword = "first-password-7Q"
)

var epoch = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// world is one simulated panel behind a real HTTP server, steered by its control API as anybody may do.
type world struct {
	*testing.T
	url   string
	clock *clock.Fake
	mu    sync.Mutex
}

func newWorld(t *testing.T) *world { return newWorldOf(t, 10*time.Minute) }

// newWorldOf begins a panel that takes so long to make a machine.
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
	w := &world{T: t, url: server.URL, clock: clock.NewFake(epoch)}
	w.advance(0)
	return w
}

// control makes one call of the control API.
func (w *world) control(method, path string, body, into any) {
	w.Helper()
	w.call(method, w.url+"/control"+path, "", body, into)
}

// vendor makes one call of the panel's own interface, as a person or another process might.
func (w *world) vendor(method, path string, body, into any) {
	w.Helper()
	var login struct{ Token string }
	base := w.url + "/vmmanager6"
	w.call("POST", base+"/auth/v4/public/token", "", map[string]string{"email": "admin@example.com", "password": adminPassword}, &login)
	w.call(method, base+path, login.Token, body, into)
}

func (w *world) call(method, url, token string, body, into any) {
	w.Helper()
	data, err := json.Marshal(body)
	require.NoError(w, err)
	req, err := http.NewRequest(method, url, bytes.NewReader(data))
	require.NoError(w, err)
	req.Header.Set("x-xsrf-token", token)
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

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock.Advance(d)
	w.control("PUT", "/clock", map[string]any{"now": w.clock.BusinessNow(), "mode": "frozen"}, nil)
}

// Break and Mend are the suite's way to the control API's faults.
func (w *world) Break(f provisiontest.Fault) {
	path := "/vm"
	if f.Times == 0 && (f.Kind == "hold" || f.Kind == "timeout") {
		path = ""
	}
	w.fault(f.Kind, f.Method, path, f.Times, f.After)
}

func (w *world) fault(kind, method, path string, times, after int) {
	w.control("POST", "/vmmanager6/faults", map[string]any{
		"method": method, "path": path, "kind": kind, "times": times, "after": after,
	}, nil)
}

func (w *world) Mend() int {
	var faults struct {
		List []struct{ Fired int }
	}
	w.control("GET", "/vmmanager6/faults", nil, &faults)
	w.control("DELETE", "/vmmanager6/faults", nil, nil)
	struck := 0
	for _, f := range faults.List {
		struck += f.Fired
	}
	return struck
}

// shown is a machine as the control API shows it.
type shown struct {
	ID         int
	Name       string
	Comment    string
	Domain     string
	Cluster    string
	OwnerEmail *string `json:"owner_email"`
	Preset     string
	CPUMode    string `json:"cpu_mode"`
	State      string
	Disabled   bool
	OS         *struct{ Name string } `json:"os_template"`
	Recipes    []int
	CPU        int
	RAM        int `json:"ram_mib"`
	Disk       int `json:"disk_mib"`
	NetIn      int `json:"net_in_mbitps"`
	NetOut     int `json:"net_out_mbitps"`
	IPv6       bool
	Ports      []struct {
		Node string `json:"node_interface"`
	}
	Addresses []struct {
		ID        int
		Name      string
		Interface string
		PoolID    int `json:"pool_id"`
	}
}

type view struct {
	Servers    []shown
	Operations []struct {
		Name     string
		Status   string
		ServerID int `json:"server_id"`
	}
	Users []struct{ Email, Role string }
	Pools []struct{ ID, Free int }
	Calls []struct{ Method, Path string }
	Held  int
}

func (w *world) view() (v view) {
	w.Helper()
	w.control("GET", "/vmmanager6", nil, &v)
	return v
}

func (w *world) machine(ref provision.Ref) shown {
	w.Helper()
	for _, s := range w.view().Servers {
		if ref == provision.Ref(strconv.Itoa(s.ID)) {
			return s
		}
	}
	require.FailNow(w, "no such machine", "%s", ref)
	return shown{}
}

// of returns the machines that carry the service's id.
func (w *world) of(service actor.ServiceID) (out []shown) {
	w.Helper()
	for _, s := range w.view().Servers {
		if strings.Contains(s.Comment, string(service)) || strings.Contains(s.Name, string(service)) {
			out = append(out, s)
		}
	}
	return out
}

func (w *world) objects(service actor.ServiceID) int { return len(w.of(service)) }

func (w *world) inService(service actor.ServiceID) bool {
	all := w.of(service)
	return len(all) == 1 && all[0].State == "active" && !all[0].Disabled
}

// runs counts how often something was begun on the service's machine and did not fail.
func (w *world) runs(service actor.ServiceID, kind provision.Kind) (n int) {
	name := map[provision.Kind]string{
		provision.Reboot: "host_restart", provision.Reinstall: "host_reinstall", provision.Open: "host_create",
	}[kind]
	v := w.view()
	for _, s := range w.of(service) {
		for _, op := range v.Operations {
			if op.Name == name && op.ServerID == s.ID && op.Status != "fail" {
				n++
			}
		}
	}
	return n
}

// config reaches the panel below a prefix; parameters are merged over a short time limit.
func (w *world) config(prefix, password string, parameters map[string]any) provision.Config {
	w.Helper()
	set := map[string]any{"timeout_seconds": 3, "cluster": "KVM", "use_recipes": true}
	for k, v := range parameters {
		set[k] = v
	}
	connection, err := json.Marshal(map[string]any{
		"url": w.url + "/vmmanager6" + prefix, "username": "admin@example.com", "password": password,
	})
	require.NoError(w, err)
	chosen, err := json.Marshal(set)
	require.NoError(w, err)
	return provision.Config{
		Connection: connection, Parameters: chosen,
		Env: provision.Env{Transport: http.DefaultTransport, Now: w.clock.BusinessNow, UserAgent: "tariffd-test"},
	}
}

func (w *world) module(parameters map[string]any) provision.Module {
	w.Helper()
	m, err := vmmanager6.Driver().New(w.config("", adminPassword, parameters))
	require.NoError(w, err)
	return m
}

// sibling is the module as another process has it: no lock and no login in common, and patient with a held call.
func (w *world) sibling() provision.Module {
	w.Helper()
	m, err := vmmanager6.Driver().New(w.config("/api", adminPassword, map[string]any{"timeout_seconds": 30}))
	require.NoError(w, err)
	return m
}

func spec() provision.Spec {
	return provision.Spec{
		ProductType: "vds", TariffCode: "VPS", Domain: "ada.example",
		Client:     provision.Client{ID: "c-1", Email: "ada@example.org", Name: "Ada L", Username: "ada", Phone: "+44 1"},
		Settings:   json.RawMessage(`{"template": "Basic", "configuration": "another driver's"}`),
		Parameters: map[string]json.RawMessage{"recipe": json.RawMessage(`"docker"`)},
		Password:   machinePassword,
	}
}

// sized is the spec with add-ons, written as code, amount, unit.
func sized(s provision.Spec, addOns ...string) provision.Spec {
	s.AddOns = map[string]provision.AddOn{}
	for i := 0; i < len(addOns); i += 3 {
		amount := decimal.RequireFromString(addOns[i+1])
		s.AddOns[addOns[i]] = provision.AddOn{Amount: &amount, Unit: addOns[i+2]}
	}
	return s
}

func with(s provision.Spec, code, value string) provision.Spec {
	raw, _ := json.Marshal(value)
	s.Parameters = map[string]json.RawMessage{code: raw}
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

func (w *world) open(m provision.Module) (provision.Op, provision.Outcome) {
	w.Helper()
	op := newOp(provision.Open, nil)
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

func harness(delay time.Duration) provisiontest.Harness {
	return provisiontest.Harness{
		Driver: vmmanager6.Driver(),
		New: func(t *testing.T) provisiontest.World {
			w := newWorldOf(t, delay)
			sibling, wrong := w.config("/api", adminPassword, nil), w.config("", wrongPassword, nil)
			changed := sized(spec(), "cpu", "2", "piece", "ram", "4", "GiB", "disk", "40", "GiB", "ipv4", "3", "piece", "ipv6", "1", "piece")
			return provisiontest.World{
				Config: w.config("", adminPassword, nil), Sibling: &sibling, WrongLogin: &wrong, Spec: spec(), Changed: &changed,
				Advance: w.advance, Objects: w.objects, InService: w.inService, Runs: w.runs, Network: w,
				Secrets: []string{wrongPassword, machinePassword},
			}
		},
	}
}

func TestConformance(t *testing.T) { provisiontest.Run(t, harness(10*time.Minute)) }

func TestFaultMatrix(t *testing.T) {
	h := harness(40 * time.Second) // few looks, so that the calls are few that can fail
	fresh := h.New
	h.New = func(t *testing.T) provisiontest.World {
		w := fresh(t)
		panel := w.Network.(*world)
		w.Config = panel.config("", adminPassword, map[string]any{"timeout_seconds": 60}) // a busy machine is no silent panel
		// Impatient below the driver's own time limit, whose unit is a second.
		transport := &http.Transport{ResponseHeaderTimeout: 250 * time.Millisecond}
		t.Cleanup(transport.CloseIdleConnections)
		impatient := w.Config
		impatient.Env.Transport, w.Impatient = transport, &impatient
		return w
	}
	provisiontest.Matrix(t, h)
}
