package panels_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"
)

const owner1 = `{"owner":1}`

func (w *world) owned(id int) bool { return w.server(id)["owner_email"] != nil }

// async sends a vendor call that may be kept waiting.
func (w *world) async(ctx context.Context, path, body string) <-chan int {
	done := make(chan int, 1)
	req, err := http.NewRequestWithContext(ctx, "POST", w.srv.URL+"/dcimanager6"+path, strings.NewReader(body))
	require.NoError(w.t, err)
	req.Header.Set("X-Xsrf-Token", w.token)
	go func() {
		status, _, _ := w.send(req) // 0 where no answer came
		done <- status
	}()
	return done
}

// untilHeld waits until so many calls are kept waiting.
func (w *world) untilHeld(n int) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		return num(w.control(http.StatusOK, "GET", "dcimanager6/faults", "")["held"]) == n
	}, 5*time.Second, time.Millisecond)
}

func TestFaultRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	for kind, status := range map[string]int{"http_500": 500, "http_503": 503, "http_401": 401} {
		w.fault(`{"kind":"` + kind + `","times":1,"method":"post","path":"/dci/v3/server/1/owner"}`)
		code := w.code(status, "POST", "/dci/v3/server/1/owner", owner1)
		if kind == "http_401" {
			require.Equal(t, 1000, code)
		}
		require.False(t, w.owned(1), "no effect")
	}
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/owner", owner1) // each struck once
	calls := w.control(http.StatusOK, "GET", "dcimanager6", "")["calls"].([]any)
	require.Contains(t, []any{"http_500", "http_503", "http_401"}, at(calls[1], "fault"))
}

func TestFaultTimesAfterAndPrefix(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	w.fault(`{"kind":"http_500","path":"/api/dci/v3/server/2","times":2,"after":1}`)
	get := func(path string) int {
		status, _, err := w.try("GET", path, "")
		require.NoError(t, err)
		return status
	}
	require.Equal(t, 200, get("/dci/v3/server/1"))
	require.Equal(t, 200, get("/dci/v3/server/2"), "the first matching call passes")
	require.Equal(t, 500, get("/api/dci/v3/server/2"), "with or without /api")
	require.Equal(t, 500, get("/dci/v3/server/2/traffic"))
	require.Equal(t, 200, get("/dci/v3/server/2"))
	f := at(w.control(http.StatusOK, "GET", "dcimanager6/faults", ""), "list", 0)
	require.Equal(t, 2, num(at(f, "fired")), "a spent fault stays to be seen")

	w.control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	w.fault(`{"kind":"http_503"}`)
	for range 3 {
		require.Equal(t, 503, get("/dci/v3/server/1"), "until deleted, for every call")
	}
	out := w.control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	require.Equal(t, 1, num(out["deleted"]))
	require.Equal(t, 200, get("/dci/v3/server/1"))
	for _, bad := range []string{`{"kind":"flood"}`, `{}`, `{"kind":"hold","times":-1}`, `{"kind":"hold","x":1}`} {
		w.control(http.StatusBadRequest, "POST", "dcimanager6/faults", bad)
	}
}

func TestFaultDropResponseHasItsEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	w.fault(`{"kind":"drop_response","times":1,"path":"/dci/v3/server/1/owner"}`)
	_, _, err := w.try("POST", "/dci/v3/server/1/owner", owner1)
	require.Error(t, err)
	require.True(t, w.owned(1))
}

func TestFaultBadBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	w.fault(`{"kind":"bad_body","times":1,"path":"/dci/v3/server/1/owner"}`)
	status, text, err := w.try("POST", "/dci/v3/server/1/owner", owner1)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.True(t, strings.HasPrefix(text, "<"))
	require.True(t, w.owned(1))
}

