// Package clock keeps the program's two clocks apart.
//
// Business dates everything in domain tables and may be moved in the sandbox; Wall is real time, for leases, timeouts,
// rate limits and signatures. They are two types so that one cannot be passed for the other. This is the only package
// that may call time.Now.
//
// Invariants: instants are UTC and truncated to microseconds, as PostgreSQL keeps them; a business clock never runs
// backwards between two transactions of one client (it is read after the client's lock).
package clock

import (
	"sync"
	"time"
)

// Business is the time that rules go by.
type Business interface {
	BusinessNow() time.Time
}

// Wall is real time.
type Wall interface {
	WallNow() time.Time
}

// System is real time as both clocks.
type System struct{}

// BusinessNow returns real time.
func (System) BusinessNow() time.Time { return now() }

// WallNow returns real time.
func (System) WallNow() time.Time { return now() }

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Fake is a clock for tests that moves only when told; it may serve as either clock.
type Fake struct {
	mu sync.Mutex
	t  time.Time
}

// NewFake returns a fake clock standing at t.
func NewFake(t time.Time) *Fake { return &Fake{t: t.UTC()} }

// BusinessNow returns the instant it stands at.
func (f *Fake) BusinessNow() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.t }

// WallNow returns the instant it stands at.
func (f *Fake) WallNow() time.Time { return f.BusinessNow() }

// Set moves it to t.
func (f *Fake) Set(t time.Time) { f.mu.Lock(); defer f.mu.Unlock(); f.t = t.UTC() }

// Advance moves it forward by d.
func (f *Fake) Advance(d time.Duration) { f.mu.Lock(); defer f.mu.Unlock(); f.t = f.t.Add(d) }
