package billing_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/tariff"
)

// D11, D10: not before the run after the end; back at once with the money, for a period that begins then.
func TestUnpaidIsSuspendedAndPaidIsResumed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-10 14:00"), time.UTC)
	c := h.client("50")
	s := h.buy(c, h.tariff("P1M", "50"), "P1M")
	h.live(at("2026-04-10 00:20"))
	h.is(s, service.Active)
	h.live(at("2026-04-10 14:00"))
	h.is(s, service.Active)
	h.live(at("2026-04-11 00:19"))
	h.is(s, service.Active)
	h.live(at("2026-04-11 00:20"))
	h.is(s, service.Suspended, service.Unpaid)
	h.live(at("2026-04-20 16:00"))
	h.pay(c, "49.99")
	h.is(s, service.Suspended, service.Unpaid)
	h.pay(c, "0.01")
	h.is(s, service.Active)
	h.paidUntil(s, "2026-05-20 16:00")
	require.Equal(t, "0.00", h.balance(c))
	require.Equal(t, []string{"2026-03-10 50.00", "2026-04-20 50.00"}, h.expenses(s, charge.Period), "the downtime is not charged")
	require.Equal(t, []string{"2026-04-20"}, h.told(s, "service.resumed"))
	h.pay(c, "50")
	h.live(at("2026-05-20 00:20"))
	h.paidUntil(s, "2026-06-20 16:00")
	h.sound()
}

// Money that comes between the end and the run is early enough: the period goes on where it ended.
func TestPaidBeforeTheRunGoesOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-10 14:00"), time.UTC)
	c := h.client("50")
	s := h.buy(c, h.tariff("P1M", "50"), "P1M")
	h.live(at("2026-04-10 20:00"))
	h.pay(c, "50")
	h.live(at("2026-04-11 00:20"))
	h.is(s, service.Active)
	h.paidUntil(s, "2026-05-10 14:00")
	h.sound()
}

// D11: who rests at weekends suspends on the next weekday; 11 April 2026 is a Saturday.
func TestNoSuspensionAtWeekends(t *testing.T) {
	t.Parallel()
	for start, suspended := range map[string]string{
		"2026-03-09": "2026-04-10", // Thursday's end, a Friday
		"2026-03-10": "2026-04-13", // Saturday waits
		"2026-03-11": "2026-04-13", // Sunday waits
		"2026-03-12": "2026-04-13",
	} {
		t.Run(start, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, at(start+" 14:00"), time.UTC)
			rests := h.sells(product.TypeChange{NoWeekendSuspension: ptr(true)}, tariff.Change{}, price("P1M", "50", "0"))
			s := h.buy(h.client("50"), rests, "P1M")
			h.live(at(suspended + " 00:20").Add(-time.Second))
			h.is(s, service.Active)
			h.live(at(suspended + " 00:20"))
			h.is(s, service.Suspended, service.Unpaid)
		})
	}
}

func TestResumptionGoesFromTheOldestAsFarAsTheMoneyGoes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 10:00"), time.UTC)
	c := h.client("100")
	tariff := h.tariff("P1M", "20")
	third := h.buy(c, tariff, "P1M")
	h.special(third, special("30"))
	h.clock.Set(at("2026-03-02 10:00"))
	second := h.buy(c, tariff, "P1M")
	kept := h.buy(c, tariff, "P1M", once)
	h.clock.Set(at("2026-03-03 10:00"))
	first := h.buy(c, tariff, "P1M")
	require.Equal(t, "20.00", h.balance(c))
	h.live(at("2026-04-01 12:00"))
	p := h.pay(c, "1")
	h.live(at("2026-04-08 12:00"))
	for _, s := range []service.ID{first, second, third, kept} {
		if s == second {
			h.is(s, service.Active) // had the 20
			continue
		}
		h.is(s, service.Suspended, service.Unpaid)
	}
	_, err := h.payments.Refund(context.Background(), admin, p.ID, eur("1"))
	require.NoError(t, err)
	h.pay(c, "29")
	h.is(third, service.Suspended, service.Unpaid)
	h.is(first, service.Active)
	require.Equal(t, "9.00", h.balance(c))
	h.pay(c, "45")
	h.is(third, service.Active)
	h.is(kept, service.Suspended, service.Unpaid)
	require.Equal(t, "24.00", h.balance(c), "what shall not renew takes nothing")
	h.sound()
}

