package verify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/billing"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/enginetest"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/none"
	"github.com/tariffd/tariffd/internal/secret"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
	"github.com/tariffd/tariffd/internal/traffic"
	"github.com/tariffd/tariffd/internal/verify"
)

var admin = actor.Actor{Role: actor.Admin, Scope: actor.Everything}

// life is a small hosting company: every engine on one database, and a panel that is played.
type life struct {
	*testing.T
	address string
	pool    *sqlx.DB
	db      *postgres.DB
	clock   *clock.Fake
	box     *secret.Box
	drivers *provision.Registry

	clients   *client.Engine
	products  *product.Engine
	modules   *module.Engine
	tariffs   *tariff.Engine
	orders    *order.Engine
	lifecycle *lifecycle.Engine
	traffic   *traffic.Engine
	overage   *charge.Engine
	payments  *payment.Engine
	billing   *billing.Engine

	provider                   actor.ProviderID
	server, bandwidth          catalog.TariffID
	first, second              actor.ClientID
	a, b, carrier, over, stuck service.ID
}

func newCompany(t *testing.T) *life {
	l := &life{T: t, box: enginetest.Box(t), drivers: provision.NewRegistry(panel(), none.Driver())}
	l.connect(pgtest.URL(t), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	l.stock()
	return l
}

// connect gives the company a database and a clock.
func (l *life) connect(address string, now time.Time) {
	pool, err := sqlx.Open("postgres", address)
	require.NoError(l, err)
	l.Cleanup(func() { _ = pool.Close() })
	e := enginetest.Wire(l, enginetest.On{Pool: pool, Clock: clock.NewFake(now), Zone: time.UTC, Box: l.box, Drivers: l.drivers})
	l.address, l.pool, l.db, l.clock, l.provider = address, pool, e.DB, e.Clock, e.Provider
	l.clients, l.orders, l.lifecycle, l.payments = e.Clients, e.Orders, e.Lifecycle, e.Payments
	l.products, l.modules, l.tariffs = e.Products, e.Modules, e.Tariffs
	l.traffic = &traffic.Engine{InTx: enginetest.Narrow[traffic.Tx](l.db), Zone: time.UTC, Drivers: l.drivers, Connect: l.modules.Connect}
	l.overage = &charge.Engine{
		InTx: enginetest.Narrow[charge.OverageTx](l.db), Zone: time.UTC,
		Recomputed: func(ctx context.Context, tx charge.OverageTx, c client.Client, o charge.Outcome) error {
			return l.lifecycle.AfterOverage(ctx, tx.(*postgres.Tx), c, o.Service.ID, len(o.Exceeded) > 0)
		},
	}
	l.billing = &billing.Engine{InTx: enginetest.Narrow[billing.Tx](l.db), Zone: time.UTC, Lifecycle: l.lifecycle}
}

// panel is a DCImanager 6 that makes every server at once, but leaves one called people to people and never ends with slow.
func panel() provision.Driver {
	operations := map[provision.Kind]provision.Mode{}
	for _, kind := range provision.Kinds {
		operations[kind] = provision.ModeAuto
	}
	operations[provision.Renew] = provision.ModeNone
	schema := json.RawMessage(`{"type": "object"}`)
	made := 0
	return provision.Driver{
		Info: provision.Info{
			Name: "dcimanager6", ProductTypes: []provision.ProductType{{Code: "dedicated", Operations: operations}},
			ConnectionSchema: schema, ParametersSchema: schema, TariffSchema: schema,
		},
		New: func(provision.Config) (provision.Module, error) { return &rack{&made}, nil },
	}
}

type rack struct{ made *int }

func (*rack) Check(context.Context) error { return nil }

func (r *rack) Apply(_ context.Context, op provision.Op) (provision.Outcome, error) {
	switch name := op.Spec.Parameter("hostname"); {
	case op.Kind != provision.Open:
		return provision.Outcome{}, nil
	case name == "people":
		return provision.Outcome{State: provision.Manual, Text: "Put it into the rack."}, nil
	case name == "slow":
		return provision.Outcome{State: provision.Pending, Begun: true}, nil
	}
	*r.made++
	return provision.Outcome{Ref: provision.Ref(strconv.Itoa(*r.made))}, nil
}

func ptr[T any](v T) *T { return &v }

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func eur(s string) money.Amount { return money.New(dec(s), "EUR") }

// stock fills the catalogue: servers with traffic and a bandwidth product.
func (l *life) stock() {
	ctx := context.Background()
	places := &datacenter.Engine{InTx: enginetest.Narrow[datacenter.Tx](l.db), ExternalID: func(string) string { return "optional" }}
	place, err := places.Create(ctx, admin, datacenter.Input{Name: "Frankfurt", ExternalID: "3"})
	require.NoError(l, err)
	_, err = l.products.Install(ctx, admin, product.DedicatedBandwidth)
	require.NoError(l, err)
	module := func(driver, productType string) provision.ModuleID {
		m, err := l.modules.Create(ctx, admin, driver, productType, module.Change{Name: ptr(driver), DataCenterID: input.To(place.ID)})
		require.NoError(l, err)
		return m.ID
	}
	tariff := func(code, productType string, m provision.ModuleID, price catalog.Price, addOn, included, overage string) catalog.TariffID {
		t, err := l.tariffs.Create(ctx, admin, tariff.New{
			ProductType: productType, ProviderID: l.provider, Change: tariff.Change{
				Code: &code, Name: &code, Status: ptr(catalog.Active), DataCenterIDs: &[]datacenter.ID{place.ID},
				ModuleIDs: &[]provision.ModuleID{m}, Prices: &[]catalog.Price{price},
			},
		})
		require.NoError(l, err)
		_, err = l.tariffs.CreateAddOn(ctx, admin, t.ID, addOn, addOn, tariff.AddOnChange{
			Billing: ptr(catalog.BillStatistics), Included: ptr(dec(included)), Statistics: input.To(tariff.StatisticsChange{OveragePrice: input.To(dec(overage))}),
		})
		require.NoError(l, err)
		return t.ID
	}
	l.server = tariff("E3", "dedicated", module("dcimanager6", "dedicated"),
		catalog.Price{Period: "P1M", Amount: dec("50"), SetupFee: dec("10")}, "traffic", "100", "0.02")
	l.bandwidth = tariff("Bandwidth", product.DedicatedBandwidth, module("none", product.DedicatedBandwidth),
		catalog.Price{Period: "P1M", Amount: dec("20")}, "bandwidth", "100", "0.01")
}

func (l *life) client(email string, paid string) actor.ClientID {
	ctx := context.Background()
	c, err := l.clients.Create(ctx, admin, client.Input{ProviderID: l.provider, Email: email})
	require.NoError(l, err)
	_, err = l.payments.Create(ctx, admin, payment.CreateInput{ClientID: c.ID, Amount: eur(paid), Status: payment.Paid})
	require.NoError(l, err)
	return c.ID
}

func (l *life) order(c actor.ClientID, pay string, wishes ...order.Wish) order.Order {
	l.Helper()
	o, err := l.orders.Place(context.Background(), admin, order.PlaceInput{ClientID: c, Pay: pay, Wishes: wishes})
	require.NoError(l, err)
	return o
}

func (l *life) aServer(hostname string) order.Wish {
	return order.Wish{TariffID: l.server, Period: "P1M", Parameters: map[string]json.RawMessage{"hostname": json.RawMessage(strconv.Quote(hostname))}}
}

func (l *life) carry(servers ...service.ID) order.Wish {
	raw, err := json.Marshal(servers)
	require.NoError(l, err)
	return order.Wish{TariffID: l.bandwidth, Period: "P1M", Parameters: map[string]json.RawMessage{"servers": raw}}
}

// at moves the clock and does everything that is due then.
func (l *life) at(month time.Month, day, hour, minute int) {
	l.Helper()
	l.clock.Set(time.Date(2026, month, day, hour, minute, 0, 0, time.UTC))
	l.work()
}

func (l *life) work() {
	l.Helper()
	ctx := context.Background()
	for again := true; again; {
		again = false
		for _, kind := range []string{"overage", "operation", "daily_run"} {
			claims, err := l.db.Due(kind).Claim(ctx, l.clock.BusinessNow(), 100)
			require.NoError(l, err)
			var lot []billing.Claim
			for _, c := range claims {
				again = true
				switch kind {
				case "overage":
					require.NoError(l, l.overage.RunLot(ctx, []charge.Claim{{ID: c.ID, No: c.No}}))
				case "operation":
					require.NoError(l, l.lifecycle.Run(ctx, operation.ID(c.ID), c.No))
				default:
					lot = append(lot, billing.Claim{Client: actor.ClientID(c.ID), No: c.No})
				}
			}
			require.NoError(l, l.billing.Run(ctx, lot))
		}
	}
}

// used reports what a server used on a day, as much in as out.
func (l *life) used(server service.ID, on calendar.Day, gib string) {
	l.Helper()
	each := traffic.Quantity{Value: dec(gib), Unit: "GiB"}
	out, err := l.traffic.Store(context.Background(), admin, traffic.Lot{Source: traffic.Push, Reports: []traffic.Report{
		{Server: server, Day: on, Values: traffic.Values{traffic.ParamIn: each, traffic.ParamOut: each}},
	}})
	require.NoError(l, err)
	require.Empty(l, out.Rejected)
}

func on(month time.Month, dom int) calendar.Day {
	return calendar.Day{Year: 2026, Month: month, Dom: dom}
}

// lived is a company after five weeks: servers with overage, bandwidth services that opened, were suspended, resumed and
// closed, late and revised days, renewals, and on the last day things that are still on their way.
func lived(t *testing.T) *life {
	ctx := context.Background()
	l := newCompany(t)
	l.first, l.second = l.client("first@example.com", "500"), l.client("second@example.com", "300")
	servers := l.order(l.first, order.PayBalance, l.aServer("a"), l.aServer("b"))
	l.work()
	l.a, l.b = servers.Items[0].ServiceID, servers.Items[1].ServiceID

	l.at(time.March, 5, 13, 0)
	l.used(l.a, on(time.March, 5), "10")
	l.carrier = l.order(l.first, order.PayBalance, l.carry(l.a)).Items[0].ServiceID
	_, err := l.lifecycle.SetSpecialPrice(ctx, admin, l.b, traffic.SpecialPrice{Item: "traffic", OveragePrice: ptr(dec("0.01"))}, nil)
	require.NoError(t, err)
	l.over = l.order(l.first, order.PayBalance, l.carry(l.b)).Items[0].ServiceID
	for day := on(time.March, 5); day.Before(on(time.April, 3)); day = day.AddDays(1) {
		l.at(day.Month, day.Dom, 9, 0)
		switch day {
		case on(time.March, 12):
			_, err = l.lifecycle.Suspend(ctx, admin, l.carrier, service.ByAdmin, "")
		case on(time.March, 15):
			_, err = l.lifecycle.Resume(ctx, admin, l.carrier, lifecycle.ResumeInput{})
		case on(time.March, 20):
			_, err = l.lifecycle.Delete(ctx, admin, l.over, lifecycle.DeleteInput{})
		}
		require.NoError(t, err)
		l.used(l.a, day, "20")
		if day.Dom%3 == 0 { // the others come late, or never
			l.used(l.b, day, "30")
		}
		next := day.AddDays(1)
		l.at(next.Month, next.Dom, 0, 20)
	}
	l.used(l.b, on(time.March, 25), "17") // late
	l.used(l.a, on(time.March, 2), "30")
	l.used(l.a, on(time.March, 13), "33") // revised: booked by reversals
	l.used(l.a, on(time.March, 13), "31")
	l.used(l.a, on(time.March, 6), "40")
	l.work()
	l.unfinished()
	return l
}

// unfinished leaves things on their way: money held, a task for people, an order without money, a running day.
func (l *life) unfinished() {
	ctx := context.Background()
	cancelled := l.order(l.second, order.PayBalance, l.aServer("c"))
	_, err := l.orders.Cancel(ctx, admin, cancelled.ID)
	require.NoError(l, err)
	refused := l.order(l.second, order.PayBalance, l.aServer("people"))
	l.work()
	var task department.TaskID
	require.NoError(l, l.pool.Get(&task, `SELECT id FROM task WHERE service_id = $1`, refused.Items[0].ServiceID))
	_, err = l.lifecycle.CloseTask(ctx, admin, task, lifecycle.CloseTaskInput{Result: "refused"})
	require.NoError(l, err)
	l.stuck = l.order(l.second, order.PayBalance, l.aServer("people")).Items[0].ServiceID
	l.order(l.second, order.PayBalance, l.aServer("slow"))
	l.order(l.second, order.PayLater, l.aServer("d"))
	var paid payment.ID
	require.NoError(l, l.pool.Get(&paid, `SELECT id FROM payment WHERE client_id = $1`, l.second))
	_, err = l.payments.Refund(ctx, admin, paid, eur("12.34"))
	require.NoError(l, err)
	l.at(time.April, 3, 12, 0)
	l.used(l.a, on(time.April, 3), "20")
	l.work()
}

func (l *life) verify() verify.Report {
	l.Helper()
	e := verify.Engine{Zone: time.UTC, InSnapshot: func(ctx context.Context, fn func(verify.Snapshot) error) error {
		return l.db.InSnapshot(ctx, func(s *postgres.Snapshot) error { return fn(s) })
	}}
	r, err := e.Run(context.Background())
	require.NoError(l, err)
	return r
}

func (l *life) exec(statement string, args ...any) {
	l.Helper()
	_, err := l.pool.Exec(statement, args...)
	require.NoError(l, err)
}

func (l *life) count(query string, args ...any) (n int) {
	l.Helper()
	require.NoError(l, l.pool.Get(&n, query, args...))
	return n
}

// open takes the locks off the house: history can be rewritten and constraints that keep single rows right are gone.
func (l *life) open() {
	for _, table := range []string{"posting", "expense", "block_revision", "traffic_reassignment"} {
		l.exec(fmt.Sprintf(`ALTER TABLE %s DISABLE TRIGGER USER`, table))
	}
	l.exec(`ALTER TABLE posting DROP CONSTRAINT posting_amount_ck, DROP CONSTRAINT posting_sides_ck, DROP CONSTRAINT posting_cause_uq`)
	l.exec(`ALTER TABLE expense DROP CONSTRAINT expense_overage_ck`)
	l.exec(`DROP INDEX expense_corrected_once_uq`)
	l.exec(`DROP INDEX service_term_special_uq`)
	l.exec(`DROP INDEX traffic_link_server_uq`)
}
