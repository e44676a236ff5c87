package panels_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"
)

// act does something of every kind that must survive.
func act(w *world) {
	user := w.addUser("c1@example.com")
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":`+itoa(user)+`}`)
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/ip", `{"pool":1,"count":2}`)
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/os", install)
}

// look is what the control API shows, without what is not kept.
func look(w *world) object {
	view := w.control(http.StatusOK, "GET", "dcimanager6", "")
	delete(view, "calls")
	delete(view, "call_count")
	return view
}

func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	o := panels.Options{Dir: t.TempDir(), Delay: delay}
	w := newWorld(t, o)
	act(w)
	w.control(http.StatusOK, "PUT", "dcimanager6/servers/1/traffic/2026-03-05", `{"in":7,"out":8}`)
	w.clock("2026-03-01T00:05:00Z")
	before, token := look(w), w.token
	w.close()

	w = openWorld(t, o)
	require.Equal(t, "frozen", w.control(http.StatusOK, "GET", "clock", "")["mode"])
	require.Equal(t, before, look(w))
	w.token = token
	require.Equal(t, "running", at(w.server(1), "operation", "status"), "tokens live on too")
	require.Equal(t, 7, num(at(w.list("/dci/v3/server/1/traffic?from=2026-03-05&to=2026-03-06", ""), 0, "in")))
	w.clock("2026-03-01T00:10:00Z")
	require.Equal(t, "Debian-12", at(w.server(1), "os_template", "name"))
	w.ok(http.StatusOK, "POST", "/dci/v3/server/2/ip", `{"pool":1}`)
	require.Equal(t, "198.18.0.4", at(w.server(2), "ip", 1, "name"), "addresses in use stay in use")
}

func TestKillLosesNoAnsweredCall(t *testing.T) {
	t.Parallel()
	o := panels.Options{Dir: t.TempDir(), Delay: delay}
	w := newWorld(t, o)
	act(w)
	before := look(w)
	// A kill leaves the files as they are at this moment: a copy of the folder
	// is what the next process finds.
	killed := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(killed, "left"), os.DirFS(o.Dir)))

	w = openWorld(t, panels.Options{Dir: filepath.Join(killed, "left"), Delay: delay})
	require.Equal(t, before, look(w))
}

func TestAResetStaysEmptyAfterRestart(t *testing.T) {
	t.Parallel()
	o := panels.Options{Dir: t.TempDir()}
	w := newWorld(t, o)
	w.control(http.StatusOK, "POST", "dcimanager6/reset", "")
	w.close()
	require.Empty(t, look(openWorld(t, o))["servers"])
}

func TestRunningClockGoesOnWhileDown(t *testing.T) {
	t.Parallel()
	wall := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	o := panels.Options{Dir: t.TempDir(), Now: func() time.Time { return wall }}
	w := openWorld(t, o)
	w.control(http.StatusOK, "PUT", "clock", `{"now":"2026-03-01T00:00:00Z","mode":"running"}`)
	w.close()
	wall = wall.Add(time.Hour)
	out := openWorld(t, o).control(http.StatusOK, "GET", "clock", "")
	require.Equal(t, object{"now": "2026-03-01T01:00:00Z", "mode": "running"}, out)
}

func TestBrokenStateIsAnErrorNotAnEmptyPanel(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"dcimanager6.json": `{"servers":[`, "clock.json": `x`, "dcimanager6-traffic.json": `[]`} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
		_, err := panels.New(panels.Options{Dir: dir})
		require.ErrorContains(t, err, name)
	}
}

func TestWorkInProgressKeepsItsLengthWhenTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, panels.Options{Delay: delay})
	w.ok(http.StatusOK, "POST", "/dci/v3/server/1/os", install)
	w.clock("2026-02-01T00:00:00Z")
	w.clock("2026-02-01T00:09:59Z")
	require.Equal(t, "running", at(w.server(1), "operation", "status"))
	w.clock("2026-02-01T00:10:00Z")
	require.Equal(t, "ok", at(w.server(1), "operation", "status"))
}
