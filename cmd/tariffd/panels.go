package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/tariffd/tariffd/internal/provision/panels"
)

func panelsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "panels",
		Short: "Run the simulated control panels",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, log, err := settings(slog.LevelInfo)
			if err != nil {
				return err
			}
			p, err := panels.New(panels.Options{Dir: c.File("panels"), Delay: c.PanelsDelay, Zone: c.Zone(), Log: log})
			if err != nil {
				return fmt.Errorf("simulated panels: %w", err)
			}
			log.Info("simulated panels", "address", c.PanelsListen)
			return errors.Join(servePanels(cmd.Context(), c.PanelsListen, p), p.Close())
		},
	}
}

// servePanels answers until ctx ends. Calls that a fault holds are let go first: a shutdown waits for open calls.
func servePanels(ctx context.Context, address string, p *panels.Panels) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: p.Handler(), ReadHeaderTimeout: 10 * time.Second}
	server.RegisterOnShutdown(p.Release)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err = server.Shutdown(stop); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}
