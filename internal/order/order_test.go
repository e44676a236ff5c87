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
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// later orders n servers without paying.
func (r *rig) later(c actor.ClientID, n int) order.Order {
	r.Helper()
	in := order.PlaceInput{ClientID: c, Pay: order.PayLater}
	for range n {
		in.Wishes = append(in.Wishes, order.Wish{TariffID: r.server, Period: "P1M"})
	}
	o, err := r.orders.Place(context.Background(), admin, in)
	require.NoError(r, err)
	return o
}

func (r *rig) limit(n int) {
	r.Helper()
	r.editTariff(catalog.TariffChange{Policy: catalog.PolicyChange{MaxServicesPerClient: catalog.To(n)}})
}

func (r *rig) block(c actor.ClientID) {
	r.Helper()
	_, err := r.clients.Update(context.Background(), admin, c, client.Change{Status: ptr(client.Blocked)})
	require.NoError(r, err)
}

// nothingStored asks that there is neither an order nor a service.
func (r *rig) nothingStored() {
	r.Helper()
	require.Zero(r, r.count(`SELECT count(*) FROM client_order`)+r.count(`SELECT count(*) FROM service`)+r.count(`SELECT count(*) FROM operation`))
}

func TestWithoutTheMoneyAnOrderAwaitsIt(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	c := r.client("59.99")
	o := r.buy(c, 1)
	require.Equal(r, order.AwaitingPayment, o.Status)
	require.Equal(r, service.Ordered, o.Items[0].Status)
	require.Equal(r, start.Add(14*24*time.Hour), *o.ExpiresAt)
	require.Equal(r, "60.00", o.Total.String())
	require.Equal(r, "[59.99 0.00]", r.books(c))
	_, err := r.orders.Pay(ctx, admin, o.ID)
	r.refuses("insufficient_funds", err)
	require.Equal(r, order.AwaitingPayment, r.order(o.ID).Status)

	r.pay(c, "0.01", "")
	require.Equal(r, order.AwaitingPayment, r.order(o.ID).Status, "the payment did not name the order")
	paid, err := r.orders.Pay(ctx, admin, o.ID)
	require.NoError(r, err)
	require.Equal(r, order.Paid, paid.Status)
	require.Equal(r, "[0.00 60.00]", r.books(c))
	_, err = r.orders.Pay(ctx, admin, o.ID)
	r.refuses("invalid_order_state", err)
	r.work()
	require.Equal(r, order.Completed, r.order(o.ID).Status)
	require.Equal(r, "[0.00 0.00]", r.books(c))
}

func TestPayLaterLeavesTheBalance(t *testing.T) {
	r := newRig(t)
	c := r.client("100")
	o := r.later(c, 1)
	require.Equal(r, order.AwaitingPayment, o.Status)
	require.Equal(r, "[100.00 0.00]", r.books(c))
	r.work()
	require.Zero(r, r.panel.calls)
}

func TestAPaymentForAnOrderPaysIt(t *testing.T) {
	r := newRig(t)
	c := r.client("1")
	o := r.buy(c, 1)
	r.pay(c, "58.99", o.ID)
	require.Equal(r, order.AwaitingPayment, r.order(o.ID).Status, "it is not enough")
	r.pay(c, "0.01", o.ID)
	require.Equal(r, order.Paid, r.order(o.ID).Status)
	require.Equal(r, "[0.00 60.00]", r.books(c))
}

func TestAPaymentForAnOrderThatCanNoLongerBeMadeStaysOnTheBalance(t *testing.T) {
	r := newRig(t)
	c := r.client("1")
	o := r.buy(c, 1)
	r.editTariff(catalog.TariffChange{Status: ptr(catalog.Archived)})
	r.pay(c, "99", o.ID)
	require.Equal(r, order.AwaitingPayment, r.order(o.ID).Status)
	require.Equal(r, "[100.00 0.00]", r.books(c))
	_, err := r.orders.Pay(context.Background(), admin, o.ID)
	r.refuses("tariff_not_active", err)
}

