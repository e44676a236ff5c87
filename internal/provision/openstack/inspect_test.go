package openstack_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

func TestInspectTellsHowTheServerIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op, out := w.Open(m, spec())
	found := provisiontest.Inspect(t, m, newOp(provision.Sync, &op))
	require.Equal(t, []any{true, out.Ref, provision.Served, "", "m1.small"}, []any{found.Exists, found.Ref, found.Standing, found.Owner, found.Sort})
	require.True(t, *found.Power)
	require.Equal(t, out.Addresses, found.Addresses)
	require.Equal(t, map[string]string{"os": "Debian-12"}, found.Parameters)
	require.Equal(t, map[string]string{"cpu": "1 piece", "ram": "2048 MiB", "disk": "20 GiB"}, provisiontest.Amounts(found.AddOns))
	byID := newOp(provision.Sync, &op)
	byID.Spec = settings(byID.Spec, `{"flavor": "2"}`)
	require.Equal(t, "2", provisiontest.Inspect(t, m, byID).Sort, "as the tariff names it")
	byID.Spec = provisiontest.Sized(byID.Spec, "ram", "8", "GiB")
	byID.Spec = settings(byID.Spec, `{"flavor": "m1.tiny"}`)
	require.Empty(t, provisiontest.Inspect(t, m, byID).Sort, "the amounts tell it")

	w.Then(m, provision.Suspend, &op)
	lost := newOp(provision.Sync, &op)
	lost.Ref = ""
	found = provisiontest.Inspect(t, m, lost)
	require.Equal(t, []any{out.Ref, provision.CutOff, false}, []any{found.Ref, found.Standing, *found.Power}, "found by its mark")
	found = provisiontest.Inspect(t, w.module(map[string]any{"lock_suspended": false}), lost)
	require.Empty(t, found.Standing, "without locks nobody can tell who switched it off")

	provisiontest.InspectsItsOwn(t, m, w, op)
}

func TestServersThatWereThereBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	importer := m.(provision.Importer)
	op, _ := w.Open(m, spec())
	list := provisiontest.Machines(t, m)
	require.Empty(t, list, "it is ours")
	w.Control("POST", "/openstack/servers", map[string]any{"name": "old", "flavor": "m1.medium", "image": "Ubuntu-24.04"}, nil)
	w.Control("POST", "/openstack/servers", map[string]any{"name": "far", "region": "RegionTwo"}, nil)
	list = provisiontest.Machines(t, m)
	require.Len(t, list, 1, "of the module's region")
	require.Equal(t, []string{"old", "m1.medium", "", "Ubuntu-24.04"}, []string{list[0].Name, list[0].Sort, list[0].Owner, list[0].Parameters["os"]})
	require.NotEmpty(t, list[0].Addresses)
	require.Equal(t, "m1.small", importer.SortOf("VPS", spec().Settings))

	// From then on its operations find it by its id.
	taken := newOp(provision.Suspend, nil)
	taken.Ref = list[0].Ref
	w.Do(m, &taken)
	require.Equal(t, []any{"SHUTOFF", true}, []any{w.server(taken.Ref).Status, w.server(taken.Ref).Locked})
	require.Equal(t, "ACTIVE", w.server(op.Ref).Status)
	taken.Spec = settings(taken.Spec, `{"flavor": "m1.medium"}`)
	for _, kind := range []provision.Kind{provision.Resume, provision.Reboot, provision.SetParams, provision.Close} {
		w.Then(m, kind, &taken)
	}
	require.Len(t, w.view().Servers, 2)
	require.False(t, provisiontest.Inspect(t, m, newOp(provision.Sync, &taken)).Exists)
}
