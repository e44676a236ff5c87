package dsmanager_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dsmanager"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// The tariff's code is the name of the preset, as the vendor tells it.
func TestAServerWithoutOwnerIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op, out := w.Open(m, spec())
	s := w.server(out.Ref)
	require.Equal(t, "ada-c0042", *s.Owner)
	require.Equal(t, []string{"HPCorei5", "ada.example", "on", "Debian-12"}, []string{s.Type, s.Hostname, s.Power, s.OS})
	require.Equal(t, map[string]string{"os": "Debian-12"}, out.Parameters, "what the order left open is told")
	require.Equal(t, []provision.Address{{IP: s.IP, Family: "ipv4", Main: true}}, out.Addresses)
	require.Equal(t, "ada.example", out.Domain)

	w.Then(m, provision.Close, &op)
	s = w.server(out.Ref)
	require.Nil(t, s.Owner)
	require.Equal(t, []string{"Srv-" + string(out.Ref), "", "off"}, []string{s.Name, s.Hostname, s.Power})
}

// The item's code of an enumeration is the image's name.
func TestTheImageIsTheOrdered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op := newOp(provision.Open, nil)
	op.Spec.AddOns = map[string]provision.AddOn{"os": {Item: "Ubuntu-24.04"}}
	out := w.Do(m, &op)
	require.Equal(t, "Ubuntu-24.04", w.server(out.Ref).OS)
	require.Empty(t, out.ByHand)

	again := newOp(provision.Reinstall, &op)
	again.Spec.Parameters = map[string]json.RawMessage{"os": json.RawMessage(`"debian-12"`)}
	w.Do(m, &again)
	require.Equal(t, "Debian-12", w.server(out.Ref).OS)
	again.Spec.Parameters["os"] = json.RawMessage(`"Plan-9"`)
	again.Memo = nil
	w.Refused(m, &again, "unknown_os")
}

func TestAClientsOwnServerHasNoPreset(t *testing.T) {
	t.Parallel()
	info := dsmanager.Driver().Info
	own, sold := info.Serves("colocation")
	require.True(t, sold)
	require.NotContains(t, string(own.TariffSchema), "preset", "its form asks for none")
	require.Contains(t, string(info.TariffSchema), "preset")
}

func TestPresetsAndWhatIsFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Control("POST", "/dsmanager/servers", map[string]any{"type": "HPCorei7", "count": 2}, nil)
	w.Control("POST", "/dsmanager/servers", map[string]any{"type": "HPCorei7", "blocked": true}, nil)
	m := w.module(nil)
	stock, err := m.(provision.Stocker).Stock(t.Context())
	require.NoError(t, err)
	require.Equal(t, []provision.Stock{{Key: "HPCorei5", Free: 4}, {Key: "HPCorei7", Free: 2}}, stock)
	preset := json.RawMessage(`{"preset": "HPCorei7"}`)
	require.Equal(t, "HPCorei7", m.(provision.Stocker).StockKey("HPCorei5", preset))
	require.Equal(t, "HPCorei5", m.(provision.Stocker).StockKey("HPCorei5", nil))
	for want := range 3 {
		op := newOp(provision.Open, nil)
		op.Spec.Settings = preset // wins over the code
		out, err := w.Try(m, &op)
		if want == 2 {
			require.Contains(t, provisiontest.Refused(t, err, "no_free_server").Text, "HPCorei7")
			break
		}
		require.NoError(t, err)
		require.Equal(t, "HPCorei7", w.server(out.Ref).Type)
	}
	catalog, err := m.(provision.Cataloguer).Catalog(t.Context())
	require.NoError(t, err)
	require.Equal(t, []provision.Entry{{ID: "Debian-12", Name: "Debian-12"}, {ID: "Ubuntu-24.04", Name: "Ubuntu-24.04"}}, catalog.OS)
	require.Len(t, catalog.Configurations, 2)
}

// A failed installation gives the server back, for another module may be asked.
func TestAFailedInstallationGivesTheServerBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fault("task_fail", "", "/dsmgr?func=server.reinstall", 1, 0)
	op := newOp(provision.Open, nil)
	w.Refused(w.module(nil), &op, "panel_failed")
	require.Zero(t, w.objects(op.ServiceID))
	stock, err := w.module(nil).(provision.Stocker).Stock(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, stock[0].Free)
}

func TestD28AddOnsWithoutACallAreToldToPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	amount := func(text string) provision.AddOn { return provisiontest.Amount(text, "GiB") }
	op := newOp(provision.Open, nil)
	op.Spec.AddOns = map[string]provision.AddOn{"ram": amount("32"), "disk": amount("500"), "raid": {}}
	op.Spec.Included = map[string]provision.AddOn{"disk": amount("500")}
	out := w.Do(m, &op)
	require.Contains(t, out.ByHand, ": ram 32 GiB.")
	change := newOp(provision.SetParams, &op)
	change.Spec.Previous = &provision.Terms{AddOns: op.Spec.AddOns}
	require.Empty(t, w.Do(m, &change).ByHand, "nothing is another")
	change.Spec.AddOns = map[string]provision.AddOn{"ram": amount("64"), "disk": amount("500")}
	require.Contains(t, w.Do(m, &change).ByHand, "ram 64 GiB")
}

