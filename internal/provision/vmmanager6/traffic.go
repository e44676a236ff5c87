package vmmanager6

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// atOnce is how many machines the panel is asked about at the same time.
const atOnce = 4

// DailyUsage asks the panel for one whole day of each machine. One machine's failure loses nothing of the others: what was got
// is returned beside the joined errors.
func (m *Module) DailyUsage(ctx context.Context, refs []provision.Ref, day calendar.Day, zone *time.Location) ([]provision.Usage, error) {
	got := make([]*provision.Usage, len(refs))
	var mu sync.Mutex
	var failures []error
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, ref := range refs {
		group.Go(func() error {
			usage, err := m.usage(ctx, ref, day.Start(zone), day.End(zone))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures = append(failures, fmt.Errorf("machine %s: %w", ref, err))
			}
			got[i] = usage
			return nil
		})
	}
	_ = group.Wait() // no function of the group returns an error
	out := make([]provision.Usage, 0, len(refs))
	for _, u := range got {
		if u != nil {
			out = append(out, *u)
		}
	}
	return out, errors.Join(failures...)
}

// usage is one machine's day; nothing where the panel measured nothing.
func (m *Module) usage(ctx context.Context, ref provision.Ref, from, to time.Time) (*provision.Usage, error) {
	if ctx.Err() != nil {
		return nil, provision.NewUnavailable(ctx.Err(), "given up")
	}
	id, err := strconv.Atoi(string(ref))
	if err != nil {
		return nil, provision.NewRejected("machine_not_found", "not the number of a machine")
	}
	usage := provision.Usage{Ref: ref, Values: map[string]provision.Value{}}
	for _, param := range []string{"in", "out"} {
		s, err := m.panel.Series(ctx, id, param, from, to, m.zone)
		if err != nil {
			return nil, err
		}
		if len(s.Samples) == 0 {
			continue
		}
		usage.Values[param] = provision.Value{Amount: m.kibibytes(s), Unit: "KiB"}
		usage.Values["burst_"+param+"_day"] = provision.Value{Amount: m.burst(s, from), Unit: "Mbit/s"}
	}
	if len(usage.Values) == 0 {
		return nil, nil
	}
	return &usage, nil
}

// perSecond are the bytes in one unit of a rate.
var perSecond = map[string]decimal.Decimal{
	"B/s": decimal.NewFromInt(1), "KiB/s": decimal.NewFromInt(1024),
	"bit/s": decimal.New(125, -3), "kbit/s": decimal.NewFromInt(125), "Mbit/s": decimal.NewFromInt(125_000),
}

// kibibytes is what flowed: each rate for as long as one step, nothing where nothing was measured. A whole number.
func (m *Module) kibibytes(s panel.Series) decimal.Decimal {
	sum := decimal.Zero
	for _, x := range s.Samples {
		sum = sum.Add(x.Rate)
	}
	seconds := decimal.NewFromInt(int64(max(s.Step, time.Second) / time.Second))
	return sum.Mul(seconds).Mul(perSecond[m.set.TrafficUnit]).Div(decimal.NewFromInt(1024)).Round(0)
}

// burst is the 95th percentile of the five-minute means (D20): the highest twentieth, rounded up, is dropped, the next counts.
// Five minutes in which nothing was measured are no sample.
func (m *Module) burst(s panel.Series, from time.Time) decimal.Decimal {
	const window = 5 * time.Minute
	const bytesPerMbit = 125_000
	sums, counts := map[int64]decimal.Decimal{}, map[int64]int64{}
	for _, x := range s.Samples {
		at := int64(x.At.Sub(from) / window)
		sums[at], counts[at] = sums[at].Add(x.Rate), counts[at]+1
	}
	means := make([]decimal.Decimal, 0, len(sums))
	for at, sum := range sums {
		means = append(means, sum.Div(decimal.NewFromInt(counts[at])))
	}
	slices.SortFunc(means, func(a, b decimal.Decimal) int { return b.Cmp(a) })
	const dropped = 20 // one of so many
	at := min((len(means)+dropped-1)/dropped, len(means)-1)
	return means[at].Mul(perSecond[m.set.TrafficUnit]).Div(decimal.NewFromInt(bytesPerMbit)).Round(3)
}
