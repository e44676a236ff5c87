package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStory is one client's March, from an empty installation to the last cent: a hosting company sells two servers and,
// beside one of them, that server's bandwidth; each day's traffic goes to whoever is responsible for it at the day's end.
func TestStory(t *testing.T) { //nolint:tparallel // a story is told in order
	t.Parallel()
	s := &story{life: &life{world: newWorld(t)}}
	defer s.in(t)
	for _, chapter := range []struct {
		name string
		tell func()
	}{
		{"a panel is connected, but not with a wrong password", s.panelIsConnected},
		{"servers are sold", s.serversAreSold},
		{"bandwidth is sold only where there is a data center", s.bandwidthIsSold},
		{"two servers are paid and held while the panel installs", s.serversAreOrdered},
		{"bandwidth is refused for what is not yet there or not one's own", s.bandwidthIsRefused},
		{"the servers are active and booked", s.serversAreActive},
		{"bandwidth takes the running day with it", s.bandwidthStarts},
		{"a staff price stays when a server is linked", s.secondServerComesAndGoes},
		{"suspend gives the running day back", s.suspended},
		{"resume late in the evening takes the day", s.resumed},
		{"delete gives money back, not days", s.removed},
		{"three days of a dead panel come late", s.panelIsDown},
		{"the servers renew on the 31st", s.serversRenew},
		{"April begins", s.marchIsOver},
		{"running any day again charges nothing", s.everythingAgain},
		{"late truths change only whose they are", s.revisions},
		{"what was too much is taken back", s.takenBack},
		{"the feed tells all of it", s.eventsTold},
		{"nothing is wrong", s.verified},
	} {
		told := t.Run(chapter.name, func(t *testing.T) {
			s.in(t)
			chapter.tell()
		})
		if !told {
			return // what follows would only repeat it
		}
	}
}

// story is the life with what only this test looks at.
type story struct{ *life }

// in makes failures belong to the chapter that is being told.
func (s *story) in(t *testing.T) {
	s.t, s.panels.t = t, t
	for _, c := range []*caller{s.admin, s.shop, s.buyer, s.stranger} {
		if c != nil {
			c.t = t
		}
	}
}

func (s *story) panelIsConnected() {
	s.openCenter()
	s.admin.post("/v1/processing-modules", s.panelModule("wrong")).refused(http.StatusUnprocessableEntity, "connection_failed")
	require.Empty(s.t, s.admin.all("/v1/processing-modules"), "nothing is stored")
	require.Equal(s.t, "ok", s.connectPanel().text("health.status"))
	module := s.admin.get("/v1/processing-modules/" + s.panel).is(http.StatusOK)
	require.Equal(s.t, map[string]any{"set": true}, module.part("connection.password").v, "a password is not read back")
	require.NotContains(s.t, string(module.body), `"secret"`)
}

func (s *story) serversAreSold() {
	s.sellServers()
	a := s.admin.get("/v1/tariffs/" + s.e3 + "/availability").is(http.StatusOK)
	require.True(s.t, a.yes("orderable"), "%s", a)
	require.Equal(s.t, 4, a.int("data_centers.0.free"), "the panel holds four free servers of the configuration")
}

func (s *story) bandwidthIsSold() {
	s.sellBandwidth()
	a := s.admin.get("/v1/tariffs/" + s.bandwidth + "/availability").is(http.StatusOK)
	require.False(s.t, a.yes("orderable"))
	require.Equal(s.t, "no_data_center", a.text("reasons.0.code"))
	s.bringBandwidth()
	a = s.admin.get("/v1/tariffs/" + s.bandwidth + "/availability").is(http.StatusOK)
	require.True(s.t, a.yes("orderable"), "%s", a)
}

func (s *story) serversAreOrdered() {
	s.welcome()
	s.pay()
	s.money("500.00", "0.00")
	order := s.orderServers()
	require.Equal(s.t, "120.00", order.euro("total"))
	require.Equal(s.t, "paid", order.text("status"))
	s.idle()
	for _, id := range []string{s.a, s.b} {
		service := s.service(id)
		require.Equal(s.t, "processing", service.text("status"), "the panel is installing")
		require.True(s.t, service.null("started_at"))
	}
	for _, item := range order.list("items") {
		operation := s.buyer.get("/v1/operations/" + item.text("operation_id")).is(http.StatusOK)
		require.Equal(s.t, "open waiting", operation.text("kind")+" "+operation.text("status"))
	}
	s.money("380.00", "120.00")
}

