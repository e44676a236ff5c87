package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnknownSettingIsRefused(t *testing.T) {
	t.Parallel()
	w := bareWorld(t, "TARIFFD_LISTEM=127.0.0.1:1")
	for _, command := range [][]string{{"serve", "--migrate"}, {"worker"}, {"migrate", "up"}, {"keys", "list"}, {"panels"}} {
		_, stderr, exit := w.shell(command...)
		require.NotZero(t, exit, command)
		require.Contains(t, stderr, "TARIFFD_LISTEM", command)
	}
	entries, err := os.ReadDir(w.dir)
	require.NoError(t, err)
	require.Empty(t, entries, "nothing was touched")
}

func TestOlderSchemaIsNotServed(t *testing.T) {
	t.Parallel()
	w := bareWorld(t)
	_, stderr, exit := w.shell("serve")
	require.Equal(t, 1, exit)
	require.Contains(t, stderr, "migrate", "it says what to do")
	_, stderr, exit = w.shell("worker")
	require.Equal(t, 1, exit)
	require.Contains(t, stderr, "migrate")

	stdout, stderr, exit := w.shell("migrate", "up")
	require.Zero(t, exit, stderr)
	require.Contains(t, stdout, "current")
	stdout, _, exit = w.shell("migrate", "status")
	require.Zero(t, exit)
	require.Contains(t, stdout, "current")

	require.NoError(t, w.startAs("serve"))
	require.Equal(t, "admin", w.admin.get("/v1/me").is(http.StatusOK).text("role"))
}

func TestTwoInstallationsDoNotMeet(t *testing.T) {
	t.Parallel()
	one, two := newWorld(t), newWorld(t)
	one.admin.post("/v1/data-centers", map[string]any{"name": "Here"}).is(http.StatusCreated)
	one.admin.put("/v1/sandbox/clock", map[string]any{"now": "2026-03-02T00:00:00Z"}).is(http.StatusOK)
	require.Empty(t, two.admin.all("/v1/data-centers"))
	require.Equal(t, begin, two.admin.get("/v1/sandbox/clock").is(http.StatusOK).text("now"))
	stranger := &caller{t: t, url: two.url, key: one.secret}
	stranger.get("/v1/me").refused(http.StatusUnauthorized, "unauthorized")
}

// Two processes on one data directory are one installation: they find the same database, and any of them moves the clock.
func TestTwoProcessesAreOneInstallation(t *testing.T) {
	t.Parallel()
	one := newWorld(t)
	other := *one
	other.url = "http://" + freeAddress(t)
	other.admin = &caller{t: t, url: other.url, key: one.secret}
	require.NoError(t, other.startAs("serve", "--workers=false"))
	t.Cleanup(func() { require.NoError(t, other.serve.stop()) })
	one.admin.post("/v1/data-centers", map[string]any{"name": "Here"}).is(http.StatusCreated)
	require.Len(t, other.admin.all("/v1/data-centers"), 1)
	other.admin.put("/v1/sandbox/clock", map[string]any{"now": "2026-03-03T00:00:00Z"}).is(http.StatusOK)
	require.Equal(t, "2026-03-03T00:00:00Z", one.admin.get("/v1/sandbox/clock").is(http.StatusOK).text("now"))
	one.admin.put("/v1/sandbox/clock", map[string]any{"now": "2026-03-02T00:00:00Z"}).refused(http.StatusUnprocessableEntity, "clock_backwards")

	// The database stays as long as somebody uses it.
	require.NoError(t, one.serve.stop())
	require.Len(t, other.admin.all("/v1/data-centers"), 1)
	pid, _, err := other.postgres()
	require.NoError(t, err)
	require.NoError(t, other.serve.stop())
	eventually(t, "PostgreSQL's end", func() error {
		if syscall.Kill(pid, 0) == nil && !zombie(pid) {
			return fmt.Errorf("process %d is there", pid)
		}
		return nil
	})
}

func TestKilledServerLeavesItsDatabaseToTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, _, err := w.postgres()
	require.NoError(t, err)
	id := w.admin.post("/v1/data-centers", map[string]any{"name": "Here"}).is(http.StatusCreated).text("id")
	w.serve.kill()
	require.NoError(t, w.start())
	after, _, err := w.postgres()
	require.NoError(t, err)
	require.Equal(t, before, after, "the running database is taken over")
	w.admin.get("/v1/data-centers/" + id).is(http.StatusOK)

	w.serve.kill()
	require.NoError(t, w.killPostgres())
	require.NoError(t, w.start())
	w.admin.get("/v1/data-centers/" + id).is(http.StatusOK)
}

