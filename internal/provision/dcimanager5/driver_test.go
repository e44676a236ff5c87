package dcimanager5_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5"
	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
)

func TestOpenIsDoneWhenThePanelHasFinished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op, out := w.Open(w.module(nil), spec())
	require.GreaterOrEqual(t, w.Passed(), 10*time.Minute, "the installation takes ten minutes")
	require.True(t, out.Begun)
	require.Equal(t, provision.Ref("1"), out.Ref)
	s := w.server(out.Ref)
	require.Equal(t, "ada-000000c1", *s.Owner)
	require.Equal(t, "ada.example", s.Hostname)
	require.Equal(t, "Srv-1-svc-"+string(op.ServiceID), s.Name)
	require.Equal(t, []string{"Debian-12", "", "on"}, []string{s.OS, s.Recipe, s.Power}, "the first by name")
	require.Equal(t, "Debian-12", out.Parameters["os"])
	require.Equal(t, []provision.Address{{IP: s.IP, Family: "ipv4", Main: true}}, out.Addresses, "without an IP manager it keeps its main address")
	require.Equal(t, "ada.example", s.Addresses[0].Domain)
	require.Equal(t, 1, w.runs(op.ServiceID, provision.Open))
}

func TestWhatIsOrderedIsInstalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := having(spec(), addOns{"os": item("Ubuntu-24.04"), "control_panel": item("lamp")})
	_, out := w.Open(w.module(nil), s)
	require.Equal(t, []string{"Ubuntu-24.04", "lamp"}, []string{w.server(out.Ref).OS, w.server(out.Ref).Recipe}, "add-ons name system and script")
	s.Parameters = map[string]json.RawMessage{"os": json.RawMessage(`"debian-12"`), "recipe": json.RawMessage(`"docker"`)}
	_, out = w.Open(w.module(nil), s)
	require.Equal(t, []string{"Debian-12", "docker"}, []string{w.server(out.Ref).OS, w.server(out.Ref).Recipe}, "parameters win")
	for code, value := range map[string]string{"os": `"CP/M"`, "recipe": `"burn-in"`} {
		op := newOp(provision.Open, nil)
		op.Spec.Parameters = map[string]json.RawMessage{code: json.RawMessage(value)}
		w.Refused(w.module(nil), &op, "unknown_"+code)
		require.Zero(t, w.objects(op.ServiceID), "and goes back")
		require.Equal(t, "free.ds", w.server("3").Hostname)
	}
}

func TestOnlyAServerInOrderIsFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, bad := range []map[string]any{{"hwproblem": true}, {"blocked": true}, {"is_new": true}} {
		bad["type"] = "X1"
		w.Control("POST", "/"+dci+"/servers", bad, nil)
	}
	op := newOp(provision.Open, nil)
	op.Spec.Settings = json.RawMessage(`{"server_type": "X1"}`)
	w.Refused(w.module(nil), &op, "no_free_server")
	require.Len(t, w.view(dci).Users, 1, "no user is made for nothing")
	w.Advance(2 * time.Minute) // the new one is diagnosed
	require.Equal(t, provision.Ref("7"), w.Do(w.module(nil), &op).Ref)
	op = newOp(provision.Open, nil)
	op.Spec.Settings = json.RawMessage(`{"server_type": "hpcorei5"}`)
	w.Refused(w.module(nil), &op, "no_free_server")
}

func TestOpenNeverInstallsTwice(t *testing.T) {
	t.Parallel()
	for name, parameters := range map[string]map[string]any{"told": nil, "untold": {"endpoints": map[string]any{"history": "-"}}} {
		w := newWorld(t)
		m := w.module(parameters)
		op := newOp(provision.Open, nil)
		w.DoTwice(m, &op)
		require.Equal(t, 1, w.runs(op.ServiceID, provision.Open), name)
	}
}

func TestALostAnswerDoesNotInstallAgain(t *testing.T) {
	t.Parallel()
	for name, parameters := range map[string]map[string]any{"told": nil, "untold": {"endpoints": map[string]any{"history": "-"}}} {
		w := newWorld(t)
		op := newOp(provision.Open, nil)
		w.Fault("drop_response", "POST", "/dcimgr?func=server.operations", 1, 0)
		w.Do(w.module(parameters), &op)
		require.Equal(t, 1, w.Mend(), name)
		require.Equal(t, 1, w.runs(op.ServiceID, provision.Open), name)
	}
}

func TestSuspensionLeavesTheMachineOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, out := w.Open(m, spec())
	w.Then(m, provision.Suspend, &service)
	require.True(t, w.server(out.Ref).Disabled)
	require.Equal(t, "on", w.server(out.Ref).Power)
	w.Then(m, provision.Resume, &service)
	require.False(t, w.server(out.Ref).Disabled)
}

func TestCloseMakesTheServerFreeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	first, out := w.Open(m, having(spec(), addOns{"ipv4_public": amount("3"), "ipv4_private": amount("1"), "ipv6": amount("1")}))
	require.Len(t, out.Addresses, 5)
	main := out.Addresses[0].IP
	w.Then(m, provision.Suspend, &first)
	w.Then(m, provision.Close, &first)
	s := w.server(out.Ref)
	require.Nil(t, s.Owner)
	require.Equal(t, []string{"free.ds", "Srv-1", "off"}, []string{s.Hostname, s.Name, s.Power})
	require.False(t, s.Disabled)
	require.Len(t, s.Addresses, 1)
	require.Equal(t, []string{main, "free.ds"}, []string{s.Addresses[0].IP, s.Addresses[0].Domain}, "the main address stays")

	second, again := w.Open(m, spec())
	require.Equal(t, out.Ref, again.Ref, "it can be sold again")
	require.Equal(t, provision.Done, w.Then(m, provision.Close, &first).State)
	require.Equal(t, 1, w.objects(second.ServiceID), "a late close of the former service does not touch it")
}

func TestAServerHandedOverByPeopleIsServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	w.vendor("func=user.edit&sok=ok&level=lvUser&name=ada-000000c1&passwd=x")
	w.vendor("func=server.edit&sok=ok&elid=3&mac=m&name=Box&type=HPCorei5&hostname=box.example&owner=2")
	op := newOp(provision.Suspend, nil)
	op.Ref = "3"
	w.Do(m, &op)
	require.True(t, w.server("3").Disabled)
	foreign := newOp(provision.Suspend, nil)
	foreign.Ref, foreign.Spec.Client.ID = "3", "0192c1aa-0000-7000-8000-0000000000e5"
	w.LeavesAlone(m, foreign, "server_not_found", provision.Suspend)
	require.NotNil(t, w.server("3").Owner, "somebody else's is left alone")
}

// D28: what the panel has no call for becomes people's work, when it is ordered and when it changes.
func TestD28WhatThePanelCannotDoIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	s := having(spec(), addOns{"ram": {Amount: amount("32").Amount, Unit: "GiB"}, "name_server": item("ns1"), "traffic": amount("100"), "port_speed": amount("100")})
	s.Included = addOns{"ram": amount("16"), "port_speed": amount("100")}
	service, out := w.Open(m, s)
	require.Equal(t, provision.Done, out.State, "the server itself is ready")
	require.Equal(t, "The panel has no call for these; please see to them at server 1 (Srv-1): name_server ns1; ram 32 GiB.", out.ByHand)
	change := newOp(provision.SetParams, &service)
	change.Spec = having(spec(), addOns{"ram": {Amount: amount("64").Amount, Unit: "GiB"}, "name_server": item("ns1"), "control_panel": item("cpanel"), "ipv4_public": amount("2")})
	change.Spec.Previous = &provision.Terms{AddOns: s.AddOns}
	out = w.Do(m, &change)
	require.Equal(t, provision.Manual, out.State)
	require.Contains(t, out.Text, "control_panel cpanel; port_speed none; ram 64 GiB.")
	require.Len(t, out.Addresses, 2, "what it has a call for is done")
	plain := newOp(provision.SetParams, &service)
	plain.Spec = having(spec(), s.AddOns)
	require.Equal(t, provision.Done, w.Do(m, &plain).State, "a change of something else")
}

// D28: nobody can exchange a machine by a call, so a tariff of another type holds only when people have done it.
func TestD28AnotherServerTypeIsPeoplesWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, _ := w.Open(m, spec())
	change := newOp(provision.SetParams, &service)
	change.Spec.Previous = &provision.Terms{Settings: spec().Settings}
	change.Spec.Settings = json.RawMessage(`{"server_type": "HPCorei5", "default_os": "Ubuntu-24.04"}`)
	require.Equal(t, provision.Done, w.Do(m, &change).State)
	change.Spec.Settings, change.Memo = json.RawMessage(`{"server_type": "HPCorei7"}`), nil
	out := w.Do(m, &change)
	require.Equal(t, provision.Manual, out.State)
	require.Contains(t, out.Text, ": server type HPCorei7.")
}

func TestAnotherDomainIsTheServersAndItsAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, _ := w.Open(m, spec())
	change := newOp(provision.SetParams, &service)
	change.Spec.Domain, change.Spec.Asked = "new.example", []string{"domain", "os"}
	change.Spec.Parameters = map[string]json.RawMessage{"os": json.RawMessage(`"Ubuntu-24.04"`)}
	out := w.Do(m, &change)
	require.Equal(t, "new.example", out.Domain)
	s := w.server(out.Ref)
	require.Equal(t, []string{"new.example", "new.example"}, []string{s.Hostname, s.Addresses[0].Domain})
	require.Equal(t, provision.Manual, out.State)
	require.Contains(t, out.Text, ": parameter os Ubuntu-24.04.", "a system is put on a server by reinstalling it alone")
}

