package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/pgtest"
)

// run is one call of the program: what it printed and its exit status.
func run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := root()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), statusOf(err)
}

// The environment belongs to the process: this test runs alone.
func TestVerifyTellsBrokenBooksFromUnreadableOnes(t *testing.T) {
	url := pgtest.URL(t)
	t.Setenv("TARIFFD_DATABASE_URL", url)
	t.Setenv("TARIFFD_DATA_DIR", t.TempDir())

	out, status := run(t, "verify")
	require.Equal(t, 0, status, "it needs neither a sandbox nor the secret key")
	require.Contains(t, out, "Nothing found.\nChecked: 0 clients")
	out, status = run(t, "verify", "--json")
	require.Equal(t, 0, status)
	var report struct {
		CheckedAt string           `json:"checked_at"`
		Findings  []map[string]any `json:"findings"`
		Checked   map[string]int   `json:"checked"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.NotEmpty(t, report.CheckedAt)
	require.NotNil(t, report.Findings, "an empty list, not null")
	require.Contains(t, report.Checked, "months_in_progress")

	pool, err := sqlx.Open("postgres", url)
	require.NoError(t, err)
	defer pool.Close()
	const id = "01957f0e-8b44-7f60-8e2d-1a9c7b5d3f08"
	pool.MustExec(`INSERT INTO account (client_id, kind, currency, amount) VALUES ($1, 'balance', 'EUR', 5)`, id)
	out, status = run(t, "verify")
	require.Equal(t, exitBroken, status)
	require.Contains(t, out, "invariant 1: client "+id+": The stored balance is 5, its postings sum to 0.\nFindings: 1.\n")
	out, status = run(t, "verify", "--json")
	require.Equal(t, exitBroken, status)
	require.NoError(t, json.Unmarshal([]byte(out), &report), "nothing but the document is on the standard output")
	require.Equal(t, []map[string]any{{
		"invariant": 1.0, "subject": "client", "id": id, "detail": "The stored balance is 5, its postings sum to 0.",
	}}, report.Findings)

	pool.MustExec(`ALTER TABLE account RENAME TO lost`)
	for name, args := range map[string][]string{
		"table gone": {"verify"}, "unknown flag": {"verify", "--jsn"}, "argument": {"verify", "all"},
	} {
		_, status = run(t, args...)
		require.Equal(t, exitUnreadable, status, name)
	}
	t.Setenv("TARIFFD_DATABASE_URL", "postgres://nobody@127.0.0.1:1/none?sslmode=disable")
	_, status = run(t, "verify")
	require.Equal(t, exitUnreadable, status, "no database")
	require.Equal(t, 1, statusOf(errors.New("anything else")))
}
