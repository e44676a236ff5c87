package bench

import (
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"
	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq" // the driver of the comparators
	"github.com/stretchr/testify/require"
)

// installation is one data directory and the program that serves it.
type installation struct {
	dir    string
	listen string
	panels string
	key    string // the administrator's
	env    []string
	serve  *process
	boxes  *process // the simulated panels
	db     *sqlx.DB // set by connect
}

// newInstallation has a place and settings, but nothing runs yet. It is an installation as in production, unless settings
// say otherwise.
func newInstallation(b *testing.B, settings ...string) *installation {
	b.Helper()
	// Not b.TempDir: its long path would not leave room for PostgreSQL's socket.
	root, err := os.MkdirTemp("", "tariffd-bench-")
	require.NoError(b, err)
	in := &installation{dir: filepath.Join(root, "var"), listen: freeAddress(b), panels: freeAddress(b), key: "tfd_" + random(20)}
	require.NoError(b, os.Mkdir(in.dir, 0o700))
	b.Cleanup(func() { in.end(root) })
	sealing, err := age.GenerateX25519Identity()
	require.NoError(b, err)
	in.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + root, "TMPDIR=" + os.TempDir(), "TARIFFD_DATA_DIR=" + in.dir, "TARIFFD_LISTEN=" + in.listen,
		"TARIFFD_PANELS_LISTEN=" + in.panels, "TARIFFD_ADMIN_KEY=" + in.key, "TARIFFD_SECRET_KEY=" + sealing.String(),
	}, settings...)
	return in
}

// start runs the server and waits until it is ready.
func (in *installation) start(b *testing.B, flags ...string) *installation {
	b.Helper()
	path, err := binary()
	require.NoError(b, err)
	in.serve = launch(b, in.dir+".serve.log", in.env, path, append([]string{"serve", "--migrate"}, flags...)...)
	in.serve.await(b, "http://"+in.listen+"/readyz")
	return in
}

// startPanels runs the simulated panels.
func (in *installation) startPanels(b *testing.B) *installation {
	b.Helper()
	path, err := binary()
	require.NoError(b, err)
	in.boxes = launch(b, in.dir+".panels.log", in.env, path, "panels")
	in.boxes.await(b, "http://"+in.panels+"/healthz")
	return in
}

// stop ends what runs before the benchmark does, so that the next round has the machine for itself.
func (in *installation) stop(b *testing.B) {
	b.Helper()
	in.serve.end(b)
	in.boxes.end(b)
}

func (in *installation) admin(b *testing.B) *caller {
	return &caller{b: b, url: "http://" + in.listen, key: in.key}
}

// connect opens the installation's database from beside, for data and comparators.
func (in *installation) connect(b *testing.B) *installation {
	b.Helper()
	db, err := sqlx.Connect("postgres", in.databaseURL(b))
	require.NoError(b, err)
	b.Cleanup(func() { _ = db.Close() })
	in.db = db
	for setting, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"} {
		var have string
		require.NoError(b, db.Get(&have, "SHOW "+setting))
		require.Equal(b, want, have, "figures are of a database that keeps what it confirms: %s", setting)
	}
	return in
}

// socket is where PostgreSQL wrote down that it listens.
func (in *installation) socket(b *testing.B) (host, port string) {
	b.Helper()
	raw, err := os.ReadFile(filepath.Join(in.dir, "postgres", "postmaster.pid"))
	require.NoError(b, err)
	lines := strings.Split(string(raw), "\n")
	require.GreaterOrEqual(b, len(lines), 5, "postmaster.pid is complete")
	return strings.TrimSpace(lines[4]), strings.TrimSpace(lines[3])
}

func (in *installation) databaseURL(b *testing.B) string {
	b.Helper()
	host, port := in.socket(b)
	return "postgres:///tariffd?" + url.Values{"host": {host}, "port": {port}, "user": {"tariffd"}, "sslmode": {"disable"}}.Encode()
}

// run is one statement from beside.
func (in *installation) run(b *testing.B, query string, args ...any) {
	b.Helper()
	_, err := in.db.Exec(query, args...)
	require.NoError(b, err, "%s", query)
}

// end runs when the server has stopped, and its PostgreSQL with it, unless something went badly wrong.
func (in *installation) end(root string) {
	raw, err := os.ReadFile(filepath.Join(in.dir, "postgres", "postmaster.pid"))
	if err == nil {
		first, _, _ := strings.Cut(string(raw), "\n")
		pid, _ := strconv.Atoi(first)
		command, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		if err == nil && strings.Contains(string(command), in.dir) {
			_ = syscall.Kill(pid, syscall.SIGQUIT)
		}
	}
	_ = os.RemoveAll(root)
}

// binaries is the folder of PostgreSQL's own tools, which is that of the running server.
func (in *installation) binaries(b *testing.B) string {
	b.Helper()
	raw, err := os.ReadFile(filepath.Join(in.dir, "postgres", "postmaster.pid"))
	require.NoError(b, err)
	first, _, _ := strings.Cut(string(raw), "\n")
	path, err := os.Readlink("/proc/" + first + "/exe")
	require.NoError(b, err)
	return filepath.Dir(path)
}

// without is the environment less one setting.
func without(env []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(pair string) bool { return strings.HasPrefix(pair, name+"=") })
}

// random is n random bytes in letters and digits.
func random(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw)
	return hex.EncodeToString(raw)
}
