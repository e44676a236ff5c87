package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/secret"
)

// rig is a whole edge on a database of its own, with clocks that stand still.
type rig struct {
	t        testing.TB
	db       *postgres.DB
	server   *Server
	handler  *Handler
	http     *httptest.Server
	business *clock.Fake
	wall     *clock.Fake
	admin    caller
	log      *bytes.Buffer
}

const adminKey = "tfd_admin_0123456789abcdefghijklmnop"

// newRig starts an edge. parts add or replace what the handlers under test need.
func newRig(t testing.TB, parts ...func(*rig)) *rig {
	t.Helper()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	r := &rig{t: t, business: clock.NewFake(start), wall: clock.NewFake(start), log: &bytes.Buffer{}}
	r.db = postgres.New(pgtest.New(t), postgres.Options{Prepare: true, Clock: r.business, Wall: r.wall, Box: testBox()})
	reader := r.db.Reader()
	r.server = &Server{
		Log: slog.New(slog.NewJSONHandler(&lockedWriter{to: r.log}, nil)), Wall: r.wall, Keys: reader, Sandbox: true,
		Clients: &client.Engine{InTx: narrow[client.Tx](r.db), Zone: time.UTC, Wall: r.wall}, ClientReader: reader,
		Departments: &department.Engine{InTx: narrow[department.Tx](r.db)}, DeptReader: reader,
		DataCenters:   &datacenter.Engine{InTx: narrow[datacenter.Tx](r.db), ExternalID: func(string) string { return "optional" }},
		DataCtrReader: reader, Feed: feed{r.db, reader},
	}
	for _, part := range parts {
		part(r)
	}
	_, err := r.server.Clients.EnsureAdminKey(context.Background(), adminKey)
	require.NoError(t, err)
	r.handler, err = New(r.server)
	require.NoError(t, err)
	r.http = httptest.NewServer(r.handler)
	t.Cleanup(r.http.Close)
	r.admin = r.as(adminKey)
	return r
}

// testBox seals secrets with a key of its own.
func testBox() *secret.Box {
	box, err := secret.NewBox(secret.GenerateIdentity())
	if err != nil {
		panic(err)
	}
	return box
}

// narrow gives an engine the transactions it asks for.
func narrow[T any](db *postgres.DB) func(context.Context, func(T) error) error {
	return func(ctx context.Context, fn func(T) error) error {
		return db.InTx(ctx, func(tx *postgres.Tx) error { return fn(any(tx).(T)) })
	}
}

type feed struct {
	*postgres.DB
	*postgres.Reader
}

var _ Feed = feed{}

type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(b)
}

// caller sends requests with one key.
type caller struct {
	rig *rig
	key string
}

func (r *rig) as(key string) caller { return caller{r, key} }

// reply is an answer that was already held to the contract.
type reply struct {
	t testing.TB
	*http.Response
	raw  []byte
	json map[string]any
}

func (c caller) get(path string, headers ...string) *reply { return c.do("GET", path, nil, headers...) }

func (c caller) post(path string, body any, headers ...string) *reply {
	return c.do("POST", path, body, headers...)
}

func (c caller) patch(path string, body any, headers ...string) *reply {
	return c.do("PATCH", path, body, append([]string{"Content-Type", "application/merge-patch+json"}, headers...)...)
}

func (c caller) put(path string, body any, headers ...string) *reply {
	return c.do("PUT", path, body, headers...)
}

func (c caller) delete(path string, headers ...string) *reply {
	return c.do("DELETE", path, nil, headers...)
}

// obj is a JSON object in tests.
type obj = map[string]any

// do sends one request: a body of text goes as it is, anything else as JSON. headers are names and values in turn.
func (c caller) do(method, path string, body any, headers ...string) *reply {
	t := c.rig.t
	t.Helper()
	var payload io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		payload = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		require.NoError(t, err)
		payload = bytes.NewReader(raw)
	}
	r, err := http.NewRequest(method, c.rig.http.URL+path, payload)
	require.NoError(t, err)
	if payload != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer res.Body.Close()
	out := &reply{t: t, Response: res}
	out.raw, err = io.ReadAll(res.Body)
	require.NoError(t, err)
	if strings.Contains(res.Header.Get("Content-Type"), "json") && method != "HEAD" {
		require.NoError(t, json.Unmarshal(out.raw, &out.json), "%s %s: %s", method, path, out.raw)
	}
	out.meetsContract(r)
	return out
}

