package isp6

import (
	"context"
	"crypto/sha256"
	"sync"

	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// session is one login, shared by every module of this process with the same panel, user and password.
type session struct {
	gate  panelhttp.Gate // held while somebody logs in
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
		s = &session{gate: panelhttp.NewGate()}
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

// Exclusive waits until no other call of this process works on the same thing of the same panel, and returns how to leave.
func (c *Client) Exclusive(ctx context.Context, name string) (leave func(), err error) {
	return c.http.Exclusive(ctx, name)
}
