package dcimanager6_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6"
	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// colocated is a module that serves clients' own servers.
func (w *world) colocated() provision.Module {
	w.Helper()
	c := w.config("", paneltest.AdminPassword, nil)
	c.ProductType = "colocation"
	return provisiontest.Connect(w, dcimanager6.Driver(), c)
}

// handedOver is a service whose server 5 staff gave to its client.
func (w *world) handedOver() provision.Op {
	w.Helper()
	w.vendor("/dci/v3/user", map[string]any{"email": "ada@example.org", "password": "x"})
	w.vendor("/dci/v3/server/5/owner", map[string]any{"owner": 2})
	op := newOp(provision.Suspend, nil)
	op.Spec.ProductType, op.Spec.Settings, op.Ref = "colocation", json.RawMessage(`{}`), "5"
	return op
}

func TestColocationIsMountedByPeopleAndServedByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.colocated()
	_, counts := m.(provision.Stocker)
	require.False(t, counts, "a client's own server comes by no stock")
	op := w.handedOver()
	before := w.server(op.Ref)
	for _, kind := range []provision.Kind{provision.Open, provision.Close, provision.Reinstall} {
		require.Equal(t, provision.Manual, w.Then(m, kind, &op).State, kind)
	}
	require.Equal(t, before, w.server(op.Ref), "nothing was done to it")
	require.Equal(t, op.Ref, w.Do(m, &op).Ref)
	require.Equal(t, "down", w.server(op.Ref).Ports[0].AdminStatus)
	w.Then(m, provision.Resume, &op)
	require.Equal(t, "up", w.server(op.Ref).Ports[0].AdminStatus)
	change := withAddresses(newOp(provision.SetParams, &op), 2)
	require.Len(t, w.Do(m, &change).Addresses, 2)
	require.Equal(t, provision.Done, w.Then(m, provision.Reboot, &op).State)
	for _, p := range dcimanager6.Driver().Info.ProductTypes {
		require.Equal(t, []string{"external_id"}, p.CompletesWith, p.Code)
	}
}

// D28: what has no call in the panel is told to people.
func TestD28WhatThePanelHasNoCallForIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op := withAddresses(newOp(provision.Open, nil), 1)
	op.Spec.Included = map[string]provision.AddOn{"ram": provisiontest.Amount("16", "GiB")}
	op.Spec.AddOns["ram"], op.Spec.AddOns["traffic"] = provisiontest.Amount("16", "GiB"), provisiontest.Amount("100", "GiB")
	op.Spec.AddOns["os"] = provision.AddOn{Item: "Ubuntu-24.04"}
	out := w.Do(m, &op)
	require.Empty(t, out.ByHand, "it is what everybody has")
	require.Equal(t, "Ubuntu-24.04", w.server(out.Ref).OS.Name, "the system that was ordered as an add-on")

	change := newOp(provision.SetParams, &op)
	change.Spec.Previous = &provision.Terms{AddOns: op.Spec.AddOns}
	change.Spec.AddOns = map[string]provision.AddOn{
		"ipv4_public": provisiontest.Amount("2", "piece"), "ram": provisiontest.Amount("32", "GiB"), "os": {Item: "Debian-12"}, "traffic": provisiontest.Amount("200", "GiB"),
	}
	changed := w.Do(m, &change)
	require.Len(t, changed.Addresses, 2, "what has a call is done")
	require.Equal(t, "The module has no call for these; please see to them at server 1 (Srv-1): os Debian-12; ram 32 GiB.", changed.ByHand)
}

// D28: a script that was ordered from a module that runs none.
func TestD28AnOrderedScriptIsNotLeftOutSilently(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := withParameter(newOp(provision.Open, nil), "recipe", "docker")
	m := w.module(nil)
	require.Contains(t, w.Do(m, &op).ByHand, `run script "docker"`)
	again := newOp(provision.Reinstall, &op)
	require.Contains(t, w.Do(m, &again).ByHand, `run script "docker"`)
	require.Empty(t, w.Then(m, provision.Suspend, &op).ByHand)
	runs := w.module(map[string]any{"use_recipes": true})
	again = newOp(provision.Reinstall, &op)
	require.Empty(t, w.Do(runs, &again).ByHand)
}

func TestPowerFollowsTheService(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sync, suspended, resumed string }{
		{"", "on", "on"}, {"on", "on", "on"}, {"on_off", "off", "on"}, {"none", "on", "off"},
	} {
		w := newWorld(t)
		m := w.module(map[string]any{"power_sync": c.sync})
		service, out := w.Open(m, spec())
		w.Then(m, provision.Suspend, &service)
		require.Equal(t, c.suspended, w.server(out.Ref).Power, "suspended with %q", c.sync)
		require.Equal(t, "down", w.server(out.Ref).Ports[0].AdminStatus)
		w.switchOff(out.Ref)
		w.Then(m, provision.Resume, &service)
		require.Equal(t, c.resumed, w.server(out.Ref).Power, "resumed with %q", c.sync)
	}
}

