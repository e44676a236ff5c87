package measure

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/fault"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// usual are the built-in chains.
func usual() Units {
	k := decimal.NewFromInt(1024)
	return NewUnits([]Unit{
		{Code: "B"},
		{Code: "KiB", SmallerUnit: "B", Ratio: k},
		{Code: "MiB", SmallerUnit: "KiB", Ratio: k},
		{Code: "GiB", SmallerUnit: "MiB", Ratio: k},
		{Code: "TiB", SmallerUnit: "GiB", Ratio: k},
		{Code: "GB", SmallerUnit: "B", Ratio: dec("1000000000")},
		{Code: "second"},
		{Code: "hour", SmallerUnit: "second", Ratio: dec("3600")},
		{Code: "W"},
	})
}

func TestD19Convert(t *testing.T) {
	t.Parallel()
	u := usual()
	for _, c := range []struct{ value, from, to, want string }{
		{"5", "GiB", "KiB", "5242880"},
		{"10485760", "KiB", "GiB", "10"},
		{"1", "B", "TiB", "0.0000000000009094947017729282379150390625"},
		{"1", "TiB", "B", "1099511627776"},
		{"1.5", "hour", "second", "5400"},
		{"1", "GiB", "GB", "1.073741824"}, // two branches that meet in the byte
		{"7", "W", "W", "7"},
		{"7", "made_up", "made_up", "7"},
	} {
		got, err := u.Convert(dec(c.value), c.from, c.to)
		require.NoError(t, err)
		require.Equal(t, c.want, got.String(), "%s %s in %s", c.value, c.from, c.to)
	}
	for _, pair := range [][2]string{{"GiB", "W"}, {"W", "hour"}, {"GiB", "nothing"}, {"nothing", "GiB"}} {
		_, err := u.Convert(dec("1"), pair[0], pair[1])
		require.True(t, fault.Has(err, "bad_unit"), "%v", pair)
	}
}

func TestD19ChainsRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ratios := rapid.SliceOfN(rapid.SampledFrom([]int64{2, 4, 5, 8, 10, 1000, 1024}), 1, 5).Draw(t, "ratios")
		units := []Unit{{Code: "u0"}}
		for i, r := range ratios {
			units = append(units, Unit{Code: fmt.Sprint("u", i+1), SmallerUnit: fmt.Sprint("u", i), Ratio: decimal.NewFromInt(r)})
		}
		u := NewUnits(units)
		from := fmt.Sprint("u", rapid.IntRange(0, len(ratios)).Draw(t, "from"))
		to := fmt.Sprint("u", rapid.IntRange(0, len(ratios)).Draw(t, "to"))
		value := decimal.New(rapid.Int64Range(0, 1<<50).Draw(t, "value"), -int32(rapid.IntRange(0, 6).Draw(t, "digits")))
		there, err := u.Convert(value, from, to)
		require.NoError(t, err)
		back, err := u.Convert(there, to, from)
		require.NoError(t, err)
		require.True(t, value.Equal(back), "%s %s → %s %s → %s", value, from, there, to, back)
	})
}

func TestUnitChainsEnd(t *testing.T) {
	t.Parallel()
	circle := NewUnits([]Unit{{Code: "a", SmallerUnit: "b", Ratio: dec("2")}, {Code: "b", SmallerUnit: "a", Ratio: dec("2")}})
	require.True(t, fault.Has(circle.checkChain("a"), "bad_unit"))
	_, err := circle.Convert(dec("1"), "a", "c")
	require.True(t, fault.Has(err, "bad_unit"))
	_, err = circle.Convert(dec("1"), "c", "a")
	require.True(t, fault.Has(err, "bad_unit"))

	long := Units{"u0": {Code: "u0"}}
	for i := 1; i <= maxChain+1; i++ {
		code := fmt.Sprint("u", i)
		long[code] = Unit{Code: code, SmallerUnit: fmt.Sprint("u", i-1), Ratio: dec("2")}
	}
	require.NoError(t, long.checkChain(fmt.Sprint("u", maxChain)))
	require.True(t, fault.Has(long.checkChain(fmt.Sprint("u", maxChain+1)), "bad_unit"))
}
