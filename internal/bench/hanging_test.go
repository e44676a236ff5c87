package bench

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkHangingPanel opens machines on one panel while another one, for which hundreds of operations are due, takes every
// call and answers none; in turn with the same while nothing is due for the other.
func BenchmarkHangingPanel(b *testing.B) {
	const hanging, rounds, opens, target = 400, 3, 200, 1.5
	f := newFarm(b, 50)
	good, bad := f.virtual(), f.dedicated()
	f.stock(hanging + 10) // the first few are of another sort
	f.order(b, bad, hanging)
	f.calm(b, bad)
	f.work(b, 2)
	f.opens(b, good, 20) // logins and statements
	var alone, beside, ratio []float64
	for range rounds {
		alone = append(alone, p99(f.opens(b, good, opens)).Seconds())
		f.hang(b, bad)
		beside = append(beside, p99(f.opens(b, good, opens)).Seconds())
		f.calm(b, bad)
		ratio = append(ratio, beside[len(beside)-1]/alone[len(alone)-1])
	}
	report.show(b, figure{
		name: "opens' p99 beside a hanging panel", ours: fmt.Sprintf("%.0fms", median(beside)*1000),
		theirs: fmt.Sprintf("%.0fms (alone)", median(alone)*1000), value: median(ratio), most: true, target: target,
	})
}

// hang makes all operations of the product due, and its panel silent.
func (f *farm) hang(b *testing.B, p product) {
	b.Helper()
	f.panels.send(http.MethodDelete, "/control/"+p.driver+"/faults", nil)
	f.panels.post("/control/"+p.driver+"/faults", map[string]any{"path": "/", "kind": "timeout"})
	f.run(b, `UPDATE operation SET next_attempt_at = now(), attempts = 0 WHERE module_id = $1 AND status = 'queued'`, p.module)
	eventually(b, "calls that hang", func() error {
		if held := f.panels.get("/control/" + p.driver + "/faults").text("held"); held == "0" {
			return fmt.Errorf("none is held")
		}
		return nil
	})
}

// calm puts all operations of the product off, and lets those go that are at their panel.
func (f *farm) calm(b *testing.B, p product) {
	b.Helper()
	off := func() {
		f.run(b, `UPDATE operation SET next_attempt_at = now() + interval '1 day' WHERE module_id = $1 AND status = 'queued'`, p.module)
	}
	off()
	eventually(b, "the panel's calls end", func() error {
		f.panels.send(http.MethodDelete, "/control/"+p.driver+"/faults", nil)
		f.panels.post("/control/"+p.driver+"/faults", map[string]any{"path": "/", "kind": "http_500"})
		var busy int
		require.NoError(b, f.db.Get(&busy, `SELECT count(*) FROM operation WHERE module_id = $1 AND status = 'running'`, p.module))
		if busy > 0 {
			return fmt.Errorf("%d are at work", busy)
		}
		return nil
	})
	off()
}

// opens orders machines at a steady rate and answers how long each took from its order until it was there.
func (f *farm) opens(b *testing.B, p product, n int) []time.Duration {
	b.Helper()
	const perSecond = 15
	var last string
	require.NoError(b, f.db.Get(&last, `SELECT coalesce(max(id::text), '') FROM operation WHERE module_id = $1`, p.module))
	stop := make(chan struct{})
	timer := time.AfterFunc(time.Duration(n)*time.Second/perSecond, func() { close(stop) })
	defer timer.Stop()
	l := load{address: f.listen, clients: 8, want: http.StatusCreated, request: func(no int) []byte { return f.orderOf(p, no) }}
	l.steady(b, perSecond, stop)
	eventually(b, "the machines", func() error {
		var left int
		require.NoError(b, f.db.Get(&left, `SELECT count(*) FROM operation WHERE module_id = $1 AND status <> 'succeeded'`, p.module))
		if left > 0 {
			return fmt.Errorf("%d are not made yet", left)
		}
		return nil
	})
	var micros []int64
	require.NoError(b, f.db.Select(&micros, `
SELECT (extract(epoch FROM finished_at - created_at) * 1000000)::bigint FROM operation WHERE module_id = $1 AND id::text > $2`, p.module, last))
	took := make([]time.Duration, len(micros))
	for i, m := range micros {
		took[i] = time.Duration(m) * time.Microsecond
	}
	return took
}
