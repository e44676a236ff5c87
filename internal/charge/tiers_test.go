package charge

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/service"
)

// scaled puts a scale in place of the price: 2 for each of the first 10 overage units, 1.50 for the next 10, then 1.
func scaled(mode string) func(*service.TermRow) {
	return func(r *service.TermRow) {
		r.Term.OveragePrice = nil
		r.Term.Tiers = &catalog.Tiers{Mode: mode, Steps: []catalog.Tier{
			{UpTo: ptr("10"), Price: ptr("2")}, {UpTo: ptr("20"), Price: ptr("1.5")}, {Price: ptr("1")},
		}}
	}
}

func byDay(r *service.TermRow) { r.Term.Statistics.Bill = catalog.BillByDay }

func TestD14OverageByAScale(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rows  []service.TermRow
		use   fakeUsage
		days  map[int]string
		month string
	}{
		// 100 included; the totals above it are 0, 5, 15 and 25.
		"graduated": {
			terms("100", "0", scaled(catalog.TiersGraduated)), days("90", "15", "10", "10"),
			map[int]string{2: "10.00", 3: "17.50", 4: "12.50"},
			"40.00",
		},
		// Every unit gets cheaper as a step is reached, so that a day may give back.
		"volume": {
			terms("100", "0", scaled(catalog.TiersVolume)), days("90", "15", "10", "10"),
			map[int]string{2: "10.00", 3: "12.50", 4: "2.50"},
			"25.00",
		},
		"volume falls": {terms("0", "0", scaled(catalog.TiersVolume)), days("10", "1"), map[int]string{1: "20.00", 2: "-3.50"}, "16.50"},
		"flat": {
			terms("100", "0", scaled(catalog.TiersFlat)), days("90", "15", "10", "10"),
			map[int]string{2: "2.00", 3: "-0.50", 4: "-0.50"},
			"1.00",
		},
		"per day": {terms("10", "0", scaled(catalog.TiersGraduated), byDay), days("10", "25", "15"), map[int]string{2: "27.50", 3: "10.00"}, "37.50"},
		"bounds are in the overage unit": {
			terms("100", "0", scaled(catalog.TiersGraduated), func(r *service.TermRow) { r.Term.Statistics.OverageUnit = "crate" }),
			days("100", "45"),
			map[int]string{2: "27.50"},
			"27.50", // 15 crates of 3 GiB
		},
		"flat in another unit": {
			terms("100", "0", scaled(catalog.TiersFlat), func(r *service.TermRow) { r.Term.Statistics.OverageUnit = "crate" }),
			days("145"),
			map[int]string{1: "1.50"},
			"1.50",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			by, sum := amounts(t, input(c.use, c.rows))
			require.Equal(t, c.days, by)
			require.Equal(t, c.month, sum)
		})
	}
}

func TestASpecialOveragePriceGoesBeforeAScale(t *testing.T) {
	t.Parallel()
	rows := append(terms("100", "0", scaled(catalog.TiersGraduated)),
		service.TermRow{Item: "traffic", Source: service.FromStaff, From: at(3, 12), Term: service.Term{OveragePrice: ptr("0.10")}})
	steps, err := Steps(input(days("90", "15", "10", "10"), rows))
	require.NoError(t, err)
	require.Equal(t, "10.00", steps[1].Amount.String())
	require.Nil(t, steps[1].UnitPrice, "units by a scale have no common price")
	require.Equal(t, "1.00", steps[2].Amount.String(), "10 more, by what is in force at the end of their day")
	require.Equal(t, "0.1", steps[2].UnitPrice.String())
}

// The numbered examples of how overage is counted.
func TestD14WorkedExamples(t *testing.T) {
	t.Parallel()
	in := func(unit string) func(*service.TermRow) {
		return func(r *service.TermRow) { r.Term.Unit, r.Term.Statistics.OverageUnit = unit, "GiB" }
	}
	_, sum := amounts(t, input(days("2.5", "2.5"), terms("5120", "1", in("MiB"))))
	require.Equal(t, "0.00", sum, "1: the month's 5 120 MiB are included")
	_, sum = amounts(t, input(days("2.5", "2.5", "1"), terms("5120", "1", in("MiB"))))
	require.Equal(t, "1.00", sum)

	most := func(r *service.TermRow) { r.Term.Maximum = ptr("10240") }
	steps, err := Steps(input(days("5120", "1", "5119"), terms("5120", "300", most)))
	require.NoError(t, err)
	require.Equal(t, "300.00", steps[1].Amount.String(), "2: a GiB above 5 TiB")
	require.False(t, steps[2].OverMaximum, "10 TiB are not above the maximum")
	steps, err = Steps(input(days("5120", "1", "5120"), terms("5120", "300", most)))
	require.NoError(t, err)
	require.True(t, steps[2].OverMaximum)

	by, _ := amounts(t, input(days("40", "50", "30", "10"), terms("100", "0.02")))
	require.Equal(t, map[int]string{3: "0.40", 4: "0.20"}, by, "3")
	by, _ = amounts(t, input(days("40", "50", "30"), terms("40", "0.02", byDay)))
	require.Equal(t, map[int]string{2: "0.20"}, by, "4")
	_, sum = amounts(t, input(same31("0.4"), terms("0", "0.01")))
	require.Equal(t, "0.12", sum, "D6")
	_, sum = amounts(t, input(same31("0.333"), terms("0", "0.02")))
	require.Equal(t, "0.21", sum, "D6")
}

// Whatever the scale, the days of a month sum to the price of its total, rounded once.
func TestStepsByAScaleSumToOneRounding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		mode := rapid.SampledFrom([]string{catalog.TiersFlat, catalog.TiersVolume, catalog.TiersGraduated}).Draw(t, "mode")
		included := decimal.NewFromInt(rapid.Int64Range(0, 50).Draw(t, "included"))
		rows := terms(included.String(), "0", scaled(mode))
		use, total := fakeUsage{}, decimal.Zero
		for i := range rapid.IntRange(1, 31).Draw(t, "days") {
			x := decimal.New(rapid.Int64Range(0, 5000).Draw(t, "use"), -3)
			use[on(i+1)], total = x, total.Add(x)
		}
		r, err := rateOf(rows[0].Term, units)
		require.NoError(t, err)
		base, err := units.Convert(total, "GiB", r.base)
		require.NoError(t, err)
		_, sum := amounts(t, input(use, rows))
		require.Equal(t, round(r.price(base), "EUR").String(), sum)
	})
}
