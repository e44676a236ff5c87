package vmmanager6_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6"
)

func TestOpenIsDoneWhenThePanelHasFinished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op, out := w.Open(w.module(nil), spec())
	require.Equal(t, provision.Done, out.State)
	require.True(t, out.Begun)
	require.GreaterOrEqual(t, w.Passed(), 11*time.Minute, "making it takes ten minutes, the recipe one more")
	s := w.machine(out.Ref)
	require.Equal(t, "KVM", s.Cluster)
	require.Equal(t, "Basic", s.Preset)
	require.Equal(t, "ada@example.org", *s.OwnerEmail)
	require.Equal(t, "ada.example", out.Domain)
	require.Equal(t, "Debian-12", s.OS.Name, "the first by name")
	require.Equal(t, map[string]string{"os": "Debian-12"}, out.Parameters)
	require.Equal(t, []int{1}, s.Recipes)
	require.Contains(t, s.Comment, string(op.ServiceID))
	require.Equal(t, []provision.Address{{IP: "198.19.0.2", Family: "ipv4", Gateway: "198.19.0.1", Network: "198.19.0.0/24", Main: true}}, out.Addresses)
	_, second := w.Open(w.module(nil), spec())
	require.NotEqual(t, out.Ref, second.Ref)
	require.Len(t, w.view().Users, 2, "the account is found again by its e-mail")
	require.Equal(t, "@user", w.view().Users[1].Role)
}

func TestAddOnsWinOverTheTemplate(t *testing.T) {
	t.Parallel()
	// The worked example: a template of 2 GiB and 20 GiB, a tariff of 1 GiB of memory.
	w := newWorld(t)
	op := provisiontest.Opening(provisiontest.Sized(spec(), "ram", "1", "GiB", "port_speed", "200", "Mbit/s", "ipv4", "0", "piece"))
	s := w.machine(w.Do(w.module(nil), &op).Ref)
	require.Equal(t, []int{1, 1024, 20480, 200, 200}, []int{s.CPU, s.RAM, s.Disk, s.NetIn, s.NetOut})
	require.Empty(t, s.Preset, "made of values")
	require.Len(t, s.Addresses, 1, "at least one")
}

func TestAnUnknownTemplateSetsNoLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := provisiontest.Opening(provisiontest.Sized(spec(), "cpu", "3", "piece", "ram", "1536", "MiB", "disk", "0.5", "TiB"))
	op.Spec.Settings = json.RawMessage(`{"template": "No such"}`)
	s := w.machine(w.Do(w.module(nil), &op).Ref)
	require.Equal(t, []int{3, 1536, 512 * 1024, 0, 0}, []int{s.CPU, s.RAM, s.Disk, s.NetIn, s.NetOut})
	op = provisiontest.Opening(provisiontest.Sized(spec(), "ram", "1", "Mbit/s"))
	w.Refused(w.module(nil), &op, "bad_unit")
}

func TestOneModuleDrivesOneCluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lxd := w.module(map[string]any{"cluster": "lxd", "additional_interface": true})
	_, out := w.Open(lxd, provisiontest.With(spec(), "os", "Ubuntu-24.04"))
	s := w.machine(out.Ref)
	require.Equal(t, "LXD", s.Cluster)
	require.Equal(t, "Ubuntu-24.04", s.OS.Name)
	require.Empty(t, out.Parameters, "the order said it already")
	require.Len(t, s.Addresses, 2)
	require.Equal(t, []int{1, 3}, []int{s.Addresses[0].PoolID, s.Addresses[1].PoolID})
	require.Equal(t, "vmbr1", s.Ports[1].Node)
	require.True(t, out.Addresses[0].Main)
	require.Equal(t, s.Addresses[0].Name, out.Addresses[0].IP)

	c, err := lxd.(provision.Cataloguer).Catalog(t.Context())
	require.NoError(t, err)
	require.Equal(t, []provision.Entry{{ID: "3", Name: "Debian-12", Tags: []string{}}, {ID: "4", Name: "Ubuntu-24.04", Tags: []string{}}}, c.OS)
	require.Equal(t, []provision.Entry{{ID: "2", Name: "Basic"}, {ID: "4", Name: "Large"}}, c.Configurations)
	require.Len(t, c.Clusters, 2)
	require.Len(t, c.Scripts, 2, "not the administrators' own")
	require.Len(t, c.Pools, 3)

	for parameter, code := range map[string]string{"cluster": "unknown_cluster", "ip_pool": "no_pool"} {
		provisiontest.Refused(t, w.module(map[string]any{parameter: "Nowhere"}).Check(t.Context()), code)
	}
	provisiontest.Refused(t, w.module(map[string]any{"additional_interface": true, "additional_pool": "Nowhere"}).Check(t.Context()), "no_pool")
	require.NoError(t, w.module(map[string]any{"cluster": ""}).Check(t.Context()), "the one with the smallest number")
}

func TestPoolsServeByTheirNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Control("POST", "/vmmanager6/pools", map[string]any{"name": "Tiny", "network": "192.0.2.0/29", "clusters": []string{"KVM"}}, nil)
	m := w.module(map[string]any{"ip_pool": "Tiny"})
	op := provisiontest.Opening(provisiontest.Sized(spec(), "ipv4", "4", "piece"))
	w.Do(m, &op)
	op = provisiontest.Opening(provisiontest.Sized(spec(), "ipv4", "2", "piece"))
	w.Refused(m, &op, "no_free_address")
	require.Equal(t, 0, w.objects(op.ServiceID))

	w.Control("POST", "/vmmanager6/servers", map[string]any{"name": "x", "owner_email": "x@example.com", "count": 252}, nil)
	op = provisiontest.Opening(provisiontest.Sized(spec(), "ipv4", "2", "piece"))
	s := w.machine(w.Do(w.module(nil), &op).Ref)
	require.Equal(t, 2, s.Addresses[0].PoolID, "the first has one left only, the next serves whole")
}

func TestWhatCannotBeHadIsRefusedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for code, spec := range map[string]provision.Spec{
		"unknown_os": provisiontest.With(spec(), "os", "Plan9"), "unknown_recipe": provisiontest.With(spec(), "recipe", "burn-in"),
	} {
		op := provisiontest.Opening(spec)
		w.Refused(w.module(nil), &op, code)
	}
	op := provisiontest.Opening(provisiontest.With(spec(), "os", "Almighty rescue"))
	w.Refused(w.module(nil), &op, "unknown_os")
	require.Empty(t, w.view().Servers)
	require.Len(t, w.view().Users, 1, "no account is made for nothing")
	op.Spec = provisiontest.With(spec(), "recipe", "burn-in")
	out := w.Do(w.module(map[string]any{"use_recipes": false}), &op)
	require.Equal(t, provision.Done, out.State, "a module without recipes runs none")
	require.Contains(t, out.ByHand, `run recipe burn-in`, "and says so (D28)")
}

// D28: what the panel has no call for is told, when it is ordered and when it changes.
func TestD28WhatThePanelCannotDoIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"use_recipes": false})
	op := provisiontest.Opening(provisiontest.Sized(spec(), "cpu", "2", "piece", "ipv6", "1", "piece", "backup_space", "50", "GiB", "traffic", "100", "GiB"))
	op.Spec.AddOns["control_panel"], op.Spec.AddOns["os"] = provision.AddOn{Item: "lamp"}, provision.AddOn{Item: "Ubuntu-24.04"}
	out := w.Do(m, &op)
	require.Equal(t, provision.Done, out.State)
	require.Contains(t, out.ByHand, "): backup_space 50 GiB; control_panel lamp; run recipe docker.")
	require.Equal(t, "Ubuntu-24.04", w.machine(out.Ref).OS.Name)

	m = w.module(nil)
	change := newOp(provision.SetParams, &op)
	change.Spec.Previous = &provision.Terms{AddOns: op.Spec.AddOns}
	require.Empty(t, w.Do(m, &change).ByHand, "nothing is another")
	change.Spec = provisiontest.Sized(change.Spec, "cpu", "2", "piece", "ipv6", "1", "piece", "backup_space", "80", "GiB")
	change.Spec.AddOns["control_panel"], change.Spec.Asked = provision.AddOn{Item: "docker"}, []string{"os"}
	change.Spec = provisiontest.With(change.Spec, "os", "Debian-12")
	require.Contains(t, w.Do(m, &change).ByHand, "): backup_space 80 GiB; control_panel docker; os none; parameter os Debian-12.")

	none := newOp(provision.Open, nil)
	none.Spec.AddOns = map[string]provision.AddOn{"control_panel": {Item: "none"}}
	require.Empty(t, w.Do(m, &none).ByHand, "an item that means none is no recipe")
}

func TestAFailedMakingIsTakenBack(t *testing.T) {
	t.Parallel()
	for after := range 2 { // the machine, the recipe
		w := newWorld(t)
		w.Fault("task_fail", "", "/vm", 1, after)
		op := newOp(provision.Open, nil)
		require.Contains(t, w.Refused(w.module(nil), &op, "panel_failed").Text, "failed by a fault")
		require.Empty(t, w.view().Servers)
	}
}

