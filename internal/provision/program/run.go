package program

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tariffd/tariffd/internal/provision"
)

// Run is one start of a program.
type Run struct {
	Path  string
	Args  []string // no secret: others can read them
	Stdin []byte   // what the program is told, secrets included
	// Key names what only one program at a time may work on; empty: anything.
	Key     string
	Timeout time.Duration
	// Prepare puts further things into the folder bin, which stands first on PATH, and may add to the environment. The
	// function that it returns is called when the program has ended. Nil: there is nothing to prepare.
	Prepare func(f Folder) (env []string, stop func(), err error)
}

// Folder is the private place of one run.
type Folder struct {
	Root string // short enough for a socket in it
	Bin  string
}

// Result is what a program left.
type Result struct {
	Stdout []byte
	Stderr string // its end
	Exit   int    // -1: a signal ended it
}

const (
	mostStdout = 1 << 20
	mostStderr = 16 << 20
	tailStderr = 16 << 10 // more than is ever shown and a secret together, so that no half of one is shown
	// closePause is how long the outputs may stay open when all processes of the group are gone.
	closePause = time.Second
	// A program that is just being written cannot be started; that passes.
	busyTries = 100
	busyPause = 10 * time.Millisecond
)

// What ends a program early.
var (
	errTooLong = errors.New("it did not end in time")
	errTooMuch = errors.New("it printed too much")
)

// Do runs the program to its end, or to that of its time or ctx. What it printed and its status are not judged here. Failures
// are Unavailable; they are Unsure where the program had been started.
func (r Run) Do(ctx context.Context) (Result, error) {
	name := filepath.Base(r.Path)
	if ctx.Err() != nil {
		return Result{}, provision.NewUnavailable(ctx.Err(), "the program %s was not started", name)
	}
	if err := Inspect(r.Path); err != nil {
		return Result{}, err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	timed, stopTimer := context.WithTimeoutCause(ctx, r.Timeout, errTooLong)
	defer stopTimer()
	f, err := enter(timed, r.Key)
	switch {
	case err != nil && timed.Err() != nil:
		return Result{}, Unsure(err, "an earlier run of the program %s for this service has not ended", name)
	case err != nil:
		return Result{}, provision.NewUnavailable(err, "the program %s has nowhere to work", name)
	}
	defer f.leave()
	return r.within(timed, end, f)
}

// within prepares the folder, starts the program and waits for it.
func (r Run) within(ctx context.Context, end context.CancelCauseFunc, f folder) (Result, error) {
	name := filepath.Base(r.Path)
	place := Folder{Root: f.path, Bin: filepath.Join(f.path, "bin")}
	work := filepath.Join(f.path, "work")
	if err := errors.Join(os.Mkdir(place.Bin, 0o700), os.Mkdir(work, 0o700)); err != nil {
		return Result{}, provision.NewUnavailable(err, "the program %s has nowhere to work", name)
	}
	env := []string{
		"PATH=" + place.Bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" + work, "TMPDIR=" + work, "PWD=" + work, "LANG=C.UTF-8", "TZ=UTC",
	}
	if r.Prepare != nil {
		more, stop, err := r.Prepare(place)
		if err != nil {
			return Result{}, provision.NewUnavailable(err, "the program %s has nowhere to work", name)
		}
		defer stop()
		env = append(env, more...)
	}
	stdout := &capped{most: mostStdout, keep: mostStdout, over: func() { end(errTooMuch) }}
	stderr := &capped{most: mostStderr, keep: tailStderr, over: func() { end(errTooMuch) }}
	started, err := r.start(ctx, work, env, f.lock, stdout, stderr)
	switch cause := context.Cause(ctx); {
	case !started:
		return Result{}, provision.NewUnavailable(errors.Join(err, cause), "the program %s could not be started", name)
	case cause != nil:
		return Result{}, Unsure(cause, "the program %s was ended: %s", name, why(cause))
	}
	result := Result{Stdout: stdout.kept, Stderr: string(bytes.ToValidUTF8(stderr.kept, []byte("?")))}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		result.Exit = exit.ExitCode()
	case err != nil:
		return Result{}, Unsure(err, "the program %s left its output open", name)
	}
	return result, nil
}

func why(cause error) string {
	if errors.Is(cause, errTooLong) || errors.Is(cause, errTooMuch) {
		return cause.Error()
	}
	return "the work was given up"
}

// start runs the program in a group of its own until nothing of the group is left.
func (r Run) start(ctx context.Context, work string, env []string, lock *os.File, stdout, stderr *capped) (started bool, err error) {
	// The kernel ends the program with the thread that started it, so this thread stays until then.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range busyTries {
		cmd := exec.CommandContext(ctx, r.Path, r.Args...)
		cmd.Dir, cmd.Env = work, env
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(r.Stdin), stdout, stderr
		cmd.ExtraFiles = []*os.File{lock}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		cmd.Cancel = func() error { return endGroup(cmd.Process.Pid) }
		cmd.WaitDelay = closePause
		err = cmd.Start()
		if errors.Is(err, unix.ETXTBSY) && pause(ctx) {
			continue
		}
		if err != nil {
			return false, err
		}
		awaitExit(cmd.Process.Pid)
		_ = endGroup(cmd.Process.Pid) // an empty group is what we want
		return true, cmd.Wait()
	}
	return false, err
}

// awaitExit waits until a process has ended and leaves its number taken, so that its group can still be named without
// meeting somebody else's.
func awaitExit(pid int) {
	for {
		var info unix.Siginfo
		if err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT, nil); !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

func endGroup(leader int) error { return syscall.Kill(-leader, syscall.SIGKILL) }

func pause(ctx context.Context) bool {
	timer := time.NewTimer(busyPause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// capped keeps the end of what is written and calls over, once, when it is too much; then it goes on swallowing, so that
// nobody waits for a reader.
type capped struct {
	most, keep int
	kept       []byte
	seen       int
	over       func()
}

func (c *capped) Write(p []byte) (int, error) {
	before := c.seen
	c.seen += len(p)
	if before <= c.most && c.seen > c.most {
		c.over()
	}
	c.kept = append(c.kept, p...)
	if extra := len(c.kept) - c.keep; extra > 0 {
		c.kept = append(c.kept[:0], c.kept[extra:]...)
	}
	return len(p), nil
}
