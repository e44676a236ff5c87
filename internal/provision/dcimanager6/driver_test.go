package dcimanager6_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6"
	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

func (w *world) stock(server map[string]any) {
	w.Helper()
	w.Control("POST", "/dcimanager6/servers", server, nil)
}

func (w *world) pool(pool map[string]any) {
	w.Helper()
	w.Control("POST", "/dcimanager6/pools", pool, nil)
}

func withParameter(op provision.Op, code, value string) provision.Op {
	op.Spec = provisiontest.With(op.Spec, code, value)
	return op
}

func withAddresses(op provision.Op, n int) provision.Op {
	op.Spec = provisiontest.Sized(op.Spec, "ipv4_public", strconv.Itoa(n), "piece")
	return op
}

func TestOpenIsDoneWhenThePanelHasFinished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, out := w.Open(w.module(nil), spec())
	require.Equal(t, provision.Done, out.State)
	require.True(t, out.Begun)
	require.GreaterOrEqual(t, w.Passed(), 10*time.Minute, "the installation takes ten minutes")
	s := w.server(out.Ref)
	require.Equal(t, "E3-1230-16GB", s.Configuration)
	require.Equal(t, "ada@example.org", *s.OwnerEmail)
	require.Equal(t, "ada.example", s.Domain)
	require.Equal(t, "ada.example", out.Domain)
	require.Equal(t, "Debian-12", s.OS.Name, "the panel's first by name")
	require.Equal(t, map[string]string{"os": "Debian-12"}, out.Parameters)
	require.Equal(t, "up", s.Ports[0].AdminStatus)
	require.Len(t, s.Addresses, 1, "the parking address has gone")
	require.Equal(t, 1, s.Addresses[0].PoolID, "the location's pool")
	require.Equal(t, []provision.Address{{
		IP: s.Addresses[0].Name, Family: "ipv4", Gateway: "198.18.0.1", Network: "198.18.0.0/18", Main: true,
	}}, out.Addresses)
	require.Equal(t, 1, w.installs(out.Ref))
}

func TestOpenNeverInstallsTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op := newOp(provision.Open, nil)
	require.Equal(t, 1, w.installs(w.DoTwice(m, &op).Ref))
}

func TestSuspensionClosesThePortOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, out := w.Open(m, spec())
	w.Then(m, provision.Suspend, &service)
	s := w.server(out.Ref)
	require.True(t, s.Suspended)
	require.Equal(t, "down", s.Ports[0].AdminStatus)
	require.Equal(t, "on", s.Power)
	w.Then(m, provision.Resume, &service)
	s = w.server(out.Ref)
	require.False(t, s.Suspended)
	require.Equal(t, "up", s.Ports[0].AdminStatus)
}

// D30: a released server gives back what it got and parks on an address of the deallocation pool.
func TestCloseReleasesCleanly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	first := newOp(provision.Open, nil)
	first = withAddresses(first, 3)
	out := w.Do(m, &first)
	require.Len(t, out.Addresses, 3)
	w.Then(m, provision.Suspend, &first)
	w.Then(m, provision.Close, &first)
	s := w.server(out.Ref)
	require.Nil(t, s.OwnerEmail)
	require.Equal(t, "Srv-"+string(out.Ref), s.Name, "its own name again")
	require.Empty(t, s.Domain)
	require.Equal(t, "off", s.Power)
	require.False(t, s.Suspended)
	require.Len(t, s.Addresses, 1)
	require.Equal(t, 2, s.Addresses[0].PoolID, "parked")

	// The same server is sold again; a late close of the former service must not touch it.
	second, again := w.Open(m, spec())
	require.Equal(t, out.Ref, again.Ref)
	done := w.Then(m, provision.Close, &first)
	require.Equal(t, provision.Done, done.State)
	require.Equal(t, 1, w.objects(second.ServiceID))
	require.Equal(t, "on", w.server(again.Ref).Power)
}

func TestCloseIsRefusedWhereNoParkingAddressIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"deallocation_pool": "Tiny"})
	w.pool(map[string]any{"name": "Tiny", "purpose": "deallocation", "network": "192.0.2.0/30"})
	first, _ := w.Open(m, spec())
	closing := newOp(provision.Close, &first)
	w.Do(m, &closing) // takes Tiny's only address
	w.stock(map[string]any{"configuration": "other", "location_id": 3})
	second := newOp(provision.Open, nil)
	second.Spec.Settings = json.RawMessage(`{"configuration": "i9-9900K-64GB"}`)
	out := w.Do(m, &second)
	closing = newOp(provision.Close, &second)
	w.Refused(m, &closing, "no_free_address")
	require.Len(t, w.server(out.Ref).Addresses, 1, "nothing was taken from it")
	require.NotNil(t, w.server(out.Ref).OwnerEmail)
}

func TestNoFreeServerIsARefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op := newOp(provision.Open, nil)
	op.Spec.Location = "4"
	w.Refused(m, &op, "no_free_server")
	op = newOp(provision.Open, nil)
	op.Spec.Settings = json.RawMessage(`{"configuration": "E3-1230-16gb"}`)
	w.Refused(m, &op, "no_free_server")
	require.Len(t, w.view().Users, 1, "no account is made for nothing")
}

func TestWithoutServerTypeTheMostSimilarOneIsATask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"by_server_type": false})
	op := newOp(provision.Open, nil)
	op.Spec.Settings = json.RawMessage(`{"configuration": "i9-9900K-128GB"}`)
	out := w.Do(m, &op)
	require.Equal(t, provision.Manual, out.State)
	require.Contains(t, out.Text, `"i9-9900K-128GB"`)
	require.Contains(t, out.Text, `"i9-9900K-64GB"`)
	require.Equal(t, 0, w.objects(op.ServiceID))
	_, exact := w.Open(m, spec())
	require.Equal(t, provision.Done, exact.State, "an exact one is set up by itself")
	require.Empty(t, m.(provision.Stocker).StockKey(op.Spec.TariffCode, op.Spec.Settings))
}

func TestAProtectedServerIsPassedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	w.stock(map[string]any{"configuration": "P1", "location_id": 3, "protected": true})
	op := newOp(provision.Open, nil)
	op.Spec.Settings = json.RawMessage(`{"configuration": "P1"}`)
	require.Contains(t, w.Refused(m, &op, "panel_rejected").Text, "protected", "the panel's own words")
	require.Equal(t, 0, w.objects(op.ServiceID))
	w.stock(map[string]any{"configuration": "P1", "location_id": 3})
	out := w.Do(m, &op)
	require.Equal(t, provision.Done, out.State)
}

func TestTheOrderedSystemIsInstalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op := withParameter(newOp(provision.Open, nil), "os", "Ubuntu-24.04")
	out := w.Do(m, &op)
	require.Equal(t, "Ubuntu-24.04", w.server(out.Ref).OS.Name)
	require.Empty(t, out.Parameters, "the order said it already")

	op = newOp(provision.Open, nil)
	op.Spec.Settings = json.RawMessage(`{"configuration": "E3-1230-16GB", "default_os": "2"}`)
	out = w.Do(m, &op)
	require.Equal(t, "Ubuntu-24.04", w.server(out.Ref).OS.Name, "the tariff's default, by its number")

	op = withParameter(newOp(provision.Open, nil), "os", "Plan9")
	w.Refused(m, &op, "unknown_os")
	require.Equal(t, 0, w.objects(op.ServiceID), "what was taken went back")
}

func TestOnlyPublicScriptsAreSold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"use_recipes": true})
	op := withParameter(newOp(provision.Open, nil), "recipe", "burn-in")
	w.Refused(m, &op, "unknown_recipe")
	op = withParameter(newOp(provision.Open, nil), "recipe", "docker")
	require.Equal(t, provision.Done, w.Do(m, &op).State)
	op = withParameter(newOp(provision.Open, nil), "recipe", "burn-in")
	require.Equal(t, provision.Done, w.Do(w.module(nil), &op).State, "a module without scripts runs none")
}

func TestSetParamsChangesTheNumberOfAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, out := w.Open(m, spec())
	main := out.Addresses[0]
	for _, n := range []int{4, 2, 2} {
		op := withAddresses(newOp(provision.SetParams, &service), n)
		out := w.Do(m, &op)
		require.Len(t, out.Addresses, n)
		require.Equal(t, main, out.Addresses[0], "the main address stays")
	}
	op := newOp(provision.SetParams, &service)
	out = w.Do(m, &op)
	require.Len(t, out.Addresses, 2, "what was not ordered is left as it is")
}

