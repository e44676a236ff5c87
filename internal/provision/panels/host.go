package panels

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
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
	panel   panel
	traffic *trafficBook
	faults  *faultBook

	calls     []*callRecord
	callCount int

	stateFile   *keptFile
	trafficFile *keptFile
}

// call is one vendor request, read to its end.
type call struct {
	method  string
	host    string // the name that the client called
	path    string // without the mount and without /api
	query   url.Values
	header  http.Header
	cookies []*http.Cookie
	body    []byte

	target   string // what faults go by: the path, with the function where that names the call
	now      time.Time
	args     []string    // the variable parts of the path
	changed  bool        // set by the panel: write before the answer
	failTask func() bool // asked once for each operation that starts
	record   *callRecord
}

// reply is a panel's answer before it is written.
type reply struct {
	status int
	body   any
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
	c, err := h.read(w, r)
	if err != nil {
		writeReply(w, h.panel.failure(http.StatusBadRequest, err.Error()))
		return
	}
	c.host = r.Host
	f, release := h.begin(c, r.URL.RawQuery)
	if f == nil {
		writeReply(w, h.run(c))
		return
	}
	if status := f.refusal(); status != 0 {
		h.note(c, status)
		writeReply(w, h.panel.failure(status, "refused by a fault of the simulator"))
		return
	}
	h.serveFaulty(w, r, c, f, release)
}

// serveFaulty plays the kinds that interfere with the call's effect or with
// the way of its answer.
func (h *host) serveFaulty(w http.ResponseWriter, r *http.Request, c *call, f *fault, release <-chan struct{}) {
	switch f.Kind {
	case faultTimeout:
		h.wait(r.Context(), release, nil)
		panic(http.ErrAbortHandler)
	case faultHold:
		if !h.wait(r.Context(), release, nil) {
			panic(http.ErrAbortHandler)
		}
		writeReply(w, h.run(c))
	case faultDrop:
		h.run(c)
		panic(http.ErrAbortHandler)
	case faultBadBody:
		w.WriteHeader(h.run(c).status)
		_, _ = io.WriteString(w, "<html><body>Bad gateway</bo")
	case faultSlow:
		rep := h.run(c)
		h.wait(r.Context(), release, time.After(time.Duration(f.Millis)*time.Millisecond))
		writeReply(w, rep)
	}
}

func (h *host) read(w http.ResponseWriter, r *http.Request) (*call, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	path := vendorPath(strings.TrimPrefix(r.URL.Path, "/"+h.name))
	return &call{
		method: r.Method, path: path, target: path,
		query: query, header: r.Header, cookies: r.Cookies(), body: body,
	}, nil
}

// labeler is a panel whose calls are told apart by more than their path. What
// it returns holds no secret.
type labeler interface {
	label(c *call) (path, query string)
}

// begin writes the call down and looks for a fault that strikes it.
func (h *host) begin(c *call, rawQuery string) (*fault, <-chan struct{}) {
	h.owner.mu.Lock()
	defer h.owner.mu.Unlock()
	if l, ok := h.panel.(labeler); ok {
		c.path, rawQuery = l.label(c)
		c.target = c.path + "?" + rawQuery
	}
	h.callCount++
	c.record = &callRecord{
		Number: h.callCount, Method: c.method, Path: c.path, Query: rawQuery, At: h.owner.clock.now(),
	}
	h.calls = append(h.calls, c.record)
	if len(h.calls) > maxCalls {
		h.calls = append(h.calls[:0:0], h.calls[len(h.calls)-maxCalls/2:]...)
	}
	f := h.faults.strike(c.method, c.target)
	if f != nil {
		c.record.Fault = f.Kind
	}
	return f, h.faults.release
}

// run carries the call out at the clock's present reading. What is due is
// finished before, so that the call sees it, and after, so that an operation
// without duration is done when its answer leaves.
func (h *host) run(c *call) reply {
	p := h.owner
	p.mu.Lock()
	defer p.mu.Unlock()
	c.now = p.clock.now()
	c.failTask = func() bool {
		if !h.faults.failTask(c.method, c.target) {
			return false
		}
		c.record.Fault = faultTaskFail
		return true
	}
	h.panel.settle(c.now)
	rep := h.panel.answer(c)
	h.panel.settle(c.now)
	if c.changed {
		p.keep.now(h.stateFile)
	} else {
		p.keep.later(h.stateFile) // the token's last use, and what settled
	}
	c.record.Status = rep.status
	return rep
}

func (h *host) note(c *call, status int) {
	h.owner.mu.Lock()
	defer h.owner.mu.Unlock()
	c.record.Status = status
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

// headed is a body with a header of its own.
type headed struct {
	name, value string
	body        any
}

func writeReply(w http.ResponseWriter, rep reply) {
	if h, ok := rep.body.(headed); ok {
		w.Header().Set(h.name, h.value)
		rep.body = h.body
	}
	switch body := rep.body.(type) {
	case nil:
		w.WriteHeader(rep.status)
	case text:
		w.Header().Set("Content-Type", body.kind)
		w.WriteHeader(rep.status)
		_, _ = w.Write(body.data)
	default:
		writeJSON(w, rep.status, body)
	}
}
