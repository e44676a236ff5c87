package mgr5_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"

	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
)

// dsWorld is a DSmanager that is called as its administrator.
type dsWorld struct{ *paneltest.World }

func newDSWorld(t *testing.T) dsWorld {
	t.Helper()
	w := paneltest.OpenWorld(t, panels.Options{Delay: 10 * time.Minute})
	w.Clock("2026-03-01T00:00:00Z")
	return dsWorld{w}
}

// ask posts a form and returns the answer, which has a good status whatever it says.
func (w dsWorld) ask(function string, pairs ...string) string {
	w.T.Helper()
	form := url.Values{"authinfo": {"admin:secret"}, "out": {"xml"}, "func": {function}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequestWithContext(w.T.Context(), "POST", w.Server.URL+"/dsmanager/dsmgr", strings.NewReader(form.Encode()))
	require.NoError(w.T, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := w.Client.Do(req)
	require.NoError(w.T, err)
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	require.NoError(w.T, err)
	require.Equal(w.T, http.StatusOK, resp.StatusCode)
	return string(data)
}

func TestDSErrorsAreNumbers(t *testing.T) {
	t.Parallel()
	w := newDSWorld(t)
	for want, answer := range map[string]string{
		`code="3" obj="func"`:          w.ask("server.fly"),
		`code="3" obj="elid"`:          w.ask("server.enable", "elid", "9"),
		`code="4" obj="colour"`:        w.ask("server", "colour", "red"),
		`code="4" obj="owner"`:         w.ask("server.edit", "elid", "1", "owner", "nobody", "sok", "ok"),
		`code="4" obj="osimage"`:       w.ask("server.reinstall", "elid", "1", "osimage", "Plan-9", "passwd", "a", "confirm", "a", "sok", "ok"),
		`code="4" obj="confirm"`:       w.ask("user.edit", "name", "ada", "passwd", "a", "confirm", "b", "sok", "ok"),
		`code="2" obj="name"`:          w.ask("user.edit", "name", "admin", "passwd", "a", "confirm", "a", "sok", "ok"),
		`code="100" obj="badpassword"`: w.ask("server", "authinfo", "admin:guess"),
	} {
		require.Contains(t, answer, "<error "+want, answer)
	}
	require.NotContains(t, w.ask("server"), "error")
}

func TestDSServersAreGivenAndTaken(t *testing.T) {
	t.Parallel()
	w := newDSWorld(t)
	require.Equal(t, 4, strings.Count(w.ask("server"), "<type>HPCorei5</type>"), "four servers to begin with")
	require.Contains(t, w.ask("user.edit", "name", "ada", "passwd", "a", "confirm", "a", "sok", "ok"), "<ok/>")
	require.Contains(t, w.ask("server.edit", "elid", "1", "owner", "ada", "sok", "ok"), "<ok/>")
	require.Contains(t, w.ask("server.edit", "elid", "1"), "<owner>ada</owner>", "without sok the form is shown")
	require.Contains(t, w.ask("server.reinstall", "elid", "1", "osimage", "Debian-12", "passwd", "a", "confirm", "a", "sok", "ok"), "<ok/>")
	require.Contains(t, w.ask("server"), "<func_in_progress/>")
	require.Contains(t, w.ask("server.reboot", "elid", "1"), `<error code="4"`, "one thing at a time")
	w.Clock("2026-03-01T00:10:00Z")
	require.Contains(t, w.ask("server"), "<os>Debian-12</os>")
	require.Contains(t, w.ask("server.history", "elid", "1"), "<status>ok</status>")
	require.Contains(t, w.ask("server.edit", "elid", "1", "owner", "", "sok", "ok"), "<ok/>")
	require.NotContains(t, w.ask("server"), "<owner>ada</owner>")
	w.Control(http.StatusNotFound, "PUT", "dsmanager/servers/1/traffic/2026-03-01", `{"in":1,"out":1}`)
}
