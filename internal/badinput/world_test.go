package badinput

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/app"
	"github.com/tariffd/tariffd/internal/config"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/provision/panels"
)

const (
	begin    = "2026-03-01T00:00:00Z"
	adminKey = "tfd_admin_0123456789abcdefghijklmnop"
)

// world is a whole program in this process, on a database and simulated panels of its own. Its clock is frozen and nothing
// works in the background: between two requests, only clock moves do anything.
type world struct {
	t      testing.TB
	app    *app.App
	url    string
	panels string // address of the simulated panels
	made   int    // for names that must be unique
	tables string // the query of print

	admin, shop, rivalShop, buyer, stranger *caller

	thing map[string]string // ids of the objects that every world has, by name
}

// newWorld starts a program with an empty database.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, thing: map[string]string{}}
	boxes, err := panels.New(panels.Options{Delay: 10 * time.Minute})
	require.NoError(t, err)
	server := httptest.NewServer(boxes.Handler())
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, boxes.Close())
	})
	w.panels = server.URL
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w.url = "http://" + listener.Addr().String()
	c, err := config.Load([]string{
		"TARIFFD_SANDBOX=true", "TARIFFD_SANDBOX_CLOCK=frozen", "TARIFFD_SANDBOX_NOW=" + begin, "TARIFFD_ADMIN_KEY=" + adminKey,
		"TARIFFD_DATABASE_URL=" + pgtest.URL(t), "TARIFFD_DATA_DIR=" + t.TempDir(),
		"TARIFFD_PANELS_LISTEN=" + strings.TrimPrefix(server.URL, "http://"), "TARIFFD_LISTEN=" + listener.Addr().String(),
	})
	require.NoError(t, err)
	w.serve(c, listener)
	w.admin = &caller{w: w, key: adminKey}
	return w
}

func (w *world) serve(c config.Config, listener net.Listener) {
	var trouble log
	a, err := app.Open(w.t.Context(), c, slog.New(slog.NewTextHandler(&trouble, &slog.HandlerOptions{Level: slog.LevelError})))
	require.NoError(w.t, err)
	w.app = a
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	ready := c.File("ready")
	go func() { ended <- a.Serve(ctx, app.Serving{ReadyFile: ready}, listener) }()
	w.t.Cleanup(func() {
		stop()
		require.NoError(w.t, <-ended)
		require.NoError(w.t, a.Close())
		if w.t.Failed() {
			w.t.Log(trouble.String())
		}
	})
	require.Eventually(w.t, func() bool { _, err := os.Stat(ready); return err == nil }, time.Minute, 2*time.Millisecond)
}

// log keeps what the program complains of, for the end of a failed test.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// word is a name that nothing else in this world has.
func (w *world) word(prefix string) string {
	w.made++
	return fmt.Sprintf("%s%d", prefix, w.made)
}

// clock moves the business clock; what is due on the way happens.
func (w *world) clock(to string) {
	w.t.Helper()
	w.admin.must("PUT", "/v1/sandbox/clock", obj{"now": to}).is(http.StatusOK)
}

// idle waits until nothing is due where the clock stands.
func (w *world) idle() {
	w.t.Helper()
	w.clock(w.admin.get("/v1/sandbox/clock").text("now"))
}

// create makes something and returns its id.
func (w *world) create(path string, body any) string {
	w.t.Helper()
	return w.admin.post(path, body).is(http.StatusCreated).text("id")
}

// keyFor makes a key of another role.
func (w *world) keyFor(body obj) *caller {
	w.t.Helper()
	return &caller{w: w, key: w.admin.post("/v1/api-keys", body).is(http.StatusCreated).text("key")}
}
