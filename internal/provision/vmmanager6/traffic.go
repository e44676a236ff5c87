package vmmanager6

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
	"github.com/tariffd/tariffd/internal/provision/isp6"
)

// atOnce is how many machines the panel is asked about at the same time.
const atOnce = 8

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
		usage.Values[param] = provision.Value{Amount: isp6.KiB(s.Volume(), m.set.TrafficUnit), Unit: "KiB"}
		usage.Values["burst_"+param+"_day"] = provision.Value{Amount: isp6.Mbit(s.Burst(from), m.set.TrafficUnit), Unit: "Mbit/s"}
	}
	if len(usage.Values) == 0 {
		return nil, nil
	}
	return &usage, nil
}