func (s *story) bandwidthIsRefused() {
	unknown := s.stranger.post("/v1/orders", s.bandwidthFor("01957f0e-8b44-7f60-8e2d-1a9c7b5d3f08"))
	unknown.refused(http.StatusUnprocessableEntity, unknown.text("code"), "/items/0/parameters/servers/0 server_not_found")
	foreign := s.stranger.post("/v1/orders", s.bandwidthFor(s.a))
	foreign.is(http.StatusUnprocessableEntity)
	require.Equal(s.t, unknown.text("code"), foreign.text("code"), "a foreign server is one that does not exist")
	require.Equal(s.t, unknown.places(), foreign.places(), "a foreign server is one that does not exist")
	early := s.buyer.post("/v1/orders", s.bandwidthFor(s.a))
	early.refused(http.StatusUnprocessableEntity, early.text("code"), "/items/0/parameters/servers/0 server_not_active")
	require.Len(s.t, s.buyer.all("/v1/services"), 2, "nothing is stored")
	require.Empty(s.t, s.stranger.all("/v1/services"))
	s.money("380.00", "120.00")
}

func (s *story) serversAreActive() {
	s.haveServers()
	s.money("380.00", "0.00")
	require.ElementsMatch(s.t, []string{s.remoteA, s.remoteB}, s.panels.owned(), "each service has one server")
	for _, id := range []string{s.a, s.b} {
		service := s.service(id)
		start, end := service.instant("started_at"), service.instant("paid_until")
		require.False(s.t, start.Before(instant(s.t, "2026-03-01T00:10:00Z")), "not before the panel has finished: %s", start)
		require.Equal(s.t, start.AddDate(0, 1, 0), end)
		require.NotEmpty(s.t, service.list("addresses"))
		for kind, want := range map[string]int64{"period": 5000, "setup": 1000} {
			cents, rows := s.expenses(id, kind)
			require.Equal(s.t, want, cents, kind)
			require.Equal(s.t, 1, rows, kind)
		}
	}
	require.Equal(s.t, "completed", s.buyer.get("/v1/orders").is(http.StatusOK).text("data.0.status"))
}

func (s *story) bandwidthStarts() {
	s.clock("2026-03-05T13:00:00Z")
	require.Equal(s.t, ownedBy(map[string][]string{"A": {"1-4"}}), s.owners(s.a))
	require.Equal(s.t, 1, s.push(s.a, "2026-03-05", 10, 10).int("accepted"))
	require.Equal(s.t, "A", s.owners(s.a)["2026-03-05"])

	s.clock("2026-03-05T14:00:00Z")
	order := s.buyer.post("/v1/orders", s.bandwidthFor(s.a)).is(http.StatusCreated)
	s.pipe = order.text("items.0.service_id")
	s.idle()
	service := s.service(s.pipe)
	require.Equal(s.t, "active", service.text("status"), "nothing has to be made")
	require.Equal(s.t, "2026-03-05T14:00:00Z", service.text("started_at"))
	require.Equal(s.t, "2026-04-05T14:00:00Z", service.text("paid_until"))
	s.money("360.00", "0.00")
	require.Equal(s.t, ownedBy(map[string][]string{"A": {"1-4"}, "bandwidth": {"5"}}), s.owners(s.a))
	require.Equal(s.t, []string{"2026-03-05 A>bandwidth opened"}, s.moves(s.a))
	moved := s.admin.all("/v1/traffic-reassignments?service_id=" + s.pipe)
	require.Equal(s.t, service.text("started_at"), moved[0].text("decided_at"), "it moves when the service becomes active")
	s.pricedByBandwidth()
	require.Empty(s.t, s.specialPrices(s.b), "B is untouched")
	s.trafficCosts(s.b, "0.02", "tariff")
}

