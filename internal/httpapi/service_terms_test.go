package httpapi

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/provision"
)

// newSeller is a shop that also sells: its services are made by a driver to which all is done at once, when they are run.
func newSeller(t testing.TB) *shop {
	s := newShop(t)
	drivers := provision.NewRegistry(s.panel.driver(), plain())
	reader := s.db.Reader()
	withMoney(s.rig)
	s.server.Zone, s.server.ServiceReader, s.server.OrderReader = time.UTC, reader, reader
	s.server.Orders = &order.Engine{
		InTx: narrow[order.Tx](s.db), Zone: time.UTC, Look: func(ctx context.Context) (order.Lookup, error) { return s.db.Shelf(ctx) },
	}
	s.server.Lifecycle = &lifecycle.Engine{
		InTx: narrow[lifecycle.Tx](s.db), Zone: time.UTC, Registry: drivers, Module: s.server.Modules.Connect, Box: testBox(), Orders: s.server.Orders,
	}
	s.server.Orders.Open = s.server.Lifecycle.Open
	return s
}

// work runs what waits for the panel.
func (s *shop) work() {
	s.t.Helper()
	ctx := context.Background()
	for {
		claims, err := s.db.Due("operation").Claim(ctx, s.business.BusinessNow(), 100)
		require.NoError(s.t, err)
		if len(claims) == 0 {
			return
		}
		for _, c := range claims {
			require.NoError(s.t, s.server.Lifecycle.Run(ctx, operation.ID(c.ID), c.No))
		}
	}
}

func TestTermsAreChangedAfterAPreview(t *testing.T) {
	t.Parallel()
	s := newSeller(t)
	place := s.dataCenter("Frankfurt", "1")
	module := s.admin.post("/v1/processing-modules", obj{"driver": "plain", "product_type": "dedicated", "name": "plain", "data_center_id": place}).is(201).text("id")
	sells := func(code, amount string) string {
		id := s.tariff(code, obj{
			"data_center_ids": []string{place}, "processing_module_ids": []string{module}, "prices": []obj{{"period": "P1M", "amount": amount}, {"period": "P3M", "amount": "90"}},
		})
		s.admin.post("/v1/tariffs/"+id+"/add-ons", obj{
			"code": "ram", "add_on": "ram", "billing": "order", "included": "4", "prices": []obj{{"period": "P1M", "amount": "3.10"}},
		}).is(201)
		return id
	}
	small, big := sells("S", "31.00"), sells("L", "62.00")
	c := s.aClient(s.provider, "a@x.example")
	me := s.clientKey(c)
	s.admin.post("/v1/payments", pay(c, "100.00", nil), "Idempotency-Key", "p").is(201)
	order := me.post("/v1/orders", obj{"client_id": c, "pay": "balance", "items": []obj{{"tariff_id": small, "period": "P1M"}}}, "Idempotency-Key", "o").is(201)
	id := order.json["items"].([]any)[0].(obj)["service_id"].(string)
	s.work()
	at := "/v1/services/" + id
	require.Subset(t, me.get(at).is(200).json["allowed_actions"], []any{"change_add_ons", "change_tariff"})
	s.business.Set(time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC))

	to := obj{"tariff_id": big, "period": "P1M"}
	bill := me.post(at+"/change-tariff?preview=true", to).is(200)
	require.Equal(t, []any{"15.00", "0.00", "2026-04-01T00:00:00Z"}, []any{
		bill.json["charge"].(obj)["amount"], bill.json["refund"].(obj)["amount"], bill.json["paid_until"],
	})
	require.Len(t, bill.json["lines"], 2)
	require.Equal(t, "69.00", s.balance(c))
	me.post(at+"/change-tariff", to).fails(400, "idempotency_key_required")
	asked := me.post(at+"/change-tariff", to, "Idempotency-Key", "1").is(202)
	require.Equal(t, "set_params", asked.json["pending_operation"].(obj)["kind"])
	require.Equal(t, "true", me.post(at+"/change-tariff", to, "Idempotency-Key", "1").is(202).Header.Get("Idempotent-Replayed"))
	require.Equal(t, "54.00", s.balance(c))
	s.work()
	require.Equal(t, big, me.get(at).is(200).json["tariff_id"])
	require.Equal(t, "54.00", s.balance(c))
	require.Equal(t, big, me.post(at+"/change-tariff", to, "Idempotency-Key", "2").is(200).json["tariff_id"], "nothing is left to be done")

	ram := func(v any) obj { return obj{"add_ons": obj{"ram": v}} }
	me.post(at+"/change-add-ons?preview=true", ram("x")).fails(422, "bad_value")
	me.post(at+"/change-add-ons", ram("100"), "Idempotency-Key", "3").fails(409, "insufficient_funds")
	require.Equal(t, "6.00", me.post(at+"/change-add-ons?preview=true", ram(8)).is(200).json["charge"].(obj)["amount"])
	me.post(at+"/change-add-ons", ram("8"), "Idempotency-Key", "4").is(202)
	s.work()
	require.Equal(t, "48.00", s.balance(c))
	require.Equal(t, "8", me.get(at).is(200).json["add_ons"].([]any)[0].(obj)["value"])
	kinds := []any{}
	for _, e := range me.get(at + "/history").is(200).data() {
		kinds = append(kinds, e["kind"])
	}
	require.Contains(t, kinds, "service.terms")

	// Another period closes the old one and starts anew; the add-on is kept.
	bill = me.post(at+"/change-tariff?preview=true", obj{"tariff_id": big, "period": "P3M"}).is(200)
	require.Equal(t, []any{"90.00", "36.00", "2026-06-17T00:00:00Z"}, []any{
		bill.json["charge"].(obj)["amount"], bill.json["refund"].(obj)["amount"], bill.json["paid_until"],
	})
	s.clientKey(s.aClient(s.provider, "b@x.example")).post(at+"/change-tariff?preview=true", to).fails(404, "not_found")
	me.post(at+"/change-tariff?preview=true", obj{"tariff_id": big, "period": "P1M", "parameters": obj{"floor": 3}}).fails(422, "unknown_parameter")
	me.post(at+"/change-tariff?preview=true", obj{"tariff_id": big, "period": "one_time"}).fails(422, "period_not_available")
}

func TestReinstallPointsAtWhatItWasGiven(t *testing.T) {
	t.Parallel()
	s := newTrade(t)
	s.admin.patch("/v1/product-types/dedicated/parameters/os", obj{"values": []obj{{"code": "Debian-12"}}}).is(200)
	path := "/v1/services/" + s.service(s.buyer("31.00", nil), "P1M", s.tariff("E3", nil)) + "/reinstall"
	s.admin.post(path, obj{"os": "Plan9"}).fails(422, "unknown_value").at("/os unknown_value")
	s.admin.post(path, obj{"os": "Debian-12"}).is(200)
}
