package pricing

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/product"
)

// lines writes a quote as "kind code quantity/included × unit price = amount".
func lines(q Quote) []string {
	var out []string
	for _, l := range q.Lines {
		out = append(out, fmt.Sprintf("%s %s %s/%s × %s = %s", l.Kind, l.Code, l.Quantity, l.Included, l.UnitPrice, l.Amount))
	}
	return out
}

func TestPriceOfAFirstPeriod(t *testing.T) {
	t.Parallel()
	q := price(t, input(t, server(), "P1M", "2026-03-01 10:00", `{"ip": "5", "backup": true, "disk": "100"}`))
	require.Equal(t, []string{
		"period  1/0 × 50 = 50.00",
		"setup  1/0 × 10 = 10.00",
		"add_on ip 5/1 × 1.5 = 6.00",
		"setup ip 5/1 × 0.25 = 1.00",
		"add_on backup 1/0 × 4 = 4.00",
		"add_on panel 1/1 × 7 = 0.00",
		"add_on disk 100/100 × 0 = 0.00",
	}, lines(q))
	require.Equal(t, "71.00", q.Total.String())
	require.Equal(t, at(t, "2026-04-01 10:00"), *q.PeriodEnd)
	require.Equal(t, calendar.AnchorOf(at(t, "2026-03-01 10:00"), time.UTC), q.Anchor)
}

func TestPriceOfARenewal(t *testing.T) {
	t.Parallel()
	in := input(t, server(), "P1M", "2026-02-28 10:00", `{"ip": "5"}`)
	in.Renewal, in.Anchor = true, calendar.AnchorOf(at(t, "2026-01-31 10:00"), time.UTC)
	q := price(t, in)
	require.Equal(t, "51.00", q.Total.String(), "the renewal price and the add-on, no setup fees")
	require.Equal(t, at(t, "2026-03-31 10:00"), *q.PeriodEnd, "back on the anchor's day (D2)")
	require.Equal(t, in.Anchor, q.Anchor)

	in.Offer.Prices[0].RenewalAmount = nil
	require.Equal(t, "56.00", price(t, in).Total.String())
	in.Offer.AddOns[0].Enabled = false
	require.Equal(t, "50.00", price(t, in).Total.String(), "what is offered no more is charged no more")
}

func TestSpecialPricesLieOverTheTariff(t *testing.T) {
	t.Parallel()
	in := input(t, server(), "P1M", "2026-03-01 10:00", `{"ip": "5"}`)
	in.Renewal = true
	in.Special = []SpecialPrice{
		{Amount: ptr("30")},
		{Item: "ip", Period: "P1M", Amount: ptr("1")},
		{Item: "ip", Amount: ptr("9")},
		{Item: "ip", Period: "P3M", Amount: ptr("8")},
		{Item: "disk", OveragePrice: ptr("3")},
	}
	require.Equal(t, "34.00", price(t, in).Total.String(), "30 and 4 × 1: the period's own goes before the one for all")
	in.Renewal = false
	require.Equal(t, "45.00", price(t, in).Total.String(), "setup fees stay the tariff's")
}

func TestD2OneTimeHasNoEnd(t *testing.T) {
	t.Parallel()
	q := price(t, input(t, server(), "one_time", "2026-03-01 10:00", `{}`))
	require.Nil(t, q.PeriodEnd)
	require.Equal(t, "999.00", q.Total.String())
}

func TestD13TrialIsFree(t *testing.T) {
	t.Parallel()
	q := price(t, input(t, server(), "trial", "2026-03-01 10:00", `{"ip": "1"}`))
	require.True(t, q.Total.IsZero())
	require.Equal(t, at(t, "2026-03-15 10:00"), *q.PeriodEnd)

	p, ok := RenewalPeriod(server(), "trial")
	require.True(t, ok)
	require.Equal(t, calendar.Period("P1M"), p, "the shortest priced")
	_, ok = RenewalPeriod(server(), "one_time")
	require.False(t, ok)
	_, ok = RenewalPeriod(server(), "P1Y")
	require.False(t, ok, "not priced any more")
	p, ok = RenewalPeriod(server(), "P3M")
	require.True(t, ok)
	require.Equal(t, calendar.Period("P3M"), p)
}

