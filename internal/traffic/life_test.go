package traffic_test

import (
	"context"
	"flag"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// rules are the invariants of traffic as a naive reading of its tables; each counts what breaks it.
var rules = map[string]string{
	"owners are what the rule says": `
		SELECT count(*) FROM traffic_block b
		WHERE owner_service_id <> coalesce((
			SELECT l.bandwidth_service_id FROM traffic_link l JOIN service_activity a ON a.service_id = l.bandwidth_service_id
			WHERE l.server_service_id = b.server_service_id AND l.superseded_at IS NULL
				AND l.from_at < b.day + 1 AND (l.to_at IS NULL OR l.to_at >= b.day + 1)
				AND a.from_at < b.day + 1 AND (a.to_at IS NULL OR a.to_at >= b.day + 1)), server_service_id)`,
	"a carried add-on has one special price, and ours exist nowhere else": `
		WITH carried AS (
			SELECT t.service_id, t.item, l.bandwidth_service_id FROM traffic_link l
			JOIN service_activity a ON a.service_id = l.bandwidth_service_id AND a.to_at IS NULL
			JOIN service_term t ON t.service_id = l.server_service_id AND t.source = 'tariff' AND t.to_at IS NULL
				AND t.term->>'add_on' IN ('traffic', 'in', 'out', 'bandwidth', 'burst_in_day', 'burst_out_day')
			WHERE l.to_at IS NULL AND l.superseded_at IS NULL)
		SELECT (SELECT count(*) FROM carried c WHERE 1 <> (
				SELECT count(*) FROM service_term s WHERE s.service_id = c.service_id AND s.item = c.item AND s.source <> 'tariff' AND s.to_at IS NULL))
			+ (SELECT count(*) FROM service_term s WHERE s.source = 'bandwidth' AND s.to_at IS NULL AND NOT EXISTS (
				SELECT FROM carried c WHERE c.service_id = s.service_id AND c.item = s.item AND c.bandwidth_service_id = s.bandwidth_service_id))`,
	"what was told leads from the server to the present owner": `
		SELECT count(*) FROM traffic_block b WHERE owner_service_id <> coalesce((
			SELECT to_service_id FROM traffic_reassignment r WHERE r.server_service_id = b.server_service_id AND b.day BETWEEN r.first_day AND r.last_day
			ORDER BY id DESC LIMIT 1), server_service_id)`,
	"every owner of a block has its month due": `
		SELECT count(*) FROM traffic_block b WHERE NOT EXISTS (
			SELECT FROM overage_due o WHERE o.service_id = b.owner_service_id AND o.month = date_trunc('month', b.day))`,
	"every replaced revision is kept": `
		SELECT count(*) FROM traffic_block b WHERE revision <> 1 + (
			SELECT count(*) FROM block_revision r WHERE r.server_service_id = b.server_service_id AND r.day = b.day)`,
}

func (w *world) requireTheRule() {
	w.Helper()
	for name, query := range rules {
		if name != "every owner of a block has its month due" { // some tests clear the due months
			require.Zero(w, w.count(query), name)
		}
	}
}

// life is one random life of some servers and bandwidth services.
type life struct {
	*world
	t         *rapid.T
	client    actor.ClientID
	servers   []service.ID
	bandwidth []service.ID
	gone      map[service.ID]bool
	asleep    map[service.ID]bool
	did       map[string]int
}

func (l *life) pick(name string, from []service.ID) service.ID {
	return rapid.SampledFrom(from).Draw(l.t, name)
}

// steps are what may happen; each says whether it could.
var steps = map[string]func(l *life) bool{
	"time passes": func(l *life) bool {
		l.clock.Advance(time.Duration(rapid.IntRange(1, 40).Draw(l.t, "hours")) * time.Hour)
		return true
	},
	"midnight sharp": func(l *life) bool {
		l.clock.Set(l.now().Truncate(24 * time.Hour).Add(24 * time.Hour))
		return true
	},
	"push": func(l *life) bool {
		s := l.pick("server", l.servers)
		on := l.now().AddDate(0, 0, -rapid.IntRange(0, 5).Draw(l.t, "ago")).Format(time.DateOnly)
		out := l.push(report(s, on, gib(rapid.SampledFrom([]string{"1", "2", "3"}).Draw(l.t, "gib"), "1")))
		if out.Replaced > 0 {
			l.did["revised"]++
		}
		return out.Accepted+out.Replaced > 0
	},
	"collect": func(l *life) bool {
		on := l.now().AddDate(0, 0, -1).Format(time.DateOnly)
		var reports []traffic.Report
		for _, s := range l.servers {
			reports = append(reports, report(s, on, gib("5", "5")))
		}
		return l.store(traffic.Lot{Source: traffic.Collector, Reports: reports}).Accepted > 0
	},
	"suspend or resume": func(l *life) bool {
		bw := l.pick("bandwidth", l.bandwidth)
		switch {
		case l.gone[bw]:
			return false
		case l.asleep[bw]:
			l.turn(bw, service.Active, traffic.Resumed)
		default:
			l.turn(bw, service.Suspended, traffic.Suspended)
		}
		l.asleep[bw] = !l.asleep[bw]
		return true
	},
	"set servers": func(l *life) bool {
		set := rapid.SliceOfNDistinct(rapid.SampledFrom(l.servers), 1, 3, rapid.ID[service.ID]).Draw(l.t, "set")
		return l.setServers(l.pick("bandwidth", l.bandwidth), set...) == nil
	},
	"correct the past": func(l *life) bool {
		set := rapid.SliceOfNDistinct(rapid.SampledFrom(l.servers), 1, 3, rapid.ID[service.ID]).Draw(l.t, "set")
		from := l.now().Add(-time.Duration(rapid.IntRange(0, 99).Draw(l.t, "hours ago")) * time.Hour)
		_, err := l.engine.SetServers(context.Background(), admin,
			traffic.SetServersInput{ServiceID: l.pick("bandwidth", l.bandwidth), Servers: set, EffectiveAt: &from})
		return err == nil
	},
	"staff price": func(l *life) bool {
		s := l.pick("server", l.servers)
		if l.gone[s] {
			return false
		}
		l.staffPrice(s, "traffic")
		return true
	},
	"staff price goes": func(l *life) bool {
		s := l.pick("server", l.servers)
		return l.engine.InTx(context.Background(), func(tx traffic.Tx) error {
			v, err := tx.ServiceByID(context.Background(), s)
			if err != nil {
				return err
			}
			return traffic.DropSpecialPrice(context.Background(), tx, admin, v, "traffic", "")
		}) == nil
	},
	"close": func(l *life) bool {
		if rapid.IntRange(0, 4).Draw(l.t, "rarely") > 0 {
			return false
		}
		id := l.pick("closed", append(slices.Clone(l.servers[1:]), l.bandwidth[1:]...))
		if l.gone[id] || l.asleep[id] {
			return false
		}
		l.gone[id] = true
		l.turn(id, service.Deleted, traffic.Closed)
		l.exec(`UPDATE service_term SET to_at = $2 WHERE service_id = $1 AND to_at IS NULL`, id, l.now()) // as lifecycle does
		return true
	},
	"recompute": func(l *life) bool {
		_, err := l.engine.Recompute(context.Background(), admin, traffic.RecomputeInput{From: day("2026-01-01"), To: day("2027-01-01")})
		require.NoError(l.t, err)
		return l.runDue("recomputation", l.engine.RunRecomputation) == 1
	},
}

func TestAnyLifeKeepsTheRules(t *testing.T) {
	t.Parallel()
	names := make([]string, 0, len(steps))
	for name := range steps {
		names = append(names, name)
	}
	slices.Sort(names)
	var mu sync.Mutex
	did := map[string]int{}
	// Each life takes a database of its own; a plain test run makes do with some of rapid's 100.
	few, lives := flag.Lookup("rapid.checks").Value.String() == "100", 0
	rapid.Check(t, func(rt *rapid.T) {
		if lives++; few && lives > 25 {
			return
		}
		w := newWorld(t)
		l := &life{world: w, t: rt, client: w.newClient(), gone: map[service.ID]bool{}, asleep: map[service.ID]bool{}, did: map[string]int{}}
		l.servers = []service.ID{l.newServer(l.client), l.newServer(l.client), l.newServer(l.client)}
		w.go_("2026-03-01 10:00")
		l.bandwidth = []service.ID{l.newBandwidth(l.client, l.servers[0]), l.newBandwidth(l.client, l.servers[1])}
		for range rapid.IntRange(10, 40).Draw(rt, "steps") {
			name := rapid.SampledFrom(names).Draw(rt, "step")
			if steps[name](l) {
				l.did[name]++
			}
			for rule, query := range rules {
				require.Zero(rt, w.count(query), "%s, after %s", rule, name)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for name, n := range l.did {
			did[name] += n
		}
	})
	for _, name := range append(names, "revised") {
		require.NotZero(t, did[name], "%q never happened", name)
	}
	t.Log(did)
}
