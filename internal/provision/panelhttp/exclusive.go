package panelhttp

import (
	"context"
	"sync"

	"github.com/tariffd/tariffd/internal/provision"
)

// Gate is a lock that a cancelled caller stops waiting for.
type Gate chan struct{}

// NewGate makes an open gate.
func NewGate() Gate { return make(Gate, 1) }

// Enter waits until the gate is free, or the caller gives up: Unavailable.
func (g Gate) Enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return provision.NewUnavailable(ctx.Err(), "given up while waiting")
	}
}

// Leave lets the next one in.
func (g Gate) Leave() { <-g }

// exclusive holds the named gates of this process; a name that nobody waits for is forgotten.
var exclusive = struct {
	sync.Mutex
	byName map[string]*shared
}{byName: map[string]*shared{}}

type shared struct {
	gate  Gate
	users int
}

// Exclusive waits until no other call of this process works on the same thing of the same panel, and returns how to leave.
// It spares two of our own workers a race; what another process does must still be found out from the panel.
func (c *Client) Exclusive(ctx context.Context, name string) (leave func(), err error) {
	name = c.base + " " + name
	exclusive.Lock()
	s, ok := exclusive.byName[name]
	if !ok {
		s = &shared{gate: NewGate()}
		exclusive.byName[name] = s
	}
	s.users++
	exclusive.Unlock()
	forget := func() {
		exclusive.Lock()
		defer exclusive.Unlock()
		if s.users--; s.users == 0 {
			delete(exclusive.byName, name)
		}
	}
	if err := s.gate.Enter(ctx); err != nil {
		forget()
		return nil, err
	}
	return func() { s.gate.Leave(); forget() }, nil
}
