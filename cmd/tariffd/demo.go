package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tariffd/tariffd/internal/app"
	"github.com/tariffd/tariffd/internal/config"
)

func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Fill an empty installation with a small company",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var made bool
			var c config.Config
			err := onInstallation(cmd.Context(), func(a *app.App) (err error) {
				c = a.Config
				made, err = a.Demo().Load(cmd.Context())
				return err
			})
			if err != nil {
				return told(err)
			}
			if !made {
				fmt.Fprintln(cmd.OutOrStdout(), "The demo is here already.")
			}
			key := c.File("admin.key")
			if c.AdminKey != "" {
				key = "TARIFFD_ADMIN_KEY"
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), demoHint, "http://"+c.Listen, key)
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
