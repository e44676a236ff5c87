package order_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// later orders n servers without paying.
func (r *rig) later(c actor.ClientID, n int) order.Order {
	r.Helper()
	in := order.PlaceInput{ClientID: c, Pay: order.PayLater}
	for range n {
		in.Wishes = append(in.Wishes, order.Wish{TariffID: r.Server, Period: "P1M"})
	}
	o, err := r.Orders.Place(context.Background(), admin, in)
	require.NoError(r, err)
	return o
}

func (r *rig) limit(n int) {
	r.Helper()
	r.EditTariff(tariff.Change{Policy: tariff.PolicyChange{MaxServicesPerClient: input.To(n)}})
}

func (r *rig) block(c actor.ClientID) {
	r.Helper()
	_, err := r.Clients.Update(context.Background(), admin, c, client.Change{Status: ptr(client.Blocked)})
	require.NoError(r, err)
}

// nothingStored asks that there is neither an order nor a service.
func (r *rig) nothingStored() {
	r.Helper()
	require.Zero(r, r.Count(`SELECT count(*) FROM client_order`)+r.Count(`SELECT count(*) FROM service`)+r.Count(`SELECT count(*) FROM operation`))
}

func TestWithoutTheMoneyAnOrderAwaitsIt(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	c := r.Client("59.99")
	o := r.Buy(c, 1)
	require.Equal(r, order.AwaitingPayment, o.Status)
	require.Equal(r, service.Ordered, o.Items[0].Status)
	require.Equal(r, start.Add(14*24*time.Hour), *o.ExpiresAt)
	require.Equal(r, "60.00", o.Total.String())
	require.Equal(r, "[59.99 0.00]", r.Books(c))
	_, err := r.Orders.Pay(ctx, admin, o.ID)
	r.Refuses("insufficient_funds", err)
	require.Equal(r, order.AwaitingPayment, r.Order(o.ID).Status)

	r.Pay(c, "0.01", "")
	require.Equal(r, order.AwaitingPayment, r.Order(o.ID).Status, "the payment did not name the order")
	paid, err := r.Orders.Pay(ctx, admin, o.ID)
	require.NoError(r, err)
	require.Equal(r, order.Paid, paid.Status)
	require.Equal(r, "[0.00 60.00]", r.Books(c))
	_, err = r.Orders.Pay(ctx, admin, o.ID)
	r.Refuses("invalid_order_state", err)
	r.Work()
	require.Equal(r, order.Completed, r.Order(o.ID).Status)
	require.Equal(r, "[0.00 0.00]", r.Books(c))
}

func TestPayLaterLeavesTheBalance(t *testing.T) {
	r := newRig(t)
	c := r.Client("100")
	o := r.later(c, 1)
	require.Equal(r, order.AwaitingPayment, o.Status)
	require.Equal(r, "[100.00 0.00]", r.Books(c))
	r.Work()
	require.Zero(r, r.panel.calls)
}

func TestAPaymentForAnOrderPaysIt(t *testing.T) {
	r := newRig(t)
	c := r.Client("1")
	o := r.Buy(c, 1)
	r.Pay(c, "58.99", o.ID)
	require.Equal(r, order.AwaitingPayment, r.Order(o.ID).Status, "it is not enough")
	r.Pay(c, "0.01", o.ID)
	require.Equal(r, order.Paid, r.Order(o.ID).Status)
	require.Equal(r, "[0.00 60.00]", r.Books(c))
}

func TestAPaymentForAnOrderThatCanNoLongerBeMadeStaysOnTheBalance(t *testing.T) {
	r := newRig(t)
	c := r.Client("1")
	o := r.Buy(c, 1)
	r.EditTariff(tariff.Change{Status: ptr(catalog.Archived)})
	r.Pay(c, "99", o.ID)
	require.Equal(r, order.AwaitingPayment, r.Order(o.ID).Status)
	require.Equal(r, "[100.00 0.00]", r.Books(c))
	_, err := r.Orders.Pay(context.Background(), admin, o.ID)
	r.Refuses("tariff_not_active", err)
}

func TestAnUnpaidOrderExpiresAfterFourteenDays(t *testing.T) {
	r := newRig(t)
	c := r.Client("1")
	o := r.Buy(c, 1)
	r.After(14*24*time.Hour - time.Second)
	require.Equal(r, order.AwaitingPayment, r.Order(o.ID).Status)
	r.After(time.Second)
	expired := r.Order(o.ID)
	require.Equal(r, order.Expired, expired.Status)
	require.Nil(r, expired.ExpiresAt)
	require.Equal(r, service.Deleted, expired.Items[0].Status)
	r.Pay(c, "100", o.ID)
	require.Equal(r, "[101.00 0.00]", r.Books(c))
	_, err := r.Orders.Cancel(context.Background(), admin, o.ID)
	r.Refuses("invalid_order_state", err)
}