// changed runs a set_params and tells which tasks it took.
func (w *world) changed(m provision.Module, service provision.Op, spec provision.Spec) (names []string) {
	w.Helper()
	before := len(w.view().Operations)
	op := newOp(provision.SetParams, &service)
	op.Spec = spec
	w.Do(m, &op)
	for _, o := range w.view().Operations[before:] {
		names = append(names, o.Name)
	}
	return names
}

func TestSizesChangeOnAStoppedMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, out := w.Open(m, spec())
	big := provisiontest.Sized(spec(), "cpu", "4", "piece", "ram", "8", "GiB", "disk", "50", "GiB", "port_speed", "300", "Mbit/s")
	require.Equal(t, []string{"host_stop", "host_change_params", "disk_resize", "host_start"}, w.changed(m, service, big))
	s := w.machine(out.Ref)
	require.Equal(t, []int{4, 8192, 51200, 300, 300}, []int{s.CPU, s.RAM, s.Disk, s.NetIn, s.NetOut})
	require.Equal(t, "active", s.State)
	require.Empty(t, w.changed(m, service, big), "nothing is missing")

	op := newOp(provision.SetParams, &service)
	op.Spec = provisiontest.Sized(spec(), "cpu", "1", "piece", "disk", "40", "GiB")
	w.Refused(m, &op, "disk_cannot_shrink")
	require.Equal(t, 4, w.machine(out.Ref).CPU, "nothing was done by halves")

	w.Then(m, provision.Suspend, &service)
	require.Equal(t, []string{"host_change_params"}, w.changed(m, service, provisiontest.Sized(spec(), "cpu", "2", "piece", "disk", "50", "GiB")))
	require.Equal(t, "stopped", w.machine(out.Ref).State, "what was off stays off")
}

func TestARefusedChangeStartsTheMachineAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, out := w.Open(m, spec())
	w.Fault("task_fail", "POST", "/vm/v3/host/1/resource", 1, 0)
	op := newOp(provision.SetParams, &service)
	op.Spec = provisiontest.Sized(spec(), "cpu", "4", "piece")
	w.Refused(m, &op, "panel_failed")
	require.Equal(t, "active", w.machine(out.Ref).State)
	require.Equal(t, 1, w.machine(out.Ref).CPU)
}

// A change that is refused half-way leaves the machine as it was by the terms that go on.
func TestARefusedChangeIsUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op, out := w.Open(m, provisiontest.Sized(spec(), "cpu", "2", "piece", "disk", "20", "GiB", "ipv4", "3", "piece"))
	before := out.Addresses
	w.Fault("task_fail", "POST", "/vm/v3/disk", 1, 0)
	change := newOp(provision.SetParams, &op)
	change.Spec = provisiontest.Sized(change.Spec, "cpu", "4", "piece", "disk", "50", "GiB", "ipv4", "1", "piece", "ipv6", "1", "piece")
	change.Spec.Previous = &provision.Terms{Settings: op.Spec.Settings, AddOns: op.Spec.AddOns}
	zero := decimal.NewFromInt(0)
	change.Spec.Previous.AddOns["ipv6"] = provision.AddOn{Amount: &zero}
	w.Refused(m, &change, "panel_failed")
	s := w.machine(out.Ref)
	require.Equal(t, []any{2, 20480, "active", false}, []any{s.CPU, s.Disk, s.State, s.IPv6})
	look := newOp(provision.SetParams, &op)
	look.Spec = op.Spec
	require.Equal(t, before, w.Do(m, &look).Addresses, "no address was given back")
}

// Another template brings what it says beside the size, and a refused one takes it back.
func TestAnotherTemplateBringsItsLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Vendor("POST", "/vm/v3/preset", map[string]any{"name": "Quick", "virtualization_type": "kvm", "cpu_number": 1, "ram_mib": 2048, "hdd_mib": 20480, "cpu_mode": "host-model"}, nil)
	m := w.module(nil)
	service, out := w.Open(m, spec())
	require.Equal(t, "default", w.machine(out.Ref).CPUMode)
	change := newOp(provision.SetParams, &service)
	change.Spec.Previous = &provision.Terms{Settings: service.Spec.Settings}
	change.Spec.Settings = json.RawMessage(`{"template": "Quick"}`)
	again := change
	w.Do(m, &change)
	s := w.machine(out.Ref)
	require.Equal(t, []any{"host-model", 1, "active"}, []any{s.CPUMode, s.CPU, s.State})

	back := newOp(provision.SetParams, &service)
	back.Spec.Previous = &provision.Terms{Settings: again.Spec.Settings}
	back.Spec = provisiontest.Sized(back.Spec, "disk", "30", "GiB")
	w.Fault("task_fail", "POST", "/vm/v3/disk", 1, 0)
	w.Refused(m, &back, "panel_failed")
	s = w.machine(out.Ref)
	require.Equal(t, []any{"host-model", "active"}, []any{s.CPUMode, s.State}, "as it was before the refused change")
	back.Memo = nil
	w.Do(m, &back)
	require.Equal(t, "default", w.machine(out.Ref).CPUMode)
}