// With money for one of two, the one that ended first has it.
func TestTheOldestEndIsServedFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 10:00"), time.UTC)
	c := h.client("40")
	tariff := h.tariff("P1M", "20")
	late := h.buy(c, tariff, "P1M")
	h.edit(late, true)
	h.clock.Set(at("2026-03-02 10:00"))
	later := h.buy(c, tariff, "P1M")
	h.live(at("2026-04-10 12:00"))
	h.is(late, service.Suspended, service.Unpaid)
	h.is(later, service.Suspended, service.Unpaid)
	h.pay(c, "39")
	h.is(late, service.Active)
	h.is(later, service.Suspended, service.Unpaid)
	h.sound()
}

// D11: what client or staff suspended goes on being paid for; what abuse or overage suspended does not.
func TestWhatRenewsWhileSuspended(t *testing.T) {
	t.Parallel()
	for why, renews := range map[service.Reason]bool{
		service.ByClient: true, service.ByAdmin: true, service.ForAbuse: false, service.ByOverage: false,
	} {
		t.Run(string(why), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, at("2026-03-05 10:00"), time.UTC)
			c := h.client("500")
			s := h.buy(c, h.tariff("P1M", "50"), "P1M")
			h.live(at("2026-04-03 12:00"))
			h.suspend(s, why)
			h.live(at("2026-04-20 12:00"))
			if renews {
				h.is(s, service.Suspended, why)
				h.paidUntil(s, "2026-05-05 10:00")
				require.Equal(t, "400.00", h.balance(c))
			} else {
				want := map[service.Reason]bool{why: true, service.Unpaid: true}
				h.is(s, service.Suspended, reasons(want)...)
				h.paidUntil(s, "2026-04-05 10:00")
				require.Equal(t, "450.00", h.balance(c))
			}
			h.sound()
		})
	}
}

func reasons(of map[service.Reason]bool) (out []service.Reason) {
	for r := range of {
		out = append(out, r)
	}
	return out
}

// D14, D10: the new month ends a suspension for overage. Where the paid time ran out meanwhile and the money is there, a
// new period begins: nothing but the overage had kept it from renewing.
func TestANewMonthEndsAnOverageSuspension(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-20 10:00"), time.UTC)
	c, poor := h.client("500"), h.client("50")
	tariff := h.tariff("P1M", "50")
	running, over, short := h.buy(c, tariff, "P1M"), h.buy(c, tariff, "P1M"), h.buy(poor, tariff, "P1M")
	h.live(at("2026-04-18 12:00"))
	h.suspend(running, service.ByOverage)
	h.suspend(over, service.ByOverage)
	h.suspend(short, service.ByOverage)
	_, err := h.lifecycle.Renew(context.Background(), admin, running, "")
	require.NoError(t, err)
	h.live(at("2026-04-30 23:59"))
	h.is(running, service.Suspended, service.ByOverage)
	h.is(over, service.Suspended, service.ByOverage, service.Unpaid)
	require.Equal(t, "350.00", h.balance(c))
	h.live(at("2026-05-01 00:20"))
	h.is(running, service.Active)
	h.is(over, service.Active)
	h.paidUntil(over, "2026-06-01 00:20")
	require.Equal(t, "300.00", h.balance(c))
	h.is(short, service.Suspended, service.Unpaid)
	h.sound()
}

