package payment_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/enginetest"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/none"
	"github.com/tariffd/tariffd/internal/tariff"
)

var admin = enginetest.Admin

// till takes payments on a database of its own, with something to sell for 50.00.
type till struct {
	testing.TB
	pool      *sqlx.DB
	payments  *payment.Engine
	orders    *order.Engine
	provider  actor.ProviderID
	tariff    catalog.TariffID
	place     datacenter.ID
	customers *client.Engine
	client    actor.ClientID
}

func ptr[T any](v T) *T { return &v }

func eur(s string) money.Amount { return money.New(decimal.RequireFromString(s), "EUR") }

func newTill(t *testing.T) *till {
	t.Helper()
	ctx := context.Background()
	e := enginetest.Open(t, time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), time.UTC, none.Driver())
	h := &till{
		TB: t, pool: e.Pool, payments: e.Payments, orders: e.Orders, customers: e.Clients, provider: e.Provider, place: e.Place(""),
	}
	m, err := e.Modules.Create(ctx, admin, "none", "colocation", module.Change{Name: ptr("none"), DataCenterID: input.To(h.place)})
	require.NoError(t, err)
	tariff, err := e.Tariffs.Create(ctx, admin, tariff.New{
		ProductType: "colocation", ProviderID: h.provider, Change: tariff.Change{
			Code: ptr("shelf"), Name: ptr("Shelf"), Status: ptr(catalog.Active), DataCenterIDs: &[]datacenter.ID{h.place},
			ModuleIDs: &[]provision.ModuleID{m.ID}, Prices: &[]catalog.Price{{Period: "P1M", Amount: decimal.NewFromInt(50)}},
		},
	})
	require.NoError(t, err)
	h.tariff = tariff.ID
	h.client = h.customer("first@example.com")
	return h
}

func (h *till) customer(email string) actor.ClientID {
	h.Helper()
	c, err := h.customers.Create(context.Background(), admin, client.Input{ProviderID: h.provider, Email: email})
	require.NoError(h, err)
	return c.ID
}

func (h *till) create(in payment.CreateInput) (payment.Created, error) {
	if in.ClientID == "" {
		in.ClientID = h.client
	}
	return h.payments.Create(context.Background(), admin, in)
}

func (h *till) must(in payment.CreateInput) payment.Created {
	h.Helper()
	p, err := h.create(in)
	require.NoError(h, err)
	return p
}

func (h *till) order(c actor.ClientID, pay string) order.Order {
	h.Helper()
	o, err := h.orders.Place(context.Background(), admin, order.PlaceInput{
		ClientID: c, Pay: pay, Wishes: []order.Wish{{TariffID: h.tariff, Period: "P1M", DataCenterID: h.place}},
	})
	require.NoError(h, err)
	return o
}

func (h *till) balance() string {
	h.Helper()
	var out decimal.Decimal
	require.NoError(h, h.pool.Get(&out, `SELECT amount FROM account WHERE client_id = $1 AND kind = 'balance'`, h.client))
	return out.StringFixed(2)
}

func (h *till) count(query string, args ...any) (n int) {
	h.Helper()
	require.NoError(h, h.pool.Get(&n, query, args...))
	return n
}

func has(t *testing.T, err error, code string) {
	t.Helper()
	require.True(t, fault.Has(err, code), "%s expected: %v", code, err)
}

func TestANewPaymentIsNoMoneyUntilItIsPaid(t *testing.T) {
	t.Parallel()
	h := newTill(t)
	expected := h.must(payment.CreateInput{Amount: eur("20"), Method: "bank", ExternalID: "7"})
	require.True(t, expected.Fresh)
	require.Equal(t, payment.New, expected.Status)
	require.Nil(t, expected.PaidAt)
	require.Equal(t, "0.00", h.balance())
	_, err := h.payments.Refund(context.Background(), admin, expected.ID, eur("1"))
	has(t, err, "invalid_payment_state")

	paid := h.must(payment.CreateInput{Amount: eur("20"), Method: "bank", ExternalID: "7", Status: payment.Paid})
	require.False(t, paid.Fresh)
	require.Equal(t, expected.ID, paid.ID)
	require.Equal(t, payment.Paid, paid.Status)
	require.NotNil(t, paid.PaidAt)
	require.Equal(t, "20.00", h.balance())
	for _, status := range []payment.Status{payment.Paid, payment.New} {
		again := h.must(payment.CreateInput{Amount: eur("20"), Method: "bank", ExternalID: "7", Status: status})
		require.Equal(t, payment.Paid, again.Status, "it never goes back")
	}
	require.Equal(t, "20.00", h.balance())
	require.Equal(t, 1, h.count(`SELECT count(*) FROM event WHERE type = 'payment.paid'`))
	require.Equal(t, 1, h.count(`SELECT count(*) FROM posting`))
}

