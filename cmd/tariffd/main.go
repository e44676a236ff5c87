// Command tariffd sells servers and their traffic: the API, the background work and the tools of an installation.
//
// It owns the command line alone: one file per subcommand parses, builds and runs; every rule stands below internal.
//
// Invariants: settings come from the environment, never from arguments, so that secrets are in no process list; the exit
// status is 0 for success, 1 for a failure, and 2 where verify could not read or a plan has something to do; a first Ctrl-C stops in order, a second one at
// once.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tariffd/tariffd/internal/app"
	"github.com/tariffd/tariffd/internal/config"
	"github.com/tariffd/tariffd/internal/provision/script/mgrctl"
)

func main() {
	// A processing module of an operator's calls us under this name; nothing of the installation is its business.
	if mgrctl.Called(os.Args[0]) {
		os.Exit(mgrctl.Main(os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the usual handling is back: a second one ends the process.
	context.AfterFunc(ctx, stop)
	err := root().ExecuteContext(ctx)
	stop()
	if status := statusOf(err); status != 0 {
		fmt.Fprintln(os.Stderr, "tariffd:", err)
		os.Exit(status)
	}
}

// statusOf is the exit status of an end; a Ctrl-C is none to complain of.
func statusOf(err error) int {
	var own exit
	switch {
	case errors.As(err, &own):
		return own.status
	case err == nil, errors.Is(err, context.Canceled):
		return 0
	}
	return 1
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "tariffd",
		Short:         "Billing for hosting companies: servers, their traffic, and the money",
		Long:          "Settings are environment variables that begin with TARIFFD_; see the README.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(serveCommand(), workerCommand(), migrateCommand(), panelsCommand(), demoCommand(), keysCommand(), catalogCommand(), secretsCommand(),
		verifyCommand())
	return cmd
}

// settings reads the environment and makes the log that it asks for. Tools log warnings alone, so that their output is
// what was asked of them.
func settings(least slog.Level) (config.Config, *slog.Logger, error) {
	c, err := config.Load(os.Environ())
	if err != nil {
		return c, nil, fmt.Errorf("settings: %w", err)
	}
	options := &slog.HandlerOptions{Level: least}
	if c.LogFormat == "json" {
		return c, slog.New(slog.NewJSONHandler(os.Stderr, options)), nil
	}
	return c, slog.New(slog.NewTextHandler(os.Stderr, options)), nil
}

// with runs a tool on the installation that the environment names.
func with(ctx context.Context, fn func(*app.App) error) error {
	c, log, err := settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	return withSettings(ctx, c, log, fn)
}

func withSettings(ctx context.Context, c config.Config, log *slog.Logger, fn func(*app.App) error) (err error) {
	a, err := app.Open(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return fn(a)
}
