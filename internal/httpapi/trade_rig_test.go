package httpapi

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/manual"
	"github.com/tariffd/tariffd/internal/provision/none"
	"github.com/tariffd/tariffd/internal/tariff"
)

// trade is a rig that sells: a catalogue of products without processing, orders, services and money.
type trade struct {
	*rig
	provider, place, module string
	racks                   *racks
	calls                   int // numbers idempotency keys
}

func newTrade(t testing.TB) *trade {
	s := &trade{racks: &racks{}}
	s.rig = newRig(t, withMoney, func(r *rig) {
		drivers, reader := provision.NewRegistry(none.Driver(), manual.Driver(), s.racks.driver()), r.db.Reader()
		r.server.Zone = time.UTC
		r.server.Units = &measure.Engine{InTx: narrow[measure.Tx](r.db)}
		r.server.Products = &product.Engine{InTx: narrow[product.Tx](r.db)}
		r.server.Modules = &module.Engine{InTx: narrow[module.Tx](r.db), Drivers: drivers}
		r.server.Tariffs = &tariff.Engine{InTx: narrow[tariff.Tx](r.db), Drivers: drivers}
		r.server.CatalogReader = reader
		r.server.Orders = &order.Engine{
			InTx: narrow[order.Tx](r.db), Zone: time.UTC, Look: func(ctx context.Context) (order.Lookup, error) { return r.db.Shelf(ctx) },
		}
		r.server.Lifecycle = &lifecycle.Engine{
			InTx: narrow[lifecycle.Tx](r.db), Zone: time.UTC, Registry: drivers, Module: r.server.Modules.Connect, Box: testBox(),
			Orders: r.server.Orders,
		}
		r.server.Orders.Open = r.server.Lifecycle.Open
		r.server.OrderReader, r.server.ServiceReader, r.server.OperationReader, r.server.TaskReader = reader, reader, reader, reader
		r.server.Payments.MoneyArrived = func(ctx context.Context, tx payment.Tx, by actor.Actor, c client.Client, orderID string) error {
			return r.server.Lifecycle.MoneyArrived(ctx, tx.(*postgres.Tx), by, c, orderID)
		}
	})
	s.provider = s.defaultProvider()
	s.place = s.admin.post("/v1/data-centers", obj{"name": "Frankfurt"}).is(201).text("id")
	s.module = s.admin.post("/v1/processing-modules", obj{
		"driver": "none", "product_type": "dedicated", "name": "Shelf", "data_center_id": s.place,
	}).is(201).text("id")
	return s
}

// once posts where money can move.
func (s *trade) once(c caller, path string, body obj) *reply {
	s.calls++
	return c.post(path, body, "Idempotency-Key", fmt.Sprint("call-", s.calls))
}

// tariff makes an active tariff at 31.00 a month; further members may be given.
func (s *trade) tariff(code string, more obj) string {
	s.t.Helper()
	body := obj{
		"product_type": "dedicated", "provider_id": s.provider, "code": code, "name": code, "activate": true,
		"data_center_ids": []string{s.place}, "processing_module_ids": []string{s.module}, "prices": []obj{{"period": "P1M", "amount": "31.00"}},
	}
	for k, v := range more {
		body[k] = v
	}
	return s.admin.post("/v1/tariffs", body).is(201).text("id")
}

// buyer makes a client with money.
func (s *trade) buyer(amount string, more obj) string {
	s.t.Helper()
	body := obj{"provider_id": s.provider, "email": actor.NewID() + "@x.example"}
	for k, v := range more {
		body[k] = v
	}
	id := s.admin.post("/v1/clients", body).is(201).text("id")
	if amount != "" {
		s.once(s.admin, "/v1/payments", pay(id, amount, nil)).is(201)
	}
	return id
}

func items(period string, tariffs ...string) []obj {
	var out []obj
	for _, t := range tariffs {
		out = append(out, obj{"tariff_id": t, "period": period})
	}
	return out
}

func (s *trade) order(c, period string, tariffs ...string) *reply {
	s.t.Helper()
	return s.once(s.admin, "/v1/orders", obj{"client_id": c, "pay": "balance", "items": items(period, tariffs...)})
}

// service orders and answers the only service of the order.
func (s *trade) service(c, period, tariff string) string {
	s.t.Helper()
	return s.order(c, period, tariff).is(201).json["items"].([]any)[0].(obj)["service_id"].(string)
}

// quote asks what one item would cost; without a client where c is empty.
func (s *trade) quote(c, period, tariff string) obj {
	s.t.Helper()
	body := obj{"items": items(period, tariff)}
	if c != "" {
		body["client_id"] = c
	}
	return s.admin.post("/v1/quotes", body).is(200).json["items"].([]any)[0].(obj)
}

// reasons are the codes that stand in the way of a quoted item.
func reasons(item obj) []string {
	out := []string{}
	for _, r := range item["reasons"].([]any) {
		out = append(out, r.(obj)["code"].(string))
	}
	return out
}
