package e2e

import "net/http"

// striker is a system whose calls can be made to fail.
type striker interface {
	name() string
	// hit makes one call fail, or with times 0 all of them from then on.
	hit(s *sale, kind string, times, after int)
	// mend ends all failing and tells how many calls failed.
	mend(s *sale) int
	// asked is how many calls there were.
	asked(s *sale) int
}

// control is a simulated panel, by its control API.
type control string

func (c control) name() string { return string(c) }

func (c control) hit(s *sale, kind string, times, after int) {
	s.panels.call(http.MethodPost, "/control/"+string(c)+"/faults", doc{"kind": kind, "times": times, "after": after})
}

func (c control) mend(s *sale) (struck int) {
	for _, f := range s.panels.call(http.MethodGet, "/control/"+string(c)+"/faults", nil).list("list") {
		struck += f.int("fired")
	}
	s.panels.call(http.MethodDelete, "/control/"+string(c)+"/faults", nil)
	return struck
}

func (c control) asked(s *sale) int {
	return s.panels.call(http.MethodGet, "/control/"+string(c), nil).int("call_count")
}

// blow is the fault of a system that is played by the tests themselves.
type blow struct {
	kind         string
	times, after int
	seen, struck int
	held         chan struct{}
}

// falls tells how the present call fails, if it does.
func (b *blow) falls() (kind string, held <-chan struct{}) {
	if b.kind == "" || (b.times > 0 && b.struck >= b.times) {
		return "", nil
	}
	if b.seen++; b.seen <= b.after {
		return "", nil
	}
	b.struck++
	return b.kind, b.held
}

func (n *nextcloud) name() string { return "nextcloud" }

func (n *nextcloud) hit(_ *sale, kind string, times, after int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.strike = blow{kind: kind, times: times, after: after, held: make(chan struct{})}
}

func (n *nextcloud) mend(*sale) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	struck := n.strike.struck
	if n.strike.held != nil {
		close(n.strike.held)
	}
	n.strike = blow{}
	return struck
}

func (n *nextcloud) asked(*sale) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls
}
