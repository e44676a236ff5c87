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

	"github.com/tariffd/tariffd/internal/provision/panels/dcimanager6"
	"github.com/tariffd/tariffd/internal/provision/panels/mgr5"
	"github.com/tariffd/tariffd/internal/provision/panels/openstack"
	"github.com/tariffd/tariffd/internal/provision/panels/panel"
	"github.com/tariffd/tariffd/internal/provision/panels/vmmanager6"
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
	for _, s := range simulators {
		p.mount(s.name, s.begin)
	}
	if err := p.keep.load(); err != nil {
		return nil, err
	}
	p.mux = p.routes()
	p.keep.start(&p.mu)
	return p, nil
}

// simulators are the panels by their names in paths, files and the control API.
var simulators = []struct {
	name  string
	begin func(panel.Setup) panel.Panel
}{
	{"dcimanager5", mgr5.BeginDCImanager5},
	{"dcimanager6", dcimanager6.New},
	{"dsmanager", mgr5.BeginDSmanager},
	{"ipmanager5", mgr5.BeginIPmanager5},
	{"licenseserver", mgr5.BeginLicenseServer},
	{"openstack", openstack.New},
	{"vmmanager6", vmmanager6.New},
}

// mount places one panel at /{name}/ with its own faults, calls and traffic.
func (p *Panels) mount(name string, begin func(panel.Setup) panel.Panel) {
	h := &host{owner: p, name: name, traffic: &panel.Traffic{}, faults: newFaultBook()}
	h.panel = begin(panel.Setup{Delay: p.opts.Delay, Zone: p.opts.Zone, Traffic: h.traffic, Now: p.clock.now()})
	h.stateFile = p.keep.add(name+".json", h.panel.Encode, h.panel.Decode)
	h.trafficFile = p.keep.add(name+"-traffic.json", h.traffic.Encode, h.traffic.Decode)
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
	return errors.Join(p.keep.flush(true), p.keep.put())
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
