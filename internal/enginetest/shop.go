package enginetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/manual"
	"github.com/tariffd/tariffd/internal/provision/none"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// Start is when a shop opens.
var Start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// Shop sells a dedicated server out of one module, for 50.00 a month and 10.00 at the start.
type Shop struct {
	*Engines
	At     datacenter.ID
	Module provision.ModuleID // "one"
	Server catalog.TariffID
}

// OpenShop opens a shop whose modules are of a played driver, which must call itself dcimanager6.
func OpenShop(tb testing.TB, played provision.Driver) *Shop {
	tb.Helper()
	s := &Shop{Engines: Open(tb, Start, time.UTC, played, none.Driver(), manual.Driver())}
	s.At = s.Place("3")
	s.Module = s.NewModule("one", module.Change{})
	s.Server = s.NewTariff("E3", "dedicated", "50", s.Module)
	return s
}

// NewModule connects a further panel of the played driver, which finds its name among its parameters.
func (s *Shop) NewModule(name string, in module.Change) provision.ModuleID {
	s.Helper()
	in.Name, in.DataCenterID, in.Parameters = &name, input.To(s.At), json.RawMessage(fmt.Sprintf(`{"name": %q}`, name))
	m, err := s.Modules.Create(context.Background(), Admin, "dcimanager6", "dedicated", in)
	require.NoError(s, err)
	return m.ID
}

// NewTariff sells out of modules, month by month.
func (s *Shop) NewTariff(code, productType, amount string, modules ...provision.ModuleID) catalog.TariffID {
	s.Helper()
	price := catalog.Price{Period: "P1M", Amount: dec(amount)}
	if productType == "dedicated" {
		price.SetupFee = dec("10")
	}
	t, err := s.Tariffs.Create(context.Background(), Admin, tariff.New{
		ProductType: productType, ProviderID: s.Provider, Change: tariff.Change{
			Code: &code, Name: &code, Status: ptr(catalog.Active), DataCenterIDs: &[]datacenter.ID{s.At},
			ModuleIDs: &modules, Prices: &[]catalog.Price{price},
		},
	})
	require.NoError(s, err)
	return t.ID
}

// EditTariff changes the server's tariff.
func (s *Shop) EditTariff(in tariff.Change) {
	s.Helper()
	_, err := s.Tariffs.Update(context.Background(), Admin, s.Server, in)
	require.NoError(s, err)
}

// EditModule changes module "one".
func (s *Shop) EditModule(in module.Change) {
	s.Helper()
	_, err := s.Modules.Update(context.Background(), Admin, s.Module, in)
	require.NoError(s, err)
}

// Client is a new one who has paid.
func (s *Shop) Client(paid string) actor.ClientID {
	s.Helper()
	c, err := s.Clients.Create(context.Background(), Admin, client.Input{ProviderID: s.Provider, Email: actor.NewID() + "@example.com"})
	require.NoError(s, err)
	s.Pay(c.ID, paid, "")
	return c.ID
}

// Pay is money that has arrived, for an order where one is named.
func (s *Shop) Pay(c actor.ClientID, amount string, o order.ID) {
	s.Helper()
	_, err := s.Payments.Create(context.Background(), Admin, payment.CreateInput{
		ClientID: c, Amount: money.New(dec(amount), "EUR"), Status: payment.Paid, OrderID: string(o),
	})
	require.NoError(s, err)
}

// Buy orders n servers, paid at once.
func (s *Shop) Buy(c actor.ClientID, n int) order.Order {
	s.Helper()
	wishes := slices.Repeat([]order.Wish{{TariffID: s.Server, Period: "P1M"}}, n)
	o, err := s.Orders.Place(context.Background(), Admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: wishes})
	require.NoError(s, err)
	return o
}

// After moves the clock on and does what is due then.
func (s *Shop) After(d time.Duration) {
	s.Helper()
	s.Clock.Advance(d)
	s.Work()
}

// Work does everything that is due now.
func (s *Shop) Work() {
	s.Helper()
	ctx := context.Background()
	for range 50 {
		idle := true
		for _, kind := range []string{"operation", "order_expiry", "service_deletion"} {
			claims, err := s.DB.Due(kind).Claim(ctx, s.Clock.BusinessNow(), 100)
			require.NoError(s, err)
			for _, c := range claims {
				idle = false
				switch kind {
				case "operation":
					err = s.Lifecycle.Run(ctx, operation.ID(c.ID), c.No)
				case "order_expiry":
					err = s.Orders.Expire(ctx, order.ID(c.ID), c.No)
				default:
					err = s.Lifecycle.DeleteScheduled(ctx, service.ID(c.ID))
				}
				// One operation's end may take a claimed one of the same lot away.
				if !fault.Has(err, "claim_lost") {
					require.NoError(s, err)
				}
			}
		}
		if idle {
			return
		}
	}
	require.Fail(s, "work does not end")
}

// Order reads an order as staff sees it.
func (s *Shop) Order(id order.ID) order.Order {
	s.Helper()
	o, err := s.DB.Reader().Order(context.Background(), actor.Everything, id)
	require.NoError(s, err)
	return o
}

// Task is a service's newest.
func (s *Shop) Task(id service.ID) department.Task {
	s.Helper()
	var task department.TaskID
	require.NoError(s, s.Pool.Get(&task, `SELECT id FROM task WHERE service_id = $1 ORDER BY id DESC LIMIT 1`, id))
	t, err := s.DB.Reader().Task(context.Background(), actor.Everything, task)
	require.NoError(s, err)
	return t
}

// CloseTask is what the department does when it is done.
func (s *Shop) CloseTask(id department.TaskID, in lifecycle.CloseTaskInput) {
	s.Helper()
	_, err := s.Lifecycle.CloseTask(context.Background(), Admin, id, in)
	require.NoError(s, err)
}

// Books are a client's balance and held money.
func (s *Shop) Books(c actor.ClientID) string {
	s.Helper()
	var out []string
	require.NoError(s, s.Pool.Select(&out, `SELECT round(amount, 2)::text FROM account WHERE client_id = $1 ORDER BY kind`, c))
	return fmt.Sprint(out)
}

// Count is the number that a query answers.
func (s *Shop) Count(query string, args ...any) (n int) {
	s.Helper()
	require.NoError(s, s.Pool.Get(&n, query, args...))
	return n
}

// Refuses asks for a fault of a code.
func (s *Shop) Refuses(code string, err error) {
	s.Helper()
	require.Error(s, err)
	require.Truef(s, fault.Has(err, code), "%s expected, not: %v", code, err)
}
