package e2e

import (
	"net/http"
	"slices"
	"testing"
)

// TestATariffThatGoesByItsCodeSellsItsOwnPreset sells the one server of a preset that the tariff names by its own code, and no
// other preset's instead.
func TestATariffThatGoesByItsCodeSellsItsOwnPreset(t *testing.T) {
	t.Parallel()
	all := trades()
	s := &sale{life: newMarket(t), trade: all[slices.IndexFunc(all, func(tr trade) bool { return tr.name == "DSmanager" })]}
	s.begin()
	s.panels.call(http.MethodPost, "/control/dsmanager/servers", doc{"type": "HPCorei7", "count": 1})
	tariff := func(code string) string {
		return s.admin.post("/v1/tariffs", doc{
			"product_type": s.product, "provider_id": s.provider, "name": code, "code": code, "activate": true,
			"data_center_ids": []string{s.place}, "processing_module_ids": []string{s.module}, "prices": []doc{{"period": "P1M", "amount": "31.00"}},
		}).is(http.StatusCreated).text("id")
	}
	scarce, plenty := tariff("HPCorei7"), tariff("HPCorei5")
	ask := func(tariff string) answer {
		item := doc{"tariff_id": tariff, "period": "P1M", "data_center_id": s.place, "parameters": s.filled}
		return s.buyer.post("/v1/orders", doc{"pay": "balance", "items": []doc{item}})
	}
	ask(scarce).is(http.StatusCreated)
	ask(scarce).refused(http.StatusUnprocessableEntity, "no_stock", "/items/0/tariff_id no_stock")
	s.pass(40)
	ask(scarce).refused(http.StatusUnprocessableEntity, "no_stock", "/items/0/tariff_id no_stock")
	for tariff, orderable := range map[string]bool{scarce: false, plenty: true} {
		a := s.admin.get("/v1/tariffs/" + tariff + "/availability").is(http.StatusOK)
		if a.yes("orderable") != orderable {
			t.Errorf("orderable: %s", a)
		}
	}
	ask(plenty).is(http.StatusCreated)
}
