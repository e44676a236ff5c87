package isp6_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/isp6"
)

var midnight = time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)

// steady is a day of five-minute samples; value tells the i-th.
func steady(n int, value func(i int) string) json.RawMessage {
	points := make([]string, n)
	for i := range points {
		points[i] = fmt.Sprintf("[%s,%d]", value(i), midnight.Add(time.Duration(i)*5*time.Minute).Unix())
	}
	return json.RawMessage(`[{"target":"in","datapoints":[` + strings.Join(points, ",") + `]}]`)
}

func read(t *testing.T, raw json.RawMessage) isp6.Series {
	t.Helper()
	all, err := isp6.ReadSeries(raw, midnight, midnight.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

// D20: 288 samples, sorted, the 15 highest dropped, the next is the value.
func TestD20TheSixteenthHighestOf288(t *testing.T) {
	t.Parallel()
	s := read(t, steady(288, func(i int) string { return fmt.Sprint((i*7)%288 + 1) })) // 1 to 288 in some order
	require.Equal(t, "273", s.Burst(midnight).String())
	s = read(t, steady(288, func(i int) string {
		if i%3 == 0 {
			return "null"
		}
		return fmt.Sprint(i)
	}))
	require.Len(t, s.Samples, 192)
	require.Equal(t, "272", s.Burst(midnight).String(), "what was not measured is no sample: ten of 192 are dropped")
	require.Equal(t, "5", read(t, steady(1, func(int) string { return "5" })).Burst(midnight).String())
	require.Equal(t, "0", read(t, steady(0, nil)).Burst(midnight).String())
}

func TestASeriesInUnits(t *testing.T) {
	t.Parallel()
	s := read(t, steady(290, func(int) string { return "8192" })) // the last two are tomorrow's
	require.Equal(t, 5*time.Minute, s.Step)
	require.Equal(t, "8192", s.Highest().String())
	require.Equal(t, "86400", isp6.KiB(s.Volume(), "bit/s").String())
	require.Equal(t, "0.008", isp6.Mbit(s.Burst(midnight), "bit/s").String())
	require.Equal(t, "8192", isp6.Mbit(s.Burst(midnight), "Mbit/s").String())
	require.True(t, isp6.KiB(decimal.NewFromInt(1024), "B/s").Equal(decimal.NewFromInt(1)))
}

func TestWhatIsNoSeries(t *testing.T) {
	t.Parallel()
	for raw, bad := range map[string]bool{
		`{}`: false, `null`: false, `[]`: false, `[1]`: true,
		`[{"target":"in","datapoints":[[-1,5]]}]`: true, `[{"target":"in","datapoints":[[1,null]]}]`: true,
		`[{"target":"in","datapoints":[[null,5]]}]`: false,
	} {
		_, err := isp6.ReadSeries(json.RawMessage(raw), midnight, midnight.AddDate(0, 0, 1))
		require.Equal(t, bad, err != nil, raw)
	}
}
