package charge

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
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/service"
)

// fakeUsage is use by day in GiB, as if one parameter was measured.
type fakeUsage map[calendar.Day]decimal.Decimal

func (u fakeUsage) Days() []calendar.Day {
	var out []calendar.Day
	for d := march.First().AddDays(-3); d.Before(march.Next().First().AddDays(3)); d = d.AddDays(1) {
		if _, ok := u[d]; ok {
			out = append(out, d)
		}
	}
	return out
}

func (u fakeUsage) ByDay(_ catalog.Statistics, unit string, units measure.Units) (map[calendar.Day]decimal.Decimal, error) {
	out := map[calendar.Day]decimal.Decimal{}
	for d, x := range u {
		y, err := units.Convert(x, "GiB", unit)
		if err != nil {
			return nil, err
		}
		out[d] = y
	}
	return out, nil
}

var (
	march = calendar.Month{Year: 2026, Month: time.March}
	units = measure.NewUnits([]measure.Unit{
		{Code: "B"},
		{Code: "KiB", SmallerUnit: "B", Ratio: dec("1024")},
		{Code: "MiB", SmallerUnit: "KiB", Ratio: dec("1024")},
		{Code: "GiB", SmallerUnit: "MiB", Ratio: dec("1024")},
		{Code: "crate", SmallerUnit: "GiB", Ratio: dec("3")},
		{Code: "W"},
	})
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func ptr(s string) *decimal.Decimal { d := dec(s); return &d }

func on(dom int) calendar.Day { return march.First().AddDays(dom - 1) }

func at(dom, hour int) time.Time { return on(dom).At(hour, 0, time.UTC) }

func until(dom, hour int) *time.Time { t := at(dom, hour); return &t }

// days spells use from the 1st on; an empty word is a day without a block.
func days(words ...string) fakeUsage {
	u := fakeUsage{}
	for i, w := range words {
		if w != "" {
			u[on(i+1)] = dec(w)
		}
	}
	return u
}

func same31(word string) fakeUsage {
	u := fakeUsage{}
	for i := 1; i <= 31; i++ {
		u[on(i)] = dec(word)
	}
	return u
}

func terms(included, price string, change ...func(*service.TermRow)) []service.TermRow {
	r := service.TermRow{
		Item: "traffic", Source: service.FromTariff, From: at(1, 0),
		Term: service.Term{
			Billing: catalog.BillStatistics, Included: ptr(included), Unit: "GiB", OveragePrice: ptr(price),
			Statistics: &catalog.Statistics{Bill: catalog.BillByMonth, Params: []string{"in", "out"}, OverageUnit: "GiB"},
		},
	}
	for _, f := range change {
		f(&r)
	}
	return []service.TermRow{r}
}

func input(u Usage, rows []service.TermRow) MonthInput {
	return MonthInput{
		Month: march, Through: on(31), Zone: time.UTC, Currency: "EUR", Period: "P1M",
		Terms: rows, Units: units, Usage: u,
	}
}

func amounts(t require.TestingT, in MonthInput) (map[int]string, string) {
	steps, err := Steps(in)
	require.NoError(t, err)
	by, sum := map[int]string{}, money.Zero(in.Currency)
	for _, s := range steps {
		if !s.Amount.IsZero() {
			by[s.Day.Dom] = s.Amount.String()
		}
		sum = sum.Add(s.Amount)
	}
	return by, sum.String()
}

func TestStepsOfWorkedExamples(t *testing.T) {
	t.Parallel()
	byDay := func(r *service.TermRow) { r.Term.Statistics.Bill = catalog.BillByDay }
	gauge := func(r *service.TermRow) { r.Term.Statistics.OverDays = catalog.OverDaysMax }
	unpriced := func(r *service.TermRow) { r.Term.OveragePrice = nil }
	free := append(terms("1", "0.50"), service.TermRow{Item: "traffic", Source: service.FromBandwidth, From: at(2, 14), To: until(4, 9), Term: service.Term{OveragePrice: ptr("0")}})
	tests := map[string]struct {
		usage Usage
		rows  []service.TermRow
		want  map[int]string
		sum   string
	}{
		"included by the month":              {days("40", "50", "30", "10"), terms("100", "0.02"), map[int]string{3: "0.40", 4: "0.20"}, "0.60"},
		"included by the day":                {days("40", "50", "30"), terms("40", "0.02", byDay), map[int]string{2: "0.20"}, "0.20"},
		"no price is free":                   {days("40", "500"), terms("40", "0.02", unpriced), map[int]string{}, "0.00"},
		"a price of zero is free":            {days("40", "500"), terms("40", "0"), map[int]string{}, "0.00"},
		"the highest day of a gauge":         {days("5", "9", "7", "12"), terms("6", "1", gauge), map[int]string{2: "3.00", 4: "3.00"}, "6.00"},
		"the price at the end of the day":    {days("2", "10", "10", "10", "10"), free, map[int]string{1: "0.50", 4: "5.00", 5: "5.00"}, "10.50"},
		"nothing agreed before the first":    {fakeUsage{on(1).AddDays(-1): dec("500"), on(1): dec("41")}, terms("40", "1"), map[int]string{1: "1.00"}, "1.00"},
		"another unit for included and over": {days("1", "1"), terms("512", "0.25", func(r *service.TermRow) { r.Term.Unit = "MiB" }), map[int]string{1: "0.13", 2: "0.25"}, "0.38"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			by, sum := amounts(t, input(test.usage, test.rows))
			require.Equal(t, test.want, by)
			require.Equal(t, test.sum, sum)
		})
	}
}

