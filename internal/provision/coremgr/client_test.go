package coremgr_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

const secret = "p4ss & w0rd"

// asked is one call as the panel got it.
type asked struct {
	method string
	form   url.Values
	query  url.Values
}

// serve answers calls by their function, and the login by itself.
func serve(t *testing.T, o coremgr.Options, answer func(asked) (int, string)) (*coremgr.Client, *atomic.Int32) {
	t.Helper()
	logins := &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		call := asked{r.Method, r.Form, r.URL.Query()}
		if r.Form.Get("func") == "auth" {
			_, _ = fmt.Fprintf(w, `<doc><auth id="s%d" level="29">s%d</auth></doc>`, logins.Add(1), logins.Load())
			return
		}
		status, body := answer(call)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	http, err := panelhttp.New(panelhttp.Options{
		URL: server.URL + "/dcimgr", Secrets: []string{secret}, Env: provision.Env{Transport: http.DefaultTransport},
	})
	require.NoError(t, err)
	o.User, o.Password = "admin", secret
	return coremgr.New(http, o), logins
}

func failure(t *testing.T, err error) *provision.Failure {
	t.Helper()
	f, ok := provision.FailureOf(err)
	require.Truef(t, ok, "a failure is expected, not %v", err)
	require.NotContains(t, err.Error(), secret)
	return f
}

// Both formats of one list; composed after panels' documentation of the dialect (D), one row as an object (I).
func TestBothFormatsAreOneTree(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"xml":  `<?xml version="1.0" encoding="UTF-8"?><doc lang="en"><elem><id>17</id><name>a &amp; b</name><poweron/></elem><slist name="os"><val key="d">Debian</val><msg>x</msg></slist></doc>`,
		"json": `{"doc":{"$lang":"en","elem":{"id":{"$":"17"},"name":{"$":"a & b"},"poweron":{}},"slist":[{"$name":"os","val":{"$key":"d","$":"Debian"},"msg":{"$":"x"}}]}}`,
		"list": `{"doc":{"elem":[{"id":17,"name":"a & b","poweron":{"$":""},"blocked":null,"disabled":{"$":"off"}}],"slist":[{"$name":"os","val":[{"$key":"d","$":"Debian"}],"msg":["x"]}]}}`,
	} {
		c, _ := serve(t, coremgr.Options{Format: name}, func(asked) (int, string) { return 200, text })
		doc, err := c.Read(t.Context(), "server", nil)
		require.NoError(t, err, name)
		rows := doc.All("elem")
		require.Len(t, rows, 1, name)
		require.Equal(t, []string{"17", "a & b", ""}, []string{rows[0].Get("id"), rows[0].Get("name"), rows[0].Get("nothing")}, name)
		require.True(t, rows[0].Flag("poweron"), name)
		require.False(t, rows[0].Flag("blocked") || rows[0].Flag("disabled"), name)
		require.Equal(t, []coremgr.Choice{{Key: "d", Title: "Debian"}, {Key: "x", Title: "x"}}, doc.Choices("os"), name)
		require.Nil(t, doc.At("a", "b").Child("c"))
	}
}

