package dcimanager6_test

import (
	"strconv"
	"strings"
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
	require.True(t, found.Exists)
	require.Equal(t, out.Ref, found.Ref)
	require.Equal(t, provision.Served, found.Standing)
	require.True(t, *found.Power)
	require.Equal(t, "ada@example.org", found.Owner)
	require.Equal(t, "ada.example", found.Domain)
	require.Equal(t, out.Addresses, found.Addresses)
	require.Equal(t, "1", found.AddOns["ipv4_public"].Amount.String())
	require.Equal(t, "0", found.AddOns["ipv6"].Amount.String())
	require.Equal(t, map[string]string{"os": "Debian-12"}, found.Parameters)

	w.Then(m, provision.Suspend, &op)
	lost := newOp(provision.Sync, &op)
	lost.Ref = ""
	found = provisiontest.Inspect(t, m, lost)
	require.Equal(t, provision.CutOff, found.Standing)
	require.Equal(t, out.Ref, found.Ref, "found by its mark")

	provisiontest.InspectsItsOwn(t, m, w, op)
}

func TestMachinesThatWereThereBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	importer := m.(provision.Importer)
	op, out := w.Open(m, spec())
	list := provisiontest.Machines(t, m)
	require.Empty(t, list, "one is ours, the others are free")

	// Staff hand a free server to its client by hand.
	var ref string
	for _, s := range w.view().Servers {
		if s.OwnerEmail == nil && s.Configuration == "E3-1230-16GB" && provision.Ref(strconv.Itoa(s.ID)) != out.Ref {
			ref = strconv.Itoa(s.ID)
		}
	}
	w.vendor("/dci/v3/server/"+ref+"/owner", map[string]any{"owner": 2})
	list = provisiontest.Machines(t, m)
	require.Len(t, list, 1)
	require.Equal(t, provision.Ref(ref), list[0].Ref)
	require.Equal(t, "E3-1230-16GB", list[0].Sort)
	require.Equal(t, importer.SortOf("", spec().Settings), list[0].Sort)
	require.True(t, strings.EqualFold("ada@example.org", list[0].Owner))

	// From then on its operations find it by its number and its owner.
	taken := newOp(provision.Suspend, nil)
	taken.Ref = list[0].Ref
	require.Equal(t, list[0].Ref, w.Do(m, &taken).Ref)
	require.True(t, w.server(list[0].Ref).Suspended)
	require.False(t, w.server(op.Ref).Suspended)
}
