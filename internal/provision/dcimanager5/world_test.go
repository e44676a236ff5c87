package dcimanager5_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5"
	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// The panels by their control names, with where each is served.
const (
	dci      = "dcimanager5"
	ipmgr    = "ipmanager5"
	licenses = "licenseserver"
)

var served = map[string]string{dci: "/dcimgr", ipmgr: "/ipmgr", licenses: "/billmgr"}

// world is the simulated panels.
type world struct {
	*paneltest.Console
	taken map[string]bool  // addresses that other services have
	set   map[string]any   // parameters over the usual ones
	near  provision.Beside // what stands beside the panel
}

func newWorld(t *testing.T) *world { return newWorldOf(t, paneltest.Delay) }

// newWorldOf begins panels that take so long to install a system.
func newWorldOf(t *testing.T, delay time.Duration) *world {
	t.Helper()
	return &world{Console: paneltest.NewConsole(t, dci, "", delay), taken: map[string]bool{}}
}

// with puts an IP manager and a license server beside the panel.
func (w *world) with(parking string) *world {
	at := func(panel string) *provision.Endpoint {
		return &provision.Endpoint{URL: w.URL(panel, served[panel]), Username: "admin", Password: paneltest.AdminPassword}
	}
	w.near = provision.Beside{IPManager: at(ipmgr), LicenseServer: at(licenses)}
	w.set = map[string]any{"ip_manager_id": "1", "license_server_id": "2", "parking_ip_type": parking}
	return w
}

// addressTaken is our own books: what the test says that other services have.
func (w *world) addressTaken(_ context.Context, ip string, _ actor.ServiceID) (bool, error) {
	return w.taken[ip], nil
}

// vendor makes one call of the panel's own interface, as a person or another process might.
func (w *world) vendor(form string) {
	w.Helper()
	resp, err := http.Post(w.URL(dci, served[dci]), "application/x-www-form-urlencoded",
		strings.NewReader("authinfo=admin:secret&out=xml&"+form))
	require.NoError(w, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(w, err)
	require.NotContains(w, string(answer), "<error")
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
	w.Control("GET", "/"+panel, nil, &v)
	return v
}

func (w *world) server(ref provision.Ref) shown {
	w.Helper()
	return paneltest.Find(w, w.view(dci).Servers, func(s shown) bool { return strconv.Itoa(s.ID) == string(ref) })
}

// of returns the servers that carry the service's id.
func (w *world) of(service actor.ServiceID) []shown {
	w.Helper()
	return slices.DeleteFunc(w.view(dci).Servers, func(s shown) bool { return !strings.Contains(s.Name, string(service)) })
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

// config reaches the panel with the world's parameters under these.
func (w *world) config(password string, parameters map[string]any) provision.Config {
	w.Helper()
	c := w.Config(map[string]any{"url": w.URL(dci, served[dci]), "username": "admin", "password": password}, w.set, parameters)
	c.Beside, c.Env.AddressTaken = w.near, w.addressTaken
	return c
}

func (w *world) module(parameters map[string]any) provision.Module {
	w.Helper()
	return provisiontest.Connect(w, dcimanager5.Driver(), w.config(paneltest.AdminPassword, parameters))
}

func spec() provision.Spec {
	return provision.Spec{
		ProductType: "dedicated", TariffCode: "HP", Domain: "ada.example",
		Client:   provision.Client{ID: "0192c1aa-0000-7000-8000-0000000000c1", Email: "ada@example.org", Name: "Ada L", Username: "ada"},
		Settings: json.RawMessage(`{"server_type": "HPCorei5", "configuration": "another driver's"}`),
		Password: paneltest.MachinePassword,
	}
}

func amount(text string) provision.AddOn { return provisiontest.Amount(text, "piece") }

func item(code string) provision.AddOn { return provision.AddOn{Item: code} }

type addOns = map[string]provision.AddOn

func having(s provision.Spec, a addOns) provision.Spec {
	s.AddOns = a
	return s
}

func newOp(kind provision.Kind, of *provision.Op) provision.Op {
	return provisiontest.NewOp(kind, spec(), of)
}

// harness is the suite's, of panels whose calls are struck at one of them; full puts the others beside the panel.
func harness(delay time.Duration, struck string, full bool, parameters map[string]any) provisiontest.Harness {
	return provisiontest.Harness{
		Driver: dcimanager5.Driver(),
		New: func(t *testing.T) provisiontest.World {
			w := newWorldOf(t, delay)
			w.Panel = struck
			want := spec()
			changed := having(spec(), addOns{"ipv4_public": amount("3"), "ipv6": amount("1")})
			if full {
				w.with("parking")
				want = having(want, addOns{"ipv4_public": amount("2"), "control_panel": item("ispmanager_lite")})
				changed.AddOns["control_panel"] = item("ispmanager_pro")
			}
			suite := w.Suite(w.config(paneltest.AdminPassword, parameters),
				w.config(paneltest.AdminPassword, map[string]any{"format": "json", "login": "each_call"}), w.config(paneltest.WrongPassword, nil))
			suite.Spec, suite.Changed = want, &changed
			suite.Objects, suite.InService, suite.Runs = w.objects, w.inService, w.runs
			return suite
		},
	}
}

func TestConformance(t *testing.T) { provisiontest.Run(t, harness(paneltest.Delay, dci, false, nil)) }

func TestConformanceWithSystemsBeside(t *testing.T) {
	provisiontest.Run(t, harness(paneltest.Delay, dci, true, nil))
}

// matrix strikes the calls of one of the panels; the others stand beside it where it is not the driver's own.
func matrix(t *testing.T, struck string, ops ...provision.Kind) {
	t.Helper()
	h := harness(paneltest.ShortDelay, struck, struck != dci, map[string]any{"timeout_seconds": paneltest.PatientSeconds})
	h.Ops = ops
	provisiontest.Matrix(t, h)
}

func TestFaultMatrix(t *testing.T) { matrix(t, dci) }

func TestFaultMatrixOfIPManager(t *testing.T) {
	matrix(t, ipmgr, provision.Open, provision.SetParams, provision.Close)
}

func TestFaultMatrixOfLicenseServer(t *testing.T) {
	matrix(t, licenses, provision.Open, provision.Suspend, provision.Resume, provision.SetParams, provision.Close)
}
