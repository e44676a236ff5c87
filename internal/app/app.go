// Package app puts the program together: the database, the engines, the loop of due work and the HTTP edge.
//
// It owns the order in which things start and stop, and which piece is handed to which. It does not own any rule, statement
// or route.
//
// Invariants: what was started is stopped in the opposite order, the embedded PostgreSQL last and only by its last user; an
// older schema is never written to; a second process on the same installation finds the same zone, clock, keys and server.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/config"
	"github.com/tariffd/tariffd/internal/embedpg"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/secret"
)

// App is one process's use of an installation.
type App struct {
	Config config.Config
	Log    *slog.Logger
	DB     *postgres.DB

	system  clock.System
	pg      *embedpg.Server // nil: the database is somebody else's
	read    *postgres.DB    // the replica, or DB itself
	box     *secret.Box     // nil: no key at hand, which tools do not need
	current atomic.Bool     // the schema was seen to be current
	engines
}

// maxOpen is how many connections one process uses: several processes fit into the embedded server's 60.
const maxOpen = 20

// Open finds or starts the database. Nothing is written to it yet.
func Open(ctx context.Context, c config.Config, log *slog.Logger) (_ *App, err error) {
	a := &App{Config: c, Log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err = os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if c.Sandbox || c.SecretKey != "" {
		if a.box, err = a.openBox(); err != nil {
			return nil, err
		}
	}
	url := c.DatabaseURL
	if c.Embedded() {
		if a.pg, err = embedpg.Start(ctx, embedpg.Options{Dir: c.DataDir, Log: log}); err != nil {
			return nil, err
		}
		url = a.pg.URL()
	}
	if a.DB, err = a.connect(ctx, url); err != nil {
		return nil, err
	}
	a.read = a.DB
	if c.DatabaseReadURL != "" {
		if a.read, err = a.connect(ctx, c.DatabaseReadURL); err != nil {
			return nil, fmt.Errorf("for reading: %w", err)
		}
	}
	a.engines = a.build()
	return a, nil
}

func (a *App) connect(ctx context.Context, url string) (*postgres.DB, error) {
	return postgres.Open(ctx, postgres.Options{
		URL: url, Prepare: a.Config.DatabasePrepare, MaxOpen: maxOpen, Sandbox: a.Config.Sandbox,
		Clock: a.system, Wall: a.system, Box: a.box,
	})
}

// Close ends the use of the database and stops an embedded server that nobody else uses.
func (a *App) Close() error {
	var all []error
	if a.read != nil && a.read != a.DB {
		all = append(all, a.read.Close())
	}
	if a.DB != nil {
		all = append(all, a.DB.Close())
	}
	if a.pg != nil {
		all = append(all, a.pg.Close())
	}
	return errors.Join(all...)
}

// address is where the database answers at the moment.
func (a *App) address() string {
	if a.pg != nil {
		return a.pg.URL()
	}
	return a.Config.DatabaseURL
}

// WallNow is real time, for the tools of the command line.
func (a *App) WallNow() time.Time { return a.system.WallNow() }
