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
)

// atOnce is how many servers the panel is asked about at the same time.
const atOnce = 4

// DailyUsage asks the panel for one whole day of each server. One server's failure loses nothing of the others: what was got
// is returned beside the joined errors.
func (m *Module) DailyUsage(ctx context.Context, refs []provision.Ref, day calendar.Day, zone *time.Location) ([]provision.Usage, error) {
	got := make([]*provision.Usage, len(refs))
	var mu sync.Mutex
	var failures []error
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, ref := range refs {
		group.Go(func() error {
			usage, err := m.usage(ctx, ref, day, zone)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures = append(failures, fmt.Errorf("server %s: %w", ref, err))
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

// usage is one server's day; nothing where the panel measured nothing.
func (m *Module) usage(ctx context.Context, ref provision.Ref, day calendar.Day, zone *time.Location) (*provision.Usage, error) {
	if ctx.Err() != nil {
		return nil, provision.NewUnavailable(ctx.Err(), "given up")
	}
	id, err := strconv.Atoi(string(ref))
	if err != nil {
		return nil, provision.NewRejected("server_not_found", "not the number of a server")
	}
	readings, err := m.panel.Traffic(ctx, id, day.String(), day.Start(zone), day.End(zone))
	if err != nil || len(readings) == 0 {
		return nil, err
	}
	usage := provision.Usage{Ref: ref, Values: make(map[string]provision.Value, len(readings))}
	for _, r := range readings {
		usage.Values[r.Param] = provision.Value{Amount: r.Amount, Unit: r.Unit}
	}
	return &usage, nil
}