func TestChangesCanWaitForTheClientsStop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"defer_changes": true})
	service, out := w.Open(m, spec())
	big := provisiontest.Sized(spec(), "cpu", "4", "piece")
	require.Equal(t, []string{"host_change_params"}, w.changed(m, service, big))
	require.Equal(t, 1, w.machine(out.Ref).CPU)
	require.Empty(t, w.changed(m, service, big), "it waits already")
	w.Then(m, provision.Suspend, &service)
	w.Advance(time.Hour)
	require.Equal(t, 4, w.machine(out.Ref).CPU)
}

func TestAddressesComeAndGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"additional_interface": true})
	service, out := w.Open(m, spec())
	main := out.Addresses[0]
	for _, n := range []int{4, 2, 2} {
		op := newOp(provision.SetParams, &service)
		op.Spec = provisiontest.Sized(spec(), "ipv4", fmt.Sprint(n), "piece", "ipv6", fmt.Sprint(n-2), "piece")
		out = w.Do(m, &op)
		six := 0
		if n > 2 {
			six = 1
		}
		require.Len(t, out.Addresses, n+1+six, "the additional interface's is beside them")
		require.Equal(t, main, out.Addresses[0], "the main address stays")
		require.Equal(t, "active", w.machine(out.Ref).State, "no stop for addresses")
	}
}

func TestSuspensionStopsTheMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"disable_suspended": true})
	service, out := w.Open(m, spec())
	w.Fault("task_fail", "POST", "/vm/v3/host/1/stop", 1, 0) // the guest does not listen
	w.Then(m, provision.Suspend, &service)
	s := w.machine(out.Ref)
	require.Equal(t, "stopped", s.State)
	require.True(t, s.Disabled)
	w.Then(m, provision.Resume, &service)
	require.True(t, w.inService(service.ServiceID))
}

func TestReinstallPutsTheOrderedSystemOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, out := w.Open(m, spec())
	op := newOp(provision.Reinstall, &service)
	op.Spec = provisiontest.With(spec(), "os", "Ubuntu-24.04")
	w.DoTwice(m, &op)
	require.Equal(t, "Ubuntu-24.04", w.machine(out.Ref).OS.Name)
	require.Equal(t, 1, w.runs(service.ServiceID, provision.Reinstall))
}

func TestDailyUsageIsTheSumOfRatesWithGaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	_, out := w.Open(m, spec())
	day, err := calendar.ParseDay("2026-03-05")
	require.NoError(t, err)
	w.Control("PUT", "/vmmanager6/servers/1/traffic/2026-03-05", map[string]any{
		"in": 10485760, "out": 20971520, "burst_in_day": 2.5, "burst_out_day": 12.25,
	}, nil)
	w.Control("PUT", "/vmmanager6/servers/1/traffic/2026-03-06", map[string]any{"in": 1, "out": 1}, nil)
	got, err := m.(provision.TrafficSource).DailyUsage(t.Context(), []provision.Ref{out.Ref, "999", "x"}, day, time.UTC)
	require.ErrorContains(t, err, "machine 999")
	require.ErrorContains(t, err, "machine x")
	require.Len(t, got, 1, "one machine's failure loses nothing of the others")
	require.Equal(t, map[string]string{
		"in": "10485760 KiB", "out": "20971520 KiB", "burst_in_day": "2.5 Mbit/s", "burst_out_day": "12.25 Mbit/s",
	}, provisiontest.Values(got[0].Values))
	m = w.module(map[string]any{"traffic_unit": "KiB/s", "traffic_zone": "Europe/Berlin"})
	got, err = m.(provision.TrafficSource).DailyUsage(t.Context(), []provision.Ref{out.Ref}, day, time.UTC)
	require.NoError(t, err)
	require.Equal(t, decimal.NewFromInt(10485760*1024).String(), got[0].Values["in"].Amount.String(), "the unit can be corrected")
}

func TestADeadTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	logins := func() int { return w.Calls(paneltest.Login) }
	require.NoError(t, m.Check(t.Context()))
	require.NoError(t, w.module(nil).Check(t.Context()))
	require.Equal(t, 1, logins(), "modules of the same panel and user share the login")
	w.Advance(2 * time.Hour)
	require.NoError(t, m.Check(t.Context()))
	require.Equal(t, 2, logins())
	w.Fault("http_503", "", "/vm", 2, 0)
	require.NoError(t, m.Check(t.Context()), "a sleeping service is woken up")
}

func TestSettingsAreRefusedByTheirPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.config("", paneltest.AdminPassword, nil)
	for pointer, text := range map[string]string{
		"/connection/url":                      `{"url":"ftp://x","username":"a","password":"b"}`,
		"/connection/password":                 `{"url":"http://x","username":"a"}`,
		"/connection/ca":                       `{"url":"http://x","username":"a","password":"b","ca":"no pem"}`,
		"/parameters/timeout_seconds":          `{"timeout_seconds": 301}`,
		"/parameters/use_recipes":              `{"use_recipes": "yes"}`,
		"/parameters/traffic_unit":             `{"traffic_unit": "KB"}`,
		"/parameters/traffic_zone":             `{"traffic_zone": "Mars"}`,
		"/parameters/endpoints/host_reinstall": `{"endpoints": {"host_reinstall": "POST /vm/v3/reinstall"}}`,
		"/parameters/fields/mark":              `{"fields": {"mark": "tags"}}`,
	} {
		settings := good
		if strings.HasPrefix(pointer, "/connection") {
			settings.Connection = json.RawMessage(text)
		} else {
			settings.Parameters = json.RawMessage(text)
		}
		_, err := vmmanager6.Driver().New(settings)
		require.Equal(t, fault.Invalid, fault.Of(err).Kind, pointer)
		require.Equal(t, pointer, fault.Of(err).Fields[0].Pointer)
	}
	require.NoError(t, vmmanager6.Driver().CheckTariff(spec().Settings))
	require.NoError(t, vmmanager6.Driver().CheckTariff(json.RawMessage(`{}`)))
	require.Equal(t, "/settings/template", fault.Of(vmmanager6.Driver().CheckTariff(json.RawMessage(`{"template": 5}`))).Fields[0].Pointer)
}

// A customer's panel may have other words than we inferred; the parameters correct each of them.
func TestInferredWordsCanBeCorrected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"fields": map[string]string{"mark": "name", "net_in": "net_bandwidth_mbitps", "net_out": "net_bandwidth_mbitps", "in": "net_tx"}})
	op, out := w.Open(m, provisiontest.Sized(spec(), "port_speed", "300", "Mbit/s"))
	s := w.machine(out.Ref)
	require.Equal(t, "svc-"+string(op.ServiceID), s.Name)
	require.Empty(t, s.Comment)
	require.Equal(t, 0, s.NetIn)
	m = w.module(map[string]any{"fields": map[string]string{"net_in": "colour"}})
	op = provisiontest.Opening(provisiontest.Sized(spec(), "port_speed", "300", "Mbit/s"))
	require.Contains(t, w.Refused(m, &op, "panel_rejected").Text, "PROXY-3008: Unexpected property colour")
	require.Equal(t, 0, w.objects(op.ServiceID))
}

// D28: what the module has no call for, or does not run, is told to people.
func TestD28WhatIsNotCarriedOutIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"use_recipes": false})
	op := newOp(provision.Open, nil)
	op.Spec.AddOns = map[string]provision.AddOn{"control_panel": {Item: "docker"}}
	op.Spec.Included = op.Spec.AddOns
	require.Contains(t, w.Do(m, &op).ByHand, "control_panel docker", "also where everybody has it")
	change := newOp(provision.SetParams, &op)
	change.Spec.Previous = &provision.Terms{AddOns: op.Spec.AddOns}
	require.Empty(t, w.Do(m, &change).ByHand, "nothing is another")
	change = newOp(provision.SetParams, &op)
	change.Spec.Previous = &provision.Terms{AddOns: op.Spec.AddOns}
	change.Spec.AddOns = map[string]provision.AddOn{"control_panel": {Item: "none"}}
	require.Contains(t, w.Do(w.module(map[string]any{"use_recipes": true}), &change).ByHand, "control_panel none")
	plain := newOp(provision.Open, nil)
	plain.Spec.AddOns = change.Spec.AddOns
	require.Empty(t, w.Do(w.module(map[string]any{"use_recipes": true}), &plain).ByHand, "none is no recipe")
}