func TestAPaidOrderDoesNotExpire(t *testing.T) {
	r := newRig(t)
	o := r.Buy(r.Client("60"), 1)
	require.Nil(r, o.ExpiresAt)
	r.panel.says(provision.Outcome{State: provision.Manual}, nil)
	r.After(15 * 24 * time.Hour)
	require.Equal(r, order.Paid, r.Order(o.ID).Status)
}

func TestCancelling(t *testing.T) {
	r := newRig(t)
	r.EditModule(module.Change{MaxRunningOpens: ptr(0)})
	for name, c := range map[string]struct {
		pay     string
		begin   provision.Outcome
		err     error
		working bool
		refused bool
	}{
		"unpaid":                            {pay: order.PayLater},
		"paid, the panel not yet asked":     {pay: order.PayBalance},
		"paid, the panel was away":          {pay: order.PayBalance, working: true, err: provision.NewUnavailable(nil, "No answer.")},
		"paid, with people":                 {pay: order.PayBalance, working: true, begin: provision.Outcome{State: provision.Manual}},
		"paid, the panel holds nothing yet": {pay: order.PayBalance, working: true, begin: provision.Outcome{State: provision.Pending}},
		"paid, the panel has begun":         {pay: order.PayBalance, working: true, begin: provision.Outcome{State: provision.Pending, Begun: true}, refused: true},
		"made":                              {pay: order.PayBalance, working: true, begin: provision.Outcome{Ref: "1"}, refused: true},
	} {
		who := r.Client("100")
		o, err := r.Orders.Place(context.Background(), admin, order.PlaceInput{
			ClientID: who, Pay: c.pay, Wishes: []order.Wish{{TariffID: r.Server, Period: "P1M"}},
		})
		require.NoError(r, err)
		r.panel.says(c.begin, c.err)
		if c.working {
			r.Work()
		}
		before := r.Books(who)
		out, err := r.Orders.Cancel(context.Background(), admin, o.ID)
		if c.refused {
			require.Truef(r, fault.Has(err, "invalid_order_state"), "%s: %v", name, err)
			require.Equal(r, before, r.Books(who), name)
			continue
		}
		require.NoError(r, err, name)
		require.Equal(r, order.Cancelled, out.Status)
		require.Equal(r, service.Deleted, out.Items[0].Status)
		require.Equal(r, "[100.00 0.00]", r.Books(who), name)
		require.Zero(r, r.Count(`SELECT count(*) FROM operation WHERE client_id = $1 AND status <> 'cancelled'`, who), name)
		require.Zero(r, r.Count(`SELECT count(*) FROM task WHERE client_id = $1 AND status <> 'closed'`, who), name)
		_, err = r.Orders.Cancel(context.Background(), admin, o.ID)
		r.Refuses("invalid_order_state", err)
	}
	r.panel.does(nil)
	r.After(time.Hour)
	require.Zero(r, r.Count(`SELECT count(*) FROM service s JOIN client_order o ON o.id = s.order_id WHERE o.status = 'cancelled' AND s.status <> 'deleted'`))
	require.Zero(r, r.Count(`SELECT count(*) FROM account WHERE kind = 'held' AND amount <> 0`))
}

func TestAnOrderOfWhichOneItemIsMadeCannotBeCancelled(t *testing.T) {
	r := newRig(t)
	c := r.Client("200")
	o := r.Buy(c, 2)
	lost := o.Items[1].ServiceID
	r.panel.does(func(op provision.Op) (provision.Outcome, error) {
		if op.ServiceID == lost {
			return provision.Outcome{}, provision.NewRejected("full", "Full.")
		}
		return provision.Outcome{Ref: "1"}, nil
	})
	r.Work()
	_, err := r.Orders.Cancel(context.Background(), admin, o.ID)
	r.Refuses("invalid_order_state", err)
	require.Equal(r, "[80.00 60.00]", r.Books(c))
	r.CloseTask(r.Task(lost).ID, lifecycle.CloseTaskInput{Result: "refused"})
	require.Equal(r, order.PartiallyCompleted, r.Order(o.ID).Status)
	require.Equal(r, "[140.00 0.00]", r.Books(c))
}

