package isp6_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"

	"github.com/tariffd/tariffd/internal/provision/panels/paneltest"
)

func TestLoginAnswers201WithTextID(t *testing.T) {
	t.Parallel()
	w := paneltest.OpenWorld(t, panels.Options{})
	for _, prefix := range []string{"", "/api"} {
		out := w.OK(http.StatusCreated, "POST", prefix+paneltest.Login, paneltest.GoodUser)
		require.Equal(t, "1", out["id"])
		require.Nil(t, out["expires_at"])
		require.Equal(t, true, out["confirmed"])
	}
	require.Equal(t, 1000, w.Code(http.StatusUnauthorized, "POST", paneltest.Login, `{"email":"admin@example.com","password":"no"}`))
	require.Equal(t, 1000, w.Code(http.StatusUnauthorized, "GET", "/dci/v3/server", ""))
	require.Equal(t, 1000, w.Code(http.StatusUnauthorized, "GET", "/dci/v3/nothing", ""), "nothing is told before the token is checked")
}

func TestTokenByHeaderOrCookie(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	token := w.Token
	w.Token = ""
	req, err := http.NewRequestWithContext(t.Context(), "GET", w.Server.URL+"/dcimanager6/api/auth/v4/whoami", http.NoBody)
	require.NoError(t, err)
	req.AddCookie(&http.Cookie{Name: "ses6", Value: token})
	status, text, err := w.Send(req)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, "admin@example.com", paneltest.Decode(t, text)["email"])
}

func TestTokenDiesAfterAnIdleHourOfThePanelsClock(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	w.Clock("2026-03-01T00:59:00Z")
	w.Machine(1) // use renews
	w.Clock("2026-03-01T01:58:59Z")
	w.Machine(1)
	w.Clock("2026-03-01T02:58:59Z")
	require.Equal(t, 1000, w.Code(http.StatusUnauthorized, "GET", "/dci/v3/server/1", ""))

	w.SignIn()
	minted := w.OK(http.StatusCreated, "POST", "/auth/v4/token", `{"expires_at":"2026-04-01 00:00:00","description":"billing"}`)
	w.Token = minted["token"].(string)
	w.Clock("2026-03-31T23:59:59Z")
	w.Machine(1)
	w.Clock("2026-04-01T00:00:00Z")
	require.Equal(t, 1000, w.Code(http.StatusUnauthorized, "GET", "/dci/v3/server/1", ""))
}

func TestTokenSurvivesAClockSetBackAndStillDies(t *testing.T) {
	t.Parallel()
	w := paneltest.OpenWorld(t, panels.Options{}) // real time
	w.SignIn()
	w.Clock("2020-01-01T00:00:00Z")
	w.Machine(1)
	w.Clock("2020-01-01T01:00:00Z")
	require.Equal(t, 1000, w.Code(http.StatusUnauthorized, "GET", "/dci/v3/server/1", ""))
}

func TestBodiesAreStrict(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	cases := []struct {
		name, path, body string
		code             int
	}{
		{"unknown field", "/dci/v3/server/1", `{"name":"a","owner":1}`, 3008},
		{"other case", "/dci/v3/server/1/owner", `{"Owner":1}`, 3008},
		{"field of an empty body", "/dci/v3/server/1/suspend", `{"force":true}`, 3008},
		{"login", paneltest.Login, `{"email":"admin@example.com","password":"secret","remember":true}`, 3008},
		{"missing field", "/dci/v3/server/1/owner", `{}`, 3003},
		{"wrong type", "/dci/v3/server/1/os", `{"os_template":"1","password":"x"}`, 3003},
		{"two values", "/dci/v3/server/1", `{} {}`, 3003},
		{"no object", "/dci/v3/server/1", `null`, 3003},
		{"no JSON", "/dci/v3/server/1", `name=a`, 3003},
		{"unknown template", "/dci/v3/server/1/os", `{"os_template":9,"password":"x"}`, 3006},
		{"empty password", "/dci/v3/server/1/os", `{"os_template":1,"password":""}`, 3006},
		{"unknown script", "/dci/v3/server/1/os", `{"os_template":1,"password":"x","recipe":9}`, 3006},
		{"unknown owner", "/dci/v3/server/1/owner", `{"owner":99}`, 3006},
		{"unknown role", "/dci/v3/user", `{"email":"a@b.c","password":"x","role":"@boss"}`, 3006},
	}
	for _, tc := range cases {
		require.Equal(t, tc.code, w.Code(http.StatusBadRequest, "POST", tc.path, tc.body), tc.name)
	}
	e := w.OK(http.StatusBadRequest, "POST", "/dci/v3/server/1", `{"colour":1}`)["error"].(paneltest.Object)
	require.Equal(t, "PROXY-3008: Unexpected property colour", e["msg"])
	require.Equal(t, paneltest.Object{}, e["value"])

	require.Equal(t, 3004, w.Code(http.StatusNotFound, "GET", "/dci/v3/server/99", ""))
	require.Equal(t, 3004, w.Code(http.StatusNotFound, "GET", "/dci/v3/server/one", ""))
	require.Equal(t, 3004, w.Code(http.StatusNotFound, "GET", "/dci/v3/planet", ""))
	w.Code(http.StatusMethodNotAllowed, "PUT", "/dci/v3/server/1", `{}`)
}