func TestAnUnpaidOrderExpiresAfterFourteenDays(t *testing.T) {
	r := newRig(t)
	c := r.client("1")
	o := r.buy(c, 1)
	r.after(14*24*time.Hour - time.Second)
	require.Equal(r, order.AwaitingPayment, r.order(o.ID).Status)
	r.after(time.Second)
	expired := r.order(o.ID)
	require.Equal(r, order.Expired, expired.Status)
	require.Nil(r, expired.ExpiresAt)
	require.Equal(r, service.Deleted, expired.Items[0].Status)
	r.pay(c, "100", o.ID)
	require.Equal(r, "[101.00 0.00]", r.books(c))
	_, err := r.orders.Cancel(context.Background(), admin, o.ID)
	r.refuses("invalid_order_state", err)
}

func TestAPaidOrderDoesNotExpire(t *testing.T) {
	r := newRig(t)
	o := r.buy(r.client("60"), 1)
	require.Nil(r, o.ExpiresAt)
	r.panel.says(provision.Outcome{State: provision.Manual}, nil)
	r.after(15 * 24 * time.Hour)
	require.Equal(r, order.Paid, r.order(o.ID).Status)
}

func TestCancelling(t *testing.T) {
	r := newRig(t)
	r.editModule(catalog.ModuleChange{MaxRunningOpens: ptr(0)})
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
		who := r.client("100")
		o, err := r.orders.Place(context.Background(), admin, order.PlaceInput{
			ClientID: who, Pay: c.pay, Wishes: []order.Wish{{TariffID: r.server, Period: "P1M"}},
		})
		require.NoError(r, err)
		r.panel.says(c.begin, c.err)
		if c.working {
			r.work()
		}
		before := r.books(who)
		out, err := r.orders.Cancel(context.Background(), admin, o.ID)
		if c.refused {
			require.Truef(r, fault.Has(err, "invalid_order_state"), "%s: %v", name, err)
			require.Equal(r, before, r.books(who), name)
			continue
		}
		require.NoError(r, err, name)
		require.Equal(r, order.Cancelled, out.Status)
		require.Equal(r, service.Deleted, out.Items[0].Status)
		require.Equal(r, "[100.00 0.00]", r.books(who), name)
		require.Zero(r, r.count(`SELECT count(*) FROM operation WHERE client_id = $1 AND status <> 'cancelled'`, who), name)
		require.Zero(r, r.count(`SELECT count(*) FROM task WHERE client_id = $1 AND status <> 'closed'`, who), name)
		_, err = r.orders.Cancel(context.Background(), admin, o.ID)
		r.refuses("invalid_order_state", err)
	}
	r.panel.does(nil)
	r.after(time.Hour)
	require.Zero(r, r.count(`SELECT count(*) FROM service s JOIN client_order o ON o.id = s.order_id WHERE o.status = 'cancelled' AND s.status <> 'deleted'`))
	require.Zero(r, r.count(`SELECT count(*) FROM account WHERE kind = 'held' AND amount <> 0`))
}

func TestAnOrderOfWhichOneItemIsMadeCannotBeCancelled(t *testing.T) {
	r := newRig(t)
	c := r.client("200")
	o := r.buy(c, 2)
	lost := o.Items[1].ServiceID
	r.panel.does(func(op provision.Op) (provision.Outcome, error) {
		if op.ServiceID == lost {
			return provision.Outcome{}, provision.NewRejected("full", "Full.")
		}
		return provision.Outcome{Ref: "1"}, nil
	})
	r.work()
	_, err := r.orders.Cancel(context.Background(), admin, o.ID)
	r.refuses("invalid_order_state", err)
	require.Equal(r, "[80.00 60.00]", r.books(c))
	r.closeTask(r.task(lost).ID, lifecycle.CloseTaskInput{Result: "refused"})
	require.Equal(r, order.PartiallyCompleted, r.order(o.ID).Status)
	require.Equal(r, "[140.00 0.00]", r.books(c))
}

func TestOrdersOfOthersAreNotThere(t *testing.T) {
	r := newRig(t)
	o := r.later(r.client("100"), 1)
	stranger := actor.Actor{Role: actor.Client, Scope: actor.Scope{ProviderID: r.provider, ClientID: r.client("100")}}
	_, err := r.orders.Pay(context.Background(), stranger, o.ID)
	r.refuses("not_found", err)
	_, err = r.orders.Cancel(context.Background(), stranger, o.ID)
	r.refuses("not_found", err)
	_, err = r.orders.Pay(context.Background(), admin, order.ID(actor.NewID()))
	r.refuses("not_found", err)
}

