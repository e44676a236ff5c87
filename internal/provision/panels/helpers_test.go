package panels_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/panels"
)

const (
	login    = "/auth/v4/public/token"
	goodUser = `{"email":"admin@example.com","password":"secret"}`
	install  = `{"os_template":1,"password":"pw"}`
)

type object = map[string]any

// world is one set of panels behind a test server, with a signed-in client.
type world struct {
	t      *testing.T
	p      *panels.Panels
	srv    *httptest.Server
	client *http.Client
	token  string
	panel  string // whose calls try makes; empty: DCImanager 6
	closed bool
}

// newWorld starts panels at 2026-03-01 00:00, frozen, and signs in.
func newWorld(t *testing.T, o panels.Options) *world {
	t.Helper()
	w := openWorld(t, o)
	w.clock("2026-03-01T00:00:00Z")
	w.signIn()
	return w
}

func openWorld(t *testing.T, o panels.Options) *world {
	t.Helper()
	p, err := panels.New(o)
	require.NoError(t, err)
	w := &world{t: t, p: p, srv: httptest.NewServer(p.Handler()), client: &http.Client{Timeout: 10 * time.Second}}
	t.Cleanup(w.close)
	return w
}

func (w *world) close() {
	if w.closed {
		return
	}
	w.closed = true
	require.NoError(w.t, w.p.Close())
	w.srv.Close()
	w.client.CloseIdleConnections()
}

func (w *world) signIn() {
	w.t.Helper()
	w.token = ""
	w.token = w.ok(http.StatusCreated, "POST", login, goodUser)["token"].(string)
}

// try sends one vendor call; a lost answer is the error.
func (w *world) try(method, path, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.srv.URL+"/"+cmp.Or(w.panel, "dcimanager6")+path, bytes.NewBufferString(body))
	require.NoError(w.t, err)
	if w.token != "" {
		req.Header.Set("X-Xsrf-Token", w.token)
	}
	return w.send(req)
}

func (w *world) send(req *http.Request) (int, string, error) {
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data), err
}

// ok sends one vendor call and expects the status and a JSON object.
func (w *world) ok(status int, method, path, body string) object {
	w.t.Helper()
	got, text, err := w.try(method, path, body)
	require.NoError(w.t, err)
	require.Equal(w.t, status, got, "%s %s: %s", method, path, text)
	return decode(w.t, text)
}

// code sends one vendor call and returns the error number in its answer.
func (w *world) code(status int, method, path, body string) int {
	w.t.Helper()
	e, ok := w.ok(status, method, path, body)["error"].(object)
	require.True(w.t, ok)
	require.NotEmpty(w.t, e["msg"])
	return num(e["code"])
}

func (w *world) list(path, where string) []any {
	w.t.Helper()
	if where != "" {
		path += "?where=" + url.QueryEscape(where)
	}
	return w.ok(http.StatusOK, "GET", path, "")["list"].([]any)
}

func (w *world) server(id int) object {
	w.t.Helper()
	return w.ok(http.StatusOK, "GET", fmt.Sprintf("/dci/v3/server/%d", id), "")
}

func (w *world) control(status int, method, path, body string) object {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.srv.URL+"/control/"+path, bytes.NewBufferString(body))
	require.NoError(w.t, err)
	got, text, err := w.send(req)
	require.NoError(w.t, err)
	require.Equal(w.t, status, got, "%s %s: %s", method, path, text)
	return decode(w.t, text)
}

// clock freezes the panels at an instant.
func (w *world) clock(at string) {
	w.t.Helper()
	w.control(http.StatusOK, "PUT", "clock", `{"now":"`+at+`","mode":"frozen"}`)
}

func (w *world) fault(body string) {
	w.t.Helper()
	w.control(http.StatusCreated, "POST", "dcimanager6/faults", body)
}

func (w *world) addUser(email string) int {
	w.t.Helper()
	return num(w.ok(http.StatusOK, "POST", "/dci/v3/user", `{"email":"`+email+`","password":"x","role":"@user"}`)["id"])
}

func decode(t *testing.T, text string) object {
	t.Helper()
	var out object
	dec := json.NewDecoder(bytes.NewBufferString(text))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&out), text)
	return out
}

func num(v any) int {
	n, err := v.(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	return int(n)
}

// at digs into nested objects and lists.
func at(v any, keys ...any) any {
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			v = v.(object)[k]
		case int:
			v = v.([]any)[k]
		}
	}
	return v
}

func ids(list []any) []int {
	out := []int{}
	for _, row := range list {
		out = append(out, num(at(row, "id")))
	}
	return out
}

func js(n int) json.Number { return json.Number(fmt.Sprint(n)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