// D12: the tariff's limit goes before the product type's, and only an automatic suspension counts.
func TestAutoDeletion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 10:00"), time.UTC)
	c := h.client("240")
	typ := product.TypeChange{AutoDeleteAfterDays: input.To(5)}
	byType := h.sells(typ, tariff.Change{}, price("P1M", "20", "0"))
	byTariff := h.sells(typ, tariff.Change{Policy: tariff.PolicyChange{AutoDeleteAfterDays: input.To(9)}}, price("P1M", "20", "0"))
	five, nine, never := h.buy(c, byType, "P1M", once), h.buy(c, byTariff, "P1M", once), h.buy(c, h.tariff("P1M", "20"), "P1M", once)
	kept := map[service.Reason]service.ID{}
	for _, why := range []service.Reason{service.ByAdmin, service.ByClient, service.ForAbuse} {
		kept[why] = h.buy(c, byType, "P1M", once)
		h.suspend(kept[why], why)
	}
	cleared := h.buy(c, byType, "P1M", once)
	h.suspend(cleared, service.ByAdmin)

	h.live(at("2026-04-02 12:00"))
	h.is(five, service.Suspended, service.Unpaid)
	h.resume(cleared, lifecycle.ResumeInput{Reason: service.ByAdmin})
	h.is(cleared, service.Suspended, service.Unpaid)
	h.live(at("2026-04-07 00:19"))
	h.is(five, service.Suspended, service.Unpaid)
	h.is(cleared, service.Suspended, service.Unpaid)
	h.live(at("2026-04-07 00:20"))
	h.is(five, service.Deleted)
	h.is(cleared, service.Deleted) // five days after the money ran out, not after the staff's suspension in March
	h.is(nine, service.Suspended, service.Unpaid)
	h.live(at("2026-04-11 00:19"))
	h.is(nine, service.Suspended, service.Unpaid)
	h.live(at("2026-04-11 00:20"))
	h.is(nine, service.Deleted)
	h.live(at("2026-07-01 12:00"))
	h.is(never, service.Suspended, service.Unpaid)
	for why, s := range kept {
		h.is(s, service.Suspended, why, service.Unpaid)
	}
	require.Equal(t, "100.00", h.balance(c), "what ran out has nothing to give back")
	h.sound()
}

// charged takes money as overage does, whether it is there or not, and judges the service by D15.
func (h *house) charged(c actor.ClientID, s service.ID, amount string) {
	h.Helper()
	ctx := context.Background()
	require.NoError(h, h.db.InTx(ctx, func(tx *postgres.Tx) error {
		owner, err := tx.LockClient(ctx, c)
		if err != nil {
			return err
		}
		_, err = ledger.Post(ctx, tx, ledger.Posting{
			ClientID: c, Kind: "correction", From: ledger.Balance, To: ledger.Cash, Amount: eur(amount),
			Cause: ledger.Cause{Kind: "test", ID: actor.NewID()}, Refs: map[string]string{},
		})
		if err != nil {
			return err
		}
		return h.lifecycle.AfterOverage(ctx, tx, owner, s, false)
	}))
}

// D15: below zero a service stops, unless the settlement allows it; it goes on with what was paid once the debt is.
func TestABalanceBelowZero(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 10:00"), time.UTC)
	tariff := h.tariff("P1M", "50")
	limit := eur("10")
	prepaid := h.client("50")
	limited := h.client("50", client.SettlementInput{Mode: client.CreditLimit, Limit: &limit})
	postpaid := h.client("50", client.SettlementInput{Mode: client.Postpaid})
	p, l, q := h.buy(prepaid, tariff, "P1M"), h.buy(limited, tariff, "P1M"), h.buy(postpaid, tariff, "P1M")
	h.charged(prepaid, p, "0.01")
	h.charged(limited, l, "10")
	h.charged(postpaid, q, "1000")
	h.is(p, service.Suspended, service.Unpaid)
	h.is(l, service.Active)
	h.is(q, service.Active)
	h.charged(limited, l, "0.01")
	h.is(l, service.Suspended, service.Unpaid)
	h.live(at("2026-03-10 10:00"))
	h.pay(prepaid, "0.01")
	h.is(p, service.Active)
	h.paidUntil(p, "2026-04-01 10:00")
	require.Equal(t, "0.00", h.balance(prepaid))
	h.pay(limited, "0.01")
	h.is(l, service.Active)
	h.paidUntil(l, "2026-04-01 10:00")
	h.live(at("2026-05-02 12:00"))
	h.is(p, service.Suspended, service.Unpaid)
	h.is(l, service.Suspended, service.Unpaid)
	h.is(q, service.Active)
	require.Equal(t, "-1100.00", h.balance(postpaid), "who pays afterwards is never stopped")
}

// The limit itself may still be used; one cent more may not.
func TestACreditLimitIsReachedExactly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 10:00"), time.UTC)
	exact, short := eur("50"), eur("49.99")
	tariff := h.tariff("P1M", "50")
	a := h.client("50", client.SettlementInput{Mode: client.CreditLimit, Limit: &exact})
	b := h.client("50", client.SettlementInput{Mode: client.CreditLimit, Limit: &short})
	s, u := h.buy(a, tariff, "P1M"), h.buy(b, tariff, "P1M")
	h.live(at("2026-04-02 12:00"))
	h.is(s, service.Active)
	require.Equal(t, "-50.00", h.balance(a))
	h.is(u, service.Suspended, service.Unpaid)
	require.Equal(t, "0.00", h.balance(b))
	h.live(at("2026-05-02 12:00"))
	h.is(s, service.Suspended, service.Unpaid)
	h.pay(a, "50")
	h.is(s, service.Active)
	h.sound()
}

func TestWithoutAutomaticRenewalItEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-05 10:00"), time.UTC)
	c := h.client("500")
	tariff := h.tariff("P1M", "50")
	s, doomed := h.buy(c, tariff, "P1M", once), h.buy(c, tariff, "P1M")
	h.live(at("2026-03-20 12:00"))
	h.remove(doomed, lifecycle.EndOfPeriod)
	h.live(at("2026-04-05 09:59"))
	h.is(s, service.Active)
	h.is(doomed, service.Active)
	h.live(at("2026-04-05 10:00"))
	h.is(doomed, service.Deleted)
	h.live(at("2026-04-06 00:20"))
	h.is(s, service.Suspended, service.Unpaid)
	h.pay(c, "1000")
	h.is(s, service.Suspended, service.Unpaid)
	require.Equal(t, "1400.00", h.balance(c), "neither renewed, and the deletion at the end gave nothing back")
	require.Empty(t, h.told(doomed, "service.suspended"))
	// By hand it can go on: from now.
	_, err := h.lifecycle.Renew(context.Background(), admin, s, "")
	require.NoError(t, err)
	h.is(s, service.Active)
	h.paidUntil(s, "2026-05-06 00:20")
	h.sound()
}

// D26, by days before the end, once a day, for whom the money is short.
func TestNoticesBeforeTheEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-20 10:00"), time.UTC)
	c, rich := h.client("150"), h.client("100")
	tariff := h.tariff("P1M", "50")
	short, ends, covered := h.buy(c, tariff, "P1M"), h.buy(c, tariff, "P1M", once), h.buy(rich, tariff, "P1M")
	doomed := h.buy(c, tariff, "P1M")
	h.remove(doomed, lifecycle.EndOfPeriod)
	h.live(at("2026-04-25 12:00"))
	five := []string{"2026-04-15", "2026-04-16", "2026-04-17", "2026-04-18", "2026-04-19", "2026-04-20"}
	require.Equal(t, append([]string{"2026-04-10"}, five...), h.told(short, "service.expiring"))
	require.Equal(t, five, h.told(ends, "service.expiring"))
	require.Equal(t, five, h.told(doomed, "service.expiring"), "with the deletion scheduled nothing renews")
	require.Empty(t, h.told(covered, "service.expiring"))
	h.sound()
}

// Renewals of the same run come first: what they leave is what the notice goes by.
func TestANoticeKnowsWhatTheRunHasTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-10 10:00"), time.UTC)
	c := h.client("160")
	tariff := h.tariff("P1M", "50")
	first := h.buy(c, tariff, "P1M")
	h.clock.Set(at("2026-03-20 10:00"))
	second := h.buy(c, tariff, "P1M")
	h.live(at("2026-04-10 12:00"))
	h.paidUntil(first, "2026-05-10 10:00")
	require.Equal(t, []string{"2026-04-10"}, h.told(second, "service.expiring"))
	h.pay(c, "50")
	h.live(at("2026-04-16 12:00"))
	require.Equal(t, []string{"2026-04-10"}, h.told(second, "service.expiring"))
}

// D13: after the trial the shortest priced period follows, where there is money.
func TestAfterTheTrial(t *testing.T) {
	t.Parallel()
	h := newHouse(t, at("2026-03-01 10:00"), time.UTC)
	tariff := h.sells(product.TypeChange{}, tariff.Change{TrialDays: ptr(7)},
		price("P1Y", "500", "0"), price("P1M", "50", "5"))
	c, poor := h.client("70"), h.client("49")
	s, u := h.buy(c, tariff, calendar.Trial), h.buy(poor, tariff, calendar.Trial)
	require.Equal(t, "70.00", h.balance(c))
	h.live(at("2026-03-09 12:00"))
	h.is(s, service.Active)
	h.paidUntil(s, "2026-04-08 10:00")
	require.Equal(t, "20.00", h.balance(c))
	h.is(u, service.Suspended, service.Unpaid)
	h.live(at("2026-03-12 12:00"))
	h.pay(poor, "1")
	h.is(u, service.Active)
	h.paidUntil(u, "2026-04-12 12:00")
	h.sound()
}
