package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPagesHoldEveryObjectOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider := r.defaultProvider()
	want := []string{}
	for i := range 5 {
		want = append(want, r.aClient(provider, fmt.Sprintf("c%d@x.example", i)))
	}
	for _, order := range []string{"asc", "desc"} {
		got, path := []string{}, "/v1/clients?limit=2&status=active&order="+order
		for path != "" {
			page := r.admin.get(path).is(200)
			for _, c := range page.data() {
				got = append(got, c["id"].(string))
			}
			link := page.Header.Get("Link")
			path = ""
			if page.json["next_cursor"] != nil {
				require.True(t, strings.HasSuffix(link, `>; rel="next"`), link)
				path = strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
				require.Contains(t, path, escaped(page.text("next_cursor")))
			} else {
				require.Empty(t, link)
			}
		}
		require.Equal(t, want, got, order)
		want = reversed(want)
	}
}

// Codes are listed as they were made, not by the alphabet, also where the clock stands still, long before the migrations ran.
func TestWhatHasACodeIsListedInOrderOfCreation(t *testing.T) {
	t.Parallel()
	r := newShop(t)
	made := []string{"zz", "mm", "aa"}
	lists := map[string]func(code string) obj{
		"/v1/units":         func(code string) obj { return obj{"code": code, "name": code} },
		"/v1/enumerations":  func(code string) obj { return obj{"code": code, "name": code} },
		"/v1/product-types": func(code string) obj { return obj{"code": code, "name": code} },
		"/v1/product-types/dedicated/add-ons": func(code string) obj {
			return obj{"code": code, "name": code}
		},
		"/v1/product-types/dedicated/parameters": func(code string) obj { return obj{"code": code, "name": code} },
	}
	for path, body := range lists {
		for _, code := range made {
			r.admin.post(path, body(code)).is(201)
		}
		codes := []string{}
		for at := path + "?limit=2&order=desc"; at != ""; {
			page := r.admin.get(at).is(200)
			for _, x := range page.data() {
				codes = append(codes, x["code"].(string))
			}
			at = ""
			if next := page.json["next_cursor"]; next != nil {
				at = path + "?limit=2&order=desc&cursor=" + next.(string)
			}
		}
		require.Equal(t, reversed(made), codes[:3], path+": built-in ones are older")
	}
}

func reversed(in []string) []string {
	out := []string{}
	for i := range in {
		out = append(out, in[len(in)-1-i])
	}
	return out
}

func TestCursorIsBoundToItsList(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider := r.defaultProvider()
	r.aClient(provider, "a@x.example")
	r.aClient(provider, "b@x.example")
	next := r.admin.get("/v1/clients?limit=1").text("next_cursor")
	r.admin.get("/v1/clients?limit=100&cursor=" + next).is(200)
	r.admin.get("/v1/clients?order=asc&cursor=" + next).is(200)
	for _, path := range []string{
		"/v1/clients?status=active&cursor=" + next, "/v1/clients?order=desc&cursor=" + next, "/v1/providers?cursor=" + next,
		"/v1/clients?cursor=x", "/v1/clients?cursor=" + next[:len(next)-1],
	} {
		r.admin.get(path).fails(400, "bad_cursor").at("cursor bad_cursor")
	}
	r.admin.get("/v1/clients?cursor=").fails(422, "too_short")
}

func TestFeedIsScopedAndGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	empty := r.admin.get("/v1/events").is(200)
	require.Nil(t, empty.json["next_cursor"])
	require.Nil(t, empty.json["resume_cursor"])
	mine, theirs := r.defaultProvider(), r.aProvider("Theirs")
	a := r.aClient(mine, "a@x.example")
	r.aClient(mine, "b@x.example")
	r.aClient(theirs, "c@x.example")
	_, err := r.db.Pool().Exec(`INSERT INTO event (client_id, id, provider_id, audience, type, at, data)
		VALUES ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), NULL, 'staff', 'module.failing', now(), '{}'),
		       ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), $1, 'provider', 'module.recovered', now(), '{"n": 12345678901234567890}')`, mine)
	require.NoError(t, err)
	require.Len(t, r.admin.get("/v1/events").data(), 5)
	require.Len(t, r.storefront(mine).get("/v1/events").data(), 3)
	require.Len(t, r.clientKey(a).get("/v1/events").data(), 1)
	require.Len(t, r.admin.get("/v1/events?type=client.created").data(), 3)
	require.Len(t, r.admin.get("/v1/events?type=module.*").data(), 2)
	require.Contains(t, string(r.admin.get("/v1/events?type=module.recovered").raw), "12345678901234567890")
	require.Len(t, r.admin.get("/v1/events?to=2026-03-01T00:00:01Z").data(), 3)

	page := r.admin.get("/v1/events?limit=4").is(200)
	require.NotEmpty(t, page.Header.Get("Link"))
	rest := r.admin.get("/v1/events?cursor=" + page.text("next_cursor")).is(200)
	require.Len(t, rest.data(), 1)
	require.Empty(t, rest.Header.Get("Link"))
	require.Nil(t, rest.json["next_cursor"], "a list that is read page by page comes to its end")
	idle := r.admin.get("/v1/events?cursor=" + rest.text("resume_cursor")).is(200)
	require.Empty(t, idle.data())
	r.aClient(mine, "d@x.example")
	news := r.admin.get("/v1/events?cursor=" + idle.text("resume_cursor")).is(200)
	require.Len(t, news.data(), 1)
	require.Equal(t, "client.created", news.data()[0]["type"])
	back := r.admin.get("/v1/events?order=desc").is(200)
	require.Equal(t, []any{nil, nil}, []any{back.json["next_cursor"], back.json["resume_cursor"]})
	r.admin.get("/v1/events?cursor=eyJhIjoieCJ9").fails(400, "bad_cursor")
}

// An event that commits late is numbered late: a reader who has gone past its id still gets it.
func TestFeedMissesNoLateCommit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	provider := r.defaultProvider()
	late, err := r.db.Pool().Beginx()
	require.NoError(t, err)
	_, err = late.Exec(`INSERT INTO event (client_id, id, provider_id, audience, type, at, data)
		VALUES ('00000000-0000-0000-0000-000000000000', '00000000-0000-7000-8000-000000000001', $1, 'provider', 'late.one', now(), '{}')`, provider)
	require.NoError(t, err)
	r.aClient(provider, "a@x.example")
	seen := r.admin.get("/v1/events").is(200)
	require.Len(t, seen.data(), 1)
	require.NoError(t, late.Commit())
	news := r.admin.get("/v1/events?cursor=" + seen.text("resume_cursor")).is(200)
	require.Len(t, news.data(), 1)
	require.Equal(t, "late.one", news.data()[0]["type"])
}

func TestDepartmentsAndDataCenters(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.Len(t, r.admin.get("/v1/departments").is(200).data(), 2)
	for _, c := range []struct {
		path string
		full obj
	}{
		{"/v1/departments", obj{"name": "Network", "email": "net@x.example"}},
		{"/v1/data-centers", obj{"name": "Frankfurt", "external_id": "3", "sort_order": 7, "icon": obj{"kind": "flag", "country": "DE"}}},
	} {
		made := r.admin.post(c.path, c.full).is(201)
		at := made.Header.Get("Location")
		require.Equal(t, c.path+"/"+made.text("id"), at)
		require.Equal(t, made.json, r.admin.get(at).is(200).json)
		bare := r.admin.post(c.path, obj{"name": "Bare"}).is(201)
		r.admin.patch(at, obj{"name": "  "}).is(422)
		r.admin.patch(at, obj{"name": "New"}, "If-Match", made.Header.Get("ETag")).is(200)
		r.admin.patch(at, obj{"name": "Newer"}, "If-Match", made.Header.Get("ETag")).fails(412, "precondition_failed")
		r.admin.delete(at, "If-Match", made.Header.Get("ETag")).fails(412, "precondition_failed")
		r.admin.delete(at).is(204)
		r.admin.get(at).fails(404, "not_found")
		r.admin.delete(at).fails(404, "not_found")
		r.admin.patch(at, obj{}).fails(404, "not_found")
		r.admin.delete(c.path + "/" + bare.text("id")).is(204)
	}
}

