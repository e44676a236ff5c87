package module

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
)

// Within is the same use-cases inside a transaction that is open already, for those who make many changes at once. No panel
// is called from inside it: where a use-case would try one, it asks tried instead, which knows how that went.
func (e *Engine) Within(tx Tx, tried func(ctx context.Context, m Module, live provision.Module) error) *Engine {
	return &Engine{
		InTx: func(_ context.Context, fn func(Tx) error) error { return fn(tx) }, Drivers: e.Drivers, Env: e.Env, tried: tried,
	}
}

// Try connects to the panel of a module that may not be stored yet. Fault: connection_failed, with the panel's words.
func (e *Engine) Try(ctx context.Context, live provision.Module) error { return try(ctx, live) }

// attempt tries a module's panel, or asks who did.
func (e *Engine) attempt(ctx context.Context, m Module, live provision.Module) error {
	if e.tried != nil {
		return e.tried(ctx, m, live)
	}
	return try(ctx, live)
}

// SecretMembers names the members of a driver's connection that are never read back.
func (e *Engine) SecretMembers(driver string) []string {
	d, err := e.Drivers.Driver(driver)
	if err != nil {
		return nil
	}
	return secretMembers(d.Info)
}
