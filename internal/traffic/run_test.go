package traffic_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// counting gives the world a driver that counts: DCImanager 6, played by source.
func (w *world) counting(source *fakeSource) {
	w.engine.Drivers = provision.NewRegistry(
		provision.Driver{Info: provision.Info{Name: "dcimanager6", Statistics: []provision.Statistic{{Param: "in", Unit: "KiB", Kind: "counter"}}}},
		provision.Driver{Info: provision.Info{Name: "none"}},
	)
	w.engine.Connect = func(context.Context, provision.ModuleID) (provision.Module, error) { return source, nil }
}

// runDue runs what is due of one kind at the world's instant and answers how many rows that were.
func (w *world) runDue(kind string, run func(ctx context.Context, id string, no int64) error) int {
	w.Helper()
	claims, err := w.db.Due(kind).Claim(context.Background(), w.now(), 100)
	require.NoError(w, err)
	for _, c := range claims {
		require.NoError(w, run(context.Background(), c.ID, c.No))
	}
	return len(claims)
}

func (w *world) ref(s service.ID) provision.Ref {
	w.Helper()
	var ref provision.Ref
	require.NoError(w, w.pool.Get(&ref, `SELECT external_id FROM service WHERE id = $1`, s))
	return ref
}

func used(ref provision.Ref, kib int64) provision.Usage {
	return provision.Usage{Ref: ref, Values: map[string]provision.Value{"in": {Amount: decimal.NewFromInt(kib), Unit: "KiB"}}}
}

func TestStatisticsAreCollectedDailyAndCaughtUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	c := w.newClient()
	w.go_("2026-03-01 08:00")
	a, _ := w.newServer(c), w.newServer(c)
	refA := w.ref(a)
	away := false
	w.counting(&fakeSource{usage: func(ref provision.Ref, on calendar.Day) (provision.Usage, bool, error) {
		if away {
			return provision.Usage{}, false, provision.NewUnavailable(errors.New("refused"), "connection refused\x00")
		}
		return used(ref, int64(on.Dom)), ref == refA, nil // the panel has nothing for B
	}})
	var answers []bool
	w.engine.Asked = func(_ context.Context, _ traffic.Tx, id provision.ModuleID, failure error) error {
		require.Equal(t, w.modules["dcimanager6"], id)
		answers = append(answers, failure == nil)
		return nil
	}
	require.NoError(t, w.engine.Begin(ctx))
	require.NoError(t, w.engine.Begin(ctx))
	plan := func() int { return w.runDue("statistics_day", w.engine.RunPlan) }
	collect := func() int { return w.runDue("collection", w.engine.RunCollection) }

	require.Zero(t, plan())
	w.go_("2026-03-02 00:20")
	require.Equal(t, 1, plan())
	require.Equal(t, 1, collect())
	require.Equal(t, "1 - r1 collector", w.stored(a, "2026-03-01"))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM collection WHERE status = 'done' AND expected = 2 AND got = 1 AND missing = 1 AND failed = 0`))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM pg_class WHERE relname = 'traffic_block_202604'`), "partitions are made ahead")

	w.go_("2026-03-05 09:00") // nothing ran for three days
	require.Equal(t, 1, plan())
	require.Equal(t, 3, w.count(`SELECT count(*) FROM collection WHERE status = 'due'`))
	away = true
	require.Equal(t, 3, collect())
	require.Zero(t, collect(), "tried again in an hour")
	var failures []byte
	require.NoError(t, w.pool.Get(&failures, `SELECT failures FROM collection WHERE day = '2026-03-03'`))
	var said []traffic.Failure
	require.NoError(t, json.Unmarshal(failures, &said))
	require.Equal(t, []traffic.Failure{{ModuleID: w.modules["dcimanager6"], Code: "panel_unavailable", Detail: "connection refused?"}}, said)
	require.Equal(t, 3, w.count(`SELECT count(*) FROM collection WHERE status = 'due' AND failed = 2 AND attempts = 1`))
	w.go_("2026-03-05 10:00")
	away = false
	require.Equal(t, 3, collect())
	require.Equal(t, "4 - r1 collector", w.stored(a, "2026-03-04"))
	require.Equal(t, []bool{true, false, false, false, true, true, true}, answers, "how the panel answered is told")

	w.go_("2026-03-07 00:20")
	require.Equal(t, 1, plan())
	away = true
	require.Equal(t, 2, collect())
	w.go_("2026-06-01 23:30") // in an hour March is closed
	require.Equal(t, 2, collect())
	require.Zero(t, w.count(`SELECT count(*) FROM collection WHERE status = 'due'`), "closed months are given up")
}

func TestOneServersFailureNeverStopsTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	c := w.newClient()
	var all []service.ID
	for range 7 {
		all = append(all, w.newServer(c))
	}
	bad := w.ref(all[4])
	source := &fakeSource{usage: func(ref provision.Ref, _ calendar.Day) (provision.Usage, bool, error) {
		if ref == bad {
			return provision.Usage{}, false, provision.NewRejected("module_refused", "no such port")
		}
		return used(ref, 1), true, nil
	}}
	w.counting(source)
	w.go_("2026-03-02 12:00")
	run, err := w.engine.Collect(ctx, admin, traffic.CollectInput{})
	require.NoError(t, err)
	require.Equal(t, day("2026-03-01"), run.Day, "yesterday unless given")
	require.Equal(t, 1, w.runDue("collection", w.engine.RunCollection))
	require.Equal(t, 6, w.count(`SELECT count(*) FROM traffic_block`))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM collection WHERE expected = 7 AND got = 6 AND failed = 1 AND status = 'due'
		AND failures->0->>'service_id' = $1 AND failures->0->>'detail' = 'no such port'`, all[4]))
	_, err = w.engine.Collect(ctx, admin, traffic.CollectInput{Day: day("2026-03-03")})
	requireCode(t, err, "day_out_of_range")
	_, err = w.engine.Collect(ctx, admin, traffic.CollectInput{Day: day("2025-11-30")})
	requireCode(t, err, "month_closed")
	_, err = w.engine.Collect(ctx, admin, traffic.CollectInput{ModuleID: w.modules["none"]})
	requireCode(t, err, "unsupported_operation")
	_, err = w.engine.Collect(ctx, admin, traffic.CollectInput{ModuleID: "01957f0e-8b44-7f60-8e2d-1a9c7b5d3f08"})
	requireCode(t, err, "not_found")
}

func TestACollectionAskedForAnewTakesTheClaimFromTheOneAtWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	w.newServer(w.newClient())
	source := &fakeSource{}
	source.usage = func(ref provision.Ref, _ calendar.Day) (provision.Usage, bool, error) {
		if source.calls == 1 { // while the first is at work
			_, err := w.engine.Collect(ctx, admin, traffic.CollectInput{Overwrite: true})
			require.NoError(t, err)
		}
		return used(ref, 1), true, nil
	}
	w.counting(source)
	w.go_("2026-03-02 12:00")
	_, err := w.engine.Collect(ctx, admin, traffic.CollectInput{})
	require.NoError(t, err)
	claims, err := w.db.Due("collection").Claim(ctx, w.now(), 1)
	require.NoError(t, err)
	require.True(t, fault.Has(w.engine.RunCollection(ctx, claims[0].ID, claims[0].No), "claim_lost"))
	require.Equal(t, 1, w.runDue("collection", w.engine.RunCollection))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM collection WHERE status = 'done' AND overwrite AND got = 1`))
}

