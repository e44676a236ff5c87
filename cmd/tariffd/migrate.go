package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tariffd/tariffd/db"
	"github.com/tariffd/tariffd/internal/app"
)

func migrateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "Bring the database's schema up to date"}
	cmd.AddCommand(&cobra.Command{
		Use:   "up",
		Short: "Apply the migrations that are missing",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), func(a *app.App) error {
				if err := a.Migrate(cmd.Context()); err != nil {
					return err
				}
				return printVersion(cmd, a)
			})
		},
	}, &cobra.Command{
		Use:   "status",
		Short: "Tell which version the schema has",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), func(a *app.App) error { return printVersion(cmd, a) })
		},
	})
	return cmd
}

func printVersion(cmd *cobra.Command, a *app.App) error {
	have, want, err := db.Status(cmd.Context(), a.DB.Pool().DB)
	if err != nil {
		return err
	}
	state := "current"
	if have < want {
		state = "older than this program: run tariffd migrate up"
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "schema version %d of %d: %s\n", have, want, state)
	return err
}
