package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEdge sends every operation of the contract what it has to refuse. The cases are made from the contract, so that a new
// operation is tested by being written down.
func TestEdge(t *testing.T) { //nolint:tparallel // the operations share an installation and its callers
	t.Parallel()
	e := newEdge(t)
	for _, op := range operations() {
		t.Run(op.OperationID, func(t *testing.T) {
			e.in(t)
			before := e.sent
			e.refusesStrangers(op)
			e.refusesOtherRoles(op)
			e.knowsNothingElse(op)
			e.refusesBrokenBodies(op)
			e.refusesBrokenFields(op)
			e.refusesBrokenLists(op)
			e.refusesOtherMethods(op)
			require.Greater(t, e.sent, before, "the operation has no case")
		})
	}
	e.in(t)
}

// edge is an installation and one key of each role.
type edge struct {
	*world

	keys map[string]*caller
	sent int
}

func newEdge(t *testing.T) *edge {
	t.Helper()
	l := &life{world: newWorld(t)}
	l.provider = l.admin.get("/v1/providers").is(http.StatusOK).text("data.0.id")
	l.shop = l.keyFor(map[string]any{"name": "shop", "role": "storefront", "provider_id": l.provider})
	_, buyer := l.register("buyer@shop.example")
	return &edge{world: l.world, keys: map[string]*caller{"admin": l.admin, "storefront": l.shop, "client": buyer}}
}

func (e *edge) in(t *testing.T) {
	e.t, e.panels.t = t, t
	for _, c := range e.keys {
		c.t = t
	}
}

// send asks as a role; empty is nobody.
func (e *edge) send(role string, op spoken, body any) answer {
	e.t.Helper()
	return e.sendTo(role, op.method, op.address(), body, nil)
}

func (e *edge) sendTo(role, method, path string, body any, header http.Header) answer {
	e.t.Helper()
	e.sent++
	c := e.keys[role]
	if c == nil {
		c = &caller{t: e.t, url: e.url}
	}
	return c.must(method, path, body, header)
}

// refusesStrangers: without a key, or with one that does not exist, nothing is told.
func (e *edge) refusesStrangers(op spoken) {
	if len(op.roles()) == 0 {
		require.NotNil(e.t, op.Security, "an operation for nobody in particular says so")
		a := e.send("", op, e.valid(op))
		require.NotContains(e.t, []int{http.StatusUnauthorized, http.StatusForbidden}, a.status, a.asked)
		require.Less(e.t, a.status, http.StatusInternalServerError, a.asked)
		return
	}
	a := e.send("", op, nil).refused(http.StatusUnauthorized, "unauthorized")
	require.Equal(e.t, "Bearer", a.header.Get("WWW-Authenticate"))
	a = e.sendTo("", op.method, op.address(), nil, http.Header{"Authorization": {"Bearer tfd_" + random(20)}})
	a.refused(http.StatusUnauthorized, "unauthorized")
	require.Contains(e.t, a.header.Get("WWW-Authenticate"), "invalid_token")
}

// refusesOtherRoles: a role that may not is refused before anything is looked at.
func (e *edge) refusesOtherRoles(op spoken) {
	if len(op.roles()) == 0 {
		return
	}
	require.Contains(e.t, op.roles(), "admin", "an administrator may everything")
	for _, role := range []string{"storefront", "client"} {
		if !slices.Contains(op.roles(), role) || (role == "storefront" && op.extension("x-scope") != "") {
			e.send(role, op, e.valid(op)).refused(http.StatusForbidden, "insufficient_scope")
		}
	}
}

// valid is a body that an operation accepts by its form.
func (e *edge) valid(op spoken) any {
	s := op.body()
	if s == nil {
		if op.takesPicture() {
			return aPicture()
		}
		return nil
	}
	body := sample(s, false)
	require.NoError(e.t, s.VisitJSON(body), "the sample is no sample")
	return body
}

// knowsNothingElse: what does not exist is 404 in one form, whatever is asked of it.
func (e *edge) knowsNothingElse(op spoken) {
	if !strings.Contains(op.path, "{") {
		return
	}
	for _, role := range op.roles() {
		e.send(role, op, e.valid(op)).refused(http.StatusNotFound, "not_found")
	}
	shapeless := strings.NewReplacer(unknown, "no-id").Replace(op.address())
	e.sendTo("admin", op.method, shapeless, e.valid(op), nil).refused(http.StatusNotFound, "not_found")
}

