package dcimanager6_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6"
	"github.com/tariffd/tariffd/internal/provision/panels"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

var brokenTwice = provisiontest.Fault{Method: "GET", Kind: "http_500", Times: 2}

const (
	adminPassword   = "secret"
	wrongPassword   = "wrong-password-5K"
	machinePassword = "first-password-7Q"
)

// shortWork is how long everything but an installation takes.
const shortWork = time.Minute

var epoch = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// world is one simulated panel behind a real HTTP server, steered by its control API as anybody may do.
type world struct {
	*testing.T
	url   string
	clock *clock.Fake
	mu    sync.Mutex
}

func newWorld(t *testing.T) *world { return newWorldOf(t, 10*time.Minute) }

// newWorldOf begins a panel that takes so long to install a system.
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
func (w *world) Break(f provisiontest.Fault) {
	path := "/dci"
	if f.Times == 0 && (f.Kind == "hold" || f.Kind == "timeout") {
		path = ""
	}
	w.control("POST", "/dcimanager6/faults", map[string]any{
		"method": f.Method, "path": path, "kind": f.Kind, "times": f.Times, "after": f.After,
	}, nil)
}

func (w *world) Mend() int {
	var faults struct {
		List []struct{ Fired int }
	}
	w.control("GET", "/dcimanager6/faults", nil, &faults)
	w.control("DELETE", "/dcimanager6/faults", nil, nil)
	struck := 0
	for _, f := range faults.List {
		struck += f.Fired
	}
	return struck
}

// shown is a server as the control API shows it.
type shown struct {
	ID            int
	Name          string
	Domain        string
	OwnerEmail    *string `json:"owner_email"`
	Power         string
	Suspended     bool
	Recovery      bool
	Configuration string
	OS            *struct{ Name string } `json:"os_template"`
	Ports         []struct {
		AdminStatus string `json:"admin_status"`
	}
	Addresses []struct {
		Name   string
		Status string
		PoolID int `json:"pool_id"`
	}
}

type view struct {
	Servers    []shown
	Operations []struct {
		Name     string
		ServerID int `json:"server_id"`
	}
	Users []struct{ Email string }
	Calls []struct{ Method, Path string }
}

func (w *world) view() (v view) {
	w.Helper()
	w.control("GET", "/dcimanager6", nil, &v)
	return v
}

func (w *world) server(ref provision.Ref) shown {
	w.Helper()
	for _, s := range w.view().Servers {
		if ref == provision.Ref(itoa(s.ID)) {
			return s
		}
	}
	require.FailNow(w, "no such server", "%s", ref)
	return shown{}
}

func itoa(n int) string {
	data, _ := json.Marshal(n)
	return string(data)
}

// objects counts the servers that carry the service's id anywhere.
func (w *world) objects(service actor.ServiceID) int {
	n := 0
	for _, s := range w.view().Servers {
		if strings.Contains(s.Name, string(service)) {
			n++
		}
	}
	return n
}

// installs counts how often a server's system was installed.
func (w *world) installs(ref provision.Ref) int {
	n := 0
	for _, op := range w.view().Operations {
		if op.Name == "os_install" && provision.Ref(itoa(op.ServerID)) == ref {
			n++
		}
	}
	return n
}

// config reaches the panel below a prefix; parameters are merged over a short time limit.
func (w *world) config(prefix, password string, parameters map[string]any) provision.Config {
	w.Helper()
	set := map[string]any{"timeout_seconds": 1}
	for k, v := range parameters {
		set[k] = v
	}
	connection, err := json.Marshal(map[string]any{
		"url": w.url + "/dcimanager6" + prefix, "username": "admin@example.com", "password": password,
	})
	require.NoError(w, err)
	chosen, err := json.Marshal(set)
	require.NoError(w, err)
	return provision.Config{
		Connection: connection, Parameters: chosen, Location: "3",
		Env: provision.Env{Transport: http.DefaultTransport, Now: w.clock.BusinessNow, UserAgent: "tariffd-test"},
	}
}

func (w *world) module(parameters map[string]any) provision.Module {
	w.Helper()
	m, err := dcimanager6.Driver().New(w.config("", adminPassword, parameters))
	require.NoError(w, err)
	return m
}

func spec() provision.Spec {
	return provision.Spec{
		ProductType: "dedicated", TariffCode: "E3", Location: "3", Domain: "ada.example",
		Client:   provision.Client{ID: "c-1", Email: "ada@example.org", Name: "Ada L", Username: "ada", Phone: "+44 1"},
		Settings: json.RawMessage(`{"configuration": "E3-1230-16GB", "template": "another driver's"}`),
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

func harness(delay time.Duration) provisiontest.Harness {
	return provisiontest.Harness{
		Driver: dcimanager6.Driver(),
		New: func(t *testing.T) provisiontest.World {
			w := newWorldOf(t, delay)
			sibling := w.config("/api", adminPassword, nil)
			wrong := w.config("", wrongPassword, nil)
			return provisiontest.World{
				Config: w.config("", adminPassword, nil), Sibling: &sibling, WrongLogin: &wrong, Spec: spec(),
				Advance: w.advance, Objects: w.objects, Network: w, Secrets: []string{wrongPassword, machinePassword},
			}
		},
	}
}

func TestConformance(t *testing.T) { provisiontest.Run(t, harness(10*time.Minute)) }
