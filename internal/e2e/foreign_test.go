package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// things knows one existing object of each kind, by the path that its operations begin with.
type things struct {
	*life

	own    map[string]string // of one client
	brands map[string]string // of one provider
	shared map[string]string // of the installation
}

func newThings(t *testing.T) *things {
	t.Helper()
	l := newLife(t)
	payment := l.pay().text("id")
	order := l.orderServers()
	l.haveServers()
	l.orderBandwidth()
	l.clock("2026-03-03T00:00:00Z")
	collection := l.admin.post("/v1/statistics/collect", map[string]any{"day": "2026-03-01"}).is(http.StatusAccepted)
	recomputation := l.admin.post("/v1/traffic-reassignments/recompute", map[string]any{"from": "2026-03-01", "to": "2026-03-02"}).is(http.StatusAccepted)
	l.admin.post("/v1/units", map[string]any{"code": "crate", "name": "Crate"}).is(http.StatusCreated)
	l.admin.post("/v1/enumerations", map[string]any{"code": "colours", "name": "Colours"}).is(http.StatusCreated)
	made := func(path string, body map[string]any) string {
		return l.admin.post(path, body).is(http.StatusCreated).text("id")
	}
	tariffs, clients := made("/v1/tariff-groups", map[string]any{"name": "Storage"}), made("/v1/client-groups", map[string]any{"name": "VIP"})
	tax := made("/v1/tax-rules", map[string]any{"provider_id": l.provider, "country": "LV", "rate": "0.21"})
	panel := map[string]any{"name": "beside", "url": "http://127.0.0.1:9", "username": "admin", "password": "secret"}
	ips, licenses := made("/v1/ip-managers", panel), made("/v1/license-servers", panel)
	l.admin.must(http.MethodPut, "/v1/data-centers/"+l.center+"/icon", aPicture(), nil).is(http.StatusOK)
	l.idle()
	return &things{
		life: l,
		own: map[string]string{
			"/v1/clients/{id}": l.client, "/v1/payments/{id}": payment, "/v1/orders/{id}": order.text("id"),
			"/v1/services/{id}": l.pipe, "/v1/operations/{id}": order.text("items.0.operation_id"), "/v1/statistics/blocks/{server_service_id}": l.a,
		},
		brands: map[string]string{"/v1/tariffs/{id}": l.e3, "/v1/providers/{id}": l.provider},
		shared: map[string]string{
			"/v1/data-centers/{id}": l.center, "/v1/departments/{id}": l.admin.get("/v1/departments").is(http.StatusOK).text("data.0.id"),
			"/v1/api-keys/{id}": l.buyer.get("/v1/me").is(http.StatusOK).text("key_id"), "/v1/processing-modules/{id}": l.panel,
			"/v1/processing-drivers/{name}": "manual", "/v1/integration-modules/{name}": "dedicated_bandwidth",
			"/v1/units/{code}": "crate", "/v1/enumerations/{code}": "colours", "/v1/tariff-groups/{id}": tariffs,
			"/v1/client-groups/{id}": clients, "/v1/tax-rules/{id}": tax, "/v1/ip-managers/{id}": ips, "/v1/license-servers/{id}": licenses,
			"/v1/product-types/{code}":        "dedicated",
			"/v1/statistics/collections/{id}": collection.text("id"), "/v1/traffic-reassignments/recomputations/{id}": recomputation.text("id"),
			"/v1/tasks/{id}": "", // nothing of this life needed a person
		},
	}
}

// address puts existing objects into an operation's path; ok is false where there is none.
func (x *things) address(op spoken, kinds ...map[string]string) (path string, ok bool) {
	for _, kind := range kinds {
		for prefix, id := range kind {
			if rest, found := strings.CutPrefix(op.path, prefix); found && (rest == "" || rest[0] == '/') && id != "" {
				return prefix[:strings.Index(prefix, "{")] + id +
					strings.NewReplacer("{day}", "2026-03-01", "{code}", "traffic", "{add_on}", "traffic", "{parameter}", "hostname").Replace(rest), true
			}
		}
	}
	return "", false
}

// TestForeignIsMissing asks, of everything that belongs to one client, as another client and as another provider's storefront.
func TestForeignIsMissing(t *testing.T) { //nolint:tparallel // the operations share an installation
	t.Parallel()
	x := newThings(t)
	rival := x.admin.post("/v1/providers", map[string]any{"name": "Rival", "currency": "EUR"}).is(http.StatusCreated).text("id")
	others := map[string]*caller{
		"client": x.stranger,
		"storefront": x.keyFor(map[string]any{
			"name": "rival", "role": "storefront", "provider_id": rival, "scopes": []string{"payments:confirm", "statistics:write"},
		}),
	}
	for _, op := range operations() {
		for role, other := range others {
			if !slices.Contains(op.roles(), role) || !strings.Contains(op.path, "{") {
				continue
			}
			kinds := []map[string]string{x.own, x.brands}
			if role == "client" {
				kinds = kinds[:1] // a client sees what its provider sells
			}
			path, ok := x.address(op, kinds...)
			if !ok {
				_, ok = x.address(op, x.brands, x.shared)
				require.True(t, ok, "%s has no case", op.OperationID)
				continue
			}
			t.Run(op.OperationID+" as "+role, func(t *testing.T) {
				var body any
				if s := op.body(); s != nil {
					body = sample(s, false)
				}
				asked := *other
				asked.t = t
				asked.must(op.method, path, body, nil).refused(http.StatusNotFound, "not_found")
			})
		}
	}
	for _, list := range []string{"services", "orders", "payments", "operations", "expenses", "events", "clients", "statistics/blocks", "traffic-reassignments"} {
		for role, other := range others {
			for _, row := range other.all("/v1/" + list) {
				require.NotContains(t, row.String(), x.client, "%s in the list of %s", role, list)
				require.NotContains(t, row.String(), x.a, "%s in the list of %s", role, list)
			}
		}
	}
}

// TestConditional reads every single object by its ETag, and changes none by an old one.
func TestConditional(t *testing.T) { //nolint:tparallel // the operations share an installation
	t.Parallel()
	x := newThings(t)
	for _, op := range operations() {
		path, ok := x.address(op, x.own, x.brands, x.shared)
		if !ok {
			continue
		}
		admin := *x.admin
		switch {
		case op.Parameters.GetByInAndName("header", "If-None-Match") != nil:
			t.Run(op.OperationID, func(t *testing.T) {
				admin.t = t
				tag := admin.get(path).is(http.StatusOK).header.Get("ETag")
				same := admin.must(http.MethodGet, path, nil, http.Header{"If-None-Match": {tag}}).is(http.StatusNotModified)
				require.Equal(t, tag, same.header.Get("ETag"))
				admin.must(http.MethodGet, path, nil, http.Header{"If-None-Match": {`"other"`}}).is(http.StatusOK)
			})
		case op.Parameters.GetByInAndName("header", "If-Match") != nil:
			t.Run(op.OperationID, func(t *testing.T) {
				admin.t = t
				var body any
				if s := op.body(); s != nil {
					body = sample(s, false)
				} else if op.takesPicture() {
					body = aPicture()
				}
				if op.OperationID == "setServiceServers" {
					body = map[string]any{"servers": []string{x.a}}
				}
				old := http.Header{"If-Match": {`"999999-0000000000000000"`}}
				admin.must(op.method, path, body, old).refused(http.StatusPreconditionFailed, "precondition_failed")
			})
		}
	}
}