func TestStockAndCatalogue(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("parking")
	m := w.module(nil)
	w.Control("POST", "/"+dci+"/servers", map[string]any{"type": "Big", "count": 1}, nil)
	w.Open(m, spec())
	stock, err := m.(provision.Stocker).Stock(t.Context())
	require.NoError(t, err)
	require.Equal(t, []provision.Stock{{Key: "Big", Free: 1}, {Key: "HPCorei5", Free: 3}}, stock)
	require.Equal(t, "HPCorei5", m.(provision.Stocker).StockKey("E3", spec().Settings))
	c, err := m.(provision.Cataloguer).Catalog(t.Context())
	require.NoError(t, err)
	require.Equal(t, []provision.Entry{{ID: "Debian-12", Name: "Debian-12"}, {ID: "Ubuntu-24.04", Name: "Ubuntu-24.04"}}, c.OS)
	require.Len(t, c.Scripts, 2)
	require.Len(t, c.Configurations, 2)
	require.Contains(t, c.Pools, provision.Entry{ID: "guardvlan9", Name: "guardvlan9"})
}

func TestStatisticsInTheirUnits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	day := calendar.DayOf(time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC), time.UTC)
	w.Control("PUT", "/"+dci+"/servers/2/traffic/2026-03-05", map[string]any{"in": 2048, "out": 4096, "burst_in_day": 8.5, "burst_out_day": 16, "power": 120}, nil)
	read := func(parameters map[string]any, refs ...provision.Ref) map[string]string {
		usage, err := w.module(parameters).(provision.TrafficSource).DailyUsage(t.Context(), refs, day, time.UTC)
		require.NoError(t, err)
		out := map[string]string{}
		for _, u := range usage {
			for param, v := range u.Values {
				out[string(u.Ref)+" "+param] = v.Amount.String() + " " + v.Unit
			}
		}
		return out
	}
	require.Equal(t, map[string]string{
		"2 in": "2048 KiB", "2 out": "4096 KiB", "2 burst_in_day": "8.5 Mbit/s", "2 burst_out_day": "16 Mbit/s", "2 power": "120 W",
	}, read(nil, "2", "999"))
	require.Equal(t, map[string]string{"2 in": "2097152 KiB", "2 out": "4194304 KiB", "2 burst_in_day": "0.009 Mbit/s", "2 burst_out_day": "0.016 Mbit/s"},
		read(map[string]any{"traffic_unit": "MiB", "burst_unit": "kbit/s", "endpoints": map[string]any{"power_report": "-"}}, "2"))
	require.Len(t, read(nil, "1", "3"), 10, "a day that nobody set")

	_, err := w.module(map[string]any{"endpoints": map[string]any{"burst_report": "nonesuch"}}).(provision.TrafficSource).
		DailyUsage(t.Context(), []provision.Ref{"2"}, day, time.UTC)
	require.ErrorContains(t, err, "burst_report", "a missing report is no silence")
}

func TestSettingsThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for pointer, parameters := range map[string]map[string]any{
		"/parameters/endpoints/nonesuch":   {"endpoints": map[string]any{"nonesuch": "x"}},
		"/parameters/endpoints/servers":    {"endpoints": map[string]any{"servers": "-"}},
		"/parameters/endpoints/power_on":   {"endpoints": map[string]any{"power_on": "server on"}},
		"/parameters/fields/nonesuch":      {"fields": map[string]any{"nonesuch": "x"}},
		"/parameters/fields/free_hostname": {"fields": map[string]any{"free_hostname": ""}},
		"/parameters/format":               {"format": "text"},
	} {
		_, err := dcimanager5.Driver().New(w.config(paneltest.AdminPassword, parameters))
		require.Equal(t, pointer, fault.Of(err).Fields[0].Pointer)
	}
	w.near.IPManager = &provision.Endpoint{URL: "nowhere"}
	_, err := dcimanager5.Driver().New(w.config(paneltest.AdminPassword, nil))
	require.Equal(t, "/parameters/ip_manager_id", fault.Of(err).Fields[0].Pointer)
	require.Error(t, dcimanager5.Driver().CheckTariff(json.RawMessage(`{"configuration": "x"}`)))
	require.NoError(t, dcimanager5.Driver().CheckTariff(spec().Settings))
}

func TestCorrectedWordsAreSpoken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"fields": map[string]any{"free_hostname": "spare"}})
	op := newOp(provision.Open, nil)
	w.Refused(m, &op, "no_free_server")
	m = w.module(map[string]any{"endpoints": map[string]any{"servers": "server.list"}})
	w.Refused(m, &op, "panel_has_no_such")
}
