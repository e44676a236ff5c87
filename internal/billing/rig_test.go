package billing_test

import (
	"context"
	"fmt"
	"sort"
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
	"github.com/tariffd/tariffd/internal/enginetest"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/payment"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/none"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
	"github.com/tariffd/tariffd/internal/traffic"
	"github.com/tariffd/tariffd/internal/verify"
)

var admin = enginetest.Admin

// house is a hosting company without panels: every engine on a database of its own, and a clock that tests move.
type house struct {
	testing.TB
	pool  *sqlx.DB
	db    *postgres.DB
	clock *clock.Fake
	zone  *time.Location

	clients   *client.Engine
	products  *product.Engine
	modules   *module.Engine
	tariffs   *tariff.Engine
	orders    *order.Engine
	lifecycle *lifecycle.Engine
	payments  *payment.Engine
	billing   *billing.Engine

	provider actor.ProviderID
	place    datacenter.ID
	named    int
	parked   []actor.ClientID
}

func ptr[T any](v T) *T { return &v }

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func eur(s string) money.Amount { return money.New(dec(s), "EUR") }

// at is an instant of UTC: "2026-03-01 00:20".
func at(s string) time.Time { return in(s, time.UTC) }

func in(s string, zone *time.Location) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func newHouse(t testing.TB, now time.Time, zone *time.Location) *house {
	t.Helper()
	e := enginetest.Open(t, now, zone, none.Driver())
	h := &house{
		TB: t, pool: e.Pool, db: e.DB, clock: e.Clock, zone: zone, clients: e.Clients, products: e.Products, modules: e.Modules, tariffs: e.Tariffs, orders: e.Orders,
		lifecycle: e.Lifecycle, payments: e.Payments, provider: e.Provider, place: e.Place(""),
	}
	h.billing = &billing.Engine{
		InTx: enginetest.Narrow[billing.Tx](h.db), Zone: zone, Lifecycle: h.lifecycle,
		Parked: func(c actor.ClientID, _ error) { h.parked = append(h.parked, c) },
	}
	return h
}

// next is a number for names that must differ.
func (h *house) next() int { h.named++; return h.named }

// sells makes a product type of its own with one tariff, both refined as told.
func (h *house) sells(typ product.TypeChange, change tariff.Change, prices ...catalog.Price) catalog.TariffID {
	h.Helper()
	ctx := context.Background()
	code := fmt.Sprintf("sort_%d", h.next())
	typ.Name = &code
	_, err := h.products.CreateType(ctx, admin, code, typ)
	require.NoError(h, err)
	m, err := h.modules.Create(ctx, admin, "none", code, module.Change{Name: &code, DataCenterID: input.To(h.place)})
	require.NoError(h, err)
	change.Code, change.Name, change.Status, change.Prices = &code, &code, ptr(catalog.Active), &prices
	change.DataCenterIDs, change.ModuleIDs = &[]datacenter.ID{h.place}, &[]provision.ModuleID{m.ID}
	t, err := h.tariffs.Create(ctx, admin, tariff.New{ProductType: code, ProviderID: h.provider, Change: change})
	require.NoError(h, err)
	return t.ID
}

// tariff sells one period at a price, with nothing special about it.
func (h *house) tariff(period calendar.Period, amount string) catalog.TariffID {
	h.Helper()
	return h.sells(product.TypeChange{}, tariff.Change{}, price(period, amount, "0"))
}

func price(period calendar.Period, amount, setup string) catalog.Price {
	return catalog.Price{Period: period, Amount: dec(amount), SetupFee: dec(setup)}
}

// client is a new one who has paid; "" is one without money.
func (h *house) client(paid string, settlement ...client.SettlementInput) actor.ClientID {
	h.Helper()
	in := client.Input{ProviderID: h.provider, Email: fmt.Sprintf("c%d@example.com", h.next())}
	if len(settlement) > 0 {
		in.Settlement = settlement[0]
	}
	c, err := h.clients.Create(context.Background(), admin, in)
	require.NoError(h, err)
	if paid != "" {
		h.pay(c.ID, paid)
	}
	return c.ID
}