// D6: statistics are rounded once a month, not once a day.
func TestStepsRoundOnceAMonthD6(t *testing.T) {
	t.Parallel()
	_, sum := amounts(t, input(same31("0.4"), terms("0", "0.01")))
	require.Equal(t, "0.12", sum)
	_, sum = amounts(t, input(same31("0.333"), terms("0", "0.02")))
	require.Equal(t, "0.21", sum)
	// Thirds add up to a whole again: 0.333… cannot be written down, three times 0.0016… is half a cent exactly.
	third := func(r *service.TermRow) { r.Term.Statistics.OverageUnit = "crate" }
	_, sum = amounts(t, input(days("1", "1", "1"), terms("0", "0.005", third)))
	require.Equal(t, "0.01", sum)
}

// The story's server A: 10 + 10 GiB on days 1–4, 12–14 and 20–31, 100 GiB included.
func TestStepsOfTheServerThatSharesItsMonth(t *testing.T) {
	t.Parallel()
	u := fakeUsage{}
	for i := 1; i <= 31; i++ {
		if i <= 4 || i >= 12 && i <= 14 || i >= 20 {
			u[on(i)] = dec("20")
		}
	}
	by, sum := amounts(t, input(u, terms("100", "0.02")))
	require.Equal(t, "5.60", sum)
	require.Equal(t, "0.40", by[13])
	require.NotContains(t, by, 12)
	u[on(2)] = dec("50")
	by, sum = amounts(t, input(u, terms("100", "0.02")))
	require.Equal(t, "6.20", sum)
	require.Equal(t, []string{"0.20", "0.40"}, []string{by[4], by[12]})
}

func TestStepsOfTheClosingDayUseTheLastTerms(t *testing.T) {
	t.Parallel()
	rows := terms("10", "1", func(r *service.TermRow) { r.To = until(3, 15) })
	rows = append(rows,
		service.TermRow{Item: "traffic", Source: service.FromBandwidth, From: at(2, 0), To: until(3, 15), Term: service.Term{OveragePrice: ptr("0")}})
	by, _ := amounts(t, input(days("10", "5", "5", "5"), rows))
	require.Equal(t, map[int]string{3: "5.00"}, by, "D22: the link's zero price ended with the server; what comes later is nobody's")
}

func TestStepsLeaveTheRunningDayOut(t *testing.T) {
	t.Parallel()
	in := input(days("10", "10", "10"), terms("0", "1"))
	in.Through = on(2)
	_, sum := amounts(t, in)
	require.Equal(t, "20.00", sum)
}

func TestStepsPutTaxOnTopOrFindItInside(t *testing.T) {
	t.Parallel()
	in := input(days("10"), terms("0", "1"))
	in.TaxOn = func(calendar.Day) decimal.Decimal { return dec("0.20") }
	steps, err := Steps(in)
	require.NoError(t, err)
	require.Equal(t, []string{"10.00", "1.67"}, []string{steps[0].Amount.String(), steps[0].Tax.String()})
	in.IncludesTax = func(calendar.Day) bool { return false }
	steps, err = Steps(in)
	require.NoError(t, err)
	require.Equal(t, []string{"12.00", "2.00"}, []string{steps[0].Amount.String(), steps[0].Tax.String()})
}

