package vmmanager6_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

func TestInspectTellsHowTheMachineIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(map[string]any{"disable_suspended": true})
	op, out := w.Open(m, provisiontest.Sized(spec(), "ram", "1", "GiB", "ipv4", "2", "piece", "ipv6", "1", "piece"))
	found := provisiontest.Inspect(t, m, newOp(provision.Sync, &op))
	require.True(t, found.Exists)
	require.Equal(t, out.Ref, found.Ref)
	require.Equal(t, provision.Served, found.Standing)
	require.True(t, *found.Power)
	require.Equal(t, "ada@example.org", found.Owner)
	require.Equal(t, "ada.example", found.Domain)
	require.Equal(t, out.Addresses, found.Addresses)
	require.Equal(t, map[string]string{"os": "Debian-12"}, found.Parameters)
	require.Equal(t, map[string]string{
		"cpu": "1 piece", "ram": "1024 MiB", "disk": "20480 MiB", "ipv4": "2 piece", "ipv6": "1 piece", "port_speed": "100 Mbit/s",
	}, provisiontest.Amounts(found.AddOns))

	w.Then(m, provision.Suspend, &op)
	found = provisiontest.Inspect(t, m, newOp(provision.Sync, &op))
	require.Equal(t, provision.CutOff, found.Standing)
	require.False(t, *found.Power)

	provisiontest.InspectsItsOwn(t, m, w, op)
}

// A machine that is off may have been switched off by its client.
func TestInspectDoesNotTakeAStopForASuspension(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op, out := w.Open(m, spec())
	w.Vendor("POST", "/vm/v3/host/"+string(out.Ref)+"/stop", map[string]any{"force": true}, &json.RawMessage{})
	w.Advance(time.Hour)
	found := provisiontest.Inspect(t, m, newOp(provision.Sync, &op))
	require.Empty(t, found.Standing)
	require.False(t, *found.Power)
}

func TestMachinesThatWereThereBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	importer := m.(provision.Importer)
	w.Open(m, spec())
	list := provisiontest.Machines(t, m)
	require.Empty(t, list, "it is ours")
	w.Control("POST", "/vmmanager6/servers", map[string]any{"name": "old", "owner_email": "ada@example.org", "domain": "old.example"}, nil)
	w.Control("POST", "/vmmanager6/servers", map[string]any{"name": "box", "owner_email": "ada@example.org", "cluster": "LXD"}, nil)
	list = provisiontest.Machines(t, m)
	require.Len(t, list, 1, "of the module's cluster")
	require.Equal(t, "old", list[0].Name)
	require.Equal(t, "old.example", list[0].Domain)
	require.Equal(t, "ada@example.org", list[0].Owner)
	require.Equal(t, importer.SortOf("", spec().Settings), list[0].Sort, "the preset of its size")
	require.NotEmpty(t, list[0].Addresses)

	// From then on its operations find it by its number and its owner.
	taken := newOp(provision.Suspend, nil)
	taken.Ref = list[0].Ref
	require.Equal(t, list[0].Ref, w.Do(m, &taken).Ref)
	require.Equal(t, "stopped", w.machine(list[0].Ref).State)
}
