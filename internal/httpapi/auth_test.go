package httpapi

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every operation of the contract says who may call it, and everybody else is refused: 401 without a key, 403 with
// another role's.
func TestRoles(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider := r.defaultProvider()
	keys := map[string]caller{"storefront": r.storefront(provider), "client": r.clientKey(r.aClient(provider, "a@x.example"))}
	_, doc := contract()
	refused := 0
	for path, item := range doc.Paths.Map() {
		url := strings.NewReplacer("{id}", "01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15", "{", "", "}", "").Replace(path)
		for method, op := range item.Operations() {
			if op.Security != nil && len(*op.Security) == 0 {
				continue
			}
			roles := list(op.Extensions["x-roles"])
			require.NotEmpty(t, roles, op.OperationID)
			require.Contains(t, roles, "admin", "staff may do everything: %s", op.OperationID)
			r.as("").do(method, url, nil).fails(401, "unauthorized")
			for role, key := range keys {
				if !strings.Contains(strings.Join(roles, " "), role) || op.Extensions["x-scope"] != nil {
					reply := key.do(method, url, nil).fails(403, "insufficient_scope")
					require.Contains(t, reply.Header.Get("WWW-Authenticate"), "insufficient_scope")
					refused++
				}
			}
		}
	}
	require.Greater(t, refused, 100)
}

// What the contract's table says that storefronts and clients never do, independently of x-roles.
func TestWhatIsForStaffOnly(t *testing.T) {
	t.Parallel()
	_, doc := contract()
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			roles := strings.Join(list(op.Extensions["x-roles"]), " ")
			for _, area := range []string{"/v1/processing-modules", "/v1/api-keys", "/v1/sandbox", "/v1/tasks", "/v1/integration-modules"} {
				if strings.HasPrefix(path, area) {
					require.Equal(t, "admin", roles, "%s %s", method, path)
				}
			}
			if strings.Contains(path, "special-prices") || strings.Contains(path, "recompute") {
				require.Equal(t, "admin", roles, "%s %s", method, path)
			}
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider := r.defaultProvider()
	me := r.storefront(provider, "payments:confirm").get("/v1/me").is(200)
	require.Equal(t, "storefront", me.text("role"))
	require.Equal(t, provider, me.text("provider_id"))
	require.Equal(t, []any{"payments:confirm"}, me.json["scopes"])
	require.Nil(t, me.json["client_id"])

	for _, header := range []string{"Bearer " + strings.Repeat("x", 40), "Bearer tfd_unknown", "Basic " + adminKey, adminKey, ""} {
		reply := r.as("").get("/v1/me", "Authorization", header).fails(401, "unauthorized")
		require.Contains(t, reply.Header.Get("WWW-Authenticate"), "Bearer")
	}
	r.as("").get("/v1/me", "Authorization", "bearer "+adminKey).is(200)
}

func TestKeyEndsWhenItExpires(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	until := r.wall.WallNow().Add(time.Hour).Format(time.RFC3339)
	key := r.as(r.admin.post("/v1/api-keys", obj{"name": "x", "role": "admin", "expires_at": until}).is(201).text("key"))
	r.business.Advance(48 * time.Hour) // business time is not what counts
	key.get("/v1/me").is(200)
	r.wall.Advance(time.Hour)
	key.get("/v1/me").fails(401, "unauthorized")
	past := r.wall.WallNow().Format(time.RFC3339)
	r.admin.post("/v1/api-keys", obj{"name": "x", "role": "admin", "expires_at": past}).fails(422, "out_of_range").at("/expires_at out_of_range")
}

func TestKeyOpensFromItsAddressesOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	make := func(ranges ...string) caller {
		return r.as(r.admin.post("/v1/api-keys", obj{"name": "x", "role": "admin", "allowed_ips": ranges}).is(201).text("key"))
	}
	make("127.0.0.0/8").get("/v1/me").is(200)
	make("10.0.0.1", "::ffff:127.0.0.1").get("/v1/me").is(200)
	make("10.0.0.1").get("/v1/me").fails(401, "unauthorized")
	r.admin.post("/v1/api-keys", obj{"name": "x", "role": "admin", "allowed_ips": []string{"10.0.0.300", "::1"}}).
		fails(422, "bad_format").at("/allowed_ips/0 bad_format")
}

func TestRevokedKeyDiesEverywhereWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := newRig(t, func(o *rig) { o.db, o.wall, o.server.Keys = r.db, r.wall, r.db.Reader(); o.server.Wall = r.wall })
	made := r.admin.post("/v1/api-keys", obj{"name": "x", "role": "admin"}).is(201)
	path := "/v1/api-keys/" + made.text("id")
	here, there := r.as(made.text("key")), other.as(made.text("key"))
	here.get("/v1/me").is(200)
	there.get("/v1/me").is(200)

	r.admin.delete(path, "If-Match", `"9"`).fails(412, "precondition_failed")
	r.admin.delete(path).is(204)
	here.get("/v1/me").fails(401, "unauthorized")
	r.wall.Advance(5 * time.Second)
	there.get("/v1/me").fails(401, "unauthorized")
	r.admin.delete(path).is(204)
	require.NotNil(t, r.admin.get(path).is(200).json["revoked_at"])
	require.Equal(t, 1, r.count(`SELECT count(*) FROM audit WHERE action = 'api_key.revoked'`))
}

func TestUseOfKeysIsNoted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.admin.get("/v1/me").is(200).text("key_id")
	require.Nil(t, r.admin.get("/v1/api-keys/" + id).json["last_used_at"])
	r.wall.Advance(time.Minute)
	r.admin.get("/v1/me").is(200)
	r.handler.flush(context.Background())
	key := r.admin.get("/v1/api-keys/" + id)
	require.Equal(t, "2026-03-01T00:01:00Z", key.text("last_used_at"))
	require.True(t, strings.HasPrefix(key.Header.Get("ETag"), `"1-`), "using a key does not change it")
}

func TestKeyRules(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider := r.defaultProvider()
	owner, other := r.aClient(provider, "a@x.example"), r.aProvider("Other")
	for _, c := range []struct {
		body   obj
		places []string
	}{
		{obj{"role": "admin", "name": "x", "provider_id": provider}, []string{"/provider_id bad_value"}},
		{obj{"role": "storefront", "name": "x"}, []string{"/provider_id required"}},
		{obj{"role": "client", "name": "x"}, []string{"/client_id required"}},
		{obj{"role": "client", "name": "x", "client_id": owner, "provider_id": other}, []string{"/provider_id bad_value"}},
		{obj{"role": "storefront", "name": "x", "provider_id": other, "client_id": owner}, []string{"/client_id bad_value"}},
		{obj{"role": "storefront", "name": "x", "provider_id": owner}, []string{"/provider_id not_found"}},
		{obj{"role": "client", "name": "x", "client_id": provider}, []string{"/client_id not_found"}},
		{obj{"role": "admin", "name": "x", "scopes": []string{"payments:confirm"}}, []string{"/scopes/0 bad_value"}},
		{obj{"role": "admin", "name": "x", "scopes": []string{"a", "a"}}, []string{"/scopes/0 unknown_value", "/scopes/1 unknown_value", "/scopes/1 duplicate_value"}},
		{obj{"role": "king", "name": "", "rate_limit": 0}, []string{"/name too_short", "/rate_limit out_of_range", "/role unknown_value"}},
	} {
		r.admin.post("/v1/api-keys", c.body).is(422).at(c.places...)
	}
	made := r.admin.post("/v1/api-keys", obj{"role": "client", "name": "x", "client_id": owner}).is(201)
	require.Equal(t, provider, made.text("provider_id"))
	require.Regexp(t, `^tfd_[A-Za-z0-9_]{32,}$`, made.text("key"))
	require.True(t, strings.HasPrefix(made.text("key"), made.text("prefix")))
	require.Len(t, r.admin.get("/v1/api-keys").is(200).data(), 2)
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := obj{"name": "slow", "role": "storefront", "provider_id": r.defaultProvider(), "rate_limit": 2}
	slow := r.as(r.admin.post("/v1/api-keys", body).is(201).text("key"))
	first := slow.get("/v1/me").is(200)
	require.Equal(t, `"default";q=2;w=10`, first.Header.Get("RateLimit-Policy"))
	require.Equal(t, `"default";r=1;t=10`, first.Header.Get("RateLimit"))
	r.wall.Advance(3 * time.Second)
	require.Equal(t, `"default";r=0;t=7`, slow.get("/v1/me").is(200).Header.Get("RateLimit"))
	over := slow.get("/v1/me").fails(429, "rate_limited")
	require.Equal(t, "7", over.Header.Get("Retry-After"))
	r.wall.Advance(7 * time.Second)
	slow.get("/v1/me").is(200)

	usual := r.storefront(r.defaultProvider()).get("/v1/me").is(200)
	require.Equal(t, `"default";q=1000;w=10`, usual.Header.Get("RateLimit-Policy"))
	require.Empty(t, r.admin.get("/v1/me").is(200).Header.Get("RateLimit"), "staff are not limited")
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider := r.defaultProvider()
	body := obj{"provider_id": provider, "email": "a@x.example"}
	first := r.admin.post("/v1/clients", body, "Idempotency-Key", "k1").is(201)
	require.Empty(t, first.Header.Get("Idempotent-Replayed"))
	again := r.admin.post("/v1/clients", body, "Idempotency-Key", "k1").is(201)
	require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"))
	require.Equal(t, string(first.raw), string(again.raw))
	for _, h := range []string{"Location", "ETag", "Content-Type"} {
		require.Equal(t, first.Header.Get(h), again.Header.Get(h))
	}
	require.Equal(t, 1, r.count(`SELECT count(*) FROM client`))

	r.admin.post("/v1/clients", obj{"provider_id": provider, "email": "b@x.example"}, "Idempotency-Key", "k1").fails(422, "idempotency_key_reused")
	// The same key is another one for another path, and for another caller.
	r.admin.post("/v1/departments", obj{"name": "A"}, "Idempotency-Key", "k1").is(201)
	r.storefront(provider).post("/v1/clients", obj{"email": "c@x.example"}, "Idempotency-Key", "k1").is(201)
	// A refusal is not stored: what is put right may be sent again with the key.
	r.admin.post("/v1/clients", obj{"provider_id": provider, "email": "a@x.example"}, "Idempotency-Key", "k2").fails(409, "already_exists")
	r.admin.post("/v1/clients", obj{"provider_id": provider, "email": "d@x.example"}, "Idempotency-Key", "k2").is(201)

	key := r.admin.post("/v1/api-keys", obj{"name": "x", "role": "admin"}, "Idempotency-Key", "k1").is(201)
	masked := r.admin.post("/v1/api-keys", obj{"name": "x", "role": "admin"}, "Idempotency-Key", "k1").is(201)
	require.Equal(t, key.text("prefix")+strings.Repeat("*", len(key.text("key"))-8), masked.text("key"))
	require.Equal(t, key.text("id"), masked.text("id"))
	r.admin.post("/v1/departments", obj{"name": "B"}, "Idempotency-Key", strings.Repeat("k", 256)).fails(422, "bad_value").at("Idempotency-Key bad_value")
}