func TestAnExternalIDNamesOnePayment(t *testing.T) {
	t.Parallel()
	h := newTill(t)
	second := h.customer("second@example.com")
	first := h.must(payment.CreateInput{Amount: eur("20"), Method: "bank", ExternalID: "7", Status: payment.Paid})
	_, err := h.create(payment.CreateInput{Amount: eur("21"), Method: "bank", ExternalID: "7", Status: payment.Paid})
	has(t, err, "external_id_conflict")
	_, err = h.create(payment.CreateInput{ClientID: second, Amount: eur("20"), Method: "bank", ExternalID: "7", Status: payment.Paid})
	has(t, err, "external_id_conflict")
	other := h.must(payment.CreateInput{Amount: eur("20"), Method: "card", ExternalID: "7", Status: payment.Paid})
	require.NotEqual(t, first.ID, other.ID)
	for range 2 {
		require.True(t, h.must(payment.CreateInput{Amount: eur("5"), Status: payment.Paid}).Fresh, "without a number nothing is repeated")
	}
	require.Equal(t, "50.00", h.balance())
}

func TestANoticeToldByManyAtOnceIsOnePayment(t *testing.T) {
	t.Parallel()
	h := newTill(t)
	const callers = 6
	var all sync.WaitGroup
	fresh, errs := make([]bool, callers), make([]error, callers)
	for i := range callers {
		all.Go(func() {
			p, err := h.create(payment.CreateInput{Amount: eur("9.99"), Method: "bank", ExternalID: "7", Status: payment.Paid})
			fresh[i], errs[i] = p.Fresh, err
		})
	}
	all.Wait()
	n := 0
	for i := range callers {
		require.NoError(t, errs[i])
		if fresh[i] {
			n++
		}
	}
	require.Equal(t, 1, n)
	require.Equal(t, "9.99", h.balance())
}

func TestAPaymentPaysItsOrder(t *testing.T) {
	t.Parallel()
	h := newTill(t)
	o := h.order(h.client, order.PayLater)
	h.must(payment.CreateInput{Amount: eur("30"), OrderID: string(o.ID), Status: payment.Paid})
	require.Equal(t, "30.00", h.balance(), "too little: the money waits, and so does the order")
	h.must(payment.CreateInput{Amount: eur("20"), Status: payment.Paid})
	require.Equal(t, "50.00", h.balance(), "a payment that names no order pays none")
	h.must(payment.CreateInput{Amount: eur("25"), OrderID: string(o.ID), Method: "bank", ExternalID: "1"})
	require.Equal(t, "50.00", h.balance())
	h.must(payment.CreateInput{Amount: eur("25"), OrderID: string(o.ID), Method: "bank", ExternalID: "1", Status: payment.Paid})
	require.Equal(t, "25.00", h.balance())
	require.Equal(t, 1, h.count(`SELECT count(*) FROM service WHERE status = 'active'`))
	require.Equal(t, 1, h.count(`SELECT count(*) FROM client_order WHERE status = 'completed'`))
	h.must(payment.CreateInput{Amount: eur("60"), OrderID: string(o.ID), Status: payment.Paid})
	require.Equal(t, "85.00", h.balance(), "an order is paid once")

	foreign := h.order(h.customer("second@example.com"), order.PayLater)
	for _, id := range []string{string(foreign.ID), actor.NewID()} {
		_, err := h.create(payment.CreateInput{Amount: eur("60"), OrderID: id, Status: payment.Paid})
		has(t, err, "not_found")
	}
}

