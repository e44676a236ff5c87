package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The whole catalogue leaves one installation and comes into another, while both serve and on PostgreSQL of their own.
func TestTheCatalogueMovesAsADocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stdout, stderr, exit := w.shell("demo")
	require.Zero(t, exit, "%s%s", stdout, stderr)
	stdout, _, exit = w.shell("demo")
	require.Zero(t, exit)
	require.Contains(t, stdout, "here already")
	file := filepath.Join(t.TempDir(), "catalog.yaml")
	_, stderr, exit = w.shell("catalog", "export", "--file", file)
	require.Zero(t, exit, stderr)
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	document := string(raw)
	require.NotContains(t, document, "password")

	// Here there is nothing to do; a change is planned, made, and made once.
	imported := func(w *world, text string, flags ...string) (stdout, stderr string, exit int) {
		t.Helper()
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return w.shell(append([]string{"catalog", "import", "--file", file}, flags...)...)
	}
	stdout, stderr, exit = imported(w, document)
	require.Zero(t, exit, stderr)
	require.Equal(t, "Nothing to do: 0 changes.\n", stdout)
	dearer := strings.Replace(document, `amount: "189"`, `amount: "199"`, 1)
	stdout, _, exit = imported(w, dearer, "--plan")
	require.Equal(t, 2, exit)
	require.Equal(t, "~ tariff Default/demo_colocation_rack: prices\nTo do: 0 to create, 1 to change, 0 to delete.\n", stdout)
	_, stderr, exit = imported(w, dearer)
	require.Zero(t, exit, stderr)
	_, _, exit = imported(w, dearer, "--plan")
	require.Zero(t, exit)
	tariff := w.admin.get("/v1/tariffs?code=demo_colocation_rack")
	require.Contains(t, string(tariff.body), `"199.00"`)
	_, stderr, exit = imported(w, strings.Replace(document, `amount: "189"`, `amount: "-1"`, 1))
	require.Equal(t, 1, exit)
	require.Contains(t, stderr, "tariffs/demo_colocation_rack/prices/0/amount: An amount of 0 or more")

	// Elsewhere it needs the panels' password; then it is the same document there.
	with := strings.ReplaceAll(document, "username: admin@example.com", "username: admin@example.com\n      password: ${PANEL_PASSWORD}")
	other := newWorld(t, "PANEL_PASSWORD=secret")
	with = strings.ReplaceAll(with, w.panels.url, other.panels.url)
	_, stderr, exit = imported(other, strings.ReplaceAll(document, w.panels.url, other.panels.url))
	require.Equal(t, 1, exit)
	require.Contains(t, stderr, "processing_modules/Demo DCImanager 6/connection/password")
	stdout, stderr, exit = imported(other, with)
	require.Zero(t, exit, "%s%s", stdout, stderr)
	there, stderr, exit := other.shell("catalog", "export")
	require.Zero(t, exit, stderr)
	require.Equal(t, strings.ReplaceAll(document, w.panels.url, other.panels.url), there)
}
