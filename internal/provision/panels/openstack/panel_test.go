package openstack_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"

	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
)

const (
	stackLogin  = `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","password":"secret","domain":{"name":"Default"}}}},"scope":{"project":{"name":"admin","domain":{"name":"Default"}}}}}`
	stackServer = `{"server":{"name":"one","imageRef":"10000000-0000-4000-8000-000000000001","flavorRef":"2","networks":[{"uuid":"20000000-0000-4000-8000-000000000001"}],"metadata":{"k":"v"}}}`
	nova        = "/RegionOne/compute/v2.1/servers"
)

// stackWorld is a cloud with a client that has a token.
type stackWorld struct {
	*paneltest.World
	version string
}

func newStackWorld(t *testing.T, o panels.Options) *stackWorld {
	t.Helper()
	w := &stackWorld{World: paneltest.OpenWorld(t, o), version: "2.9"}
	w.Panel = "openstack"
	w.World.Clock("2026-03-01T00:00:00Z")
	w.login()
	return w
}

func (w *stackWorld) login() {
	w.T.Helper()
	resp := w.raw("POST", "/v3/auth/tokens", stackLogin)
	require.Equal(w.T, http.StatusCreated, resp.StatusCode)
	w.Token = resp.Header.Get("X-Subject-Token")
	require.NotEmpty(w.T, w.Token)
}

func (w *stackWorld) raw(method, path, body string) *http.Response {
	w.T.Helper()
	req, err := http.NewRequestWithContext(w.T.Context(), method, w.Server.URL+"/openstack"+path, bytes.NewBufferString(body))
	require.NoError(w.T, err)
	req.Header.Set("X-Auth-Token", w.Token)
	req.Header.Set("X-OpenStack-Nova-API-Version", w.version)
	resp, err := w.Client.Do(req)
	require.NoError(w.T, err)
	return resp
}

// does makes a call, expects its status and returns the answer's object, nil where there is none.
func (w *stackWorld) does(status int, method, path, body string) paneltest.Object {
	w.T.Helper()
	resp := w.raw(method, path, body)
	defer func() { _ = resp.Body.Close() }()
	var data bytes.Buffer
	_, err := data.ReadFrom(resp.Body)
	require.NoError(w.T, err)
	require.Equal(w.T, status, resp.StatusCode, "%s %s: %s", method, path, data.String())
	if data.Len() == 0 {
		return nil
	}
	return paneltest.Decode(w.T, data.String())
}

func (w *stackWorld) make() (path string) {
	w.T.Helper()
	return nova + "/" + paneltest.At(w.does(http.StatusAccepted, "POST", nova, stackServer), "server", "id").(string)
}

func (w *stackWorld) status(path string) any {
	w.T.Helper()
	return paneltest.At(w.does(http.StatusOK, "GET", path, ""), "server", "status")
}

func TestStackServersTakeTheirTime(t *testing.T) {
	t.Parallel()
	w := newStackWorld(t, panels.Options{Delay: 10 * time.Minute})
	path := w.make()
	row := w.does(http.StatusOK, "GET", path, "")["server"].(paneltest.Object)
	require.Equal(t, []any{"BUILD", "spawning", false}, []any{row["status"], row["OS-EXT-STS:task_state"], row["locked"]})
	require.Contains(t, paneltest.At(w.does(http.StatusConflict, "POST", path+"/action", `{"os-stop":null}`), "conflictingRequest", "message"), "task_state spawning")
	w.World.Clock("2026-03-01T00:10:00Z")
	row = w.does(http.StatusOK, "GET", path, "")["server"].(paneltest.Object)
	require.Equal(t, "ACTIVE", row["status"])
	require.Equal(t, "198.51.0.2", paneltest.At(row, "addresses", "public", 0, "addr"))
	w.does(http.StatusAccepted, "POST", path+"/action", `{"resize":{"flavorRef":"3"}}`)
	require.Equal(t, "RESIZE", w.status(path))
	w.World.Clock("2026-03-01T00:11:00Z")
	require.Equal(t, "VERIFY_RESIZE", w.status(path))
	w.does(http.StatusNoContent, "POST", path+"/action", `{"confirmResize":null}`)
	require.Equal(t, "ACTIVE", w.status(path))
	w.does(http.StatusNoContent, "DELETE", path, "")
	require.Equal(t, "deleting", paneltest.At(w.does(http.StatusOK, "GET", path, ""), "server", "OS-EXT-STS:task_state"))
	w.World.Clock("2026-03-01T00:12:00Z")
	w.does(http.StatusNotFound, "GET", path, "")
}

