package e2e

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"

	_ "github.com/lib/pq" // a lock held from beside stops the program exactly where it is to be killed
	"github.com/stretchr/testify/require"
)

// crash is one death without warning: who dies, at which step of the story, and what it is busy with.
type crash struct {
	victim string // serve or postgres
	step   string
	// busy is the table that the victim is about to write in the middle of its transaction; empty: it waits for the panel
	// to install a server.
	busy string
	// after is how long into the step the victim dies wherever it happens to be; zero: where busy says.
	after time.Duration
}

// TestCrash tells a shorter March in which a process is killed once; the books end the same.
func TestCrash(t *testing.T) {
	t.Parallel()
	for _, c := range []crash{
		{victim: "serve", step: "servers", busy: ""},
		{victim: "serve", step: "servers", busy: "posting"},
		{victim: "serve", step: "bandwidth", busy: "traffic_reassignment"},
		{victim: "serve", step: "suspend", busy: "traffic_reassignment"},
		{victim: "serve", step: "resume", busy: "service_activity"},
		{victim: "serve", step: "delete", busy: "expense"},
		{victim: "serve", step: "collect", busy: "traffic_block"},
		{victim: "serve", step: "renew", busy: "posting"},
		{victim: "serve", step: "April", busy: "expense"},
		{victim: "serve", step: "revise", busy: "expense"},
		{victim: "postgres", step: "servers", busy: ""},
		{victim: "postgres", step: "bandwidth", busy: "traffic_reassignment"},
		{victim: "postgres", step: "April", busy: "expense"},
	} {
		name := fmt.Sprintf("%s dies at %s busy with %s", c.victim, c.step, c.busy)
		if c.busy == "" {
			name = fmt.Sprintf("%s dies while the panel installs", c.victim)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survives(t, c)
		})
	}
}

// TestCrashAnywhere kills at a moment that nobody chose; the name of a test tells it. SOAK
// tries many.
func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	lives := 2
	if os.Getenv("SOAK") != "" {
		lives = 64
	}
	for range lives {
		steps := (&life{}).steps()
		c := crash{
			victim: []string{"serve", "serve", "postgres"}[rand.IntN(3)],
			step:   steps[rand.IntN(len(steps))].name,
			after:  rand.N(400 * time.Millisecond),
		}
		t.Run(fmt.Sprintf("%s dies %s into %s", c.victim, c.after.Round(time.Millisecond), c.step), func(t *testing.T) {
			t.Parallel()
			survives(t, c)
		})
	}
}

// survives tells the short story with a crash in it and looks at its end.
func survives(t *testing.T, c crash) {
	t.Helper()
	l := newLife(t)
	l.patient = true
	for _, step := range l.steps() {
		if step.name == c.step {
			l.crashing(c, step.act)
		} else {
			step.act()
		}
	}
	l.oneOfEach()
	l.sameEnd()
	l.verified()
}

// step is a part of the short story.
type step struct {
	name string
	act  func()
}

// steps is the short story.
func (l *life) steps() []step {
	return []step{
		{"pay", func() { l.pay() }},
		{"servers", func() { l.orderServers(); l.haveServers() }},
		{"first days", func() {
			l.clock("2026-03-05T13:00:00Z")
			l.push(l.a, "2026-03-05", 10, 10)
			l.clock("2026-03-05T14:00:00Z")
		}},
		{"bandwidth", func() { l.orderBandwidth() }},
		{"second week", func() {
			l.clock("2026-03-12T08:00:00Z")
			l.push(l.a, "2026-03-12", 10, 10)
			l.clock("2026-03-12T09:00:00Z")
		}},
		{"suspend", l.suspend},
		{"pause", func() { l.clock("2026-03-15T23:30:00Z") }},
		{"resume", l.resume},
		{"third week", func() { l.clock("2026-03-20T00:05:00Z") }},
		{"delete", l.remove},
		{"collect", func() { l.clock("2026-03-25T12:00:00Z") }},
		{"fourth week", func() { l.clock("2026-03-31T00:19:00Z") }},
		{"renew", func() { l.clock("2026-03-31T12:00:00Z") }},
		{"April", func() { l.clock("2026-04-02T10:00:00Z") }},
		{"revise", func() { l.push(l.a, "2026-03-06", 60, 10); l.push(l.a, "2026-03-02", 40, 10); l.idle() }},
	}
}

