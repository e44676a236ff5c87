package panels

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Kinds of fault, as the control API names them.
const (
	faultHTTP500  = "http_500"
	faultHTTP503  = "http_503"
	faultHTTP401  = "http_401"
	faultTimeout  = "timeout"
	faultDrop     = "drop_response"
	faultBadBody  = "bad_body"
	faultTaskFail = "task_fail"
	faultSlow     = "slow"
	faultHold     = "hold"
)

var faultKinds = []string{
	faultHTTP500, faultHTTP503, faultHTTP401, faultTimeout, faultDrop,
	faultBadBody, faultTaskFail, faultSlow, faultHold,
}

// defaultSlowMillis is how long a slow answer is kept back unless told.
const defaultSlowMillis = 2000

// fault is one rule. A spent one stays listed, so that a test can see that it
// struck, until the faults are deleted.
type fault struct {
	ID     int    `json:"id"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Kind   string `json:"kind"`
	Times  int    `json:"times"`
	After  int    `json:"after"`
	Millis int    `json:"delay_ms,omitempty"`
	Seen   int    `json:"seen"`  // calls that matched while it was not spent
	Fired  int    `json:"fired"` // calls that it struck
}

// faultBook is the list of one panel's faults and the calls they hold.
type faultBook struct {
	next    int
	list    []*fault
	held    int           // calls that wait for release just now
	release chan struct{} // closed when the faults are deleted
}

func newFaultBook() *faultBook { return &faultBook{release: make(chan struct{})} }

// add checks and appends a fault.
func (b *faultBook) add(f fault) (fault, error) {
	if !slices.Contains(faultKinds, f.Kind) {
		return fault{}, fmt.Errorf("kind must be one of %s", strings.Join(faultKinds, ", "))
	}
	if f.Times < 0 || f.After < 0 || f.Millis < 0 {
		return fault{}, fmt.Errorf("times, after and delay_ms must not be negative")
	}
	if f.Kind == faultSlow && f.Millis == 0 {
		f.Millis = defaultSlowMillis
	}
	b.next++
	f.ID, f.Seen, f.Fired = b.next, 0, 0
	f.Method = strings.ToUpper(f.Method)
	f.Path = vendorPath(f.Path)
	b.list = append(b.list, &f)
	return f, nil
}

// clear forgets all faults, lets the waiting calls go and tells how many of
// each there were.
func (b *faultBook) clear() (deleted, released int) {
	deleted, released = len(b.list), b.held
	b.list = nil
	close(b.release)
	b.release = make(chan struct{})
	return deleted, released
}

// strike returns the first fault that hits this call, or nil.
func (b *faultBook) strike(method, path string) *fault {
	return b.pick(method, path, func(kind string) bool { return kind != faultTaskFail })
}

// failTask tells whether the operation that this call is starting must fail.
// It is asked when an operation starts and not for each call, so that a
// task_fail is never used up by a call that starts nothing.
func (b *faultBook) failTask(method, path string) bool {
	return b.pick(method, path, func(kind string) bool { return kind == faultTaskFail }) != nil
}

func (b *faultBook) pick(method, path string, wanted func(kind string) bool) *fault {
	for _, f := range b.list {
		if !wanted(f.Kind) || !f.matches(method, path) {
			continue
		}
		f.Seen++
		if f.Seen > f.After {
			f.Fired++
			return f
		}
	}
	return nil
}

func (f *fault) matches(method, path string) bool {
	if f.Times > 0 && f.Fired >= f.Times {
		return false
	}
	return (f.Method == "" || f.Method == method) && strings.HasPrefix(path, f.Path)
}

// refusal is the status of the kinds that answer in the panel's place, 0 for
// the others.
func (f *fault) refusal() int {
	switch f.Kind {
	case faultHTTP500:
		return http.StatusInternalServerError
	case faultHTTP503:
		return http.StatusServiceUnavailable
	case faultHTTP401:
		return http.StatusUnauthorized
	}
	return 0
}

// vendorPath drops the optional /api prefix, which names the same call.
func vendorPath(path string) string {
	if rest, ok := strings.CutPrefix(path, "/api"); ok && (rest == "" || rest[0] == '/') {
		return rest
	}
	return path
}
