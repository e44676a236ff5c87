package bench

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkMarch plays a client's month: two servers that a panel makes, bandwidth for one of them that is suspended,
// resumed and deleted, statistics collected from the panel every day, and the daily run.
func BenchmarkMarch(b *testing.B) {
	const rounds, most = 3, 5 // seconds
	var took []float64
	var requests int
	for range rounds {
		in := newInstallation(b, "TARIFFD_SANDBOX=true", "TARIFFD_SANDBOX_CLOCK=frozen", "TARIFFD_SANDBOX_NOW=2026-03-01T00:00:00Z")
		m := newMarch(in.startPanels(b).start(b), in.admin(b))
		m.play()
		in.stop(b)
		took, requests = append(took, m.took.Seconds()), m.requests
	}
	report.show(b, figure{
		name: "a client's March in the sandbox", ours: fmt.Sprintf("%d requests", requests), theirs: "31 days",
		value: median(took), most: true, target: most, unit: "s",
	})
}

// march is the month of one client, with what it took of real time.
type march struct {
	*shop
	panels   *caller
	first    string // a server with 10 GiB in and out every day
	second   string // a server that does nothing
	pipe     string // the bandwidth service
	took     time.Duration
	requests int
}

// newMarch makes the catalogue, which is not part of the month.
func newMarch(in *installation, admin *caller) *march {
	m := &march{
		shop:   &shop{caller: admin, provider: admin.get("/v1/providers").text("data.0.id")},
		panels: &caller{b: admin.b, url: "http://" + in.panels},
	}
	panel := m.post("/v1/processing-modules", map[string]any{
		"driver": "dcimanager6", "product_type": "dedicated", "name": "DCImanager 6", "data_center_id": m.center(),
		"connection": map[string]any{"url": m.panels.url + "/dcimanager6", "username": "admin@example.com", "password": "secret"},
	}).text("id")
	m.server = m.post("/v1/tariffs", map[string]any{
		"product_type": "dedicated", "provider_id": m.provider, "code": "E3", "name": "E3", "activate": true,
		"data_center_ids": []string{m.center()}, "processing_module_ids": []string{panel},
		"settings": map[string]any{"configuration": "E3-1230-16GB"},
		"prices":   []any{map[string]any{"period": "P1M", "amount": "50.00", "setup_fee": "10.00"}},
	}).text("id")
	m.post("/v1/tariffs/"+m.server+"/add-ons", byTraffic("traffic", "100", "0.02"))
	m.post("/v1/integration-modules/dedicated_bandwidth/install", nil)
	m.bandwidth = m.tariff("dedicated_bandwidth", "Bandwidth", "20.00", "bandwidth", "1000", "0.01")
	return m
}

// live is one request of the month; only these count.
func (m *march) live(method, path string, body map[string]any) answer {
	m.b.Helper()
	begun := time.Now()
	a := m.send(method, path, body)
	m.took += time.Since(begun)
	m.requests++
	return a
}

func (m *march) until(instant string) {
	m.b.Helper()
	m.live(http.MethodPut, "/v1/sandbox/clock", map[string]any{"now": instant})
}

// play lives the month and checks its end to the cent.
func (m *march) play() {
	client := m.register(1)
	m.live(http.MethodPost, "/v1/payments", m.payment(client, "transfer-1", "500.00"))
	server := map[string]any{"tariff_id": m.server, "period": "P1M", "data_center_id": m.center()}
	sold := m.live(http.MethodPost, "/v1/orders", map[string]any{"client_id": client, "pay": "balance", "items": []any{server, server}})
	m.first, m.second = sold.text("items.0.service_id"), sold.text("items.1.service_id")
	m.until("2026-03-01T00:19:00Z")
	m.traffic(m.first, 10)
	m.traffic(m.second, 0)

	m.until("2026-03-05T14:00:00Z")
	m.pipe = m.live(http.MethodPost, "/v1/orders", map[string]any{"client_id": client, "pay": "balance", "items": []any{map[string]any{
		"tariff_id": m.bandwidth, "period": "P1M", "data_center_id": m.center(), "parameters": map[string]any{"servers": []string{m.first}},
	}}}).text("items.0.service_id")
	m.until("2026-03-06T10:00:00Z")
	m.live(http.MethodPut, "/v1/services/"+m.pipe+"/servers", map[string]any{"servers": []string{m.first, m.second}})
	m.until("2026-03-07T10:00:00Z")
	m.live(http.MethodPut, "/v1/services/"+m.pipe+"/servers", map[string]any{"servers": []string{m.first}})
	m.until("2026-03-12T09:00:00Z")
	m.live(http.MethodPost, "/v1/services/"+m.pipe+"/suspend", map[string]any{"reason": "client"})
	m.until("2026-03-15T23:30:00Z")
	m.live(http.MethodPost, "/v1/services/"+m.pipe+"/resume", map[string]any{"reason": "client"})
	m.until("2026-03-20T00:05:00Z")
	m.live(http.MethodDelete, "/v1/services/"+m.pipe, nil)
	m.until("2026-04-01T00:20:00Z")
	require.Equal(m.b, "264.72", m.get("/v1/clients/"+client).text("balance.amount"))
}

// traffic tells the panel what a server moves each day, in GiB each way.
func (m *march) traffic(service string, gib int) {
	m.b.Helper()
	remote := m.get("/v1/services/" + service).text("external_id")
	for day := 1; day <= 31; day++ {
		m.panels.put(fmt.Sprintf("/control/dcimanager6/servers/%s/traffic/2026-03-%02d", remote, day), map[string]any{"in": gib << 20, "out": gib << 20})
	}
}
