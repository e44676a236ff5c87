package billing_test

import (
	"context"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// byTheHour sells a day at a price, due only while the service is active.
func (h *house) byTheHour(amount string, whenSuspended bool) catalog.TariffID {
	return h.sells(product.TypeChange{}, tariff.Change{
		Hourly: tariff.HourlyChange{Enabled: ptr(true), ChargeWhenSuspended: &whenSuspended},
	}, price("P1D", amount, "0"))
}

func TestADayIsDueOnlyForItsActiveHours(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 00:00"), time.UTC)
	c := h.client("100")
	id := h.buy(c, h.byTheHour("10", false), "P1D")
	h.suspend(id, service.ByAdmin)
	h.live(at("2026-03-01 12:00"))
	h.resume(id, lifecycle.ResumeInput{})
	h.live(at("2026-03-02 00:19"))
	require.Empty(t, h.expenses(id, charge.Refund), "until the next daily run")
	h.live(at("2026-03-02 00:20"))
	require.Equal(t, []string{"2026-03-02 -5.00"}, h.expenses(id, charge.Refund), "on at 12:00: half of the day")
	require.Equal(t, "75.00", h.balance(c), "three days were charged, half a one was given back")
	h.again(calendar.Day{Year: 2026, Month: time.February, Dom: 28})
	h.daily()
	require.Equal(t, "75.00", h.balance(c), "and not again")

	// Suspended for a third of a minute; then deleted while it is off, with what the day has been off so far.
	h.live(at("2026-03-02 06:00"))
	h.suspend(id, service.ByClient)
	h.clock.Advance(20 * time.Second)
	h.resume(id, lifecycle.ResumeInput{Reason: service.ByClient})
	h.live(at("2026-03-03 00:20"))
	require.Len(t, h.expenses(id, charge.Refund), 1, "10.00 × 20/86400 is no cent")
	h.live(at("2026-03-03 12:00"))
	h.suspend(id, service.ByClient)
	h.live(at("2026-03-03 18:00"))
	before := h.balance(c)
	h.remove(id, lifecycle.Now)
	require.Equal(t, []string{before, "2.50"}, []string{before, dec(h.balance(c)).Sub(dec(before)).Sub(h.ahead(id)).StringFixed(2)})
	h.sound()
}

// A day that was partly off is settled, too, when the service leaves the daily price for a month's.
func TestHoursAreGivenBackWhereADailyPriceEndsD9(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 00:00"), time.UTC)
	c := h.client("100")
	sold := h.byTheHour("10", false)
	_, err := h.tariffs.Update(context.Background(), admin, sold, tariff.Change{
		Prices: &[]catalog.Price{price("P1D", "10", "0"), price("P1M", "31", "0")},
	})
	require.NoError(t, err)
	id := h.buy(c, sold, "P1D")
	h.suspend(id, service.ByAdmin)
	h.live(at("2026-03-01 12:00"))
	h.resume(id, lifecycle.ResumeInput{})
	require.Equal(t, "80.00", h.balance(c))
	h.change(id, lifecycle.TermsInput{TariffID: sold, Period: "P1M"})
	require.Equal(t, "64.00", h.balance(c), "half a day off and the day that was paid ahead go back, a month is charged")
	h.live(at("2026-03-03 12:00"))
	require.Equal(t, "64.00", h.balance(c))
	h.sound()
}

func TestSuspendedDaysAreChargedUnlessTheTariffSaysOtherwise(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 00:00"), time.UTC)
	c := h.client("100")
	id := h.buy(c, h.byTheHour("10", true), "P1D")
	h.suspend(id, service.ByAdmin)
	h.live(at("2026-03-05 00:20"))
	require.Empty(t, h.expenses(id, charge.Refund))
	h.sound()
}

// Days of 23 and 25 hours are due by their own length, and an outage changes nothing but the day of booking.
func TestHoursAreThoseOfTheDay(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for _, outage := range []bool{false, true} {
		h := newHouse(t, in("2026-03-28 00:00", berlin), berlin)
		c := h.client("1000")
		id := h.buy(c, h.byTheHour("23", false), "P1D")
		h.live(in("2026-03-29 12:00", berlin)) // the clocks went forward: eleven hours of 23 are over
		h.suspend(id, service.ByAdmin)
		pass := h.live
		if outage {
			pass = func(until time.Time) { h.outage(until); h.daily() }
		}
		pass(in("2026-03-31 00:20", berlin))
		refunds := h.expenses(id, charge.Refund)
		require.Len(t, refunds, 2)
		require.Contains(t, refunds[0]+refunds[1], "-12.00", "twelve of 23 hours off")
		require.Contains(t, refunds[0]+refunds[1], "-23.00", "the whole next day")
		h.sound()
	}
}

// ahead is what was paid for days that have not begun.
func (h *house) ahead(id service.ID) decimal.Decimal {
	h.Helper()
	var text string
	require.NoError(h, h.pool.Get(&text, `
		SELECT coalesce(sum(amount), 0)::text FROM expense WHERE service_id = $1 AND kind = 'period' AND period_start > $2`, id, h.clock.BusinessNow()))
	return dec(text)
}

func TestMoneyThatBecomesFreeResumesWhatWaitsForIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 00:00"), time.UTC)
	month, day := h.tariff("P1M", "31"), h.tariff("P1D", "3")
	c := h.client("37")
	keeps := h.buy(c, month, "P1M")
	waits := h.buy(c, day, "P1D")
	h.live(at("2026-03-03 12:00"))
	h.is(waits, service.Suspended, service.Unpaid)
	h.remove(keeps, lifecycle.Now)
	h.daily()
	h.is(waits, service.Active)
	h.sound()

	c = h.client("3")
	waits = h.buy(c, day, "P1D")
	h.live(at("2026-03-06 12:00"))
	h.is(waits, service.Suspended, service.Unpaid)
	limit := eur("10")
	_, err := h.clients.Update(context.Background(), admin, c, client.Change{Settlement: &client.SettlementInput{Mode: client.CreditLimit, Limit: &limit}})
	require.NoError(t, err)
	h.daily()
	h.is(waits, service.Active)
	require.Equal(t, "-3.00", h.balance(c))
	h.sound()
}