// pricedByBandwidth checks that A pays nothing for its traffic, because somebody else does.
func (s *story) pricedByBandwidth() {
	s.t.Helper()
	require.Equal(s.t, s.ours(), s.specialPrices(s.a))
	s.trafficCosts(s.a, "0", "bandwidth")
	require.Equal(s.t, s.pipe, s.service(s.a).text("bandwidth_service_id"))
}

// pricedByTariff checks that nothing of the bandwidth service's is left on A.
func (s *story) pricedByTariff() {
	s.t.Helper()
	require.Empty(s.t, s.specialPrices(s.a))
	s.trafficCosts(s.a, "0.02", "tariff")
}

func (s *story) trafficCosts(service, want, from string) {
	s.t.Helper()
	price, source := s.trafficPrice(service)
	require.Equal(s.t, want, price)
	require.Equal(s.t, from, source)
}

func (s *story) secondServerComesAndGoes() {
	s.clock("2026-03-05T15:00:00Z")
	s.admin.put("/v1/services/"+s.b+"/special-prices/traffic", map[string]any{"overage_price": "0.03"}).is(http.StatusOK)
	staffs := s.specialPrices(s.b)
	require.Len(s.t, staffs, 1)
	require.Equal(s.t, "staff", staffs[0]["source"])
	before := s.service(s.a)

	s.clock("2026-03-06T10:00:00Z")
	linked := s.link(s.a, s.b)
	require.Equal(s.t, map[string]string{s.a: "set", s.b: "kept_existing"}, overrides(linked))
	require.Equal(s.t, staffs, s.specialPrices(s.b), "the staff's price stays")
	s.trafficCosts(s.b, "0.03", "staff")
	after := s.service(s.a)
	require.Equal(s.t, before.part("special_prices").v, after.part("special_prices").v, "nothing changes for A")
	require.Equal(s.t, before.part("prices").v, after.part("prices").v, "nothing changes for A")
	s.buyer.put("/v1/services/"+s.pipe+"/servers", map[string]any{"servers": []string{}}).refused(http.StatusUnprocessableEntity, "last_server")

	s.clock("2026-03-07T10:00:00Z")
	linked = s.link(s.a)
	require.Equal(s.t, map[string]string{s.a: "set"}, overrides(linked))
	require.Equal(s.t, staffs, s.specialPrices(s.b), "the staff's price stays")
	require.True(s.t, s.service(s.b).null("bandwidth_service_id"))
	s.pricedByBandwidth()
	require.Equal(s.t, ownedBy(map[string][]string{"B": {"1-5"}, "bandwidth": {"6"}}), s.owners(s.b), "the 6th ended while it was linked")
	require.Equal(s.t, []string{"2026-03-06 B>bandwidth linked"}, s.moves(s.b))
}

// overrides tells of each linked server what became of its price for traffic.
func overrides(service answer) map[string]string {
	out := map[string]string{}
	for _, server := range service.list("linked_servers") {
		for _, price := range server.list("prices") {
			out[server.text("service_id")] += price.text("price_override")
		}
	}
	return out
}

func (s *story) suspended() {
	s.clock("2026-03-12T08:00:00Z")
	require.Equal(s.t, 1, s.push(s.a, "2026-03-12", 10, 10).int("accepted"))
	require.Equal(s.t, "bandwidth", s.owners(s.a)["2026-03-12"], "for now")
	s.clock("2026-03-12T09:00:00Z")
	s.suspend()
	require.Equal(s.t, []string{"client"}, s.service(s.pipe).texts("suspend_reasons"))
	require.Equal(s.t, ownedBy(map[string][]string{"A": {"1-4", "12"}, "bandwidth": {"5-11"}}), s.owners(s.a))
	moves := s.moves(s.a)
	require.Equal(s.t, []string{"2026-03-12 A>bandwidth opened", "2026-03-12 bandwidth>A suspended"}, moves[len(moves)-2:])
	s.pricedByTariff()
	require.Len(s.t, s.service(s.pipe).list("linked_servers"), 1, "the link lives on")
	s.money("360.00", "0.00")
}