func TestStackIsStrict(t *testing.T) {
	t.Parallel()
	w := newStackWorld(t, panels.Options{})
	for _, spoil := range [][2]string{
		{`"name":"one"`, `"name":"one","colour":1`},
		{`"one"`, `""`},
		{"8000-000000000001", "8000-00000000000f"},
		{`"flavorRef":"2"`, `"flavorRef":"9"`},
		{"8000-000000000001", "8000-000000000003"}, // the image is not active
	} {
		w.does(http.StatusBadRequest, "POST", nova, strings.Replace(stackServer, spoil[0], spoil[1], 1))
	}
	w.does(http.StatusConflict, "POST", nova, `{"server":{"name":"one","imageRef":"10000000-0000-4000-8000-000000000001","flavorRef":"2"}}`)
	path := w.make()
	for _, body := range []string{`{}`, `{"os-fly":null}`, `{"reboot":{}}`, `{"reboot":{"type":"HARD","x":1}}`, `{"resize":{"flavorRef":"2"}}`, `{"lock":null,"unlock":null}`} {
		w.does(http.StatusBadRequest, "POST", path+"/action", body)
	}
	w.does(http.StatusConflict, "POST", path+"/action", `{"os-start":null}`)
	w.does(http.StatusBadRequest, "GET", nova+"/detail?colour=red", "")
	w.does(http.StatusNotFound, "GET", strings.Replace(path, "RegionOne", "RegionTwo", 1), "")
	w.version = "2.47"
	w.does(http.StatusNotAcceptable, "GET", path, "")
	w.version = ""
	require.NotContains(t, w.does(http.StatusOK, "GET", path, "")["server"], "locked", "old versions tell of no lock")
}

func TestStackLocksForbid(t *testing.T) {
	t.Parallel()
	w := newStackWorld(t, panels.Options{})
	path := w.make()
	w.does(http.StatusAccepted, "POST", path+"/action", `{"lock":null}`)
	w.does(http.StatusConflict, "POST", path+"/action", `{"os-stop":null}`)
	w.does(http.StatusConflict, "DELETE", path, "")
	w.does(http.StatusAccepted, "POST", path+"/action", `{"unlock":null}`)
	w.does(http.StatusAccepted, "POST", path+"/action", `{"os-stop":null}`)
	require.Equal(t, "SHUTOFF", w.status(path))
	require.Equal(t, "stop", paneltest.At(w.does(http.StatusOK, "GET", path+"/os-instance-actions", ""), "instanceActions", 0, "action"), "the last comes first")
}

func TestStackListsComeInPages(t *testing.T) {
	t.Parallel()
	w := newStackWorld(t, panels.Options{})
	w.Control(http.StatusCreated, "POST", "openstack/servers", `{"name":"srv","count":5}`)
	seen := map[any]bool{}
	next := nova + "/detail?limit=2&name=^srv"
	for pages := 0; next != ""; pages++ {
		require.Less(t, pages, 4)
		page := w.does(http.StatusOK, "GET", next, "")
		for _, row := range page["servers"].([]any) {
			seen[paneltest.At(row, "id")] = true
		}
		if next = ""; page["servers_links"] != nil {
			_, next, _ = strings.Cut(paneltest.At(page, "servers_links", 0, "href").(string), "/openstack")
		}
	}
	require.Len(t, seen, 5)
	require.Empty(t, w.does(http.StatusOK, "GET", nova+"/detail?name=nobody", "")["servers"])
}

func TestStackTokensEndAndStateIsKept(t *testing.T) {
	t.Parallel()
	o := panels.Options{Dir: t.TempDir(), Delay: 10 * time.Minute}
	w := newStackWorld(t, o)
	path := w.make()
	before := w.World.Control(http.StatusOK, "GET", "openstack", "")["servers"]
	w.Close()
	again := &stackWorld{World: paneltest.OpenWorld(t, o), version: "2.9"}
	again.Token = w.Token
	require.Equal(t, "BUILD", again.status(path))
	require.Equal(t, before, again.World.Control(http.StatusOK, "GET", "openstack", "")["servers"])
	again.World.Clock("2026-03-01T01:00:00Z")
	require.Equal(t, "The request you have made requires authentication.", paneltest.At(again.does(http.StatusUnauthorized, "GET", path, ""), "error", "message"))
	again.login()
	require.Equal(t, "ACTIVE", again.status(path))
	again.does(http.StatusUnauthorized, "POST", "/v3/auth/tokens", strings.Replace(stackLogin, `"secret"`, `"guess"`, 1))
	again.does(http.StatusBadRequest, "POST", "/v3/auth/tokens", `{"auth":{"colour":1}}`)
}

func TestStackWorkFailsAsAsked(t *testing.T) {
	t.Parallel()
	w := newStackWorld(t, panels.Options{})
	path := w.make()
	for _, c := range []struct{ action, after string }{
		{`{"os-stop":null}`, "ACTIVE"},
		{`{"resize":{"flavorRef":"3"}}`, "ACTIVE"},
		{`{"reboot":{"type":"HARD"}}`, "ACTIVE"},
		{`{"rebuild":{"imageRef":"10000000-0000-4000-8000-000000000002"}}`, "ERROR"},
	} {
		w.Control(http.StatusCreated, "POST", "openstack/faults", `{"kind":"task_fail","times":1}`)
		w.does(http.StatusAccepted, "POST", path+"/action", c.action)
		require.Equal(t, c.after, w.status(path), c.action)
		require.Equal(t, "Error", paneltest.At(w.does(http.StatusOK, "GET", path+"/os-instance-actions", ""), "instanceActions", 0, "message"))
	}
	w.does(http.StatusAccepted, "POST", path+"/action", `{"rebuild":{"imageRef":"10000000-0000-4000-8000-000000000002"}}`)
	require.Equal(t, "ACTIVE", w.status(path), "a broken server can be rebuilt")
}
