package due

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tariffd/tariffd/internal/fault"
)

// Clock is the sandbox's movable clock, one for all processes.
type Clock interface {
	// Now reads it.
	Now(ctx context.Context) (now time.Time, mode string, err error)
	// Hold makes the caller the one mover until release, in all processes; false: somebody else is.
	Hold(ctx context.Context) (release func(), ok bool, err error)
	// Set moves it forward to an instant, never backwards, when no transaction is reading it.
	Set(ctx context.Context, to time.Time) error
}

// Moved is what a move did.
type Moved struct {
	Now  time.Time
	Mode string
	Ran  map[string]int
}

// Mover moves the sandbox's clock and runs what comes due on the way.
type Mover struct {
	Clock Clock
	Loop  *Loop
	// Panels tells the simulated panels what time it is.
	Panels func(ctx context.Context, now time.Time, mode string) error
	// Life ends with the process: a move goes on when its caller hangs up, but not beyond it.
	Life context.Context //nolint:containedctx // it is not a request's context but the process's end
	Log  *slog.Logger
}

// Now reads the clock.
func (m *Mover) Now(ctx context.Context) (time.Time, string, error) { return m.Clock.Now(ctx) }

// Move finishes what is due now, then steps from due instant to due instant up to target. Faults: clock_backwards,
// clock_moving, clock_blocked. It goes on when ctx ends; after a crash, the next call goes on from where the clock stands.
func (m *Mover) Move(ctx context.Context, target time.Time) (Moved, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(m.Life, cancel)()
	release, ok, err := m.Clock.Hold(ctx)
	if err != nil {
		return Moved{}, err
	}
	if !ok {
		return Moved{}, fault.New(fault.Conflict, "clock_moving", "Another request is moving the clock.")
	}
	defer release()
	now, mode, err := m.Clock.Now(ctx)
	if err != nil {
		return Moved{}, err
	}
	if target.Before(now) && mode == "frozen" || target.Before(now.Add(-tolerance)) {
		return Moved{}, fault.New(fault.Invalid, "clock_backwards", "The clock stands at %s and does not run backwards.",
			now.Format(time.RFC3339Nano)).At("/now")
	}
	ran, err := m.walk(ctx, now, later(target, now), mode)
	m.Loop.Wake()
	if err != nil {
		return Moved{}, err
	}
	out := Moved{Ran: ran}
	out.Now, out.Mode, err = m.Clock.Now(ctx)
	return out, err
}

// tolerance lets a caller of a running clock name the instant that it has just read.
const tolerance = 5 * time.Second

// walk runs what is due at every instant from now to target.
func (m *Mover) walk(ctx context.Context, now, target time.Time, mode string) (map[string]int, error) {
	total := map[string]int{}
	for at := now; ; {
		if err := m.step(ctx, at, mode, total); err != nil {
			return total, fmt.Errorf("the clock at %s: %w", at.Format(time.RFC3339), err)
		}
		if !at.Before(target) {
			return total, nil
		}
		next, ok, err := m.Loop.Next(ctx)
		if err != nil {
			return total, err
		}
		if !ok || next.After(target) {
			next = target
		}
		// Work that became due in the past, by a push of old data, runs at the present instant.
		at = later(next, at)
	}
}

// step sets the clock, tells the panels, and runs what is due.
func (m *Mover) step(ctx context.Context, at time.Time, mode string, total map[string]int) error {
	if err := m.Clock.Set(ctx, at); err != nil {
		return err
	}
	if err := m.Panels(ctx, at, mode); err != nil {
		return fault.New(fault.Unavailable, "panel_unavailable", "The simulated panels could not be told the time.").Because(err)
	}
	ran, err := m.Loop.RunDue(ctx, at)
	for kind, n := range ran {
		total[kind] += n
	}
	return err
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
