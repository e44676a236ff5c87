package panels

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// maxBody bounds a request's body; no vendor call comes near it.
const maxBody = 1 << 20

// maxCalls is how many calls the control API can show; older ones are
// forgotten, the counter goes on.
const maxCalls = 1000

// host is one panel as it is reached over HTTP: the simulator and what the
// frame puts around each.
type host struct {
	owner   *Panels
	name    string
	panel   panel.Panel
	traffic *panel.Traffic
	faults  *faultBook

	calls     []*callRecord
	callCount int

	stateFile   *keptFile
	trafficFile *keptFile
}

// visit is a vendor call on its way through the frame.
type visit struct {
	call   *panel.Call
	target string // what faults go by: the path, with the function where that names the call
	record *callRecord
}

// callRecord is what the control API tells of one call. Bodies are left out:
// they hold passwords.
type callRecord struct {
	Number int       `json:"n"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Query  string    `json:"query,omitempty"`
	At     time.Time `json:"at"`
	Status int       `json:"status"` // 0 while unanswered and where no answer was given
	Fault  string    `json:"fault,omitempty"`
}

// ServeHTTP answers one vendor call, or fails it the way a fault wants it.
// The body is read before anything waits: only then does the server notice a
// client that goes away.
func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v, err := h.read(w, r)
	if err != nil {
		writeReply(w, h.panel.Failure(http.StatusBadRequest, err.Error()))
		return
	}
	f, release := h.begin(v, r.URL.RawQuery)
	if f == nil {
		writeReply(w, h.run(v))
		return
	}
	if status := f.refusal(); status != 0 {
		h.note(v, status)
		writeReply(w, h.panel.Failure(status, "refused by a fault of the simulator"))
		return
	}
	h.serveFaulty(w, r, v, f, release)
}

// serveFaulty plays the kinds that interfere with the call's effect or with
// the way of its answer.
func (h *host) serveFaulty(w http.ResponseWriter, r *http.Request, v *visit, f *fault, release <-chan struct{}) {
	switch f.Kind {
	case faultTimeout:
		h.wait(r.Context(), release, nil)
		panic(http.ErrAbortHandler)
	case faultHold:
		if !h.wait(r.Context(), release, nil) {
			panic(http.ErrAbortHandler)
		}
		writeReply(w, h.run(v))
	case faultDrop:
		h.run(v)
		panic(http.ErrAbortHandler)
	case faultBadBody:
		w.WriteHeader(h.run(v).Status)
		_, _ = io.WriteString(w, "<html><body>Bad gateway</bo")
	case faultSlow:
		rep := h.run(v)
		h.wait(r.Context(), release, time.After(time.Duration(f.Millis)*time.Millisecond))
		writeReply(w, rep)
	}
}

func (h *host) read(w http.ResponseWriter, r *http.Request) (*visit, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	path := vendorPath(strings.TrimPrefix(r.URL.Path, "/"+h.name))
	return &visit{target: path, call: &panel.Call{
		Method: r.Method, Host: r.Host, Path: path, Query: query, Header: r.Header, Cookies: r.Cookies(), Body: body,
	}}, nil
}

// begin writes the call down and looks for a fault that strikes it.
func (h *host) begin(v *visit, rawQuery string) (*fault, <-chan struct{}) {
	h.owner.mu.Lock()
	defer h.owner.mu.Unlock()
	if l, ok := h.panel.(panel.Labeler); ok {
		v.call.Path, rawQuery = l.Label(v.call)
		v.target = v.call.Path + "?" + rawQuery
	}
	h.callCount++
	v.record = &callRecord{
		Number: h.callCount, Method: v.call.Method, Path: v.call.Path, Query: rawQuery, At: h.owner.clock.now(),
	}
	h.calls = append(h.calls, v.record)
	if len(h.calls) > maxCalls {
		h.calls = append(h.calls[:0:0], h.calls[len(h.calls)-maxCalls/2:]...)
	}
	f := h.faults.strike(v.call.Method, v.target)
	if f != nil {
		v.record.Fault = f.Kind
	}
	return f, h.faults.release
}

// run carries the call out and waits until what it changed is kept.
func (h *host) run(v *visit) panel.Reply {
	h.owner.mu.Lock()
	rep := h.carryOut(v)
	written := h.owner.keep.answer()
	h.owner.mu.Unlock()
	written()
	return rep
}

// carryOut runs the call at the clock's present reading. What is due is
// finished before, so that the call sees it, and after, so that an operation
// without duration is done when its answer leaves.
func (h *host) carryOut(v *visit) panel.Reply {
	c, p := v.call, h.owner
	c.Now = p.clock.now()
	c.FailTask = func() bool {
		if !h.faults.failTask(c.Method, v.target) {
			return false
		}
		v.record.Fault = faultTaskFail
		return true
	}
	h.panel.Settle(c.Now)
	rep := h.panel.Answer(c)
	h.panel.Settle(c.Now)
	if c.Changed {
		p.keep.now(h.stateFile)
	} else {
		p.keep.later(h.stateFile) // the token's last use, and what settled
	}
	v.record.Status = rep.Status
	return rep
}

func (h *host) note(v *visit, status int) {
	h.owner.mu.Lock()
	defer h.owner.mu.Unlock()
	v.record.Status = status
}

// wait blocks until the faults are deleted or the time is over (true), or
// until the client or the panels go away (false).
func (h *host) wait(ctx context.Context, release <-chan struct{}, over <-chan time.Time) bool {
	h.countHeld(1)
	defer h.countHeld(-1)
	select {
	case <-release:
		return ctx.Err() == nil
	case <-over:
		return true
	case <-ctx.Done():
	case <-h.owner.closing:
	}
	return false
}

func (h *host) countHeld(n int) {
	h.owner.mu.Lock()
	defer h.owner.mu.Unlock()
	h.faults.held += n
}

func writeReply(w http.ResponseWriter, rep panel.Reply) {
	if h, ok := rep.Body.(panel.Headed); ok {
		w.Header().Set(h.Name, h.Value)
		rep.Body = h.Body
	}
	switch body := rep.Body.(type) {
	case nil:
		w.WriteHeader(rep.Status)
	case panel.Text:
		w.Header().Set("Content-Type", body.Kind)
		w.WriteHeader(rep.Status)
		_, _ = w.Write(body.Data)
	default:
		writeJSON(w, rep.Status, body)
	}
}