func TestOrdersOfOthersAreNotThere(t *testing.T) {
	r := newRig(t)
	o := r.later(r.Client("100"), 1)
	stranger := actor.Actor{Role: actor.Client, Scope: actor.Scope{ProviderID: r.Provider, ClientID: r.Client("100")}}
	_, err := r.Orders.Pay(context.Background(), stranger, o.ID)
	r.Refuses("not_found", err)
	_, err = r.Orders.Cancel(context.Background(), stranger, o.ID)
	r.Refuses("not_found", err)
	_, err = r.Orders.Pay(context.Background(), admin, order.ID(actor.NewID()))
	r.Refuses("not_found", err)
}

func TestTheClientLimitCountsWhatIsLive(t *testing.T) {
	r := newRig(t)
	r.limit(1)
	c := r.Client("1000")
	o := r.Buy(c, 1)
	in := order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{{TariffID: r.Server, Period: "P1M"}}}
	_, err := r.Orders.Place(context.Background(), admin, in)
	r.Refuses("client_limit_reached", err)
	_, err = r.Orders.Cancel(context.Background(), admin, o.ID)
	require.NoError(r, err)
	_, err = r.Orders.Place(context.Background(), admin, in)
	require.NoError(r, err)
}

func TestTheClientLimitCountsTheItemsOfOneOrder(t *testing.T) {
	r := newRig(t)
	r.limit(2)
	c := r.Client("1000")
	in := order.PlaceInput{ClientID: c, Pay: order.PayLater}
	for range 3 {
		in.Wishes = append(in.Wishes, order.Wish{TariffID: r.Server, Period: "P1M"})
	}
	_, err := r.Orders.Place(context.Background(), admin, in)
	r.Refuses("client_limit_reached", err)
	require.Equal(r, "/items/2/tariff_id", fault.Of(err).Fields[0].Pointer)
	r.nothingStored()
	o := r.later(c, 2)
	_, err = r.Orders.Pay(context.Background(), admin, o.ID)
	require.NoError(r, err, "an order does not stand in its own way")
}

func TestABlockedClientBuysNothing(t *testing.T) {
	r := newRig(t)
	c := r.Client("1000")
	o := r.later(c, 1)
	r.block(c)
	_, err := r.Orders.Pay(context.Background(), admin, o.ID)
	r.Refuses("client_blocked", err)
	in := order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{{TariffID: r.Server, Period: "P1M"}}}
	_, err = r.Orders.Place(context.Background(), admin, in)
	r.Refuses("client_blocked", err)
	r.Pay(c, "1", o.ID)
	require.Equal(r, order.AwaitingPayment, r.Order(o.ID).Status)
	require.Equal(r, "[1001.00 0.00]", r.Books(c))
}

func TestAnOrderKeepsThePriceThatItWasQuoted(t *testing.T) {
	r := newRig(t)
	c := r.Client("120")
	unpaid, paid := r.later(c, 1), r.Buy(c, 1)
	r.EditTariff(tariff.Change{Prices: &[]catalog.Price{{Period: "P1M", Amount: dec("500"), SetupFee: dec("500")}}})
	_, err := r.Orders.Pay(context.Background(), admin, unpaid.ID)
	require.NoError(r, err)
	r.Work()
	require.Equal(r, "[0.00 0.00]", r.Books(c))
	for _, o := range []order.Order{unpaid, paid} {
		done := r.Order(o.ID)
		require.Equal(r, order.Completed, done.Status)
		require.Equal(r, "60.00", done.Total.String())
		require.Equal(r, 1, done.Items[0].TariffVersion)
		var agreed string
		require.NoError(r, r.Pool.Get(&agreed, `SELECT term ->> 'price' FROM service_term WHERE service_id = $1 AND item = ''`, o.Items[0].ServiceID))
		require.Equal(r, "50", agreed)
	}
	out, err := r.Orders.Quote(context.Background(), admin, order.QuoteInput{ClientID: c, Wishes: []order.Wish{{TariffID: r.Server, Period: "P1M"}}})
	require.NoError(r, err)
	require.Equal(r, "1000.00", out[0].Quote.Total.String(), "who orders now pays what it costs now")
}

func TestARepeatedRequestOrdersOnce(t *testing.T) {
	r := newRig(t)
	c := r.Client("200")
	by := admin
	by.Once = &actor.Once{
		Principal: "p", Route: "POST /v1/orders", Key: "k", Fingerprint: [32]byte{1},
		Render: func(any) (int, map[string]string, []byte, error) { return 201, nil, []byte("made"), nil },
	}
	in := order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{{TariffID: r.Server, Period: "P1M"}}}
	_, err := r.Orders.Place(context.Background(), by, in)
	require.NoError(r, err)
	_, err = r.Orders.Place(context.Background(), by, in)
	var again *event.Replay
	require.ErrorAs(r, err, &again)
	require.Equal(r, "made", string(again.Body))
	require.Equal(r, 1, r.Count(`SELECT count(*) FROM client_order`))
	require.Equal(r, "[140.00 60.00]", r.Books(c))
	by.Once.Fingerprint = [32]byte{2}
	_, err = r.Orders.Place(context.Background(), by, in)
	r.Refuses("idempotency_key_reused", err)
}

