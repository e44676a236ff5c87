package billing_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
	"github.com/tariffd/tariffd/internal/traffic"
)

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	return zone
}

func day(s string) calendar.Day {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		panic(err)
	}
	return calendar.DayOf(t, time.UTC)
}

// D2: the anchor of the 31st is never lost, and the civil time stays through both changes of the clocks.
func TestRenewalsOfAYearKeepTheirAnchor(t *testing.T) {
	t.Parallel()
	zone := berlin(t)
	h := newHouse(t, in("2026-01-31 02:30", zone), zone)
	c := h.client("1000")
	s := h.buy(c, h.tariff("P1M", "50"), "P1M")
	ends := []string{
		"2026-02-28 02:30", "2026-03-31 02:30", "2026-04-30 02:30", "2026-05-31 02:30", "2026-06-30 02:30", "2026-07-31 02:30",
		"2026-08-31 02:30", "2026-09-30 02:30", "2026-10-31 02:30", "2026-11-30 02:30", "2026-12-31 02:30", "2027-01-31 02:30",
	}
	want := []string{"2026-01-31 50.00"}
	for i, end := range ends[:len(ends)-1] {
		h.paidUntil(s, end)
		run := in(end[:10]+" 00:20", zone)
		h.live(run.Add(-time.Second))
		h.paidUntil(s, end)
		h.live(run)
		h.paidUntil(s, ends[i+1])
		want = append(want, end[:10]+" 50.00")
	}
	require.Equal(t, want, h.expenses(s, charge.Period), "once per period")
	require.Equal(t, "400.00", h.balance(c))
	require.Len(t, h.told(s, "service.renewed"), 11)
	h.sound()
}

// D2: an end inside the hour that the clocks skip moves forward, and only that one.
func TestAPeriodThatEndsInAClockGap(t *testing.T) {
	t.Parallel()
	zone := berlin(t)
	h := newHouse(t, in("2026-02-28 02:30", zone), zone)
	c := h.client("1000")
	daily, monthly := h.buy(c, h.tariff("P1D", "1"), "P1D"), h.buy(c, h.tariff("P1M", "10"), "P1M")
	h.live(in("2026-03-28 00:20", zone))
	h.paidUntil(daily, "2026-03-29 03:00")
	h.paidUntil(monthly, "2026-04-28 02:30")
	h.live(in("2026-03-29 00:20", zone))
	h.paidUntil(daily, "2026-03-30 02:30")
	// Twenty-five hours in October: still one charge for the civil day.
	h.live(in("2026-10-24 12:00", zone))
	before := len(h.expenses(daily, charge.Period))
	h.live(in("2026-10-26 12:00", zone))
	require.Len(t, h.expenses(daily, charge.Period), before+2)
	h.paidUntil(daily, "2026-10-27 02:30")
	h.sound()
}

func TestRunningADayAgainDoesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-30 10:00"), time.UTC)
	c := h.client("100")
	h.buy(c, h.tariff("P1D", "3"), "P1D")
	ending := h.buy(c, h.tariff("P1M", "10"), "P1M", once)
	h.live(at("2026-04-28 00:20"))
	require.NotEmpty(t, h.told(ending, "service.expiring"))
	books, told := h.books(), h.told(ending, "service.expiring")
	for range 3 {
		h.pool.MustExec(`UPDATE client SET next_run_at = $1`, h.clock.BusinessNow())
		require.Equal(t, 1, h.lot(100))
		require.Equal(t, books, h.books())
		require.Equal(t, told, h.told(ending, "service.expiring"), "a notice goes out once a day")
	}
	for _, through := range []string{"2026-04-26", "2026-04-20", "2026-03-30"} {
		h.again(day(through))
		require.Equal(t, 1, h.lot(100))
		require.Equal(t, books, h.books(), "whatever day is run again")
	}
	require.Zero(t, h.lot(100))
	h.sound()
}

func TestTwoRunsAtOnceChargeOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 10:00"), time.UTC)
	daily := h.tariff("P1D", "1")
	var clients []actor.ClientID
	for range 6 {
		c := h.client("10")
		h.buy(c, daily, "P1D")
		clients = append(clients, c)
	}
	for round := range 5 {
		h.clock.Set(calendar.DailyRunAt(calendar.Day{Year: 2026, Month: 3, Dom: 1 + round}, time.UTC))
		claims := h.claim(100)
		require.Len(t, claims, 6)
		var both sync.WaitGroup
		errs := make([]error, 2)
		start := make(chan struct{})
		for i := range errs {
			both.Go(func() {
				<-start
				errs[i] = h.billing.Run(context.Background(), claims)
			})
		}
		close(start)
		both.Wait()
		require.Equal(t, []error{nil, nil}, errs)
		for _, c := range clients {
			require.Equal(t, eur("8").Sub(eur(fmt.Sprint(round))).String(), h.balance(c))
		}
	}
	h.sound()
}

func TestALostClaimWritesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 10:00"), time.UTC)
	c := h.client("10")
	h.buy(c, h.tariff("P1D", "1"), "P1D")
	h.clock.Set(at("2026-03-02 00:20"))
	claims := h.claim(100)
	h.pool.MustExec(`UPDATE client SET claim_no = claim_no + 1`)
	require.NoError(t, h.billing.Run(context.Background(), claims))
	require.Equal(t, "9.00", h.balance(c))
	require.NoError(t, h.billing.Run(context.Background(), nil))
}

// D1: days that were missed are caught up one by one, so that an outage leaves the books that there would have been.
func TestAnOutageLeavesTheSameBooks(t *testing.T) {
	t.Parallel()
	lived := func(t *testing.T, through func(h *house)) []string {
		h := newHouse(t, at("2026-03-10 09:00"), time.UTC)
		rich := h.client("200")
		h.buy(rich, h.tariff("P1D", "2"), "P1D")
		h.buy(rich, h.tariff("P1M", "30"), "P1M")
		// Two that share what is not enough for both: each day takes its share, the earlier end first.
		poor := h.client("15")
		first, second := h.tariff("P1D", "2"), h.tariff("P1D", "1")
		h.buy(poor, first, "P1D")
		h.clock.Set(at("2026-03-10 11:00"))
		h.buy(poor, second, "P1D")
		h.buy(poor, h.tariff("one_time", "1"), "one_time")
		h.live(at("2026-03-11 12:00"))
		through(h)
		h.sound()
		return h.books()
	}
	daily := lived(t, func(h *house) { h.live(at("2026-03-16 12:00")) })
	late := lived(t, func(h *house) { h.outage(at("2026-03-16 12:00")); h.daily() })
	require.Equal(t, daily, late)
	require.Contains(t, fmt.Sprint(daily), "suspended", "the money of one ran out on the way")
}

func TestOneThatFailsDelaysNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 10:00"), time.UTC)
	daily := h.tariff("P1D", "1")
	clients := make([]actor.ClientID, 25)
	services := make([]service.ID, 25)
	for i := range clients {
		clients[i] = h.client("10")
		services[i] = h.buy(clients[i], daily, "P1D")
	}
	// What the periods hang on cannot be read any more.
	for _, i := range []int{7, 24} {
		h.pool.MustExec(`UPDATE service SET anchor = to_jsonb(anchor::text) WHERE id = $1`, services[i])
	}
	h.clock.Set(at("2026-03-02 00:20"))
	require.Equal(t, 25, h.lot(100))
	require.Equal(t, []actor.ClientID{clients[7], clients[24]}, h.parked)
	for i, c := range clients {
		var reason *string
		require.NoError(t, h.pool.Get(&reason, `SELECT parked_reason FROM client WHERE id = $1`, c))
		if i == 7 || i == 24 {
			require.Equal(t, "9.00", h.balance(c))
			require.NotNil(t, reason)
			require.Contains(t, *reason, "Anchor")
			continue
		}
		require.Nil(t, reason)
		require.Equal(t, "8.00", h.balance(c))
	}
	require.Zero(t, h.lot(100), "who is parked rests for an hour")
	h.clock.Set(at("2026-03-03 00:20"))
	require.Equal(t, 25, h.lot(100))
	// Put right, both catch up what they missed.
	h.pool.MustExec(`UPDATE service SET anchor = (anchor #>> '{}')::jsonb WHERE jsonb_typeof(anchor) = 'string'`)
	h.clock.Set(at("2026-03-03 01:20"))
	require.Equal(t, 2, h.lot(100))
	require.Equal(t, 4, len(h.parked))
	for _, c := range clients {
		require.Equal(t, "7.00", h.balance(c))
	}
	h.sound()
}

