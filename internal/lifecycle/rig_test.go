package lifecycle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/manual"
	"github.com/tariffd/tariffd/internal/provision/none"
	"github.com/tariffd/tariffd/internal/secret"
	"github.com/tariffd/tariffd/internal/service"
)

var (
	admin = actor.Actor{Role: actor.Admin, Scope: actor.Everything}
	start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
)

// rig is the real engines on a database of their own, and a panel that answers as the test says.
type rig struct {
	*testing.T
	pool  *sqlx.DB
	db    *postgres.DB
	clock *clock.Fake
	panel *panel

	clients   *client.Engine
	catalog   *catalog.Engine
	orders    *order.Engine
	lifecycle *lifecycle.Engine
	payments  *payment.Engine

	provider actor.ProviderID
	place    catalog.DataCenterID
	module   catalog.ModuleID
	server   catalog.TariffID // 50.00 a month and 10.00 at the start
}

func narrow[T any](db *postgres.DB) func(context.Context, func(T) error) error {
	return func(ctx context.Context, fn func(T) error) error {
		return db.InTx(ctx, func(tx *postgres.Tx) error { return fn(any(tx).(T)) })
	}
}

func ptr[T any](v T) *T { return &v }

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func newRig(t *testing.T) *rig {
	t.Helper()
	t.Parallel()
	box, err := secret.NewBox(secret.GenerateIdentity())
	require.NoError(t, err)
	r := &rig{T: t, pool: pgtest.New(t), clock: clock.NewFake(start), panel: &panel{}}
	drivers := provision.NewRegistry(r.panel.driver(), none.Driver(), manual.Driver())
	r.db = postgres.New(r.pool, postgres.Options{Prepare: true, Clock: r.clock, Wall: r.clock, Box: box})
	r.clients = &client.Engine{InTx: narrow[client.Tx](r.db), Zone: time.UTC, Wall: r.clock}
	r.catalog = &catalog.Engine{InTx: narrow[catalog.Tx](r.db), Drivers: drivers}
	r.orders = &order.Engine{
		InTx: narrow[order.Tx](r.db), Zone: time.UTC, Look: func(ctx context.Context) (order.Lookup, error) { return r.db.Shelf(ctx) },
	}
	r.lifecycle = &lifecycle.Engine{
		InTx: narrow[lifecycle.Tx](r.db), Zone: time.UTC, Registry: drivers, Module: r.catalog.Connect, Box: box, Orders: r.orders,
	}
	r.orders.Open = r.lifecycle.Open
	r.catalog.Free = catalog.NewStock(r.catalog, r.clock)
	r.orders.Stock, r.lifecycle.Stock = r.catalog.Free, r.catalog.Free
	r.payments = &payment.Engine{
		Ahead: func(ctx context.Context, orderID string) error { return r.orders.LookAhead(ctx, order.ID(orderID)) },
		InTx:  narrow[payment.Tx](r.db),
		MoneyArrived: func(ctx context.Context, tx payment.Tx, by actor.Actor, c client.Client, orderID string) error {
			return r.lifecycle.MoneyArrived(ctx, tx.(*postgres.Tx), by, c, orderID)
		},
	}
	require.NoError(t, r.pool.Get(&r.provider, `SELECT id FROM provider`))
	places := &catalog.DataCenters{InTx: narrow[catalog.DataCenterTx](r.db), ExternalID: func(string) string { return "optional" }}
	place, err := places.Create(context.Background(), admin, catalog.DataCenterInput{Name: "Frankfurt", ExternalID: "3"})
	require.NoError(t, err)
	r.place = place.ID
	r.module = r.newModule("one", catalog.ModuleChange{})
	r.server = r.newTariff("E3", "dedicated", "50", r.module)
	return r
}

// newModule connects a further panel of the played driver; its name tells its calls apart.
func (r *rig) newModule(name string, in catalog.ModuleChange) catalog.ModuleID {
	r.Helper()
	in.Name, in.DataCenterID, in.Parameters = &name, catalog.To(r.place), json.RawMessage(fmt.Sprintf(`{"name": %q}`, name))
	m, err := r.catalog.CreateModule(context.Background(), admin, "dcimanager6", "dedicated", in)
	require.NoError(r, err)
	return m.ID
}

func (r *rig) newTariff(code, productType, amount string, modules ...catalog.ModuleID) catalog.TariffID {
	r.Helper()
	price := catalog.Price{Period: "P1M", Amount: dec(amount)}
	if productType == "dedicated" {
		price.SetupFee = dec("10")
	}
	t, err := r.catalog.CreateTariff(context.Background(), admin, catalog.NewTariff{
		ProductType: productType, ProviderID: r.provider, TariffChange: catalog.TariffChange{
			Code: &code, Name: &code, Status: ptr(catalog.Active), DataCenterIDs: &[]catalog.DataCenterID{r.place},
			ModuleIDs: &modules, Prices: &[]catalog.Price{price},
		},
	})
	require.NoError(r, err)
	return t.ID
}