func TestTheDayOfAResoldServerBelongsToItsLastHolder(t *testing.T) { // D27
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	w.counting(&fakeSource{usage: func(ref provision.Ref, _ calendar.Day) (provision.Usage, bool, error) { return used(ref, 1), true, nil }})
	c := w.newClient()
	first := w.newServer(c)
	w.go_("2026-03-03 10:00")
	w.turn(first, service.Deleted, traffic.Closed)
	w.go_("2026-03-03 12:00")
	second := w.newServer(c)
	w.exec(`UPDATE service SET external_id = (SELECT external_id FROM service WHERE id = $1) WHERE id = $2`, first, second)
	w.go_("2026-03-05 12:00")
	w.turn(second, service.Deleted, traffic.Closed)
	for _, on := range []string{"2026-03-02", "2026-03-03", "2026-03-05", "2026-03-06"} {
		w.clock.Set(day(on).End(time.UTC).Add(20 * time.Minute))
		_, err := w.engine.Collect(ctx, admin, traffic.CollectInput{Day: day(on)})
		require.NoError(t, err)
		w.runDue("collection", w.engine.RunCollection)
	}
	require.Equal(t, map[string]service.ID{"2026-03-02": first}, w.owners(first))
	require.Equal(t, map[string]service.ID{"2026-03-03": second, "2026-03-05": second}, w.owners(second), "held last, and nobody the day after")
}

// A module that answers by instants is asked for each holder's own part of the day (D27).
func TestPartsOfADayAreEachHoldersOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	source := &instantSource{}
	w.counting(&source.fakeSource)
	w.engine.Connect = func(context.Context, provision.ModuleID) (provision.Module, error) { return source, nil }
	c := w.newClient()
	first := w.newServer(c)
	w.go_("2026-03-03 10:00")
	w.turn(first, service.Deleted, traffic.Closed)
	w.go_("2026-03-03 12:00")
	second := w.newServer(c)
	w.exec(`UPDATE service SET external_id = (SELECT external_id FROM service WHERE id = $1) WHERE id = $2`, first, second)
	for _, on := range []string{"2026-03-02", "2026-03-03", "2026-03-04"} {
		w.clock.Set(day(on).End(time.UTC).Add(20 * time.Minute))
		_, err := w.engine.Collect(ctx, admin, traffic.CollectInput{Day: day(on)})
		require.NoError(t, err)
		w.runDue("collection", w.engine.RunCollection)
	}
	require.Equal(t, "600 - r1 collector", w.stored(first, "2026-03-03"), "until it was deleted")
	require.Equal(t, "720 - r1 collector", w.stored(second, "2026-03-03"), "since it began")
	require.Equal(t, "1440 - r1 collector", w.stored(second, "2026-03-04"))
	require.Equal(t, []string{"2026-03-02", "2026-03-03"}, slices.Sorted(maps.Keys(w.owners(first))))
	require.Equal(t, 3, w.count(`SELECT count(*) FROM collection WHERE status = 'done' AND expected = got`))
	require.Zero(t, source.calls, "whole days were not asked for")

	source.silent = true
	_, err := w.engine.Collect(ctx, admin, traffic.CollectInput{Day: day("2026-03-03"), Overwrite: true})
	require.NoError(t, err)
	w.runDue("collection", w.engine.RunCollection)
	require.Equal(t, 1, w.count(`SELECT count(*) FROM collection WHERE status = 'due' AND expected = 2 AND failed = 2`))
}

// instantSource counts a KiB for every minute.
type instantSource struct {
	fakeSource
	silent bool
}

func (*instantSource) ByInstants() bool { return true }

func (f *instantSource) UsageBetween(_ context.Context, _ calendar.Day, parts []provision.Part) ([]*provision.Usage, error) {
	if f.silent {
		return nil, provision.NewUnavailable(errors.New("refused"), "connection refused")
	}
	out := make([]*provision.Usage, len(parts))
	for i, p := range parts {
		u := used(p.Ref, int64(p.To.Sub(p.From)/time.Minute))
		out[i] = &u
	}
	return out, nil
}

func TestRecomputeDerivesOwnersAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	var servers []service.ID
	for range 3 {
		c := w.newClient()
		a := w.newServer(c)
		w.newBandwidth(c, a)
		servers = append(servers, a)
	}
	w.go_("2026-03-31 12:00")
	for _, s := range servers {
		var reports []traffic.Report
		for d := day("2026-03-01"); d.Before(day("2026-04-01")); d = d.AddDays(1) {
			reports = append(reports, traffic.Report{Server: s, Day: d, Values: gib("1", "1")})
		}
		w.push(reports...)
	}
	w.requireTheRule()
	w.exec(`DELETE FROM overage_due`)
	w.exec(`UPDATE traffic_block SET owner_service_id = server_service_id WHERE day BETWEEN '2026-03-05' AND '2026-03-14'`) // as after a bad import
	run := func(in traffic.RecomputeInput) traffic.Recomputation {
		r, err := w.engine.Recompute(ctx, admin, in)
		require.NoError(t, err)
		require.Equal(t, 1, w.runDue("recomputation", w.engine.RunRecomputation))
		var row struct {
			Blocks  int64      `db:"blocks"`
			Changed int64      `db:"changed"`
			Done    *time.Time `db:"finished_at"`
		}
		require.NoError(t, w.pool.Get(&row, `SELECT blocks, changed, finished_at FROM recomputation WHERE id = $1 AND status = 'done'`, r.ID))
		r.Examined, r.Changed, r.FinishedAt = row.Blocks, row.Changed, row.Done
		return r
	}
	march := traffic.RecomputeInput{From: day("2026-03-01"), To: day("2026-04-01"), Preview: true}
	preview := run(march)
	require.Equal(t, []int64{93, 30}, []int64{preview.Examined, preview.Changed})
	require.Zero(t, w.count(`SELECT count(*) FROM overage_due`), "a preview changes nothing")
	march.Preview, march.Servers = false, servers[:1]
	one := run(march)
	require.Equal(t, []int64{31, 10}, []int64{one.Examined, one.Changed})
	march.Servers = nil
	rest := run(march)
	require.Equal(t, []int64{93, 20}, []int64{rest.Examined, rest.Changed})
	require.Zero(t, run(march).Changed, "again changes nothing")
	told := w.told(servers[2])
	require.Equal(t, "2026-03-05..2026-03-14 server→bandwidth recomputed", told[len(told)-1])
	require.Equal(t, 6, w.count(`SELECT count(*) FROM overage_due WHERE month = '2026-03-01' AND due_at = $1`, w.now()), "both owners of each")
	require.Equal(t, 3, w.count(`SELECT count(*) FROM event WHERE type = 'traffic.reassigned' AND data->>'cause' = 'recomputed'`))

	_, err := w.engine.Recompute(ctx, admin, traffic.RecomputeInput{From: day("2026-04-01"), To: day("2026-04-01")})
	requireCode(t, err, "out_of_range")
	w.go_("2026-06-02 00:00") // March is closed
	w.exec(`UPDATE traffic_block SET owner_service_id = server_service_id`)
	require.Zero(t, run(march).Examined, "what is closed is final")
}

func TestMonthsCloseIntoWhatEachServiceUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	w.counting(&fakeSource{})
	w.exec(`UPDATE processing_module SET enabled = false`)
	require.NoError(t, w.engine.Begin(ctx))
	c := w.newClient()
	a, b := w.newServer(c), w.newServer(c)
	bw := w.newBandwidth(c, a, b)
	w.go_("2026-03-10 12:00")
	w.turn(bw, service.Suspended, traffic.Suspended)
	w.go_("2026-03-12 12:00")
	power := func(value string) traffic.Values {
		return traffic.Values{traffic.ParamIn: gib("1", "0")[traffic.ParamIn], traffic.ParamPower: {Value: decimal.RequireFromString(value), Unit: "W"}}
	}
	w.push(report(a, "2026-03-01", power("100")), report(b, "2026-03-01", power("50")), report(a, "2026-03-02", power("120")), report(a, "2026-03-11", power("90")))
	w.go_("2026-06-01 00:20")
	require.Equal(t, 1, w.runDue("statistics_day", w.engine.RunPlan))
	require.Zero(t, w.count(`SELECT count(*) FROM usage_month`))
	w.go_("2026-06-02 00:20")
	require.Equal(t, 1, w.runDue("statistics_day", w.engine.RunPlan))
	kept := map[string]string{}
	for _, id := range []service.ID{a, bw} {
		var in, watts string
		require.NoError(t, w.pool.QueryRow(`SELECT usage->'in'->>'value', usage->'power'->>'value' FROM usage_month WHERE service_id = $1 AND month = '2026-03-01'`, id).Scan(&in, &watts))
		kept[string(id)] = in + " GiB, " + watts + " W"
	}
	require.Equal(t, map[string]string{string(a): "1 GiB, 90 W", string(bw): "3 GiB, 150 W"}, kept, "volumes add up, of gauges the highest day counts (D17)")
	require.Equal(t, 2, w.count(`SELECT count(*) FROM usage_month`))
}

// A recomputation moves a past day's block while a push of the same block is on its way: the push must mark the month of the
// owner it finds, not of the one it read.
func TestAPushMarksTheOwnerThatARecomputationMadeMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.newClient()
	a := w.newServer(c)
	bw := w.newBandwidth(c, a)
	w.go_("2026-03-20 12:00")
	w.push(report(a, "2026-03-05", gib("1", "1")))
	w.exec(`UPDATE traffic_block SET owner_service_id = server_service_id`)
	key := traffic.Key{ClientID: c, Server: a, Day: day("2026-03-05")}
	w.tx(func(ctx context.Context, tx traffic.Tx) error {
		blocks, err := tx.BlocksAt(ctx, []traffic.Key{key})
		require.NoError(t, err)
		require.Equal(t, a, blocks[0].Owner)
		_, err = w.engine.Recompute(context.Background(), admin, traffic.RecomputeInput{From: day("2026-03-01"), To: day("2026-03-21")})
		require.NoError(t, err)
		require.Equal(t, 1, w.runDue("recomputation", w.engine.RunRecomputation))
		blocks[0].Revision++
		owners, err := tx.UpdateBlocks(ctx, blocks)
		require.NoError(t, err)
		require.Equal(t, map[traffic.Key]service.ID{key: bw}, owners)
		return nil
	})
	require.Equal(t, bw, w.owners(a)["2026-03-05"], "and it never writes an owner")
}

func TestAnOrdinaryCollectionIsNotLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	c := w.newClient()
	a := w.newServer(c)
	w.newBandwidth(c, a)
	away := false
	w.counting(&fakeSource{usage: func(ref provision.Ref, _ calendar.Day) (provision.Usage, bool, error) {
		if away {
			return provision.Usage{}, false, provision.NewUnavailable(nil, "away")
		}
		return used(ref, 1), true, nil
	}})
	require.NoError(t, w.engine.Begin(ctx))
	night := func(on string) { // a second after 00:20, and billing was quicker
		w.clock.Set(day(on).End(time.UTC).Add(20*time.Minute + time.Second))
		w.exec(`UPDATE client SET billed_through = $1`, on)
		w.runDue("statistics_day", w.engine.RunPlan)
		w.runDue("collection", w.engine.RunCollection)
	}
	night("2026-03-01")
	away = true
	night("2026-03-02")
	away = false
	w.clock.Advance(time.Hour)
	w.runDue("collection", w.engine.RunCollection)
	require.Equal(t, []string{"2026-03-01..2026-03-01 server→bandwidth opened", "2026-03-02..2026-03-02 server→bandwidth late_block"}, w.told(a))
}
