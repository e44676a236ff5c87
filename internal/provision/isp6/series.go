package isp6

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// Sample is one measured rate, in the panel's unit.
type Sample struct {
	At   time.Time
	Rate decimal.Decimal
}

// Series is a rate over time.
type Series struct {
	Name    string        // the panel's word for what is measured
	Step    time.Duration // between two samples; 0 where one stands alone
	Samples []Sample      // without those that were not measured
}

// ReadSeries reads series as the panels of this generation tell them: a list of targets with pairs of value and instant. What
// lies outside of [from, to) is left out; anything but a list is no series. Error: BadSeries.
func ReadSeries(raw json.RawMessage, from, to time.Time) ([]Series, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		return nil, nil
	}
	var answer []struct {
		Target string                   `json:"target"`
		Points [][2]decimal.NullDecimal `json:"datapoints"`
	}
	if json.Unmarshal(raw, &answer) != nil {
		return nil, &BadSeries{}
	}
	out := make([]Series, 0, len(answer))
	for _, target := range answer {
		s, good := seriesOf(target.Points, from, to)
		if !good {
			return nil, &BadSeries{Name: target.Target}
		}
		s.Name = target.Target
		out = append(out, s)
	}
	return out, nil
}

func seriesOf(points [][2]decimal.NullDecimal, from, to time.Time) (s Series, good bool) {
	var last time.Time
	for _, point := range points {
		if !point[1].Valid || point[0].Valid && point[0].Decimal.IsNegative() {
			return s, false
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
	return s, true
}

// Volume is what flowed, in the rate's unit times seconds: each rate for as long as one step, nothing where nothing was measured.
func (s Series) Volume() decimal.Decimal {
	sum := decimal.Zero
	for _, x := range s.Samples {
		sum = sum.Add(x.Rate)
	}
	return sum.Mul(decimal.NewFromInt(int64(max(s.Step, time.Second) / time.Second)))
}

// Burst is the 95th percentile of the five-minute means since from (D20): the highest twentieth, rounded up, is dropped, the next
// counts. Five minutes in which nothing was measured are no sample.
func (s Series) Burst(from time.Time) decimal.Decimal {
	const window = 5 * time.Minute
	sums, counts := map[int64]decimal.Decimal{}, map[int64]int64{}
	for _, x := range s.Samples {
		at := int64(x.At.Sub(from) / window)
		sums[at], counts[at] = sums[at].Add(x.Rate), counts[at]+1
	}
	means := make([]decimal.Decimal, 0, len(sums))
	for at, sum := range sums {
		means = append(means, sum.Div(decimal.NewFromInt(counts[at])))
	}
	if len(means) == 0 {
		return decimal.Zero
	}
	slices.SortFunc(means, func(a, b decimal.Decimal) int { return b.Cmp(a) })
	const dropped = 20 // one of so many
	return means[min((len(means)+dropped-1)/dropped, len(means)-1)]
}

// Highest is the highest rate.
func (s Series) Highest() decimal.Decimal {
	most := decimal.Zero
	for _, x := range s.Samples {
		most = decimal.Max(most, x.Rate)
	}
	return most
}

// BadSeries is a series that holds something else than rates and times.
type BadSeries struct{ Name string }

// Error names what was measured.
func (b *BadSeries) Error() string {
	return "the panel's series of " + b.Name + " is not one of rates"
}

// bytesPerSecond are the bytes in one unit of a rate.
var bytesPerSecond = map[string]decimal.Decimal{
	"B/s": decimal.NewFromInt(1), "KiB/s": decimal.NewFromInt(1024),
	"bit/s": decimal.New(125, -3), "kbit/s": decimal.NewFromInt(125), "Mbit/s": decimal.NewFromInt(125_000),
}

// KiB turns a volume that was measured by rates of a unit into whole KiB.
func KiB(volume decimal.Decimal, rate string) decimal.Decimal {
	return volume.Mul(bytesPerSecond[rate]).Div(decimal.NewFromInt(1024)).Round(0)
}

// Mbit turns a rate of a unit into Mbit/s, with three digits.
func Mbit(amount decimal.Decimal, rate string) decimal.Decimal {
	return amount.Mul(bytesPerSecond[rate]).Div(bytesPerSecond["Mbit/s"]).Round(3)
}