func TestIdempotencyInProgress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other, err := r.db.Pool().Beginx()
	require.NoError(t, err)
	key := r.admin.get("/v1/me").text("key_id")
	_, err = other.Exec(`SELECT pg_advisory_xact_lock(1413829447, hashtext($1))`, fmt.Sprintf("key:%s\nPOST /v1/departments\nk", key))
	require.NoError(t, err)
	r.admin.post("/v1/departments", obj{"name": "A"}, "Idempotency-Key", "k").fails(409, "idempotency_in_progress")
	require.NoError(t, other.Rollback())
	r.admin.post("/v1/departments", obj{"name": "A"}, "Idempotency-Key", "k").is(201)
}

// Wherever money can move, a request without a key is refused before anything is looked at.
func TestIdempotencyKeyIsRequiredWhereMoneyMoves(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, doc := contract()
	required := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.Extensions["x-idempotency"] == "required" {
				required[method+" "+path] = true
				r.admin.do(method, strings.ReplaceAll(path, "{id}", "01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15"), obj{}).fails(400, "idempotency_key_required")
			}
		}
	}
	for _, op := range []string{
		"POST /v1/orders", "POST /v1/orders/{id}/pay", "POST /v1/orders/{id}/cancel", "POST /v1/payments", "POST /v1/payments/{id}/refund",
		"POST /v1/services/{id}/renew", "POST /v1/tasks/{id}/close",
	} {
		require.True(t, required[op], op)
	}
}

// Two requests at once with one key do the work once; so do two with one e-mail address.
func TestRequestsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider := r.defaultProvider()
	body := obj{"provider_id": provider, "email": "a@x.example"}
	statuses := make(chan int, 8)
	for range cap(statuses) {
		go func() { statuses <- r.raw("POST", "/v1/clients", body, "same") }()
	}
	for range cap(statuses) {
		require.Contains(t, []int{201, 409}, <-statuses) // 409: the first is still running
	}
	require.Equal(t, 1, r.count(`SELECT count(*) FROM client`))
	body["email"] = "b@x.example"
	created := 0
	for i := range cap(statuses) {
		go func() { statuses <- r.raw("POST", "/v1/clients", body, fmt.Sprint("key", i)) }()
	}
	for range cap(statuses) {
		if <-statuses == 201 {
			created++
		}
	}
	require.Equal(t, 1, created)
	require.Equal(t, 2, r.count(`SELECT count(*) FROM client`))
	require.Equal(t, 2, r.count(`SELECT count(*) FROM event`))
}
