package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// tick is the pause between two looks of a poll.
	tick = 20 * time.Millisecond
	// patience bounds every poll: longer than the lease of work whose worker was killed.
	patience = 3 * time.Minute
	// stopLimit is what an orderly end may take, PostgreSQL's included.
	stopLimit = 2 * time.Minute
)

// process is a running child. Its output goes to a file, so that nothing blocks when nobody reads.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait, once done is closed
}

// launch starts the program in a process group of its own, so that a signal to the tests does not reach it first.
func launch(name, log string, env []string, as *syscall.Credential, args ...string) (*process, error) {
	path, err := binary()
	if err != nil {
		return nil, err
	}
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p := &process{name: name, log: log, cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: as}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// kill is the end without warning.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// stop asks to end and waits for it; a process that does not listen is killed, which is an error.
func (p *process) stop() error {
	if !p.running() {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(stopLimit):
		p.kill()
		return fmt.Errorf("%s did not end within %s of SIGTERM", p.name, stopLimit)
	}
}

// tail is the end of what the process wrote.
func (p *process) tail() string {
	const most = 12_000
	raw, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	if len(raw) > most {
		raw = raw[len(raw)-most:]
	}
	return string(raw)
}

// run is one call of the program that is expected to end by itself.
func run(t testing.TB, env []string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &errs
	cmd.WaitDelay = stopLimit
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) {
		require.NoError(t, err, "tariffd %v", args)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// poll looks until there is nothing left to wait for, or one of the processes that it depends on has ended.
func poll(what string, ready func() error, alive ...*process) error {
	deadline := time.Now().Add(patience)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		for _, p := range alive {
			if !p.running() {
				return fmt.Errorf("%s: %s ended (%s) and said\n%s", what, p.name, fmt.Sprint(p.err), p.tail())
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %w", what, err)
		}
		<-time.After(tick)
	}
}

// eventually is poll for a test's own goroutine.
func eventually(t testing.TB, what string, ready func() error) {
	t.Helper()
	require.NoError(t, poll(what, ready))
}
