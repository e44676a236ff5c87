package bench

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// farm is an installation with simulated panels that make what is ordered at once, and clients with money.
type farm struct {
	*installation
	*shop
	panels  *caller
	clients []string
	workers []*process
}

// newFarm runs panels without delay and a server that leaves the background work to others.
func newFarm(b *testing.B, clients int) *farm {
	b.Helper()
	in := newInstallation(b, "TARIFFD_PANELS_DELAY=0s", "TARIFFD_PANEL_NETWORKS=127.0.0.0/8").startPanels(b).start(b, "--workers=false").connect(b)
	admin := in.admin(b)
	f := &farm{
		installation: in, shop: &shop{caller: admin, provider: admin.get("/v1/providers").text("data.0.id")},
		panels: &caller{b: b, url: "http://" + in.panels},
	}
	for n := range clients {
		id := f.register(n)
		f.post("/v1/payments", f.payment(id, fmt.Sprintf("transfer-%d", n), "100000.00"))
		f.clients = append(f.clients, id)
	}
	return f
}

// work starts workers; they are ready when they say so.
func (f *farm) work(b *testing.B, n int) {
	b.Helper()
	path, err := binary()
	require.NoError(b, err)
	for range n {
		f.workers = append(f.workers, launch(b, fmt.Sprintf("%s.worker-%d.log", f.dir, len(f.workers)), f.env, path, "worker"))
	}
}

// rest ends the workers.
func (f *farm) rest(b *testing.B) {
	b.Helper()
	for _, w := range f.workers {
		w.end(b)
	}
	f.workers = nil
}

// product is what one panel makes.
type product struct{ driver, productType, tariff, center, module string }

// machines are sold from a panel that makes as many of them at once as it is asked for.
func (f *farm) virtual() product {
	return f.sells(product{driver: "vmmanager6", productType: "vds"}, "", map[string]any{"template": "Basic"})
}

// servers are sold from a panel's stock.
func (f *farm) dedicated() product {
	return f.sells(product{driver: "dcimanager6", productType: "dedicated"}, "3", map[string]any{"configuration": "E3"})
}

func (f *farm) sells(p product, place string, settings map[string]any) product {
	center := map[string]any{"name": p.driver}
	if place != "" {
		center["external_id"] = place
	}
	p.center = f.post("/v1/data-centers", center).text("id")
	p.module = f.post("/v1/processing-modules", map[string]any{
		"driver": p.driver, "product_type": p.productType, "name": p.driver, "data_center_id": p.center, "max_running_opens": 0,
		"connection": map[string]any{"url": f.panels.url + "/" + p.driver, "username": "admin@example.com", "password": "secret"},
	}).text("id")
	p.tariff = f.post("/v1/tariffs", map[string]any{
		"product_type": p.productType, "provider_id": f.provider, "code": p.driver, "name": p.driver, "activate": true,
		"data_center_ids": []string{p.center}, "processing_module_ids": []string{p.module}, "settings": settings,
		"prices": []any{map[string]any{"period": "P1M", "amount": "5.00"}},
	}).text("id")
	return p
}

// order places orders of one machine each, in turn for every client.
func (f *farm) order(b *testing.B, p product, n int) {
	b.Helper()
	f.sendAll(b, n, http.StatusCreated, func(no int) []byte { return f.orderOf(p, no) })
}

// orderOf is the no-th order.
func (f *farm) orderOf(p product, no int) []byte {
	body := fmt.Sprintf(`{"client_id":"%s","pay":"balance","items":[{"tariff_id":"%s","period":"P1M","data_center_id":"%s"}]}`,
		f.clients[no%len(f.clients)], p.tariff, p.center)
	return request(http.MethodPost, "/v1/orders", f.listen, f.key, "Idempotency-Key: "+random(8)+"\r\n", body)
}

// sendAll sends the requests numbered from 0 once each, by a few clients.
func (f *farm) sendAll(b *testing.B, n, want int, of func(no int) []byte) {
	b.Helper()
	const clients = 8
	var next atomic.Int64
	l := load{address: f.listen, clients: clients}
	l.together(b, func(w *wire) error {
		for {
			no := int(next.Add(1)) - 1
			if no >= n {
				return nil
			}
			if err := w.do(of(no), want); err != nil {
				return err
			}
		}
	})
}

// awaitOperations waits until so many operations have succeeded and none goes on, and tells how long that took.
func (f *farm) awaitOperations(b *testing.B, n int) time.Duration {
	b.Helper()
	const glance = 50 * time.Millisecond
	begun := time.Now()
	for deadline := begun.Add(5 * time.Minute); ; time.Sleep(glance) {
		var done struct {
			Succeeded int `db:"succeeded"`
			Broken    int `db:"broken"`
		}
		require.NoError(b, f.db.Get(&done, `
SELECT count(*) FILTER (WHERE status = 'succeeded') AS succeeded, count(*) FILTER (WHERE status IN ('failed', 'manual')) AS broken FROM operation`))
		require.Zero(b, done.Broken, "operations that were given up")
		if done.Succeeded == n {
			return time.Since(begun)
		}
		require.True(b, time.Now().Before(deadline), "%d of %d operations succeeded", done.Succeeded, n)
	}
}

// machines are the ids of all services.
func (f *farm) machines(b *testing.B) (ids []string) {
	b.Helper()
	require.NoError(b, f.db.Select(&ids, `SELECT id FROM service ORDER BY id`))
	return ids
}

// resident is what the workers keep together, in MiB, as soon as they have nothing to do.
func (f *farm) resident(b *testing.B) (total float64) {
	b.Helper()
	const settle = 5 * time.Second
	time.Sleep(settle)
	for _, w := range f.workers {
		total += w.memory(b, "VmRSS")
	}
	return total
}

// burned is the processor time that processes have used so far.
func burned(b *testing.B, all ...*process) (total time.Duration) {
	b.Helper()
	for _, p := range all {
		total += p.burned(b)
	}
	return total
}

// stock fills the panel of servers up to so many.
func (f *farm) stock(n int) {
	have := len(f.panels.get("/control/dcimanager6").v.(map[string]any)["servers"].([]any))
	f.panels.post("/control/dcimanager6/servers", map[string]any{"configuration": "E3", "location_id": 3, "count": n - have})
}
