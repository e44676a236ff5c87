package traffic_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// The life of two servers and one bandwidth service over a month: who owns which day, whose prices count when.
func TestAMonthOfSwitches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.newClient()
	w.go_("2026-03-01 00:10")
	a, b := w.newServer(c), w.newServer(c)

	collect := func(on string) { // as the nightly collection does
		w.clock.Set(day(on).End(time.UTC).Add(20 * time.Minute))
		w.store(traffic.Lot{Source: traffic.Collector, Reports: []traffic.Report{report(a, on, gib("10", "10")), report(b, on, gib("0", "0"))}})
		w.exec(`UPDATE client SET billed_through = $1`, on)
	}
	for _, on := range []string{"2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"} {
		collect(on)
	}

	w.go_("2026-03-05 13:00")
	require.Equal(t, 1, w.push(report(a, "2026-03-05", gib("10", "10"))).Accepted)
	require.Equal(t, a, w.owners(a)["2026-03-05"])

	w.go_("2026-03-05 14:00")
	bw := w.newBandwidth(c, a)
	require.Equal(t, bw, w.owners(a)["2026-03-05"], "the block of the running day moves with the switch")
	require.Equal(t, a, w.owners(a)["2026-03-04"], "days that are over stay")
	require.Equal(t, []string{"2026-03-05..2026-03-05 server→bandwidth opened"}, w.told(a))
	require.Equal(t, []string{"burst bandwidth", "traffic bandwidth"}, w.prices(a))
	require.Empty(t, w.prices(b))

	w.staffPrice(b, "traffic")
	collect("2026-03-05")
	w.go_("2026-03-06 10:00")
	require.NoError(t, w.setServers(bw, a, b))
	require.Equal(t, []string{"burst bandwidth", "traffic staff"}, w.prices(b), "what staff has set is kept")
	require.Equal(t, 1, w.count(`SELECT count(*) FROM event WHERE type = 'price.override_kept'`))
	require.Equal(t, []string{"burst bandwidth", "traffic bandwidth"}, w.prices(a))
	collect("2026-03-06")
	w.go_("2026-03-07 10:00")
	require.NoError(t, w.setServers(bw, a))
	require.Equal(t, []string{"traffic staff"}, w.prices(b))
	for _, on := range []string{"2026-03-07", "2026-03-08", "2026-03-09", "2026-03-10", "2026-03-11"} {
		collect(on)
	}
	require.Equal(t, map[string]service.ID{
		"2026-03-01": b, "2026-03-02": b, "2026-03-03": b, "2026-03-04": b, "2026-03-05": b,
		"2026-03-06": bw, "2026-03-07": b, "2026-03-08": b, "2026-03-09": b, "2026-03-10": b, "2026-03-11": b,
	}, w.owners(b))

	w.go_("2026-03-12 08:00")
	w.push(report(a, "2026-03-12", gib("10", "10")))
	require.Equal(t, bw, w.owners(a)["2026-03-12"])
	w.go_("2026-03-12 09:00")
	w.turn(bw, service.Suspended, traffic.Suspended)
	require.Equal(t, a, w.owners(a)["2026-03-12"], "the whole day moves back")
	require.Empty(t, w.prices(a))
	for _, on := range []string{"2026-03-12", "2026-03-13", "2026-03-14"} {
		collect(on)
	}
	w.go_("2026-03-15 23:30")
	w.turn(bw, service.Active, traffic.Resumed)
	require.Equal(t, []string{"burst bandwidth", "traffic bandwidth"}, w.prices(a))
	for _, on := range []string{"2026-03-15", "2026-03-16", "2026-03-17", "2026-03-18"} {
		collect(on)
	}
	w.go_("2026-03-20 00:05")
	w.turn(bw, service.Deleted, traffic.Closed)
	require.Empty(t, w.prices(a))
	collect("2026-03-19")
	collect("2026-03-20")

	owners := w.owners(a)
	for on, owner := range owners {
		dom := day(on).Dom
		want := a
		if (dom >= 5 && dom <= 11) || (dom >= 15 && dom <= 19) {
			want = bw
		}
		require.Equal(t, want, owner, on)
	}
	require.Len(t, owners, 20)
	require.Equal(t, []string{
		"2026-03-05..2026-03-05 server→bandwidth opened",
		"2026-03-06..2026-03-06 server→bandwidth opened",
		"2026-03-07..2026-03-07 server→bandwidth opened",
		"2026-03-08..2026-03-08 server→bandwidth opened",
		"2026-03-09..2026-03-09 server→bandwidth opened",
		"2026-03-10..2026-03-10 server→bandwidth opened",
		"2026-03-11..2026-03-11 server→bandwidth opened",
		"2026-03-12..2026-03-12 server→bandwidth opened",
		"2026-03-12..2026-03-12 bandwidth→server suspended",
		"2026-03-15..2026-03-15 server→bandwidth resumed",
		"2026-03-16..2026-03-16 server→bandwidth resumed",
		"2026-03-17..2026-03-17 server→bandwidth resumed",
		"2026-03-18..2026-03-18 server→bandwidth resumed",
		"2026-03-19..2026-03-19 server→bandwidth resumed",
	}, w.told(a))
	require.Equal(t, []string{"2026-03-06..2026-03-06 server→bandwidth linked"}, w.told(b), "what made the owner was the link")

	// A day that comes after its daily run is late, and is owned by what was true at its end.
	w.exec(`DELETE FROM traffic_block WHERE server_service_id = $1 AND day BETWEEN '2026-03-10' AND '2026-03-13'`, a)
	w.push(report(a, "2026-03-10", gib("1", "1")), report(a, "2026-03-11", gib("1", "1")), report(a, "2026-03-12", gib("1", "1")))
	require.Equal(t, bw, w.owners(a)["2026-03-11"])
	require.Equal(t, a, w.owners(a)["2026-03-12"])
	told := w.told(a)
	require.Equal(t, "2026-03-10..2026-03-11 server→bandwidth late_block", told[len(told)-1])
}

