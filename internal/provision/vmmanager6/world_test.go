package vmmanager6_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6"
)

// world is one simulated panel.
type world struct{ *paneltest.Console }

func newWorld(t *testing.T) *world { return newWorldOf(t, paneltest.Delay) }

// newWorldOf begins a panel that takes so long to make a machine.
func newWorldOf(t *testing.T, delay time.Duration) *world {
	t.Helper()
	return &world{paneltest.NewConsole(t, "vmmanager6", "/vm", delay)}
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
}

func (w *world) view() (v view) {
	w.Helper()
	w.Control("GET", "/vmmanager6", nil, &v)
	return v
}

func (w *world) machine(ref provision.Ref) shown {
	w.Helper()
	return paneltest.Find(w, w.view().Servers, func(s shown) bool { return strconv.Itoa(s.ID) == string(ref) })
}

// of returns the machines that carry the service's id.
func (w *world) of(service actor.ServiceID) []shown {
	w.Helper()
	return slices.DeleteFunc(w.view().Servers, func(s shown) bool {
		return !strings.Contains(s.Comment, string(service)) && !strings.Contains(s.Name, string(service))
	})
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

// config reaches the panel below a prefix.
func (w *world) config(prefix, password string, parameters map[string]any) provision.Config {
	w.Helper()
	return w.Config(map[string]any{"url": w.URL("vmmanager6", prefix), "username": "admin@example.com", "password": password},
		map[string]any{"timeout_seconds": 3, "cluster": "KVM", "use_recipes": true}, parameters)
}

func (w *world) module(parameters map[string]any) provision.Module {
	w.Helper()
	return provisiontest.Connect(w, vmmanager6.Driver(), w.config("", paneltest.AdminPassword, parameters))
}

// sibling is the module as another process has it: no lock and no login in common, and patient with a held call.
func (w *world) sibling() provision.Module {
	w.Helper()
	return provisiontest.Connect(w, vmmanager6.Driver(), w.config("/api", paneltest.AdminPassword, map[string]any{"timeout_seconds": 30}))
}

func spec() provision.Spec {
	return provision.Spec{
		ProductType: "vds", TariffCode: "VPS", Domain: "ada.example",
		Client:     provision.Client{ID: "c-1", Email: "ada@example.org", Name: "Ada L", Username: "ada", Phone: "+44 1"},
		Settings:   json.RawMessage(`{"template": "Basic", "configuration": "another driver's"}`),
		Parameters: map[string]json.RawMessage{"recipe": json.RawMessage(`"docker"`)},
		Password:   paneltest.MachinePassword,
	}
}

func newOp(kind provision.Kind, of *provision.Op) provision.Op {
	return provisiontest.NewOp(kind, spec(), of)
}

func harness(delay time.Duration, parameters map[string]any) provisiontest.Harness {
	return provisiontest.Harness{
		Driver: vmmanager6.Driver(),
		New: func(t *testing.T) provisiontest.World {
			w := newWorldOf(t, delay)
			suite := w.Suite(w.config("", paneltest.AdminPassword, parameters),
				w.config("/api", paneltest.AdminPassword, nil), w.config("", paneltest.WrongPassword, nil))
			changed := provisiontest.Sized(spec(),
				"cpu", "2", "piece", "ram", "4", "GiB", "disk", "40", "GiB", "ipv4", "3", "piece", "ipv6", "1", "piece")
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
