package dcimanager5_test

import (
	"encoding/json"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
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

// notes are what the IP manager remembers of addresses, by address.
func (w *world) notes() map[string]given {
	out := map[string]given{}
	for _, a := range w.view(ipmgr).Addresses {
		out[a.IP] = a
	}
	return out
}

func (w *world) licensesOf(service actor.ServiceID) (out []license) {
	for _, x := range w.view(licenses).Licenses {
		if strings.Contains(x.Name, string(service)) {
			out = append(out, x)
		}
	}
	return out
}

func TestAddressesComeFromTheIPManager(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("")
	m := w.module(nil)
	before := w.server("1").IP
	service, out := w.Open(m, having(spec(), addOns{"ipv4_public": amount("2"), "ipv4_private": amount("1"), "ipv6": amount("1")}))
	require.Len(t, out.Addresses, 4)
	notes := w.notes()
	for _, a := range out.Addresses {
		require.Equal(t, "svc-"+string(service.ServiceID), notes[a.IP].Note)
		require.Equal(t, "ada.example", notes[a.IP].Domain)
	}
	require.NotEqual(t, before, w.server("1").IP, "its former main address is replaced")
	require.True(t, out.Addresses[0].Main)

	fewer := newOp(provision.SetParams, &service)
	fewer.Spec = having(spec(), addOns{"ipv4_public": amount("1"), "ipv4_private": amount("0"), "ipv6": amount("0")})
	out = w.Do(m, &fewer)
	require.Len(t, out.Addresses, 1)
	require.Len(t, w.notes(), 1, "what it no longer has goes back")

	w.Then(m, provision.Close, &service)
	main := w.notes()[w.server("1").IP]
	require.Equal(t, "free.ds", main.Domain, "without a type for parking it keeps its main address")
	require.Contains(t, main.Note, "server 1 of ")
	next, out := w.Open(m, spec())
	require.Equal(t, main.IP, out.Addresses[0].IP, "and is sold with it again")
	require.Equal(t, "svc-"+string(next.ServiceID), w.notes()[main.IP].Note)
}

func TestAnAddressThatAnotherServiceHasIsPutAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("")
	w.taken = map[string]bool{"198.51.96.2": true, "198.51.96.3": true}
	_, out := w.Open(w.module(nil), spec())
	require.Equal(t, "198.51.96.4", out.Addresses[0].IP)
	for ip := range w.taken {
		require.Equal(t, "dns.set.error", w.notes()[ip].Domain)
		require.NotContains(t, w.notes()[ip].Note, "svc-")
	}
}

func TestAReleasedServerIsParked(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("parking")
	m := w.module(nil)
	for range 2 {
		service, out := w.Open(m, spec())
		require.Equal(t, provision.Ref("1"), out.Ref)
		require.Len(t, out.Addresses, 1)
		require.Equal(t, "public", w.notes()[out.Addresses[0].IP].IPType)
		w.Then(m, provision.Close, &service)
		s := w.server("1")
		require.Len(t, s.Addresses, 1)
		require.Equal(t, "parking", w.notes()[s.IP].IPType)
		require.Len(t, w.notes(), 1, "the sold address went back, and so does the parking address with the next sale")
	}
}

// D30: where there is nothing to park on, the server keeps what it has and people are asked.
func TestD30NothingToParkOnIsARefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("tiny")
	w.Control("POST", "/"+ipmgr+"/pools", map[string]any{"name": "Tiny", "iptype": "tiny", "network": "192.0.2.0/30"}, nil)
	m := w.module(nil)
	first, _ := w.Open(m, spec())
	closing := newOp(provision.Close, &first)
	w.Do(m, &closing) // takes the only address of the type
	s := spec()
	w.Control("POST", "/"+dci+"/servers", map[string]any{"type": "Big"}, nil)
	s.Settings = []byte(`{"server_type": "Big"}`)
	second, out := w.Open(m, s)
	closing = newOp(provision.Close, &second)
	w.Refused(m, &closing, "panel_rejected")
	now := w.server(out.Ref)
	require.NotNil(t, now.Owner)
	require.Equal(t, out.Addresses[0].IP, now.IP, "nothing was taken from it")
}

// D29: the item's code is the name of the type of addresses.
func TestD29SpecialTypesOfAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("parking")
	m := w.module(nil)
	guarded := addOns{"special_ip_block_guardvlan9": item("guardvlan9"), "ipv4_public": amount("2")}
	service, out := w.Open(m, having(spec(), guarded))
	require.Len(t, out.Addresses, 2)
	for _, a := range out.Addresses {
		require.Equal(t, "guardvlan9", w.notes()[a.IP].IPType)
	}
	change := newOp(provision.SetParams, &service)
	change.Spec = having(spec(), addOns{"special_ip_block_guardvlan9": item("usual"), "ipv4_public": amount("2")})
	out = w.Do(m, &change)
	require.Len(t, out.Addresses, 2)
	for _, a := range out.Addresses {
		require.Equal(t, "public", w.notes()[a.IP].IPType, "an item that is no type means the usual one")
	}
	require.Len(t, w.notes(), 2)
}