func (h *house) pay(c actor.ClientID, amount string) payment.Payment {
	h.Helper()
	p, err := h.payments.Create(context.Background(), admin, payment.CreateInput{ClientID: c, Amount: eur(amount), Status: payment.Paid})
	require.NoError(h, err)
	return p.Payment
}

// buy orders one service, which must become active at once.
func (h *house) buy(c actor.ClientID, t catalog.TariffID, period calendar.Period, refine ...func(*order.Wish)) service.ID {
	h.Helper()
	w := order.Wish{TariffID: t, Period: period, DataCenterID: h.place}
	for _, f := range refine {
		f(&w)
	}
	o, err := h.orders.Place(context.Background(), admin, order.PlaceInput{ClientID: c, Pay: order.PayBalance, Wishes: []order.Wish{w}})
	require.NoError(h, err)
	require.Equal(h, order.Completed, o.Status)
	return o.Items[0].ServiceID
}

func once(w *order.Wish) { w.AutoRenew = ptr(false) }

// daily runs everything that is due at the clock's instant, by claims as the due loop makes them.
func (h *house) daily() {
	h.Helper()
	for h.lot(100) > 0 {
	}
	ctx := context.Background()
	ending, err := h.db.Due("service_deletion").Claim(ctx, h.clock.BusinessNow(), 100)
	require.NoError(h, err)
	for _, c := range ending {
		require.NoError(h, h.lifecycle.DeleteScheduled(ctx, service.ID(c.ID)))
	}
	freed, err := h.db.Due("resumption").Claim(ctx, h.clock.BusinessNow(), 100)
	require.NoError(h, err)
	for _, c := range freed {
		require.NoError(h, h.lifecycle.ResumeFreed(ctx, actor.ClientID(c.ID), c.No))
	}
}

// lot is one claimed lot of the daily run; it answers how many clients were in it.
func (h *house) lot(size int) int {
	h.Helper()
	claims := h.claim(size)
	require.NoError(h, h.billing.Run(context.Background(), claims))
	return len(claims)
}

func (h *house) claim(size int) []billing.Claim {
	h.Helper()
	rows, err := h.db.Due("daily_run").Claim(context.Background(), h.clock.BusinessNow(), size)
	require.NoError(h, err)
	claims := make([]billing.Claim, len(rows))
	for i, r := range rows {
		claims[i] = billing.Claim{Client: actor.ClientID(r.ID), No: r.No}
	}
	return claims
}

// outage moves the clock while nothing runs.
func (h *house) outage(until time.Time) { h.clock.Set(until) }

// live moves the clock, stopping at every daily run and scheduled deletion on the way.
func (h *house) live(until time.Time) {
	h.Helper()
	for {
		stop := until
		for _, kind := range []string{"daily_run", "service_deletion"} {
			at, ok, err := h.db.Due(kind).Next(context.Background())
			require.NoError(h, err)
			if ok && at.Before(stop) {
				stop = at
			}
		}
		if stop.After(h.clock.BusinessNow()) {
			h.clock.Set(stop)
		}
		h.daily()
		if !stop.Before(until) {
			return
		}
	}
}

// again makes every client due once more for the days since one, as if they had not been run.
func (h *house) again(through calendar.Day) {
	h.Helper()
	h.pool.MustExec(`UPDATE client SET billed_through = $1, next_run_at = $2 WHERE parked_reason IS NULL`,
		through, calendar.DailyRunAt(through.AddDays(1), h.zone))
}

func (h *house) balance(c actor.ClientID) string {
	h.Helper()
	var amount decimal.Decimal
	require.NoError(h, h.pool.Get(&amount, `SELECT amount FROM account WHERE client_id = $1 AND kind = 'balance'`, c))
	return amount.StringFixed(2)
}

func (h *house) get(id service.ID) service.Service {
	h.Helper()
	var s service.Service
	require.NoError(h, h.db.InTx(context.Background(), func(tx *postgres.Tx) (err error) {
		s, err = tx.ServiceByID(context.Background(), id)
		return err
	}))
	return s
}

