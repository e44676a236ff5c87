package openstack_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/openstack"
	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

func TestAServerIsMadeAsOrdered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"security_groups": []string{"web"}, "availability_zone": "nova"})
	_, out := w.Open(m, provisiontest.With(spec(), "os", "ubuntu-24.04"))
	s := w.server(out.Ref)
	require.Equal(t, []string{"RegionOne", "ACTIVE", "m1.small", "Ubuntu-24.04"}, []string{s.Location, s.Status, s.Configuration, s.OS})
	require.Equal(t, []string{"web"}, s.Groups)
	require.Equal(t, []provision.Address{{IP: s.Addresses[0].IP, Family: "ipv4", Main: true}}, out.Addresses)
	require.Equal(t, "public", s.Addresses[0].Network)
	require.Equal(t, "ada.example", out.Domain)
	require.Nil(t, out.Parameters)

	_, out = w.Open(w.module(map[string]any{"network": "private"}), settings(spec(), `{"flavor": "1", "default_os": "", "network": ""}`))
	require.Equal(t, map[string]string{"os": "Debian-12"}, out.Parameters, "what the order left open is told")
	require.Equal(t, "private", w.server(out.Ref).Addresses[0].Network)
}

// Suspending stops and locks, so that nobody of the project starts the machine; resuming undoes both.
func TestSuspendingStopsAndLocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		set    map[string]any
		status string
		locked bool
	}{{nil, "SHUTOFF", true}, {map[string]any{"suspend_by": "suspend", "lock_suspended": false}, "SUSPENDED", false}} {
		m := w.module(c.set)
		service, _ := w.Open(m, spec())
		op := newOp(provision.Suspend, &service)
		w.Do(m, &op)
		s := w.server(service.Ref)
		require.Equal(t, []any{c.status, c.locked}, []any{s.Status, s.Locked})
		op = newOp(provision.Resume, &service)
		w.Do(m, &op)
		require.True(t, w.inService(service.ServiceID))
	}
}

func TestAnotherFlavorIsConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, _ := w.Open(m, spec())
	op := newOp(provision.SetParams, &service)
	op.Spec = provisiontest.Sized(op.Spec, "cpu", "2", "piece", "ram", "4096", "MiB", "disk", "40", "GiB")
	w.Do(m, &op)
	s := w.server(service.Ref)
	require.Equal(t, []string{"m1.medium", "ACTIVE"}, []string{s.Configuration, s.Status}, "add-ons choose the flavor that has just these")

	op = newOp(provision.SetParams, &service)
	op.Spec = provisiontest.Sized(op.Spec, "cpu", "3", "piece")
	require.Contains(t, w.Refused(m, &op, "unknown_flavor").Text, "3 processors, 2048 MiB of memory and 20 GiB of disk")
}

func TestD28AddOnsWithoutACallAreToldToPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op := provisiontest.Opening(provisiontest.Sized(spec(), "cpu", "1", "piece", "ipv4", "1", "piece", "port_speed", "100", "Mbit/s"))
	op.Spec.Included = provisiontest.Sized(spec(), "ipv4", "1", "piece").AddOns
	require.Contains(t, w.Do(m, &op).ByHand, ": port_speed 100 Mbit/s.")
	change := newOp(provision.SetParams, &op)
	change.Spec.Previous = &provision.Terms{AddOns: op.Spec.AddOns}
	require.Empty(t, w.Do(m, &change).ByHand, "nothing is another")
	change.Spec = provisiontest.Sized(change.Spec, "ipv4", "3", "piece", "port_speed", "100", "Mbit/s")
	change.Spec.AddOns["os"] = provision.AddOn{Item: "Ubuntu-24.04"}
	require.Contains(t, w.Do(m, &change).ByHand, ": ipv4 3 piece; os Ubuntu-24.04.", "a system is put on a server by reinstalling it alone")
}

