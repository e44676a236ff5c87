package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/tariffd/tariffd/internal/due"
	"github.com/tariffd/tariffd/internal/httpapi"
	"github.com/tariffd/tariffd/internal/postgres"
)

// shutdownLimit is how long requests that are being answered may still take after the program was told to stop.
const shutdownLimit = 10 * time.Second

// Serving says what a serving process does beside answering.
type Serving struct {
	Workers   bool // the background work as well
	Migrate   bool
	Panels    bool   // ready only when the simulated panels answer
	Demo      bool   // load the demo, and be ready only when it is there
	ReadyFile string // written when everything that /readyz looks at is good for the first time
}

// heapGrowth is how far the heap may grow before it is cleaned, in percent: what lives is small, what each request leaves
// behind is much, and cleaning at every doubling would cost a tenth of the machine.
const heapGrowth = 200

// Serve answers requests until ctx ends, then finishes those that are open.
func (a *App) Serve(ctx context.Context, o Serving, listener net.Listener) error {
	debug.SetGCPercent(heapGrowth)
	if err := a.Prepare(ctx, o.Migrate); err != nil {
		return err
	}
	if err := a.EnsureAdminKey(ctx); err != nil {
		return err
	}
	if a.Config.Sandbox {
		if err := a.DB.Sandbox().SetMode(ctx, a.Config.SandboxClock); err != nil {
			return err
		}
	}
	// Background work ends when the last request has been answered: requests may wait for it.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	loop := a.loop()
	// A clock move is a request that may take long; it gives up as soon as the program is told to stop.
	mover := &due.Mover{Clock: a.DB.Sandbox(), Loop: loop, Panels: a.tellPanels, Life: ctx, Log: a.Log}
	checks := a.checks(o)
	var demo *Demo
	if o.Demo {
		demo = a.Demo()
		checks = append(checks, httpapi.Check{Name: "demo", Run: demo.Loaded})
	}
	handler, err := httpapi.New(a.server(checks, movable{mover}))
	if err != nil {
		return err
	}
	var background sync.WaitGroup
	defer background.Wait()
	defer end()
	background.Go(func() { a.watchDatabase(life) })
	background.Go(func() { handler.Run(life) })
	if a.Config.Sandbox {
		background.Go(func() { a.greetPanels(life) })
	}
	if o.Workers {
		a.work(life, loop, &background)
	}
	if demo != nil {
		background.Go(func() { a.loadDemo(life, demo) })
	}
	if o.ReadyFile != "" {
		background.Go(func() { a.announce(life, checks, o.ReadyFile) })
	}
	servers := map[*http.Server]net.Listener{listening(handler): listener}
	if a.Config.MetricsListen != "" {
		apart, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.Config.MetricsListen)
		if err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", handler.Metrics())
		servers[listening(mux)] = apart
	}
	a.Log.Info("serving", "address", listener.Addr().String(), "workers", o.Workers, "sandbox", a.Config.Sandbox)
	return serveAll(ctx, servers)
}

// Work does background work alone until ctx ends.
func (a *App) Work(ctx context.Context) error {
	debug.SetGCPercent(heapGrowth)
	if err := a.Prepare(ctx, false); err != nil {
		return err
	}
	var background sync.WaitGroup
	background.Go(func() { a.watchDatabase(ctx) })
	a.work(ctx, a.loop(), &background)
	a.Log.Info("working", "sandbox", a.Config.Sandbox)
	background.Wait()
	return nil
}

// listening makes a server that has no limit for whole requests: a push of blocks may be of any size, a clock move may take minutes.
func listening(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
}

// serveAll runs servers until ctx ends or one of them fails.
func serveAll(ctx context.Context, servers map[*http.Server]net.Listener) error {
	failed := make(chan error, len(servers))
	for s, l := range servers {
		go func() { failed <- s.Serve(l) }()
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	for s := range servers {
		if e := s.Shutdown(stop); e != nil {
			err = errors.Join(err, e, s.Close())
		}
	}
	return err
}

// checks is what /readyz looks at.
func (a *App) checks(o Serving) []httpapi.Check {
	all := []httpapi.Check{{Name: "database", Run: a.DB.Ping}, {Name: "schema", Run: a.CheckSchema}}
	if o.Panels {
		all = append(all, httpapi.Check{Name: "panels", Run: a.checkPanels})
	}
	return all
}

// announce writes a file as soon as all checks hold, for whoever started this process and has no HTTP client at hand.
func (a *App) announce(ctx context.Context, checks []httpapi.Check, path string) {
	hold := func() bool {
		for _, c := range checks {
			if c.Run(ctx) != nil {
				return false
			}
		}
		return true
	}
	for !hold() {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
	if err := os.WriteFile(path, []byte("ready\n"), 0o600); err != nil {
		a.Log.Warn("readiness not announced", "error", err)
	}
}

// server hands the engines and readers to the HTTP edge.
func (a *App) server(checks []httpapi.Check, c httpapi.MovableClock) *httpapi.Server {
	reader := a.read.Reader()
	return &httpapi.Server{
		Log: a.Log, Wall: a.system, Keys: a.DB.Reader(), Origins: a.Config.CORSOrigins, TrustedProxies: a.Config.TrustedProxies,
		Sandbox: a.Config.Sandbox, Clock: c, MetricsApart: a.Config.MetricsListen != "", Checks: checks,

		Clients: a.Clients, ClientReader: reader, Departments: a.Departments, DeptReader: reader,
		DataCenters: a.DataCenters, DataCtrReader: reader, Feed: feed{reader, a.DB},
		Zone: a.Config.Zone(), Orders: a.Orders, OrderReader: reader,
		Shelf:     func(ctx context.Context) (httpapi.Shelf, error) { return a.DB.Shelf(ctx) },
		Lifecycle: a.Lifecycle, ServiceReader: reader,
		OperationReader: reader, TaskReader: reader, Units: a.Units, Products: a.Products, Modules: a.Modules, Tariffs: a.Tariffs, CatalogReader: reader, Payments: a.Payments, MoneyReader: reader,
		Traffic: a.Traffic, TrafficReader: reader,
	}
}

// movable is the mover in the edge's words.
type movable struct{ *due.Mover }

func (m movable) Move(ctx context.Context, to time.Time) (time.Time, string, map[string]int, error) {
	moved, err := m.Mover.Move(ctx, to)
	return moved.Now, moved.Mode, moved.Ran, err
}

// feed numbers events where they are written and reads them where reading is asked for.
type feed struct {
	*postgres.Reader
	primary *postgres.DB
}

func (f feed) NumberEvents(ctx context.Context) error { return f.primary.NumberEvents(ctx) }
