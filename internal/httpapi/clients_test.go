package httpapi

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/postgres"
)

func TestClientIsCreatedReadAndChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider := r.defaultProvider()
	made := r.admin.post("/v1/clients", obj{"provider_id": provider, "email": "ada@smith.example", "name": "Ada", "country": "DE"}).is(201)
	require.Equal(t, "/v1/clients/"+made.text("id"), made.Header.Get("Location"))
	require.Equal(t, obj{"amount": "0.00", "currency": "EUR"}, made.json["balance"])
	require.Equal(t, obj{"amount": "0.00", "currency": "EUR"}, made.json["held"])
	require.Equal(t, obj{"mode": "prepaid", "limit": nil}, made.json["settlement"])
	require.Equal(t, "UTC", made.json["time_zone"])
	require.Nil(t, made.json["phone"])

	read := r.admin.get(made.Header.Get("Location")).is(200)
	require.Equal(t, made.json, read.json)
	require.Equal(t, made.Header.Get("ETag"), read.Header.Get("ETag"))

	limit := obj{"mode": "credit_limit", "limit": obj{"amount": "100.00", "currency": "EUR"}}
	changed := r.admin.patch("/v1/clients/"+made.text("id"), obj{"name": nil, "phone": "+49 1", "phone_verified": true, "settlement": limit}).is(200)
	require.Nil(t, changed.json["name"])
	require.Equal(t, "DE", changed.json["country"], "what is left out stays")
	require.Equal(t, limit, changed.json["settlement"])
	require.Equal(t, true, changed.json["phone_verified"])
	require.Equal(t, false, r.admin.patch("/v1/clients/"+made.text("id"), obj{"phone": "+49 2345"}).is(200).json["phone_verified"])

	require.Equal(t, 1, r.count(`SELECT count(*) FROM client WHERE billed_through = '2026-02-27' AND next_run_at = '2026-03-01T00:20Z'`),
		"at midnight of 1 March the run of 28 February is still to come")
	require.Equal(t, 3, r.count(`SELECT count(*) FROM audit WHERE subject = 'client' AND actor_role = 'admin' AND request_id <> ''`))
	require.Equal(t, []string{"client.created", "client.updated", "client.updated"}, types(r.admin))
}

func types(c caller) (out []string) {
	for _, e := range c.get("/v1/events").is(200).data() {
		out = append(out, e["type"].(string))
	}
	return out
}

func TestClientMembersAreHeldToRules(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider := r.defaultProvider()
	all := r.admin.post("/v1/clients", obj{"email": "nobody", "country": "germany", "provider_id": 5, "nickname": "x", "name": nil})
	all.fails(422, "validation_failed").at("/country bad_format", "/email bad_format", "/nickname unknown_field", "/provider_id wrong_type")
	r.admin.post("/v1/clients", obj{"provider_id": provider}).fails(422, "required").at("/email required")
	r.admin.post("/v1/clients", obj{"email": "a@b.example"}).fails(422, "required").at("/provider_id required")
	r.admin.post("/v1/clients", obj{"email": "a@b.example", "provider_id": "01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15"}).
		fails(422, "not_found").at("/provider_id not_found")
	for _, c := range []struct {
		settlement obj
		place      string
	}{
		{obj{"mode": "credit_limit"}, "/settlement/limit required"},
		{obj{"mode": "prepaid", "limit": obj{"amount": "1.00", "currency": "EUR"}}, "/settlement/limit bad_value"},
		{obj{"mode": "credit_limit", "limit": obj{"amount": "1.00", "currency": "USD"}}, "/settlement/limit/currency wrong_currency"},
		{obj{"mode": "credit_limit", "limit": obj{"amount": "1.001", "currency": "EUR"}}, "/settlement/limit/amount bad_value"},
		{obj{"mode": "credit_limit", "limit": obj{"amount": "-1.00", "currency": "EUR"}}, "/settlement/limit/amount out_of_range"},
	} {
		body := obj{"email": "a@b.example", "provider_id": provider, "settlement": c.settlement}
		r.admin.post("/v1/clients", body).is(422).at(c.place)
	}
	zone := obj{"email": "a@b.example", "provider_id": provider, "time_zone": "Mars/Olympus"}
	r.admin.post("/v1/clients", zone).fails(422, "unknown_value").at("/time_zone unknown_value")
	require.Zero(t, r.count(`SELECT count(*) FROM client`))
}

func TestDuplicateEmailIsRefusedPerProvider(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one, other := r.defaultProvider(), r.aProvider("Other")
	first := r.aClient(one, "ada@smith.example")
	r.admin.post("/v1/clients", obj{"provider_id": one, "email": "ADA@smith.example"}).fails(409, "already_exists").at("/email already_exists")
	r.aClient(other, "ada@smith.example")
	second := r.aClient(one, "bob@smith.example")
	r.admin.patch("/v1/clients/"+second, obj{"email": "Ada@Smith.example"}).fails(409, "already_exists").at("/email already_exists")
	r.admin.patch("/v1/clients/"+first, obj{"email": "Ada@Smith.example"}).is(200)
	require.Len(t, r.admin.get("/v1/clients?email="+escaped("ADA@smith.example")).is(200).data(), 2)
}

