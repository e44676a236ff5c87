package dcimanager5_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// given gives servers to a user that was there before.
func (w *world) given(name, email string, servers ...int) {
	w.Control("POST", "/"+dci+"/users", map[string]any{"name": name, "email": email, "servers": servers}, nil)
}

func TestInspectTellsHowTheServerIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("parking")
	m := w.module(nil)
	op, out := w.Open(m, having(spec(), addOns{"ipv4_public": amount("2"), "ipv4_private": amount("1"), "ipv6": amount("1")}))
	found := provisiontest.Inspect(t, m, newOp(provision.Sync, &op))
	require.True(t, found.Exists)
	require.Equal(t, out.Ref, found.Ref)
	require.Equal(t, provision.Served, found.Standing)
	require.True(t, *found.Power)
	require.Equal(t, "ada@example.org", found.Owner)
	require.Equal(t, "ada.example", found.Domain)
	require.Equal(t, "HPCorei5", found.Sort)
	require.Equal(t, out.Addresses, found.Addresses)
	require.Equal(t, map[string]string{"ipv4_public": "2 piece", "ipv4_private": "1 piece", "ipv6": "1 piece"}, provisiontest.Amounts(found.AddOns))

	// Somebody works on it by hand, and the service forgets which it was.
	w.Then(m, provision.Suspend, &op)
	w.given("bob", "bob@example.org")
	w.vendor("func=server.edit&sok=ok&elid=" + string(out.Ref) + "&mac=52:54:00:05:00:01&type=HPCorei7&owner=3&hostname=b.example&name=" + w.server(out.Ref).Name)
	w.vendor("func=server.poweroff&elid=" + string(out.Ref))
	w.Advance(w.Passed())
	lost := newOp(provision.Sync, &op)
	lost.Ref = ""
	found = provisiontest.Inspect(t, m, lost)
	require.Equal(t, provision.CutOff, found.Standing)
	require.False(t, *found.Power)
	require.Equal(t, []string{"bob@example.org", "b.example", "HPCorei7"}, []string{found.Owner, found.Domain, found.Sort})
	require.Equal(t, out.Ref, found.Ref, "found by its mark")

	provisiontest.InspectsItsOwn(t, m, w, op)
}

func TestServersThatWereThereBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("")
	m := w.module(nil)
	importer := m.(provision.Importer)
	op, _ := w.Open(m, spec())
	list := provisiontest.Machines(t, m)
	require.Empty(t, list, "one is ours, the others are free")

	w.given("ada-of-old", "Ada@example.org", 2)
	w.given("bob@example.org", "", 3)
	w.given("carol", "", 4)
	before := len(w.view(dci).Calls)
	list = provisiontest.Machines(t, m)
	for _, c := range w.view(dci).Calls[before:] {
		require.NotContains(t, c.Path, "edit", "nothing is changed")
	}
	require.Len(t, list, 3)
	require.Equal(t, []string{"Ada@example.org", "bob@example.org", ""}, []string{list[0].Owner, list[1].Owner, list[2].Owner},
		"by the user's address, by a name that is one, and not told")
	require.Equal(t, "carol", list[2].Parameters["panel_user"])
	require.Equal(t, provision.Ref("2"), list[0].Ref)
	require.Equal(t, []string{"Srv-2", "s2.ada-of-old.example", importer.SortOf("", spec().Settings)}, []string{list[0].Name, list[0].Domain, list[0].Sort})
	require.Equal(t, w.server("2").IP, list[0].Addresses[0].IP)
	require.Equal(t, map[string]string{"ipv4_public": "1 piece", "ipv4_private": "0 piece", "ipv6": "0 piece"}, provisiontest.Amounts(list[0].AddOns))

	// From then on its operations find it by its number and its user.
	taken := newOp(provision.Suspend, nil)
	taken.Ref, taken.Spec.Domain = list[0].Ref, list[0].Domain
	w.Refused(m, &taken, "server_not_found")
	taken.Spec.Parameters = map[string]json.RawMessage{"panel_user": json.RawMessage(`"ada-of-old"`)}
	taken.Memo = nil
	require.Equal(t, list[0].Ref, w.Do(m, &taken).Ref)
	require.True(t, w.server(list[0].Ref).Disabled)
	require.False(t, w.server(op.Ref).Disabled)
	found := provisiontest.Inspect(t, m, newOp(provision.Sync, &taken))
	require.Equal(t, []any{provision.CutOff, "ada@example.org"}, []any{found.Standing, found.Owner})
	taken.Spec.AddOns = addOns{"control_panel": item("ispmanager_lite")}
	for _, kind := range []provision.Kind{provision.Resume, provision.Reboot, provision.Reinstall, provision.SetParams, provision.Close} {
		w.Then(m, kind, &taken)
	}
	require.Empty(t, w.view(licenses).Licenses, "its license was bought elsewhere")
	s := w.server(list[0].Ref)
	require.Nil(t, s.Owner)
	require.Equal(t, []string{"Srv-2", "free.ds", "Debian-12"}, []string{s.Name, s.Hostname, s.OS})
	found = provisiontest.Inspect(t, m, newOp(provision.Sync, &taken))
	require.False(t, found.Exists)
}