func TestWhatAnErrorMeans(t *testing.T) {
	t.Parallel()
	const fifth = `<doc><error type="%s" object="domain"><param name="value">x</param><msg>No way, ` + "%s" + `</msg></error></doc>`
	for name, c := range map[string]struct {
		status int
		body   string
		kind   provision.FailureKind
		code   string
	}{
		"value":      {200, fmt.Sprintf(fifth, "value", "p4ss &amp; w0rd"), provision.Rejected, "panel_rejected"},
		"missed":     {200, fmt.Sprintf(fifth, "missed", ""), provision.Rejected, "panel_has_no_such"},
		"exists":     {200, fmt.Sprintf(fifth, "exists", ""), provision.Rejected, "panel_has_it_already"},
		"connection": {200, fmt.Sprintf(fifth, "connection", ""), provision.Unavailable, "panel_unavailable"},
		"json":       {200, `{"doc":{"error":{"$type":"access","$object":"x","msg":{"$":"No"}}}}`, provision.Rejected, "panel_rejected"},
		"fourth":     {200, `<doc><error code="3" obj="id">No such</error></doc>`, provision.Rejected, "panel_has_no_such"},
		"500":        {500, fmt.Sprintf(fifth, "value", ""), provision.Unavailable, "panel_unavailable"},
		"404":        {404, "not here", provision.Rejected, "panel_rejected"},
		"no answer":  {200, "<html><body>Bad gateway</bo", provision.Unavailable, "panel_unavailable"},
		"empty":      {200, "", provision.Unavailable, "panel_unavailable"},
		"other":      {200, "<ok/>", provision.Unavailable, "panel_unavailable"},
		"auth":       {200, fmt.Sprintf(fifth, "auth", ""), provision.Unauthenticated, "panel_refused_login"},
	} {
		client, _ := serve(t, coremgr.Options{Meanings: map[string]coremgr.Meaning{"3": coremgr.Unknown}}, func(asked) (int, string) { return c.status, c.body })
		_, err := client.Submit(t.Context(), "server.edit", nil)
		f := failure(t, err)
		require.Equal(t, c.kind, f.Kind, name)
		require.Equal(t, c.code, f.Code, name)
		require.Equal(t, c.kind == provision.Rejected, coremgr.Rejected(err), name)
		require.Equal(t, c.code == "panel_has_no_such", coremgr.Missing(err), name)
	}
}

func TestSecretsTravelInBodies(t *testing.T) {
	t.Parallel()
	var got []asked
	answer := func(a asked) (int, string) { got = append(got, a); return 200, `<doc><ok/></doc>` }
	c, logins := serve(t, coremgr.Options{}, answer)
	_, err := c.Submit(t.Context(), "user.edit", url.Values{"passwd": {"x1"}}, "x1")
	require.NoError(t, err)
	_, err = c.Read(t.Context(), "server", url.Values{"elid": {"1"}})
	require.NoError(t, err)
	require.EqualValues(t, 1, logins.Load(), "one login serves both")
	require.Equal(t, http.MethodPost, got[0].method)
	require.Empty(t, got[0].query, "what changes something is a form")
	require.Equal(t, []string{"x1", "s1", "xml"}, []string{got[0].form.Get("passwd"), got[0].form.Get("auth"), got[0].form.Get("out")})
	require.Equal(t, http.MethodGet, got[1].method)

	got = nil
	c, logins = serve(t, coremgr.Options{EachCall: true, Format: "json"}, answer)
	_, err = c.Read(t.Context(), "server", nil)
	require.NoError(t, err)
	require.Zero(t, logins.Load())
	require.Equal(t, []string{http.MethodPost, "admin:" + secret}, []string{got[0].method, got[0].form.Get("authinfo")})
	require.Empty(t, got[0].query)
}

func TestADeadSessionIsReplacedOnce(t *testing.T) {
	t.Parallel()
	c, logins := serve(t, coremgr.Options{}, func(a asked) (int, string) {
		if a.form.Get("auth") == "s1" {
			return 200, `<doc><error type="auth"><msg>s1 is over</msg></error></doc>`
		}
		return 200, `<doc><elem><id>1</id></elem></doc>`
	})
	group, ctx := errgroup.WithContext(context.Background())
	for range 8 {
		group.Go(func() error {
			_, err := c.Read(ctx, "server", nil)
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.EqualValues(t, 2, logins.Load(), "all wait for one login")
}

func TestAWrongPasswordIsNoRefusal(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<doc><error type="access"><msg>Not you</msg></error></doc>`)
	}))
	t.Cleanup(server.Close)
	http, err := panelhttp.New(panelhttp.Options{URL: server.URL, Env: provision.Env{Transport: http.DefaultTransport}})
	require.NoError(t, err)
	_, err = coremgr.New(http, coremgr.Options{User: "admin", Password: secret}).Read(t.Context(), "server", nil)
	require.Equal(t, provision.Unauthenticated, failure(t, err).Kind)
}