func TestAServerThatIsClosedLeavesItsBandwidthService(t *testing.T) { // D22
	t.Parallel()
	w := newWorld(t)
	c := w.newClient()
	a := w.newServer(c)
	bw := w.newBandwidth(c, a)
	w.go_("2026-03-04 10:00")
	w.push(report(a, "2026-03-03", gib("1", "1")), report(a, "2026-03-04", gib("1", "1")))
	w.go_("2026-03-04 11:00")
	w.turn(a, service.Deleted, traffic.Closed)
	require.Equal(t, map[string]service.ID{"2026-03-03": bw, "2026-03-04": a}, w.owners(a))
	told := w.told(a)
	require.Equal(t, "2026-03-04..2026-03-04 bandwidth→server server_closed", told[len(told)-1])
	require.Equal(t, 0, w.count(`SELECT count(*) FROM traffic_link WHERE to_at IS NULL`))
	out := w.push(report(a, "2026-03-04", gib("2", "1")), report(a, "2026-03-05", gib("1", "1")))
	require.Equal(t, 1, out.Replaced)
	require.Equal(t, "day_out_of_range", out.Rejected[0].Code)
}

func TestStaffPricesAndOursTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	c := w.newClient()
	a := w.newServer(c)
	bw := w.newBandwidth(c, a)
	drop := func(item string) (err error) {
		return w.engine.InTx(ctx, func(tx traffic.Tx) error {
			s, err := tx.ServiceByID(ctx, a)
			require.NoError(t, err)
			return traffic.DropSpecialPrice(ctx, tx, admin, s, item, "")
		})
	}
	requireCode(t, drop("traffic"), "managed_price")
	requireCode(t, drop("ram"), "not_found")
	w.staffPrice(a, "traffic")
	require.Equal(t, []string{"burst bandwidth", "traffic staff"}, w.prices(a), "a staff price replaces ours")
	w.turn(bw, service.Suspended, traffic.Suspended)
	require.Equal(t, []string{"traffic staff"}, w.prices(a), "and is kept afterwards")
	w.turn(bw, service.Active, traffic.Resumed)
	require.Equal(t, []string{"burst bandwidth", "traffic staff"}, w.prices(a))
	require.NoError(t, drop("traffic"))
	require.Equal(t, []string{"burst bandwidth", "traffic bandwidth"}, w.prices(a), "ours comes back while the link is active")
	w.staffPrice(a, "ram")
	require.NoError(t, drop("ram"))
	require.Equal(t, []string{"burst bandwidth", "traffic bandwidth"}, w.prices(a))

	w.tx(func(ctx context.Context, tx traffic.Tx) error {
		s, err := tx.ServiceByID(ctx, a)
		require.NoError(t, err)
		requireCode(t, traffic.PutSpecialPrice(ctx, tx, admin, s, traffic.SpecialPrice{Item: "nothing"}), "not_found")
		requireCode(t, traffic.PutSpecialPrice(ctx, tx, admin, s, traffic.SpecialPrice{Item: "ram"}), "required")
		rows, err := tx.OpenTerms(ctx, c, []service.ID{a})
		require.NoError(t, err)
		require.ElementsMatch(t, []traffic.LinkPrice{{AddOn: "traffic", Override: "set"}, {AddOn: "burst", Override: "set"}}, traffic.LinkPrices(rows))
		return nil
	})
}