// D5 over a quarter, for every mode, and again at the renewal; the balance is charged at once.
func TestASplitQuarter(t *testing.T) {
	t.Parallel()
	for split, want := range map[calendar.Split][]string{
		calendar.SplitNone: {"2026-08-15 90.00", "2026-11-15 90.00"},
		calendar.SplitFromFirst: {
			"2026-08-15 16.45", "2026-09-01 30.00", "2026-10-01 30.00", "2026-11-01 13.55",
			"2026-11-15 16.00", "2026-12-01 30.00", "2027-01-01 30.00", "2027-02-01 14.00",
		},
		calendar.SplitFromStart: {
			"2026-08-15 30.00", "2026-09-15 30.00", "2026-10-15 30.00", "2026-11-15 30.00", "2026-12-15 30.00", "2027-01-15 30.00",
		},
	} {
		t.Run(string(split), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, at("2026-08-15 12:00"), time.UTC)
			c := h.client("500")
			s := h.buy(c, h.sells(product.TypeChange{ExpenseSplit: ptr(string(split))}, tariff.Change{}, price("P3M", "90", "7")), "P3M")
			require.Equal(t, "403.00", h.balance(c))
			h.live(at("2026-11-15 12:00"))
			require.Equal(t, "313.00", h.balance(c))
			require.Equal(t, want, h.expenses(s, charge.Period))
			require.Equal(t, []string{"2026-08-15 7.00"}, h.expenses(s, charge.Setup), "once, and whole")
			h.sound()
		})
	}
}

func TestADayIsChargedDaily(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-02-25 22:00"), time.UTC)
	c := h.client("100")
	s := h.buy(c, h.sells(product.TypeChange{}, tariff.Change{}, price("P1D", "1.50", "0")), "P1D")
	forever := h.buy(c, h.tariff("one_time", "20"), "one_time")
	h.live(at("2026-03-03 12:00"))
	require.Equal(t, []string{
		"2026-02-25 1.50", "2026-02-26 1.50", "2026-02-27 1.50", "2026-02-28 1.50", "2026-03-01 1.50", "2026-03-02 1.50", "2026-03-03 1.50",
	}, h.expenses(s, charge.Period))
	h.live(at("2026-06-01 12:00"))
	require.Equal(t, []string{"2026-02-25 20.00"}, h.expenses(forever, charge.Period), "what is bought once never renews")
	require.Nil(t, h.get(forever).PaidUntil)
	require.Empty(t, h.told(forever, "service.expiring"))
	h.is(forever, service.Active)
	h.is(s, service.Suspended, service.Unpaid)
	h.sound()
}

// A renewal goes by the newest version of the tariff and its renewal price; a special price of the staff lies over both.
func TestWhatARenewalCosts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-05 10:00"), time.UTC)
	c := h.client("1000")
	sold := h.sells(product.TypeChange{}, tariff.Change{}, price("P1M", "50", "10"), price("P1D", "2", "0"))
	plain, special := h.buy(c, sold, "P1M"), h.buy(c, sold, "P1M")
	h.special(special, traffic.SpecialPrice{Amount: ptr(dec("33.33"))})
	h.special(special, traffic.SpecialPrice{Amount: ptr(dec("1")), Period: "P1D"})
	h.live(at("2026-04-05 12:00"))
	dearer := price("P1M", "60", "10")
	dearer.RenewalAmount = ptr(dec("55"))
	_, err := h.tariffs.Update(context.Background(), admin, sold, tariff.Change{Prices: &[]catalog.Price{dearer}})
	require.NoError(t, err)
	h.live(at("2026-05-05 12:00"))
	require.NoError(t, h.lifecycle.DropSpecialPrice(context.Background(), admin, special, "tariff", "", nil))
	h.live(at("2026-06-05 12:00"))
	require.Equal(t, []string{"2026-03-05 50.00", "2026-04-05 50.00", "2026-05-05 55.00", "2026-06-05 55.00"}, h.expenses(plain, charge.Period))
	require.Equal(t, []string{"2026-03-05 50.00", "2026-04-05 33.33", "2026-05-05 33.33", "2026-06-05 55.00"}, h.expenses(special, charge.Period))
	require.Equal(t, 2, h.get(plain).TariffVersion)
	h.sound()
}
