package isp6

import (
	"context"
	"crypto/sha256"
	"sync"
)

// session is one login, shared by every module of this process with the same panel, user and password.
type session struct {
	gate  gate // held while somebody logs in
	mu    sync.Mutex
	token string
}

type sessionKey struct {
	url, user string
	password  [sha256.Size]byte
}

// sessions lives as long as the process: a module is made anew for every operation, a login is not.
var sessions = struct {
	sync.Mutex
	byKey map[sessionKey]*session
}{byKey: map[sessionKey]*session{}}

func sharedSession(url, user, password string) *session {
	key := sessionKey{url, user, sha256.Sum256([]byte(password))}
	sessions.Lock()
	defer sessions.Unlock()
	s, ok := sessions.byKey[key]
	if !ok {
		s = &session{gate: newGate()}
		sessions.byKey[key] = s
	}
	return s
}

func (s *session) current() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token
}

func (s *session) set(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// gate is a lock that a cancelled caller stops waiting for.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g gate) leave() { <-g }

// exclusive holds the named gates of this process; a name that nobody waits for is forgotten.
var exclusive = struct {
	sync.Mutex
	byName map[string]*shared
}{byName: map[string]*shared{}}

type shared struct {
	gate  gate
	users int
}

// Exclusive waits until no other call of this process works on the same thing of the same panel, and returns how to leave.
// It spares two of our own workers a race; what another process does must still be found out from the panel.
func (c *Client) Exclusive(ctx context.Context, name string) (leave func(), err error) {
	name = c.http.Base() + " " + name
	exclusive.Lock()
	s, ok := exclusive.byName[name]
	if !ok {
		s = &shared{gate: newGate()}
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
	if err := s.gate.enter(ctx); err != nil {
		forget()
		return nil, unavailable(err)
	}
	return func() { s.gate.leave(); forget() }, nil
}
