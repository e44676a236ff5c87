package dcimanager6_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// leaveBehind gives a server the mark of a service, as an attempt does that dies afterwards.
func (w *world) leaveBehind(op provision.Op, server int) {
	w.Helper()
	path := fmt.Sprintf("/dci/v3/server/%d", server)
	w.vendor(path, map[string]any{"name": fmt.Sprintf("Srv-%d-new-svc-%s", server, op.ServiceID)})
	w.vendor(path+"/owner", map[string]any{"owner": 2})
}

func last(kind provision.Kind) provision.Op {
	op := newOp(kind, nil)
	op.Spec.Settings = json.RawMessage(`{"configuration": "LAST"}`)
	return op
}

func TestALostAnswerDoesNotInstallAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op := newOp(provision.Open, nil)
	w.Fault("drop_response", "POST", "/dci/v3/server/1/os", 1, 0)
	_, err := w.Try(m, &op)
	provisiontest.Fails(t, err, provision.Unavailable)
	w.Advance(20 * time.Minute) // the installation is over when somebody looks again
	out := w.Do(m, &op)
	require.Equal(t, 1, w.installs(out.Ref))
}

func TestWhoIsLateDoesNotTakeATakenServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stock(map[string]any{"configuration": "LAST", "location_id": 3})
	slow, quick := last(provision.Open), last(provision.Open)
	back := w.Held(w.sibling(), slow, "GET", "/dci/v3/user") // it has seen the server free
	out, err := w.module(nil).Apply(t.Context(), quick)
	require.NoError(t, err)
	require.True(t, out.Begun)
	w.Mend()
	provisiontest.Refused(t, (<-back).Err, "no_free_server")
	require.Equal(t, 1, w.objects(quick.ServiceID))
}

func TestTheLastHandOnAServerWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, sibling := w.module(nil), w.sibling()
	w.stock(map[string]any{"configuration": "LAST", "location_id": 3})
	slow, quick := last(provision.Open), last(provision.Open)
	slow.Spec.Client.Email = "other@example.org"
	back := w.Held(sibling, slow, "POST", "/dci/v3/server/7") // it has looked a last time
	out, err := m.Apply(t.Context(), quick)
	require.NoError(t, err)
	quick.Memo = out.Memo
	w.Mend()
	taken := <-back
	require.NoError(t, taken.Err)
	w.Refused(m, &quick, "no_free_server")
	slow.Memo = taken.Out.Memo
	done := w.Do(sibling, &slow)
	require.Equal(t, provision.Ref("7"), done.Ref)
	require.Equal(t, "other@example.org", *w.server("7").OwnerEmail)
	require.Equal(t, 0, w.objects(quick.ServiceID))
}

func TestWhatAGhostLeftIsReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	op := newOp(provision.Open, nil)
	out, err := m.Apply(t.Context(), op)
	require.NoError(t, err)
	op.Memo = out.Memo
	w.leaveBehind(op, 3)
	require.Equal(t, 2, w.objects(op.ServiceID))
	done := w.Do(m, &op)
	require.Equal(t, provision.Ref("1"), done.Ref)
	require.Equal(t, 1, w.objects(op.ServiceID))
	require.Nil(t, w.server("3").OwnerEmail)
}

func TestAGhostAtTheVeryEndIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.sibling()
	op := newOp(provision.Open, nil)
	for w.installs("1") == 0 {
		out, err := m.Apply(t.Context(), op)
		require.NoError(t, err)
		require.Equal(t, provision.Pending, out.State)
		op.Memo = out.Memo
		w.Advance(out.After)
	}
	w.Advance(10 * time.Minute)
	back := w.Held(m, op, "POST", "/dci/v3/server/1") // the hand-over
	w.leaveBehind(op, 3)
	w.Mend()
	r := <-back
	require.NoError(t, r.Err)
	done := r.Out
	if done.State == provision.Pending {
		op.Memo = r.Out.Memo
		done = w.Do(m, &op)
	}
	require.Equal(t, provision.Ref("1"), done.Ref)
	require.Equal(t, 1, w.objects(op.ServiceID))
	require.Equal(t, 1, w.installs("1"))
}

// Name and owner are two calls; an attempt may die between them.
func TestAHalfTakenServerIsTakenWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := newOp(provision.Open, nil)
	w.vendor("/dci/v3/server/4", map[string]any{"name": "Srv-4-new-svc-" + string(op.ServiceID)})
	out := w.Do(w.module(nil), &op)
	require.Equal(t, provision.Ref("4"), out.Ref)
	require.Equal(t, "ada@example.org", *w.server("4").OwnerEmail)
	require.Equal(t, "ada.example", out.Domain)
	require.Equal(t, 1, w.objects(op.ServiceID))
}

// A refusal because the server is busy means that another attempt has asked already.
func TestARefusalOfABusyServerIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.sibling()
	service, out := w.Open(m, spec())
	op := newOp(provision.Suspend, &service)
	back := w.Held(m, op, "POST", "/dci/v3/server/1/suspend")
	w.vendor("/dci/v3/server/1/suspend", map[string]any{})
	w.Mend()
	r := <-back
	require.NoError(t, r.Err)
	require.Equal(t, provision.Pending, r.Out.State)
	op.Memo = r.Out.Memo
	w.Do(m, &op)
	require.True(t, w.server(out.Ref).Suspended)
}

// A server that staff handed over by hand carries no mark; its owner tells whose it is.
func TestAServerHandedOverByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.module(nil)
	w.vendor("/dci/v3/user", map[string]any{"email": "ada@example.org", "password": "x"})
	w.vendor("/dci/v3/server/5/owner", map[string]any{"owner": 2})
	op := newOp(provision.Suspend, nil)
	op.Ref = "5"
	w.Do(m, &op)
	require.True(t, w.server("5").Suspended)
	foreign := newOp(provision.Suspend, nil)
	foreign.Ref, foreign.Spec.Client.Email = "5", "eve@example.org"
	w.LeavesAlone(m, foreign, "server_not_found", provision.Suspend)
	require.NotNil(t, w.server("5").OwnerEmail, "somebody else's is left alone")
	w.Then(m, provision.Close, &op)
	require.Nil(t, w.server("5").OwnerEmail)
	require.Equal(t, "Srv-5", w.server("5").Name)
}
