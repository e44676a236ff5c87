package charge

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

func eur(s string) money.Amount { return money.New(dec(s), "EUR") }

// booking is a service ordered for some months whose lines cost what is said: the tariff, then add-ons.
func booking(start time.Time, period calendar.Period, mode calendar.Split, prices ...string) Booking {
	anchor := calendar.AnchorOf(start, time.UTC)
	end := period.End(start, anchor, time.UTC)
	q := pricing.Quote{PeriodStart: start, PeriodEnd: &end, Anchor: anchor}
	for i, p := range prices {
		l := pricing.Line{Kind: pricing.PeriodLine, Amount: eur(p), Tax: pricing.TaxOf(eur(p), dec("0.19"), true)}
		if i > 0 {
			l.Kind, l.Code, l.Quantity = pricing.AddOnLine, string(rune('a'+i)), decimal.NewFromInt(1)
		}
		q.Lines = append(q.Lines, l)
	}
	s := service.Service{ID: "s", ClientID: "c", ProviderID: "p", Currency: "EUR", Period: period, Anchor: &anchor, PeriodStart: &start, PaidUntil: &end}
	return Booking{Service: s, Quote: q, Split: mode, Zone: time.UTC, From: ledger.Held}
}

func texts(rows []Expense) []string {
	out := []string{}
	for _, e := range rows {
		out = append(out, e.Date.String()+" "+e.Amount.String())
	}
	return out
}

var midAugust = time.Date(2024, 8, 15, 10, 0, 0, 0, time.UTC)

func TestExpensesAreSplitByMonthsD5(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		mode calendar.Split
		want []string
	}{
		"from the first of the month": {calendar.SplitFromFirst, []string{"2024-08-15 16.45", "2024-09-01 30.00", "2024-10-01 30.00", "2024-11-01 13.55"}},
		"from the start day":          {calendar.SplitFromStart, []string{"2024-08-15 30.00", "2024-09-15 30.00", "2024-10-15 30.00"}},
		"not at all":                  {calendar.SplitNone, []string{"2024-08-15 90.00"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := Rows(booking(midAugust, "P3M", test.mode, "90.00"), midAugust)
			require.Equal(t, test.want, texts(rows))
			for _, e := range rows {
				require.Equal(t, rows[0].ChargeID, e.ChargeID, "rows of one split charge share it")
			}
			require.Equal(t, midAugust, *rows[0].PeriodStart)
			require.Equal(t, time.Date(2024, 11, 15, 10, 0, 0, 0, time.UTC), *rows[len(rows)-1].PeriodEnd)
		})
	}
}

// A year of 120.00 is twelve expenses of 10.00, or thirteen where it begins within a month.
func TestAYearIsTwelveOrThirteenExpensesD5(t *testing.T) {
	t.Parallel()
	first := time.Date(2024, 8, 1, 0, 0, 0, 0, time.UTC)
	for mode, starts := range map[calendar.Split]map[time.Time]int{
		calendar.SplitFromFirst: {first: 12, midAugust: 13},
		calendar.SplitFromStart: {first: 12, midAugust: 12},
	} {
		for start, n := range starts {
			rows := Rows(booking(start, "P1Y", mode, "120.00"), start)
			require.Len(t, rows, n)
			require.Equal(t, "120.00", sumOf(rows).String())
			for _, e := range rows[1 : n-1] {
				require.Equal(t, "10.00", e.Amount.String())
			}
		}
	}
}

func TestSetupIsNeverSplitD5(t *testing.T) {
	t.Parallel()
	b := booking(midAugust, "P3M", calendar.SplitFromFirst)
	b.Quote.Lines = []pricing.Line{{Kind: pricing.SetupLine, Amount: eur("10.00"), Tax: eur("0.00")}}
	require.Equal(t, []string{"2024-08-15 10.00"}, texts(Rows(b, midAugust)))
	b.Quote.Lines[0].Amount = eur("0.00")
	require.Empty(t, Rows(b, midAugust), "nothing is no expense")
}

// D4 with D5: the partial first month and the whole one after it are worth their own days.
func TestACalendarPeriodIsSplitByItsMonthsD4(t *testing.T) {
	t.Parallel()
	b := booking(time.Date(2026, 7, 17, 9, 0, 0, 0, time.UTC), "P1M", calendar.SplitFromFirst, "46.00")
	end := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	b.Quote.PeriodEnd, b.Service.Anchor = &end, &calendar.FirstOfMonth
	require.Equal(t, []string{"2026-07-17 15.00", "2026-08-01 31.00"}, texts(Rows(b, midAugust)))
}

