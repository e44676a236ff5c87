package panels_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"

	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
)

// act does something of every kind that must survive.
func act(w *paneltest.World) {
	user := w.AddUser("c1@example.com")
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/owner", `{"owner":`+strconv.Itoa(user)+`}`)
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/ip", `{"pool":1,"count":2}`)
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/os", paneltest.Install)
}

// look is what the control API shows, without what is not kept.
func look(w *paneltest.World) paneltest.Object {
	view := w.Control(http.StatusOK, "GET", "dcimanager6", "")
	delete(view, "calls")
	delete(view, "call_count")
	return view
}

func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	o := panels.Options{Dir: t.TempDir(), Delay: paneltest.Delay}
	w := paneltest.NewWorld(t, o)
	act(w)
	w.Control(http.StatusOK, "PUT", "dcimanager6/servers/1/traffic/2026-03-05", `{"in":7,"out":8}`)
	w.Clock("2026-03-01T00:05:00Z")
	before, token := look(w), w.Token
	w.Close()

	w = paneltest.OpenWorld(t, o)
	require.Equal(t, "frozen", w.Control(http.StatusOK, "GET", "clock", "")["mode"])
	require.Equal(t, before, look(w))
	w.Token = token
	require.Equal(t, "running", paneltest.At(w.Machine(1), "operation", "status"), "tokens live on too")
	require.Equal(t, 7, paneltest.Num(paneltest.At(w.List("/dci/v3/server/1/traffic?from=2026-03-05&to=2026-03-06", ""), 0, "in")))
	w.Clock("2026-03-01T00:10:00Z")
	require.Equal(t, "Debian-12", paneltest.At(w.Machine(1), "os_template", "name"))
	w.OK(http.StatusOK, "POST", "/dci/v3/server/2/ip", `{"pool":1}`)
	require.Equal(t, "198.18.0.4", paneltest.At(w.Machine(2), "ip", 1, "name"), "addresses in use stay in use")
}

func TestKillLosesNoAnsweredCall(t *testing.T) {
	t.Parallel()
	o := panels.Options{Dir: t.TempDir(), Delay: paneltest.Delay}
	w := paneltest.NewWorld(t, o)
	act(w)
	before := look(w)
	// A kill leaves the files as they are at this moment: a copy of the folder
	// is what the next process finds.
	killed := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(killed, "left"), os.DirFS(o.Dir)))

	w = paneltest.OpenWorld(t, panels.Options{Dir: filepath.Join(killed, "left"), Delay: paneltest.Delay})
	require.Equal(t, before, look(w))
}

func TestAResetStaysEmptyAfterRestart(t *testing.T) {
	t.Parallel()
	o := panels.Options{Dir: t.TempDir()}
	w := paneltest.NewWorld(t, o)
	w.Control(http.StatusOK, "POST", "dcimanager6/reset", "")
	w.Close()
	require.Empty(t, look(paneltest.OpenWorld(t, o))["servers"])
}

func TestRunningClockGoesOnWhileDown(t *testing.T) {
	t.Parallel()
	wall := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	o := panels.Options{Dir: t.TempDir(), Now: func() time.Time { return wall }}
	w := paneltest.OpenWorld(t, o)
	w.Control(http.StatusOK, "PUT", "clock", `{"now":"2026-03-01T00:00:00Z","mode":"running"}`)
	w.Close()
	wall = wall.Add(time.Hour)
	out := paneltest.OpenWorld(t, o).Control(http.StatusOK, "GET", "clock", "")
	require.Equal(t, paneltest.Object{"now": "2026-03-01T01:00:00Z", "mode": "running"}, out)
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
	w := paneltest.NewWorld(t, panels.Options{Delay: paneltest.Delay})
	w.OK(http.StatusOK, "POST", "/dci/v3/server/1/os", paneltest.Install)
	w.Clock("2026-02-01T00:00:00Z")
	w.Clock("2026-02-01T00:09:59Z")
	require.Equal(t, "running", paneltest.At(w.Machine(1), "operation", "status"))
	w.Clock("2026-02-01T00:10:00Z")
	require.Equal(t, "ok", paneltest.At(w.Machine(1), "operation", "status"))
}

func TestClockRunsUntilFrozenAndGoesOnFromWhereItWasSet(t *testing.T) {
	t.Parallel()
	wall := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	w := paneltest.OpenWorld(t, panels.Options{Now: func() time.Time { return wall }})
	now := func() string { return w.Control(http.StatusOK, "GET", "clock", "")["now"].(string) }
	require.Equal(t, "2026-01-01T12:00:00Z", now())
	w.Control(http.StatusOK, "PUT", "clock", `{"now":"2026-03-01T00:00:00Z"}`)
	wall = wall.Add(time.Minute)
	require.Equal(t, "2026-03-01T00:01:00Z", now())
	out := w.Control(http.StatusOK, "PUT", "clock", `{"mode":"frozen"}`)
	require.Equal(t, "frozen", out["mode"])
	wall = wall.Add(time.Minute)
	require.Equal(t, "2026-03-01T00:01:00Z", now())
	w.Control(http.StatusOK, "PUT", "clock", `{"mode":"running"}`)
	wall = wall.Add(time.Minute)
	require.Equal(t, "2026-03-01T00:02:00Z", now())
	w.Control(http.StatusBadRequest, "PUT", "clock", `{"mode":"backwards"}`)
	w.Control(http.StatusBadRequest, "PUT", "clock", `{"time":1}`)
}
