package bench

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// patience bounds every wait for something to come up or to end.
	patience = 60 * time.Second
	tick     = 5 * time.Millisecond
)

// process is a running child, in a process group of its own.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
}

// launch starts a child that sees no more of the surroundings than env; it ends with the benchmark.
func launch(b *testing.B, log string, env []string, path string, args ...string) *process {
	b.Helper()
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(b, err)
	defer out.Close()
	p := &process{name: path, log: log, cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(b, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	b.Cleanup(func() { p.end(b) })
	return p
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// end asks the child to stop, in order; one that does not listen is killed with all that it started.
func (p *process) end(b *testing.B) {
	b.Helper()
	if p.running() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(patience):
			_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
			<-p.done
			b.Errorf("%s did not end within %s of SIGTERM", p.name, patience)
		}
	}
	if b.Failed() {
		b.Logf("--- %s\n%s", p.name, tail(p.log))
	}
}

func tail(file string) string {
	const most = 4000
	raw, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-most):])
}

// await waits until a URL answers 200 and returns how long that took.
func (p *process) await(b *testing.B, url string) time.Duration {
	b.Helper()
	begun := time.Now()
	eventually(b, url, func() error {
		if !p.running() {
			require.FailNow(b, p.name+" ended", tail(p.log))
		}
		res, err := http.Get(url)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return errors.New(res.Status)
		}
		return nil
	})
	return time.Since(begun)
}

// eventually looks again and again until there is nothing left to wait for.
func eventually(b *testing.B, what string, ready func() error) {
	b.Helper()
	for deadline := time.Now().Add(patience); ; {
		err := ready()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			require.NoError(b, fmt.Errorf("%s: %w", what, err))
		}
		time.Sleep(tick)
	}
}

func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer l.Close()
	return l.Addr().String()
}

// burned is the processor time that the child has used so far.
func (p *process) burned(b *testing.B) time.Duration {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	require.NoError(b, err)
	// The name in brackets may hold anything; user and system time are the 12th and 13th after it.
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	const user, system, tick = 11, 12, 10 * time.Millisecond
	ticks := 0
	for _, at := range []int{user, system} {
		n, err := strconv.Atoi(fields[at])
		require.NoError(b, err)
		ticks += n
	}
	return time.Duration(ticks) * tick
}
