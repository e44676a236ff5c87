package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tariffd/tariffd/internal/app"
	"github.com/tariffd/tariffd/internal/secret"
)

func secretsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "secrets", Short: "Change the key that seals passwords"}
	cmd.AddCommand(newKeyCommand(), rotateCommand())
	return cmd
}

func newKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new-key",
		Short: "Print a new key for TARIFFD_SECRET_KEY",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), secret.GenerateIdentity())
			return err
		},
	}
}

func rotateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate",
		Short: "Seal with the first key what the other keys sealed",
		Long: `TARIFFD_SECRET_KEY may hold several keys, one a line: the first one seals, all of them open.
To change the key, put a new line before the old one and restart every process, run this command, and take the old line away.
It runs beside a working installation and may be interrupted and repeated.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onInstallation(cmd.Context(), func(a *app.App) error {
				count, err := a.DB.Reseal(cmd.Context())
				for _, what := range slices.Sorted(maps.Keys(count)) {
					if _, e := fmt.Fprintf(cmd.OutOrStdout(), "%s: %d sealed anew\n", what, count[what]); e != nil {
						return e
					}
				}
				return err
			})
		},
	}
}
