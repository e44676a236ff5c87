package vmmanager6

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/isp6"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// metricStep is the distance of two samples.
const metricStep = 5 * time.Minute

// metricTime is how metrics are asked for by time, in UTC.
const metricTime = "15:04_20060102"

// getMetrics answers the series of one target: every day that [from, until)
// touches, whole, as a bare list. A target that nobody named has no series.
func (v *vm6) getMetrics(c *panel.Call, h *vmHost) panel.Reply {
	from, err := time.Parse(metricTime, c.Query.Get("from"))
	until := c.Now
	if text := c.Query.Get("until"); err == nil && text != "" {
		until, err = time.Parse(metricTime, text)
	}
	if err != nil || !from.Before(until) || until.Sub(from) > panel.MaxTrafficDays*24*time.Hour {
		return isp6.Error(http.StatusBadRequest, isp6.CodeBadQuery, "from and until must look like 00:00_20261120, from before until", nil)
	}
	target := c.Query.Get("target")
	if !slices.Contains([]string{"net_rx", "net_tx", "cpu_load", "mem_usage", "df.root.used"}, target) {
		return isp6.OK([]any{})
	}
	points := [][2]any{}
	at := from.In(v.zone)
	for day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, v.zone); day.Before(until); {
		next := time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, v.zone)
		points = append(points, v.samples(h, target, day, next)...)
		day = next
	}
	return isp6.OK([]map[string]any{{"target": fmt.Sprintf("vm.%d.%s", h.ID, target), "datapoints": points}})
}

// samples are one day's points. Those of traffic, in bytes a second, sum up
// to the day's KiB over the samples that are there, and their 95th percentile
// is the day's burst where the two can go together.
func (v *vm6) samples(h *vmHost, target string, day, next time.Time) [][2]any {
	n := int(next.Sub(day) / metricStep)
	missing := func(i int) bool { return (i+h.ID)%48 == 17 } // six samples of a usual day were not taken
	there := 0
	for i := range n {
		if !missing(i) {
			there++
		}
	}
	t := v.traffic.Day(h.ID, day.Format(panel.DayLayout))
	var rates []json.Number
	switch target {
	case "net_rx":
		rates = spread(t.In, t.BurstIn, there)
	case "net_tx":
		rates = spread(t.Out, t.BurstOut, there)
	default:
		rates = slices.Repeat([]json.Number{"1.5"}, there)
	}
	points := make([][2]any, 0, n)
	for i := range n {
		var value any
		if !missing(i) {
			value, rates = rates[0], rates[1:]
		}
		points = append(points, [2]any{value, day.Add(time.Duration(i) * metricStep).Unix()})
	}
	return points
}

// spread makes n rates of a day's KiB and burst: the twentieth part that the
// percentile drops, then one of exactly the burst, then what is left.
func spread(kib int64, burst json.Number, n int) []json.Number {
	rat := func(i int64) *big.Rat { return new(big.Rat).SetInt64(i) }
	left := new(big.Rat).Quo(rat(kib*1024), rat(int64(metricStep/time.Second))) // the sum of all rates
	peak, ok := new(big.Rat).SetString(burst.String())
	if !ok {
		peak = rat(0)
	}
	peak.Mul(peak, rat(125_000))
	dropped := (n + 19) / 20
	high := peak
	var low *big.Rat
	if floor := new(big.Rat).Mul(peak, rat(int64(dropped+1))); floor.Cmp(left) > 0 {
		// Too little for such a burst: evenly, then.
		even := new(big.Rat).Quo(left, rat(int64(n)))
		high, low, peak = even, even, even
	} else {
		rest := new(big.Rat).Sub(left, floor)
		if low = new(big.Rat).Quo(rest, rat(int64(n-dropped-1))); low.Cmp(peak) > 0 {
			low = peak
			rest.Sub(rest, new(big.Rat).Mul(low, rat(int64(n-dropped-1))))
			high = new(big.Rat).Add(peak, rest.Quo(rest, rat(int64(dropped))))
		}
	}
	out := make([]json.Number, n)
	for i := range out {
		r := low
		switch {
		case i < dropped:
			r = high
		case i == dropped:
			r = peak
		}
		const digits = 6
		out[i] = json.Number(r.FloatString(digits))
	}
	return out
}