func TestKeysFromTheShell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stdout, stderr, exit := w.shell("keys", "create", "--name", "by hand")
	require.Zero(t, exit, stderr)
	key := &caller{t: t, url: w.url, key: strings.TrimSpace(stdout)}
	me := key.get("/v1/me").is(http.StatusOK)
	require.Equal(t, "by hand", me.text("name"))

	stdout, stderr, exit = w.shell("keys", "list")
	require.Zero(t, exit, stderr)
	require.Contains(t, stdout, me.text("key_id"))
	require.NotContains(t, stdout, key.key, "a key is shown once")
	require.NotContains(t, stdout, w.secret)

	_, stderr, exit = w.shell("keys", "revoke", me.text("key_id"))
	require.Zero(t, exit, stderr)
	eventually(t, "the key's end", func() error {
		if a := key.get("/v1/me"); a.status != http.StatusUnauthorized {
			return fmt.Errorf("%s", a)
		}
		return nil
	})
	_, stderr, exit = w.shell("keys", "create", "--name", "shop", "--role", "storefront")
	require.NotZero(t, exit, "a storefront's key needs a provider")
	require.Contains(t, stderr, "provider")
	_, _, exit = w.shell("keys", "revoke", "01957f0e-8b44-7f60-8e2d-1a9c7b5d3f08")
	require.NotZero(t, exit)
}

func TestFirstAdminKeyIsTheConfiguredOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, "admin", w.admin.get("/v1/me").is(http.StatusOK).text("role"))
	require.NoFileExists(t, filepath.Join(w.dir, "admin.key"))
	require.NotContains(t, w.serve.tail(), w.secret, "settings are printed with secrets masked")
	require.NoError(t, w.serve.stop())

	// An installation that has an admin key does not take another one from the environment.
	w.secret = "tfd_" + random(20)
	require.NoError(t, w.start())
	late := &caller{t: t, url: w.url, key: w.secret}
	late.get("/v1/me").refused(http.StatusUnauthorized, "unauthorized")
	w.admin.get("/v1/me").is(http.StatusOK)
}

func TestAdminKeyIsMadeWhereNoneIsConfigured(t *testing.T) {
	t.Parallel()
	w := bareWorld(t)
	w.secret = ""
	require.NoError(t, w.start())
	path := filepath.Join(w.dir, "admin.key")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	w.admin.key = strings.TrimSpace(string(raw))
	require.Regexp(t, regexp.MustCompile(`^tfd_[A-Za-z0-9_]{32,}$`), w.admin.key)
	require.Equal(t, "admin", w.admin.get("/v1/me").is(http.StatusOK).text("role"))
	require.NotContains(t, w.serve.tail(), w.admin.key)

	require.NoError(t, w.serve.stop())
	require.NoError(t, w.start())
	w.admin.get("/v1/me").is(http.StatusOK)
}

// PostgreSQL does not run as root. The other tests show what the program does about it when they run as root; this one, that
// an ordinary user needs nothing of it.
func TestOrdinaryUserRunsIt(t *testing.T) {
	t.Parallel()
	w := bareWorld(t)
	if os.Geteuid() == 0 {
		const nobody = 65534
		require.NoError(t, os.Chown(w.dir, nobody, nobody))
		w.as = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	require.NoError(t, w.startPanels())
	require.NoError(t, w.start())
	w.admin.post("/v1/data-centers", map[string]any{"name": "Here"}).is(http.StatusCreated)
	w.serve.kill()
	require.NoError(t, w.start())
	require.Len(t, w.admin.all("/v1/data-centers"), 1)
}

// Outside the sandbox a key for panel passwords must be given, and time is nobody's to move.
func TestOutsideTheSandbox(t *testing.T) {
	t.Parallel()
	w := bareWorld(t, "TARIFFD_SANDBOX=false")
	_, stderr, exit := w.shell("serve", "--migrate")
	require.Equal(t, 1, exit)
	require.Contains(t, stderr, "TARIFFD_SECRET_KEY")

	sandbox := bareWorld(t)
	require.NoError(t, sandbox.start())
	w.extra = append(w.extra, "TARIFFD_SECRET_KEY_FILE="+filepath.Join(sandbox.dir, "secret.key"))
	require.NoError(t, w.start())
	w.admin.get("/v1/sandbox/clock").refused(http.StatusNotFound, "not_found")
	w.admin.put("/v1/sandbox/clock", map[string]any{"now": "2030-01-01T00:00:00Z"}).refused(http.StatusNotFound, "not_found")
}

func TestBillingZoneDoesNotMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "TARIFFD_BILLING_ZONE=Europe/Berlin")
	require.NoError(t, w.serve.stop())
	w.extra = []string{"TARIFFD_BILLING_ZONE=UTC"}
	_, stderr, exit := w.shell("serve")
	require.Equal(t, 1, exit)
	require.Contains(t, stderr, "Europe/Berlin")
}
