package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tariffd/tariffd/internal/app"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/verify"
)

// The exit statuses of verify: a script tells broken books from books that nobody could read.
const (
	exitBroken     = 1
	exitUnreadable = 2
)

// exit is an end with a status of its own.
type exit struct {
	status int
	error
}

func (e exit) Unwrap() error { return e.error }

func unreadable(err error) error {
	if err == nil {
		return nil
	}
	return exit{exitUnreadable, err}
}

func verifyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Read the whole database and check that the books are right",
		Long: `Reads the whole database in one snapshot, also while the program runs, and checks every invariant.
Exit status: 0 nothing found, 1 something is broken (it is listed), 2 the database could not be read.`,
		Args: func(cmd *cobra.Command, args []string) error { return unreadable(cobra.NoArgs(cmd, args)) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			report, err := verified(cmd.Context())
			if err != nil {
				return unreadable(err)
			}
			if asJSON {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			} else {
				err = printReport(cmd.OutOrStdout(), report)
			}
			if n := len(report.Findings); err == nil && n > 0 {
				err = exit{exitBroken, fmt.Errorf("the books are not right (findings: %d)", n)}
			}
			return err
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return unreadable(err) })
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func verified(ctx context.Context) (report verify.Report, err error) {
	err = onInstallation(ctx, func(a *app.App) error {
		e := verify.Engine{Zone: a.Config.Zone(), InSnapshot: func(ctx context.Context, fn func(verify.Snapshot) error) error {
			return a.DB.InSnapshot(ctx, func(s *postgres.Snapshot) error { return fn(s) })
		}}
		report, err = e.Run(ctx)
		return err
	})
	return report, err
}

func printReport(out io.Writer, r verify.Report) error {
	for _, f := range r.Findings {
		if _, err := fmt.Fprintf(out, "invariant %d: %s %s: %s\n", f.Invariant, f.Subject, f.ID, f.Detail); err != nil {
			return err
		}
	}
	switch {
	case r.Truncated:
		fmt.Fprintf(out, "Findings: %d, and more that are not named.\n", len(r.Findings))
	case len(r.Findings) > 0:
		fmt.Fprintf(out, "Findings: %d.\n", len(r.Findings))
	default:
		fmt.Fprintln(out, "Nothing found.")
	}
	c := r.Checked
	_, err := fmt.Fprintf(out, "Checked: %d clients, %d payments, %d postings, %d expenses, %d orders, %d services, %d operations, %d tasks, "+
		"%d links, %d blocks, %d replaced values, %d months.\n", c.Clients, c.Payments, c.Postings, c.Expenses, c.Orders, c.Services,
		c.Operations, c.Tasks, c.Links, c.Blocks, c.Revisions, c.Months)
	if err == nil && c.MonthsInProgress > 0 {
		_, err = fmt.Fprintf(out, "Left out: %d months whose overage is just being computed.\n", c.MonthsInProgress)
	}
	return err
}
