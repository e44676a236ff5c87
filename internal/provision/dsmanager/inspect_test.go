package dsmanager_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// given gives servers to a user that was there before.
func (w *world) given(name, email string, servers ...int) {
	w.Control("POST", "/dsmanager/users", map[string]any{"name": name, "email": email, "servers": servers}, nil)
}

func TestInspectTellsHowTheServerIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op, out := w.Open(m, spec())
	on := true
	require.Equal(t, provision.Found{
		Exists: true, Ref: out.Ref, Standing: provision.Served, Power: &on, Owner: "ada@example.org", Domain: "ada.example", Sort: "HPCorei5",
		Addresses: out.Addresses, Parameters: map[string]string{"os": "Debian-12"},
	}, provisiontest.Inspect(t, m, newOp(provision.Sync, &op)))

	w.Then(m, provision.Suspend, &op)
	w.given("bob", "bob@example.org", int(out.Ref[0]-'0')) // staff take it for somebody else, and switch it on
	lost := newOp(provision.Sync, &op)
	lost.Ref = ""
	found := provisiontest.Inspect(t, m, lost)
	require.Equal(t, []any{out.Ref, provision.CutOff, "bob@example.org", "s" + string(out.Ref) + ".bob.example"},
		[]any{found.Ref, found.Standing, found.Owner, found.Domain}, "found by its mark")
	provisiontest.InspectsItsOwn(t, m, w, op)
}

func TestServersThatWereThereBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	importer := m.(provision.Importer)
	op, _ := w.Open(m, spec())
	list := provisiontest.Machines(t, m)
	require.Empty(t, list, "one is ours, the others are free")
	w.given("ada-of-old", "Ada@example.org", 2)
	w.given("bob@example.org", "", 3)
	w.given("carol", "", 4)
	list = provisiontest.Machines(t, m)
	require.Len(t, list, 3)
	require.Equal(t, []string{"Ada@example.org", "bob@example.org", ""}, []string{list[0].Owner, list[1].Owner, list[2].Owner})
	require.Equal(t, []string{"Srv-2", "s2.ada-of-old.example", "HPCorei5"}, []string{list[0].Name, list[0].Domain, list[0].Sort})
	require.Equal(t, []string{"HPCorei5", "P", ""}, []string{
		importer.SortOf("HPCorei5", nil), importer.SortOf("x", json.RawMessage(`{"preset": "P"}`)), w.colocation().(provision.Importer).SortOf("x", nil),
	}, "the tariff's preset, else its code; what is colocated is of none")

	// From then on its operations find it by its number and its user.
	taken := newOp(provision.Suspend, nil)
	taken.Ref = list[0].Ref
	w.Refused(m, &taken, "server_not_found")
	taken.Spec.Parameters, taken.Memo = map[string]json.RawMessage{"panel_user": json.RawMessage(`"ada-of-old"`)}, nil
	w.Do(m, &taken)
	require.True(t, w.server("2").Disabled)
	require.False(t, w.server(op.Ref).Disabled)
	require.Equal(t, "ada@example.org", provisiontest.Inspect(t, m, newOp(provision.Sync, &taken)).Owner)
	for _, kind := range []provision.Kind{provision.Resume, provision.Reboot, provision.Reinstall, provision.Close} {
		w.Then(m, kind, &taken)
	}
	s := w.server("2")
	require.Nil(t, s.Owner)
	require.Equal(t, []string{"Srv-2", "", "off"}, []string{s.Name, s.Hostname, s.Power})
	require.False(t, provisiontest.Inspect(t, m, newOp(provision.Sync, &taken)).Exists)
}

// Of a colocated server the panel knows its number; the rest is people's.
func TestAColocatedServerIsComparedByItsNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.given("carol", "carol@example.org", 3)
	m := w.colocation()
	list := provisiontest.Machines(t, m)
	require.Len(t, list, 1)
	require.Equal(t, []any{provision.Ref("3"), "carol@example.org"}, []any{list[0].Ref, list[0].Owner})
	op := newOp(provision.Suspend, nil)
	op.ServiceID, op.Ref, op.Spec.ProductType = actor.ServiceID(actor.NewID()), "3", "colocation"
	w.Do(m, &op)
	on := true
	require.Equal(t, provision.Found{Exists: true, Ref: "3", Standing: provision.CutOff, Power: &on}, provisiontest.Inspect(t, m, newOp(provision.Sync, &op)))
	op.Ref = "99"
	require.False(t, provisiontest.Inspect(t, m, newOp(provision.Sync, &op)).Exists)
}
