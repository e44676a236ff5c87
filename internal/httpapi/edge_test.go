package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
)

func TestEveryFailureIsAProblem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.admin.get("/nowhere").fails(404, "not_found")
	r.admin.get("/v1/clients/").fails(404, "not_found")
	wrong := r.admin.do("PUT", "/v1/clients", obj{}).fails(405, "method_not_allowed")
	require.Equal(t, "GET, HEAD, OPTIONS, POST", sorted(wrong.Header.Get("Allow")))
	r.as("").get("/v1/clients").fails(401, "unauthorized")

	huge := `{"email":"` + strings.Repeat("a", maxBody) + `"}`
	r.admin.post("/v1/clients", huge).fails(413, "payload_too_large")
	r.admin.post("/v1/clients", `{"email":"a@b.example"}`, "Content-Type", "text/plain").fails(415, "unsupported_media_type")
	r.admin.post("/v1/clients", `{}`, "Content-Encoding", "gzip").fails(415, "unsupported_media_type")
	r.admin.patch("/v1/clients/01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15", obj{}, "Content-Type", "application/xml").fails(415, "unsupported_media_type")

	for _, body := range []string{"", " ", "null", "{", `{"email":"a@b.example"} x`, `{} {}`, `{"a":}`, "\xff"} {
		r.admin.post("/v1/clients", body).fails(400, "bad_json")
	}
	r.admin.post("/v1/clients", `[]`).fails(422, "wrong_type").at(" wrong_type")
	r.admin.post("/v1/clients", `{"EMAIL":"a@b.example"}`).fails(422, "validation_failed").at("/EMAIL unknown_field", "/email required")
	r.admin.post("/v1/departments", `{"name":"a\u0000b"}`).fails(422, "bad_value").at("/name bad_value")
	r.admin.get("/v1/clients?limit=0&emial=x&order=up").fails(422, "validation_failed").
		at("emial unknown_parameter", "limit out_of_range", "order unknown_value")
	r.admin.get("/v1/clients?limit=1.5").fails(422, "wrong_type").at("limit wrong_type")
	r.admin.get("/v1/clients?limit=1&limit=2").fails(422, "too_many")
	r.admin.get("/v1/events?from=yesterday").fails(422, "bad_format").at("from bad_format")
}

// What stands escaped in an address is unescaped once, and what no object can be called is missing.
func TestEscapedPaths(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for code, path := range map[string]string{"%": "%25", "a%2Fb": "a%252Fb", "a/b": "a%2Fb"} {
		s.admin.post("/v1/units", obj{"code": code, "name": "Escaped"}).is(201)
		require.Equal(t, code, s.admin.get("/v1/units/"+path).is(200).text("code"))
	}
	s.admin.get("/v1/units/%00").fails(404, "not_found")
}

func sorted(header string) string {
	parts := strings.Split(header, ", ")
	for i := range parts {
		for j := i + 1; j < len(parts); j++ {
			if parts[j] < parts[i] {
				parts[i], parts[j] = parts[j], parts[i]
			}
		}
	}
	return strings.Join(parts, ", ")
}

func TestPanicsAndInternalErrorsShowNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(r *rig) { r.server.DeptReader = nil })
	reply := r.admin.get("/v1/departments", "X-Request-Id", "find.me-1").fails(500, "internal")
	require.Equal(t, "find.me-1", reply.text("request_id"))
	require.NotContains(t, string(reply.raw), "nil pointer")
	line := logLine(t, r, "find.me-1")
	require.Contains(t, line, "nil pointer")
	require.Contains(t, line, `"level":"ERROR"`)
	r.admin.get("/v1/departments").is(500) // the process lives on
}

func logLine(t *testing.T, r *rig, id string) string {
	t.Helper()
	for s := bufio.NewScanner(strings.NewReader(r.log.String())); s.Scan(); {
		if strings.Contains(s.Text(), `"request_id":"`+id+`"`) {
			return s.Text()
		}
	}
	require.Fail(t, "no line of "+id)
	return ""
}

func TestRequestIDIsEchoedOrMade(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.Equal(t, "a.B_c-9", r.admin.get("/v1/me", "X-Request-Id", "a.B_c-9").Header.Get("X-Request-Id"))
	for _, bad := range []string{"", "with space", strings.Repeat("x", 65), "ünicode"} {
		made := r.admin.get("/v1/me", "X-Request-Id", bad).Header.Get("X-Request-Id")
		require.NotEqual(t, bad, made)
		require.True(t, isRequestID(made))
	}
	r.admin.get("/v1/me", "X-Request-Id", "traced", "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").is(200)
	require.Contains(t, logLine(t, r, "traced"), `"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"`)
}

func TestLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	made := r.admin.post("/v1/api-keys", obj{"name": "x", "role": "admin"}, "Idempotency-Key", "k").is(201)
	r.as(made.text("key")).get("/v1/clients?email=secret%40x.example").is(200)
	for _, secret := range []string{adminKey, made.text("key"), "secret"} {
		require.NotContains(t, r.log.String(), secret)
	}
	require.Zero(t, r.count(`SELECT count(*) FROM idempotency_key WHERE strpos(encode(body, 'escape'), $1) > 0`, made.text("key")))
	require.Zero(t, r.count(`SELECT count(*) FROM audit WHERE strpos(detail::text, $1) > 0`, made.text("key")))
}

func TestHeadAnswersLikeGetWithoutBody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	get, head := r.admin.get("/v1/me").is(200), r.admin.do("HEAD", "/v1/me", nil).is(200)
	require.Empty(t, head.raw)
	require.Equal(t, get.Header.Get("Content-Length"), head.Header.Get("Content-Length"))
}

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(r *rig) { r.server.Origins = []string{"https://shop.example"} })
	ok := r.admin.get("/v1/me", "Origin", "https://shop.example").is(200)
	require.Equal(t, "https://shop.example", ok.Header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, ok.Header.Get("Access-Control-Expose-Headers"), "Idempotent-Replayed")
	require.Equal(t, "Origin", ok.Header.Get("Vary"))
	require.Empty(t, r.admin.get("/v1/me", "Origin", "https://evil.example").Header.Get("Access-Control-Allow-Origin"))
	pre := r.as("").do("OPTIONS", "/v1/clients", nil, "Origin", "https://shop.example", "Access-Control-Request-Method", "POST").is(204)
	require.Contains(t, pre.Header.Get("Access-Control-Allow-Headers"), "Idempotency-Key")
	require.Contains(t, pre.Header.Get("Access-Control-Allow-Methods"), "PATCH")
	require.NotEmpty(t, pre.Header.Get("Access-Control-Max-Age"))
	require.Empty(t, newRig(t).admin.get("/v1/me", "Origin", "https://shop.example").Header.Get("Vary"))
}

func TestAddressBehindTrustedProxies(t *testing.T) {
	t.Parallel()
	e := &edge{Server: &Server{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.9:1", "198.51.100.1", "203.0.113.9"},
		{"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1", "1.2.3.4, 198.51.100.1, 10.9.9.9", "198.51.100.1"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"10.0.0.1:1", "garbage, 10.0.0.2", "10.0.0.2"},
		{"[::ffff:10.0.0.1]:1", "2001:db8::1", "2001:db8::1"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		require.Equal(t, c.want, e.addressOf(r).String(), c)
	}
}

// A panel's own words go to administrators only, and what a fault refers to is shown to everybody.
func TestStaffTextIsForStaff(t *testing.T) {
	t.Parallel()
	refused := fault.New(fault.Invalid, "connection_failed", "The panel refused.").WithStaff("wrong password for root")
	refused.Refs = map[string]string{"module_id": "m1", "code": "never overwritten"}
	r := newRig(t, func(r *rig) { r.server.DataCtrReader = failing{r.server.DataCtrReader, refused} })
	admin := r.admin.get("/v1/data-centers").fails(422, "connection_failed")
	require.Equal(t, "wrong password for root", admin.text("panel_message"))
	require.Equal(t, "m1", admin.text("module_id"))
	shop := r.storefront(r.defaultProvider()).get("/v1/data-centers").fails(422, "connection_failed")
	require.NotContains(t, string(shop.raw), "root")
}

func TestLostDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, dead.Close())
	_, err = net.Dial("tcp", dead.Addr().String())
	lost := newRig(t, func(r *rig) { r.server.DataCtrReader = failing{r.server.DataCtrReader, fmt.Errorf("dial: %w", err)} })
	reply := lost.admin.get("/v1/data-centers").fails(503, "unavailable")
	require.Equal(t, "1", reply.Header.Get("Retry-After"))
}

// failing is a reader that always fails.
type failing struct {
	DataCenterReader
	err error
}

func (f failing) DataCenters(context.Context, actor.Scope, actor.Page) ([]datacenter.DataCenter, error) {
	return nil, f.err
}
