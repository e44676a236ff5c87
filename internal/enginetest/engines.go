// Package enginetest is the real engines on a database of their own, wired as the program wires them, for the tests of features.
//
// It owns the wiring, a clock that tests move and, in Shop, a small thing to sell. It does not own what an outside panel answers:
// each test plays its own. Only tests import it.
//
// Invariants: nothing here is faked but the clock; whatever a test opens ends with the test; a failure names the line of the test.
package enginetest

import (
	"context"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/secret"
	"github.com/tariffd/tariffd/internal/tariff"
)

// Admin may do everything.
var Admin = actor.Actor{Role: actor.Admin, Scope: actor.Everything}

// Engines sell, run and take money. Engines that need more are made of DB by those who test them.
type Engines struct {
	testing.TB
	Pool  *sqlx.DB
	DB    *postgres.DB
	Clock *clock.Fake

	Clients   *client.Engine
	Products  *product.Engine
	Modules   *module.Engine
	Tariffs   *tariff.Engine
	Orders    *order.Engine
	Lifecycle *lifecycle.Engine
	Payments  *payment.Engine

	Provider actor.ProviderID // the one that there is from the beginning
}

// On is what engines stand on.
type On struct {
	Pool    *sqlx.DB
	Clock   *clock.Fake
	Zone    *time.Location
	Box     *secret.Box
	Drivers *provision.Registry
}

// Open puts engines on a new database.
func Open(tb testing.TB, now time.Time, zone *time.Location, drivers ...provision.Driver) *Engines {
	tb.Helper()
	return Wire(tb, On{Pool: pgtest.New(tb), Clock: clock.NewFake(now), Zone: zone, Box: Box(tb), Drivers: provision.NewRegistry(drivers...)})
}

// Wire puts engines on a database that is there.
func Wire(tb testing.TB, on On) *Engines {
	tb.Helper()
	e := &Engines{TB: tb, Pool: on.Pool, Clock: on.Clock}
	e.DB = postgres.New(on.Pool, postgres.Options{Prepare: true, Clock: on.Clock, Wall: on.Clock, Box: on.Box})
	e.Clients = &client.Engine{InTx: Narrow[client.Tx](e.DB), Zone: on.Zone, Wall: on.Clock}
	e.Products = &product.Engine{InTx: Narrow[product.Tx](e.DB)}
	e.Modules = &module.Engine{InTx: Narrow[module.Tx](e.DB), Drivers: on.Drivers}
	e.Tariffs = &tariff.Engine{
		InTx: Narrow[tariff.Tx](e.DB), Drivers: on.Drivers, Connect: e.Modules.Connect, Free: module.NewStock(e.Modules, on.Clock),
	}
	e.Orders = &order.Engine{
		InTx: Narrow[order.Tx](e.DB), Zone: on.Zone, Stock: e.Tariffs.Free,
		Look: func(ctx context.Context) (order.Lookup, error) { return e.DB.Shelf(ctx) },
	}
	e.Lifecycle = &lifecycle.Engine{
		InTx: Narrow[lifecycle.Tx](e.DB), Zone: on.Zone, Registry: on.Drivers, Module: e.Modules.Connect, Box: on.Box, Orders: e.Orders,
		Stock: e.Tariffs.Free,
	}
	e.Orders.Open = e.Lifecycle.Open
	e.Payments = &payment.Engine{
		InTx:  Narrow[payment.Tx](e.DB),
		Ahead: func(ctx context.Context, orderID string) error { return e.Orders.LookAhead(ctx, order.ID(orderID)) },
		MoneyArrived: func(ctx context.Context, tx payment.Tx, by actor.Actor, c client.Client, orderID string) error {
			return e.Lifecycle.MoneyArrived(ctx, tx.(*postgres.Tx), by, c, orderID)
		},
	}
	require.NoError(tb, e.Pool.Get(&e.Provider, `SELECT id FROM provider`))
	return e
}

// Box seals secrets with a key of its own.
func Box(tb testing.TB) *secret.Box {
	tb.Helper()
	box, err := secret.NewBox(secret.GenerateIdentity())
	require.NoError(tb, err)
	return box
}

// Narrow gives an engine the transactions it asks for.
func Narrow[T any](db *postgres.DB) func(context.Context, func(T) error) error {
	return func(ctx context.Context, fn func(T) error) error {
		return db.InTx(ctx, func(tx *postgres.Tx) error { return fn(any(tx).(T)) })
	}
}

// Place makes a data center.
func (e *Engines) Place(externalID string) datacenter.ID {
	e.Helper()
	places := &datacenter.Engine{InTx: Narrow[datacenter.Tx](e.DB), ExternalID: func(string) string { return "optional" }}
	place, err := places.Create(context.Background(), Admin, datacenter.Input{Name: "Frankfurt", ExternalID: externalID})
	require.NoError(e, err)
	return place.ID
}

func ptr[T any](v T) *T { return &v }

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }
