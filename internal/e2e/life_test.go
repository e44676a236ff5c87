package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// life is one client's March, told in steps that several tests take: a dedicated server, and the bandwidth beside it.
type life struct {
	*world

	// patient repeats a request that got no answer, as a storefront does whose connection broke. The crash tests need it;
	// elsewhere it would hide mistakes.
	patient bool

	shop, buyer, stranger *caller // a storefront, and two of its clients

	provider, center string
	panel, plain     string // modules: DCImanager, and without processing
	e3, bandwidth    string // tariffs
	client           string
	a, b, pipe       string // services: two servers, and the bandwidth service
	remoteA, remoteB string // the servers' numbers in the panel
}

// do is one request of the story.
func (l *life) do(c *caller, method, path string, body any) answer {
	l.t.Helper()
	if !l.patient {
		return c.must(method, path, body, nil)
	}
	var got answer
	again := c.with(random(8))
	eventually(l.t, method+" "+path, func() (err error) {
		if got, err = again.send(method, path, body, nil); err != nil {
			if errors.Is(err, errBreach) {
				require.NoError(l.t, err)
			}
			return err
		}
		if got.status == http.StatusServiceUnavailable || (got.status == http.StatusConflict && passing[got.text("code")]) {
			return errors.New(got.String())
		}
		return nil
	})
	return got
}

// passing are conflicts with our own earlier try, whose connection broke.
var passing = map[string]bool{"clock_moving": true, "idempotency_in_progress": true}

// clock moves to an instant and everything that is due on the way happens.
func (l *life) clock(to string) answer {
	l.t.Helper()
	a := l.do(l.admin, http.MethodPut, "/v1/sandbox/clock", map[string]any{"now": to}).is(http.StatusOK)
	want, err := time.Parse(time.RFC3339, to)
	require.NoError(l.t, err)
	require.True(l.t, want.Equal(a.instant("now")), "the clock stands at %s", a.text("now"))
	return a
}

// idle waits until nothing is due where the clock stands.
func (l *life) idle() {
	l.t.Helper()
	l.clock(l.do(l.admin, http.MethodGet, "/v1/sandbox/clock", nil).is(http.StatusOK).text("now"))
}

// panelModule is what the administrator sends to connect the panel.
func (l *life) panelModule(password string) map[string]any {
	return map[string]any{
		"driver": "dcimanager6", "product_type": "dedicated", "name": "DCImanager 6", "data_center_id": l.center,
		"connection": map[string]any{"url": l.panels.url + "/dcimanager6", "username": "admin@example.com", "password": password},
	}
}

func (l *life) openCenter() {
	l.provider = l.admin.get("/v1/providers").is(http.StatusOK).text("data.0.id")
	l.center = l.admin.post("/v1/data-centers", map[string]any{"name": "Frankfurt", "external_id": "3"}).is(http.StatusCreated).text("id")
}

// connectPanel makes the module that drives the simulated panel; "secret" is the simulators' only password.
func (l *life) connectPanel() answer {
	a := l.admin.post("/v1/processing-modules", l.panelModule("secret")).is(http.StatusCreated)
	l.panel = a.text("id")
	return a
}

// sellServers makes the tariff of the servers.
func (l *life) sellServers() {
	l.e3 = l.admin.post("/v1/tariffs", map[string]any{
		"product_type": "dedicated", "provider_id": l.provider, "code": "E3", "name": "E3", "activate": true,
		"data_center_ids": []string{l.center}, "processing_module_ids": []string{l.panel},
		"settings": map[string]any{"configuration": "E3-1230-16GB"},
		"prices":   []any{map[string]any{"period": "P1M", "amount": "50.00", "setup_fee": "10.00"}},
	}).is(http.StatusCreated).text("id")
	l.admin.post("/v1/tariffs/"+l.e3+"/add-ons", byTraffic("traffic", "100", "0.02")).is(http.StatusCreated)
}

