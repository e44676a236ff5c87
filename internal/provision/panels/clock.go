package panels

import (
	"encoding/json"
	"fmt"
	"time"
)

// Modes of the panels' clock.
const (
	modeRunning = "running"
	modeFrozen  = "frozen"
)

// panelClock is the one clock of all panels. It is the wall clock until it is
// told otherwise. Running, it keeps a distance to the wall clock, so it goes
// on while the process is down; frozen, it keeps an instant.
type panelClock struct {
	wall   func() time.Time
	frozen bool
	at     time.Time     // when frozen
	ahead  time.Duration // when running
}

// clockState is the kept form and, but for Ahead, the one on the wire.
type clockState struct {
	Now   time.Time     `json:"now"`
	Mode  string        `json:"mode"`
	Ahead time.Duration `json:"ahead,omitempty"`
}

func (c *panelClock) now() time.Time {
	if c.frozen {
		return c.at
	}
	return c.wall().Add(c.ahead).UTC().Round(0)
}

// set moves the clock. A zero now keeps the present reading, an empty mode
// keeps the mode.
func (c *panelClock) set(now time.Time, mode string) error {
	if now.IsZero() {
		now = c.now()
	}
	switch mode {
	case "":
	case modeRunning, modeFrozen:
		c.frozen = mode == modeFrozen
	default:
		return fmt.Errorf("mode must be %q or %q", modeRunning, modeFrozen)
	}
	c.at = now.UTC().Round(0)
	c.ahead = now.Sub(c.wall())
	return nil
}

func (c *panelClock) state() clockState {
	s := clockState{Now: c.now(), Mode: modeRunning}
	if c.frozen {
		s.Mode = modeFrozen
	}
	return s
}

func (c *panelClock) encode() ([]byte, error) {
	s := c.state()
	s.Ahead = c.ahead
	return json.Marshal(s)
}

func (c *panelClock) decode(data []byte) error {
	var s clockState
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	c.frozen, c.at, c.ahead = s.Mode == modeFrozen, s.Now, s.Ahead
	return nil
}
