package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/app"
	"github.com/tariffd/tariffd/internal/client"
)

func keysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Make, list and revoke API keys"}
	cmd.AddCommand(createKeyCommand(), listKeysCommand(), revokeKeyCommand())
	return cmd
}

// shell is the person at the machine's shell, who may do what an administrator may.
func shell() actor.Actor {
	return actor.Actor{Role: actor.Admin, Scope: actor.Everything, Cause: "shell"}
}

// onInstallation runs fn on an installation that this program fits.
func onInstallation(ctx context.Context, fn func(*app.App) error) error {
	return with(ctx, func(a *app.App) error {
		if err := a.Join(ctx); err != nil {
			return err
		}
		return fn(a)
	})
}

func createKeyCommand() *cobra.Command {
	var in client.KeyInput
	var role, provider, owner string
	var expires time.Duration
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a key and print it; it is not shown again",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in.Role, in.ProviderID, in.ClientID = actor.Role(role), actor.ProviderID(provider), actor.ClientID(owner)
			return onInstallation(cmd.Context(), func(a *app.App) error {
				if expires > 0 {
					at := a.WallNow().Add(expires)
					in.ExpiresAt = &at
				}
				key, err := a.Clients.CreateKey(cmd.Context(), shell(), in)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), key.Secret)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&role, "role", "admin", "admin, storefront or client")
	f.StringVar(&in.Name, "name", "", "what the key is for")
	f.StringVar(&provider, "provider", "", "id of the provider, for storefronts")
	f.StringVar(&owner, "client", "", "id of the client, for clients")
	f.StringSliceVar(&in.Scopes, "scope", nil, "extra right, such as payments:confirm; may be repeated")
	f.StringSliceVar(&in.AllowedIPs, "allow", nil, "address or network the key may be used from; may be repeated")
	f.DurationVar(&expires, "expires-in", 0, "how long the key is good, such as 720h; for ever where absent")
	return cmd
}

func listKeysCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all keys, oldest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onInstallation(cmd.Context(), func(a *app.App) error { return listKeys(cmd.Context(), a, cmd.OutOrStdout()) })
		},
	}
}

func listKeys(ctx context.Context, a *app.App, out io.Writer) error {
	const page = 200
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tKEY\tROLE\tNAME\tSTATE\tLAST USED")
	for after := ""; ; {
		keys, err := a.DB.Reader().Keys(ctx, actor.Everything, actor.Page{After: after, Limit: page - 1})
		if err != nil {
			return err
		}
		for _, k := range keys {
			fmt.Fprintf(table, "%s\t%s…\t%s\t%s\t%s\t%s\n", k.ID, k.Prefix, k.Role, k.Name, state(k, a.WallNow()), moment(k.LastUsedAt))
			after = string(k.ID)
		}
		if len(keys) < page {
			return table.Flush()
		}
	}
}

func state(k client.Key, now time.Time) string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case k.ExpiresAt != nil && !now.Before(*k.ExpiresAt):
		return "expired"
	}
	return "usable"
}

func moment(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.Format(time.RFC3339)
}

func revokeKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke ID",
		Short: "End a key; it dies within five seconds",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return onInstallation(cmd.Context(), func(a *app.App) error {
				return a.Clients.RevokeKey(cmd.Context(), shell(), client.KeyID(args[0]), nil)
			})
		},
	}
}