func TestWhere(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	user := w.AddUser("o'neil@example.com")
	w.OK(http.StatusOK, "POST", "/dci/v3/server/2/owner", `{"owner":`+strconv.Itoa(user)+`}`)
	w.OK(http.StatusOK, "POST", "/dci/v3/server/2", `{"name":"Web-2"}`)
	cases := []struct {
		where string
		want  []int
	}{
		{"", []int{1, 2, 3, 4, 5, 6}},
		{"id EQ 3", []int{3}},
		{"id EQ '3'", []int{3}},
		{"(owner_email IS null) AND is_new EQ false AND location_id EQ 3", []int{1, 3, 4, 5, 6}},
		{"owner_email IS NOT null", []int{2}},
		{"NOT owner_email IS null", []int{2}},
		{"owner_email EQ 'o''neil@example.com'", []int{2}},
		{`owner_email EQ 'o\'neil@example.com'`, []int{2}},
		{"owner_email NE 'x'", []int{2}}, // null is neither equal nor unequal
		{"((id EQ 1) or (id EQ 2)) and not (id EQ 2)", []int{1}},
		{"id EQ 1 OR id EQ 5 AND location_id EQ 4", []int{1}},
		{"name CP '%eb-%'", []int{2}},
		{"name CP 'Web%2'", []int{2}},
		{"name CP 'Web'", []int{}},
		{"rack.name EQ 'A2'", []int{5, 6}},
		{"os_template.name EQ 'Debian-12'", []int{}},
		{"os_template.name IS null AND id LE 2", []int{1, 2}},
		{"id GT 5", []int{6}},
	}
	for _, tc := range cases {
		require.Equal(t, tc.want, paneltest.IDs(w.List("/dci/v3/server", tc.where)), tc.where)
	}
	// Spaces as + and brackets as they are, as clients of the vendor send them.
	out := w.OK(http.StatusOK, "GET", "/api/dci/v3/server?where=((id+EQ+'5')+AND+(location_id+EQ+3))", "")
	require.Equal(t, []int{5}, paneltest.IDs(out["list"].([]any)))

	for _, bad := range []string{
		"id", "id EQ", "id IS 3", "id EQ x", "(id EQ 1", "id EQ 1)", "id LIKE 1", "id EQ 'x",
		"colour EQ 1", "rack.colour EQ 1", "'id' EQ 1", "id EQ null", "AND", "id EQ 1 id EQ 2", "NOT",
	} {
		require.Equal(t, 3005, w.Code(http.StatusBadRequest, "GET", "/dci/v3/server?where="+url.QueryEscape(bad), ""), bad)
	}
}

func TestOrderAndLimit(t *testing.T) {
	t.Parallel()
	w := paneltest.NewWorld(t, panels.Options{})
	get := func(query string) paneltest.Object { return w.OK(http.StatusOK, "GET", "/dci/v3/server?"+query, "") }
	require.Equal(t, []int{6, 5, 4, 3, 2, 1}, paneltest.IDs(get("orderby=id+desc")["list"].([]any)))
	require.Equal(t, []int{5, 6, 1, 2, 3, 4}, paneltest.IDs(get("orderby=configuration+desc,id+asc")["list"].([]any)))
	out := get("orderby=owner_email%20asc&limit=1,2")
	require.Equal(t, []int{2, 3}, paneltest.IDs(out["list"].([]any)))
	require.Equal(t, 6, paneltest.Num(out["size"]), "size counts before limit")
	require.Contains(t, out, "last_notify")
	require.Equal(t, []int{1}, paneltest.IDs(get("limit=1")["list"].([]any)))
	require.Equal(t, []int{}, paneltest.IDs(get("limit=9,5")["list"].([]any)))
	for _, bad := range []string{"limit=x", "limit=-1", "limit=1,2,3", "orderby=colour", "orderby=id+up", "orderby=,"} {
		require.Equal(t, 3005, w.Code(http.StatusBadRequest, "GET", "/dci/v3/server?"+bad, ""), bad)
	}
}
