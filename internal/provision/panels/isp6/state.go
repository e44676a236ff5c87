package isp6

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// State is what a panel keeps beside the things that it holds, as part of its own state.
type State struct {
	Revision int            `json:"revision"`
	LastID   map[string]int `json:"last_id"`
	Sessions Sessions       `json:"sessions"`
}

// NewState is a panel of which nobody has a token. lastID says how far the
// kinds of object are counted that it is sold with.
func NewState(lastID map[string]int) State { return State{LastID: lastID, Sessions: Sessions{}} }

// NextID counts one kind of object on.
func (s *State) NextID(kind string) int {
	s.LastID[kind]++
	return s.LastID[kind]
}

// Answer carries a call out and counts what it changed.
func (s *State) Answer(c *panel.Call, own panel.Routes) panel.Reply {
	rep := s.Sessions.Answer(c, own)
	if c.Changed {
		s.Revision++
	}
	return rep
}

// Moved is told that the clock was set, perhaps backwards.
func (s *State) Moved(now time.Time) { s.Sessions.moved(now) }

// Load reads a kept file into an empty state, whose sessions are part of it.
// users are those that it came with: every panel has one at least.
func Load(data []byte, into any, state *State, users *Users) error {
	if err := json.Unmarshal(data, into); err != nil {
		return err
	}
	if state.LastID == nil || len(*users) == 0 {
		return errors.New("not the state of a panel")
	}
	if state.Sessions == nil {
		state.Sessions = Sessions{}
	}
	return nil
}

// On lets a call have the object that the first variable part of its path
// names; find answers nil for an id that names none.
func On[T any](what string, find func(id int) *T) func(run func(*panel.Call, *T) panel.Reply) func(*panel.Call) panel.Reply {
	return func(run func(*panel.Call, *T) panel.Reply) func(*panel.Call) panel.Reply {
		return func(c *panel.Call) panel.Reply {
			one := find(c.ID(0))
			if one == nil {
				return NotFound(what, c.Args[0])
			}
			return run(c, one)
		}
	}
}