// refusesBrokenBodies: a body that cannot be read as one JSON object.
func (e *edge) refusesBrokenBodies(op spoken) {
	if op.body() == nil {
		return
	}
	for _, broken := range []string{`{"a":`, `nonsense`, `null`, `{} {}`, `{}]`, "{\"a\": \"\xff\"", `{"a": 01}`} {
		e.send("admin", op, []byte(broken)).refused(http.StatusBadRequest, "bad_json")
	}
	if op.RequestBody.Value.Required {
		e.send("admin", op, []byte("")).refused(http.StatusBadRequest, "bad_json")
		e.send("admin", op, []byte(" \n")).refused(http.StatusBadRequest, "bad_json")
	}
	for _, other := range []string{`[]`, `"text"`, `7`, `true`} {
		e.send("admin", op, []byte(other)).refused(http.StatusUnprocessableEntity, "wrong_type", " wrong_type")
	}
	plain := http.Header{"Content-Type": {"text/plain"}}
	e.sendTo("admin", op.method, op.address(), []byte(`{}`), plain).refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	if op.extension("x-idempotency") == "required" {
		e.sendTo("admin", op.method, op.address(), e.valid(op), http.Header{"Idempotency-Key": nil}).
			refused(http.StatusBadRequest, "idempotency_key_required")
	}
	large := []byte(`{"a": "` + strings.Repeat("x", 1<<20) + `"}`)
	if op.Extensions["x-streaming"] == nil {
		e.sendTo("admin", op.method, op.address(), large, nil).refused(http.StatusRequestEntityTooLarge, "payload_too_large")
	}
}

// refusesBrokenFields: members that are unknown, missing or of another type are named, each by its place.
func (e *edge) refusesBrokenFields(op spoken) {
	s := op.body()
	if s == nil {
		return
	}
	const invalid = http.StatusUnprocessableEntity
	smallest, whole := sample(s, false), sample(s, true)
	stranger := replaced(smallest.(map[string]any), "no_such_member", 1)
	e.send("admin", op, stranger).refused(invalid, "unknown_field", "/no_such_member unknown_field")
	for _, p := range places(s, smallest) {
		if p.without != nil {
			e.send("admin", op, p.without).refused(invalid, "required", p.pointer+" required")
		}
	}
	for _, p := range places(s, whole) {
		if value, ok := wrong(p.schema); ok {
			e.send("admin", op, p.with(value)).refused(invalid, "wrong_type", p.pointer+" wrong_type")
		}
		if !p.schema.PermitsNull() && len(p.schema.OneOf) == 0 {
			e.send("admin", op, p.with(nil)).refused(invalid, "wrong_type", p.pointer+" wrong_type")
		}
	}
}

// refusesBrokenLists: every list reads its parameters alike.
func (e *edge) refusesBrokenLists(op spoken) {
	const invalid = http.StatusUnprocessableEntity
	ask := func(query string) answer {
		return e.sendTo("admin", op.method, op.address()+query+op.requiredParameters(), nil, nil)
	}
	if op.method == http.MethodGet && len(op.roles()) > 0 {
		ask("?no_such=1").refused(invalid, "unknown_parameter", "no_such unknown_parameter")
	}
	if !op.takes("cursor") {
		return
	}
	ask("?limit=0").refused(invalid, "out_of_range", "limit out_of_range")
	ask("?limit=201").refused(invalid, "out_of_range", "limit out_of_range")
	ask("?limit=many").refused(invalid, "wrong_type", "limit wrong_type")
	ask("?order=up").refused(invalid, "unknown_value", "order unknown_value")
	ask("?limit=0&order=up").refused(invalid, "validation_failed", "limit out_of_range", "order unknown_value")
	if strings.Contains(op.path, "{") {
		return // there is nothing to list
	}
	ask("?cursor=nonsense").refused(http.StatusBadRequest, "bad_cursor")
	for _, role := range op.roles() {
		a := e.sendTo(role, op.method, op.address()+"?limit=1&order=desc", nil, nil).is(http.StatusOK)
		require.LessOrEqual(e.t, len(a.list("data")), 1)
	}
}

// refusesOtherMethods: an address says which methods it takes.
func (e *edge) refusesOtherMethods(op spoken) {
	a := e.sendTo("admin", http.MethodTrace, op.address(), nil, nil).refused(http.StatusMethodNotAllowed, "method_not_allowed")
	require.Contains(e.t, a.header.Get("Allow"), op.method)
}

// TestUnknownAddress is refused like everything else.
func TestUnknownAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v1/no-such-thing", "/v1", "/v2/clients", "/", "/v1/clients/"} {
		w.admin.get(path).refused(http.StatusNotFound, "not_found")
	}
}
