package vmmanager6_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
)

// result is what one call of Apply came back with.
type result struct {
	out provision.Outcome
	err error
}

// held starts a call of Apply whose request the panel keeps, and returns when it does. Mend lets it go.
func (w *world) held(m provision.Module, op provision.Op, method, path string) <-chan result {
	w.Helper()
	w.fault("hold", method, path, 1, 0)
	back := make(chan result, 1)
	go func() {
		out, err := m.Apply(w.Context(), op)
		back <- result{out, err}
	}()
	require.Eventually(w, func() bool { return w.view().Held == 1 }, 5*time.Second, time.Millisecond)
	return back
}

// Two processes have both seen no machine, and both have one made: the first made stays.
func TestTwoMachinesOfOneServiceBecomeOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := newOp(provision.Open, nil)
	ghost := op
	back := w.held(w.sibling(), ghost, "POST", "/vm/v3/host")
	m := w.module(nil)
	out, err := m.Apply(t.Context(), op)
	require.NoError(t, err)
	op.Memo = out.Memo
	w.Mend()
	late := <-back
	require.NoError(t, late.err)
	require.Equal(t, 2, w.objects(op.ServiceID))
	ghost.Memo = late.out.Memo
	done := w.mustRun(m, &op)
	again := w.mustRun(w.sibling(), &ghost)
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
	back := w.held(sibling, ghost, "POST", "/vm/v3/host")
	m := w.module(nil)
	for done := false; !done; {
		out, err := m.Apply(t.Context(), op)
		require.NoError(t, err)
		op.Memo, done = out.Memo, out.State == provision.Done
		w.advance(out.After)
	}
	w.Mend()
	late := <-back
	require.NoError(t, late.err)
	ghost.Memo = late.out.Memo
	require.Equal(t, provision.Ref("1"), w.mustRun(sibling, &ghost).Ref)
	require.Equal(t, 1, w.objects(op.ServiceID))
}

func TestALostAnswerIsFoundAgainByTheMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := newOp(provision.Open, nil)
	w.fault("drop_response", "POST", "/vm/v3/host", 1, 0)
	m := w.module(nil)
	_, err := w.run(m, &op)
	failure, ok := provision.FailureOf(err)
	require.True(t, ok)
	require.Equal(t, provision.Unavailable, failure.Kind)
	require.True(t, failure.Unsure)
	// The number of the task is not known; the machine's own history tells how far it is.
	out, err := m.Apply(t.Context(), op)
	require.NoError(t, err)
	require.True(t, out.Begun)
	w.advance(20 * time.Minute)
	done := w.mustRun(m, &op)
	require.Equal(t, 1, w.runs(op.ServiceID, provision.Open))
	require.Equal(t, provision.Ref("1"), done.Ref)
}

// A making that failed after its answer was lost is told by the machine's own history.
func TestALostAnswerOfAFailedMaking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := newOp(provision.Open, nil)
	w.fault("task_fail", "POST", "/vm/v3/host", 1, 0)
	w.fault("drop_response", "POST", "/vm/v3/host", 1, 0)
	m := w.module(nil)
	_, err := w.run(m, &op)
	require.Error(t, err)
	w.advance(20 * time.Minute)
	_, err = w.run(m, &op)
	refused(t, err, "panel_failed")
	require.Equal(t, 0, w.objects(op.ServiceID))
}

// A machine that staff handed over by hand carries no mark; its owner tells whose it is.
func TestAMachineHandedOverByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	w.control("POST", "/vmmanager6/servers", map[string]any{"name": "old", "owner_email": "ada@example.org"}, nil)
	op := newOp(provision.Suspend, nil)
	op.Ref = "1"
	w.mustRun(m, &op)
	require.Equal(t, "stopped", w.machine("1").State)
	foreign := newOp(provision.Suspend, nil)
	foreign.Ref, foreign.Spec.Client.Email = "1", "eve@example.org"
	_, err := w.run(m, &foreign)
	refused(t, err, "machine_not_found")
	foreign.Kind = provision.Close
	require.Equal(t, provision.Done, w.mustRun(m, &foreign).State)
	require.Len(t, w.view().Servers, 1, "somebody else's is left alone")
	closing := newOp(provision.Close, &op)
	w.mustRun(m, &closing)
	require.Empty(t, w.view().Servers)
}

// A refusal because another attempt has asked already is no refusal.
func TestARefusalOfABusyMachineIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.sibling()
	service, out := w.open(m)
	op := newOp(provision.Suspend, &service)
	back := w.held(m, op, "POST", "/vm/v3/host/1/stop")
	w.vendor("POST", "/vm/v3/host/1/stop", map[string]any{}, nil)
	w.Mend()
	r := <-back
	require.NoError(t, r.err)
	require.Equal(t, provision.Pending, r.out.State)
	op.Memo = r.out.Memo
	w.mustRun(m, &op)
	require.Equal(t, "stopped", w.machine(out.Ref).State)
}