// D28: nobody can exchange a machine by a call, so a tariff of another preset holds only when people have done it.
func TestD28AnotherPresetIsPeoplesWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op, _ := w.Open(m, spec())
	change := newOp(provision.SetParams, &op)
	change.Spec.Previous = &provision.Terms{TariffCode: op.Spec.TariffCode}
	change.Spec.TariffCode, change.Spec.Settings = "Summer offer", json.RawMessage(`{"preset": "HPCorei5"}`)
	change.Spec.Domain, change.Spec.Asked = "new.example", []string{"domain"}
	out := w.Do(m, &change)
	require.Equal(t, provision.Done, out.State, "the preset is the same")
	require.Equal(t, "new.example", w.server(out.Ref).Hostname)
	change.Spec.TariffCode, change.Spec.Settings = "HPCorei7", nil
	out = w.Do(m, &change)
	require.Equal(t, provision.Manual, out.State)
	require.Contains(t, out.Text, ": preset HPCorei7.")
}

func TestAForeignServerIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	theirs, _ := w.Open(m, spec())
	foreign := newOp(provision.Suspend, nil)
	foreign.Ref = theirs.Ref
	w.LeavesAlone(m, foreign, "server_not_found", provision.Suspend, provision.Reboot, provision.Reinstall)
	require.True(t, w.inService(theirs.ServiceID))
}

// Colocation is people's work but for disabling and enabling, by the id that closing the set-up task gave.
func TestColocationIsDisabledAndEnabledById(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.colocation()
	_, counts := m.(provision.Stocker)
	require.False(t, counts, "places in a rack are not counted")
	require.NoError(t, m.Check(t.Context()))
	colocated := func(kind provision.Kind, ref provision.Ref) provision.Op {
		op := newOp(kind, nil)
		op.Ref, op.Spec.ProductType = ref, "colocation"
		return op
	}
	for _, kind := range []provision.Kind{provision.Open, provision.SetParams, provision.Close} {
		op := colocated(kind, "2")
		out := w.Do(m, &op)
		require.Equal(t, provision.Manual, out.State, kind)
		require.NotEmpty(t, out.Text)
	}
	for _, step := range []struct {
		kind     provision.Kind
		disabled bool
	}{{provision.Suspend, true}, {provision.Suspend, true}, {provision.Resume, false}} {
		op := colocated(step.kind, "2")
		out := w.Do(m, &op)
		require.Equal(t, []any{provision.Done, provision.Ref("2")}, []any{out.State, out.Ref})
		s := w.server("2")
		require.Equal(t, []any{step.disabled, "Srv-2"}, []any{s.Disabled, s.Name}, "nothing else of it is touched")
		require.Nil(t, s.Owner)
	}
	for _, ref := range []provision.Ref{"", "999"} {
		op := colocated(provision.Suspend, ref)
		w.Refused(m, &op, "server_not_found")
	}
	p, _ := dsmanager.Driver().Info.Serves("colocation")
	require.Equal(t, []string{"external_id"}, p.CompletesWith)
	require.Equal(t, []provision.Mode{"manual", "auto", "auto", "manual", "manual"}, []provision.Mode{
		p.Operations[provision.Open], p.Operations[provision.Suspend], p.Operations[provision.Resume], p.Operations[provision.SetParams], p.Operations[provision.Close],
	})
}

// Two modules of one panel: a colocated server is not touched by the name of a dedicated one.
func TestColocationDoesNotTouchSoldServers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sold, _ := w.Open(w.module(nil), spec())
	m := w.colocation()
	op := newOp(provision.Suspend, nil)
	op.Ref, op.Spec.ProductType = sold.Ref, "colocation"
	w.Refused(m, &op, "server_not_found")
	require.True(t, w.inService(sold.ServiceID))
}

func TestClientsHaveUsersOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"login": "session"})
	for i, name := range []string{"admin", "Äda Lövelace & sons of a long line", ""} {
		op := newOp(provision.Open, nil)
		op.Spec.Client.Username, op.Spec.Client.ID = name, actor.ClientID("0000-000"+strconv.Itoa(i))
		w.Do(m, &op)
	}
	var names []string
	for _, u := range w.view().Users {
		names = append(names, u.Name)
	}
	require.Equal(t, "admin admin-00000000 da-l-velace-sons-of-00000001 00000002", strings.Join(names, " "))
}
