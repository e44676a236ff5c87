package dcimanager6_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6"
)

// result is what one call of Apply came back with.
type result struct {
	out provision.Outcome
	err error
}

// held starts a call of Apply whose request the panel keeps, and returns when it does. Mend lets it go.
func (w *world) held(m provision.Module, op provision.Op, method, path string) <-chan result {
	w.Helper()
	w.control("POST", "/dcimanager6/faults", map[string]any{"method": method, "path": path, "kind": "hold", "times": 1}, nil)
	back := make(chan result, 1)
	go func() {
		out, err := m.Apply(w.Context(), op)
		back <- result{out, err}
	}()
	require.Eventually(w, func() bool {
		var v struct{ Held int }
		w.control("GET", "/dcimanager6", nil, &v)
		return v.Held == 1
	}, 5*time.Second, time.Millisecond)
	return back
}

// sibling is the module as another process has it: no lock and no login in common, and patient with a held call.
func (w *world) sibling() provision.Module {
	w.Helper()
	m, err := dcimanager6.Driver().New(w.config("/api", adminPassword, map[string]any{"timeout_seconds": 30}))
	require.NoError(w, err)
	return m
}

// vendor makes one call of the panel's own interface, as a person or another process might.
func (w *world) vendor(path string, body any) {
	w.Helper()
	post := func(path, token string, body, into any) {
		data, err := json.Marshal(body)
		require.NoError(w, err)
		req, err := http.NewRequest(http.MethodPost, w.url+"/dcimanager6"+path, bytes.NewReader(data))
		require.NoError(w, err)
		req.Header.Set("x-xsrf-token", token)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(w, err)
		defer resp.Body.Close()
		require.Less(w, resp.StatusCode, 300, path)
		require.NoError(w, json.NewDecoder(resp.Body).Decode(into))
	}
	var login struct{ Token string }
	post("/auth/v4/public/token", "", map[string]string{"email": "admin@example.com", "password": adminPassword}, &login)
	post(path, login.Token, body, &map[string]any{})
}

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
	w.control("POST", "/dcimanager6/faults", map[string]any{"method": "POST", "path": "/dci/v3/server/1/os", "kind": "drop_response", "times": 1}, nil)
	_, err := w.run(m, &op)
	failure, ok := provision.FailureOf(err)
	require.True(t, ok)
	require.Equal(t, provision.Unavailable, failure.Kind)
	w.advance(20 * time.Minute) // the installation is over when somebody looks again
	out := w.mustRun(m, &op)
	require.Equal(t, 1, w.installs(out.Ref))
}

func TestWhoIsLateDoesNotTakeATakenServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stock(map[string]any{"configuration": "LAST", "location_id": 3})
	slow, quick := last(provision.Open), last(provision.Open)
	back := w.held(w.sibling(), slow, "GET", "/dci/v3/user") // it has seen the server free
	out, err := w.module(nil).Apply(t.Context(), quick)
	require.NoError(t, err)
	require.True(t, out.Begun)
	w.Mend()
	refused(t, (<-back).err, "no_free_server")
	require.Equal(t, 1, w.objects(quick.ServiceID))
}

func TestTheLastHandOnAServerWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, sibling := w.module(nil), w.sibling()
	w.stock(map[string]any{"configuration": "LAST", "location_id": 3})
	slow, quick := last(provision.Open), last(provision.Open)
	slow.Spec.Client.Email = "other@example.org"
	back := w.held(sibling, slow, "POST", "/dci/v3/server/7") // it has looked a last time
	out, err := m.Apply(t.Context(), quick)
	require.NoError(t, err)
	quick.Memo = out.Memo
	w.Mend()
	taken := <-back
	require.NoError(t, taken.err)
	_, err = w.run(m, &quick)
	refused(t, err, "no_free_server")
	slow.Memo = taken.out.Memo
	done := w.mustRun(sibling, &slow)
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
	done := w.mustRun(m, &op)
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
		w.advance(out.After)
	}
	w.advance(10 * time.Minute)
	back := w.held(m, op, "POST", "/dci/v3/server/1") // the hand-over
	w.leaveBehind(op, 3)
	w.Mend()
	r := <-back
	require.NoError(t, r.err)
	done := r.out
	if done.State == provision.Pending {
		op.Memo = r.out.Memo
		done = w.mustRun(m, &op)
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
	out := w.mustRun(w.module(nil), &op)
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
	service, out := w.open(m)
	op := newOp(provision.Suspend, &service)
	back := w.held(m, op, "POST", "/dci/v3/server/1/suspend")
	w.vendor("/dci/v3/server/1/suspend", map[string]any{})
	w.Mend()
	r := <-back
	require.NoError(t, r.err)
	require.Equal(t, provision.Pending, r.out.State)
	op.Memo = r.out.Memo
	w.mustRun(m, &op)
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
	w.mustRun(m, &op)
	require.True(t, w.server("5").Suspended)
	foreign := newOp(provision.Suspend, nil)
	foreign.Ref, foreign.Spec.Client.Email = "5", "eve@example.org"
	_, err := w.run(m, &foreign)
	refused(t, err, "server_not_found")
	foreign.Kind = provision.Close
	require.Equal(t, provision.Done, w.mustRun(m, &foreign).State)
	require.NotNil(t, w.server("5").OwnerEmail, "somebody else's is left alone")
	closing := newOp(provision.Close, &op)
	w.mustRun(m, &closing)
	require.Nil(t, w.server("5").OwnerEmail)
	require.Equal(t, "Srv-5", w.server("5").Name)
}
