package dcimanager6

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/isp6"
)

// atOnce is how many servers the panel is asked about at the same time.
const atOnce = 8

// DailyUsage asks the panel for one whole day of each server. One server's failure loses nothing of the others: what was got
// is returned beside the joined errors.
func (m *Module) DailyUsage(ctx context.Context, refs []provision.Ref, day calendar.Day, zone *time.Location) ([]provision.Usage, error) {
	got, err := each(refs, func(ref provision.Ref) (*provision.Usage, error) {
		usage, err := m.usage(ctx, ref, day, zone)
		return usage, about(ref, err)
	})
	out := make([]provision.Usage, 0, len(refs))
	for _, u := range got {
		if u != nil {
			out = append(out, *u)
		}
	}
	return out, err
}

func about(ref provision.Ref, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("server %s: %w", ref, err)
}

// each asks about some servers at a time; what failed is nil, and told in the joined errors.
func each[T any](all []T, ask func(T) (*provision.Usage, error)) ([]*provision.Usage, error) {
	got := make([]*provision.Usage, len(all))
	var mu sync.Mutex
	var failures []error
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, x := range all {
		group.Go(func() error {
			usage, err := ask(x)
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				failures = append(failures, err)
			}
			got[i] = usage
			return nil
		})
	}
	_ = group.Wait() // no function of the group returns an error
	return got, errors.Join(failures...)
}

// usage is one server's day; nothing where the panel measured nothing. What samples tell of bursts goes before the panel's own
// value (D20); volumes and power are the panel's own, where it tells the day.
func (m *Module) usage(ctx context.Context, ref provision.Ref, day calendar.Day, zone *time.Location) (*provision.Usage, error) {
	from := day.Start(zone)
	measured, err := m.measured(ctx, ref, day, from, day.End(zone), 0)
	if err != nil {
		return nil, err
	}
	values := m.sampled(measured.Series, from)
	for _, r := range measured.Day {
		if _, told := measured.Series[burstOf[r.Param]]; told {
			continue
		}
		values[r.Param] = provision.Value{Amount: r.Amount, Unit: r.Unit}
	}
	return usageOf(ref, values), nil
}

// burstOf names the parameter whose samples a burst is made of.
var burstOf = map[string]string{"burst_in_day": "in", "burst_out_day": "out"}

func usageOf(ref provision.Ref, values map[string]provision.Value) *provision.Usage {
	if len(values) == 0 {
		return nil
	}
	return &provision.Usage{Ref: ref, Values: values}
}

func (m *Module) measured(ctx context.Context, ref provision.Ref, day calendar.Day, from, to time.Time, more time.Duration) (panel.Measured, error) {
	if ctx.Err() != nil {
		return panel.Measured{}, provision.NewUnavailable(ctx.Err(), "given up")
	}
	id, err := strconv.Atoi(string(ref))
	if err != nil {
		return panel.Measured{}, provision.NewRejected("server_not_found", "not the number of a server")
	}
	return m.panel.Traffic(ctx, id, day.String(), from, to, more)
}

// sampled is what series of rates come to since an instant: volumes in KiB, bursts by D20, and of the power the highest (D17).
func (m *Module) sampled(series map[string]isp6.Series, from time.Time) map[string]provision.Value {
	values := map[string]provision.Value{}
	for _, param := range []string{"in", "out"} {
		if s, told := series[param]; told {
			values[param] = provision.Value{Amount: isp6.KiB(s.Volume(), m.set.RateUnit), Unit: "KiB"}
			values["burst_"+param+"_day"] = provision.Value{Amount: isp6.Mbit(s.Burst(from), m.set.RateUnit), Unit: "Mbit/s"}
		}
	}
	if s, told := series["power"]; told {
		values["power"] = provision.Value{Amount: s.Highest(), Unit: "W"}
	}
	return values
}

// ByInstants tells whether the module answers for what each service used itself, and not for whole days (D27).
func (m *Module) ByInstants() bool { return m.set.TrafficBy == "instants" }

// around is how much more of the time is asked for than a part, that may hold a single sample.
const around = time.Hour

// UsageBetween answers for parts of a day out of the panel's samples; a whole day, which may be another's too, is no answer.
// Rejected ("no_samples") where the panel tells whole days only.
func (m *Module) UsageBetween(ctx context.Context, day calendar.Day, parts []provision.Part) ([]*provision.Usage, error) {
	return each(parts, func(p provision.Part) (*provision.Usage, error) {
		usage, err := m.part(ctx, day, p)
		return usage, about(p.Ref, err)
	})
}

func (m *Module) part(ctx context.Context, day calendar.Day, p provision.Part) (*provision.Usage, error) {
	measured, err := m.measured(ctx, p.Ref, day, p.From, p.To, around)
	if err != nil {
		return nil, err
	}
	if !measured.Sampled && len(measured.Day) > 0 {
		return nil, provision.NewRejected("no_samples", "the panel tells whole days only; set traffic_by to days")
	}
	return usageOf(p.Ref, m.sampled(measured.Series, p.From)), nil
}