func TestAnEarlyCloseReversesTheLatestSlicesFirstD8(t *testing.T) {
	t.Parallel()
	paid := Rows(booking(midAugust, "P3M", calendar.SplitFromFirst, "90.00"), midAugust)
	now := time.Date(2024, 9, 15, 9, 0, 0, 0, time.UTC)
	end := time.Date(2024, 11, 15, 10, 0, 0, 0, time.UTC)
	rows := RefundRows(paid, now, midAugust, end, time.UTC)
	require.Equal(t, []string{"2024-11-01 -13.55", "2024-10-01 -30.00", "2024-09-15 -16.12"}, texts(rows))
	require.Equal(t, []string{paid[3].ID, paid[2].ID, paid[1].ID}, []string{rows[0].Reverses, rows[1].Reverses, rows[2].Reverses})
	total := money.Zero("EUR")
	for _, r := range rows {
		require.Equal(t, Refund, r.Kind)
		total = total.Add(r.Amount)
	}
	require.Equal(t, "-59.67", total.String())
	require.Empty(t, RefundRows(paid, end.Add(-time.Hour), midAugust, end, time.UTC), "no whole day is left")
}

// A period that was renewed in advance comes back whole, beside what is left of the running one.
func TestWhatWasPaidInAdvanceComesBackWholeD8(t *testing.T) {
	t.Parallel()
	first := booking(midAugust, "P1M", calendar.SplitNone, "31.00", "3.10")
	second := booking(*first.Quote.PeriodEnd, "P1M", calendar.SplitNone, "30.00")
	paid := append(Rows(first, midAugust), Rows(second, midAugust)...)
	var rows []Expense
	now := midAugust.AddDate(0, 0, 21)
	for _, p := range chain(chargesOf(paid), second.Quote.PeriodStart, *second.Quote.PeriodEnd, now, time.UTC) {
		rows = append(rows, p.closed(now, time.UTC)...)
	}
	require.Equal(t, []string{"2024-09-15 -30.00", "2024-09-05 -10.00", "2024-09-05 -1.00"}, texts(rows))
}

// Whatever is bought and whenever it is closed: the slices sum to what was paid, no more comes back than was paid, tax goes
// with its money, and what comes back is rounded once.
func TestSplitAndRefundLoseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := midAugust.Add(time.Duration(rapid.Int64Range(0, 400*24*60).Draw(t, "start")) * time.Minute)
		period := rapid.SampledFrom([]calendar.Period{"P1M", "P3M", "P6M", "P1Y", "P1D"}).Draw(t, "period")
		mode := rapid.SampledFrom([]calendar.Split{calendar.SplitNone, calendar.SplitFromFirst, calendar.SplitFromStart}).Draw(t, "mode")
		var prices []string
		for range rapid.IntRange(1, 3).Draw(t, "lines") {
			prices = append(prices, decimal.New(rapid.Int64Range(1, 50000).Draw(t, "price"), -2).String())
		}
		b := booking(start, period, mode, prices...)
		paid := Rows(b, start)
		sums, total := map[string]money.Amount{}, money.Zero("EUR")
		for _, e := range paid {
			if sums[e.AddOn].Currency() == "" {
				sums[e.AddOn] = money.Zero("EUR")
			}
			sums[e.AddOn], total = sums[e.AddOn].Add(e.Amount), total.Add(e.Amount)
			require.False(t, e.Amount.Sign() < 0 || e.Tax.Sign() < 0 || e.Amount.Less(e.Tax), "%s with %s", e.Amount, e.Tax)
		}
		for _, l := range b.Quote.Lines {
			require.Equal(t, l.Amount, sums[l.Code])
		}

		end := *b.Quote.PeriodEnd
		now := start.Add(time.Duration(rapid.Int64Range(0, int64(end.Sub(start)/time.Minute)).Draw(t, "closed")) * time.Minute)
		n, of := calendar.RemainingDays(now, end, time.UTC), calendar.PeriodDays(start, end, time.UTC)
		left, back := map[string]money.Amount{}, money.Zero("EUR")
		for _, e := range paid {
			left[e.ID] = e.Amount
		}
		for _, r := range RefundRows(paid, now, start, end, time.UTC) {
			require.Negative(t, r.Amount.Sign())
			require.LessOrEqual(t, r.Tax.Sign(), 0)
			left[r.Reverses] = left[r.Reverses].Add(r.Amount)
			require.False(t, left[r.Reverses].Sign() < 0, "a slice gives back no more than it has")
			back = back.Sub(r.Amount)
		}
		require.Equal(t, pricing.Refund(total, n, of), back)
	})
}

func TestPostingsOfAChargeSumItsRows(t *testing.T) {
	t.Parallel()
	rows := Rows(booking(midAugust, "P3M", calendar.SplitFromFirst, "90.00", "7.00"), midAugust)
	legs := postingsOf(ledger.Held, rows, nil)
	require.Len(t, legs, 4)
	require.Equal(t, []string{"75.63", "14.37", "5.88", "1.12"},
		[]string{legs[0].Amount.String(), legs[1].Amount.String(), legs[2].Amount.String(), legs[3].Amount.String()})
	require.Equal(t, ledger.Tax, legs[1].To)
	require.Equal(t, actor.ClientID("c"), legs[0].ClientID)
}
