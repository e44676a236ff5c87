package pgtest

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/db"
)

// heldByParent is set for a child process that is to be killed.
const heldByParent = "PGTEST_TEST_HELD"

func TestNewHasTheCurrentSchema(t *testing.T) {
	t.Parallel()
	pool := New(t)
	have, want, err := db.Status(t.Context(), pool.DB)
	require.NoError(t, err)
	require.Positive(t, want)
	require.Equal(t, want, have)
}

func TestNewIsNobodyElses(t *testing.T) {
	t.Parallel()
	a, b := New(t), New(t)
	a.MustExec(`CREATE TABLE mine (v int)`)
	var there bool
	require.NoError(t, b.Get(&there, `SELECT to_regclass('mine') IS NOT NULL`))
	require.False(t, there)
}

func TestNewIsDroppedEvenWhileInUse(t *testing.T) {
	t.Parallel()
	var name, url string
	t.Run("user", func(t *testing.T) {
		url = URL(t)
		pool, err := sql.Open("postgres", url)
		require.NoError(t, err)
		require.NoError(t, pool.QueryRow(`SELECT current_database()`).Scan(&name))
		// Left open: a child that was killed closes nothing either.
	})
	require.False(t, databaseExists(t, server(t), name))
}

func TestTxIsRolledBack(t *testing.T) {
	t.Parallel()
	for range 2 {
		t.Run("user", func(t *testing.T) {
			tx := Tx(t)
			var there bool
			require.NoError(t, tx.Get(&there, `SELECT to_regclass('mine') IS NOT NULL`))
			require.False(t, there)
			tx.MustExec(`CREATE TABLE mine (v int)`)
		})
	}
	t.Run("a test may end it itself", func(t *testing.T) {
		require.NoError(t, Tx(t).Rollback())
	})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	names := make([]string, 8)
	for i := range names {
		pool := New(t)
		all.Go(func() {
			if err := pool.Get(&names[i], `SELECT current_database()`); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for _, name := range names {
		require.False(t, seen[name], name)
		seen[name] = true
	}
}

// oneTable is a schema of its own, that says by its text which it is, and
// counts how often it was made.
func oneTable(t *testing.T, made *int) schema {
	t.Helper()
	text := fmt.Sprintf("-- %s\nCREATE TABLE thing (v int)", t.Name())
	return schema{
		files: fstest.MapFS{"1.sql": {Data: []byte(text)}},
		up: func(ctx context.Context, pool *sql.DB) error {
			*made++
			_, err := pool.ExecContext(ctx, text)
			return err
		},
	}
}

func join(t *testing.T, s schema) *host {
	t.Helper()
	h, err := connect(t.Context(), server(t).base.String(), s)
	require.NoError(t, err)
	t.Cleanup(h.leave)
	return h
}

func databaseExists(t *testing.T, h *host, name string) bool {
	t.Helper()
	var there bool
	require.NoError(t, h.admin.QueryRow(`SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there))
	return there
}

func TestTemplateIsMadeOnce(t *testing.T) {
	t.Parallel()
	var made int
	s := oneTable(t, &made)
	hosts := make([]*host, 4)
	var all sync.WaitGroup
	for i := range hosts {
		all.Go(func() {
			var err error
			if hosts[i], err = connect(t.Context(), server(t).base.String(), s); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.False(t, t.Failed())
	require.Equal(t, 1, made)
	for _, h := range hosts {
		require.Equal(t, hosts[0].template, h.template)
		t.Cleanup(h.leave)
	}
}

func TestOtherMigrationsMakeAnotherTemplate(t *testing.T) {
	t.Parallel()
	number := func(files fstest.MapFS) int32 {
		n, err := schema{files: files}.number()
		require.NoError(t, err)
		require.GreaterOrEqual(t, n, int32(0))
		return n
	}
	a := number(fstest.MapFS{"1.sql": {Data: []byte("a\n")}, "2.sql": {Data: []byte("b\n")}})
	require.Equal(t, a, number(fstest.MapFS{"2.sql": {Data: []byte("b\n")}, "1.sql": {Data: []byte("a\n")}}))
	require.NotEqual(t, a, number(fstest.MapFS{"1.sql": {Data: []byte("a\n")}, "2.sql": {Data: []byte("c\n")}}))
	require.NotEqual(t, a, number(fstest.MapFS{"1.sql": {Data: []byte("a\n")}, "3.sql": {Data: []byte("b\n")}}))
	require.NotEqual(t, a, number(fstest.MapFS{"1.sql": {Data: []byte("a\nb\n")}, "2.sql": {Data: []byte("")}}))
}

func TestHalfMadeTemplateIsMadeAgain(t *testing.T) {
	t.Parallel()
	var made int
	s := oneTable(t, &made)
	broken := schema{files: s.files, up: func(ctx context.Context, pool *sql.DB) error {
		_, err := pool.ExecContext(ctx, `CREATE TABLE thing (v int); SELECT 1/0`)
		return err
	}}
	_, err := connect(t.Context(), server(t).base.String(), broken)
	require.ErrorContains(t, err, "division by zero")
	join(t, s)
	require.Equal(t, 1, made)
}

func TestLeftoversOfDeadProcessesAreSwept(t *testing.T) {
	t.Parallel()
	var made int
	s := oneTable(t, &made)
	dead, err := connect(t.Context(), server(t).base.String(), s)
	require.NoError(t, err)
	left, err := dead.clone(t.Context())
	require.NoError(t, err)
	living := join(t, s)
	kept, err := living.clone(t.Context())
	require.NoError(t, err)
	dead.leave()

	// The kernel tells the server of a closed connection, and the server lets
	// go of its locks, a moment later.
	require.Eventually(t, func() bool {
		require.NoError(t, living.sweep(t.Context()))
		return !databaseExists(t, living, left)
	}, time.Minute, 10*time.Millisecond)
	require.True(t, databaseExists(t, living, kept))
	require.True(t, databaseExists(t, living, living.template))
	require.True(t, databaseExists(t, living, server(t).template))

	living.leave()
	require.Eventually(t, func() bool {
		require.NoError(t, server(t).sweep(t.Context()))
		return !databaseExists(t, server(t), kept) && !databaseExists(t, server(t), living.template)
	}, time.Minute, 10*time.Millisecond)
}

// child is this test binary with one test and a temporary folder of its own,
// so with a server of its own.
func child(t *testing.T, test string, env ...string) (*exec.Cmd, string) {
	t.Helper()
	tmp, err := os.MkdirTemp("", "pgt")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(tmp)) })
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.count=1", "-test.v")
	cmd.Env = append(append(os.Environ(), "TMPDIR="+tmp, urlVariable+"="), env...)
	return cmd, tmp
}

// It changes the environment, so it does not run beside others.
func TestMemoryThatNobodyMayWriteIsPassedOver(t *testing.T) {
	memory := filepath.Join(t.TempDir(), "memory") // a file: no folder can be made in it, not even by root
	require.NoError(t, os.WriteFile(memory, nil, 0o600))
	t.Setenv("TMPDIR", "")
	dir, err := folder(memory, fmt.Sprintf("tariffd-pgtest-folder-%d", os.Getpid()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.Remove(dir)) })
	require.DirExists(t, dir)
}

func TestMissingServerFails(t *testing.T) {
	t.Parallel()
	for _, test := range []string{"TestNewHasTheCurrentSchema", "TestTxIsRolledBack"} {
		cmd, _ := child(t, test, urlVariable+"=postgres://nobody@127.0.0.1:1/none?sslmode=disable")
		out, err := cmd.CombinedOutput()
		require.Error(t, err, string(out))
		require.Contains(t, string(out), "this test needs PostgreSQL")
		require.NotContains(t, string(out), "SKIP")
	}
}

func TestServerOfTheEnvironmentIsUsed(t *testing.T) {
	t.Parallel()
	cmd, tmp := child(t, "TestNewHasTheCurrentSchema", urlVariable+"="+server(t).base.String())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "--- PASS")
	entries, err := os.ReadDir(tmp)
	require.NoError(t, err)
	require.Empty(t, entries, "no server of its own")
}

// TestHeld is the child of the next test.
func TestHeld(t *testing.T) {
	if os.Getenv(heldByParent) == "" {
		t.Skip("only as a child that its parent kills")
	}
	New(t)
	fmt.Println("\nready")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestServerStopsAfterItsLastTestProcess(t *testing.T) {
	t.Parallel()
	t.Run("that ended", func(t *testing.T) {
		t.Parallel()
		cmd, tmp := child(t, "TestTxIsRolledBack")
		var out bytes.Buffer
		// A pipe, as go test has it: the command would hang on it, were it
		// inherited by what stays behind.
		cmd.Stdout = &out
		require.NoError(t, cmd.Run(), out.String())
		awaitStop(t, tmp)
	})
	t.Run("that was killed", func(t *testing.T) {
		t.Parallel()
		cmd, tmp := child(t, "TestHeld", heldByParent+"=1")
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		defer stdin.Close()
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(stdout)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "ready") {
		}
		require.Equal(t, "ready", lines.Text())
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		awaitStop(t, tmp)
	})
}

// awaitStop waits until the server below tmp, which must have been there, has
// ended.
func awaitStop(t *testing.T, tmp string) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(tmp, "tariffd-pgtest-*", "postgres"))
	require.NoError(t, err)
	require.Len(t, dirs, 1)
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(dirs[0], "postmaster.pid"))
		return os.IsNotExist(err)
	}, time.Minute, 20*time.Millisecond)
}
