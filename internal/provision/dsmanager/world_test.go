package dsmanager_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dsmanager"
	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// world is one simulated panel.
type world struct{ *paneltest.Console }

func newWorld(t *testing.T) *world { return newWorldOf(t, paneltest.Delay) }

// newWorldOf begins a panel that takes so long to install a server.
func newWorldOf(t *testing.T, delay time.Duration) *world {
	t.Helper()
	return &world{paneltest.NewConsole(t, "dsmanager", "", delay)}
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
	w.Control("GET", "/dsmanager", nil, &v)
	return v
}

func (w *world) server(ref provision.Ref) shown {
	w.Helper()
	return paneltest.Find(w, w.view().Servers, func(s shown) bool { return strconv.Itoa(s.ID) == string(ref) })
}

// of returns the servers that carry the service's mark.
func (w *world) of(service actor.ServiceID) []shown {
	w.Helper()
	return slices.DeleteFunc(w.view().Servers, func(s shown) bool { return !strings.Contains(s.Name, string(service)) })
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

func (w *world) config(password string, parameters map[string]any) provision.Config {
	w.Helper()
	c := w.Config(map[string]any{"url": w.URL("dsmanager", "/dsmgr"), "username": "admin", "password": password}, parameters)
	c.ProductType = "dedicated"
	return c
}

func (w *world) module(parameters map[string]any) provision.Module {
	w.Helper()
	return provisiontest.Connect(w, dsmanager.Driver(), w.config(paneltest.AdminPassword, parameters))
}

// colocation is a module of the same panel for clients' own servers.
func (w *world) colocation() provision.Module {
	w.Helper()
	c := w.config(paneltest.AdminPassword, nil)
	c.ProductType = "colocation"
	return provisiontest.Connect(w, dsmanager.Driver(), c)
}

func spec() provision.Spec {
	return provision.Spec{
		ProductType: "dedicated", TariffCode: "HPCorei5", Domain: "ada.example",
		Client:   provision.Client{ID: "c-0042", Email: "ada@example.org", Name: "Ada L", Username: "ada"},
		Settings: json.RawMessage(`{"template": "another driver's"}`),
		Password: paneltest.MachinePassword,
	}
}

func newOp(kind provision.Kind, of *provision.Op) provision.Op {
	return provisiontest.NewOp(kind, spec(), of)
}

// harness is the suite's, of a module that signs in with these parameters.
func harness(delay time.Duration, parameters map[string]any) provisiontest.Harness {
	return provisiontest.Harness{
		Driver: dsmanager.Driver(),
		New: func(t *testing.T) provisiontest.World {
			w := newWorldOf(t, delay)
			// Another address of the same panel, so that nothing of this process is shared.
			sibling := w.config(paneltest.AdminPassword, map[string]any{"login": "each_call"})
			sibling.Connection = json.RawMessage(strings.Replace(string(sibling.Connection), "127.0.0.1", "localhost", 1))
			suite := w.Suite(w.config(paneltest.AdminPassword, parameters), sibling, w.config(paneltest.WrongPassword, nil))
			suite.Spec, suite.Objects, suite.InService, suite.Runs = spec(), w.objects, w.inService, w.runs
			return suite
		},
	}
}

func TestConformance(t *testing.T) {
	provisiontest.Run(t, harness(paneltest.Delay, map[string]any{"login": "session"}))
}

func TestFaultMatrix(t *testing.T) {
	provisiontest.Matrix(t, harness(paneltest.ShortDelay, map[string]any{"login": "session", "timeout_seconds": paneltest.PatientSeconds}))
}