func TestForeignClientsDoNotExist(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	mine, theirs := r.defaultProvider(), r.aProvider("Theirs")
	a, b, foreign := r.aClient(mine, "a@x.example"), r.aClient(mine, "b@x.example"), r.aClient(theirs, "c@x.example")
	shop, own := r.storefront(mine), r.clientKey(a)

	missing := r.admin.get("/v1/clients/01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15").fails(404, "not_found")
	for _, reply := range []*reply{
		shop.get("/v1/clients/" + foreign), shop.patch("/v1/clients/"+foreign, obj{"name": "x"}), own.get("/v1/clients/" + b),
		own.patch("/v1/clients/"+b, obj{"name": "x"}), own.get("/v1/clients/" + foreign), shop.get("/v1/providers/" + theirs),
		r.admin.get("/v1/clients/nonsense"),
	} {
		reply.fails(404, "not_found")
	}
	require.Equal(t, missing.json["detail"], shop.get("/v1/clients/" + foreign).json["detail"], "foreign and missing look alike")
	require.Len(t, r.admin.get("/v1/clients").data(), 3)
	require.Len(t, shop.get("/v1/clients").data(), 2)
	require.Len(t, own.get("/v1/clients").data(), 1)
	require.Len(t, own.get("/v1/providers").data(), 1)
	shop.post("/v1/clients", obj{"provider_id": theirs, "email": "d@x.example"}).fails(422, "not_found").at("/provider_id not_found")
	require.Equal(t, mine, shop.post("/v1/clients", obj{"email": "d@x.example"}).is(201).text("provider_id"))
	own.patch("/v1/clients/"+a, obj{"name": "Ada"}).is(200)
}

func TestMembersThatARoleMayNotWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider := r.defaultProvider()
	id := r.aClient(provider, "a@x.example")
	shop, own := r.storefront(provider), r.clientKey(id)
	body := obj{"email": "b@x.example", "settlement": obj{"mode": "postpaid"}, "phone_verified": false}
	shop.post("/v1/clients", body).fails(403, "field_forbidden").at("/phone_verified field_forbidden", "/settlement field_forbidden")
	shop.patch("/v1/clients/"+id, obj{"settlement": nil}).fails(403, "field_forbidden")
	own.patch("/v1/clients/"+id, obj{"status": "blocked"}).fails(403, "field_forbidden").at("/status field_forbidden")
	shop.patch("/v1/clients/"+id, obj{"status": "blocked"}).is(200)
	r.wall.Advance(believe)
	own.get("/v1/me").fails(401, "unauthorized")
}

func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	path := "/v1/clients/" + r.aClient(r.defaultProvider(), "a@x.example")
	first := r.admin.get(path).is(200).Header.Get("ETag")
	same := r.admin.get(path, "If-None-Match", `"other", W/`+first).is(304)
	require.Empty(t, same.raw)
	require.Equal(t, first, same.Header.Get("ETag"))

	second := r.admin.patch(path, obj{"name": "A"}, "If-Match", first).is(200).Header.Get("ETag")
	require.NotEqual(t, first, second)
	r.admin.patch(path, obj{"name": "B"}, "If-Match", first).fails(412, "precondition_failed")
	r.admin.patch(path, obj{"name": "B"}, "If-Match", `W/`+second).fails(412, "precondition_failed")
	r.admin.patch(path, obj{"name": "B"}, "If-Match", "nonsense").fails(412, "precondition_failed")
	require.Equal(t, "A", r.admin.get(path, "If-None-Match", first).is(200).text("name"))
	r.admin.patch(path, obj{"name": "C"}, "If-Match", "*").is(200)

	// A balance is computed: it changes what is read, not what If-Match asks about.
	before := r.admin.get(path).Header.Get("ETag")
	_, err := r.db.Pool().Exec(`UPDATE account SET amount = 5 WHERE kind = 'balance'`)
	require.NoError(t, err)
	require.Equal(t, obj{"amount": "5.00", "currency": "EUR"}, r.admin.get(path, "If-None-Match", before).is(200).json["balance"])
	r.admin.patch(path, obj{"name": "D"}, "If-Match", before).is(200)
}

// A use-case that dies before its commit leaves nothing: no row, no event, no audit, no stored answer.
func TestNothingRemainsOfACrashBetweenWorkAndCommit(t *testing.T) {
	t.Parallel()
	crash := true
	r := newRig(t, func(r *rig) {
		r.server.Clients.InTx = func(ctx context.Context, fn func(client.Tx) error) error {
			return r.db.InTx(ctx, func(tx *postgres.Tx) error {
				if err := fn(tx); err != nil || !crash {
					return err
				}
				return errors.New("the process dies here")
			})
		}
		crash = false
	})
	provider := r.defaultProvider()
	before := r.count(`SELECT count(*) FROM audit`)
	body := obj{"provider_id": provider, "email": "a@x.example"}
	crash = true
	died := r.admin.post("/v1/clients", body, "Idempotency-Key", "k").fails(500, "internal")
	require.NotContains(t, string(died.raw), "dies here")
	for _, table := range []string{"client", "account", "event", "idempotency_key"} {
		require.Zero(t, r.count(`SELECT count(*) FROM `+table), table)
	}
	require.Equal(t, before, r.count(`SELECT count(*) FROM audit`))
	crash = false
	again := r.admin.post("/v1/clients", body, "Idempotency-Key", "k").is(201)
	require.Empty(t, again.Header.Get("Idempotent-Replayed"))
}
