package bench

import (
	"fmt"

	"github.com/stretchr/testify/require"
)

// shop sells servers that nobody has to make.
type shop struct {
	*caller
	provider, server, bandwidth string // the last two are tariffs
}

// newShop makes the catalogue: a server with traffic that is counted, and the bandwidth of servers.
func newShop(admin *caller) *shop {
	s := &shop{caller: admin, provider: admin.get("/v1/providers").text("data.0.id")}
	admin.post("/v1/integration-modules/dedicated_bandwidth/install", nil)
	s.server = s.tariff("dedicated", "E3", "50.00", "traffic", "100", "0.02")
	s.bandwidth = s.tariff("dedicated_bandwidth", "Bandwidth", "20.00", "bandwidth", "1000", "0.01")
	return s
}

func (s *shop) tariff(productType, name, price, addOn, included, overage string) (id string) {
	module := s.post("/v1/processing-modules", map[string]any{"driver": "none", "product_type": productType, "name": name}).text("id")
	id = s.post("/v1/tariffs", map[string]any{
		"product_type": productType, "provider_id": s.provider, "code": name, "name": name, "activate": true,
		"data_center_ids": []string{s.center()}, "processing_module_ids": []string{module},
		"prices": []any{map[string]any{"period": "P1M", "amount": price}},
	}).text("id")
	s.post("/v1/tariffs/"+id+"/add-ons", byTraffic(addOn, included, overage))
	return id
}

// byTraffic is an add-on that is paid by incoming and outgoing traffic of a month.
func byTraffic(code, included, price string) map[string]any {
	return map[string]any{
		"code": code, "billing": "statistics", "included": included,
		"statistics": map[string]any{"bill": "month", "params": []string{"in", "out"}, "overage_price": price, "overage_unit": "GiB"},
	}
}

// center is the one data center.
func (s *shop) center() string {
	list := s.get("/v1/data-centers")
	if len(list.v.(map[string]any)["data"].([]any)) == 0 {
		return s.post("/v1/data-centers", map[string]any{"name": "Frankfurt", "external_id": "3"}).text("id")
	}
	return list.text("data.0.id")
}

// register makes a client.
func (s *shop) register(no int) (id string) {
	return s.post("/v1/clients", map[string]any{"provider_id": s.provider, "email": fmt.Sprintf("client-%d@bench.example", no)}).text("id")
}

// sell makes a client with one active server.
func (s *shop) sell() (client, order, service string) {
	client = s.register(0)
	s.post("/v1/payments", s.payment(client, "first", "500.00"))
	sold := s.post("/v1/orders", map[string]any{"client_id": client, "pay": "balance", "items": []any{
		map[string]any{"tariff_id": s.server, "period": "P1M", "data_center_id": s.center()},
	}})
	order, service = sold.text("id"), sold.text("items.0.service_id")
	eventually(s.b, "the server", func() error {
		if status := s.get("/v1/services/" + service).text("status"); status != "active" {
			return fmt.Errorf("the service is %s", status)
		}
		return nil
	})
	require.NotEmpty(s.b, service)
	return client, order, service
}

func (s *shop) payment(client, externalID, amount string) map[string]any {
	return map[string]any{
		"client_id": client, "amount": map[string]any{"amount": amount, "currency": "EUR"}, "method": "manual",
		"external_id": externalID, "status": "paid",
	}
}
