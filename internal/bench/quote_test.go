package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkQuotes prices 5 items with 20 add-ons each, beside a handler that only reads the same body and writes the same
// answer.
func BenchmarkQuotes(b *testing.B) {
	const clients, rounds, length = 8, 5, 2 * time.Second
	in := newInstallation(b).start(b).connect(b)
	body := newShop(in.admin(b)).wish()
	sample := in.admin(b).post("/v1/quotes", body)
	require.Equal(b, "1525.00", sample.text("total.amount"), "5 × (10.00 + 5.00 + 20 × 2 above what is included × 7.25)")
	minimal := in.startMinimal(b)
	(&caller{b: b, url: "http://" + minimal}).put("/quotes", json.RawMessage(sample.raw))

	raw, err := json.Marshal(body)
	require.NoError(b, err)
	ask := func(address, path string) load {
		req := request(http.MethodPost, path, address, in.key, "", string(raw))
		return load{address: address, clients: clients, want: http.StatusOK, request: func(int) []byte { return req }}
	}
	ours, theirs := ask(in.listen, "/v1/quotes"), ask(minimal, "/quotes")
	ours.rush(b, length/4)
	theirs.rush(b, length/4)
	var a, z, ratio, slow []float64
	for range rounds {
		z = append(z, theirs.rush(b, length))
		rate, took := ours.timed(b, length)
		a, slow = append(a, rate), append(slow, p99(took).Seconds()*1000)
		ratio = append(ratio, a[len(a)-1]/z[len(z)-1])
	}
	report.show(b, figure{
		name: "quote of 5 × 20 add-ons, 8 clients", ours: perSecond(a), theirs: perSecond(z) + " (decode, encode)", value: median(ratio), target: 0.4,
	})
	report.show(b, figure{name: "its p99", ours: fmt.Sprintf("%.1f ms", median(slow)), value: median(slow), most: true, target: 20, unit: "ms"})
}

// wish is what is asked for: five tariffs of a product with 20 add-ons, two more of each than is included.
func (s *shop) wish() map[string]any {
	const code = "bench_product"
	s.post("/v1/product-types", map[string]any{"code": code, "name": "Product", "periods": []string{"P1M"}})
	module := s.post("/v1/processing-modules", map[string]any{"driver": "none", "product_type": code, "name": code}).text("id")
	for i := range 20 {
		s.post("/v1/product-types/"+code+"/add-ons", map[string]any{"code": addOnCode(i), "name": "Part", "value_type": "integer"})
	}
	var items []any
	for i := range 5 {
		id := s.post("/v1/tariffs", map[string]any{
			"product_type": code, "provider_id": s.provider, "code": fmt.Sprint("P", i), "name": "Product", "activate": true,
			"data_center_ids": []string{s.center()}, "processing_module_ids": []string{module},
			"prices": []any{map[string]any{"period": "P1M", "amount": "10.00", "setup_fee": "5.00"}},
		}).text("id")
		wanted := map[string]any{}
		for k := range 20 {
			s.post("/v1/tariffs/"+id+"/add-ons", map[string]any{
				"code": addOnCode(k), "billing": "order", "included": "1", "maximum": "64",
				"prices": []any{map[string]any{"period": "P1M", "amount": "7.25"}},
			})
			wanted[addOnCode(k)] = "3"
		}
		items = append(items, map[string]any{"tariff_id": id, "period": "P1M", "data_center_id": s.center(), "add_ons": wanted})
	}
	return map[string]any{"items": items}
}

func addOnCode(i int) string { return fmt.Sprintf("part_%02d", i) }
