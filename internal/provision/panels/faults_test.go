package panels_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"

	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
)

const owner1 = `{"owner":1}`

func owned(w *paneltest.World, id int) bool { return w.Machine(id)["owner_email"] != nil }

// async sends a vendor call that may be kept waiting.
func async(w *paneltest.World, ctx context.Context, path, body string) <-chan int {
	done := make(chan int, 1)
	req, err := http.NewRequestWithContext(ctx, "POST", w.Server.URL+"/dcimanager6"+path, strings.NewReader(body))
	require.NoError(w.T, err)
	req.Header.Set("X-Xsrf-Token", w.Token)
	go func() {
		status, _, _ := w.Send(req) // 0 where no answer came
		done <- status
	}()
	return done
}

// untilHeld waits until so many calls are kept waiting.
func untilHeld(w *paneltest.World, n int) {
	w.T.Helper()
	require.Eventually(w.T, func() bool {
		return paneltest.Num(w.Control(http.StatusOK, "GET", "dcimanager6/faults", "")["held"]) == n
	}, time.Minute, time.Millisecond)
}

func TestFaultRefusals(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	for kind, status := range map[string]int{"http_500": 500, "http_503": 503, "http_401": 401} {
		w.Fault(`{"kind":"` + kind + `","times":1,"method":"post","path":"/dci/v3/server/1/owner"}`)
		code := w.Code(status, "POST", "/dci/v3/server/1/owner", owner1)
		if kind == "http_401" {
			require.Equal(t, 1000, code)
		}
		require.False(t, owned(w, 1), "no effect")
	}
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/owner", owner1) // each struck once
	calls := w.Control(http.StatusOK, "GET", "dcimanager6", "")["calls"].([]any)
	require.Contains(t, []any{"http_500", "http_503", "http_401"}, paneltest.At(calls[1], "fault"))
}

func TestFaultTimesAfterAndPrefix(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.Fault(`{"kind":"http_500","path":"/api/dci/v3/server/2","times":2,"after":1}`)
	get := func(path string) int {
		status, _, err := w.Try("GET", path, "")
		require.NoError(t, err)
		return status
	}
	require.Equal(t, 200, get("/dci/v3/server/1"))
	require.Equal(t, 200, get("/dci/v3/server/2"), "the first matching call passes")
	require.Equal(t, 500, get("/api/dci/v3/server/2"), "with or without /api")
	require.Equal(t, 500, get("/dci/v3/server/2/traffic"))
	require.Equal(t, 200, get("/dci/v3/server/2"))
	f := paneltest.At(w.Control(http.StatusOK, "GET", "dcimanager6/faults", ""), "list", 0)
	require.Equal(t, 2, paneltest.Num(paneltest.At(f, "fired")), "a spent fault stays to be seen")

	w.Control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	w.Fault(`{"kind":"http_503"}`)
	for range 3 {
		require.Equal(t, 503, get("/dci/v3/server/1"), "until deleted, for every call")
	}
	out := w.Control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	require.Equal(t, 1, paneltest.Num(out["deleted"]))
	require.Equal(t, 200, get("/dci/v3/server/1"))
	for _, bad := range []string{`{"kind":"flood"}`, `{}`, `{"kind":"hold","times":-1}`, `{"kind":"hold","x":1}`} {
		w.Control(http.StatusBadRequest, "POST", "dcimanager6/faults", bad)
	}
}

func TestFaultDropResponseHasItsEffect(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.Fault(`{"kind":"drop_response","times":1,"path":"/dci/v3/server/1/owner"}`)
	_, _, err := w.Try("POST", "/dci/v3/server/1/owner", owner1)
	require.Error(t, err)
	require.True(t, owned(w, 1))
}

func TestFaultBadBody(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.Fault(`{"kind":"bad_body","times":1,"path":"/dci/v3/server/1/owner"}`)
	status, text, err := w.Try("POST", "/dci/v3/server/1/owner", owner1)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.True(t, strings.HasPrefix(text, "<"))
	require.True(t, owned(w, 1))
}