// byTraffic is an add-on that is paid by incoming and outgoing traffic of a month.
func byTraffic(code, included, price string) map[string]any {
	return map[string]any{
		"code": code, "billing": "statistics", "included": included,
		"statistics": map[string]any{"bill": "month", "params": []string{"in", "out"}, "overage_price": price, "overage_unit": "GiB"},
	}
}

// sellBandwidth installs the bandwidth of servers and makes its tariff, which no data center has yet.
func (l *life) sellBandwidth() {
	l.admin.post("/v1/integration-modules/dedicated_bandwidth/install", nil).is(http.StatusOK)
	l.plain = l.admin.post("/v1/processing-modules", map[string]any{
		"driver": "none", "product_type": "dedicated_bandwidth", "name": "Bandwidth",
	}).is(http.StatusCreated).text("id")
	l.bandwidth = l.admin.post("/v1/tariffs", map[string]any{
		"product_type": "dedicated_bandwidth", "provider_id": l.provider, "code": "Bandwidth", "name": "Bandwidth", "activate": true,
		"processing_module_ids": []string{l.plain}, "prices": []any{map[string]any{"period": "P1M", "amount": "20.00"}},
	}).is(http.StatusCreated).text("id")
	l.admin.post("/v1/tariffs/"+l.bandwidth+"/add-ons", byTraffic("bandwidth", "1000", "0.01")).is(http.StatusCreated)
}

// bringBandwidth sells the bandwidth tariff in the data center.
func (l *life) bringBandwidth() {
	l.admin.patch("/v1/tariffs/"+l.bandwidth, map[string]any{"data_center_ids": []string{l.center}}).is(http.StatusOK)
}

// welcome makes the storefront's key, its two clients and their keys.
func (l *life) welcome() {
	l.shop = l.keyFor(map[string]any{
		"name": "shop", "role": "storefront", "provider_id": l.provider, "scopes": []string{"payments:confirm", "statistics:write"},
	})
	l.client, l.buyer = l.register("buyer@shop.example")
	_, l.stranger = l.register("stranger@shop.example")
}

// keyFor makes a key of another role.
func (l *life) keyFor(body map[string]any) *caller {
	l.t.Helper()
	key := l.admin.post("/v1/api-keys", body).is(http.StatusCreated).text("key")
	return &caller{t: l.t, url: l.url, key: key}
}

func (l *life) register(email string) (id string, key *caller) {
	l.t.Helper()
	id = l.shop.post("/v1/clients", map[string]any{"email": email}).is(http.StatusCreated).text("id")
	return id, l.keyFor(map[string]any{"name": email, "role": "client", "provider_id": l.provider, "client_id": id})
}

// pay puts 500.00 on the client's balance.
func (l *life) pay() answer {
	return l.do(l.shop, http.MethodPost, "/v1/payments", map[string]any{
		"client_id": l.client, "amount": map[string]any{"amount": "500.00", "currency": "EUR"},
		"method": "manual", "external_id": "transfer-1", "status": "paid",
	}).is(http.StatusCreated)
}

// orderServers orders both servers at once.
func (l *life) orderServers() answer {
	server := map[string]any{"tariff_id": l.e3, "period": "P1M", "data_center_id": l.center}
	a := l.do(l.buyer, http.MethodPost, "/v1/orders", map[string]any{"items": []any{server, server}, "pay": "balance"}).is(http.StatusCreated)
	l.a, l.b = a.text("items.0.service_id"), a.text("items.1.service_id")
	return a
}

// haveServers waits out the installation and sets what the servers move: A 10 GiB each way every day, B nothing.
func (l *life) haveServers() {
	l.clock("2026-03-01T00:19:00Z")
	for _, s := range []struct {
		id   string
		into *string
		gib  int
	}{{l.a, &l.remoteA, 10}, {l.b, &l.remoteB, 0}} {
		service := l.do(l.buyer, http.MethodGet, "/v1/services/"+s.id, nil).is(http.StatusOK)
		require.Equal(l.t, "active", service.text("status"), "%s", service)
		*s.into = service.text("external_id")
		for _, day := range days("2026-03-01", "2026-04-05") {
			l.panels.traffic(*s.into, day, s.gib, s.gib)
		}
	}
}

