package panels

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"
)

// Options says how the panels behave. The zero value is usable: memory only,
// every operation done at once, days in UTC, no log.
type Options struct {
	Dir   string           // folder of the kept state; "" keeps nothing
	Delay time.Duration    // how long an OS installation takes; other work takes a tenth
	Zone  *time.Location   // zone of the traffic days
	Log   *slog.Logger     // where trouble with the state files is told
	Now   func() time.Time // the wall clock; nil is the system's
}

// Panels is every simulated panel behind one handler. One lock guards all of
// it: a simulator gains nothing from parallelism and much from being plain.
type Panels struct {
	opts Options
	mux  *http.ServeMux

	mu    sync.Mutex
	clock panelClock
	hosts map[string]*host
	keep  keeper

	clockFile *keptFile

	closeOnce sync.Once
	closing   chan struct{}
}

// panel is what the frame needs from one vendor's simulator. All methods run
// under the frame's lock.
type panel interface {
	// answer carries out one vendor call and sets call.changed when it altered
	// what must survive a crash.
	answer(c *call) reply
	// settle finishes what is due at now and tells whether anything was.
	settle(now time.Time) bool
	// moved is told that the clock was set, perhaps backwards.
	moved(now time.Time)
	// hasServer tells whether traffic can be set for the id.
	hasServer(id int) bool
	// view is the panel's part of GET /control/{panel}.
	view(now time.Time) map[string]any
	// control carries out a control call of this panel's own, such as stock.
	control(what string, body []byte, now time.Time) (any, error)
	// failure is the vendor's way of saying 400, 401, 500 or 503.
	failure(status int, text string) reply
	reset()
	encode() ([]byte, error)
	decode(data []byte) error
}

// New loads the kept state, or begins with the stock that every panel starts
// with, and starts the writer of the state files.
func New(o Options) (*Panels, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the simulators import nothing of the program, its clock included
	}
	p := &Panels{opts: o, hosts: map[string]*host{}, closing: make(chan struct{})}
	p.clock = panelClock{wall: o.Now}
	p.keep = keeper{dir: o.Dir, log: o.Log}
	p.clockFile = p.keep.add("clock.json", p.clock.encode, p.clock.decode)
	p.mount("dcimanager6", func(t *trafficBook) panel { return newDCI6(o.Delay, o.Zone, t, p.clock.now()) })
	p.mount("vmmanager6", func(t *trafficBook) panel { return newVM6(o.Delay, o.Zone, t) })
	p.mountMgrs()
	p.mount("openstack", func(*trafficBook) panel { return newStack(o.Delay) })
	if err := p.keep.load(); err != nil {
		return nil, err
	}
	p.mux = p.routes()
	p.keep.start(&p.mu)
	return p, nil
}

// mount places one panel at /{name}/ with its own faults, calls and traffic.
func (p *Panels) mount(name string, build func(*trafficBook) panel) {
	h := &host{owner: p, name: name, traffic: &trafficBook{}, faults: newFaultBook()}
	h.panel = build(h.traffic)
	h.stateFile = p.keep.add(name+".json", h.panel.encode, h.panel.decode)
	h.trafficFile = p.keep.add(name+"-traffic.json", h.traffic.encode, h.traffic.decode)
	p.hosts[name] = h
}

// Handler serves all panels, the control API and /healthz.
func (p *Panels) Handler() http.Handler { return p.mux }

// Release ends every call that a fault keeps waiting, without effect. Register
// it with http.Server.RegisterOnShutdown: a shutdown waits for open calls.
func (p *Panels) Release() {
	p.closeOnce.Do(func() { close(p.closing) })
}

// Close releases held calls, stops the writer and writes what is not yet
// written. Call it when the server no longer takes calls.
func (p *Panels) Close() error {
	p.Release()
	p.keep.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keep.flush(true)
}

func (p *Panels) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	p.controlRoutes(mux)
	for name, h := range p.hosts {
		mux.Handle("/"+name+"/", h)
	}
	return mux
}

// writeJSON answers with one JSON document. A failed write means that the
// client left, which is its own business.
func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}

// readState returns the content of a state file, nil where there is none.
func readState(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read panel state: %w", err)
	}
	return data, nil
}
