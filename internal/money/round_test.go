package money

import (
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestD6RoundsHalfAwayFromZero(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, currency, want string }{
		{"0.124", "EUR", "0.12"}, // 31 × 0.4 GiB at 0.01
		{"0.125", "EUR", "0.13"},
		{"-0.125", "EUR", "-0.13"},
		{"0.135", "EUR", "0.14"},
		{"0.20646", "EUR", "0.21"}, // 31 × 0.333 GiB at 0.02
		{"0.004999999999999999999999999999", "EUR", "0.00"},
		{"-0.004", "EUR", "0.00"},
		{"2.5", "JPY", "3"},
		{"-2.5", "JPY", "-3"},
		{"1e3", "EUR", "1000.00"},
		{"1.0005", "KWD", "1.001"},
		{"12.5", "EUR", "12.50"},
	} {
		require.Equal(t, c.want, Round(dec(c.in), c.currency).String(), "%s %s", c.in, c.currency)
	}
}

func TestD6QuotientsAreRoundedOnce(t *testing.T) {
	t.Parallel()
	ratio := func(num, den string) string { return RoundRatio(dec(num), dec(den), "EUR").String() }
	require.Equal(t, "16.45", ratio("510", "31")) // 30.00 × 17/31
	require.Equal(t, "0.01", ratio("1", "200"))
	require.Equal(t, "-0.01", ratio("1", "-200"))
	require.Equal(t, "-0.01", ratio("-0.001", "0.2"))
	require.Equal(t, "0.33", ratio("0.001", "0.003"))
	// A hair less than half a cent; a quotient cut to 16 digits first would be exactly half and go up.
	require.Equal(t, "0.00", ratio("0.00499999999999999999", "1"))
	require.Equal(t, "0.00", ratio("49999999999999999999", "10000000000000000000000"))
	require.Panics(t, func() { ratio("1", "0") })
}

func TestD8Share(t *testing.T) {
	t.Parallel()
	require.Equal(t, "59.67", eur(t, "90.00").Share(61, 92).String())
	require.Equal(t, "90.00", eur(t, "90.00").Share(92, 92).String())
	require.Equal(t, "0.00", eur(t, "90.00").Share(0, 92).String())
	require.Equal(t, "-59.67", eur(t, "-90.00").Share(61, 92).String())
	require.Equal(t, "20.00", eur(t, "31.00").Share(20, 31).String())
}

func TestD6RoundIsTheNearestAndSymmetric(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		num := decimal.New(rapid.Int64().Draw(t, "num"), rapid.Int32Range(-12, 2).Draw(t, "num exponent"))
		den := decimal.New(rapid.Int64Range(1, 1e12).Draw(t, "den"), rapid.Int32Range(-6, 2).Draw(t, "den exponent"))
		got := RoundRatio(num, den, "EUR")
		diff := new(big.Rat).Sub(new(big.Rat).Quo(num.Rat(), den.Rat()), got.Decimal().Rat())
		require.LessOrEqual(t, diff.Abs(diff).Cmp(big.NewRat(1, 200)), 0)
		require.Equal(t, got.Neg(), RoundRatio(num.Neg(), den, "EUR"))
		require.Equal(t, got.Neg(), RoundRatio(num, den.Neg(), "EUR"))
		require.Equal(t, got, Round(got.Decimal(), "EUR"))
	})
}

func TestD5Allocate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		total   string
		weights []string
		want    []string
	}{
		"equal, ties to the earlier": {"10.00", []string{"1", "1", "1"}, []string{"3.34", "3.33", "3.33"}},
		"negative":                   {"-10.00", []string{"1", "1", "1"}, []string{"-3.34", "-3.33", "-3.33"}},
		"largest remainder":          {"1.00", []string{"1", "2", "3"}, []string{"0.17", "0.33", "0.50"}},
		"tie among some":             {"0.03", []string{"1", "1"}, []string{"0.02", "0.01"}},
		"by days":                    {"90.00", []string{"17", "30", "31", "14"}, []string{"16.63", "29.35", "30.33", "13.69"}},
		"a weight of nothing":        {"0.05", []string{"0", "1", "0.000"}, []string{"0.00", "0.05", "0.00"}},
		"fine weights":               {"1.00", []string{"0.00000001", "0.00000003"}, []string{"0.25", "0.75"}},
		"coarse weights":             {"1.00", []string{"1e3", "3e3"}, []string{"0.25", "0.75"}},
		"no weight at all":           {"0.03", []string{"0", "0"}, []string{"0.02", "0.01"}},
		"nothing":                    {"0.00", []string{"1", "2"}, []string{"0.00", "0.00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var weights []decimal.Decimal
			for _, w := range c.weights {
				weights = append(weights, dec(w))
			}
			require.Equal(t, c.want, spelled(Allocate(eur(t, c.total), weights)))
		})
	}
	require.Empty(t, Allocate(Zero("EUR"), nil))
	require.Equal(t, []string{"34", "33", "33"}, spelled(Split(New(dec("100"), "JPY"), 3)))
	require.Equal(t, []string{"30.00", "30.00", "30.00"}, spelled(Split(eur(t, "90.00"), 3)))
}

func TestD5PartsSumExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := New(decimal.New(rapid.Int64Range(-1e12, 1e12).Draw(t, "cents"), -2), "EUR")
		weight := rapid.Custom(func(t *rapid.T) decimal.Decimal {
			return decimal.New(rapid.Int64Range(0, 1e9).Draw(t, "weight"), rapid.Int32Range(-8, 2).Draw(t, "exponent"))
		})
		weights := rapid.SliceOfN(weight, 1, 20).Draw(t, "weights")
		sum := decimal.Sum(weights[0], weights[1:]...)
		parts := Allocate(total, weights)
		require.Len(t, parts, len(weights))
		whole := Zero("EUR")
		for _, part := range parts {
			whole = whole.Add(part)
		}
		require.Equal(t, total, whole)
		for i, part := range parts {
			require.GreaterOrEqual(t, part.Sign()*total.Sign(), 0, "a part with the other sign")
			if !sum.IsZero() {
				exact := new(big.Rat).Mul(total.Decimal().Rat(), new(big.Rat).Quo(weights[i].Rat(), sum.Rat()))
				off := exact.Sub(exact, part.Decimal().Rat())
				require.Negative(t, off.Abs(off).Cmp(big.NewRat(1, 100)), "more than a unit off its share")
			}
		}
	})
}
