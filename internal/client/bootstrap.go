package client

import (
	"context"
	"regexp"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
)

var secretForm = regexp.MustCompile(`^tfd_[A-Za-z0-9_]{32,}$`)

// EnsureAdminKey makes the given secret an admin key where the installation has no usable one, and tells whether it did.
// Programs that start at the same time do it once. Faults: bad_format (the secret), already_exists (it was revoked).
func (e *Engine) EnsureAdminKey(ctx context.Context, secret string) (made bool, err error) {
	if !secretForm.MatchString(secret) {
		return false, fault.New(fault.Invalid, "bad_format", "An admin key is tfd_ and at least 32 letters, digits or underscores.")
	}
	err = e.InTx(ctx, func(tx Tx) error {
		if err := tx.LockAdminKeys(ctx); err != nil {
			return err
		}
		has, err := tx.HasAdminKey(ctx, e.Wall.WallNow())
		if made = !has; has || err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		k := Key{ID: KeyID(actor.NewID()), Name: "bootstrap", Prefix: Prefix(secret), Role: actor.Admin, CreatedAt: now, Version: 1}
		if err = tx.InsertKey(ctx, k, HashKey(secret)); err != nil {
			return err
		}
		return event.Record(ctx, tx, actor.Program("bootstrap"), aboutKey(k), "api_key.created", "", k.snapshot())
	})
	return made && err == nil, err
}