func TestThePoolRule(t *testing.T) {
	t.Parallel()
	poolOf := func(w *world, m provision.Module, configuration string, location string) (int, error) {
		op := newOp(provision.Open, nil)
		op.Spec.Location = location
		op.Spec.Settings = json.RawMessage(`{"configuration": "` + configuration + `"}`)
		out, err := w.Try(m, &op)
		if err != nil {
			return 0, err
		}
		return w.server(out.Ref).Addresses[0].PoolID, nil
	}
	w := newWorld(t)
	m := w.module(nil)
	w.stock(map[string]any{"configuration": "X", "location_id": 5, "rack": "R1", "count": 4})
	got, err := poolOf(w, m, "X", "5")
	require.NoError(t, err)
	require.Equal(t, 1, got, "the only one whose name contains public, though it is another place's")
	w.pool(map[string]any{"name": "The Public one", "network": "203.0.113.0/28"})
	got, err = poolOf(w, m, "X", "5")
	require.NoError(t, err)
	require.Equal(t, 3, got, "the one whose name contains public and is no other place's")
	w.pool(map[string]any{"name": "place", "network": "203.0.113.16/28", "location_id": 5})
	got, err = poolOf(w, m, "X", "5")
	require.NoError(t, err)
	require.Equal(t, 4, got, "the location's before it")
	w.pool(map[string]any{"name": "rack", "network": "203.0.113.32/28", "location_id": 5, "rack": "R1"})
	got, err = poolOf(w, m, "X", "5")
	require.NoError(t, err)
	require.Equal(t, 5, got, "the rack's before all")
	got, err = poolOf(w, w.module(map[string]any{"allocation_pool": "place"}), "i9-9900K-64GB", "3")
	require.NoError(t, err)
	require.Equal(t, 4, got, "the module's own choice")
	for _, name := range []string{"no such", "Free servers"} {
		_, err = poolOf(w, w.module(map[string]any{"allocation_pool": name}), "i9-9900K-64GB", "3")
		provisiontest.Refused(t, err, "no_pool")
	}
}

func TestTwoServicesRaceForTheLastServer(t *testing.T) {
	t.Parallel()
	for range 10 {
		w := newWorld(t)
		w.stock(map[string]any{"configuration": "LAST", "location_id": 3})
		there := provisiontest.Connect(t, dcimanager6.Driver(), w.config("/api", paneltest.AdminPassword, nil))
		type result struct {
			op  provision.Op
			err error
		}
		results := make(chan result, 2)
		for _, m := range []provision.Module{w.module(nil), there} {
			go func() {
				op := newOp(provision.Open, nil)
				op.Spec.Settings = json.RawMessage(`{"configuration": "LAST"}`)
				for {
					out, err := m.Apply(t.Context(), op)
					if err != nil || out.State != provision.Pending {
						results <- result{op, err}
						return
					}
					op.Memo = out.Memo
					w.Advance(out.After)
				}
			}()
		}
		won := 0
		for range 2 {
			r := <-results
			if r.err == nil {
				won++
				require.Equal(t, 1, w.objects(r.op.ServiceID))
				continue
			}
			provisiontest.Refused(t, r.err, "no_free_server")
			require.Equal(t, 0, w.objects(r.op.ServiceID))
		}
		require.Equal(t, 1, won)
	}
}

func TestStockIsCountedAtTheModulesLocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	w.stock(map[string]any{"configuration": "E3-1230-16GB", "location_id": 4, "count": 9})
	w.stock(map[string]any{"configuration": "E3-1230-16GB", "location_id": 3, "is_new": true})
	w.Open(m, spec())
	got, err := m.(provision.Stocker).Stock(t.Context())
	require.NoError(t, err)
	require.Equal(t, []provision.Stock{{Key: "E3-1230-16GB", Free: 4}, {Key: "i9-9900K-64GB", Free: 2}}, got,
		"three of the old and the new one, whose diagnostics are over by now")
	require.Equal(t, "E3-1230-16GB", m.(provision.Stocker).StockKey("E3", spec().Settings))
	catalog, err := m.(provision.Cataloguer).Catalog(t.Context())
	require.NoError(t, err)
	require.Equal(t, []provision.Entry{{ID: "1", Name: "docker"}}, catalog.Scripts, "only scripts with access All")
	require.Len(t, catalog.OS, 2)
	require.Len(t, catalog.Pools, 2)
	require.Len(t, catalog.Locations, 2)
	require.Len(t, catalog.Configurations, 2)
}

func TestDailyUsageOfOneWholeDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source := w.module(nil).(provision.TrafficSource)
	day, err := calendar.ParseDay("2026-03-05")
	require.NoError(t, err)
	w.Control("PUT", "/dcimanager6/servers/1/traffic/2026-03-05", map[string]any{
		"in": 10485760, "out": 20971520, "burst_in_day": 12.5, "burst_out_day": 25, "power": 140,
	}, nil)
	w.Control("PUT", "/dcimanager6/servers/1/traffic/2026-03-06", map[string]any{"in": 1, "out": 1, "burst_in_day": 0, "burst_out_day": 0, "power": 0}, nil)
	got, err := source.DailyUsage(t.Context(), []provision.Ref{"1", "999", "x", "2"}, day, time.UTC)
	require.ErrorContains(t, err, "server 999")
	require.ErrorContains(t, err, "server x")
	require.Len(t, got, 2, "one server's failure loses nothing of the others")
	require.Equal(t, provision.Ref("1"), got[0].Ref)
	require.Equal(t, provision.Ref("2"), got[1].Ref)
	require.Equal(t, map[string]string{
		"in": "10485760 KiB", "out": "20971520 KiB", "burst_in_day": "12.5 Mbit/s", "burst_out_day": "25 Mbit/s", "power": "140 W",
	}, provisiontest.Values(got[0].Values))

	w.Break(provisiontest.Fault{Method: "GET", Kind: "http_500", Times: 2})
	got, err = source.DailyUsage(t.Context(), []provision.Ref{"1", "2", "3"}, day, time.UTC)
	provisiontest.Fails(t, err, provision.Unavailable)
	require.Len(t, got, 1)
}

func TestADeadTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	require.NoError(t, m.Check(t.Context()))
	logins := func() int { return w.Calls(paneltest.Login) }
	require.Equal(t, 1, logins())
	require.NoError(t, w.module(nil).Check(t.Context()))
	require.Equal(t, 1, logins(), "modules of the same panel and user share the login")
	w.Advance(2 * time.Hour)
	require.NoError(t, m.Check(t.Context()))
	require.Equal(t, 2, logins())
}

func TestCheckFindsWhatTheSettingsName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	provisiontest.Refused(t, w.module(map[string]any{"allocation_pool": "Nowhere"}).Check(t.Context()), "no_pool")
	require.NoError(t, w.module(map[string]any{"deallocation_pool": "free servers"}).Check(t.Context()))
	for _, location := range []string{"77", "Frankfurt"} {
		c := w.config("", paneltest.AdminPassword, nil)
		c.Location = location
		provisiontest.Refused(t, provisiontest.Connect(t, dcimanager6.Driver(), c).Check(t.Context()), "unknown_location")
	}
}

func TestSettingsAreRefusedByTheirPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.config("", paneltest.AdminPassword, nil)
	cases := map[string]struct{ connection, parameters string }{
		"/connection/url":                    {`{"url":"ftp://x","username":"a","password":"b"}`, `{}`},
		"/connection/password":               {`{"url":"http://x","username":"a"}`, `{}`},
		"/connection/ca":                     {`{"url":"http://x","username":"a","password":"b","ca":"no pem"}`, `{}`},
		"/parameters/timeout_seconds":        {``, `{"timeout_seconds": 301}`},
		"/parameters/by_server_type":         {``, `{"by_server_type": "yes"}`},
		"/parameters/endpoints/install_os":   {``, `{"endpoints": {"install_os": "POST /dci/v3/install"}}`},
		"/parameters/endpoints/no_such_call": {``, `{"endpoints": {"no_such_call": "POST /x"}}`},
		"/parameters/fields/owner":           {``, `{"fields": {"owner": ""}}`},
		"/parameters/traffic_unit":           {``, `{"traffic_unit": "KB"}`},
	}
	for pointer, c := range cases {
		settings := good
		if c.connection != "" {
			settings.Connection = json.RawMessage(c.connection)
		}
		settings.Parameters = json.RawMessage(c.parameters)
		if c.parameters == "{}" {
			settings.Parameters = nil
		}
		_, err := dcimanager6.Driver().New(settings)
		f := fault.Of(err)
		require.Equal(t, fault.Invalid, f.Kind, pointer)
		require.Equal(t, pointer, f.Fields[0].Pointer)
	}
	require.NoError(t, dcimanager6.Driver().CheckTariff(spec().Settings))
	require.Equal(t, "/settings/configuration", fault.Of(dcimanager6.Driver().CheckTariff(json.RawMessage(`{}`))).Fields[0].Pointer)
}

// A customer's panel may have other paths and words than we inferred; the parameters correct each of them.
func TestInferredCallsCanBeCorrected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"endpoints": map[string]string{"suspend": "POST /dci/v3/server/{id}/power_off"}})
	service, out := w.Open(m, spec())
	op := newOp(provision.Suspend, &service)
	w.Refused(m, &op, "panel_does_not_finish") // it only switched off: the port is still open
	require.Equal(t, "off", w.server(out.Ref).Power)
	m = w.module(map[string]any{"fields": map[string]string{"owner": "owner_id"}})
	op = newOp(provision.Open, nil)
	require.Contains(t, w.Refused(m, &op, "panel_rejected").Text, "owner_id")
	require.Equal(t, 0, w.objects(op.ServiceID))
}