// D16: 80 % and 100 % of what is included, and use above it. D14: the maximum.
func TestStepsTellWhereTheUseStandsD16(t *testing.T) {
	t.Parallel()
	rows := terms("100", "1", func(r *service.TermRow) { r.Term.Maximum = ptr("150") })
	steps, err := Steps(input(days("79", "1", "20", "1", "50"), rows))
	require.NoError(t, err)
	got := []string{}
	for _, s := range steps {
		got = append(got, fmt.Sprint(s.Used, s.Overage, s.Reached, s.OverMaximum))
	}
	require.Equal(t, []string{
		"79 0 [] false", "80 0 [threshold_80] false", "100 0 [threshold_80 threshold_100] false",
		"101 1 [threshold_80 threshold_100 started] false", "151 51 [threshold_80 threshold_100 started] true",
	}, got)
	require.Equal(t, []Exceeded{{"traffic", march.Next().First()}}, exceeded(steps, on(5)))
	require.Empty(t, exceeded(steps, on(31)), "the month is over")
}

// The naive model: the whole month's price once, and each day's charge by what was charged before.
func TestStepsSumToOneRoundingOfTheMonth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := fakeUsage{}
		total := decimal.Zero
		for i := 1; i <= 31; i++ {
			if rapid.Bool().Draw(t, "block") {
				u[on(i)] = decimal.New(rapid.Int64Range(0, 90000).Draw(t, "use"), -3)
				total = total.Add(u[on(i)])
			}
		}
		included := decimal.New(rapid.Int64Range(0, 900000).Draw(t, "included"), -3)
		price := decimal.New(rapid.Int64Range(0, 99999).Draw(t, "price"), -5)
		_, sum := amounts(t, input(u, terms(included.String(), price.String())))
		over := decimal.Max(decimal.Zero, total.Sub(included))
		require.Equal(t, over.Mul(price).Round(2).StringFixed(2), sum)
	})
}

// Whatever arrives when, booking after each arrival ends where booking once at the end does, and booking again does nothing.
func TestDifferencesEndWhereOneRunEnds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := terms("30", "0.037")
		books := Books{PricesIncludeTax: true, Terms: rows, Service: service.Service{Currency: "EUR"}}
		u := fakeUsage{}
		book := func() int {
			steps, err := Steps(input(u, rows))
			require.NoError(t, err)
			fresh := Differences(books, steps, at(31, 0))
			books.Booked = append(books.Booked, fresh...)
			return len(fresh)
		}
		for range rapid.IntRange(1, 25).Draw(t, "arrivals") {
			day := on(rapid.IntRange(1, 31).Draw(t, "day"))
			if _, known := u[day]; known && rapid.Bool().Draw(t, "leaves") {
				delete(u, day) // another service owns it now
			} else {
				u[day] = decimal.New(rapid.Int64Range(0, 20000).Draw(t, "use"), -3)
			}
			if rapid.Bool().Draw(t, "run") {
				book()
			}
		}
		book()
		require.Zero(t, book(), "running again books nothing")

		steps, err := Steps(input(u, rows))
		require.NoError(t, err)
		want, got := map[calendar.Day]string{}, map[calendar.Day]money.Amount{}
		for _, s := range steps {
			if !s.Amount.IsZero() {
				want[s.Day] = s.Amount.String()
			}
		}
		reversed := map[string]bool{}
		for _, e := range books.Booked {
			if got[e.ForDay].Currency() == "" {
				got[e.ForDay] = money.Zero("EUR")
			}
			got[e.ForDay] = got[e.ForDay].Add(e.Amount)
			require.Equal(t, e.ForDay, e.Date)
			if e.Kind == Correction {
				require.False(t, reversed[e.Reverses], "a row is taken back once")
				reversed[e.Reverses] = true
			}
		}
		for day, net := range got {
			if net.IsZero() {
				require.NotContains(t, want, day)
			} else {
				require.Equal(t, want[day], net.String())
			}
			delete(want, day)
		}
		require.Empty(t, want)
	})
}

func TestTheNoticeShowsDecimalsAsText(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(told{AddOn: "traffic", Day: on(3), Used: dec("80.5"), Included: dec("100"), Unit: "GiB", Percent: 80})
	require.NoError(t, err)
	require.JSONEq(t, `{"service_id":"","add_on":"traffic","day":"2026-03-03","used":"80.5","included":"100","unit":"GiB","percent":80}`, string(raw))
}
