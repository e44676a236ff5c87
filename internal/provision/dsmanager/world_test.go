package dsmanager_test

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

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dsmanager"
	"github.com/tariffd/tariffd/internal/provision/panels"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
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

// newWorldOf begins a panel that takes so long to install a server.
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

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock.Advance(d)
	w.control("PUT", "/clock", map[string]any{"now": w.clock.BusinessNow(), "mode": "frozen"}, nil)
}

// Break and Mend are the suite's way to the control API's faults.
func (w *world) Break(f provisiontest.Fault) { w.fault(f.Kind, f.Method, "", f.Times, f.After) }

func (w *world) fault(kind, method, path string, times, after int) {
	w.control("POST", "/dsmanager/faults", map[string]any{
		"method": method, "path": path, "kind": kind, "times": times, "after": after,
	}, nil)
}

func (w *world) Mend() int {
	var faults struct {
		List []struct{ Fired int }
	}
	w.control("GET", "/dsmanager/faults", nil, &faults)
	w.control("DELETE", "/dsmanager/faults", nil, nil)
	struck := 0
	for _, f := range faults.List {
		struck += f.Fired
	}
	return struck
}

// shown is a server as the control API shows it.
type shown struct {
	ID       int
	Name     string
	Hostname string
	Type     string
	Owner    *string
	Power    string
	Disabled bool
	IP       string
	OS       string `json:"ostemplate"`
}

type view struct {
	Servers    []shown
	Operations []struct {
		Name     string
		Status   string
		ServerID int `json:"server_id"`
	}
	Users []struct{ Name string }
}

func (w *world) view() (v view) {
	w.Helper()
	w.control("GET", "/dsmanager", nil, &v)
	return v
}

func (w *world) server(ref provision.Ref) shown {
	w.Helper()
	for _, s := range w.view().Servers {
		if strconv.Itoa(s.ID) == string(ref) {
			return s
		}
	}
	require.FailNow(w, "no such server", "%s", ref)
	return shown{}
}

// of returns the servers that carry the service's mark.
func (w *world) of(service actor.ServiceID) (out []shown) {
	w.Helper()
	for _, s := range w.view().Servers {
		if strings.Contains(s.Name, string(service)) {
			out = append(out, s)
		}
	}
	return out
}

func (w *world) objects(service actor.ServiceID) int { return len(w.of(service)) }

func (w *world) inService(service actor.ServiceID) bool {
	all := w.of(service)
	return len(all) == 1 && all[0].Power == "on" && !all[0].Disabled && all[0].Owner != nil
}

// runs counts how often something was begun on the service's server and did not fail.
func (w *world) runs(service actor.ServiceID, kind provision.Kind) (n int) {
	name := map[provision.Kind]string{provision.Reboot: "reboot", provision.Reinstall: "ostemplate"}[kind]
	v := w.view()
	for _, s := range w.of(service) {
		for _, op := range v.Operations {
			if op.Name == name && op.ServerID == s.ID && op.Status != "failed" {
				n++
			}
		}
	}
	return n
}

// config reaches the panel; parameters are merged over a short time limit.
func (w *world) config(password string, parameters map[string]any) provision.Config {
	w.Helper()
	set := map[string]any{"timeout_seconds": 1}
	for k, v := range parameters {
		set[k] = v
	}
	connection, err := json.Marshal(map[string]any{"url": w.url + "/dsmanager/dsmgr", "username": "admin", "password": password})
	require.NoError(w, err)
	chosen, err := json.Marshal(set)
	require.NoError(w, err)
	return provision.Config{
		Connection: connection, Parameters: chosen, ProductType: "dedicated",
		Env: provision.Env{Transport: http.DefaultTransport, Now: w.clock.BusinessNow, UserAgent: "tariffd-test"},
	}
}

func (w *world) module(parameters map[string]any) provision.Module {
	w.Helper()
	m, err := dsmanager.Driver().New(w.config(adminPassword, parameters))
	require.NoError(w, err)
	return m
}

func spec() provision.Spec {
	return provision.Spec{
		ProductType: "dedicated", TariffCode: "HPCorei5", Domain: "ada.example",
		Client:   provision.Client{ID: "c-0042", Email: "ada@example.org", Name: "Ada L", Username: "ada"},
		Settings: json.RawMessage(`{"template": "another driver's"}`),
		Password: machinePassword,
	}
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
		Driver: dsmanager.Driver(),
		New: func(t *testing.T) provisiontest.World {
			w := newWorldOf(t, delay)
			// Another address of the same panel, so that nothing of this process is shared.
			sibling, wrong := w.config(adminPassword, map[string]any{"login": "each_call"}), w.config(wrongPassword, nil)
			sibling.Connection = json.RawMessage(strings.Replace(string(sibling.Connection), "127.0.0.1", "localhost", 1))
			return provisiontest.World{
				Config: w.config(adminPassword, map[string]any{"login": "session"}), Sibling: &sibling, WrongLogin: &wrong, Spec: spec(),
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
		w.Config = panel.config(adminPassword, map[string]any{"timeout_seconds": 60, "login": "session"}) // a busy machine is no silent panel
		// Impatient below the driver's own time limit, whose unit is a second.
		transport := &http.Transport{ResponseHeaderTimeout: 120 * time.Millisecond}
		t.Cleanup(transport.CloseIdleConnections)
		impatient := w.Config
		impatient.Env.Transport, w.Impatient = transport, &impatient
		return w
	}
	provisiontest.Matrix(t, h)
}