func TestTheLifeOfALicense(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("parking")
	m := w.module(nil)
	service, out := w.Open(m, having(spec(), addOns{"control_panel": item("ISPmanager_Lite")}))
	own := w.licensesOf(service.ServiceID)
	require.Len(t, own, 1)
	require.Equal(t, []int{55227, 2}, []int{own[0].Pricelist, own[0].Status})
	require.Equal(t, out.Addresses[0].IP, own[0].IP)
	require.NotEmpty(t, own[0].LicKey)
	require.Equal(t, own[0].LicKey, out.Parameters["license_key"])
	require.Empty(t, out.ByHand)

	suspend, resume := newOp(provision.Suspend, &service), newOp(provision.Resume, &service)
	w.Do(m, &suspend)
	require.Equal(t, 3, w.licensesOf(service.ServiceID)[0].Status)
	w.Do(m, &resume)
	require.Equal(t, 2, w.licensesOf(service.ServiceID)[0].Status)

	w.Advance(25 * 24 * time.Hour)
	for range 2 { // a repetition pays nothing
		w.Then(m, provision.Renew, &service)
		require.Equal(t, "2026-05-01", w.licensesOf(service.ServiceID)[0].ExpireDate)
	}

	change := newOp(provision.SetParams, &service)
	change.Spec = having(spec(), addOns{"control_panel": item("pro")})
	w.Refused(m, &change, "unknown_license")
	m = w.module(map[string]any{"licenses": map[string]any{"pro": "55228"}})
	change.Memo = nil
	out = w.Do(m, &change)
	own = w.licensesOf(service.ServiceID)
	require.Len(t, own, 2)
	require.Equal(t, []int{3, 2}, []int{own[0].Status, own[1].Status}, "the former one stops")
	require.Equal(t, []string{"null", "1"}, []string{own[0].AutoProlong, own[1].AutoProlong})
	require.Equal(t, own[1].LicKey, out.Parameters["license_key"])

	w.Then(m, provision.Close, &change)
	for _, x := range w.licensesOf(service.ServiceID) {
		require.Equal(t, []any{3, "null"}, []any{x.Status, x.AutoProlong})
	}
}

// A change that is refused half-way leaves the server as it was by the terms that go on.
func TestARefusedChangeIsUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("parking")
	m := w.module(nil)
	before := addOns{"ipv4_public": amount("2"), "ipv6": amount("0")}
	service, out := w.Open(m, having(spec(), before))
	change := newOp(provision.SetParams, &service)
	change.Spec.Previous = &provision.Terms{AddOns: before}
	change.Spec.AddOns = addOns{"ipv4_public": amount("1"), "ipv6": amount("2"), "control_panel": item("ISPmanager_Lite")}
	w.FaultOf(licenses, "task_fail", "", "", 0, 0) // takes orders and makes no license
	w.Refused(m, &change, "license_not_made")
	w.Mend()
	require.Equal(t, out.Addresses, w.Then(m, provision.SetParams, &service).Addresses)

	orders := len(w.view(licenses).Licenses)
	change.Spec.AddOns["control_panel"], change.Memo = item("nonesuch"), nil
	w.Refused(m, &change, "unknown_license")
	op := newOp(provision.Open, nil)
	op.Spec.AddOns = addOns{"control_panel": item("nonesuch")}
	w.Refused(m, &op, "unknown_license")
	require.Len(t, w.view(licenses).Licenses, orders)
	require.Zero(t, w.objects(op.ServiceID), "nothing was begun")
}

// The client keeps the control panel that goes on: its license works and is prolonged as before, and no other is.
func TestARefusedChangeOfLicenseLeavesTheFormerOneAtWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("parking")
	m := w.module(map[string]any{"licenses": map[string]any{"pro": "55228"}})
	before := addOns{"control_panel": item("ISPmanager_Lite")}
	service, _ := w.Open(m, having(spec(), before))
	change := newOp(provision.SetParams, &service)
	change.Spec.Previous = &provision.Terms{AddOns: before}
	change.Spec.AddOns = addOns{"control_panel": item("pro")}
	w.FaultOf(licenses, "task_fail", "", "", 0, 0) // takes orders and makes no license
	w.Refused(m, &change, "license_not_made")
	var at []string
	for _, x := range w.licensesOf(service.ServiceID) {
		if x.Status == 2 {
			at = append(at, strconv.Itoa(x.Pricelist)+" "+x.AutoProlong)
		}
	}
	require.Equal(t, []string{"55227 1"}, at)
}

// A panel signs its own certificate; the license server does not, so what is said of the panel's is not said of its.
func TestTheLicenseServersCertificateIsVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("")
	to, err := url.Parse(w.near.LicenseServer.URL)
	require.NoError(t, err)
	to.Path = ""
	signed := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(to))
	t.Cleanup(signed.Close)
	w.near.LicenseServer.URL = signed.URL + "/" + licenses + served[licenses]
	w.near.IPManager.URL = signed.URL + "/" + ipmgr + served[ipmgr]
	check := func(parameters map[string]any) error {
		c := w.config(paneltest.AdminPassword, parameters)
		var connection map[string]any
		require.NoError(t, json.Unmarshal(c.Connection, &connection))
		connection["insecure"] = true
		c.Connection, err = json.Marshal(connection)
		require.NoError(t, err)
		return provisiontest.Connect(t, dcimanager5.Driver(), c).Check(t.Context())
	}
	err = check(nil)
	require.ErrorContains(t, err, "license server: ")
	require.ErrorContains(t, err, "certificate")
	require.NoError(t, check(map[string]any{"license_server_as_panel": true}))
}

func TestChecksTellWhichSystemFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("parking")
	require.NoError(t, w.module(nil).Check(t.Context()))
	err := w.module(map[string]any{"parking_ip_type": "nonesuch"}).Check(t.Context())
	require.Contains(t, provisiontest.Refused(t, err, "unknown_ip_type").Text, "guardvlan9")
	w.near.LicenseServer.Password = paneltest.WrongPassword
	err = w.module(nil).Check(t.Context())
	require.Contains(t, provisiontest.Fails(t, err, provision.Unauthenticated).Text, "license server: ")
}
