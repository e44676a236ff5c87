package due

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/tariffd/tariffd/internal/fault"
)

// Heartbeat is how often the leases of running work are renewed; a lease must be good for a few of them.
const Heartbeat = 10 * time.Second

// releaseLimit bounds the statement that lets go of a failed lot, so that a dead database does not keep a worker.
const releaseLimit = 5 * time.Second

// Loop runs the registered kinds.
type Loop struct {
	Kinds []Kind // in the order in which a clock move runs them
	// Nexts asks all kinds for their Next at once, in their order; the zero instant: nothing will ever be due. Nil: one by one.
	Nexts func(ctx context.Context) ([]time.Time, error)
	// Now is the business instant that the background goes by; false: it should keep still, because a clock move is at work.
	Now func(ctx context.Context) (time.Time, bool, error)
	// Every is the background's pause between two looks; 0 is a second.
	Every time.Duration
	// MaxPause bounds the growing pause of a row whose handler keeps failing; 0 is five minutes.
	MaxPause time.Duration
	Log      *slog.Logger

	once   sync.Once
	wakers []chan struct{}
	pauses pauses
}

func (l *Loop) init() {
	l.once.Do(func() {
		l.wakers = make([]chan struct{}, len(l.Kinds))
		for i := range l.wakers {
			l.wakers[i] = make(chan struct{}, 1)
		}
		if l.Log == nil {
			l.Log = slog.New(slog.DiscardHandler)
		}
		if l.Every == 0 {
			l.Every = time.Second
		}
		l.pauses.limit = l.MaxPause
		if l.MaxPause == 0 {
			l.pauses.limit = 5 * time.Minute
		}
	})
}

// Wake makes the background look at once: at the named kinds, or at all. It never waits; a look that is already pending
// serves all who asked.
func (l *Loop) Wake(names ...string) {
	l.init()
	for i, k := range l.Kinds {
		if len(names) > 0 && !contains(names, k.Name) {
			continue
		}
		select {
		case l.wakers[i] <- struct{}{}:
		default:
		}
	}
}

// Background runs what is due at the business clock's now until ctx ends, then waits for the runs that are still at work.
func (l *Loop) Background(ctx context.Context) {
	l.init()
	var all sync.WaitGroup
	for i := range l.Kinds {
		all.Go(func() { l.watch(ctx, l.Kinds[i], l.wakers[i]) })
	}
	all.Wait()
}

// watch looks for due rows of one kind, hands out as many lots as may run at once, and looks again as soon as one ends.
func (l *Loop) watch(ctx context.Context, k Kind, wake chan struct{}) {
	ticker := time.NewTicker(l.Every)
	defer ticker.Stop()
	free := make(chan struct{}, k.parallel())
	groups := &shares{most: k.Share}
	var running sync.WaitGroup
	defer running.Wait()
	failing := false
	for {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return
		}
		claims, err := l.look(ctx, k, groups.full())
		if err != nil && !failing && ctx.Err() == nil {
			l.Log.Error("looking for due work failed", "kind", k.Name, "error", err)
		}
		failing = err != nil // told once, not at each look of an outage
		if len(claims) > 0 {
			groups.enter(claims[0].Group)
			running.Go(func() {
				defer func() { <-free }()
				_, _ = l.run(ctx, k, claims, l.pauses.next)
				if groups.leave(claims[0].Group) {
					l.Wake(k.Name) // what was passed over may be claimed now
				}
			})
			continue
		}
		<-free
		select {
		case <-ticker.C:
		case <-wake:
		case <-ctx.Done():
			return
		}
	}
}

// look claims a lot for the background.
func (l *Loop) look(ctx context.Context, k Kind, full []string) ([]Claim, error) {
	at, ok, err := l.Now(ctx)
	if err != nil || !ok {
		return nil, err
	}
	return k.Rows.Claim(ctx, at, k.lot(), full)
}

// run works on one lot with its leases kept alive. What is left of a lot that failed is let go for the pause that pauseOf
// says; the answer is the ids of those rows.
func (l *Loop) run(ctx context.Context, k Kind, claims []Claim, pauseOf func(kind string, claims []Claim) time.Duration) ([]string, error) {
	alive, stop := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() { l.beat(alive, k, claims) })
	err := l.safely(ctx, k, claims)
	stop()
	beating.Wait()
	if err == nil || fault.Has(err, "claim_lost") {
		l.pauses.forget(k.Name, claims)
		_, errRelease := l.release(ctx, k, claims, settled)
		return nil, errRelease
	}
	if ctx.Err() == nil {
		l.Log.Error("due work failed", "kind", k.Name, "first", claims[0].ID, "rows", len(claims), "error", err)
	}
	left, errRelease := l.release(ctx, k, claims, pauseOf(k.Name, claims))
	if errRelease != nil {
		for _, c := range claims {
			left = append(left, c.ID)
		}
	}
	return left, err
}

// settled is how long rows rest that a handler left as they were, without an error: neither finished nor moved on.
const settled = 100 * time.Millisecond

// release lets go of what is still claimed of a lot. On a shutdown as well, so that another process takes over at once.
func (l *Loop) release(ctx context.Context, k Kind, claims []Claim, pause time.Duration) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseLimit)
	defer cancel()
	left, err := k.Rows.Delay(ctx, claims, pause)
	if err != nil {
		l.Log.Warn("work that ended keeps its lease", "kind", k.Name, "error", err) // which runs out by itself
	}
	return left, err
}

// safely turns a panic of a handler into an error: one bad row must not end the process that serves all others.
func (l *Loop) safely(ctx context.Context, k Kind, claims []Claim) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return k.Run(ctx, claims)
}

func (l *Loop) beat(ctx context.Context, k Kind, claims []Claim) {
	ticker := time.NewTicker(Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := k.Rows.Extend(ctx, claims); err != nil && ctx.Err() == nil {
				l.Log.Warn("heartbeat failed", "kind", k.Name, "error", err)
			}
		}
	}
}

// Next is the earliest due instant of all kinds.
func (l *Loop) Next(ctx context.Context) (time.Time, bool, error) {
	nexts, err := l.nexts(ctx)
	if err != nil {
		return time.Time{}, false, err
	}
	first := earliest(nexts)
	return first, !first.IsZero(), nil
}

// nexts are the earliest due instants of the kinds.
func (l *Loop) nexts(ctx context.Context) ([]time.Time, error) {
	if l.Nexts != nil {
		return l.Nexts(ctx)
	}
	all := make([]time.Time, len(l.Kinds))
	for i, k := range l.Kinds {
		at, ok, err := k.Rows.Next(ctx)
		if err != nil {
			return nil, fmt.Errorf("next %s: %w", k.Name, err)
		}
		if ok {
			all[i] = at
		}
	}
	return all, nil
}

// earliest passes over those that are zero.
func earliest(nexts []time.Time) (first time.Time) {
	for _, at := range nexts {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}
