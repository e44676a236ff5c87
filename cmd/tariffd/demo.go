package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tariffd/tariffd/internal/app"
)

func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Fill an empty installation, whose API answers, with a small company",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, log, err := settings(slog.LevelWarn)
			if err != nil {
				return err
			}
			d := (&app.App{Config: c, Log: log}).Demo(c.Listen)
			made, err := d.Load(cmd.Context())
			if err != nil {
				return err
			}
			if !made {
				fmt.Fprintln(cmd.OutOrStdout(), "The demo is here already.")
			}
			key := c.File("admin.key")
			if c.AdminKey != "" {
				key = "TARIFFD_ADMIN_KEY"
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), demoHint, d.Base, key)
			return err
		},
	}
}

const demoHint = `Try (KEY is in %[2]s):

  curl -s -H "Authorization: Bearer $KEY" %[1]s/v1/tariffs
  curl -s -H "Authorization: Bearer $KEY" "%[1]s/v1/clients?email=ada@demo.test"
  curl -s -H "Authorization: Bearer $KEY" %[1]s/v1/processing-modules

The README's tour orders a server and its bandwidth from here on.
`