// contract is the document and a router over it, for holding answers to it independently of the edge's own code.
var contract = sync.OnceValues(func() (routers.Router, *openapi3.T) {
	doc, err := api.GetSwagger()
	if err != nil {
		panic(err)
	}
	doc.Servers = nil
	for _, media := range []string{"text/html", "text/csv", "image/svg+xml"} {
		openapi3filter.RegisterBodyDecoder(media, openapi3filter.PlainBodyDecoder)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	return router, doc
})

// meetsContract: every answer has a request id, an announced status and the announced shape; every problem has a code
// that the contract lists.
func (r *reply) meetsContract(req *http.Request) {
	r.t.Helper()
	router, doc := contract()
	require.NotEmpty(r.t, r.Header.Get("X-Request-Id"))
	if r.StatusCode >= 400 {
		require.Equal(r.t, "application/problem+json", r.Header.Get("Content-Type"), "%s %s: %s", req.Method, req.URL, r.raw)
		if req.Method != "HEAD" {
			require.NoError(r.t, doc.Components.Schemas["Problem"].Value.VisitJSON(r.json), "%s %s: %s", req.Method, req.URL, r.raw)
		}
	}
	route, params, err := router.FindRoute(req)
	if err != nil || req.Method == "HEAD" {
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 r.StatusCode, Header: r.Header, Body: io.NopCloser(bytes.NewReader(r.raw)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if r.StatusCode != http.StatusNotModified && r.StatusCode != http.StatusNoContent {
		require.NoError(r.t, openapi3filter.ValidateResponse(context.Background(), input), "%s %s: %s", req.Method, req.URL, r.raw)
	}
}

// is asserts the status.
func (r *reply) is(status int) *reply {
	r.t.Helper()
	require.Equal(r.t, status, r.StatusCode, "%s", r.raw)
	return r
}

// fails asserts a status and the code of its problem.
func (r *reply) fails(status int, code string) *reply {
	r.t.Helper()
	r.is(status)
	require.Equal(r.t, code, r.json["code"], "%s", r.raw)
	return r
}

// at asserts the places that a problem names: "/email required", in order.
func (r *reply) at(places ...string) *reply {
	r.t.Helper()
	got := []string{}
	for _, e := range r.json["errors"].([]any) {
		m := e.(obj)
		where, ok := m["pointer"].(string)
		if !ok {
			where = m["parameter"].(string)
		}
		got = append(got, where+" "+m["code"].(string))
	}
	require.Equal(r.t, places, got, "%s", r.raw)
	return r
}

// text returns a member that is a text.
func (r *reply) text(name string) string {
	r.t.Helper()
	s, ok := r.json[name].(string)
	require.True(r.t, ok, "%s in %s", name, r.raw)
	return s
}

// data returns the entries of a list.
func (r *reply) data() []obj {
	r.t.Helper()
	out := []obj{}
	for _, e := range r.json["data"].([]any) {
		out = append(out, e.(obj))
	}
	return out
}

// defaultProvider is the id of the provider that the first migration makes.
func (r *rig) defaultProvider() string {
	r.t.Helper()
	return r.admin.get("/v1/providers").is(200).data()[0]["id"].(string)
}

// aProvider makes a further one.
func (r *rig) aProvider(name string) string {
	r.t.Helper()
	return r.admin.post("/v1/providers", obj{"name": name}).is(201).text("id")
}

// aClient makes a client of a provider.
func (r *rig) aClient(provider, email string) string {
	r.t.Helper()
	return r.admin.post("/v1/clients", obj{"provider_id": provider, "email": email}).is(201).text("id")
}

// storefront makes a key of a provider.
func (r *rig) storefront(provider string, scopes ...string) caller {
	r.t.Helper()
	if scopes == nil {
		scopes = []string{}
	}
	body := obj{"name": "shop", "role": "storefront", "provider_id": provider, "scopes": scopes}
	return r.as(r.admin.post("/v1/api-keys", body).is(201).text("key"))
}

// clientKey makes a key of a client.
func (r *rig) clientKey(id string) caller {
	r.t.Helper()
	return r.as(r.admin.post("/v1/api-keys", obj{"name": "own", "role": "client", "client_id": id}).is(201).text("key"))
}

// count runs a query that counts.
func (r *rig) count(query string, args ...any) (n int) {
	r.t.Helper()
	require.NoError(r.t, r.db.Pool().Get(&n, query, args...))
	return n
}

// raw sends a request and returns its status alone; unlike do it may be used in other goroutines. 0: it failed.
func (r *rig) raw(method, path string, body any, onceKey string) int {
	payload, err := json.Marshal(body)
	if err != nil {
		return 0
	}
	req, err := http.NewRequest(method, r.http.URL+path, bytes.NewReader(payload))
	if err != nil {
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+adminKey)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", onceKey)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// escaped is a text as part of a query.
func escaped(s string) string { return url.QueryEscape(s) }
