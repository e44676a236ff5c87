package order_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// stocked is a rig whose panel has n machines for the tariff.
func stocked(t *testing.T, n int) *rig {
	t.Helper()
	r := newRig(t)
	r.panel.has("E3", n)
	r.EditModule(module.Change{MaxRunningOpens: ptr(0)})
	r.EditTariff(tariff.Change{Settings: json.RawMessage(`{"configuration": "E3"}`)})
	return r
}

func (r *rig) try(c actor.ClientID, n int) (order.Order, error) {
	in := order.PlaceInput{ClientID: c, Pay: order.PayBalance}
	for range n {
		in.Wishes = append(in.Wishes, order.Wish{TariffID: r.Server, Period: "P1M"})
	}
	return r.Orders.Place(context.Background(), admin, in)
}

// soldOut asks for a refusal for want of stock at one item.
func (r *rig) soldOut(err error, pointer string) {
	r.Helper()
	r.Refuses("no_stock", err)
	require.Equal(r, pointer, fault.Of(err).Fields[0].Pointer)
}

func TestSixOrdersAtOnceForFourMachines(t *testing.T) {
	r := stocked(t, 4)
	var clients []actor.ClientID
	for range 6 {
		clients = append(clients, r.Client("60"))
	}
	var all sync.WaitGroup
	failures := make([]error, len(clients))
	for i, c := range clients {
		all.Go(func() { _, failures[i] = r.try(c, 1) })
	}
	all.Wait()
	sold := 0
	for _, err := range failures {
		if err == nil {
			sold++
			continue
		}
		r.soldOut(err, "/items/0/tariff_id")
	}
	require.Equal(r, 4, sold)
	r.Work()
	require.Equal(r, 4, r.Count(`SELECT count(*) FROM service WHERE status = 'active'`))
	require.Equal(r, 0, r.panel.free["E3"])
	_, err := r.try(r.Client("60"), 1)
	r.soldOut(err, "/items/0/tariff_id")
}

func TestWhatIsSoldIsCountedOnceWhateverThePanelKnows(t *testing.T) {
	r := stocked(t, 4)
	for n := range 4 {
		// What was told before the first machine was taken is remembered; or it is told anew after each.
		if n >= 2 {
			r.Clock.Advance(module.StockAge)
		}
		r.Buy(r.Client("60"), 1)
		r.Work()
	}
	require.Equal(r, 0, r.panel.free["E3"])
	_, err := r.try(r.Client("60"), 1)
	r.soldOut(err, "/items/0/tariff_id")

	r.panel.has("E3", 1) // mounted a moment ago
	r.Buy(r.Client("60"), 1)
	_, err = r.try(r.Client("60"), 1)
	r.soldOut(err, "/items/0/tariff_id")
}

func TestAMachineThatThePanelHoldsIsNotFreeTwice(t *testing.T) {
	r := stocked(t, 2)
	r.panel.does(func(op provision.Op) (provision.Outcome, error) {
		r.panel.has("E3", 1)
		return provision.Outcome{State: provision.Pending, Begun: true, After: time.Hour}, nil
	})
	r.Buy(r.Client("60"), 1)
	r.Work()
	r.Clock.Advance(module.StockAge)
	r.Buy(r.Client("60"), 1)
	_, err := r.try(r.Client("60"), 1)
	r.soldOut(err, "/items/0/tariff_id")
}

func TestWhatIsNotMadeIsFreeAgain(t *testing.T) {
	r := stocked(t, 1)
	o := r.Buy(r.Client("60"), 1)
	_, err := r.try(r.Client("60"), 1)
	r.soldOut(err, "/items/0/tariff_id")
	_, err = r.Orders.Cancel(context.Background(), admin, o.ID)
	require.NoError(r, err)

	r.panel.says(provision.Outcome{State: provision.Manual, Text: "By hand."}, nil)
	o = r.Buy(r.Client("60"), 1)
	r.Work()
	_, err = r.try(r.Client("60"), 1)
	r.soldOut(err, "/items/0/tariff_id")
	r.CloseTask(r.Task(o.Items[0].ServiceID).ID, lifecycle.CloseTaskInput{Result: "refused"})
	require.Equal(r, order.Failed, r.Order(o.ID).Status)
	r.Buy(r.Client("60"), 1)
}

func TestAQuoteKnowsWhatIsSold(t *testing.T) {
	r := stocked(t, 2)
	require.Empty(r, r.quote().Obstacles)
	r.Buy(r.Client("60"), 1)
	require.Empty(r, r.quote().Obstacles)
	two := order.QuoteInput{Wishes: []order.Wish{{TariffID: r.Server, Period: "P1M"}, {TariffID: r.Server, Period: "P1M"}}}
	list, err := r.Orders.Quote(context.Background(), admin, two)
	require.NoError(r, err)
	require.Empty(r, list[0].Obstacles)
	require.Equal(r, []string{"/tariff_id no_stock"}, codes(list[1]), "the first item takes the last machine")
	_, err = r.try(r.Client("200"), 2)
	r.soldOut(err, "/items/1/tariff_id")
	r.Buy(r.Client("60"), 1)
	require.Equal(r, []string{"/tariff_id no_stock"}, codes(r.quote()))
	a, err := r.Tariffs.Availability(context.Background(), admin, r.Server, "", "")
	require.NoError(r, err)
	require.False(r, a.Orderable())
	require.Equal(r, 0, *a.Places[0].Free)
}

