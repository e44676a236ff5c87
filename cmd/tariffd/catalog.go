package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tariffd/tariffd/internal/app"
	"github.com/tariffd/tariffd/internal/pricelist"
)

// exitPending is the exit status of a plan that would change something.
const exitPending = 2

func catalogCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "catalog", Short: "Write everything that is sold as one YAML document, and bring one in"}
	cmd.AddCommand(exportCatalogCommand(), importCatalogCommand())
	return cmd
}

func exportCatalogCommand() *cobra.Command {
	var file string
	var providers []string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write everything that is sold as one YAML document",
		Long: `Writes everything that is sold, also while the program runs. Objects are called by their codes and names, and what is as
usual is left out. Secrets are never written.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onInstallation(cmd.Context(), func(a *app.App) error {
				document, err := a.PriceList.Export(cmd.Context(), providers)
				if err != nil {
					return told(err)
				}
				if file == "-" {
					_, err = cmd.OutOrStdout().Write(document)
					return err
				}
				return writeWhole(file, document)
			})
		},
	}
	cmd.Flags().StringVar(&file, "file", "-", "where to write it; - is the standard output")
	cmd.Flags().StringArrayVar(&providers, "provider", nil, "name of a provider whose tariffs to write; may be repeated; all where absent")
	return cmd
}

// writeWhole replaces a file by its next content, or leaves it as it is.
func writeWhole(path string, content []byte) error {
	next, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(next.Name()) }()
	_, err = next.Write(content)
	if err = errors.Join(err, next.Chmod(0o644), next.Close()); err != nil {
		return err
	}
	return os.Rename(next.Name(), path)
}

func importCatalogCommand() *cobra.Command {
	var file string
	var o pricelist.Options
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Make the installation sell what a YAML document says",
		Long: `Prints what it changes and changes it, whole or not at all, also while the program runs. Objects that the document does
not have are left alone, but with --prune. ${NAME} in a module's connection is taken from the environment.
Exit status: 0 done, or nothing to do; 1 refused or failed, and nothing was changed; 2 with --plan: there is something to do.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			debug.SetGCPercent(documentGrowth)
			document, err := readDocument(cmd.InOrStdin(), file)
			if err != nil {
				return err
			}
			return onInstallation(cmd.Context(), func(a *app.App) error {
				plan, err := a.ImportPriceList(cmd.Context(), shell(), document, o)
				if err != nil {
					return told(err)
				}
				if err = printPlan(cmd.OutOrStdout(), plan, o.PlanOnly); err != nil {
					return err
				}
				if n := len(plan.Changes); o.PlanOnly && n > 0 {
					return exit{exitPending, fmt.Errorf("planned only (changes: %d)", n)}
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "file", "-", "the document; - is the standard input")
	f.BoolVar(&o.PlanOnly, "plan", false, "print what would be changed, and change nothing")
	f.BoolVar(&o.Prune, "prune", false, "delete what the document does not have; refused where something of it is in use")
	f.BoolVar(&o.NoCheck, "no-check", false, "do not try the panels of modules that are new or connect in another way")
	return cmd
}

// documentGrowth is how far the heap may grow before it is cleaned, in percent: an import ends soon after it has read.
const documentGrowth = 800

func readDocument(in io.Reader, file string) ([]byte, error) {
	if file != "-" {
		return os.ReadFile(file)
	}
	var all bytes.Buffer
	_, err := all.ReadFrom(in)
	return all.Bytes(), err
}

// told puts the problems of a document below each other.
func told(err error) error {
	var found pricelist.Problems
	if errors.As(err, &found) {
		return fmt.Errorf("the document cannot be used, and nothing was changed:\n%w", found)
	}
	return err
}

var signs = map[pricelist.Verb]string{pricelist.Create: "+", pricelist.Update: "~", pricelist.Delete: "-"}

func printPlan(out io.Writer, p pricelist.Plan, planned bool) error {
	var b strings.Builder
	for _, c := range p.Changes {
		fmt.Fprintf(&b, "%s %s %s", signs[c.Verb], c.Noun, c.Name)
		if len(c.Members) > 0 {
			fmt.Fprintf(&b, ": %s", strings.Join(c.Members, ", "))
		}
		b.WriteString("\n")
	}
	made := [3]int{p.Count(pricelist.Create), p.Count(pricelist.Update), p.Count(pricelist.Delete)}
	switch {
	case len(p.Changes) == 0:
		b.WriteString("Nothing to do: 0 changes.\n")
	case planned:
		fmt.Fprintf(&b, "To do: %d to create, %d to change, %d to delete.\n", made[0], made[1], made[2])
	default:
		fmt.Fprintf(&b, "Done: %d created, %d changed, %d deleted.\n", made[0], made[1], made[2])
	}
	_, err := io.WriteString(out, b.String())
	return err
}
