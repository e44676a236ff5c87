package due

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tariffd/tariffd/internal/fault"
)

const (
	// maxFailures is how often a row may fail in one RunDue before the clock stops there.
	maxFailures = 3
	// maxRuns bounds how often a row may run in one RunDue: a handler that never moves its row on is a bug, which must
	// not keep the clock for ever. Work in lots comes to a few thousand runs.
	maxRuns = 10000
	// shortPause is between two tries of one row while somebody waits for it.
	shortPause = 50 * time.Millisecond
	// glance is how often RunDue looks whether others have finished the rows that they hold.
	glance = 5 * time.Millisecond
)

// RunDue runs the kinds in their order until nothing is due at or before a business instant, and answers how many rows ran,
// by kind. Rows that another worker holds are waited for; if that worker died, until their leases expire. A row that fails
// three times is the fault clock_blocked.
func (l *Loop) RunDue(ctx context.Context, at time.Time) (map[string]int, error) {
	l.init()
	r := &round{loop: l, at: at, ran: map[string]int{}, runs: map[string]int{}, failed: map[string]int{}}
	nexts, err := l.nexts(ctx)
	for err == nil && isDue(earliest(nexts), at) {
		worked := false
		for i, k := range l.Kinds {
			if !isDue(nexts[i], at) {
				continue // most instants have something of one kind: the others need not be asked to claim
			}
			some, err := r.drain(ctx, k)
			if err != nil {
				return r.ran, err
			}
			if !some {
				continue
			}
			worked = true
			if nexts, err = l.nexts(ctx); err != nil { // what ran may have made others due
				return r.ran, err
			}
		}
		if worked {
			continue
		}
		if err := wait(ctx, glance); err != nil {
			return r.ran, err
		}
		nexts, err = l.nexts(ctx)
	}
	return r.ran, err
}

func isDue(next, at time.Time) bool { return !next.IsZero() && !next.After(at) }

// round is one call of RunDue.
type round struct {
	loop   *Loop
	at     time.Time
	mu     sync.Mutex
	ran    map[string]int
	runs   map[string]int // by kind and row
	failed map[string]int
	broken error
}

// drain runs one kind until nothing of it can be claimed, several lots at once.
func (r *round) drain(ctx context.Context, k Kind) (worked bool, err error) {
	free := make(chan struct{}, k.parallel())
	groups := &shares{most: k.Share}
	var running sync.WaitGroup
	defer func() {
		running.Wait()
		if err == nil {
			err = r.broken
		}
	}()
	for {
		free <- struct{}{}
		if r.stopped() {
			return worked, nil
		}
		claims, err := k.Rows.Claim(ctx, r.at, k.lot(), groups.full())
		if err != nil {
			return worked, err
		}
		if len(claims) == 0 {
			return worked, nil
		}
		worked = true
		groups.enter(claims[0].Group)
		running.Go(func() {
			defer func() { <-free }()
			defer groups.leave(claims[0].Group)
			r.run(ctx, k, claims)
		})
	}
}

// run works on one lot and keeps count.
func (r *round) run(ctx context.Context, k Kind, claims []Claim) {
	left, err := r.loop.run(ctx, k, claims, func(string, []Claim) time.Duration { return shortPause })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ran[k.Name] += len(claims) - len(left)
	if r.broken == nil && ctx.Err() != nil {
		r.broken = ctx.Err()
	}
	for _, c := range claims {
		if r.runs[k.Name+c.ID]++; r.runs[k.Name+c.ID] == maxRuns {
			r.block(k, fmt.Errorf("row %s is due again and again", c.ID))
		}
	}
	for _, id := range left {
		if r.failed[k.Name+id]++; r.failed[k.Name+id] == maxFailures {
			r.block(k, err)
		}
	}
}

func (r *round) block(k Kind, cause error) {
	if r.broken == nil {
		r.broken = fault.New(fault.Unavailable, "clock_blocked", "Work of the kind %s keeps failing; the clock stopped before it.", k.Name).
			WithStaff(cause.Error()).Because(cause)
	}
}

func (r *round) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.broken != nil
}

// wait pauses for d of real time or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