func TestTheClientLimitCountsWhatIsLive(t *testing.T) {
	r := newRig(t)
	r.limit(1)
	c := r.client("1000")
	o := r.buy(c, 1)
	in := order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{{TariffID: r.server, Period: "P1M"}}}
	_, err := r.orders.Place(context.Background(), admin, in)
	r.refuses("client_limit_reached", err)
	_, err = r.orders.Cancel(context.Background(), admin, o.ID)
	require.NoError(r, err)
	_, err = r.orders.Place(context.Background(), admin, in)
	require.NoError(r, err)
}

func TestTheClientLimitCountsTheItemsOfOneOrder(t *testing.T) {
	r := newRig(t)
	r.limit(2)
	c := r.client("1000")
	in := order.PlaceInput{ClientID: c, Pay: order.PayLater}
	for range 3 {
		in.Wishes = append(in.Wishes, order.Wish{TariffID: r.server, Period: "P1M"})
	}
	_, err := r.orders.Place(context.Background(), admin, in)
	r.refuses("client_limit_reached", err)
	require.Equal(r, "/items/2/tariff_id", fault.Of(err).Fields[0].Pointer)
	r.nothingStored()
	o := r.later(c, 2)
	_, err = r.orders.Pay(context.Background(), admin, o.ID)
	require.NoError(r, err, "an order does not stand in its own way")
}

func TestABlockedClientBuysNothing(t *testing.T) {
	r := newRig(t)
	c := r.client("1000")
	o := r.later(c, 1)
	r.block(c)
	_, err := r.orders.Pay(context.Background(), admin, o.ID)
	r.refuses("client_blocked", err)
	in := order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{{TariffID: r.server, Period: "P1M"}}}
	_, err = r.orders.Place(context.Background(), admin, in)
	r.refuses("client_blocked", err)
	r.pay(c, "1", o.ID)
	require.Equal(r, order.AwaitingPayment, r.order(o.ID).Status)
	require.Equal(r, "[1001.00 0.00]", r.books(c))
}

func TestAnOrderKeepsThePriceThatItWasQuoted(t *testing.T) {
	r := newRig(t)
	c := r.client("120")
	unpaid, paid := r.later(c, 1), r.buy(c, 1)
	r.editTariff(catalog.TariffChange{Prices: &[]catalog.Price{{Period: "P1M", Amount: dec("500"), SetupFee: dec("500")}}})
	_, err := r.orders.Pay(context.Background(), admin, unpaid.ID)
	require.NoError(r, err)
	r.work()
	require.Equal(r, "[0.00 0.00]", r.books(c))
	for _, o := range []order.Order{unpaid, paid} {
		done := r.order(o.ID)
		require.Equal(r, order.Completed, done.Status)
		require.Equal(r, "60.00", done.Total.String())
		require.Equal(r, 1, done.Items[0].TariffVersion)
		var agreed string
		require.NoError(r, r.pool.Get(&agreed, `SELECT term ->> 'price' FROM service_term WHERE service_id = $1 AND item = ''`, o.Items[0].ServiceID))
		require.Equal(r, "50", agreed)
	}
	out, err := r.orders.Quote(context.Background(), admin, order.QuoteInput{ClientID: c, Wishes: []order.Wish{{TariffID: r.server, Period: "P1M"}}})
	require.NoError(r, err)
	require.Equal(r, "1000.00", out[0].Quote.Total.String(), "who orders now pays what it costs now")
}

func TestARepeatedRequestOrdersOnce(t *testing.T) {
	r := newRig(t)
	c := r.client("200")
	by := admin
	by.Once = &actor.Once{
		Principal: "p", Route: "POST /v1/orders", Key: "k", Fingerprint: [32]byte{1},
		Render: func(any) (int, map[string]string, []byte, error) { return 201, nil, []byte("made"), nil },
	}
	in := order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{{TariffID: r.server, Period: "P1M"}}}
	_, err := r.orders.Place(context.Background(), by, in)
	require.NoError(r, err)
	_, err = r.orders.Place(context.Background(), by, in)
	var again *event.Replay
	require.ErrorAs(r, err, &again)
	require.Equal(r, "made", string(again.Body))
	require.Equal(r, 1, r.count(`SELECT count(*) FROM client_order`))
	require.Equal(r, "[140.00 60.00]", r.books(c))
	by.Once.Fingerprint = [32]byte{2}
	_, err = r.orders.Place(context.Background(), by, in)
	r.refuses("idempotency_key_reused", err)
}

