package e2e

import (
	"fmt"
	"net/http"

	"github.com/stretchr/testify/require"
)

// What the tests read of a life to compare it with what should have happened.

// money checks what the client can spend and what is held for orders.
func (l *life) money(balance, held string) {
	l.t.Helper()
	c := l.do(l.buyer, http.MethodGet, "/v1/clients/"+l.client, nil).is(http.StatusOK)
	require.Equal(l.t, balance, c.euro("balance"), "balance")
	require.Equal(l.t, held, c.euro("held"), "held")
}

// owners names the owner of each stored day of a server from 1 March on: A, B or the bandwidth service.
func (l *life) owners(server string) map[string]string {
	l.t.Helper()
	out := map[string]string{}
	for _, block := range l.buyer.all("/v1/statistics/blocks?server_service_id=" + server + "&from=2026-03-01&to=2026-04-01") {
		day := block.text("day")
		require.NotContains(l.t, out, day, "one day has two blocks")
		out[day] = l.named(block.text("owner_service_id"))
	}
	return out
}

func (l *life) named(service string) string {
	switch service {
	case l.a:
		return "A"
	case l.b:
		return "B"
	case l.pipe:
		return "bandwidth"
	}
	return service
}

// ownedBy gives every listed day of March an owner: "1-4" and "7" are days.
func ownedBy(owners map[string][]string) map[string]string {
	out := map[string]string{}
	for owner, spans := range owners {
		for _, span := range spans {
			var first, last int
			if n, _ := fmt.Sscanf(span, "%d-%d", &first, &last); n == 1 {
				last = first
			}
			for day := first; day <= last; day++ {
				out[march(day)] = owner
			}
		}
	}
	return out
}

func march(day int) string { return fmt.Sprintf("2026-03-%02d", day) }

// wholeMarch is who owns A's days at the end of the story.
func wholeMarch() map[string]string {
	return ownedBy(map[string][]string{"A": {"1-4", "12-14", "20-31"}, "bandwidth": {"5-11", "15-19"}})
}

// overage sums what is booked for a service's use by the day of the use, in cents, and checks each line's own claims.
func (l *life) overage(service, addOn string) (byDay map[string]int64, total int64) {
	l.t.Helper()
	byDay = map[string]int64{}
	rows := l.buyer.all("/v1/expenses?service_id=" + service)
	booked := map[string]value{}
	for _, row := range rows {
		booked[row.text("id")] = row
	}
	for _, row := range rows {
		if row.null("add_on") || row.text("add_on") != addOn {
			continue
		}
		day, cents := row.text("for_day"), row.cents("amount")
		require.Equal(l.t, day, row.text("date"), "an overage is dated with its day while the month is open: %s", row)
		switch row.text("kind") {
		case "overage":
			require.True(l.t, row.null("reverses"), "%s", row)
		case "correction":
			undone, ok := booked[row.text("reverses")]
			require.True(l.t, ok, "a correction names what it takes back: %s", row)
			require.Equal(l.t, -undone.cents("amount"), cents, "%s takes back %s", row, undone)
			require.Equal(l.t, day, undone.text("for_day"))
		default:
			require.Fail(l.t, "no kind of an overage", "%s", row)
		}
		byDay[day] += cents
		total += cents
		if byDay[day] == 0 {
			delete(byDay, day)
		}
	}
	return byDay, total
}

// steps is the same charge for each of the days of March.
func steps(cents int64, spans ...string) map[string]int64 {
	out := map[string]int64{}
	for day := range ownedBy(map[string][]string{"": spans}) {
		out[day] = cents
	}
	return out
}

// expenses sums a service's expenses of one kind, in cents, and counts them.
func (l *life) expenses(service, kind string) (cents int64, rows int) {
	l.t.Helper()
	for _, row := range l.buyer.all("/v1/expenses?service_id=" + service) {
		if row.text("kind") == kind {
			cents += row.cents("amount")
			rows++
		}
	}
	return cents, rows
}

// ledgerAgrees checks that the entries add up to the balance, one by one.
func (l *life) ledgerAgrees() {
	l.t.Helper()
	var balance int64
	for _, entry := range l.buyer.all("/v1/clients/" + l.client + "/ledger") {
		balance += entry.cents("amount")
		require.Equal(l.t, balance, entry.cents("balance_after"), "%s", entry)
	}
	c := l.buyer.get("/v1/clients/" + l.client).is(http.StatusOK)
	require.Equal(l.t, balance, c.cents("balance"))
}

// specialPrices are those of a service, without the moment since when.
func (l *life) specialPrices(service string) (all []map[string]any) {
	l.t.Helper()
	for _, price := range l.service(service).list("special_prices") {
		row := price.v.(map[string]any)
		delete(row, "since")
		for _, name := range []string{"amount", "overage_price"} {
			if row[name] != nil {
				row[name] = price.number(name)
			}
		}
		all = append(all, row)
	}
	return all
}

// ours is the special price that the bandwidth service sets.
func (l *life) ours() []map[string]any {
	return []map[string]any{{
		"add_on": "traffic", "period": nil, "amount": "0", "overage_price": "0", "source": "bandwidth", "bandwidth_service_id": l.pipe,
	}}
}

// trafficPrice is what a service pays for traffic above what is included, and why.
func (l *life) trafficPrice(service string) (price, source string) {
	l.t.Helper()
	for _, p := range l.service(service).list("prices") {
		if !p.null("add_on") && p.text("add_on") == "traffic" {
			return p.number("overage_price"), p.text("source")
		}
	}
	require.Fail(l.t, "the service has no price for traffic")
	return "", ""
}

// moves lists the reassignments of a server's days in March, as "day from>to cause".
func (l *life) moves(server string) (all []string) {
	l.t.Helper()
	for _, row := range l.admin.all("/v1/traffic-reassignments?service_id=" + server + "&from=2026-03-01&to=2026-04-01") {
		if row.text("server_service_id") == server {
			all = append(all, row.text("day")+" "+l.named(row.text("from_service_id"))+">"+l.named(row.text("to_service_id"))+" "+row.text("cause"))
		}
	}
	return all
}

// wholeMoves are A's reassignments of the story: each day that was not A's from the beginning, and each that changed.
func (l *life) wholeMoves() (all []string) {
	for day := 5; day <= 12; day++ {
		all = append(all, march(day)+" A>bandwidth opened")
	}
	all = append(all, march(12)+" bandwidth>A suspended")
	for day := 15; day <= 19; day++ {
		all = append(all, march(day)+" A>bandwidth resumed")
	}
	return all
}

// sameEnd checks how every telling of the story ends, whatever happened on the way.
func (l *life) sameEnd() {
	l.t.Helper()
	byDay, total := l.overage(l.a, "traffic")
	want := steps(40, "12-14", "20-31")
	want["2026-03-04"] = 20 // with the late 30 GiB of the 2nd, the 4th goes 10 GiB beyond what is included
	require.Equal(l.t, want, byDay)
	require.Equal(l.t, int64(620), total)
	require.Equal(l.t, wholeMarch(), l.owners(l.a))
	require.Equal(l.t, l.wholeMoves(), l.moves(l.a))
	l.money("264.12", "0.00")
	l.ledgerAgrees()
}