func TestOnlyUnspentMoneyIsGivenBack(t *testing.T) {
	t.Parallel()
	h := newTill(t)
	ctx := context.Background()
	refund := func(id payment.ID, amount string) (payment.Payment, error) {
		return h.payments.Refund(ctx, admin, id, eur(amount))
	}
	spent := h.must(payment.CreateInput{Amount: eur("60"), Status: payment.Paid})
	h.order(h.client, order.PayBalance)
	require.Equal(t, "10.00", h.balance())
	_, err := refund(spent.ID, "10.01")
	has(t, err, "refund_exceeds_unspent")
	part, err := refund(spent.ID, "4")
	require.NoError(t, err)
	require.Equal(t, payment.Paid, part.Status)
	require.Equal(t, "4.00", part.Refunded.String())
	require.Equal(t, "6.00", h.balance())

	small := h.must(payment.CreateInput{Amount: eur("5"), Status: payment.Paid})
	_, err = refund(small.ID, "5.01")
	has(t, err, "refund_exceeds_unspent")
	for range 2 { // twice the same amount is two refunds
		_, err = refund(small.ID, "2")
		require.NoError(t, err)
	}
	whole, err := refund(small.ID, "1")
	require.NoError(t, err)
	require.Equal(t, payment.Refunded, whole.Status)
	require.Equal(t, "6.00", h.balance())
	_, err = refund(small.ID, "1")
	has(t, err, "invalid_payment_state")
	_, err = refund(spent.ID, "0")
	has(t, err, "out_of_range")
	_, err = h.payments.Refund(ctx, admin, spent.ID, money.New(decimal.NewFromInt(1), "USD"))
	has(t, err, "wrong_currency")
	_, err = refund(payment.ID(actor.NewID()), "1")
	has(t, err, "not_found")
	require.Equal(t, "6.00", h.balance())
	require.Equal(t, 4, h.count(`SELECT count(*) FROM event WHERE type = 'payment.refunded'`))
	again := h.must(payment.CreateInput{Amount: eur("1"), Status: payment.Paid})
	require.Equal(t, "7.00", h.balance())
	_, err = h.payments.Refund(ctx, actor.Actor{Role: actor.Storefront, Scope: actor.Scope{ProviderID: actor.ProviderID(actor.NewID())}}, again.ID, eur("1"))
	has(t, err, "not_found")
}

// Two refunds at once do not give the same money back twice.
func TestRefundsAtOnce(t *testing.T) {
	t.Parallel()
	h := newTill(t)
	p := h.must(payment.CreateInput{Amount: eur("10"), Status: payment.Paid})
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() { _, errs[i] = h.payments.Refund(context.Background(), admin, p.ID, eur("4")) })
	}
	all.Wait()
	refused := 0
	for _, err := range errs {
		if err != nil {
			has(t, err, "refund_exceeds_unspent")
			refused++
		}
	}
	require.Equal(t, 2, refused)
	require.Equal(t, "2.00", h.balance())
}

func TestPaymentsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newTill(t)
	for i, c := range []struct {
		in   payment.CreateInput
		code string
	}{
		{payment.CreateInput{Amount: eur("0")}, "out_of_range"},
		{payment.CreateInput{Amount: eur("-5")}, "out_of_range"},
		{payment.CreateInput{Amount: eur("5"), Method: "By Hand"}, "bad_value"},
		{payment.CreateInput{Amount: eur("5"), Status: payment.Refunded}, "unknown_value"},
		{payment.CreateInput{Amount: money.New(decimal.NewFromInt(5), "USD")}, "wrong_currency"},
		{payment.CreateInput{ClientID: actor.ClientID(actor.NewID()), Amount: eur("5")}, "not_found"},
	} {
		_, err := h.create(c.in)
		require.Error(t, err, fmt.Sprint(i))
		require.Contains(t, fmt.Sprintf("%+v", fault.Of(err)), c.code)
	}
	shop := actor.Actor{Role: actor.Storefront, Scope: actor.Scope{ProviderID: h.provider}}
	_, err := h.payments.Create(context.Background(), shop, payment.CreateInput{ClientID: h.client, Amount: eur("5"), Status: payment.Paid})
	has(t, err, "insufficient_scope")
	_, err = h.payments.Create(context.Background(), shop, payment.CreateInput{ClientID: h.client, Amount: eur("5")})
	require.NoError(t, err)
	require.Equal(t, 1, h.count(`SELECT count(*) FROM payment`))
	require.Equal(t, "0.00", h.balance())
}