func TestPeriodWithoutAPrice(t *testing.T) {
	t.Parallel()
	o := server()
	o.TrialDays = 0
	for _, p := range []calendar.Period{"P1Y", "trial"} {
		in := input(t, o, p, "2026-03-01 10:00", `{}`)
		_, err := Price(in)
		require.True(t, fault.Has(err, "period_not_available"))
		require.Equal(t, []string{"/period period_not_available"}, fields(err))
	}
}

func TestD4CalendarBilling(t *testing.T) {
	t.Parallel()
	fifteen, first := 15, 1
	for name, c := range map[string]struct {
		start   string
		period  calendar.Period
		price   string
		proRata *int
		total   string
		end     string
	}{
		"12 July":                 {"2026-07-12 16:00", "P1M", "31", &fifteen, "20.00", "2026-08-01 00:00"},
		"17 July with day 15":     {"2026-07-17 16:00", "P1M", "31", &fifteen, "46.00", "2026-09-01 00:00"},
		"17 July with none":       {"2026-07-17 16:00", "P1M", "31", nil, "15.00", "2026-08-01 00:00"},
		"a whole month":           {"2026-07-01 00:00", "P1M", "31", &fifteen, "31.00", "2026-08-01 00:00"},
		"midnight of the first":   {"2026-07-01 00:00", "P1M", "31", &first, "62.00", "2026-09-01 00:00"},
		"three months":            {"2026-07-12 16:00", "P3M", "93", nil, "82.00", "2026-10-01 00:00"},
		"three months and a rest": {"2026-07-17 16:00", "P3M", "93", &fifteen, "108.00", "2026-11-01 00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := catalog.Offer{
				Prices:   []catalog.Price{{Period: c.period, Amount: dec(c.price)}},
				Calendar: catalog.CalendarBilling{Enabled: true, ProRataDay: c.proRata},
			}
			q := price(t, input(t, o, c.period, c.start, `{}`))
			require.Equal(t, c.total, q.Total.String())
			require.Equal(t, at(t, c.end), *q.PeriodEnd)
			require.Equal(t, calendar.FirstOfMonth, q.Anchor)
		})
	}
}

func TestD4AddOnsAreProratedSetupIsNot(t *testing.T) {
	t.Parallel()
	o := catalog.Offer{
		Prices:   []catalog.Price{{Period: "P1M", Amount: dec("31"), SetupFee: dec("10")}},
		Calendar: catalog.CalendarBilling{Enabled: true},
		AddOns: []catalog.AddOn{{
			Code: "ip", ValueType: product.IntegerValue, Billing: catalog.BillOrder, Enabled: true,
			Prices: []catalog.AddOnPrice{{Period: "P1M", Amount: dec("3.10"), SetupFee: dec("2")}},
		}},
	}
	in := input(t, o, "P1M", "2026-07-12 16:00", `{"ip": 2}`)
	require.Equal(t, []string{
		"period  1/0 × 31 = 20.00", "setup  1/0 × 10 = 10.00", "add_on ip 2/0 × 3.1 = 4.00", "setup ip 2/0 × 2 = 4.00",
	}, lines(price(t, in)))

	in.Renewal, in.Anchor, in.Start = true, calendar.FirstOfMonth, at(t, "2026-08-01 00:00")
	q := price(t, in)
	require.Equal(t, "37.20", q.Total.String())
	require.Equal(t, at(t, "2026-09-01 00:00"), *q.PeriodEnd)

	// A tariff that came to calendar billing after the service had begun on a 12th.
	in.Anchor, in.Start = calendar.AnchorOf(at(t, "2026-07-12 16:00"), time.UTC), at(t, "2026-07-12 16:00")
	q = price(t, in)
	require.Equal(t, at(t, "2026-08-01 00:00"), *q.PeriodEnd)
	require.Equal(t, "24.00", q.Total.String())
}

