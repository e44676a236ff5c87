package vmmanager6_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// Two processes have both seen no machine, and both have one made: the first made stays.
func TestTwoMachinesOfOneServiceBecomeOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := newOp(provision.Open, nil)
	ghost := op
	back := w.Held(w.sibling(), ghost, "POST", "/vm/v3/host")
	m := w.module(nil)
	out, err := m.Apply(t.Context(), op)
	require.NoError(t, err)
	op.Memo = out.Memo
	w.Mend()
	late := <-back
	require.NoError(t, late.Err)
	require.Equal(t, 2, w.objects(op.ServiceID))
	ghost.Memo = late.Out.Memo
	done := w.Do(m, &op)
	again := w.Do(w.sibling(), &ghost)
	require.Equal(t, provision.Ref("1"), done.Ref)
	require.Equal(t, done.Ref, again.Ref)
	require.Equal(t, 1, w.objects(op.ServiceID))
	require.True(t, w.inService(op.ServiceID))
}

// A ghost whose making was kept until everything was over removes what it made.
func TestAGhostAfterTheEndRemovesItsMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := newOp(provision.Open, nil)
	ghost, sibling := op, w.sibling()
	back := w.Held(sibling, ghost, "POST", "/vm/v3/host")
	m := w.module(nil)
	w.Do(m, &op)
	w.Mend()
	late := <-back
	require.NoError(t, late.Err)
	ghost.Memo = late.Out.Memo
	require.Equal(t, provision.Ref("1"), w.Do(sibling, &ghost).Ref)
	require.Equal(t, 1, w.objects(op.ServiceID))
}

func TestALostAnswerIsFoundAgainByTheMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := newOp(provision.Open, nil)
	w.Fault("drop_response", "POST", "/vm/v3/host", 1, 0)
	m := w.module(nil)
	_, err := w.Try(m, &op)
	require.True(t, provisiontest.Fails(t, err, provision.Unavailable).Unsure)
	// The number of the task is not known; the machine's own history tells how far it is.
	out, err := m.Apply(t.Context(), op)
	require.NoError(t, err)
	require.True(t, out.Begun)
	w.Advance(20 * time.Minute)
	done := w.Do(m, &op)
	require.Equal(t, 1, w.runs(op.ServiceID, provision.Open))
	require.Equal(t, provision.Ref("1"), done.Ref)
}

// A making that failed after its answer was lost is told by the machine's own history.
func TestALostAnswerOfAFailedMaking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := newOp(provision.Open, nil)
	w.Fault("task_fail", "POST", "/vm/v3/host", 1, 0)
	w.Fault("drop_response", "POST", "/vm/v3/host", 1, 0)
	m := w.module(nil)
	_, err := w.Try(m, &op)
	provisiontest.Fails(t, err, provision.Unavailable)
	w.Advance(20 * time.Minute)
	w.Refused(m, &op, "panel_failed")
	require.Equal(t, 0, w.objects(op.ServiceID))
}

// A machine that staff handed over by hand carries no mark; its owner tells whose it is.
func TestAMachineHandedOverByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	w.Control("POST", "/vmmanager6/servers", map[string]any{"name": "old", "owner_email": "ada@example.org"}, nil)
	op := newOp(provision.Suspend, nil)
	op.Ref = "1"
	w.Do(m, &op)
	require.Equal(t, "stopped", w.machine("1").State)
	foreign := newOp(provision.Suspend, nil)
	foreign.Ref, foreign.Spec.Client.Email = "1", "eve@example.org"
	w.LeavesAlone(m, foreign, "machine_not_found", provision.Suspend)
	require.Len(t, w.view().Servers, 1, "somebody else's is left alone")
	w.Then(m, provision.Close, &op)
	require.Empty(t, w.view().Servers)
}

// A refusal because another attempt has asked already is no refusal.
func TestARefusalOfABusyMachineIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.sibling()
	service, out := w.Open(m, spec())
	op := newOp(provision.Suspend, &service)
	back := w.Held(m, op, "POST", "/vm/v3/host/1/stop")
	w.Vendor("POST", "/vm/v3/host/1/stop", map[string]any{}, nil)
	w.Mend()
	r := <-back
	require.NoError(t, r.Err)
	require.Equal(t, provision.Pending, r.Out.State)
	op.Memo = r.Out.Memo
	w.Do(m, &op)
	require.Equal(t, "stopped", w.machine(out.Ref).State)
}