func TestEveryObstacleIsNamedAndNothingIsStored(t *testing.T) {
	r := newRig(t)
	c := r.client("200")
	_, err := r.orders.Place(context.Background(), admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{
		{TariffID: r.server, Period: "P3Y"},
		{TariffID: catalog.TariffID(actor.NewID()), Period: "P1M"},
		{TariffID: r.server, Period: "P1M", DataCenterID: catalog.DataCenterID(actor.NewID())},
		{TariffID: r.server, Period: "P1M", Parameters: map[string]json.RawMessage{"colour": json.RawMessage(`"red"`), "os": json.RawMessage(`1`)}},
	}})
	got := map[string]string{}
	for _, f := range fault.Of(err).Fields {
		got[f.Pointer] = f.Code
	}
	require.Equal(r, map[string]string{
		"/items/0/period": "period_not_available", "/items/1/tariff_id": "not_found", "/items/2/data_center_id": "data_center_not_in_tariff",
		"/items/3/parameters/colour": "unknown_parameter", "/items/3/parameters/os": "wrong_type",
	}, got)
	_, err = r.orders.Place(context.Background(), admin, order.PlaceInput{ClientID: actor.ClientID(actor.NewID()), Wishes: []order.Wish{{TariffID: r.server, Period: "P1M"}}})
	r.refuses("not_found", err)
	r.nothingStored()
}

func TestTwoItemsOfOneOrderCannotTakeTheSameServer(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, err := r.catalog.InstallIntegration(ctx, admin, catalog.DedicatedBandwidth)
	require.NoError(r, err)
	m, err := r.catalog.CreateModule(ctx, admin, "none", catalog.DedicatedBandwidth, catalog.ModuleChange{Name: ptr("none"), DataCenterID: catalog.To(r.place)})
	require.NoError(r, err)
	bandwidth := r.newTariff("Bandwidth", catalog.DedicatedBandwidth, "20", m.ID)
	c := r.client("200")
	server := r.buy(c, 1).Items[0].ServiceID
	r.work()
	raw, err := json.Marshal([]service.ID{server})
	require.NoError(r, err)
	w := order.Wish{TariffID: bandwidth, Period: "P1M", Parameters: map[string]json.RawMessage{"servers": raw}}
	_, err = r.orders.Place(ctx, admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{w, w}})
	r.refuses("duplicate_value", err)
	require.Equal(r, "/items/1/parameters/servers/0", fault.Of(err).Fields[0].Pointer)
	o, err := r.orders.Place(ctx, admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{w}})
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
	c := r.client("100")
	var once sync.Once
	inTx := r.orders.InTx
	r.orders.InTx = func(ctx context.Context, fn func(order.Tx) error) error {
		return inTx(ctx, func(tx order.Tx) error {
			return fn(editing{tx, func() {
				once.Do(func() {
					r.editTariff(catalog.TariffChange{Prices: &[]catalog.Price{{Period: "P1M", Amount: dec("70")}}})
				})
			}})
		})
	}
	o, err := r.orders.Place(context.Background(), admin, order.PlaceInput{
		ClientID: c, Pay: order.PayLater, Wishes: []order.Wish{{TariffID: r.server, Period: "P1M"}},
	})
	require.NoError(r, err)
	r.orders.InTx = inTx
	_, err = r.orders.Pay(context.Background(), admin, o.ID)
	require.NoError(r, err)
	r.work()
	s, err := r.db.Reader().Service(context.Background(), actor.Everything, o.Items[0].ServiceID)
	require.NoError(r, err)
	require.Equal(r, service.Active, s.Status, "the version that it was sold by is there")
	require.Equal(r, "70.00", o.Total.String())
}
