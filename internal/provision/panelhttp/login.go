package panelhttp

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tariffd/tariffd/internal/provision"
)

// Logins holds what one dialect's logins gave, such as tokens, for as long as the process lives: a module is made anew for every
// operation, a login is not. The zero value is ready.
type Logins[T any] struct {
	mu    sync.Mutex
	byKey map[[sha256.Size]byte]*Login[T]
}

// Of returns the login that everybody shares who speaks to the client's panel as the same one: user, password and whatever else
// they log in with.
func (l *Logins[T]) Of(c *Client, who ...string) *Login[T] {
	key := sha256.Sum256(fmt.Appendf(nil, "%q %q", c.base, who))
	l.mu.Lock()
	defer l.mu.Unlock()
	one, known := l.byKey[key]
	if !known {
		if l.byKey == nil {
			l.byKey = map[[sha256.Size]byte]*Login[T]{}
		}
		one = &Login[T]{gate: NewGate()}
		l.byKey[key] = one
	}
	return one
}

// Login is one login and what it gave last.
type Login[T any] struct {
	gate Gate // held while somebody logs in
	held atomic.Pointer[T]
}

// Get returns what the last login gave, or logs in once where there is none or it is still the refused one. Whoever comes while
// another logs in waits and takes what that one gets. Failures: those of logging in, Unavailable where the caller gave up.
func (l *Login[T]) Get(ctx context.Context, refused *T, logIn func(context.Context) (T, error)) (*T, error) {
	if held := l.held.Load(); held != nil && held != refused {
		return held, nil
	}
	if err := l.gate.Enter(ctx); err != nil {
		return nil, err
	}
	defer l.gate.Leave()
	if held := l.held.Load(); held != nil && held != refused {
		return held, nil
	}
	l.held.Store(nil)
	fresh, err := logIn(ctx)
	if err != nil {
		return nil, err
	}
	l.held.Store(&fresh)
	return &fresh, nil
}

// Use makes a call with what the login gave. Where the panel knows it no more, for disuse or its own restart, it did not look
// at the call, which is then made once more after a new login.
func (l *Login[T]) Use(ctx context.Context, logIn func(context.Context) (T, error), call func(T) error) error {
	held, err := l.Get(ctx, nil, logIn)
	if err != nil {
		return err
	}
	err = call(*held)
	if failure, ok := provision.FailureOf(err); !ok || failure.Kind != provision.Unauthenticated {
		return err
	}
	if held, err = l.Get(ctx, held, logIn); err != nil {
		return err
	}
	return call(*held)
}
