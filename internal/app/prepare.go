package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tariffd/tariffd/db"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/secret"
)

// ErrOldSchema says that migrations are missing.
var ErrOldSchema = errors.New("the database's schema is older than this program: run `tariffd migrate up`, or start with --migrate")

var errNoSecretKey = errors.New("outside the sandbox TARIFFD_SECRET_KEY is needed: an age identity, such as age-keygen makes")

// Migrate applies the migrations that are missing; two processes that do it at once take turns.
func (a *App) Migrate(ctx context.Context) error { return a.DB.Alone(ctx, db.Up) }

// Prepare makes the installation ready for work, by this process and with the secrets at hand.
func (a *App) Prepare(ctx context.Context, migrate bool) error {
	if a.box == nil {
		return errNoSecretKey
	}
	if migrate {
		if err := a.Migrate(ctx); err != nil {
			return err
		}
	}
	if err := a.Join(ctx); err != nil {
		return err
	}
	return a.Traffic.Begin(ctx)
}

// Join makes sure that this process and the installation agree: on the schema, the billing zone and the clock.
func (a *App) Join(ctx context.Context) error {
	if err := a.CheckSchema(ctx); err != nil {
		return err
	}
	pinned, err := a.DB.BillingZone(ctx, a.Config.BillingZone)
	if err != nil {
		return err
	}
	if pinned != a.Config.BillingZone {
		return fmt.Errorf("this installation bills by the days of %s; TARIFFD_BILLING_ZONE=%s would move them", pinned, a.Config.BillingZone)
	}
	return a.startClock(ctx)
}

// startClock starts the sandbox's clock; everything dated comes after it. Whether it runs is the serving process's affair.
func (a *App) startClock(ctx context.Context) error {
	if !a.Config.Sandbox {
		return nil
	}
	at := a.Config.SandboxNow
	if at.IsZero() {
		at = a.system.BusinessNow()
	}
	return a.DB.Sandbox().Start(ctx, a.Config.SandboxClock, at.UTC())
}

// CheckSchema answers ErrOldSchema where migrations are missing. A newer schema is accepted: during an update, programs of
// both versions run side by side.
func (a *App) CheckSchema(ctx context.Context) error {
	if a.current.Load() {
		return nil // schemas do not grow older
	}
	have, want, err := db.Status(ctx, a.DB.Pool().DB)
	if err != nil {
		return err
	}
	if have < want {
		return fmt.Errorf("%w (it has version %d, %d is needed)", ErrOldSchema, have, want)
	}
	a.current.Store(true)
	return nil
}

// EnsureAdminKey gives an installation without an admin key its first one: the configured one, or a made one, which is
// written to a file.
func (a *App) EnsureAdminKey(ctx context.Context) error {
	if key := a.Config.AdminKey; key != "" {
		_, err := a.Clients.EnsureAdminKey(ctx, key)
		return err
	}
	// The file comes first: a key that only the database knows would be lost by a crash in between.
	path := a.Config.File("admin.key")
	key, made, err := keepFile(path, client.MakeSecret)
	if err != nil {
		return fmt.Errorf("admin key: %w", err)
	}
	if _, err = a.Clients.EnsureAdminKey(ctx, key); err != nil && !fault.Has(err, "already_exists") {
		return err
	}
	_, err = a.DB.Reader().KeyByHash(ctx, client.HashKey(key))
	if made && fault.Has(err, "not_found") {
		// The installation has admin keys of its own; this one opens nothing.
		return os.Remove(path)
	}
	if made && err == nil {
		a.Log.Info("admin key written", "file", path)
	}
	return nil
}

// openBox opens the box of secrets with the configured keys, or with the sandbox's own. The first one seals.
func (a *App) openBox() (*secret.Box, error) {
	key := a.Config.SecretKey
	if key == "" {
		var err error
		if key, _, err = keepFile(a.Config.File("secret.key"), secret.GenerateIdentity); err != nil {
			return nil, fmt.Errorf("secret key: %w", err)
		}
	}
	keys := secret.Identities(key)
	if len(keys) == 0 {
		return nil, fmt.Errorf("TARIFFD_SECRET_KEY: %w", secret.ErrKey)
	}
	box, err := secret.NewBox(keys[0], keys[1:]...)
	if err != nil {
		return nil, fmt.Errorf("TARIFFD_SECRET_KEY: %w", err)
	}
	return box, nil
}

// keepFile reads a one-line secret, or makes it and writes it for the owner alone. The file appears whole: processes that
// start at once agree on one of them.
func keepFile(path string, generate func() string) (content string, made bool, err error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(raw)), false, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", false, err
	}
	content = generate()
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-") // mode 0600
	if err != nil {
		return "", false, err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = temporary.WriteString(content + "\n")
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return "", false, err
	}
	if err = os.Link(temporary.Name(), path); errors.Is(err, os.ErrExist) {
		return keepFile(path, generate)
	}
	return content, true, err
}
