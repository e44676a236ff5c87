package isp6_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

const password = "p4ss-w0rd"

// vendor is a panel with one function; a token is good until spoil.
type vendor struct {
	mu      sync.Mutex
	logins  int
	calls   int
	token   string
	login   func(w http.ResponseWriter) // nil: 201 with a token
	answer  http.HandlerFunc
	expired string // the whole answer to a dead token
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.URL.Path == "/auth/v4/public/token" {
		v.logins++
		if v.login != nil {
			v.login(w)
			return
		}
		v.token = fmt.Sprintf("4-token%d", v.logins)
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"id":17,"token":%q,"expires_at":null,"confirmed":true}`, v.token)
		return
	}
	v.calls++
	if v.token == "" || r.Header.Get("X-Xsrf-Token") != v.token {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, v.expired)
		return
	}
	v.answer(w, r)
}

func (v *vendor) spoil() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.token = ""
}

func newVendor() *vendor {
	return &vendor{
		expired: `{"error":{"code":1000,"msg":"expired"}}`,
		answer:  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok":true}`) },
	}
}

func (v *vendor) client(t *testing.T) *isp6.Client {
	t.Helper()
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	return connect(t, server.URL)
}

func connect(t *testing.T, url string) *isp6.Client {
	t.Helper()
	c, err := panelhttp.New(panelhttp.Options{URL: url, Secrets: []string{password}, Env: provision.Env{Transport: http.DefaultTransport}})
	require.NoError(t, err)
	return isp6.New(c, "admin@example.com", password)
}

var ask = panelhttp.Request{Method: http.MethodGet, Path: "/dci/v3/thing"}

func kindOf(t *testing.T, err error) provision.FailureKind {
	t.Helper()
	f, ok := provision.FailureOf(err)
	require.Truef(t, ok, "a failure is expected, not %v", err)
	require.NotContains(t, err.Error(), password)
	require.NotContains(t, err.Error(), "4-token")
	return f.Kind
}

func TestOneLoginServesAll(t *testing.T) {
	t.Parallel()
	v := newVendor()
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	var group sync.WaitGroup
	for range 20 {
		c := connect(t, server.URL)
		group.Go(func() {
			if err := c.Call(t.Context(), ask, nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Equal(t, 1, v.logins)
}

func TestADeadTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	for name, expired := range map[string]string{"with its code": `{"error":{"code":1000,"msg":"x"}}`, "by status alone": ``, "as text": `{"error":"no"}`} {
		v := newVendor()
		v.expired = expired
		c := v.client(t)
		require.NoError(t, c.Call(t.Context(), ask, nil))
		v.spoil()
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if err := c.Call(t.Context(), ask, nil); err != nil {
					t.Error(name, err)
				}
			})
		}
		group.Wait()
		require.Equal(t, 2, v.logins, name)
	}
	v := newVendor()
	v.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
	require.Equal(t, provision.Unauthenticated, kindOf(t, v.client(t).Call(t.Context(), ask, nil)))
	require.Equal(t, 2, v.calls, "repeated once and no more")
	v = newVendor()
	v.answer = func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"error":{"code":"1000","msg":"expired"}}`)
	}
	require.Equal(t, provision.Unauthenticated, kindOf(t, v.client(t).Call(t.Context(), ask, nil)), "whatever the status")
}

func TestARefusedLogin(t *testing.T) {
	t.Parallel()
	answers := map[string]provision.FailureKind{
		`401 {"error":{"code":1001,"msg":"wrong ` + password + `"}}`: provision.Unauthenticated,
		`400 {"error":{"code":1001,"msg":"wrong"}}`:                  provision.Unauthenticated,
		`200 {"error":{"code":1001,"msg":"wrong"}}`:                  provision.Unauthenticated,
		`201 {"token":"4-token","confirmed":false}`:                  provision.Unauthenticated,
		`404 not here`:  provision.Rejected,
		`302 elsewhere`: provision.Rejected,
		`500 oh`:        provision.Unavailable,
		`201 <html>`:    provision.Unavailable,
		`201 {}`:        provision.Unavailable,
	}
	for answer, kind := range answers {
		v := newVendor()
		v.login = func(w http.ResponseWriter) {
			var status int
			_, _ = fmt.Sscanf(answer, "%d", &status)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, answer[4:])
		}
		require.Equal(t, kind, kindOf(t, v.client(t).Call(t.Context(), ask, nil)), answer)
		require.Zero(t, v.calls)
	}
}

func TestAnErrorIsBelievedWhateverTheStatus(t *testing.T) {
	t.Parallel()
	answers := map[string]provision.FailureKind{
		`200 {"error":{"code":3004,"msg":"No such host","value":{}}}`: provision.Rejected,
		`200 {"error":"plain"}`:                          provision.Rejected,
		`400 {"error":{"code":3004,"msg":"no"}}`:         provision.Rejected,
		`500 {"error":{"code":3004,"msg":"no"}}`:         provision.Unavailable,
		`200 <html>`:                                     provision.Unavailable,
		`200 {"ok": "not a switch"}`:                     provision.Unavailable,
		`400 {"error":{"code":1,"msg":"no for s3cret"}}`: provision.Rejected,
	}
	for answer, kind := range answers {
		v := newVendor()
		v.answer = func(w http.ResponseWriter, _ *http.Request) {
			var status int
			_, _ = fmt.Sscanf(answer, "%d", &status)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, answer[4:])
		}
		var into struct{ OK bool }
		err := v.client(t).Call(t.Context(), ask, &into, "s3cret")
		require.Equal(t, kind, kindOf(t, err), answer)
		require.NotContains(t, err.Error(), "s3cret")
	}
	v := newVendor()
	v.answer = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok":true,"error":null}`) }
	var into struct{ OK bool }
	require.NoError(t, v.client(t).Call(t.Context(), ask, &into))
	require.True(t, into.OK)
	v.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }
	require.True(t, isp6.Missing(v.client(t).Call(t.Context(), ask, nil)))
}

func TestListsAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	rows := func(from, n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(`{"id":%d}`, from+i))
		}
		return `"list":[` + strings.Join(out, ",") + `]`
	}
	for name, c := range map[string]struct {
		page func(offset int) string
		want int
	}{
		"by size":        {func(o int) string { return fmt.Sprintf(`{%s,"size":1200}`, rows(o, min(500, 1200-o))) }, 1200},
		"without a size": {func(o int) string { return fmt.Sprintf(`{%s}`, rows(o, min(500, 700-o))) }, 700},
		"a full last one": {func(o int) string {
			return fmt.Sprintf(`{%s}`, rows(o, min(500, 1000-o)))
		}, 1000},
		"ignores paging": {func(int) string { return fmt.Sprintf(`{%s}`, rows(0, 900)) }, 900},
		"empty":          {func(int) string { return `{"list":[],"size":0}` }, 0},
	} {
		v := newVendor()
		v.answer = func(w http.ResponseWriter, r *http.Request) {
			var offset, count int
			_, _ = fmt.Sscanf(r.URL.Query().Get("limit"), "%d,%d", &offset, &count)
			_, _ = io.WriteString(w, c.page(offset))
		}
		got, err := isp6.List[struct{ ID int }](t.Context(), v.client(t), "/x", "")
		require.NoError(t, err, name)
		require.Len(t, got, c.want, name)
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()
	got := isp6.All(
		isp6.IsNull("owner_email"), isp6.Eq("is_new", false), isp6.Eq("location_id", 3), isp6.Eq("name", "a&b +100%"),
		isp6.Like("name", "%x%"), isp6.Eq("email", `o'neil\x`), "",
	)
	require.Equal(t, isp6.Cond(`(owner_email IS null) AND (is_new EQ false) AND (location_id EQ 3) AND (name EQ 'a&b +100%')`+
		` AND (name CP '%x%') AND (email CP 'o%neil%x')`), got)
	v := newVendor()
	var seen, raw string
	v.answer = func(w http.ResponseWriter, r *http.Request) {
		seen, raw = r.URL.Query().Get("where"), r.URL.RawQuery
		_, _ = io.WriteString(w, `{"list":[],"size":0}`)
	}
	_, err := isp6.List[struct{}](t.Context(), v.client(t), "/x", got+"ü")
	require.NoError(t, err)
	require.Equal(t, string(got)+"ü", seen)
	require.Contains(t, raw, "(name+EQ+'a%26b+%2B100%25')", "brackets and quotes are left as they are")
}

func TestExclusiveLetsACancelledCallerGo(t *testing.T) {
	t.Parallel()
	c := newVendor().client(t)
	leave, err := c.Exclusive(t.Context(), "server 1")
	require.NoError(t, err)
	other, err := c.Exclusive(t.Context(), "server 2")
	require.NoError(t, err)
	other()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Exclusive(ctx, "server 1")
	require.ErrorIs(t, err, context.Canceled)
	leave()
	leave, err = c.Exclusive(t.Context(), "server 1")
	require.NoError(t, err)
	leave()
}
