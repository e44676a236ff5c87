package billing_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
	"github.com/tariffd/tariffd/internal/traffic"
)

func special(amount string) traffic.SpecialPrice {
	return traffic.SpecialPrice{Amount: ptr(dec(amount))}
}

// D8: 90.00 for the quarter, closed after a month.
func TestAnEarlyCloseGivesTheRestBack(t *testing.T) {
	t.Parallel()
	for split, want := range map[calendar.Split][]string{
		calendar.SplitNone:      {"2026-09-15 -59.67"},
		calendar.SplitFromFirst: {"2026-09-15 -16.12", "2026-10-01 -30.00", "2026-11-01 -13.55"},
		calendar.SplitFromStart: {"2026-10-15 -30.00", "2026-09-15 -29.67"},
	} {
		t.Run(string(split), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, at("2026-08-15 12:00"), time.UTC)
			c := h.client("100")
			s := h.buy(c, h.sells(product.TypeChange{ExpenseSplit: ptr(string(split))}, tariff.Change{}, price("P3M", "90", "7")), "P3M")
			h.live(at("2026-09-15 12:00"))
			h.remove(s, lifecycle.Now)
			require.Equal(t, "62.67", h.balance(c), "of the set-up fee nothing comes back")
			require.ElementsMatch(t, want, h.expenses(s, charge.Refund))
			h.sound()
		})
	}
}

// A close after the next period was paid ahead: the whole of that, and the rest of the running one.
func TestACloseGivesBackWhatWasPaidAhead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-05 10:00"), time.UTC)
	tariff := h.sells(product.TypeChange{}, tariff.Change{}, price("P1M", "31", "0"), price("P3M", "61", "0"))
	c := h.client("500")
	ctx := context.Background()
	byHand, other, byRun := h.buy(c, tariff, "P1M"), h.buy(c, tariff, "P1M"), h.buy(c, tariff, "P1M")
	h.special(byRun, special("30"))
	h.live(at("2026-03-25 12:00"))
	_, err := h.lifecycle.Renew(ctx, admin, byHand, "")
	require.NoError(t, err)
	_, err = h.lifecycle.Renew(ctx, admin, byHand, "")
	require.NoError(t, err)
	_, err = h.lifecycle.Renew(ctx, admin, other, "P3M")
	require.NoError(t, err)
	h.paidUntil(byHand, "2026-06-05 10:00")
	h.paidUntil(other, "2026-07-05 10:00")
	require.Equal(t, "284.00", h.balance(c))
	h.remove(byHand, lifecycle.Now) // 10 of 31 days are left whole, and two months
	require.ElementsMatch(t, []string{"2026-03-25 -10.00", "2026-04-05 -31.00", "2026-05-05 -31.00"}, h.expenses(byHand, charge.Refund))
	h.remove(other, lifecycle.Now)
	require.ElementsMatch(t, []string{"2026-03-25 -10.00", "2026-04-05 -61.00"}, h.expenses(other, charge.Refund))
	h.live(at("2026-04-05 09:00")) // the run at 00:20 has renewed it, the old period is not over
	h.paidUntil(byRun, "2026-05-05 10:00")
	h.remove(byRun, lifecycle.Now)
	require.Equal(t, []string{"2026-04-05 -30.00"}, h.expenses(byRun, charge.Refund))
	require.Equal(t, "427.00", h.balance(c))
	h.sound()
}

func TestWhatIsNeverGivenBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-05 10:00"), time.UTC)
	c := h.client("500")
	none := h.sells(product.TypeChange{}, tariff.Change{Policy: tariff.PolicyChange{RefundOnClose: ptr(catalog.RefundNone)}},
		price("P1M", "50", "0"))
	free := h.sells(product.TypeChange{}, tariff.Change{TrialDays: ptr(14)}, price("P1M", "50", "0"))
	for _, s := range []service.ID{
		h.buy(c, none, "P1M"), h.buy(c, h.tariff("one_time", "20"), "one_time"), h.buy(c, h.tariff("P1D", "5"), "P1D"),
		h.buy(c, free, calendar.Trial),
	} {
		h.clock.Advance(time.Minute)
		h.remove(s, lifecycle.Now)
		h.is(s, service.Deleted)
		require.Empty(t, h.expenses(s, charge.Refund))
	}
	require.Equal(t, "425.00", h.balance(c))
	h.sound()
}

// D10, D8: the period after a suspension for money is the one that is given back, not the one before.
func TestACloseAfterANewStart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-05 10:00"), time.UTC)
	c := h.client("31")
	s := h.buy(c, h.tariff("P1M", "31"), "P1M")
	h.live(at("2026-05-01 10:00"))
	h.pay(c, "31")
	h.paidUntil(s, "2026-06-01 10:00")
	h.live(at("2026-05-11 10:00"))
	h.suspend(s, service.ByAdmin)
	h.remove(s, lifecycle.Now)
	require.Equal(t, "21.00", h.balance(c))
	h.live(at("2026-07-01 10:00"))
	require.Equal(t, "21.00", h.balance(c))
	h.sound()
}

// An end that is scheduled moves with a renewal by hand, and can be taken back.
func TestAScheduledDeletion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-05 10:00"), time.UTC)
	c := h.client("500")
	tariff := h.tariff("P1M", "50")
	moved, back := h.buy(c, tariff, "P1M"), h.buy(c, tariff, "P1M")
	h.remove(moved, lifecycle.EndOfPeriod)
	h.remove(back, lifecycle.EndOfPeriod)
	h.live(at("2026-04-01 10:00"))
	_, err := h.lifecycle.Renew(context.Background(), admin, moved, "")
	require.NoError(t, err)
	_, err = h.lifecycle.Undelete(context.Background(), admin, back)
	require.NoError(t, err)
	h.live(at("2026-05-05 09:00"))
	h.is(moved, service.Active)
	h.is(back, service.Active)
	h.paidUntil(back, "2026-06-05 10:00")
	h.live(at("2026-05-05 10:00"))
	h.is(moved, service.Deleted)
	require.Equal(t, "250.00", h.balance(c))
	h.sound()
}
