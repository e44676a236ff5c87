package dcimanager6_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6"
	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// shortWork is how long everything but an installation takes.
const shortWork = time.Minute

// world is one simulated panel.
type world struct{ *paneltest.Console }

func newWorld(t *testing.T) *world { return newWorldOf(t, paneltest.Delay) }

// newWorldOf begins a panel that takes so long to install a system.
func newWorldOf(t *testing.T, delay time.Duration) *world {
	t.Helper()
	return &world{paneltest.NewConsole(t, "dcimanager6", "/dci", delay)}
}

// vendor makes one call of the panel's own interface, which answers with an object.
func (w *world) vendor(path string, body any) {
	w.Helper()
	w.Vendor("POST", path, body, &map[string]any{})
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
}

func (w *world) view() (v view) {
	w.Helper()
	w.Control("GET", "/dcimanager6", nil, &v)
	return v
}

func (w *world) server(ref provision.Ref) shown {
	w.Helper()
	return paneltest.Find(w, w.view().Servers, func(s shown) bool { return strconv.Itoa(s.ID) == string(ref) })
}

// of returns the servers that carry the service's id anywhere.
func (w *world) of(service actor.ServiceID) []shown {
	w.Helper()
	return slices.DeleteFunc(w.view().Servers, func(s shown) bool { return !strings.Contains(s.Name, string(service)) })
}

func (w *world) objects(service actor.ServiceID) int { return len(w.of(service)) }

// inService tells whether the service's one server is connected and on.
func (w *world) inService(service actor.ServiceID) bool {
	all := w.of(service)
	return len(all) == 1 && !all[0].Suspended && all[0].Power == "on"
}

// runs counts how often what cannot be repeated was begun on the service's server.
func (w *world) runs(service actor.ServiceID, kind provision.Kind) (n int) {
	begun := map[provision.Kind][]string{provision.Reboot: {"power_reset", "power_on", "recovery"}, provision.Reinstall: {"os_install"}}[kind]
	v := w.view()
	for _, s := range w.of(service) {
		for _, op := range v.Operations {
			if op.ServerID == s.ID && slices.Contains(begun, op.Name) {
				n++
			}
		}
	}
	return n
}

// installs counts how often a server's system was installed.
func (w *world) installs(ref provision.Ref) int {
	n := 0
	for _, op := range w.view().Operations {
		if op.Name == "os_install" && strconv.Itoa(op.ServerID) == string(ref) {
			n++
		}
	}
	return n
}

// config reaches the panel below a prefix.
func (w *world) config(prefix, password string, parameters map[string]any) provision.Config {
	w.Helper()
	c := w.Config(map[string]any{"url": w.URL("dcimanager6", prefix), "username": "admin@example.com", "password": password}, parameters)
	c.Location = "3"
	return c
}

func (w *world) module(parameters map[string]any) provision.Module {
	w.Helper()
	return provisiontest.Connect(w, dcimanager6.Driver(), w.config("", paneltest.AdminPassword, parameters))
}

// sibling is the module as another process has it: no lock and no login in common, and patient with a held call.
func (w *world) sibling() provision.Module {
	w.Helper()
	return provisiontest.Connect(w, dcimanager6.Driver(), w.config("/api", paneltest.AdminPassword, map[string]any{"timeout_seconds": 30}))
}

func spec() provision.Spec {
	return provision.Spec{
		ProductType: "dedicated", TariffCode: "E3", Location: "3", Domain: "ada.example",
		Client:   provision.Client{ID: "c-1", Email: "ada@example.org", Name: "Ada L", Username: "ada", Phone: "+44 1"},
		Settings: json.RawMessage(`{"configuration": "E3-1230-16GB", "template": "another driver's"}`),
		Password: paneltest.MachinePassword,
	}
}

func newOp(kind provision.Kind, of *provision.Op) provision.Op {
	return provisiontest.NewOp(kind, spec(), of)
}

func harness(delay time.Duration, parameters map[string]any) provisiontest.Harness {
	return provisiontest.Harness{
		Driver: dcimanager6.Driver(),
		New: func(t *testing.T) provisiontest.World {
			w := newWorldOf(t, delay)
			suite := w.Suite(w.config("", paneltest.AdminPassword, parameters),
				w.config("/api", paneltest.AdminPassword, nil), w.config("", paneltest.WrongPassword, nil))
			changed := withAddresses(provision.Op{Spec: spec()}, 3).Spec
			suite.Spec, suite.Changed = spec(), &changed
			suite.Objects, suite.InService, suite.Runs = w.objects, w.inService, w.runs
			return suite
		},
	}
}

func TestConformance(t *testing.T) { provisiontest.Run(t, harness(paneltest.Delay, nil)) }

func TestFaultMatrix(t *testing.T) {
	provisiontest.Matrix(t, harness(paneltest.ShortDelay, map[string]any{"timeout_seconds": paneltest.PatientSeconds}))
}

// A suspension that also switches the machine off, and a resumption that switches it on, are two calls each.
func TestFaultMatrixOfPower(t *testing.T) {
	h := harness(paneltest.ShortDelay, map[string]any{"timeout_seconds": paneltest.PatientSeconds, "power_sync": "on_off"})
	h.Ops = []provision.Kind{provision.Suspend, provision.Resume}
	provisiontest.Matrix(t, h)
}