func TestEveryObstacleIsNamedAndNothingIsStored(t *testing.T) {
	r := newRig(t)
	c := r.Client("200")
	_, err := r.Orders.Place(context.Background(), admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{
		{TariffID: r.Server, Period: "P3Y"},
		{TariffID: catalog.TariffID(actor.NewID()), Period: "P1M"},
		{TariffID: r.Server, Period: "P1M", DataCenterID: datacenter.ID(actor.NewID())},
		{TariffID: r.Server, Period: "P1M", Parameters: map[string]json.RawMessage{"colour": json.RawMessage(`"red"`), "os": json.RawMessage(`1`)}},
	}})
	got := map[string]string{}
	for _, f := range fault.Of(err).Fields {
		got[f.Pointer] = f.Code
	}
	require.Equal(r, map[string]string{
		"/items/0/period": "period_not_available", "/items/1/tariff_id": "not_found", "/items/2/data_center_id": "data_center_not_in_tariff",
		"/items/3/parameters/colour": "unknown_parameter", "/items/3/parameters/os": "wrong_type",
	}, got)
	_, err = r.Orders.Place(context.Background(), admin, order.PlaceInput{ClientID: actor.ClientID(actor.NewID()), Wishes: []order.Wish{{TariffID: r.Server, Period: "P1M"}}})
	r.Refuses("not_found", err)
	r.nothingStored()
}

func TestTwoItemsOfOneOrderCannotTakeTheSameServer(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, err := r.Products.Install(ctx, admin, product.DedicatedBandwidth)
	require.NoError(r, err)
	m, err := r.Modules.Create(ctx, admin, "none", product.DedicatedBandwidth, module.Change{Name: ptr("none"), DataCenterID: input.To(r.At)})
	require.NoError(r, err)
	bandwidth := r.NewTariff("Bandwidth", product.DedicatedBandwidth, "20", m.ID)
	c := r.Client("200")
	server := r.Buy(c, 1).Items[0].ServiceID
	r.Work()
	raw, err := json.Marshal([]service.ID{server})
	require.NoError(r, err)
	w := order.Wish{TariffID: bandwidth, Period: "P1M", Parameters: map[string]json.RawMessage{"servers": raw}}
	_, err = r.Orders.Place(ctx, admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{w, w}})
	r.Refuses("duplicate_value", err)
	require.Equal(r, "/items/1/parameters/servers/0", fault.Of(err).Fields[0].Pointer)
	o, err := r.Orders.Place(ctx, admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{w}})
	require.NoError(r, err)
	require.Equal(r, order.Completed, o.Status)
}

// editing changes the tariff in a transaction of its own, once, between what an order reads of it and what it stores.
type editing struct {
	order.Tx
	edit func()
}

func (e editing) InsertOrder(ctx context.Context, o order.Order) error {
	e.edit()
	return e.Tx.InsertOrder(ctx, o)
}

func TestAnOrderAndAnEditOfItsTariffAtOnce(t *testing.T) {
	r := newRig(t)
	c := r.Client("100")
	var once sync.Once
	inTx := r.Orders.InTx
	r.Orders.InTx = func(ctx context.Context, fn func(order.Tx) error) error {
		return inTx(ctx, func(tx order.Tx) error {
			return fn(editing{tx, func() {
				once.Do(func() {
					r.EditTariff(tariff.Change{Prices: &[]catalog.Price{{Period: "P1M", Amount: dec("70")}}})
				})
			}})
		})
	}
	o, err := r.Orders.Place(context.Background(), admin, order.PlaceInput{
		ClientID: c, Pay: order.PayLater, Wishes: []order.Wish{{TariffID: r.Server, Period: "P1M"}},
	})
	require.NoError(r, err)
	r.Orders.InTx = inTx
	_, err = r.Orders.Pay(context.Background(), admin, o.ID)
	require.NoError(r, err)
	r.Work()
	s, err := r.DB.Reader().Service(context.Background(), actor.Everything, o.Items[0].ServiceID)
	require.NoError(r, err)
	require.Equal(r, service.Active, s.Status, "the version that it was sold by is there")
	require.Equal(r, "70.00", o.Total.String())
}
