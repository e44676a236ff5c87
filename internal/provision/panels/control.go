package panels

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// controlRoutes mounts the control API, by which tests and the curious see
// and steer the panels. It asks for no password: it listens where the panels
// do, on loopback.
func (p *Panels) controlRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/clock", p.control(func(*http.Request, []byte) (any, error) { return p.clock.state(), nil }))
	mux.HandleFunc("PUT /control/clock", p.control(p.putClock))
	mux.HandleFunc("GET /control/{panel}", p.onHost(p.getPanel))
	mux.HandleFunc("POST /control/{panel}/reset", p.onHost(p.reset))
	mux.HandleFunc("POST /control/{panel}/servers", p.onHost(p.extend("servers")))
	mux.HandleFunc("POST /control/{panel}/pools", p.onHost(p.extend("pools")))
	mux.HandleFunc("POST /control/{panel}/templates", p.onHost(p.extend("templates")))
	mux.HandleFunc("PUT /control/{panel}/servers/{id}", p.onHost(p.change(func(r *http.Request) string { return "servers/" + r.PathValue("id") })))
	mux.HandleFunc("PUT /control/{panel}/settings", p.onHost(p.change(func(*http.Request) string { return "settings" })))
	mux.HandleFunc("POST /control/{panel}/users", p.onHost(p.extend("users")))
	mux.HandleFunc("PUT /control/{panel}/servers/{id}/traffic/{day}", p.onHost(p.putTraffic))
	mux.HandleFunc("GET /control/{panel}/faults", p.onHost(p.getFaults))
	mux.HandleFunc("POST /control/{panel}/faults", p.onHost(p.postFault))
	mux.HandleFunc("DELETE /control/{panel}/faults", p.onHost(p.deleteFaults))
}

// created marks an answer that is sent with 201.
type created struct{ body any }

// control runs one control call under the lock and renders its outcome.
func (p *Panels) control(run func(*http.Request, []byte) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		p.mu.Lock()
		out, err := run(r, body)
		written := p.keep.answer()
		p.mu.Unlock()
		written()
		status := http.StatusOK
		switch made, isNew := out.(created); {
		case errors.Is(err, panel.ErrNotFound):
			status, out = http.StatusNotFound, map[string]string{"error": err.Error()}
		case err != nil:
			status, out = http.StatusBadRequest, map[string]string{"error": err.Error()}
		case isNew:
			status, out = http.StatusCreated, made.body
		}
		writeJSON(w, status, out)
	}
}

func (p *Panels) onHost(run func(*host, *http.Request, []byte) (any, error)) http.HandlerFunc {
	return p.control(func(r *http.Request, body []byte) (any, error) {
		h := p.hosts[r.PathValue("panel")]
		if h == nil {
			return nil, panel.ErrNotFound
		}
		return run(h, r, body)
	})
}

// putClock only sets the clock: what became due is finished by whoever looks
// next, so that a clock moved in thousands of steps costs nothing.
func (p *Panels) putClock(_ *http.Request, body []byte) (any, error) {
	var in struct {
		Now  time.Time `json:"now"`
		Mode string    `json:"mode"`
	}
	if err := panel.StrictJSON(body, &in); err != nil {
		return nil, err
	}
	before := p.clock.now()
	if err := p.clock.set(in.Now, in.Mode); err != nil {
		return nil, err
	}
	p.keep.later(p.clockFile)
	if now := p.clock.now(); now.Before(before) {
		for _, h := range p.hosts {
			h.panel.Moved(now)
		}
	}
	return p.clock.state(), nil
}

func (p *Panels) getPanel(h *host, _ *http.Request, _ []byte) (any, error) {
	now := p.clock.now()
	if h.panel.Settle(now) {
		p.keep.later(h.stateFile)
	}
	view := h.panel.View(now)
	calls := make([]callRecord, 0, len(h.calls)) // copies: rendered after the lock is gone
	for _, c := range h.calls {
		calls = append(calls, *c)
	}
	view["panel"], view["now"] = h.name, now
	view["calls"], view["call_count"] = calls, h.callCount
	view["held"] = h.faults.held
	return view, nil
}

// reset empties the panel: no servers, clients or sessions, no set days, no
// faults, no calls. Places, pools, templates and scripts remain.
func (p *Panels) reset(h *host, _ *http.Request, _ []byte) (any, error) {
	h.panel.Reset()
	h.traffic.Clear()
	h.faults.clear()
	h.calls, h.callCount = nil, 0
	p.keep.later(h.trafficFile)
	p.keep.now(h.stateFile)
	return map[string]string{"status": "ok"}, nil
}

func (p *Panels) extend(what string) func(*host, *http.Request, []byte) (any, error) {
	return func(h *host, _ *http.Request, body []byte) (any, error) {
		now := p.clock.now()
		h.panel.Settle(now)
		out, err := h.panel.Control(what, body, now)
		if err != nil {
			return nil, err
		}
		h.panel.Settle(now)
		p.keep.now(h.stateFile)
		return created{out}, nil
	}
}

// change is extend for what is there already.
func (p *Panels) change(what func(r *http.Request) string) func(*host, *http.Request, []byte) (any, error) {
	return func(h *host, r *http.Request, body []byte) (any, error) {
		out, err := p.extend(what(r))(h, r, body)
		if made, ok := out.(created); ok {
			out = made.body
		}
		return out, err
	}
}

func (p *Panels) putTraffic(h *host, r *http.Request, body []byte) (any, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !h.panel.HasServer(id) {
		return nil, panel.ErrNotFound
	}
	t, err := h.traffic.Set(id, r.PathValue("day"), body)
	if err != nil {
		return nil, err
	}
	p.keep.later(h.trafficFile)
	return t, nil
}

func (p *Panels) getFaults(h *host, _ *http.Request, _ []byte) (any, error) {
	list := make([]fault, 0, len(h.faults.list)) // copies: rendered after the lock is gone
	for _, f := range h.faults.list {
		list = append(list, *f)
	}
	return map[string]any{"list": list, "held": h.faults.held}, nil
}

func (p *Panels) postFault(h *host, _ *http.Request, body []byte) (any, error) {
	var in struct {
		Method string `json:"method"`
		Path   string `json:"path"`
		Kind   string `json:"kind"`
		Times  int    `json:"times"`
		After  int    `json:"after"`
		Millis int    `json:"delay_ms"`
	}
	if err := panel.StrictJSON(body, &in); err != nil {
		return nil, err
	}
	f, err := h.faults.add(fault{
		Method: in.Method, Path: in.Path, Kind: in.Kind, Times: in.Times, After: in.After, Millis: in.Millis,
	})
	if err != nil {
		return nil, err
	}
	return created{f}, nil
}

func (p *Panels) deleteFaults(h *host, _ *http.Request, _ []byte) (any, error) {
	deleted, released := h.faults.clear()
	return map[string]int{"deleted": deleted, "released": released}, nil
}