func (r *rig) editTariff(in catalog.TariffChange) {
	r.Helper()
	_, err := r.catalog.UpdateTariff(context.Background(), admin, r.server, in)
	require.NoError(r, err)
}

func (r *rig) editModule(in catalog.ModuleChange) {
	r.Helper()
	_, err := r.catalog.UpdateModule(context.Background(), admin, r.module, in)
	require.NoError(r, err)
}

func (r *rig) client(paid string) actor.ClientID {
	r.Helper()
	c, err := r.clients.Create(context.Background(), admin, client.Input{ProviderID: r.provider, Email: actor.NewID() + "@example.com"})
	require.NoError(r, err)
	r.pay(c.ID, paid, "")
	return c.ID
}

func (r *rig) pay(c actor.ClientID, amount string, o order.ID) {
	r.Helper()
	_, err := r.payments.Create(context.Background(), admin, payment.CreateInput{
		ClientID: c, Amount: money.New(dec(amount), "EUR"), Status: payment.Paid, OrderID: string(o),
	})
	require.NoError(r, err)
}

// buy orders n servers, paid at once.
func (r *rig) buy(c actor.ClientID, n int) order.Order {
	r.Helper()
	wishes := slices.Repeat([]order.Wish{{TariffID: r.server, Period: "P1M"}}, n)
	o, err := r.orders.Place(context.Background(), admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: wishes})
	require.NoError(r, err)
	return o
}

// active is a server that its panel has made, of a client that paid 100.00 and has 40.00 left.
func (r *rig) active() (actor.ClientID, service.ID) {
	r.Helper()
	c := r.client("100")
	id := r.buy(c, 1).Items[0].ServiceID
	r.work()
	require.Equal(r, service.Active, r.service(id).Status)
	return c, id
}

// after moves the clock on and does what is due then.
func (r *rig) after(d time.Duration) {
	r.Helper()
	r.clock.Advance(d)
	r.work()
}

// work does everything that is due now.
func (r *rig) work() {
	r.Helper()
	ctx := context.Background()
	for range 50 {
		idle := true
		for _, kind := range []string{"operation", "order_expiry", "service_deletion"} {
			claims, err := r.db.Due(kind).Claim(ctx, r.clock.BusinessNow(), 100)
			require.NoError(r, err)
			for _, c := range claims {
				idle = false
				switch kind {
				case "operation":
					err = r.lifecycle.Run(ctx, operation.ID(c.ID), c.No)
				case "order_expiry":
					err = r.orders.Expire(ctx, order.ID(c.ID), c.No)
				default:
					err = r.lifecycle.DeleteScheduled(ctx, service.ID(c.ID))
				}
				// One operation's end may take a claimed one of the same lot away.
				if !fault.Has(err, "claim_lost") {
					require.NoError(r, err)
				}
			}
		}
		if idle {
			return
		}
	}
	require.Fail(r, "work does not end")
}

func (r *rig) service(id service.ID) lifecycle.View {
	r.Helper()
	v, err := r.db.Reader().Service(context.Background(), actor.Everything, id)
	require.NoError(r, err)
	return v
}

func (r *rig) order(id order.ID) order.Order {
	r.Helper()
	o, err := r.db.Reader().Order(context.Background(), actor.Everything, id)
	require.NoError(r, err)
	return o
}

// operation is a service's newest of a kind.
func (r *rig) operation(id service.ID, kind provision.Kind) operation.Operation {
	r.Helper()
	var op operation.ID
	require.NoError(r, r.pool.Get(&op, `SELECT id FROM operation WHERE service_id = $1 AND kind = $2 ORDER BY id DESC LIMIT 1`, id, kind))
	o, err := r.db.Reader().Operation(context.Background(), actor.Everything, op)
	require.NoError(r, err)
	return o
}

// task is a service's newest.
func (r *rig) task(id service.ID) department.Task {
	r.Helper()
	var task department.TaskID
	require.NoError(r, r.pool.Get(&task, `SELECT id FROM task WHERE service_id = $1 ORDER BY id DESC LIMIT 1`, id))
	t, err := r.db.Reader().Task(context.Background(), actor.Everything, task)
	require.NoError(r, err)
	return t
}

