package traffic

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/measure"
)

var testUnits = measure.NewUnits([]measure.Unit{
	{Code: "B"},
	{Code: "KiB", SmallerUnit: "B", Ratio: decimal.NewFromInt(1024)},
	{Code: "MiB", SmallerUnit: "KiB", Ratio: decimal.NewFromInt(1024)},
	{Code: "GiB", SmallerUnit: "MiB", Ratio: decimal.NewFromInt(1024)},
	{Code: "Mbit/s"},
	{Code: "W"},
})

func q(value, unit string) Quantity { return Quantity{decimal.RequireFromString(value), unit} }

func march(dom int) calendar.Day { return calendar.Day{Year: 2026, Month: 3, Dom: dom} }

func TestMeasure(t *testing.T) {
	t.Parallel()
	both := []string{"in", "out"}
	tests := map[string]struct {
		values Values
		s      catalog.Statistics
		unit   string
		want   string // empty: nothing to say
	}{
		"sum":                              {Values{ParamIn: q("10485760", "KiB"), ParamOut: q("1048576", "KiB")}, catalog.Statistics{Params: both, Combine: "sum"}, "GiB", "11"},
		"max":                              {Values{ParamIn: q("10485760", "KiB"), ParamOut: q("1048576", "KiB")}, catalog.Statistics{Params: both, Combine: "max"}, "GiB", "10"},
		"one direction":                    {Values{ParamIn: q("10485760", "KiB"), ParamOut: q("1", "KiB")}, catalog.Statistics{Params: []string{"in"}}, "GiB", "10"},
		"D19 mixed units":                  {Values{ParamIn: q("1", "GiB"), ParamOut: q("512", "MiB")}, catalog.Statistics{Params: both, Combine: "sum"}, "GiB", "1.5"},
		"D19 exact to the byte":            {Values{ParamIn: q("1", "B")}, catalog.Statistics{Params: []string{"in"}}, "GiB", "0.000000000931322574615478515625"},
		"D18 bandwidth reported":           {Values{ParamIn: q("1", "GiB"), ParamOut: q("1", "GiB"), ParamBandwidth: q("5", "GiB")}, catalog.Statistics{Params: []string{"bandwidth"}}, "GiB", "5"},
		"D18 bandwidth is in + out":        {Values{ParamIn: q("1", "GiB"), ParamOut: q("1024", "MiB")}, catalog.Statistics{Params: []string{"bandwidth"}}, "GiB", "2"},
		"D18 bandwidth of one direction":   {Values{ParamOut: q("1024", "MiB")}, catalog.Statistics{Params: []string{"bandwidth"}}, "GiB", "1"},
		"only the total was reported":      {Values{ParamBandwidth: q("5", "GiB")}, catalog.Statistics{Params: both, Combine: "sum"}, "GiB", "5"},
		"the total is no single direction": {Values{ParamBandwidth: q("5", "GiB")}, catalog.Statistics{Params: []string{"in"}}, "GiB", ""},
		"gauge":                            {Values{ParamBurstIn: q("95.5", "Mbit/s")}, catalog.Statistics{Params: []string{"burst_in_day"}, OverDays: "max"}, "Mbit/s", "95.5"},
		"nothing reported":                 {Values{ParamPower: q("95", "W")}, catalog.Statistics{Params: both}, "GiB", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok, err := test.values.Measure(test.s, test.unit, testUnits)
			require.NoError(t, err)
			require.Equal(t, test.want != "", ok)
			if ok {
				require.Equal(t, test.want, got.String())
			}
		})
	}
	_, _, err := Values{ParamIn: q("1", "W")}.Measure(catalog.Statistics{Params: both}, "GiB", testUnits)
	require.Error(t, err, "units that no chain connects")
}

func TestServersOfOneDayAddUp(t *testing.T) {
	t.Parallel()
	blocks := []Block{
		{Server: "a", Day: march(2), Values: Values{ParamIn: q("2", "GiB"), ParamBurstIn: q("10", "Mbit/s")}},
		{Server: "a", Day: march(1), Values: Values{ParamIn: q("1", "GiB"), ParamBurstIn: q("30", "Mbit/s")}},
		{Server: "b", Day: march(1), Values: Values{ParamIn: q("1024", "MiB"), ParamBurstIn: q("25", "Mbit/s")}},
	}
	for _, s := range []struct {
		stat  catalog.Statistics
		unit  string
		days  []string
		total string
	}{
		{catalog.Statistics{Params: []string{"in"}}, "GiB", []string{"2", "2"}, "4"},
		{catalog.Statistics{Params: []string{"burst_in_day"}, OverDays: "max"}, "Mbit/s", []string{"55", "10"}, "55"}, // D17
	} {
		days, err := ByDay(blocks, s.stat, s.unit, testUnits)
		require.NoError(t, err)
		total := decimal.Zero
		for i, d := range days {
			require.Equal(t, march(i+1), d.Day)
			require.Equal(t, s.days[i], d.Used.String())
			total = Fold(total, d.Used, s.stat)
		}
		require.Len(t, days, 2)
		require.Equal(t, s.total, total.String())
	}
	sum, err := Sum(blocks, testUnits)
	require.NoError(t, err)
	require.Equal(t, "4 GiB", sum[ParamIn].Value.String()+" "+sum[ParamIn].Unit)
	require.Equal(t, "55 Mbit/s", sum[ParamBurstIn].Value.String()+" "+sum[ParamBurstIn].Unit, "D17: the highest day, servers added up")
	require.Equal(t, "4 GiB", sum[ParamBandwidth].Value.String()+" "+sum[ParamBandwidth].Unit, "D18")
	require.NotContains(t, sum, ParamOut)
}