func (s *story) resumed() {
	s.clock("2026-03-15T23:30:00Z")
	s.pricedByTariff()
	s.resume()
	require.Empty(s.t, s.service(s.pipe).texts("suspend_reasons"))
	s.pricedByBandwidth()
	// The 12th filled up what is included; the 13th and 14th were charged as they ended.
	s.charged(40, "13-14")
	s.money("359.20", "0.00")
}

// charged checks A's overage: the same amount for each of these days of March, and none for any other.
func (s *story) charged(cents int64, spans ...string) {
	s.t.Helper()
	byDay, _ := s.overage(s.a, "traffic")
	require.Equal(s.t, steps(cents, spans...), byDay)
}

func (s *story) removed() {
	s.clock("2026-03-20T00:05:00Z")
	s.pricedByBandwidth()
	s.remove()
	cents, rows := s.expenses(s.pipe, "refund")
	require.Equal(s.t, int64(-1032), cents, "20.00 for 16 of 31 days")
	require.Equal(s.t, 1, rows)
	s.money("369.52", "0.00")
	s.pricedByTariff()
	require.True(s.t, s.service(s.a).null("bandwidth_service_id"))

	s.clock("2026-03-21T01:00:00Z")
	require.Equal(s.t, ownedBy(map[string][]string{"A": {"1-4", "12-14", "20"}, "bandwidth": {"5-11", "15-19"}}), s.owners(s.a))
	s.charged(40, "13-14", "20")
	s.money("369.12", "0.00")
}

func (s *story) panelIsDown() {
	s.clock("2026-03-22T00:00:00Z")
	s.panels.fault("http_503", "", "")
	s.clock("2026-03-24T23:59:00Z")
	require.NotContains(s.t, s.owners(s.a), "2026-03-21")
	require.Len(s.t, s.owners(s.a), 20)
	s.charged(40, "13-14", "20")
	require.NoError(s.t, s.panels.mend())

	s.clock("2026-03-25T02:00:00Z")
	require.Len(s.t, s.owners(s.a), 24, "all days are caught up")
	s.charged(40, "13-14", "20-24")
	s.money("367.52", "0.00")
}

func (s *story) serversRenew() {
	s.clock("2026-03-31T00:19:00Z")
	s.money("365.52", "0.00")
	end := s.service(s.a).instant("paid_until")
	s.clock("2026-03-31T00:21:00Z")
	for _, id := range []string{s.a, s.b} {
		cents, rows := s.expenses(id, "period")
		require.Equal(s.t, int64(10000), cents, "without the setup fee")
		require.Equal(s.t, 2, rows)
	}
	require.Equal(s.t, end.AddDate(0, 1, 0), s.service(s.a).instant("paid_until"))
	s.money("265.12", "0.00")
}

func (s *story) marchIsOver() {
	s.clock("2026-04-01T00:20:00Z")
	s.money("264.72", "0.00")
	require.Equal(s.t, wholeMarch(), s.owners(s.a))
	require.Equal(s.t, ownedBy(map[string][]string{"B": {"1-5", "7-31"}, "bandwidth": {"6"}}), s.owners(s.b))
	s.charged(40, "13-14", "20-31")
	_, total := s.overage(s.a, "traffic")
	require.Equal(s.t, int64(560), total)
	s.used(s.a, "traffic", "380", "280", "5.60")
	s.used(s.pipe, "bandwidth", "240", "0", "0.00")
	require.Equal(s.t, s.wholeMoves(), s.moves(s.a))
	s.priceExistedWhileActive()
	s.ledgerAgrees()
}

// used checks a service's month in quantities.
func (s *story) used(service, addOn, used, overage, amount string) {
	s.t.Helper()
	month := s.buyer.get("/v1/services/" + service + "/statistics?from=2026-03-01&to=2026-04-01&by=month").is(http.StatusOK)
	for _, row := range month.list("rows.0.add_ons") {
		if row.text("code") != addOn {
			continue
		}
		require.Equal(s.t, "GiB", row.text("unit"))
		require.Equal(s.t, used, row.number("used"))
		require.Equal(s.t, overage, row.number("overage"))
		require.Equal(s.t, amount, row.euro("overage_amount"))
		return
	}
	require.Fail(s.t, "the add-on is missing", "%s", month)
}