// is asserts a service's status and reasons.
func (h *house) is(id service.ID, status service.Status, reasons ...service.Reason) {
	h.Helper()
	s := h.get(id)
	require.Equal(h, status, s.Status)
	require.ElementsMatch(h, reasons, s.SuspendReasons)
}

// paidUntil asserts the end of a service's period, in the billing zone.
func (h *house) paidUntil(id service.ID, want string) {
	h.Helper()
	s := h.get(id)
	require.NotNil(h, s.PaidUntil)
	require.Equal(h, want, s.PaidUntil.In(h.zone).Format("2006-01-02 15:04"))
}

// expenses are a service's rows of a kind: "2026-03-01 16.45", by accounting date.
func (h *house) expenses(id service.ID, kinds ...charge.Kind) []string {
	h.Helper()
	out := []string{}
	for _, k := range kinds {
		var rows []string
		require.NoError(h, h.pool.Select(&rows, `SELECT date || ' ' || round(amount, 2) FROM expense WHERE service_id = $1 AND kind = $2`, id, k))
		out = append(out, rows...)
	}
	sort.Strings(out)
	return out
}

// books are all that was charged and posted, without ids and times of booking.
func (h *house) books() []string {
	h.Helper()
	var rows []string
	require.NoError(h, h.pool.Select(&rows, `
		SELECT s.name || ' ' || kind || ' ' || date || ' ' || e.period_start || ' ' || coalesce(period_end::text, '-') || ' ' || amount
		FROM expense e JOIN service s ON s.id = e.service_id
		UNION ALL SELECT email || ' ' || a.kind || ' ' || amount FROM account a JOIN client ON client.id = client_id
		UNION ALL SELECT name || ' ' || status || ' ' || coalesce(paid_until::text, '-') || ' ' || suspend_reasons::text FROM service`))
	sort.Strings(rows)
	return rows
}

// told are the days on which a client was told something of a service.
func (h *house) told(id service.ID, typ string) []string {
	h.Helper()
	var rows []time.Time
	require.NoError(h, h.pool.Select(&rows, `SELECT at FROM event WHERE type = $1 AND data->>'id' = $2 ORDER BY at, id`, typ, id))
	out := []string{}
	for _, r := range rows {
		out = append(out, calendar.DayOf(r, h.zone).String())
	}
	return out
}

func (h *house) suspend(id service.ID, why service.Reason) {
	h.Helper()
	_, err := h.lifecycle.Suspend(context.Background(), admin, id, why, "")
	require.NoError(h, err)
}

func (h *house) resume(id service.ID, in lifecycle.ResumeInput) {
	h.Helper()
	_, err := h.lifecycle.Resume(context.Background(), admin, id, in)
	require.NoError(h, err)
}

func (h *house) remove(id service.ID, when string) {
	h.Helper()
	_, err := h.lifecycle.Delete(context.Background(), admin, id, lifecycle.DeleteInput{When: when})
	require.NoError(h, err)
}

func (h *house) edit(id service.ID, autoRenew bool) {
	h.Helper()
	_, err := h.lifecycle.Edit(context.Background(), admin, id, lifecycle.Patch{AutoRenew: &autoRenew})
	require.NoError(h, err)
}

func (h *house) special(id service.ID, p traffic.SpecialPrice) {
	h.Helper()
	_, err := h.lifecycle.SetSpecialPrice(context.Background(), admin, id, p, nil)
	require.NoError(h, err)
}

// sound asserts that nothing is wrong with the whole database.
func (h *house) sound() {
	h.Helper()
	e := verify.Engine{Zone: h.zone, InSnapshot: func(ctx context.Context, fn func(verify.Snapshot) error) error {
		return h.db.InSnapshot(ctx, func(s *postgres.Snapshot) error { return fn(s) })
	}}
	r, err := e.Run(context.Background())
	require.NoError(h, err)
	require.Empty(h, r.Findings)
}
