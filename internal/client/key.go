package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/input"
)

// KeyID is an API key's id.
type KeyID string

// Hash is what is stored of a key: SHA-256 is enough, because keys are random and long.
type Hash [sha256.Size]byte

// Key is the record of an API key. Expiry is in real time, as are RevokedAt and LastUsedAt.
type Key struct {
	ID         KeyID
	Name       string
	Prefix     string // the first characters, to recognise it by
	Role       actor.Role
	ProviderID actor.ProviderID // of storefront and client keys
	ClientID   actor.ClientID   // of client keys
	Scopes     []string
	AllowedIPs []netip.Prefix // empty: from everywhere
	RateLimit  *int           // requests in 10 s; nil: the role's default
	ExpiresAt  *time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
	CreatedAt  time.Time
	Version    int64
}

// Credential is what authentication needs to know of a key.
type Credential struct {
	Key
	ClientBlocked bool
}

// Usable tells whether the key opens anything at a real instant, from an address.
func (c Credential) Usable(wall time.Time, from netip.Addr) bool {
	if c.RevokedAt != nil || c.ClientBlocked || (c.ExpiresAt != nil && !wall.Before(*c.ExpiresAt)) {
		return false
	}
	for _, p := range c.AllowedIPs {
		if p.Contains(from.Unmap()) {
			return true
		}
	}
	return len(c.AllowedIPs) == 0
}

// Scope is whose data the key may see.
func (k Key) Scope() actor.Scope { return actor.Scope{ProviderID: k.ProviderID, ClientID: k.ClientID} }

// KeyInput is what a key is made of. AllowedIPs are addresses or CIDR ranges.
type KeyInput struct {
	Name       string
	Role       actor.Role
	ProviderID actor.ProviderID
	ClientID   actor.ClientID
	Scopes     []string
	AllowedIPs []string
	RateLimit  *int
	ExpiresAt  *time.Time
}

// NewKey is a key with its secret, which is not kept.
type NewKey struct {
	Key
	Secret string
}

// HashKey is what a key is looked up by.
func HashKey(secret string) Hash { return sha256.Sum256([]byte(secret)) }

// MakeSecret makes a key: 32 letters and digits of a 62-letter alphabet, 190 bits.
func MakeSecret() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	out := []byte("tfd_")
	for buf := make([]byte, 64); len(out) < 36; {
		_, _ = rand.Read(buf) // never fails: crypto/rand ends the program instead
		for _, b := range buf {
			// 248 is the largest multiple of 62 in a byte; what lies above would favour the first letters.
			if b < 248 && len(out) < 36 {
				out = append(out, letters[b%62])
			}
		}
	}
	return string(out)
}

// Prefix is what may be shown of a key.
func Prefix(secret string) string { return secret[:min(8, len(secret))] }

// CreateKey makes an API key. Faults: required, bad_value, not_found (provider, client), out_of_range (expiry), bad_format
// (addresses).
func (e *Engine) CreateKey(ctx context.Context, by actor.Actor, in KeyInput) (NewKey, error) {
	secret := MakeSecret()
	return event.Do(ctx, e.InTx, by, func(tx Tx) (NewKey, error) { return e.createKey(ctx, tx, by, in, secret) })
}

func (e *Engine) createKey(ctx context.Context, tx Tx, by actor.Actor, in KeyInput, secret string) (NewKey, error) {
	provider, err := in.owner(ctx, tx)
	if err != nil {
		return NewKey{}, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return NewKey{}, err
	}
	k := Key{
		ID: KeyID(actor.NewID()), Name: in.Name, Prefix: Prefix(secret), Role: in.Role, ProviderID: provider, ClientID: in.ClientID,
		Scopes: in.Scopes, RateLimit: in.RateLimit, ExpiresAt: in.ExpiresAt, CreatedAt: now, Version: 1,
	}
	if k.AllowedIPs, err = in.check(e.Wall.WallNow()); err != nil {
		return NewKey{}, err
	}
	if err = tx.InsertKey(ctx, k, HashKey(secret)); err != nil {
		return NewKey{}, err
	}
	return NewKey{k, secret}, event.Record(ctx, tx, by, aboutKey(k), "api_key.created", "", k.snapshot())
}

// RevokeKey ends a key; ending it again changes nothing. Faults: not_found, precondition_failed.
func (e *Engine) RevokeKey(ctx context.Context, by actor.Actor, id KeyID, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		k, err := tx.LockKey(ctx, id)
		if err != nil {
			return err
		}
		if !by.Scope.Covers(k.ProviderID, k.ClientID) {
			return ErrNoKey
		}
		if err = input.CheckVersion(ifVersion, k.Version); err != nil || k.RevokedAt != nil {
			return err
		}
		if err = tx.RevokeKey(ctx, id, e.Wall.WallNow()); err != nil {
			return err
		}
		return event.Record(ctx, tx, by, aboutKey(k), "api_key.revoked", "", k.snapshot())
	})
}

func aboutKey(k Key) event.About {
	return event.About{ClientID: k.ClientID, ProviderID: k.ProviderID, Subject: "api_key", SubjectID: string(k.ID)}
}

func (k Key) snapshot() any {
	return map[string]any{
		"id": k.ID, "name": k.Name, "prefix": k.Prefix, "role": k.Role, "provider_id": k.ProviderID, "client_id": k.ClientID,
		"scopes": k.Scopes, "expires_at": k.ExpiresAt,
	}
}