func TestD6OneRoundingPerLine(t *testing.T) {
	t.Parallel()
	o := catalog.Offer{
		Prices: []catalog.Price{{Period: "P1M", Amount: dec("0.005")}},
		AddOns: []catalog.AddOn{{
			Code: "x", ValueType: product.IntegerValue, Billing: catalog.BillOrder, Enabled: true,
			Prices: []catalog.AddOnPrice{{Period: "P1M", Amount: dec("0.001")}},
		}},
	}
	q := price(t, input(t, o, "P1M", "2026-03-01 10:00", `{"x": 14}`))
	require.Equal(t, []string{"period  1/0 × 0.005 = 0.01", "add_on x 14/0 × 0.001 = 0.01"}, lines(q))
	require.Equal(t, "0.02", q.Total.String(), "the total is the sum of the lines")
}

func TestD7DailyPriceOfAMonthlyPrice(t *testing.T) {
	t.Parallel()
	o := catalog.Offer{
		Prices: []catalog.Price{{Period: "P1M", Amount: dec("31")}},
		AddOns: []catalog.AddOn{{
			Code: "ip", ValueType: product.IntegerValue, Billing: catalog.BillOrder, Enabled: true,
			Prices: []catalog.AddOnPrice{{Period: "P1M", Amount: dec("6.20")}},
		}},
	}
	q := price(t, input(t, o, "P1D", "2026-07-12 16:00", `{"ip": 1}`))
	require.Equal(t, "1.20", q.Total.String())
	require.Equal(t, at(t, "2026-07-13 16:00"), *q.PeriodEnd)
	require.Equal(t, "1.33", price(t, input(t, o, "P1D", "2026-02-12 16:00", `{"ip": 1}`)).Total.String(), "1.11 + 0.22")

	o.Prices = append(o.Prices, catalog.Price{Period: "P1D", Amount: dec("2")})
	o.AddOns[0].Prices = append(o.AddOns[0].Prices, catalog.AddOnPrice{Period: "P1D", Amount: dec("0.5")})
	in := input(t, o, "P1D", "2026-07-12 16:00", `{"ip": 1}`)
	require.Equal(t, "2.50", price(t, in).Total.String(), "its own price goes first")

	in.Offer.Prices, in.Special = o.Prices[:1], []SpecialPrice{{Amount: ptr("3")}}
	require.Equal(t, "3.50", price(t, in).Total.String(), "a special price is for the day as it stands")
}

func TestD8Refund(t *testing.T) {
	t.Parallel()
	require.Equal(t, "59.67", Refund(eur("90"), 61, 92).String())
	require.Equal(t, "6.45", Refund(eur("20"), 10, 31).String())
	require.Equal(t, "0.00", Refund(eur("90"), 0, 92).String())
	require.Equal(t, "0.00", Refund(eur("90"), -3, 92).String())
	require.Equal(t, "90.00", Refund(eur("90"), 93, 92).String())
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 400).Draw(t, "of")
		n := rapid.IntRange(0, of).Draw(t, "n")
		paid := money.New(decimal.New(rapid.Int64Range(0, 1e9).Draw(t, "cents"), -2), "EUR")
		back := Refund(paid, n, of)
		require.False(t, back.Sign() < 0)
		require.False(t, paid.Less(back))
		rest := Refund(paid, of-n, of).Add(back).Sub(paid).Abs()
		require.False(t, eur("0.01").Less(rest), "both parts together are the whole, but for one rounding")
	})
}

func TestD6OverageIsRoundedOncePerMonth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ day, included, price, month string }{
		{"0.4", "0", "0.01", "0.12"},
		{"0.333", "0", "0.02", "0.21"},
		{"10", "100", "0.02", "4.20"},
	} {
		booked, total := eur("0"), decimal.Zero
		for range 31 {
			total = total.Add(dec(c.day))
			booked = booked.Add(money.Round(OveragePrice(total, dec(c.included), dec(c.price)), "EUR").Sub(booked))
		}
		require.Equal(t, c.month, booked.String())
	}
	require.True(t, OveragePrice(dec("99"), dec("100"), dec("5")).IsZero())
	require.True(t, OveragePrice(dec("150"), dec("100"), decimal.Zero).IsZero())
}