// push sends the day of a server, in GiB each way, and answers what became of it.
func (l *life) push(server, day string, in, out int) answer {
	l.t.Helper()
	kib := func(gib int) map[string]any {
		return map[string]any{"value": fmt.Sprint(gib * kibPerGiB), "unit": "KiB"}
	}
	return l.do(l.shop, http.MethodPost, "/v1/statistics/blocks", map[string]any{"blocks": []any{map[string]any{
		"service_id": server, "day": day, "values": map[string]any{"in": kib(in), "out": kib(out)},
	}}}).is(http.StatusOK)
}

// bandwidthFor is the body of an order of bandwidth.
func (l *life) bandwidthFor(servers ...string) map[string]any {
	return map[string]any{"pay": "balance", "items": []any{map[string]any{
		"tariff_id": l.bandwidth, "period": "P1M", "data_center_id": l.center, "parameters": map[string]any{"servers": servers},
	}}}
}

// orderBandwidth orders bandwidth for A.
func (l *life) orderBandwidth() answer {
	a := l.do(l.buyer, http.MethodPost, "/v1/orders", l.bandwidthFor(l.a)).is(http.StatusCreated)
	l.pipe = a.text("items.0.service_id")
	l.idle()
	return a
}

// link sets the servers of the bandwidth service.
func (l *life) link(servers ...string) answer {
	l.t.Helper()
	return l.do(l.buyer, http.MethodPut, "/v1/services/"+l.pipe+"/servers", map[string]any{"servers": servers}).is(http.StatusOK)
}

// suspend, resume and remove act on the bandwidth service. Nothing outside has to be asked, but a switch may as well be
// answered as work under way.
func (l *life) suspend() {
	l.t.Helper()
	l.switched(l.do(l.shop, http.MethodPost, "/v1/services/"+l.pipe+"/suspend", map[string]any{"reason": "client"}), "suspended")
}

func (l *life) resume() {
	l.t.Helper()
	l.switched(l.do(l.shop, http.MethodPost, "/v1/services/"+l.pipe+"/resume", map[string]any{}), "active")
}

// remove deletes the bandwidth service. A DELETE carries no Idempotency-Key: after a break, the state tells whether the
// first one counted.
func (l *life) remove() {
	l.t.Helper()
	a := l.do(l.buyer, http.MethodDelete, "/v1/services/"+l.pipe, nil)
	if l.patient && a.status == http.StatusConflict {
		l.idle()
		require.Equal(l.t, "deleted", l.service(l.pipe).text("status"), "%s", a)
		return
	}
	l.switched(a, "deleted")
}

func (l *life) switched(a answer, status string) {
	l.t.Helper()
	require.Contains(l.t, []int{http.StatusOK, http.StatusAccepted}, a.status, "%s", a)
	l.idle()
	require.Equal(l.t, status, l.service(l.pipe).text("status"))
}

// service is a service as its client sees it.
func (l *life) service(id string) answer {
	l.t.Helper()
	return l.do(l.buyer, http.MethodGet, "/v1/services/"+id, nil).is(http.StatusOK)
}

// days lists the days of a half-open range.
func days(from, to string) (all []string) {
	for at, _ := time.Parse(time.DateOnly, from); at.Format(time.DateOnly) < to; at = at.AddDate(0, 0, 1) {
		all = append(all, at.Format(time.DateOnly))
	}
	return all
}

// newLife starts an installation and prepares everything that the first order needs.
func newLife(t testing.TB) *life {
	t.Helper()
	l := &life{world: newWorld(t)}
	l.openCenter()
	l.connectPanel()
	l.sellServers()
	l.sellBandwidth()
	l.bringBandwidth()
	l.welcome()
	return l
}
