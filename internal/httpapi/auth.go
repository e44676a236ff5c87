package httpapi

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/fault"
)

// Keys finds keys and notes their use; package postgres has it.
type Keys interface {
	// KeyByHash answers not_found for an unknown key.
	KeyByHash(ctx context.Context, hash client.Hash) (client.Credential, error)
	TouchKeys(ctx context.Context, used map[client.KeyID]time.Time) error
}

// What is known of a key is believed for less than the five seconds in which a revoked one has to die everywhere.
const believe = 4 * time.Second

// keyring authenticates requests and remembers keys for a moment.
type keyring struct {
	keys Keys
	wall clock.Wall
	mu   sync.RWMutex
	held map[client.Hash]heldKey
	used map[client.KeyID]time.Time
}

type heldKey struct {
	*client.Credential
	until time.Time
}

func newKeyring(keys Keys, wall clock.Wall) *keyring {
	return &keyring{keys: keys, wall: wall, held: map[client.Hash]heldKey{}, used: map[client.KeyID]time.Time{}}
}

// authenticate finds out whose key the request shows. Unknown, expired, revoked and displaced keys look alike.
func (k *keyring) authenticate(c *call) error {
	secret, ok := bearer(c.request.Header)
	if !ok {
		return errUnauthorized
	}
	now := k.wall.WallNow()
	found, err := k.find(c.request.Context(), client.HashKey(secret), now)
	if err != nil {
		return err
	}
	if !found.Usable(now, c.address) {
		return errUnauthorized
	}
	c.key = found
	k.note(found.ID, now)
	return nil
}

var errUnauthorized = fault.New(fault.Unauthorized, "unauthorized", "A valid key is required: Authorization: Bearer tfd_….")

func bearer(h http.Header) (string, bool) {
	scheme, secret, ok := strings.Cut(h.Get("Authorization"), " ")
	secret = strings.TrimSpace(secret)
	return secret, ok && strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(secret, "tfd_") && len(secret) <= 512
}

func (k *keyring) find(ctx context.Context, hash client.Hash, now time.Time) (*client.Credential, error) {
	k.mu.RLock()
	h, ok := k.held[hash]
	k.mu.RUnlock()
	if ok && now.Before(h.until) {
		return h.Credential, nil
	}
	found, err := k.keys.KeyByHash(ctx, hash)
	k.mu.Lock()
	defer k.mu.Unlock()
	if fault.Has(err, "not_found") {
		delete(k.held, hash)
		return nil, errUnauthorized
	}
	if err != nil {
		return nil, err
	}
	k.held[hash] = heldKey{&found, now.Add(believe)}
	return &found, nil
}

// forget makes this process ask again for every key, after one was revoked here.
func (k *keyring) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.held)
}

// note remembers the use of a key until the next flush; most requests find it noted within the same second.
func (k *keyring) note(id client.KeyID, now time.Time) {
	k.mu.RLock()
	last := k.used[id]
	k.mu.RUnlock()
	if now.Sub(last) < time.Second {
		return
	}
	k.mu.Lock()
	k.used[id] = now
	k.mu.Unlock()
}

// flush writes when keys were last used.
func (k *keyring) flush(ctx context.Context) error {
	k.mu.Lock()
	used := k.used
	k.used = map[client.KeyID]time.Time{}
	for hash, h := range k.held { // keys that nobody shows any more are not kept for ever
		if !k.wall.WallNow().Before(h.until) {
			delete(k.held, hash)
		}
	}
	k.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	return k.keys.TouchKeys(ctx, used)
}
