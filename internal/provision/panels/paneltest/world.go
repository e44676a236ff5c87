// Package paneltest stands tests before the simulated panels, over HTTP.
//
// It owns a set of panels behind a test server, in two views. World calls them as a vendor's client does, signed in, for the
// tests of the panels themselves. Console steers them by their control API (the clock, faults, held calls, counts) for the tests
// of drivers; with provisiontest's Engine in it, it is what a driver's world embeds. The package does not own what a panel must
// answer, nor what a panel sells and how its objects look there: that stands in the tests. Only tests import it.
//
// Invariants: the panels' clock is frozen where NewWorld or a Console leaves it; whatever a test opens is closed with the test; an
// answer of a World is read with its numbers as they were written.
package paneltest

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

// What most tests send to the panels of the sixth generation.
const (
	Login    = "/auth/v4/public/token"
	GoodUser = `{"email":"admin@example.com","password":"secret"}`
	Install  = `{"os_template":1,"password":"pw"}`
)

// Delay is how long an installation takes in most tests.
const Delay = 10 * time.Minute

// Object is one object of an answer.
type Object = map[string]any

// World is one set of panels behind a test server, with a signed-in client.
type World struct {
	T      *testing.T
	Panels *panels.Panels
	Server *httptest.Server
	Client *http.Client
	Token  string
	Panel  string // whose calls try makes; empty: DCImanager 6
	closed bool
}

// NewWorld starts panels at 2026-03-01 00:00, frozen, and signs in.
func NewWorld(t *testing.T, o panels.Options) *World {
	t.Helper()
	w := OpenWorld(t, o)
	w.Clock("2026-03-01T00:00:00Z")
	w.SignIn()
	return w
}

// OpenWorld starts panels on the wall clock, and does not sign in.
func OpenWorld(t *testing.T, o panels.Options) *World {
	t.Helper()
	p, err := panels.New(o)
	require.NoError(t, err)
	w := &World{T: t, Panels: p, Server: httptest.NewServer(p.Handler()), Client: &http.Client{Timeout: 10 * time.Second}}
	t.Cleanup(w.Close)
	return w
}

// Close stops the panels as a process does that ends; it may be repeated.
func (w *World) Close() {
	if w.closed {
		return
	}
	w.closed = true
	w.Panels.Release()
	w.Server.Close()
	require.NoError(w.T, w.Panels.Close())
	w.Client.CloseIdleConnections()
}

// SignIn gives the client a new token of a panel of the sixth generation.
func (w *World) SignIn() {
	w.T.Helper()
	w.Token = ""
	w.Token = w.OK(http.StatusCreated, "POST", Login, GoodUser)["token"].(string)
}

// Try sends one vendor call; a lost answer is the error.
func (w *World) Try(method, path, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(w.T.Context(), method, w.Server.URL+"/"+cmp.Or(w.Panel, "dcimanager6")+path, bytes.NewBufferString(body))
	require.NoError(w.T, err)
	if w.Token != "" {
		req.Header.Set("X-Xsrf-Token", w.Token)
	}
	return w.Send(req)
}

// Send sends one call; a lost answer is the error.
func (w *World) Send(req *http.Request) (int, string, error) {
	resp, err := w.Client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data), err
}

// OK sends one vendor call and expects the status and a JSON object.
func (w *World) OK(status int, method, path, body string) Object {
	w.T.Helper()
	got, text, err := w.Try(method, path, body)
	require.NoError(w.T, err)
	require.Equal(w.T, status, got, "%s %s: %s", method, path, text)
	return Decode(w.T, text)
}

// Code sends one vendor call and returns the error number in its answer.
func (w *World) Code(status int, method, path, body string) int {
	w.T.Helper()
	e, ok := w.OK(status, method, path, body)["error"].(Object)
	require.True(w.T, ok)
	require.NotEmpty(w.T, e["msg"])
	return Num(e["code"])
}

// List reads a list, all of it or what fits where.
func (w *World) List(path, where string) []any {
	w.T.Helper()
	if where != "" {
		path += "?where=" + url.QueryEscape(where)
	}
	return w.OK(http.StatusOK, "GET", path, "")["list"].([]any)
}

// Machine is the row of one server of DCImanager 6.
func (w *World) Machine(id int) Object {
	w.T.Helper()
	return w.OK(http.StatusOK, "GET", fmt.Sprintf("/dci/v3/server/%d", id), "")
}

// Control sends one call of the control API and expects the status.
func (w *World) Control(status int, method, path, body string) Object {
	w.T.Helper()
	req, err := http.NewRequestWithContext(w.T.Context(), method, w.Server.URL+"/control/"+path, bytes.NewBufferString(body))
	require.NoError(w.T, err)
	got, text, err := w.Send(req)
	require.NoError(w.T, err)
	require.Equal(w.T, status, got, "%s %s: %s", method, path, text)
	return Decode(w.T, text)
}

// Clock freezes the panels at an instant.
func (w *World) Clock(at string) {
	w.T.Helper()
	w.Control(http.StatusOK, "PUT", "clock", `{"now":"`+at+`","mode":"frozen"}`)
}

// Fault adds a fault to DCImanager 6.
func (w *World) Fault(body string) {
	w.T.Helper()
	w.Control(http.StatusCreated, "POST", "dcimanager6/faults", body)
}

// AddUser makes a client in DCImanager 6.
func (w *World) AddUser(email string) int {
	w.T.Helper()
	return Num(w.OK(http.StatusOK, "POST", "/dci/v3/user", `{"email":"`+email+`","password":"x","role":"@user"}`)["id"])
}

// Decode reads an object with its numbers as they were written.
func Decode(t *testing.T, text string) Object {
	t.Helper()
	var out Object
	dec := json.NewDecoder(bytes.NewBufferString(text))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&out), text)
	return out
}

// Num is a whole number of an answer.
func Num(v any) int {
	n, err := v.(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	return int(n)
}

// At digs into nested objects and lists.
func At(v any, keys ...any) any {
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			v = v.(Object)[k]
		case int:
			v = v.([]any)[k]
		}
	}
	return v
}

// IDs are the ids of a list's rows.
func IDs(list []any) []int {
	out := []int{}
	for _, row := range list {
		out = append(out, Num(At(row, "id")))
	}
	return out
}

// JSON is a number as answers have it.
func JSON(n int) json.Number { return json.Number(fmt.Sprint(n)) }
