package billing_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// sister is a further tariff of the same product type, by the same module: the prices are all that differs.
func (h *house) sister(of catalog.TariffID, prices ...catalog.Price) catalog.TariffID {
	h.Helper()
	ctx := context.Background()
	t, err := h.db.Reader().Tariff(ctx, actor.Everything, of)
	require.NoError(h, err)
	code := fmt.Sprintf("sister_%d", h.next())
	s, err := h.tariffs.Create(ctx, admin, tariff.New{ProductType: t.ProductType, ProviderID: h.provider, Change: tariff.Change{
		Code: &code, Name: &code, Status: ptr(catalog.Active), Prices: &prices, DataCenterIDs: &t.Offer.DataCenterIDs, ModuleIDs: &t.Offer.ModuleIDs,
	}})
	require.NoError(h, err)
	return s.ID
}

func (h *house) change(id service.ID, in lifecycle.TermsInput) {
	h.Helper()
	_, err := h.lifecycle.ChangeTerms(context.Background(), admin, id, in)
	require.NoError(h, err)
}

// Whatever a tariff is changed to, and whenever: changed back at the same instant it has cost nothing, and is agreed, paid and
// given back at the end as if nothing had been changed.
func TestAChangeThereAndBackLeavesNothingD9(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-01-31 09:30"), time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		split := rapid.SampledFrom([]string{"none", "from_first_of_month", "from_start_day"}).Draw(rt, "split")
		period := rapid.SampledFrom([]calendar.Period{"P1D", "P1M", "P3M", "P1Y"}).Draw(rt, "period")
		amount := func(name string) string { return text(rapid.Int64Range(0, 30000).Draw(rt, name)) }
		calendarBilling := tariff.CalendarChange{Enabled: ptr(rapid.Bool().Draw(rt, "calendar"))}
		here := h.sells(product.TypeChange{ExpenseSplit: &split}, tariff.Change{Calendar: calendarBilling}, price(period, amount("old"), "3"))
		there := h.sister(here, price(period, amount("new"), "5"))
		c := h.client("100000")
		id := h.buy(c, here, period)
		for range rapid.IntRange(0, 2).Draw(rt, "paid in advance") {
			if !period.IsDaily() {
				_, err := h.lifecycle.Renew(context.Background(), admin, id, "")
				require.NoError(rt, err)
			}
		}
		s := h.get(id)
		span := s.PaidUntil.Sub(h.clock.BusinessNow())
		h.clock.Advance(time.Duration(rapid.Float64Range(0, 1).Draw(rt, "when") * float64(span)).Truncate(time.Minute))
		balance, before := h.balance(c), h.get(id)
		closed := h.wouldClose(id)
		for range rapid.IntRange(1, 2).Draw(rt, "times") {
			h.change(id, lifecycle.TermsInput{TariffID: there, Period: period})
			h.change(id, lifecycle.TermsInput{TariffID: here, Period: period})
		}
		require.Equal(rt, balance, h.balance(c))
		after := h.get(id)
		after.Version = before.Version
		require.Equal(rt, before, after)
		require.Equal(rt, closed, h.wouldClose(id))
		var terms int
		require.NoError(rt, h.pool.Get(&terms, `SELECT count(*) FROM service_term WHERE service_id = $1 AND to_at IS NULL`, id))
		require.Equal(rt, 1, terms)
	})
	h.sound()
}

// wouldClose is what a deletion now would give back; it is not done.
func (h *house) wouldClose(id service.ID) string {
	h.Helper()
	c := h.get(id).ClientID
	before := h.balance(c)
	var after string
	err := h.lifecycle.InTx(context.Background(), func(tx lifecycle.Tx) error {
		s, err := tx.LockService(context.Background(), id)
		if err != nil {
			return err
		}
		if err = h.lifecycle.CloseFor(context.Background(), tx, admin, &s); err != nil {
			return err
		}
		client, err := tx.LockClient(context.Background(), c)
		if err != nil {
			return err
		}
		left, _, err := tx.LockBalances(context.Background(), client)
		after = left.String()
		if err == nil {
			err = errNotReally
		}
		return err
	})
	require.ErrorIs(h, err, errNotReally)
	return before + " to " + after
}

var errNotReally = fmt.Errorf("not really")

// A tariff that got dearer in a newer version, changed within the period, with an add-on that is renewed at the new price.
func TestAChangedServiceRenewsByItsNewTariff(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 00:00"), time.UTC)
	small := h.tariff("P1M", "31")
	big := h.sister(small, catalog.Price{Period: "P1M", Amount: dec("62"), SetupFee: dec("9"), RenewalAmount: ptr(dec("70"))})
	c := h.client("1000")
	id := h.buy(c, small, "P1M")
	h.live(at("2026-03-17 00:00"))
	h.change(id, lifecycle.TermsInput{TariffID: big, Period: "P1M"})
	require.Equal(t, "954.00", h.balance(c))
	h.live(at("2026-04-01 00:21"))
	require.Equal(t, "884.00", h.balance(c))
	h.paidUntil(id, "2026-05-01 00:00")
	h.live(at("2026-04-16 00:00"))
	h.change(id, lifecycle.TermsInput{TariffID: small, Period: "P1M"})
	require.Equal(t, "903.50", h.balance(c), "in a renewed period renewal prices count: 35.00 − 15.50")
	h.sound()
}

// A day of a daily price is over by the day: nothing is left of it that could be charged anew.
func TestADailyTariffChangesWithoutMoneyD9(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 00:00"), time.UTC)
	small := h.tariff("P1D", "1")
	big := h.sister(small, price("P1D", "2", "0"))
	c := h.client("10")
	id := h.buy(c, small, "P1D")
	h.live(at("2026-03-01 12:00"))
	h.change(id, lifecycle.TermsInput{TariffID: big, Period: "P1D"})
	require.Equal(t, "7.00", h.balance(c), "the next day was paid in advance at 00:20, and costs the difference")
	h.live(at("2026-03-02 00:21"))
	require.Equal(t, "5.00", h.balance(c))
	h.sound()
}
