package mgr5_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"

	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
)

var mgrPaths = map[string]string{"dcimanager5": "/dcimgr", "ipmanager5": "/ipmgr", "licenseserver": "/billmgr"}

// mgr posts one form, as the administrator unless it says who.
func mgr(w *paneltest.World, panel, form string) string {
	w.T.Helper()
	if !strings.Contains(form, "auth") {
		form = "authinfo=admin:secret&" + form
	}
	resp, err := w.Client.Post(w.Server.URL+"/"+panel+mgrPaths[panel], "application/x-www-form-urlencoded", strings.NewReader(form))
	require.NoError(w.T, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(w.T, err)
	require.Equal(w.T, http.StatusOK, resp.StatusCode, "failures are good answers")
	return string(text)
}

func mgrError(w *paneltest.World, kind, panel, form string) {
	w.T.Helper()
	require.Contains(w.T, mgr(w, panel, form), `<error type="`+kind+`"`, form)
}

func newMgrs(t *testing.T) *paneltest.World {
	t.Helper()
	w := paneltest.OpenWorld(t, panels.Options{Delay: paneltest.Delay})
	w.Clock("2026-03-01T00:00:00Z")
	return w
}

func TestMgrsAreStrict(t *testing.T) {
	t.Parallel()
	w := newMgrs(t)
	mgrError(w, "auth", "dcimanager5", "authinfo=admin:wrong&func=server")
	mgrError(w, "auth", "dcimanager5", "auth=nothing&func=server")
	mgrError(w, "missed", "dcimanager5", "func=server.setfree")
	mgrError(w, "value", "dcimanager5", "func=server&limit=5")
	mgrError(w, "value", "dcimanager5", "func=server.poweron")
	mgrError(w, "missed", "dcimanager5", "func=server.poweron&elid=99")
	mgrError(w, "value", "dcimanager5", "func=server.edit&sok=ok&elid=1&mac=m&name=n&type=t&owner=77")
	mgrError(w, "value", "dcimanager5", "func=server.operations&sok=ok&elid=1&operation=ostemplate&ostemplate=Debian-12&passwd=a&confirm=b")
	mgrError(w, "value", "ipmanager5", "func=ip.edit&sok=ok&family=ipv4&iptype=nonesuch")
	mgrError(w, "missed", "licenseserver", "func=soft.order.param&sok=ok&clicked_button=finish&skipbasket=on&ip=192.0.2.1&licname=x&period=1&pricelist=1")
	resp, err := w.Client.Get(w.Server.URL + "/dcimanager5/dcimgr?authinfo=admin:secret&func=user.edit&sok=ok&name=x&passwd=y&level=lvUser")
	require.NoError(t, err)
	text, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	require.Contains(t, string(text), `type="access"`, "passwords are posted")
	calls := w.Control(http.StatusOK, "GET", "dcimanager5", "")["calls"].([]any)
	last := calls[len(calls)-1].(paneltest.Object)
	require.Equal(t, "/dcimgr", last["path"])
	require.NotContains(t, last["query"], "secret")
	require.NotContains(t, last["query"], "passwd")
}

func TestMgrSessionsDieOfDisuse(t *testing.T) {
	t.Parallel()
	w := newMgrs(t)
	answer := mgr(w, "ipmanager5", "func=auth&username=admin&password=secret")
	_, key, _ := strings.Cut(answer, `id="`)
	key, _, _ = strings.Cut(key, `"`)
	for _, at := range []string{"2026-03-01T00:59:00Z", "2026-03-01T01:58:00Z"} {
		w.Clock(at)
		require.NotContains(t, mgr(w, "ipmanager5", "func=ip&auth="+key), "<error")
	}
	w.Clock("2026-03-01T02:59:00Z")
	mgrError(w, "auth", "ipmanager5", "func=ip&auth="+key)
}

func TestMgrFormatsAndForms(t *testing.T) {
	t.Parallel()
	w := newMgrs(t)
	require.Contains(t, mgr(w, "dcimanager5", "func=server&out=json"), `"elem":[{`)
	require.Contains(t, mgr(w, "dcimanager5", "func=user&out=json"), `"elem":{"id":{"$":"1"}`, "one row is an object")
	form := mgr(w, "dcimanager5", "func=server.operations&elid=1")
	require.Contains(t, form, `<slist name="ostemplate"><val key="Debian-12">Debian-12</val>`)
	require.Contains(t, mgr(w, "dcimanager5", "func=server"), "<hostname>free.ds</hostname>")
}

func TestMgrInstallationsTakeTheDelayAndMayFail(t *testing.T) {
	t.Parallel()
	w := newMgrs(t)
	const begin = "func=server.operations&sok=ok&operation=ostemplate&ostemplate=Debian-12&passwd=a&confirm=a&recipe=null&elid="
	require.Contains(t, mgr(w, "dcimanager5", begin+"1"), "<ok/>")
	w.Control(http.StatusCreated, "POST", "dcimanager5/faults", `{"kind":"task_fail","path":"/dcimgr?func=server.operations","times":1}`)
	require.Contains(t, mgr(w, "dcimanager5", begin+"2"), "<ok/>")
	mgrError(w, "value", "dcimanager5", "func=server.poweroff&elid=1")
	require.Equal(t, 2, strings.Count(mgr(w, "dcimanager5", "func=server"), "<install_in_progress/>"))
	w.Clock("2026-03-01T00:10:00Z")
	rows := mgr(w, "dcimanager5", "func=server")
	require.Equal(t, []int{0, 1, 1}, []int{strings.Count(rows, "<install_in_progress/>"), strings.Count(rows, "<operation_failed/>"), strings.Count(rows, "<poweron/>")})
	mgr(w, "dcimanager5", "func=server.opercancel&elid=2")
	require.NotContains(t, mgr(w, "dcimanager5", "func=server"), "operation_failed")
}

func TestMgrsKeepEverythingOverARestart(t *testing.T) {
	t.Parallel()
	o := panels.Options{Dir: t.TempDir(), Delay: paneltest.Delay}
	w := paneltest.OpenWorld(t, o)
	w.Clock("2026-03-01T00:00:00Z")
	mgr(w, "dcimanager5", "func=user.edit&sok=ok&level=lvUser&name=ada&passwd=x")
	mgr(w, "dcimanager5", "func=iplist.edit&sok=ok&plid=1&family=ipv6&ip=&domain=d")
	mgr(w, "ipmanager5", "func=ip.edit&sok=ok&family=ipv4&iptype=public&domain=d&note=n")
	mgr(w, "licenseserver", "func=soft.order.param&sok=ok&clicked_button=finish&skipbasket=on&ip=192.0.2.1&licname=x&period=1&pricelist=55227")
	see := func(w *paneltest.World) (out []string) {
		for panel, list := range map[string]string{"dcimanager5": "server", "ipmanager5": "ip", "licenseserver": "soft"} {
			out = append(out, mgr(w, panel, "func="+list))
		}
		return append(out, mgr(w, "dcimanager5", "func=iplist&elid=1"), mgr(w, "dcimanager5", "func=user"))
	}
	before := see(w)
	w.Close()
	w = paneltest.OpenWorld(t, o)
	require.ElementsMatch(t, before, see(w))
	w.Control(http.StatusOK, "POST", "dcimanager5/reset", "")
	require.NotContains(t, mgr(w, "dcimanager5", "func=server"), "<elem>")
}

func TestMgrAddressesRunOut(t *testing.T) {
	t.Parallel()
	w := newMgrs(t)
	w.Control(http.StatusCreated, "POST", "ipmanager5/pools", `{"name":"Tiny","iptype":"tiny","network":"192.0.2.0/29"}`)
	ask := "func=ip.edit&sok=ok&family=ipv4&iptype=tiny&domain=" + url.QueryEscape("a.example")
	for _, ip := range []string{"192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"} {
		require.Contains(t, mgr(w, "ipmanager5", ask), "<id>"+ip+"</id>")
	}
	mgrError(w, "limit", "ipmanager5", ask)
	mgr(w, "ipmanager5", "func=ip.delete&elid=192.0.2.4")
	require.Contains(t, mgr(w, "ipmanager5", ask), "<id>192.0.2.4</id>")
	mgrError(w, "missed", "ipmanager5", "func=ip.delete&elid=192.0.2.200")
}