// A smaller disk is refused by the cloud after it was asked for; a suspended machine stays locked all the same.
func TestARefusedChangeLeavesTheLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, _ := w.Open(m, spec())
	w.Then(m, provision.Suspend, &service)
	op := newOp(provision.SetParams, &service)
	op.Spec = settings(op.Spec, `{"flavor": "m1.tiny", "network": "public"}`)
	require.Contains(t, w.Refused(m, &op, "panel_failed").Text, "resize")
	s := w.server(service.Ref)
	require.Equal(t, []any{"m1.small", "SHUTOFF", true}, []any{s.Configuration, s.Status, s.Locked})

	op = newOp(provision.SetParams, &service)
	op.Spec = settings(op.Spec, `{"flavor": "m1.large", "network": "public"}`)
	w.Do(m, &op)
	s = w.server(service.Ref)
	require.Equal(t, []any{"m1.large", "SHUTOFF", true}, []any{s.Configuration, s.Status, s.Locked})
}

func TestReinstallingKeepsTheAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, first := w.Open(m, spec())
	op := newOp(provision.Reinstall, &service)
	op.Spec = provisiontest.With(op.Spec, "os", "Ubuntu-24.04")
	out := w.Do(m, &op)
	require.Equal(t, first.Addresses, out.Addresses)
	require.Equal(t, "Ubuntu-24.04", w.server(service.Ref).OS)
	require.Equal(t, 1, w.runs(service.ServiceID, provision.Reinstall))
}

func TestWhatTheCloudLacksIsRefusedBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for code, spec := range map[string]provision.Spec{
		"unknown_flavor":  settings(spec(), `{"flavor": "m9.huge", "network": "public"}`),
		"unknown_network": settings(spec(), `{"flavor": "m1.small", "network": "dmz"}`),
		"unknown_os":      provisiontest.With(spec(), "os", "Debian-13-rc"),
		"panel_conflict":  settings(spec(), `{"flavor": "m1.small"}`), // two networks and none chosen
		"bad_unit":        provisiontest.Sized(spec(), "ram", "4", "piece"),
	} {
		op := provisiontest.Opening(spec)
		w.Refused(w.module(nil), &op, code)
		require.Zero(t, w.objects(op.ServiceID), code)
	}
}

// A network that is empty is found out only when the server is built: what was made goes again.
func TestAServerThatCannotBeBuiltIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Control("POST", "/openstack/pools", map[string]any{"name": "tiny", "network": "192.0.2.0/30"}, nil)
	tiny := settings(spec(), `{"flavor": "m1.small", "network": "tiny"}`)
	first := provisiontest.Opening(tiny)
	w.Do(w.module(nil), &first)
	op := provisiontest.Opening(tiny)
	require.Contains(t, w.Refused(w.module(nil), &op, "machine_broken").Text, "No more IP addresses available")
	require.Zero(t, w.objects(op.ServiceID))
	require.Equal(t, 1, w.objects(first.ServiceID))
}

func TestALockedServerIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, _ := w.Open(m, spec())
	w.Then(m, provision.Suspend, &service)
	w.Then(m, provision.Close, &service)
	require.Zero(t, w.objects(service.ServiceID))
}

// Somebody else's server is not touched, be it that a service is known by it.
func TestAForeignServerIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	theirs, _ := w.Open(m, spec())
	foreign := newOp(provision.Suspend, nil)
	foreign.Ref = theirs.Ref
	w.LeavesAlone(m, foreign, "machine_not_found", provision.Suspend, provision.Reboot, provision.SetParams, provision.Reinstall)
	require.True(t, w.inService(theirs.ServiceID))

	var made struct{ List []shown }
	w.Control("POST", "/openstack/servers", map[string]any{"name": "by-hand"}, &made)
	op := newOp(provision.Suspend, nil)
	op.Ref = provision.Ref(made.List[0].ID)
	w.Do(m, &op)
	require.True(t, w.server(op.Ref).Locked, "one without a mark that the service is known by is its own")
}

func TestATokenThatIsOverIsRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	service, _ := w.Open(m, spec())
	w.Advance(2 * time.Hour)
	w.Then(m, provision.Reboot, &service)
	w.Control("POST", "/openstack/reset", nil, nil) // forgets its tokens
	require.NoError(t, m.Check(t.Context()))
}

func TestRegionsAreTheDataCenters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.config("/v3", paneltest.AdminPassword, map[string]any{"endpoint_interface": "internal"})
	c.Location = "RegionTwo"
	_, out := w.Open(provisiontest.Connect(t, openstack.Driver(), c), spec())
	require.Equal(t, "RegionTwo", w.server(out.Ref).Location)
	for _, nowhere := range []string{"", "RegionThree"} {
		c.Location = nowhere
		provisiontest.Refused(t, provisiontest.Connect(t, openstack.Driver(), c).Check(t.Context()), "unknown_region")
	}
	named, err := provision.Explain(t.Context(), w.module(map[string]any{"network": "PUBLIC"}))
	require.NoError(t, err)
	require.Equal(t, provision.Checked{Tried: []string{"flavors (compute)", "images (image)", "networks (network)"}}, named)
	unnamed, err := provision.Explain(t.Context(), w.module(nil))
	require.NoError(t, err, "each tariff may name its own")
	require.Len(t, unnamed.Hints, 1)
	require.Contains(t, unnamed.Hints[0], "several networks (private, public)")
	provisiontest.Refused(t, w.module(map[string]any{"network": "dmz"}).Check(t.Context()), "unknown_network")
}

func TestTheCatalogueIsWhatTheCloudOffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := w.module(nil).(provision.Cataloguer).Catalog(t.Context())
	require.NoError(t, err)
	names := func(all []provision.Entry) (out []string) {
		for _, e := range all {
			out = append(out, e.Name)
		}
		return out
	}
	require.Equal(t, []string{"Debian-12", "Ubuntu-24.04"}, names(c.OS), "only images that are active")
	require.Equal(t, []string{"m1.tiny", "m1.small", "m1.medium", "m1.large"}, names(c.Configurations))
	require.Equal(t, []string{"private", "public"}, names(c.Pools))
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	d := openstack.Driver()
	good := provision.Config{
		Connection: json.RawMessage(`{"url": "http://127.0.0.1:1", "username": "u", "password": "p", "project": "x"}`),
		Env:        provision.Env{Transport: http.DefaultTransport, Now: time.Now},
	}
	for version, known := range map[string]bool{"2.9": true, "2.46": true, "2.8": false, "2.47": false, "3.9": false, "2.x": false} {
		c := good
		c.Parameters = json.RawMessage(`{"compute_version": "` + version + `"}`)
		_, err := d.New(c)
		require.Equal(t, known, err == nil, version)
	}
	require.NoError(t, d.CheckTariff(json.RawMessage(`{"flavor": "m1.small", "template": "another driver's"}`)))
	for settings, pointer := range map[string]string{`{}`: "/settings/flavor", `{"flavor": 7}`: "/settings/flavor"} {
		err := d.CheckTariff(json.RawMessage(settings))
		require.Equal(t, pointer, fault.Of(err).Fields[0].Pointer, settings)
	}
}

// Two processes have both seen no server, and both have one made: the first made stays.
func TestTwoServersOfOneServiceBecomeOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := newOp(provision.Open, nil)
	ghost := op
	patient := provisiontest.Connect(t, openstack.Driver(), w.config("/identity/v3", paneltest.AdminPassword, map[string]any{"timeout_seconds": 30}))
	back := w.Held(patient, ghost, "POST", "/RegionOne")
	m := w.module(nil)
	first := w.Do(m, &op) // is through before the other's call is let go
	w.Mend()
	late := <-back
	require.NoError(t, late.Err)
	ghost.Memo = late.Out.Memo
	again := w.Do(patient, &ghost)
	require.Equal(t, first.Ref, again.Ref)
	require.Equal(t, 1, w.objects(op.ServiceID))
	require.True(t, w.inService(op.ServiceID))
}
