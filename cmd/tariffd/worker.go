package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tariffd/tariffd/internal/app"
)

func workerCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "worker",
		Short: "Do the background work alone, beside any number of others",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, log, err := settings(slog.LevelInfo)
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.ErrOrStderr(), c.String())
			return withSettings(cmd.Context(), c, log, func(a *app.App) error { return a.Work(cmd.Context()) })
		},
	}
}
