package embedpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// logLimit is the size above which the log begins anew at the next start.
	logLimit = 16 << 20
	// orphanRetries × orphanPause is how long a start waits for the last
	// processes of a killed server to let go of its memory.
	orphanRetries = 50
	orphanPause   = 100 * time.Millisecond
)

// errStillHeld is a start refused because remains of another server hold the
// cluster; it passes by itself.
var errStillHeld = errors.New("the cluster is still held by an earlier server")

// launch starts the server process and waits until it answers; it says whether
// the database has yet to be created.
func (c *cluster) launch(ctx context.Context, bin binaries, who account, at address) (missing bool, err error) {
	for range orphanRetries {
		missing, err = c.launchOnce(ctx, bin, who, at)
		if !errors.Is(err, errStillHeld) || pause(ctx, orphanPause) != nil {
			break
		}
	}
	if err != nil {
		return false, fmt.Errorf("embedded PostgreSQL: start: %w", err)
	}
	return missing, nil
}

func (c *cluster) launchOnce(ctx context.Context, bin binaries, who account, at address) (bool, error) {
	logged, err := c.openLog()
	if err != nil {
		return false, err
	}
	defer logged.Close()
	from, err := logged.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	// Not exec.CommandContext: the server outlives the caller's context, and
	// the caller.
	cmd := exec.Command(bin.postgres(), append([]string{"-D", c.data()}, c.settings(at)...)...)
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = logged, logged
	cmd.SysProcAttr = who.attributes()
	// A session of its own keeps the terminal's Ctrl-C away from it.
	cmd.SysProcAttr.Setsid = true
	if err := cmd.Start(); err != nil {
		return false, err
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	st, err := awaitAnswer(ctx, at, gone)
	if err != nil {
		_ = cmd.Process.Signal(unix.SIGQUIT)
		tail := c.logSince(from)
		if strings.Contains(tail, "pre-existing shared memory block") || strings.Contains(tail, "lock file \"") {
			err = fmt.Errorf("%w: %w", errStillHeld, err)
		}
		return false, fmt.Errorf("%w; %s says:\n%s", err, c.logFile(), tail)
	}
	c.log.Info("embedded PostgreSQL started", "dir", c.data(), "pid", cmd.Process.Pid, "version", bin.major, "as", who.name)
	return st == answersWithoutDatabase, nil
}

// awaitAnswer waits for the server's first answer or its early end.
func awaitAnswer(ctx context.Context, at address, gone <-chan error) (state, error) {
	for {
		st, err := probe(ctx, at)
		if err != nil || st == answers || st == answersWithoutDatabase {
			return st, err
		}
		select {
		case err := <-gone:
			return silent, fmt.Errorf("the server ended at once: %w", err)
		default:
		}
		if err := pause(ctx, tick); err != nil {
			return silent, fmt.Errorf("no answer from the server: %w", err)
		}
	}
}

// settings are given on the command line, so that they follow the program and
// not the day on which the cluster was made.
func (c *cluster) settings(at address) []string {
	set := map[string]string{
		"listen_addresses":        "",
		"port":                    strconv.Itoa(at.port),
		"unix_socket_directories": at.socketDir,
		"unix_socket_permissions": "0700",
		"shared_buffers":          "64MB",
		"max_connections":         "60",
		"jit":                     "off",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"lc_messages":             "C",
		"logging_collector":       "off",
		"log_checkpoints":         "off",
	}
	if c.o.Port != 0 {
		set["listen_addresses"] = "127.0.0.1"
	}
	if c.o.Fast {
		set["fsync"] = "off"
		set["synchronous_commit"] = "off"
		set["full_page_writes"] = "off"
	}
	for name, value := range c.o.Settings {
		set[name] = value
	}
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	sort.Strings(names)
	args := make([]string, 0, 2*len(names))
	for _, name := range names {
		args = append(args, "-c", name+"="+set[name])
	}
	return args
}

// environment is all the server and initdb see: neither the program's secrets
// nor PG… variables that would redirect them.
func environment() []string {
	env := []string{"LC_ALL=C"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

func (c *cluster) openLog() (*os.File, error) {
	if info, err := os.Stat(c.logFile()); err == nil && info.Size() > logLimit {
		_ = os.Rename(c.logFile(), c.logFile()+".1")
	}
	return os.OpenFile(c.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

// logSince is the last of what was logged after byte from.
func (c *cluster) logSince(from int64) string {
	f, err := os.Open(c.logFile())
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	text, _ := io.ReadAll(io.NewSectionReader(f, from, 8<<10))
	return strings.TrimSpace(string(text))
}

// stop ends the server on this cluster, if there is one: first the orderly
// way, which writes everything out, then by force.
func (c *cluster) stop() error {
	for _, step := range []struct {
		signal unix.Signal
		limit  time.Duration
	}{{unix.SIGINT, stopLimit}, {unix.SIGQUIT, stopLimit / 5}} {
		pid, _, found := readPidFile(c.data())
		if !found || !serves(pid, c.data()) {
			return nil
		}
		if err := unix.Kill(pid, step.signal); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("embedded PostgreSQL: stop process %d: %w", pid, err)
		}
		if awaitEnd(pid, c.data(), step.limit) {
			c.log.Info("embedded PostgreSQL stopped", "dir", c.data())
			return nil
		}
	}
	return fmt.Errorf("embedded PostgreSQL: the server on %s does not stop", c.data())
}

func awaitEnd(pid int, data string, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for serves(pid, data) {
		if pause(ctx, tick) != nil {
			return false
		}
	}
	return true
}

// pidFile is PostgreSQL's own note of who serves a cluster and where.
func pidFile(data string) string { return filepath.Join(data, "postmaster.pid") }

// readPidFile reads the process and the address; found is false where the file
// is absent or not yet written to the end.
func readPidFile(data string) (pid int, at address, found bool) {
	text, err := os.ReadFile(pidFile(data))
	if err != nil {
		return 0, address{}, false
	}
	lines := strings.Split(string(text), "\n")
	pid, err = strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || len(lines) < 5 {
		return pid, address{}, false
	}
	port, err := strconv.Atoi(strings.TrimSpace(lines[3]))
	if err != nil {
		return pid, address{}, false
	}
	return pid, address{socketDir: strings.TrimSpace(lines[4]), port: port}, true
}

// disownStalePid deals with a dead server's number that now belongs to some
// other process, usual after a container restarts. PostgreSQL would take that
// process for its predecessor. The file is kept, because it also names the
// shared memory by which surviving workers are noticed; the number becomes
// that of this process, which PostgreSQL, as our child, ignores.
func (c *cluster) disownStalePid() error {
	text, err := os.ReadFile(pidFile(c.data()))
	if err != nil {
		return nil //nolint:nilerr // no file is the usual, healthy case
	}
	lines := strings.SplitN(string(text), "\n", 2)
	pid, _ := strconv.Atoi(strings.TrimSpace(lines[0]))
	if !exists(pid) {
		return nil
	}
	c.log.Warn("embedded PostgreSQL: stale postmaster.pid names another process", "dir", c.data(), "pid", pid)
	lines[0] = strconv.Itoa(os.Getpid())
	if err := os.WriteFile(pidFile(c.data()), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		return fmt.Errorf("embedded PostgreSQL: stale postmaster.pid: %w", err)
	}
	if _, at, found := readPidFile(c.data()); found {
		_ = os.Remove(filepath.Join(at.socketDir, socketName+strconv.Itoa(at.port)+".lock"))
	}
	return nil
}

func exists(pid int) bool {
	return pid > 0 && !errors.Is(unix.Kill(pid, 0), unix.ESRCH)
}

// serves says whether pid is a living server of this cluster, and not another
// process that got its number, nor one that has ended but is not yet reaped.
func serves(pid int, data string) bool {
	if !exists(pid) {
		return false
	}
	if _, err := os.Stat("/proc/self/cwd"); err == nil {
		// A server works in its cluster; an unreaped one works nowhere.
		cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
		return err == nil && cwd == data
	}
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), data)
}
