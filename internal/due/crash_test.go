package due_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/due"
	"github.com/tariffd/tariffd/internal/fault"
)

// The test binary run again with these variables is a process of its own: a worker that never finishes its first chore, or
// one that moves the clock.
const (
	childURL  = "DUE_TEST_URL"
	childRole = "DUE_TEST_ROLE"
)

// horizon is how far the clock is moved in the test below.
const horizon = 30

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		if err := beChild(url, os.Getenv(childRole)); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func beChild(url, role string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// Without its parent there is nobody left to kill it.
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); cancel() }()
	if role == "stuck" {
		w, err := open(ctx, url, 0)
		if err != nil {
			return err
		}
		k := w.kind(func(ctx context.Context, c due.Claim) error {
			fmt.Println("stuck", c.ID)
			<-ctx.Done()
			return nil
		})
		k.Lot, k.Parallel = 1, 1
		w.loop(k).Background(ctx)
		return nil
	}
	w, err := open(ctx, url, 31*time.Second)
	if err != nil {
		return err
	}
	k := w.kind(w.do)
	m := w.mover(nil, w.loop(k))
	m.Panels = func(_ context.Context, now time.Time, _ string) error {
		fmt.Println("at", now.Format(time.DateOnly))
		return nil
	}
	_, err = m.Move(ctx, first.Add(horizon*day))
	return err
}

type child struct {
	cmd   *exec.Cmd
	lines *bufio.Reader
}

func startChild(t *testing.T, url, role string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childURL+"="+url, childRole+"="+role)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	c := &child{cmd: cmd, lines: bufio.NewReader(stdout)}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return c
}

// await reads lines until one begins with prefix.
func (c *child) await(t *testing.T, prefix string) string {
	t.Helper()
	for {
		line, err := c.lines.ReadString('\n')
		require.NoError(t, err, "waiting for %q", prefix)
		require.NotContains(t, line, "error")
		if strings.HasPrefix(line, prefix) {
			return strings.TrimSpace(strings.TrimPrefix(line, prefix))
		}
	}
}

func (c *child) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, c.cmd.Process.Kill())
	_ = c.cmd.Wait()
}

// A worker is killed while it holds a row, the mover is killed half-way; the next move goes on, and every chore has run
// exactly once a day, at its instant.
func TestKilledProcessesLoseNothingAndRepeatNothing(t *testing.T) {
	t.Parallel()
	const chores = 20
	w, url := newWork(t, chores)
	worker := startChild(t, url, "stuck")
	stuck := worker.await(t, "stuck ")

	var nos int
	require.NoError(t, w.pool.Get(&nos, `SELECT claim_no FROM chore WHERE id = $1`, stuck))
	worker.kill(t)

	mover := startChild(t, url, "mover")
	mover.await(t, "at 2026-03-08")
	_, err := w.mover(t, w.loop(w.kind(w.do))).Move(t.Context(), first.Add(horizon*day))
	require.True(t, fault.Has(err, "clock_moving"), "%v", err)
	mover.kill(t)
	half := w.number(t, `SELECT count(*) FROM chore_done`)
	require.Greater(t, half, 6*chores)
	require.Less(t, half, horizon*chores, "the mover was killed on its way")

	// What the dead mover held expires for a process whose real time is later still.
	after, err := open(t.Context(), url, 62*time.Second)
	require.NoError(t, err)
	defer after.db.Close()
	m := after.mover(t, after.loop(after.kind(after.do)))
	var moved due.Moved
	eventually(t, "the dead mover's lock is released", func() bool {
		moved, err = m.Move(t.Context(), first.Add(horizon*day))
		return !fault.Has(err, "clock_moving")
	})
	require.NoError(t, err)
	require.Equal(t, first.Add(horizon*day), moved.Now)
	require.Equal(t, chores*(horizon+1), w.number(t, `SELECT count(*) FROM chore_done`), "once a day, both ends included")
	require.Zero(t, w.number(t, `SELECT count(*) FROM chore_done WHERE at <> now_at`), "each at its own instant")
	require.ErrorIs(t, w.do(t.Context(), due.Claim{ID: stuck, No: int64(nos)}), errLost, "the ghost writes nothing")
}