func TestFaultTaskFailHitsTheOperationThatStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	w.fault(`{"kind":"task_fail","times":1}`)
	w.server(1)
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/owner", owner1) // neither starts an operation
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/os", install)
	require.Equal(t, "running", at(w.server(1), "operation", "status"))
	w.clock("2026-03-01T00:10:00Z")
	require.Equal(t, "failed", at(w.server(1), "operation", "status"))
	require.NotEmpty(t, at(w.server(1), "operation", "status_info"))
	require.Nil(t, w.server(1)["os_template"])
	require.Len(t, w.list("/dci/v3/task", "status EQ 'fail'"), 1)

	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/os", install)
	w.clock("2026-03-01T00:20:00Z")
	require.Equal(t, "ok", at(w.server(1), "operation", "status"))

	w.fault(`{"kind":"task_fail","times":1}`)
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/ip", `{"pool":1}`)
	w.clock("2026-03-01T00:21:00Z")
	require.Equal(t, "failed", at(w.server(1), "ip", 1, "status"))
}

func TestFailedOperationKeepsAServerFromBeingFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	w.fault(`{"kind":"task_fail","times":1,"path":"/dci/v3/server/1/os"}`)
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/os", install)
	require.Equal(t, 3, num(at(w.list("/dci/v3/server/configuration", ""), 0, "free_server_count")))
}

func TestFaultSlowAnswersLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	w.fault(`{"kind":"slow","times":1,"path":"/dci/v3/server/1/owner","delay_ms":3600000}`)
	done := w.async(t.Context(), "/dci/v3/server/1/owner", owner1)
	w.untilHeld(1)
	require.True(t, w.owned(1), "the effect is there before the answer")
	w.control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	require.Equal(t, http.StatusOK, <-done, "deleting the faults hurries it")

	w.fault(`{"kind":"slow","times":1,"delay_ms":1}`)
	w.server(1)
}

func TestFaultHoldKeepsTheCallBeforeItsEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	w.fault(`{"kind":"hold","times":1,"path":"/dci/v3/server/1/os"}`)
	done := w.async(t.Context(), "/dci/v3/server/1/os", install)
	w.untilHeld(1)
	require.Equal(t, "ok", at(w.server(1), "operation", "status"))
	view := w.control(http.StatusOK, "GET", "dcimanager6", "")
	require.Equal(t, 1, num(view["held"]))
	w.clock("2026-03-01T00:30:00Z")
	out := w.control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	require.Equal(t, 1, num(out["released"]))
	require.Equal(t, http.StatusOK, <-done)
	require.Equal(t, "running", at(w.server(1), "operation", "status"), "it begins when it is released")
	w.clock("2026-03-01T00:40:00Z")
	require.Equal(t, "ok", at(w.server(1), "operation", "status"))
}

func TestFaultHoldWithoutEffectWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	w.fault(`{"kind":"hold","times":1,"path":"/dci/v3/server/1/os"}`)
	ctx, leave := context.WithCancel(t.Context())
	done := w.async(ctx, "/dci/v3/server/1/os", install)
	w.untilHeld(1)
	leave()
	require.Zero(t, <-done)
	w.untilHeld(0)
	w.control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	require.Equal(t, "ok", at(w.server(1), "operation", "status"))
}

func TestFaultTimeoutNeverAnswersAndHasNoEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	w.fault(`{"kind":"timeout","times":2,"path":"/dci/v3/server/1/owner"}`)
	ctx, leave := context.WithCancel(t.Context())
	done := w.async(ctx, "/dci/v3/server/1/owner", owner1)
	w.untilHeld(1)
	leave()
	require.Zero(t, <-done)
	w.untilHeld(0)
	require.False(t, w.owned(1))

	done = w.async(t.Context(), "/dci/v3/server/1/owner", owner1)
	w.untilHeld(1)
	w.control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	require.Zero(t, <-done, "not answered even then")
	require.False(t, w.owned(1))
}

func TestShutdownReleasesHeldCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{})
	w.fault(`{"kind":"hold"}`)
	first := w.async(t.Context(), "/dci/v3/server/1/owner", owner1)
	second := w.async(t.Context(), "/dci/v3/server/2/os", install)
	w.untilHeld(2)
	w.srv.Config.RegisterOnShutdown(w.p.Release)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	require.NoError(t, w.srv.Config.Shutdown(ctx))
	require.Zero(t, <-first)
	require.Zero(t, <-second)
}