// atTheRack is what staff do to a server outside this program.
func (w *world) atTheRack(ref provision.Ref, change map[string]any) {
	w.Helper()
	w.Control("PUT", "/dcimanager6/servers/"+string(ref), change, nil)
}

func (w *world) switchOff(ref provision.Ref) {
	w.Helper()
	w.atTheRack(ref, map[string]any{"power": "off"})
}

func TestASwitchedOffMachineIsFoundAndSwitchedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, out := w.Open(m, spec())
	w.switchOff(out.Ref)
	look := func(m provision.Module, standing provision.Standing) provision.Found {
		op := newOp(provision.Sync, &service)
		op.Spec.Standing = standing
		return provisiontest.Inspect(t, m, op)
	}
	require.False(t, *look(m, provision.Served).Power)
	require.True(t, *look(m, provision.Served).KeepPower)
	require.Nil(t, look(m, provision.CutOff).KeepPower)
	require.False(t, *look(w.module(map[string]any{"power_sync": "on_off"}), provision.CutOff).KeepPower)
	require.Nil(t, look(w.module(map[string]any{"power_sync": "none"}), provision.Served).KeepPower)

	w.Then(m, provision.SetParams, &service)
	require.Equal(t, "off", w.server(out.Ref).Power, "a service that is neither is left alone")
	put := newOp(provision.SetParams, &service)
	put.Spec.Standing = provision.Served
	w.Do(m, &put)
	require.Equal(t, "on", w.server(out.Ref).Power)

	w.switchOff(out.Ref)
	w.Then(m, provision.Reboot, &service)
	require.Equal(t, "on", w.server(out.Ref).Power, "a reset does nothing to a machine that is off")
}

// A protected server refuses what is asked of it; nothing is changed, and the panel's words go to people.
func TestAProtectedServerRefusesCleanly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, out := w.Open(m, spec())
	w.atTheRack(out.Ref, map[string]any{"protected": true})
	before := w.server(out.Ref)
	for _, kind := range []provision.Kind{provision.Suspend, provision.SetParams, provision.Reboot, provision.Reinstall, provision.Close} {
		op := withAddresses(newOp(kind, &service), 3)
		require.Contains(t, w.Refused(m, &op, "panel_rejected").Text, "The server is protected from operations", kind)
		require.Equal(t, before, w.server(out.Ref), kind)
	}
	w.atTheRack(out.Ref, map[string]any{"protected": false})
	w.Then(m, provision.Close, &service)
	require.Nil(t, w.server(out.Ref).OwnerEmail)
}

func TestAMachineIsRebootedIntoRecovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, out := w.Open(m, spec())
	recovers := func(name string) bool {
		op := newOp(provision.Reboot, &service)
		op.Recovery = true
		w.Do(m, &op)
		require.Equal(t, "Debian-12", w.server(out.Ref).OS.Name, "%s: the disks are left alone", name)
		return w.server(out.Ref).Recovery
	}
	require.True(t, recovers("of the panel's own choice"))
	w.Then(m, provision.Reboot, &service)
	require.False(t, w.server(out.Ref).Recovery, "the next reboot ends it")

	w.Control("POST", "/dcimanager6/templates", map[string]any{"name": "A rescue system", "tags": []string{"recovery"}}, nil)
	require.True(t, recovers("by a template"))
	catalog, err := m.(provision.Cataloguer).Catalog(t.Context())
	require.NoError(t, err)
	require.Len(t, catalog.OS, 2, "it is no system to install")
	w.Then(m, provision.Reinstall, &service)
	require.False(t, w.server(out.Ref).Recovery)
	require.Equal(t, "Debian-12", w.server(out.Ref).OS.Name, "the first by name is not the recovery system")
	for _, p := range dcimanager6.Driver().Info.ProductTypes {
		require.True(t, p.Recovery, p.Code)
	}
}

// A lost answer does not start the recovery system again after the client has left it.
func TestALostAnswerDoesNotRecoverAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, _ := w.Open(m, spec())
	op := newOp(provision.Reboot, &service)
	op.Recovery = true
	w.Fault("drop_response", "POST", "/dci/v3/server/1/recovery", 1, 0)
	_, err := w.Try(m, &op)
	provisiontest.Fails(t, err, provision.Unavailable)
	w.Advance(shortWork)
	w.Do(m, &op)
	calls := 0
	for _, o := range w.view().Operations {
		if o.Name == "recovery" {
			calls++
		}
	}
	require.Equal(t, 1, calls)
}