func TestStockIsCheckedAgainWhenAnOrderIsPaid(t *testing.T) {
	r := stocked(t, 1)
	c := r.Client("60")
	o := r.later(c, 1)
	r.Buy(r.Client("60"), 1) // what waits for its money holds nothing
	_, err := r.Orders.Pay(context.Background(), admin, o.ID)
	r.soldOut(err, "/items/0/tariff_id")
	require.Equal(r, order.AwaitingPayment, r.Order(o.ID).Status)
	require.Equal(r, "[60.00 0.00]", r.Books(c))
	r.Pay(c, "1", o.ID)
	require.Equal(r, order.AwaitingPayment, r.Order(o.ID).Status, "a payment of it does not pay it either")
	require.Equal(r, "[61.00 0.00]", r.Books(c))

	r.panel.has("E3", 2)
	r.Pay(c, "1", o.ID)
	require.Equal(r, order.Paid, r.Order(o.ID).Status)
}

func TestAnExpectedPaymentAsksThePanelsWhenItsMoneyComes(t *testing.T) {
	r := stocked(t, 1)
	c := r.Client("60")
	o := r.later(c, 1)
	notice := payment.CreateInput{ClientID: c, Amount: money.New(dec("1"), "EUR"), Method: "bank", ExternalID: "7", OrderID: string(o.ID)}
	_, err := r.Payments.Create(context.Background(), admin, notice)
	require.NoError(r, err)
	r.panel.has("E3", 0) // the panel's owner took the last one
	r.Clock.Advance(2 * module.StockAge)
	// The bank's word does not name the order: the first notice did.
	notice.OrderID, notice.Status = "", payment.Paid
	_, err = r.Payments.Create(context.Background(), admin, notice)
	require.NoError(r, err)
	require.Equal(r, order.AwaitingPayment, r.Order(o.ID).Status, "nothing is left")
	require.Equal(r, "[61.00 0.00]", r.Books(c))
	_, err = r.Payments.Create(context.Background(), admin, notice)
	require.NoError(r, err)
	require.Equal(r, "[61.00 0.00]", r.Books(c), "told twice, it comes once")
}

func TestAPanelThatDoesNotAnswerDoesNotStandInTheWay(t *testing.T) {
	r := stocked(t, 0)
	r.panel.mu.Lock()
	r.panel.free = nil
	r.panel.mu.Unlock()
	r.Buy(r.Client("60"), 1)
	r.Buy(r.Client("60"), 1)
	require.Equal(r, 1, r.panel.asked, "its silence is remembered for a moment, too")
}

func TestAnOpenGoesWhereSomethingIsLeftD23(t *testing.T) {
	r := stocked(t, 1)
	other := r.NewModule("other", module.Change{SortOrder: ptr(2)})
	r.EditTariff(tariff.Change{ModuleIDs: &[]provision.ModuleID{r.Module, other}})
	// Both modules show the one panel's stock: two machines for three buyers.
	first, second := r.Buy(r.Client("60"), 1), r.Buy(r.Client("60"), 1)
	_, err := r.try(r.Client("60"), 1)
	r.soldOut(err, "/items/0/tariff_id")
	moduleOf := func(o order.Order) (id provision.ModuleID) {
		require.NoError(r, r.Pool.Get(&id, `SELECT module_id FROM operation WHERE id = $1`, o.Items[0].OperationID))
		return id
	}
	require.Equal(r, r.Module, moduleOf(first))
	require.Equal(r, other, moduleOf(second), "the first has nothing left")
	r.panel.has("E3", 2)
	r.Work()
	require.Equal(r, service.Active, r.Order(first.ID).Items[0].Status)
	require.Equal(r, service.Active, r.Order(second.ID).Items[0].Status)
}

func TestTheThingItselfComesBeforeWhatIsLikeItD23(t *testing.T) {
	r := stocked(t, 1)
	r.EditModule(module.Change{SortOrder: ptr(2)})
	like := r.NewModule("loose", module.Change{})
	r.EditTariff(tariff.Change{ModuleIDs: &[]provision.ModuleID{like, r.Module}})
	ranOn := func() (id provision.ModuleID) {
		o := r.Buy(r.Client("60"), 1)
		r.Work()
		require.NoError(r, r.Pool.Get(&id, `SELECT module_id FROM operation WHERE id = $1`, o.Items[0].OperationID))
		return id
	}
	require.Equal(r, r.Module, ranOn(), "a later module has what was ordered")
	require.Equal(r, like, ranOn(), "nobody has it any more")
}

func TestTheThingItselfIsSoldOnceWhereThereIsAlsoWhatIsLikeItD23(t *testing.T) {
	r := stocked(t, 1)
	r.EditModule(module.Change{SortOrder: ptr(2)})
	mixed := r.NewModule("loose mixed", module.Change{})
	r.EditTariff(tariff.Change{ModuleIDs: &[]provision.ModuleID{mixed, r.Module}})
	var on []provision.ModuleID
	for range 3 {
		var id provision.ModuleID
		o := r.Buy(r.Client("60"), 1)
		require.NoError(r, r.Pool.Get(&id, `SELECT module_id FROM operation WHERE id = $1`, o.Items[0].OperationID))
		on = append(on, id)
	}
	require.Equal(r, []provision.ModuleID{mixed, r.Module, mixed}, on, "its own E3, the later module's, and then the E5")
}
