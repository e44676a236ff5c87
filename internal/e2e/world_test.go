package e2e

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// begin is where the frozen clock of every world starts.
const begin = "2026-03-01T00:00:00Z"

// world is one installation: a data directory, the simulated panels, the server and its PostgreSQL.
type world struct {
	t      testing.TB
	dir    string // data directory
	url    string // of the API
	panels *panels
	secret string // the administrator's key
	admin  *caller
	serve  *process
	boxes  *process // the simulated panels
	extra  []string // further settings
	as     *syscall.Credential

	programs string // folder from which programs can be run
}

// newWorld starts an installation with a frozen clock and takes it down with the test.
func newWorld(t testing.TB, extra ...string) *world {
	t.Helper()
	w := bareWorld(t, extra...)
	empty, err := prototype()
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), "cp", "-a", empty, filepath.Join(w.dir, "postgres")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, w.startPanels())
	require.NoError(t, w.start())
	return w
}

// bareWorld has a place and settings, but nothing runs yet.
func bareWorld(t testing.TB, extra ...string) *world {
	t.Helper()
	// Not t.TempDir: its long path would not leave room for PostgreSQL's socket.
	root, err := os.MkdirTemp(ground(), "tariffd-e2e-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(root, 0o755))
	w := &world{t: t, dir: filepath.Join(root, "var"), extra: extra, secret: "tfd_" + random(20)}
	require.NoError(t, os.Mkdir(w.dir, 0o700))
	w.programs, err = os.MkdirTemp("", "tariffd-e2e-programs-")
	require.NoError(t, err)
	w.url = "http://" + freeAddress(t)
	w.panels = &panels{t: t, url: "http://" + freeAddress(t)}
	w.admin = &caller{t: t, url: w.url, key: w.secret}
	t.Cleanup(func() { w.end(root) })
	return w
}

// environment is all that a child gets to know: the tests' own surroundings must not decide what they prove.
func (w *world) environment() []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(w.dir), "TMPDIR=" + os.TempDir(),
		"TARIFFD_DATA_DIR=" + w.dir,
		"TARIFFD_LISTEN=" + strings.TrimPrefix(w.url, "http://"),
		"TARIFFD_PANELS_LISTEN=" + strings.TrimPrefix(w.panels.url, "http://"),
		"TARIFFD_PANELS_DELAY=10m",
		"TARIFFD_SANDBOX=true", "TARIFFD_SANDBOX_CLOCK=frozen", "TARIFFD_SANDBOX_NOW=" + begin,
	}
	if w.secret != "" {
		env = append(env, "TARIFFD_ADMIN_KEY="+w.secret)
	}
	for _, setting := range w.extra {
		name, _, _ := strings.Cut(setting, "=")
		env = slices.DeleteFunc(env, func(known string) bool { return strings.HasPrefix(known, name+"=") })
		env = append(env, setting)
	}
	return env
}

func (w *world) startPanels() (err error) {
	w.boxes, err = launch("panels", w.dir+".panels.log", w.environment(), w.as, "panels")
	if err != nil {
		return err
	}
	return answers(w.boxes, w.panels.url+"/healthz")
}

// start runs the server and waits until it is ready.
func (w *world) start() error { return w.startAs("serve", "--migrate") }

// startAs runs the server with other arguments. It does not fail the test, because crash tests start servers from beside.
func (w *world) startAs(args ...string) (err error) {
	w.serve, err = launch("serve", w.dir+".serve.log", w.environment(), w.as, args...)
	if err != nil {
		return err
	}
	return answers(w.serve, w.url+"/readyz")
}

func answers(p *process, url string) error {
	return poll(p.name+" at "+url, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %s", res.Status)
		}
		return nil
	}, p)
}

// killPostgres ends the database server without warning, by the number that it wrote down.
func (w *world) killPostgres() error {
	pid, _, err := w.postgres()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	return poll("PostgreSQL's end", func() error {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) && !zombie(pid) {
			return fmt.Errorf("process %d is there", pid)
		}
		return nil
	})
}

// postgres is the database server's process and the address of the database, which only the owner of the folder can reach.
func (w *world) postgres() (pid int, address string, err error) {
	raw, err := os.ReadFile(filepath.Join(w.dir, "postgres", "postmaster.pid"))
	if err != nil {
		return 0, "", err
	}
	lines := strings.Split(string(raw), "\n")
	if len(lines) < 5 {
		return 0, "", errors.New("postmaster.pid is not complete")
	}
	if pid, err = strconv.Atoi(strings.TrimSpace(lines[0])); err != nil {
		return 0, "", err
	}
	query := url.Values{"host": {strings.TrimSpace(lines[4])}, "port": {strings.TrimSpace(lines[3])}, "user": {"tariffd"}, "sslmode": {"disable"}}
	return pid, "postgres:///tariffd?" + query.Encode(), nil
}

// zombie tells whether a process has ended and is only not yet buried, which nobody may do in a container without init.
func zombie(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(raw), ") ")
	return strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X")
}

// end takes the installation down; a failed test shows what its processes wrote.
func (w *world) end(root string) {
	for _, p := range []*process{w.serve, w.boxes} {
		if p == nil {
			continue
		}
		if err := p.stop(); err != nil {
			w.t.Error(err)
		}
		if w.t.Failed() {
			w.t.Logf("--- %s\n%s", p.name, p.tail())
		}
	}
	if pid, _, err := w.postgres(); err == nil && w.ownPostgres(pid) {
		_ = syscall.Kill(pid, syscall.SIGQUIT) // a crash test's server was killed and could not take its database along
		_ = poll("PostgreSQL's end", func() error {
			if syscall.Kill(pid, 0) == nil && !zombie(pid) {
				return fmt.Errorf("process %d is there", pid)
			}
			return nil
		})
	}
	_ = os.RemoveAll(root)
	_ = os.RemoveAll(w.programs)
}

// ownPostgres guards against a number that was given to another process in the meantime.
func (w *world) ownPostgres(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.Contains(string(raw), filepath.Join(w.dir, "postgres"))
}

// Addresses below the range from which outgoing connections take theirs: a child that is killed and started again finds its
// own still free. Every test process begins somewhere else.
const firstPort, ports = 10000, 20000

var nextPort atomic.Uint32

// freeAddress is an address where nobody listens and that no other test of this process was given.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range ports {
		port := firstPort + (uint32(os.Getpid())*97+nextPort.Add(1))%ports
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			require.NoError(t, l.Close())
			return l.Addr().String()
		}
	}
	require.FailNow(t, "no free port")
	return ""
}

// random is n random bytes in letters and digits.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// shell runs a command of the program on the installation.
func (w *world) shell(args ...string) (stdout, stderr string, exit int) {
	w.t.Helper()
	return run(w.t, w.environment(), args...)
}
