package traffic_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/traffic"
)

// stored returns what is stored of one block: in, out, revision, source.
func (w *world) stored(server any, on string) string {
	w.Helper()
	var out string
	require.NoError(w, w.pool.Get(&out, `
		SELECT coalesce(in_value::text, '-') || ' ' || coalesce(out_value::text, '-') || ' r' || revision || ' ' || source
		FROM traffic_block WHERE server_service_id = $1 AND day = $2`, server, on))
	return out
}

func TestABlockIsNewUnchangedOrItsNextRevision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.newServer(w.newClient())
	w.go_("2026-03-02 12:00")
	const on = "2026-03-01"
	in := traffic.Values{traffic.ParamIn: gib("7", "0")[traffic.ParamIn]}

	require.Equal(t, traffic.Outcome{Accepted: 1}, w.push(report(a, on, gib("1", "2"))))
	require.Equal(t, traffic.Outcome{Unchanged: 1}, w.push(report(a, on, gib("1.0", "2"))), "the same again changes nothing")
	require.Equal(t, traffic.Outcome{Replaced: 1}, w.push(report(a, on, gib("3", "2"))))
	require.Equal(t, "3 2 r2 push", w.stored(a, on))

	require.Equal(t, 1, w.store(traffic.Lot{Source: traffic.Push, Merge: true, Reports: []traffic.Report{report(a, on, in)}}).Replaced)
	require.Equal(t, "7 2 r3 push", w.stored(a, on), "merge keeps what is not named")
	require.Equal(t, 1, w.push(report(a, on, in)).Replaced)
	require.Equal(t, "7 - r4 push", w.stored(a, on), "a block is replaced whole")

	collected := traffic.Lot{Source: traffic.Collector, Reports: []traffic.Report{report(a, on, gib("9", "9"))}}
	require.Equal(t, traffic.Outcome{Unchanged: 1}, w.store(collected))
	require.Equal(t, "7 - r4 push", w.stored(a, on), "a collected value never replaces a pushed one")
	collected.Overwrite = true
	require.Equal(t, traffic.Outcome{Replaced: 1}, w.store(collected))
	require.Equal(t, "9 9 r5 collector", w.stored(a, on))
	require.Equal(t, 1, w.push(report(a, on, gib("8", "8"))).Replaced, "a pushed value replaces a collected one")

	var old []string
	require.NoError(t, w.pool.Select(&old, `SELECT revision || ' ' || in_value || ' ' || source FROM block_revision ORDER BY revision`))
	require.Equal(t, []string{"1 1 push", "2 3 push", "3 7 push", "4 7 push", "5 9 collector"}, old)
}

func TestGoodRowsLandEvenWhenOthersAreBad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.newClient()
	w.go_("2026-03-05 12:00")
	a, bw := w.newServer(c), w.newBandwidth(c, w.newServer(c))
	w.go_("2026-06-02 12:00")
	bad := func(p traffic.Param, value, unit string) traffic.Values {
		return traffic.Values{p: {Value: decimal.RequireFromString(value), Unit: unit}}
	}
	rows := []struct {
		r    traffic.Report
		code string
	}{
		{report(a, "2026-04-01", gib("1", "1")), ""},
		{report("no-uuid", "2026-04-01", gib("1", "1")), "not_a_server"},
		{report("01957f0e-8b44-7f60-8e2d-1a9c7b5d3f08", "2026-04-01", gib("1", "1")), "not_a_server"},
		{report(bw, "2026-04-01", gib("1", "1")), "not_a_server"},
		{report(a, "2026-06-03", gib("1", "1")), "day_out_of_range"}, // tomorrow
		{report(a, "2026-03-31", gib("1", "1")), "day_out_of_range"}, // closed
		{report(a, "2026-03-04", gib("1", "1")), "day_out_of_range"}, // before its start
		{report(a, "2026-04-02", traffic.Values{}), "bad_value"},
		{report(a, "2026-04-02", bad("in", "-1", "KiB")), "bad_value"},
		{report(a, "2026-04-02", bad("in", "1", "W")), "bad_unit"},
		{report(a, "2026-04-02", bad("in", "1", "parsec")), "bad_unit"},
		{report(a, "2026-04-02", bad("inn", "1", "KiB")), "unknown_parameter"},
		{report(a, "2026-06-02", bad("power", "120", "W")), ""},
	}
	var reports []traffic.Report
	var want []string
	for i, row := range rows {
		row.r.Row = i
		reports = append(reports, row.r)
		if row.code != "" {
			want = append(want, fmt.Sprint(i, " ", row.code))
		}
	}
	out := w.push(reports...)
	var got []string
	for _, r := range out.Rejected {
		got = append(got, fmt.Sprint(r.Row, " ", r.Code))
	}
	require.Equal(t, want, got)
	require.Equal(t, 2, out.Accepted)

	foreign, err := w.engine.Store(context.Background(), actor.Actor{Role: actor.Storefront, Scope: actor.Scope{ProviderID: "01957f0e-8b44-7f60-8e2d-1a9c7b5d3f08"}},
		traffic.Lot{Source: traffic.Push, Reports: []traffic.Report{report(a, "2026-04-01", gib("5", "5"))}})
	require.NoError(t, err)
	require.Equal(t, "not_a_server", foreign.Rejected[0].Code, "a foreign server is an unknown one")
}

func TestOneLotMayNameABlockSeveralTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.newServer(w.newClient())
	w.go_("2026-03-02 12:00")
	const on = "2026-03-01"
	out := w.push(report(a, on, gib("1", "1")), report(a, on, gib("1", "1")), report(a, on, gib("2", "1")), report(a, on, gib("3", "1")))
	require.Equal(t, traffic.Outcome{Accepted: 1, Replaced: 2, Unchanged: 1}, out)
	require.Equal(t, "3 1 r3 push", w.stored(a, on))
	require.Equal(t, 2, w.count(`SELECT count(*) FROM block_revision`))
	require.Equal(t, traffic.Outcome{Replaced: 1, Unchanged: 1}, w.push(report(a, on, gib("4", "1")), report(a, on, gib("4", "1"))))
	require.Equal(t, "4 1 r4 push", w.stored(a, on))
}

func TestAMonthBecomesDueWhenItsUseChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.newClient()
	a := w.newServer(c)
	due := func() map[string]string {
		var rows []struct {
			Key string `db:"key"`
			Due string `db:"due"`
		}
		require.NoError(t, w.pool.Select(&rows, `SELECT service_id || ' ' || month AS key, to_char(due_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') || ' ×' || marks AS due FROM overage_due`))
		out := map[string]string{}
		for _, r := range rows {
			out[r.Key] = r.Due
		}
		return out
	}
	month := func(id any) string { return fmt.Sprint(id, " 2026-03-01") }

	w.go_("2026-03-05 13:00")
	w.push(report(a, "2026-03-05", gib("1", "1")))
	require.Equal(t, map[string]string{month(a): "03-06 00:20 ×1"}, due(), "a day is charged once it is over")
	w.push(report(a, "2026-03-05", gib("1", "1")))
	require.Equal(t, map[string]string{month(a): "03-06 00:20 ×1"}, due(), "nothing changed")
	w.go_("2026-03-05 14:00")
	bw := w.newBandwidth(c, a)
	require.Equal(t, map[string]string{month(a): "03-06 00:20 ×2", month(bw): "03-06 00:20 ×1"}, due(), "both owners")
	w.go_("2026-03-06 00:10")
	w.push(report(a, "2026-03-05", gib("2", "1")))
	require.Equal(t, map[string]string{month(a): "03-06 00:20 ×2", month(bw): "03-06 00:20 ×2"}, due(), "over, but not yet closed")
	w.push(report(a, "2026-03-04", gib("2", "1")))
	require.Equal(t, map[string]string{month(a): "03-06 00:10 ×3", month(bw): "03-06 00:20 ×2"}, due(), "a closed day is due now")
}

func TestALargeLotOfManyClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var reports []traffic.Report
	for range 20 {
		s := w.newServer(w.newClient())
		for d := 1; d <= 31; d++ {
			reports = append(reports, report(s, fmt.Sprintf("2026-03-%02d", d), gib(fmt.Sprint(d), "1")))
		}
	}
	w.go_("2026-03-31 12:00")
	require.Equal(t, traffic.Outcome{Accepted: 620}, w.push(reports...))
	require.Equal(t, traffic.Outcome{Unchanged: 620}, w.push(reports...))
	require.Equal(t, 20, w.count(`SELECT count(*) FROM overage_due`))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM pg_class WHERE relname = 'traffic_block_202603'`))
}