func (r *rig) closeTask(id department.TaskID, in lifecycle.CloseTaskInput) {
	r.Helper()
	_, err := r.lifecycle.CloseTask(context.Background(), admin, id, in)
	require.NoError(r, err)
}

// books are a client's balance and held money.
func (r *rig) books(c actor.ClientID) string {
	r.Helper()
	var out []string
	require.NoError(r, r.pool.Select(&out, `SELECT round(amount, 2)::text FROM account WHERE client_id = $1 ORDER BY kind`, c))
	return fmt.Sprint(out)
}

func (r *rig) count(query string, args ...any) (n int) {
	r.Helper()
	require.NoError(r, r.pool.Get(&n, query, args...))
	return n
}

// refuses asks for a fault of a code.
func (r *rig) refuses(code string, err error) {
	r.Helper()
	require.Error(r, err)
	require.Truef(r, fault.Has(err, code), "%s expected, not: %v", code, err)
}

func clientKey(v lifecycle.View) actor.Actor {
	return actor.Actor{Role: actor.Client, Scope: actor.Scope{ProviderID: v.ProviderID, ClientID: v.ClientID}}
}

func storefront(v lifecycle.View) actor.Actor {
	return actor.Actor{Role: actor.Storefront, Scope: actor.Scope{ProviderID: v.ProviderID}}
}

// panel is an outside system that answers as the test says, and remembers what it was asked.
type panel struct {
	mu     sync.Mutex
	answer func(module string, op provision.Op) (provision.Outcome, error) // nil: everything is done at once
	modes  map[provision.Kind]provision.Mode
	calls  []call
	found  provision.Found // of whatever is inspected
	deaf   error           // why it does not tell
	has    []provision.Machine
}

type call struct {
	module string
	op     provision.Op
}

func (p *panel) driver() provision.Driver {
	p.modes = map[provision.Kind]provision.Mode{}
	for _, kind := range provision.Kinds {
		p.modes[kind] = provision.ModeAuto
	}
	schema := json.RawMessage(`{"type": "object"}`)
	return provision.Driver{
		Info: provision.Info{
			Name:             "dcimanager6",
			ProductTypes:     []provision.ProductType{{Code: "dedicated", Operations: p.modes, CompletesWith: []string{"external_id"}, Recovery: true}},
			ConnectionSchema: schema, ParametersSchema: schema, TariffSchema: schema,
		},
		New: func(c provision.Config) (provision.Module, error) {
			var named struct{ Name string }
			return &rack{p, &named.Name}, json.Unmarshal(c.Parameters, &named)
		},
	}
}

// says makes the panel answer every call with this.
func (p *panel) says(out provision.Outcome, err error) {
	p.does(func(string, provision.Op) (provision.Outcome, error) { return out, err })
}

func (p *panel) does(fn func(module string, op provision.Op) (provision.Outcome, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = fn
}

// asked tells the modules and kinds of all calls since the last time.
func (p *panel) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []string{}
	for _, c := range p.calls {
		out = append(out, c.module+" "+string(c.op.Kind))
	}
	p.calls = nil
	return out
}

func (p *panel) last() provision.Op {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[len(p.calls)-1].op
}

// rack is one module of the panel.
type rack struct {
	*panel
	name *string
}

func (*rack) Check(context.Context) error { return nil }

func (m *rack) Inspect(_ context.Context, op provision.Op) (provision.Found, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, call{*m.name, op})
	return m.found, m.deaf
}

func (m *rack) Machines(context.Context) ([]provision.Machine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.has, m.deaf
}

func (*rack) SortOf(settings json.RawMessage) string {
	var in struct{ Configuration string }
	_ = json.Unmarshal(settings, &in)
	return in.Configuration
}

func (m *rack) Apply(_ context.Context, op provision.Op) (provision.Outcome, error) {
	m.mu.Lock()
	m.calls = append(m.calls, call{*m.name, op})
	answer, n := m.answer, len(m.calls)
	m.mu.Unlock()
	switch {
	case answer != nil:
		return answer(*m.name, op)
	case op.Kind == provision.Open:
		return provision.Outcome{Ref: provision.Ref(strconv.Itoa(n))}, nil
	}
	return provision.Outcome{}, nil
}

func on(month time.Month, day, hour int) time.Time {
	return time.Date(2026, month, day, hour, 0, 0, 0, time.UTC)
}

// monthly is the period of everything that the rig sells.
const monthly calendar.Period = "P1M"

func texts(code, value string) map[string]json.RawMessage {
	return map[string]json.RawMessage{code: json.RawMessage(strconv.Quote(value))}
}

func editNote(note string) lifecycle.Patch { return lifecycle.Patch{Note: &note} }
