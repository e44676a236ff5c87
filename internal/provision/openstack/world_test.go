package openstack_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/openstack"
	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// world is one simulated cloud.
type world struct{ *paneltest.Console }

func newWorld(t *testing.T) *world { return newWorldOf(t, paneltest.Delay) }

// newWorldOf begins a cloud that takes so long to make a server.
func newWorldOf(t *testing.T, delay time.Duration) *world {
	t.Helper()
	return &world{paneltest.NewConsole(t, "openstack", "/Region", delay)}
}

// shown is a server as the control API shows it.
type shown struct {
	ID            string
	Name          string
	Location      string
	Status        string
	Task          string
	Locked        bool
	Configuration string
	OS            string `json:"os_template"`
	Metadata      map[string]string
	Groups        []string `json:"security_groups"`
	Addresses     []struct{ Network, IP string }
}

type view struct {
	Servers    []shown
	Operations []struct {
		Name     string
		ServerID string `json:"server_id"`
		Info     string `json:"status_info"`
	}
}

func (w *world) view() (v view) {
	w.Helper()
	w.Control("GET", "/openstack", nil, &v)
	return v
}

func (w *world) server(ref provision.Ref) shown {
	w.Helper()
	return paneltest.Find(w, w.view().Servers, func(s shown) bool { return s.ID == string(ref) })
}

// of returns the servers that carry the service's mark.
func (w *world) of(service actor.ServiceID) []shown {
	w.Helper()
	return slices.DeleteFunc(w.view().Servers, func(s shown) bool { return s.Metadata["tariffd_service"] != "svc-"+string(service) })
}

func (w *world) objects(service actor.ServiceID) int { return len(w.of(service)) }

func (w *world) inService(service actor.ServiceID) bool {
	all := w.of(service)
	return len(all) == 1 && all[0].Status == "ACTIVE" && all[0].Task == "" && !all[0].Locked
}

// runs counts how often something was begun on the service's server and did not fail.
func (w *world) runs(service actor.ServiceID, kind provision.Kind) (n int) {
	name := map[provision.Kind]string{provision.Reboot: "reboot", provision.Reinstall: "rebuild"}[kind]
	v := w.view()
	for _, s := range w.of(service) {
		for _, op := range v.Operations {
			if op.Name == name && op.ServerID == s.ID && op.Info == "" {
				n++
			}
		}
	}
	return n
}

// config reaches the cloud by one of Keystone's addresses.
func (w *world) config(keystone, password string, parameters map[string]any) provision.Config {
	w.Helper()
	c := w.Config(map[string]any{
		"url": w.URL("openstack", keystone), "username": "admin", "password": password, "project": "admin",
	}, parameters)
	c.Location = "RegionOne"
	return c
}

func (w *world) module(parameters map[string]any) provision.Module {
	w.Helper()
	return provisiontest.Connect(w, openstack.Driver(), w.config("", paneltest.AdminPassword, parameters))
}

func spec() provision.Spec {
	return provision.Spec{
		ProductType: "vds", TariffCode: "VPS", Location: "RegionOne", Domain: "ada.example",
		Client:   provision.Client{ID: "c-1", Email: "ada@example.org", Name: "Ada L", Username: "ada"},
		Settings: json.RawMessage(`{"flavor": "m1.small", "network": "public", "template": "another driver's"}`),
		Password: paneltest.MachinePassword,
	}
}

func settings(s provision.Spec, text string) provision.Spec {
	s.Settings = json.RawMessage(text)
	return s
}

func newOp(kind provision.Kind, of *provision.Op) provision.Op {
	return provisiontest.NewOp(kind, spec(), of)
}

func harness(delay time.Duration, parameters map[string]any) provisiontest.Harness {
	return provisiontest.Harness{
		Driver: openstack.Driver(),
		New: func(t *testing.T) provisiontest.World {
			w := newWorldOf(t, delay)
			suite := w.Suite(w.config("", paneltest.AdminPassword, parameters),
				w.config("/identity/v3", paneltest.AdminPassword, nil), w.config("", paneltest.WrongPassword, nil))
			changed := settings(spec(), `{"flavor": "m1.medium", "network": "public"}`)
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
