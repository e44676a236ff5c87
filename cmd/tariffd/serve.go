package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"github.com/tariffd/tariffd/internal/app"
)

func serveCommand() *cobra.Command {
	var o app.Serving
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer the API, with the background work unless --workers=false",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, log, err := settings(slog.LevelInfo)
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.ErrOrStderr(), c.String())
			// The address is taken first: a second copy by mistake ends here, before it touches anything.
			listener, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", c.Listen)
			if err != nil {
				return err
			}
			err = withSettings(cmd.Context(), c, log, func(a *app.App) error { return a.Serve(cmd.Context(), o, listener) })
			if e := listener.Close(); !errors.Is(e, net.ErrClosed) {
				err = errors.Join(err, e)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&o.Workers, "workers", true, "do the background work in this process as well")
	cmd.Flags().BoolVar(&o.Migrate, "migrate", false, "apply missing migrations first")
	cmd.Flags().BoolVar(&o.Panels, "with-panels", false, "be ready only when the simulated panels answer")
	cmd.Flags().BoolVar(&o.Demo, "with-demo", false, "load the demo, and be ready only when it is there")
	cmd.Flags().StringVar(&o.ReadyFile, "ready-file", "", "file to write when /readyz is good for the first time")
	return cmd
}