func TestFaultTaskFailHitsTheOperationThatStarts(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	w.Fault(`{"kind":"task_fail","times":1}`)
	w.Machine(1)
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/owner", owner1) // neither starts an operation
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/os", paneltest.Install)
	require.Equal(t, "running", paneltest.At(w.Machine(1), "operation", "status"))
	w.Clock("2026-03-01T00:10:00Z")
	require.Equal(t, "failed", paneltest.At(w.Machine(1), "operation", "status"))
	require.NotEmpty(t, paneltest.At(w.Machine(1), "operation", "status_info"))
	require.Nil(t, w.Machine(1)["os_template"])
	require.Len(t, w.List("/dci/v3/task", "status EQ 'fail'"), 1)

	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/os", paneltest.Install)
	w.Clock("2026-03-01T00:20:00Z")
	require.Equal(t, "ok", paneltest.At(w.Machine(1), "operation", "status"))

	w.Fault(`{"kind":"task_fail","times":1}`)
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/ip", `{"pool":1}`)
	w.Clock("2026-03-01T00:21:00Z")
	require.Equal(t, "failed", paneltest.At(w.Machine(1), "ip", 1, "status"))
}

func TestFailedOperationKeepsAServerFromBeingFree(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.Fault(`{"kind":"task_fail","times":1,"path":"/dci/v3/server/1/os"}`)
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/os", paneltest.Install)
	require.Equal(t, 3, paneltest.Num(paneltest.At(w.List("/dci/v3/server/configuration", ""), 0, "free_server_count")))
}

func TestFaultSlowAnswersLate(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.Fault(`{"kind":"slow","times":1,"path":"/dci/v3/server/1/owner","delay_ms":3600000}`)
	done := async(w, t.Context(), "/dci/v3/server/1/owner", owner1)
	untilHeld(w, 1)
	require.True(t, owned(w, 1), "the effect is there before the answer")
	w.Control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	require.Equal(t, http.StatusOK, <-done, "deleting the faults hurries it")

	w.Fault(`{"kind":"slow","times":1,"delay_ms":1}`)
	w.Machine(1)
}

func TestFaultHoldKeepsTheCallBeforeItsEffect(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	w.Fault(`{"kind":"hold","times":1,"path":"/dci/v3/server/1/os"}`)
	done := async(w, t.Context(), "/dci/v3/server/1/os", paneltest.Install)
	untilHeld(w, 1)
	require.Equal(t, "ok", paneltest.At(w.Machine(1), "operation", "status"))
	view := w.Control(http.StatusOK, "GET", "dcimanager6", "")
	require.Equal(t, 1, paneltest.Num(view["held"]))
	w.Clock("2026-03-01T00:30:00Z")
	out := w.Control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	require.Equal(t, 1, paneltest.Num(out["released"]))
	require.Equal(t, http.StatusOK, <-done)
	require.Equal(t, "running", paneltest.At(w.Machine(1), "operation", "status"), "it begins when it is released")
	w.Clock("2026-03-01T00:40:00Z")
	require.Equal(t, "ok", paneltest.At(w.Machine(1), "operation", "status"))
}

func TestFaultHoldWithoutEffectWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	w.Fault(`{"kind":"hold","times":1,"path":"/dci/v3/server/1/os"}`)
	ctx, leave := context.WithCancel(t.Context())
	done := async(w, ctx, "/dci/v3/server/1/os", paneltest.Install)
	untilHeld(w, 1)
	leave()
	require.Zero(t, <-done)
	untilHeld(w, 0)
	w.Control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	require.Equal(t, "ok", paneltest.At(w.Machine(1), "operation", "status"))
}

func TestFaultTimeoutNeverAnswersAndHasNoEffect(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.Fault(`{"kind":"timeout","times":2,"path":"/dci/v3/server/1/owner"}`)
	ctx, leave := context.WithCancel(t.Context())
	done := async(w, ctx, "/dci/v3/server/1/owner", owner1)
	untilHeld(w, 1)
	leave()
	require.Zero(t, <-done)
	untilHeld(w, 0)
	require.False(t, owned(w, 1))

	done = async(w, t.Context(), "/dci/v3/server/1/owner", owner1)
	untilHeld(w, 1)
	w.Control(http.StatusOK, "DELETE", "dcimanager6/faults", "")
	require.Zero(t, <-done, "not answered even then")
	require.False(t, owned(w, 1))
}

func TestShutdownReleasesHeldCalls(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.Fault(`{"kind":"hold"}`)
	first := async(w, t.Context(), "/dci/v3/server/1/owner", owner1)
	second := async(w, t.Context(), "/dci/v3/server/2/os", paneltest.Install)
	untilHeld(w, 2)
	w.Server.Config.RegisterOnShutdown(w.Panels.Release)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, w.Server.Config.Shutdown(ctx))
	require.Zero(t, <-first)
	require.Zero(t, <-second)
}
