package dcimanager6

import (
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// How the panel tells traffic: by whole days, or by days without bursts and
// the samples that bursts are made of.
const (
	trafficDays   = "days"
	trafficSeries = "series"
)

// sampleLength is the time that one sample stands for.
const sampleLength = 5 * time.Minute

// setTraffic takes PUT /control/dcimanager6/settings.
func (d *dci6) setTraffic(body []byte) (any, error) {
	var in struct {
		Traffic string `json:"traffic"`
	}
	if err := panel.StrictJSON(body, &in); err != nil {
		return nil, err
	}
	if in.Traffic != trafficDays && in.Traffic != trafficSeries {
		return nil, fmt.Errorf("traffic is %q or %q", trafficDays, trafficSeries)
	}
	d.st.Traffic = in.Traffic
	return in, nil
}

// metrics are the samples of [from, to), as VMmanager 6 tells its own: pairs
// of value and time, in bit/s, the power in W.
func (d *dci6) metrics(server int, from, to time.Time) []map[string]any {
	out := []map[string]any{
		{"target": "in", "datapoints": [][2]any{}}, {"target": "out", "datapoints": [][2]any{}}, {"target": "power", "datapoints": [][2]any{}},
	}
	for day := d.midnight(from, 0); day.Before(to); day = d.midnight(day, 1) {
		t := d.traffic.Day(server, day.Format(panel.DayLayout))
		n := int(d.midnight(day, 1).Sub(day) / sampleLength)
		rates := [][]*big.Int{samples(t.In, t.BurstIn, n), samples(t.Out, t.BurstOut, n)}
		for i := range n {
			at := day.Add(time.Duration(i) * sampleLength)
			if at.Before(from) || !at.Before(to) {
				continue
			}
			for k, target := range out {
				value := any(t.Power)
				if k < len(rates) {
					value = rates[k][i]
				}
				target["datapoints"] = append(target["datapoints"].([][2]any), [2]any{value, at.Unix()})
			}
		}
	}
	return out
}

// samples are a day's rates in bit/s: a twentieth of them, rounded up, is half
// as high again as the burst, the next is the burst, and the others share what
// is left of the volume. A day whose volume is too small for its burst has
// more in the samples than in the day. The high ones are spread over the day.
func samples(kib int64, burst json.Number, n int) []*big.Int {
	peak := new(big.Rat)
	if _, ok := peak.SetString(burst.String()); !ok {
		peak.SetInt64(0)
	}
	peak.Mul(peak, big.NewRat(1_000_000, 1))
	total := big.NewRat(kib*8192, int64(sampleLength/time.Second)) // the sum of all rates
	high, above := (n+19)/20, new(big.Rat).Mul(peak, big.NewRat(3, 2))
	if peak.Sign() == 0 { // the burst was not set
		high = 0
		peak.Quo(total, big.NewRat(int64(n), 1))
	}
	rest := new(big.Rat).Sub(total, new(big.Rat).Mul(above, big.NewRat(int64(high), 1)))
	rest.Sub(rest, peak)
	rest.Quo(rest, big.NewRat(int64(n-high-1), 1))
	if rest.Sign() < 0 {
		rest.SetInt64(0)
	}
	out := make([]*big.Int, n)
	every := n / max(high, 1)
	for i := range out {
		switch {
		case i%every == every/2 && i/every < high:
			out[i] = whole(above)
		case i == 0:
			out[i] = whole(peak)
		default:
			out[i] = whole(rest)
		}
	}
	return out
}

func whole(r *big.Rat) *big.Int { return new(big.Int).Quo(r.Num(), r.Denom()) }
