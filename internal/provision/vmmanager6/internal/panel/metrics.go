package panel

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"
)

// Sample is one measured rate.
type Sample struct {
	At   time.Time
	Rate decimal.Decimal
}

// Series is a rate over time.
type Series struct {
	Step    time.Duration // between two samples; 0 where one stands alone
	Samples []Sample      // without those that were not measured
}

// graphiteTime is how the panel's metrics are asked for by time.
const graphiteTime = "15:04_20060102"

// Series returns a measured rate between two instants, by the name of the parameter. The panel writes wall times of its own
// zone and answers instants; what lies outside is dropped, so only the first edge of another zone could be missed.
func (p *Panel) Series(ctx context.Context, id int, param string, from, to time.Time, zone *time.Location) (Series, error) {
	fill := of(id)
	fill["target"] = p.dialect.names[param]
	fill["from"], fill["until"] = from.In(zone).Format(graphiteTime), to.In(zone).Format(graphiteTime)
	var answer []struct {
		Points [][2]decimal.NullDecimal `json:"datapoints"`
	}
	var raw json.RawMessage
	if err := p.call(ctx, Metrics, fill, nil, &raw); err != nil {
		return Series{}, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) && json.Unmarshal(raw, &answer) != nil {
		return Series{}, &BadSeries{Param: param}
	}
	var s Series
	var last time.Time
	for _, target := range answer[:min(1, len(answer))] {
		for _, point := range target.Points {
			if !point[1].Valid || point[0].Valid && point[0].Decimal.IsNegative() {
				return Series{}, &BadSeries{Param: param}
			}
			at := time.Unix(point[1].Decimal.IntPart(), 0)
			if gap := at.Sub(last); !last.IsZero() && gap > 0 && (s.Step == 0 || gap < s.Step) {
				s.Step = gap
			}
			last = at
			if point[0].Valid && !at.Before(from) && at.Before(to) {
				s.Samples = append(s.Samples, Sample{at, point[0].Decimal})
			}
		}
	}
	return s, nil
}

// BadSeries is a series that holds something else than rates and times.
type BadSeries struct{ Param string }

// Error names the parameter.
func (b *BadSeries) Error() string {
	return "the panel's series of " + b.Param + " is not one of rates"
}