func TestD14OverageWorkedExample(t *testing.T) {
	t.Parallel()
	total, before := decimal.Zero, decimal.Zero
	var steps []string
	for _, day := range []string{"40", "50", "30", "10"} {
		total = total.Add(dec(day))
		now := OveragePrice(total, dec("100"), dec("0.02"))
		steps = append(steps, now.Sub(before).StringFixed(2))
		before = now
	}
	require.Equal(t, []string{"0.00", "0.00", "0.40", "0.20"}, steps)
}

func TestD25Tax(t *testing.T) {
	t.Parallel()
	require.Equal(t, "20.00", TaxOf(eur("120"), dec("0.2"), true).String())
	require.Equal(t, "20.00", TaxOf(eur("100"), dec("0.2"), false).String())
	require.Equal(t, "0.00", TaxOf(eur("100"), decimal.Zero, true).String())
	in := input(t, server(), "P1M", "2026-03-01 10:00", `{"ip": "5", "disk": 100}`)
	in.TaxRate = dec("0.19")
	q := price(t, in)
	require.Equal(t, "67.00", q.Total.String())
	require.Equal(t, "10.70", q.Tax.String(), "7.98 + 1.60 + 0.96 + 0.16")
	in.PricesIncludeTax = false
	q = price(t, in)
	require.Equal(t, "79.73", q.Total.String())
	require.Equal(t, "12.73", q.Tax.String())
}

func TestQuoteIsStoredAsJSON(t *testing.T) {
	t.Parallel()
	q := price(t, input(t, server(), "P1M", "2026-03-01 10:00", `{"ip": "5"}`))
	raw, err := json.Marshal(q)
	require.NoError(t, err)
	var back Quote
	require.NoError(t, json.Unmarshal(raw, &back))
	again, err := json.Marshal(back)
	require.NoError(t, err)
	require.JSONEq(t, string(raw), string(again))
	require.True(t, q.Total.Equal(back.Total))
	require.Equal(t, q.PeriodEnd, back.PeriodEnd)
}

// Whatever is priced: the total is the sum of its lines, what is included costs nothing, tax is part of the total.
func TestPriceProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		price := func(name string) decimal.Decimal { return decimal.New(rapid.Int64Range(0, 1e7).Draw(t, name), -4) }
		included := decimal.NewFromInt(rapid.Int64Range(0, 20).Draw(t, "included"))
		period := rapid.SampledFrom([]calendar.Period{"P1D", "P1M", "P3M", "P1Y", "one_time", "trial"}).Draw(t, "period")
		o := catalog.Offer{
			TrialDays: 7,
			Prices:    []catalog.Price{{Period: period, Amount: price("price"), SetupFee: price("setup")}},
			Calendar:  catalog.CalendarBilling{Enabled: rapid.Bool().Draw(t, "calendar")},
			AddOns: []catalog.AddOn{{
				Code: "x", ValueType: product.IntegerValue, Billing: catalog.BillOrder, Enabled: true, Included: &included,
				Prices: []catalog.AddOnPrice{{Period: period, Amount: price("unit price"), SetupFee: price("unit setup")}},
			}},
		}
		n := decimal.NewFromInt(rapid.Int64Range(0, 40).Draw(t, "ordered"))
		q, err := Price(Input{
			Offer: o, Currency: "EUR", Period: period, Values: map[string]Value{"x": Quantity(n)}, Zone: time.UTC,
			Start: time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "start"), 0).UTC(), TaxRate: dec("0.2"),
			PricesIncludeTax: rapid.Bool().Draw(t, "tax included"), Renewal: rapid.Bool().Draw(t, "renewal"),
			Anchor: calendar.FirstOfMonth,
		})
		require.NoError(t, err)
		total, tax := money.Zero("EUR"), money.Zero("EUR")
		for _, l := range q.Lines {
			total, tax = total.Add(l.Amount), tax.Add(l.Tax)
			require.False(t, l.Quantity.LessThanOrEqual(l.Included) && !l.Amount.IsZero())
			require.False(t, period.IsTrial() && !l.Amount.IsZero())
		}
		require.True(t, total.Equal(q.Total))
		require.True(t, tax.Equal(q.Tax))
		require.False(t, total.Less(tax))
		require.Equal(t, period.IsOneTime(), q.PeriodEnd == nil)
	})
}