func TestDataCenterRules(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(r *rig) { r.server.DataCenters.ExternalID = func(string) string { return "required" } })
	bare := r.admin.post("/v1/data-centers", obj{"name": "A"}).is(201)
	require.Equal(t, obj{"kind": "none", "country": nil, "image_url": nil}, bare.json["icon"])
	require.EqualValues(t, 1, bare.json["sort_order"])
	require.Nil(t, bare.json["external_id"])
	r.admin.post("/v1/data-centers", obj{"name": "B", "sort_order": 0}).fails(422, "out_of_range").at("/sort_order out_of_range")
	r.admin.post("/v1/data-centers", obj{"name": "B", "icon": obj{"kind": "flag"}}).fails(422, "required").at("/icon/country required")
	r.admin.post("/v1/data-centers", obj{"name": "B", "icon": obj{"kind": "none", "country": "DE"}}).fails(422, "bad_value").at("/icon/country bad_value")

	at := "/v1/data-centers/" + bare.text("id")
	_, err := r.db.Pool().Exec(`INSERT INTO processing_module (id, driver, product_type, name, data_center_id, created_at)
		VALUES (gen_random_uuid(), 'dcimanager6', 'dedicated', 'M', $1, now())`, bare.text("id"))
	require.NoError(t, err)
	r.admin.patch(at, obj{"external_id": "3"}).is(200)
	r.admin.patch(at, obj{"external_id": nil}).fails(409, "in_use").at("/external_id in_use")
	r.admin.delete(at).fails(409, "in_use")
	shop := r.storefront(r.defaultProvider())
	require.Len(t, shop.get("/v1/data-centers").is(200).data(), 1)
}

func TestProvidersInUseStay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	yen := r.admin.post("/v1/providers", obj{"name": "Nippon", "currency": "JPY", "site": "https://nippon.example"}).is(201)
	require.Equal(t, "JPY", yen.text("currency"))
	at := yen.Header.Get("Location")
	r.admin.patch(at, obj{"currency": "EUR"}).fails(422, "unknown_field")
	require.Nil(t, r.admin.patch(at, obj{"site": nil}).is(200).json["site"])
	r.admin.patch(at, obj{"site": "nippon"}).fails(422, "bad_format").at("/site bad_format")
	r.admin.post("/v1/providers", obj{"name": "Nippon"}).fails(409, "already_exists").at("/name already_exists")
	r.admin.post("/v1/providers", obj{"name": "Gold", "currency": "XAU"}).fails(422, "unknown_currency").at("/currency unknown_currency")
	id := r.aClient(yen.text("id"), "a@x.example")
	require.Equal(t, obj{"amount": "0", "currency": "JPY"}, r.admin.get("/v1/clients/" + id).json["balance"])
	r.admin.delete(at).fails(409, "in_use")
	spare := r.aProvider("Spare")
	r.admin.delete("/v1/providers/" + spare).is(204)
}

func TestSystemPages(t *testing.T) {
	t.Parallel()
	broken := false
	r := newRig(t, func(r *rig) {
		r.server.Checks = []Check{{"database", r.db.Pool().PingContext}, {"demo", func(context.Context) error {
			if broken {
				return http.ErrServerClosed
			}
			return nil
		}}}
	})
	nobody := r.as("")
	nobody.get("/healthz").is(200)
	require.Equal(t, obj{"database": "ok", "demo": "ok"}, nobody.get("/readyz").is(200).json["checks"])
	broken = true
	sick := nobody.get("/readyz").fails(503, "not_ready")
	require.Equal(t, "failed", sick.text("demo"))
	require.NotContains(t, string(sick.raw), "Server closed")
	require.NotEmpty(t, sick.Header.Get("Retry-After"))
	require.Contains(t, string(nobody.get("/metrics").is(200).raw), `tariffd_http_requests_total{operation="getHealth",status="200"} 1`)
	spec := nobody.get("/openapi.json").is(200)
	require.Equal(t, "3.0.3", spec.text("openapi"))
	nobody.get("/openapi.json", "If-None-Match", spec.Header.Get("ETag")).is(304)
	docs := nobody.get("/docs").is(200)
	require.Contains(t, docs.Header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Less(t, len(docs.raw), 60_000)
	require.NotRegexp(t, `(src|href)="(https?:)?//`, string(docs.raw), "the page needs nothing from elsewhere")
	r.admin.get("/v1/sandbox/clock").is(500) // no clock in this rig, but the path is there
	outside := newRig(t, func(r *rig) { r.server.Sandbox, r.server.MetricsApart = false, true })
	outside.admin.get("/v1/sandbox/clock").fails(404, "not_found")
	outside.admin.get("/metrics").fails(404, "not_found")
}
