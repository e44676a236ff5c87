package app

import (
	"context"
	"os"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/billing"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/netguard"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/pricelist"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/all"
	"github.com/tariffd/tariffd/internal/tariff"
	"github.com/tariffd/tariffd/internal/traffic"
)

// engines are the use-cases of every feature.
type engines struct {
	Clients     *client.Engine
	Departments *department.Engine
	DataCenters *datacenter.Engine
	Units       *measure.Engine
	Products    *product.Engine
	Modules     *module.Engine
	Tariffs     *tariff.Engine
	Orders      *order.Engine
	Lifecycle   *lifecycle.Engine
	Traffic     *traffic.Engine
	Overage     *charge.Engine
	Payments    *payment.Engine
	Billing     *billing.Engine
	PriceList   *pricelist.Engine
}

// within narrows the store's transaction to what one feature declares; a missing method is found by the compiler where the
// closure is built.
func within[T any](db *postgres.DB, narrow func(*postgres.Tx) T) func(context.Context, func(T) error) error {
	return func(ctx context.Context, fn func(T) error) error {
		return db.InTx(ctx, func(tx *postgres.Tx) error { return fn(narrow(tx)) })
	}
}

// wide is the whole transaction behind a feature's narrow one: where one feature's hook is another's use-case, both run in
// the same transaction.
func wide(tx any) *postgres.Tx { return tx.(*postgres.Tx) }

func (a *App) build() engines {
	zone, drivers := a.Config.Zone(), all.Registry()
	e := engines{
		Clients: &client.Engine{
			InTx: within(a.DB, func(tx *postgres.Tx) client.Tx { return tx }), Zone: zone, Wall: a.system,
		},
		Departments: &department.Engine{InTx: within(a.DB, func(tx *postgres.Tx) department.Tx { return tx })},
		DataCenters: &datacenter.Engine{
			InTx: within(a.DB, func(tx *postgres.Tx) datacenter.Tx { return tx }), ExternalID: externalIDRule(drivers),
		},
		Units:    &measure.Engine{InTx: within(a.DB, func(tx *postgres.Tx) measure.Tx { return tx })},
		Products: &product.Engine{InTx: within(a.DB, func(tx *postgres.Tx) product.Tx { return tx })},
		Modules: &module.Engine{
			InTx: within(a.DB, func(tx *postgres.Tx) module.Tx { return tx }), Drivers: drivers, Env: a.driverEnv(),
		},
	}
	stock := module.NewStock(e.Modules, a.system)
	e.Tariffs = &tariff.Engine{
		InTx: within(a.DB, func(tx *postgres.Tx) tariff.Tx { return tx }), Drivers: drivers, Connect: e.Modules.Connect, Free: stock,
	}
	e.PriceList = &pricelist.Engine{
		InTx: within(a.DB, func(tx *postgres.Tx) pricelist.Tx { return tx }), Modules: e.Modules, Tariffs: e.Tariffs, ExternalID: externalIDRule(drivers),
		InSnapshot: func(ctx context.Context, fn func(pricelist.Tx) error) error {
			return a.DB.OnSnapshot(ctx, func(tx *postgres.Tx) error { return fn(tx) })
		},
		Getenv: os.LookupEnv, Zone: zone,
	}
	e.Orders = &order.Engine{
		Stock: stock,
		InTx:  within(a.DB, func(tx *postgres.Tx) order.Tx { return tx }), Zone: zone,
		Look: func(ctx context.Context) (order.Lookup, error) { return a.DB.Shelf(ctx) },
	}
	e.Lifecycle = &lifecycle.Engine{
		InTx: within(a.DB, func(tx *postgres.Tx) lifecycle.Tx { return tx }), Zone: zone, Registry: drivers,
		Module: e.Modules.Connect, Box: a.box, Orders: e.Orders, Stock: stock,
		PendingLimit: a.Config.PendingLimit,
	}
	e.Orders.Open = e.Lifecycle.Open
	e.Traffic = &traffic.Engine{
		InTx: within(a.DB, func(tx *postgres.Tx) traffic.Tx { return tx }), Zone: zone, Drivers: drivers, Connect: e.Modules.Connect,
		Asked: func(ctx context.Context, tx traffic.Tx, id provision.ModuleID, failure error) error {
			return module.NoteCall(ctx, wide(tx), actor.Program("collection"), id, failure)
		},
	}
	e.Overage = &charge.Engine{
		InTx: within(a.DB, func(tx *postgres.Tx) charge.OverageTx { return tx }), Zone: zone,
		Recomputed: func(ctx context.Context, tx charge.OverageTx, c client.Client, o charge.Outcome) error {
			if !o.Booked && len(o.Exceeded) == 0 {
				return nil
			}
			return e.Lifecycle.AfterOverage(ctx, wide(tx), c, o.Service.ID, len(o.Exceeded) > 0)
		},
	}
	e.Payments = &payment.Engine{
		Ahead: func(ctx context.Context, orderID string) error { return e.Orders.LookAhead(ctx, order.ID(orderID)) },
		InTx:  within(a.DB, func(tx *postgres.Tx) payment.Tx { return tx }),
		MoneyArrived: func(ctx context.Context, tx payment.Tx, by actor.Actor, c client.Client, orderID string) error {
			return e.Lifecycle.MoneyArrived(ctx, wide(tx), by, c, orderID)
		},
	}
	e.Billing = &billing.Engine{
		InTx: within(a.DB, func(tx *postgres.Tx) billing.Tx { return tx }), Zone: zone, Lifecycle: e.Lifecycle,
		Parked: func(c actor.ClientID, cause error) {
			a.Log.Error("a client cannot be billed and was parked", "client", c, "error", cause)
		},
	}
	return e
}

// driverEnv is what the program lends to the drivers of panels.
func (a *App) driverEnv() provision.Env {
	transport := netguard.Panels(a.Config.PanelNetworks, a.Config.Sandbox).Transport(netguard.Timeouts{})
	return provision.Env{Transport: transport, Now: a.businessNow, UserAgent: "tariffd", AddressTaken: a.DB.AddressTaken}
}

// businessNow is the business clock for drivers, whose tokens and waits go by it. Where it cannot be read just now, real
// time serves: a token is then merely asked for again.
func (a *App) businessNow() time.Time {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	now, err := a.DB.BusinessNow(ctx)
	if err != nil {
		return a.system.BusinessNow()
	}
	return now
}

// externalIDRule is what a driver says about its data center's external id.
func externalIDRule(drivers *provision.Registry) func(string) string {
	return func(name string) string {
		d, err := drivers.Driver(name)
		if err != nil {
			return string(provision.Optional)
		}
		return string(d.Info.DataCenter.ExternalID)
	}
}