// crashing acts while somebody waits beside it for the moment to kill.
func (l *life) crashing(c crash, act func()) {
	busy, letGo := l.stop(c)
	done := make(chan struct{})
	var failed error
	go func() {
		defer close(done)
		failed = l.killWhen(c, busy, letGo)
	}()
	// The processes belong to that goroutine until it is done, even if the test fails before.
	l.t.Cleanup(func() { <-done })
	act()
	<-done
	require.NoError(l.t, failed)
}

// killWhen waits until the victim is in the middle of its work, kills it and starts it again.
func (l *life) killWhen(c crash, busy func() error, letGo func() error) error {
	if err := poll("the moment to kill", busy, l.serve); err != nil {
		return errors.Join(err, letGo())
	}
	if c.victim == "postgres" {
		// The server is not restarted: it has to bring its database back by itself.
		if err := errors.Join(l.killPostgres(), letGo()); err != nil {
			return err
		}
		return answers(l.serve, l.url+"/readyz")
	}
	l.serve.kill()
	if err := letGo(); err != nil {
		return err
	}
	return l.start()
}

// stop prepares the moment: busy answers nil when it has come, letGo undoes what was prepared for it.
func (l *life) stop(c crash) (busy, letGo func() error) {
	switch {
	case c.after > 0:
		return l.stopAfter(c.after)
	case c.busy != "":
		return l.stopAtTable(c.busy)
	}
	return l.stopAtPanel()
}

// stopAfter only waits.
func (l *life) stopAfter(d time.Duration) (busy, letGo func() error) {
	begun := time.Now()
	return func() error {
		if time.Since(begun) < d {
			return errors.New("it is not yet time")
		}
		return nil
	}, func() error { return nil }
}

// stopAtPanel makes the panel keep everybody waiting who installs a server.
func (l *life) stopAtPanel() (busy, letGo func() error) {
	l.panels.holdInstallations()
	return func() error {
		n, err := l.panels.held()
		if err == nil && n == 0 {
			err = errors.New("nobody waits for the panel")
		}
		return err
	}, l.panels.mend
}

// stopAtTable makes everybody wait who wants to write a table, in the middle of whatever they do.
func (l *life) stopAtTable(table string) (busy, letGo func() error) {
	db := l.database()
	tx, err := db.Begin()
	require.NoError(l.t, err)
	_, err = tx.Exec("LOCK TABLE " + table + " IN SHARE ROW EXCLUSIVE MODE")
	require.NoError(l.t, err)
	const waiting = `SELECT count(*) FROM pg_locks WHERE relation = $1::regclass AND mode = 'RowExclusiveLock' AND NOT granted`
	return func() error {
			var n int
			if err := db.QueryRow(waiting, table).Scan(&n); err != nil {
				return err
			}
			if n == 0 {
				return errors.New("nobody waits for the table " + table)
			}
			return nil
		}, func() error {
			_ = tx.Rollback() // where the database was killed there is nothing to take back, nor to close
			_ = db.Close()
			return nil
		}
}

// database opens the installation's database from beside the program.
func (w *world) database() *sql.DB {
	w.t.Helper()
	_, address, err := w.postgres()
	require.NoError(w.t, err)
	db, err := sql.Open("postgres", address)
	require.NoError(w.t, err)
	return db
}

// oneOfEach checks that nothing was made twice: here, in the books and in the panel.
func (l *life) oneOfEach() {
	l.t.Helper()
	var services []string
	for _, service := range l.buyer.all("/v1/services") {
		services = append(services, service.text("id"))
		require.True(l.t, service.null("pending_operation"), "%s", service)
	}
	require.ElementsMatch(l.t, []string{l.a, l.b, l.pipe}, services)
	require.ElementsMatch(l.t, []string{l.remoteA, l.remoteB}, l.panels.owned())
	require.Len(l.t, l.buyer.all("/v1/orders"), 2)
	require.Len(l.t, l.buyer.all("/v1/payments"), 1)
	require.Empty(l.t, l.admin.all("/v1/tasks"))
	require.Equal(l.t, "deleted", l.buyer.get("/v1/services/"+l.pipe).is(http.StatusOK).text("status"))
	require.Empty(l.t, l.specialPrices(l.a))
}
