package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/config"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/secret"
)

// settings are those of a sandbox with a database and a data directory of its own; lines override them.
func settings(t *testing.T, url string, lines ...string) config.Config {
	t.Helper()
	environment := []string{"TARIFFD_SANDBOX=true", "TARIFFD_DATABASE_URL=" + url, "TARIFFD_DATA_DIR=" + t.TempDir()}
	c, err := config.Load(append(environment, lines...))
	require.NoError(t, err)
	return c
}

func opened(t *testing.T, c config.Config) *App {
	t.Helper()
	a, err := Open(t.Context(), c, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

func TestEveryPieceOfTheEdgeIsHandedOver(t *testing.T) {
	t.Parallel()
	a := opened(t, settings(t, pgtest.URL(t)))
	s := reflect.ValueOf(a.server(a.checks(Serving{}), movable{})).Elem()
	for i := range s.NumField() {
		f := s.Type().Field(i)
		switch {
		case !f.IsExported(), f.Name == "Origins", f.Name == "TrustedProxies", f.Name == "MetricsApart":
			continue // what the edge sets itself, and settings that may be empty
		}
		require.False(t, s.Field(i).IsZero(), "httpapi.Server.%s is not set", f.Name)
	}
}

func TestOldSchemaIsRefusedUnlessMigrated(t *testing.T) {
	t.Parallel()
	a := opened(t, settings(t, pgtest.URL(t)))
	// As if a program that knows one migration more came along.
	_, err := a.DB.Pool().Exec(`DROP TRIGGER operation_notify ON operation`)
	require.NoError(t, err)
	_, err = a.DB.Pool().Exec(`DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
	require.NoError(t, err)
	require.ErrorIs(t, a.Prepare(t.Context(), false), ErrOldSchema)
}

func TestBillingZoneIsPinned(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	require.NoError(t, opened(t, settings(t, url, "TARIFFD_BILLING_ZONE=Europe/Berlin")).Prepare(t.Context(), false))
	require.NoError(t, opened(t, settings(t, url, "TARIFFD_BILLING_ZONE=Europe/Berlin")).Prepare(t.Context(), false))
	require.ErrorContains(t, opened(t, settings(t, url)).Prepare(t.Context(), false), "Europe/Berlin")
}

func TestOutsideTheSandboxASecretKeyIsNeeded(t *testing.T) {
	t.Parallel()
	a := opened(t, settings(t, pgtest.URL(t), "TARIFFD_SANDBOX=false"))
	require.ErrorContains(t, a.Prepare(t.Context(), false), "TARIFFD_SECRET_KEY")
	require.NoFileExists(t, a.Config.File("secret.key"))
}

func TestSecretsAreSealedAnewWithTheFirstKey(t *testing.T) {
	t.Parallel()
	url, former, present := pgtest.URL(t), secret.GenerateIdentity(), secret.GenerateIdentity()
	a := opened(t, settings(t, url, "TARIFFD_SECRET_KEY="+former))
	require.NoError(t, a.Prepare(t.Context(), false))
	name, address, password := "Addresses", "https://ip.x.example/ipmgr", "correct-horse"
	by := actor.Actor{Role: actor.Admin, Scope: actor.Everything}
	made, err := a.Modules.CreateCompanion(t.Context(), by, module.IPManager,
		module.CompanionChange{Name: &name, URL: &address, Username: &name, Password: &password})
	require.NoError(t, err)
	read := func(keys string) (string, error) {
		var found []module.Companion
		a := opened(t, settings(t, url, "TARIFFD_SECRET_KEY="+keys))
		err := a.DB.InTx(t.Context(), func(tx *postgres.Tx) (err error) {
			found, err = tx.CompanionsByIDs(t.Context(), []module.CompanionID{made.ID})
			return err
		})
		if err != nil {
			return "", err
		}
		return found[0].Password, nil
	}
	_, err = read(present)
	require.ErrorIs(t, err, secret.ErrSealed)
	_, err = opened(t, settings(t, url, "TARIFFD_SECRET_KEY="+present)).DB.Reseal(t.Context())
	require.ErrorIs(t, err, secret.ErrSealed, "a value that nobody can open is told, not lost")

	both := "# the new one first\n" + present + "\n\n" + former + "\n"
	b := opened(t, settings(t, url, "TARIFFD_SECRET_KEY="+both))
	for _, want := range []int{1, 0} {
		count, err := b.DB.Reseal(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, count["companions"])
	}
	plain, err := read(present)
	require.NoError(t, err)
	require.Equal(t, password, plain)
	_, err = read(former)
	require.ErrorIs(t, err, secret.ErrSealed)
}

func TestSandboxClockStartsOnceAndPersists(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	a := opened(t, settings(t, url, "TARIFFD_SANDBOX_CLOCK=frozen", "TARIFFD_SANDBOX_NOW=2026-03-01T00:00:00Z"))
	require.NoError(t, a.Prepare(t.Context(), false))
	for _, table := range []string{"provider", "department", "unit", "product_type", "product_type_add_on", "product_type_parameter"} {
		var late int
		require.NoError(t, a.DB.Pool().Get(&late, `SELECT count(*) FROM `+table+` WHERE created_at > '2026-03-01'`))
		require.Zero(t, late, "%s: what came with the program is there from the beginning", table)
	}
	at := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	require.NoError(t, a.DB.Sandbox().Set(t.Context(), at))
	again := opened(t, settings(t, url, "TARIFFD_SANDBOX_CLOCK=frozen", "TARIFFD_SANDBOX_NOW=2026-03-01T00:00:00Z"))
	require.NoError(t, again.Prepare(t.Context(), false))
	now, mode, err := again.DB.Sandbox().Now(t.Context())
	require.NoError(t, err)
	require.Equal(t, at, now)
	require.Equal(t, "frozen", mode)
}

func TestKindsAskedAtOnceAnswerAsEachAlone(t *testing.T) {
	t.Parallel()
	a := opened(t, settings(t, pgtest.URL(t)))
	require.NoError(t, a.Prepare(t.Context(), false))
	by := actor.Actor{Role: actor.Admin, Scope: actor.Everything}
	providers, err := a.DB.Reader().Providers(t.Context(), actor.Everything, actor.Page{Limit: 1})
	require.NoError(t, err)
	_, err = a.Clients.Create(t.Context(), by, client.Input{ProviderID: providers[0].ID, Email: "ada@example.org"})
	require.NoError(t, err)
	l := a.loop()
	together, err := l.Nexts(t.Context())
	require.NoError(t, err)
	require.Len(t, together, len(l.Kinds))
	due := map[string]bool{}
	for i, k := range l.Kinds {
		at, ok, err := k.Rows.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, at, together[i], k.Name)
		due[k.Name] = ok
	}
	require.True(t, due["statistics_day"] && due["daily_run"] && !due["operation"], due)
}

func TestFirstAdminKeyIsWrittenForTheOwnerAlone(t *testing.T) {
	t.Parallel()
	a := opened(t, settings(t, pgtest.URL(t)))
	require.NoError(t, a.Prepare(t.Context(), false))
	// Several programs that start at once agree on one key.
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { require.NoError(t, a.EnsureAdminKey(t.Context())) })
	}
	all.Wait()
	path := a.Config.File("admin.key")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	_, err = a.DB.Reader().KeyByHash(t.Context(), client.HashKey(strings.TrimSpace(string(raw))))
	require.NoError(t, err)
	keys, err := a.DB.Reader().Keys(t.Context(), actor.Everything, actor.Page{Limit: 10})
	require.NoError(t, err)
	require.Len(t, keys, 1)

	// Another directory of the same installation gets no file: the key in it would open nothing.
	other := opened(t, settings(t, a.Config.DatabaseURL))
	require.NoError(t, other.EnsureAdminKey(t.Context()))
	require.NoFileExists(t, other.Config.File("admin.key"))
}

func TestConfiguredAdminKeyIsTheFirstOne(t *testing.T) {
	t.Parallel()
	const key = "tfd_0123456789012345678901234567890123"
	a := opened(t, settings(t, pgtest.URL(t), "TARIFFD_ADMIN_KEY="+key))
	require.NoError(t, a.Prepare(t.Context(), false))
	require.NoError(t, a.EnsureAdminKey(t.Context()))
	require.NoError(t, a.EnsureAdminKey(t.Context()))
	require.NoFileExists(t, a.Config.File("admin.key"))
	_, err := a.DB.Reader().KeyByHash(t.Context(), client.HashKey(key))
	require.NoError(t, err)
}

func TestServeStopsInOrder(t *testing.T) {
	t.Parallel()
	a := opened(t, settings(t, pgtest.URL(t), "TARIFFD_METRICS_LISTEN="+free(t), "TARIFFD_PANELS_LISTEN="+free(t)))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ready := a.Config.File("ready")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx, Serving{Workers: true, ReadyFile: ready}, listener) }()
	require.Eventually(t, func() bool { _, err := os.Stat(ready); return err == nil }, time.Minute, 5*time.Millisecond)
	for url, status := range map[string]int{
		"http://" + listener.Addr().String() + "/readyz":  http.StatusOK,
		"http://" + a.Config.MetricsListen + "/metrics":   http.StatusOK,
		"http://" + listener.Addr().String() + "/metrics": http.StatusNotFound,
	} {
		answer, err := http.Get(url)
		require.NoError(t, err)
		_ = answer.Body.Close()
		require.Equal(t, status, answer.StatusCode, url)
	}
	stop()
	require.NoError(t, <-ended)
}

// A commit that makes work due wakes the loop at once, long before its own next look.
func TestNoticeOfNewWorkWakesTheLoop(t *testing.T) {
	t.Parallel()
	a := opened(t, settings(t, pgtest.URL(t)))
	require.NoError(t, a.Prepare(t.Context(), false))
	l := a.loop()
	l.Every = time.Hour
	ctx, stop := context.WithCancel(t.Context())
	var background sync.WaitGroup
	background.Go(func() { l.Background(ctx) })
	background.Go(func() { a.listen(ctx, l) })
	defer background.Wait()
	defer stop()
	listening := func() bool {
		var n int
		require.NoError(t, a.DB.Pool().Get(&n, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN "tariffd_due"'`))
		return n == 1
	}
	require.Eventually(t, listening, time.Minute, 5*time.Millisecond)
	_, err := a.DB.Pool().Exec(`
INSERT INTO recomputation (id, first_day, last_day, status, due_at, actor, created_at)
VALUES (gen_random_uuid(), '2026-03-01', '2026-03-01', 'running', now() - interval '1 day', '{}', now())`)
	require.NoError(t, err)
	done := func() bool {
		var n int
		require.NoError(t, a.DB.Pool().Get(&n, `SELECT count(*) FROM recomputation WHERE status = 'done'`))
		return n == 1
	}
	require.Eventually(t, done, time.Minute, 5*time.Millisecond)
}

// free is an address where nobody listens. It lies below the range from which those take theirs who do not choose, and each
// process begins somewhere else, so that nobody gets it before it is used.
func free(t *testing.T) string {
	t.Helper()
	const first, ports = 10000, 20000
	for range ports {
		port := first + (uint32(os.Getpid())*97+lastPort.Add(1))%ports
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			require.NoError(t, l.Close())
			return l.Addr().String()
		}
	}
	require.FailNow(t, "no free port")
	return ""
}

var lastPort atomic.Uint32
