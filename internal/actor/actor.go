// Package actor says who acts, whose data may be seen, and gives the ids that every feature shares.
//
// It owns the types Actor and Scope and the ids of providers, clients and services; it owns neither keys nor
// authentication (package client, package httpapi).
//
// Invariants: an Actor is never empty where something is written; a Scope of a storefront names its provider and one of a
// client names both; ids made here are UUIDv7, so they sort by time of creation.
package actor

import (
	"net/netip"

	"github.com/google/uuid"
)

// The ids that more than one feature needs.
type (
	ProviderID string
	ClientID   string
	ServiceID  string
)

// NewID returns a fresh UUIDv7 as text.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// IsID tells whether a text can be an id.
func IsID(text string) bool { return len(text) == len(uuid.Nil.String()) && uuid.Validate(text) == nil }

// Role is what a key may do; `system` is the program itself.
type Role string

// The roles of keys and the program's own.
const (
	Admin      Role = "admin"
	Storefront Role = "storefront"
	Client     Role = "client"
	System     Role = "system"
)

// Scope says whose data may be read or written: everything (admin, system), one provider's, or one client's.
type Scope struct {
	ProviderID ProviderID // empty: every provider
	ClientID   ClientID   // empty: every client of the provider
}

// Everything is the scope of administrators and of the program itself.
var Everything = Scope{}

// Covers tells whether an object of this provider and client lies in the scope.
func (s Scope) Covers(p ProviderID, c ClientID) bool {
	return (s.ProviderID == "" || s.ProviderID == p) && (s.ClientID == "" || s.ClientID == c)
}

// Actor is who does something: written into audit rows and checked by rules.
type Actor struct {
	Role      Role
	KeyID     string // the API key, empty for the program itself
	Scopes    []string
	Scope     Scope
	Address   netip.Addr
	RequestID string
	// Cause names what made the program act by itself, such as "daily_run".
	Cause string
	// Once is set when the caller sent an Idempotency-Key.
	Once *Once
}

// Once asks that the use-case's result be stored under a key, in the use-case's own transaction.
type Once struct {
	Principal   string // the key's or token's owner
	Route       string // method and path
	Key         string
	Fingerprint [32]byte // SHA-256 of the payload
	// Render turns the use-case's result into the answer that is stored and sent.
	Render func(result any) (status int, header map[string]string, body []byte, err error)
}

// Program is the program acting by itself.
func Program(cause string) Actor { return Actor{Role: System, Cause: cause, Scope: Everything} }

// Staff tells whether the actor is an administrator or the program itself.
func (a Actor) Staff() bool { return a.Role == Admin || a.Role == System }

// Can tells whether the actor's key carries a scope such as "payments:confirm"; staff carry all.
func (a Actor) Can(scope string) bool {
	if a.Staff() {
		return true
	}
	for _, s := range a.Scopes {
		if s == scope {
			return true
		}
	}
	return false
}