// priceExistedWhileActive reads from A's history when its price changed: exactly when the bandwidth service did.
func (s *story) priceExistedWhileActive() {
	s.t.Helper()
	var changes []string
	for _, entry := range s.admin.all("/v1/services/" + s.a + "/history") {
		if strings.Contains(entry.text("kind"), "price") {
			changes = append(changes, entry.text("at"))
		}
	}
	require.Equal(s.t, []string{"2026-03-05T14:00:00Z", "2026-03-12T09:00:00Z", "2026-03-15T23:30:00Z", "2026-03-20T00:05:00Z"}, changes)
}

func (s *story) everythingAgain() {
	before := s.books()
	for _, day := range days("2026-03-01", "2026-04-01") {
		s.admin.post("/v1/statistics/collect", map[string]any{"day": day, "overwrite": day > "2026-03-15"}).is(http.StatusAccepted)
	}
	again := s.admin.post("/v1/traffic-reassignments/recompute", map[string]any{"from": "2026-03-01", "to": "2026-04-01"}).is(http.StatusAccepted)
	s.idle()
	done := s.admin.get(again.header.Get("Location")).is(http.StatusOK)
	require.Equal(s.t, "finished", done.text("status"))
	require.Equal(s.t, 62, done.int("examined"))
	require.Equal(s.t, 0, done.int("changed"))
	require.Equal(s.t, before, s.books())
	s.money("264.72", "0.00")
}

// books is everything that was charged or moved, as text.
func (s *story) books() string {
	s.t.Helper()
	return fmt.Sprint(s.buyer.all("/v1/clients/"+s.client+"/ledger"), s.buyer.all("/v1/expenses"), s.admin.all("/v1/traffic-reassignments"))
}

func (s *story) revisions() {
	s.clock("2026-04-02T10:00:00Z")
	s.money("264.72", "0.00")
	require.Equal(s.t, 1, s.push(s.a, "2026-03-06", 60, 10).int("replaced"))
	s.idle()
	s.used(s.pipe, "bandwidth", "290", "0", "0.00")
	s.used(s.a, "traffic", "380", "280", "5.60")
	s.money("264.72", "0.00")

	require.Equal(s.t, 1, s.push(s.a, "2026-03-02", 40, 10).int("replaced"))
	s.idle()
	s.used(s.a, "traffic", "410", "310", "6.20")
	s.sameEnd()
	require.Equal(s.t, 1, s.push(s.a, "2026-03-02", 40, 10).int("unchanged"))

	history := s.admin.get("/v1/statistics/blocks/" + s.a + "/2026-03-06/history").is(http.StatusOK)
	require.Len(s.t, history.list("revisions"), 2)
}

// takenBack corrects the 2nd down and up again: reversals, then new charges, and the same end.
func (s *story) takenBack() {
	s.push(s.a, "2026-03-02", 10, 10)
	s.idle()
	s.charged(40, "13-14", "20-31")
	s.money("264.72", "0.00")
	_, reversals := s.expenses(s.a, "correction")
	require.NotZero(s.t, reversals)
	s.push(s.a, "2026-03-02", 40, 10)
	s.idle()
	s.sameEnd()
}

func (s *story) eventsTold() {
	told := map[string]int{}
	for _, event := range s.buyer.all("/v1/events") {
		told[event.text("type")]++
	}
	for kind, want := range map[string]int{
		"payment.paid": 1, "service.opened": 3, "service.suspended": 1, "service.resumed": 1, "service.closed": 1, "service.renewed": 2,
	} {
		require.Equal(s.t, want, told[kind], "%s in %v", kind, told)
	}
	require.NotZero(s.t, told["traffic.reassigned"])
	require.Equal(s.t, 1, told["overage.started"])
	kept := 0
	for _, event := range s.admin.all("/v1/events?type=price.override_kept") {
		require.Equal(s.t, "price.override_kept", event.text("type"))
		kept++
	}
	require.Equal(s.t, 1, kept)
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return at
}
