package httpapi

import (
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/fault"
)

const (
	rateWindow   = 10 * time.Second
	rateRequests = 1000
)

// limiter counts the requests of each key, and of each address that calls without one, in windows of real time that begin with a key's first request. Each process
// counts for itself.
type limiter struct {
	wall clock.Wall
	mu   sync.Mutex
	seen map[string]*window
}

type window struct {
	ends  time.Time
	count int
}

func newLimiter(wall clock.Wall) *limiter {
	return &limiter{wall: wall, seen: map[string]*window{}}
}

// take counts one request and announces what is left. Admin keys are limited only where their record says so.
func (l *limiter) take(c *call) error {
	quota := rateRequests
	switch {
	case c.key.RateLimit != nil:
		quota = *c.key.RateLimit
	case c.key.Role == actor.Admin:
		return nil
	}
	return l.within(c, string(c.key.ID), quota, "This key")
}

// takeAddress counts one request of whoever calls without a key, by the address. The addresses of one IPv6 network, which are
// one household's, count together.
func (l *limiter) takeAddress(c *call) error {
	from := c.address
	if from.Is6() {
		if net, err := from.Prefix(64); err == nil {
			from = net.Addr()
		}
	}
	return l.within(c, "address "+from.String(), rateRequests, "This address")
}

func (l *limiter) within(c *call, who string, quota int, named string) error {
	count, rest := l.count(who)
	seconds := strconv.Itoa(int(math.Ceil(rest.Seconds())))
	h := c.answer.Header()
	h.Set("RateLimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, quota, int(rateWindow.Seconds())))
	h.Set("RateLimit", fmt.Sprintf(`"default";r=%d;t=%s`, max(quota-count, 0), seconds))
	if count > quota {
		h.Set("Retry-After", seconds)
		return fault.New(fault.RateLimited, "rate_limited", "%s has used its %d requests in %d s.", named, quota, int(rateWindow.Seconds()))
	}
	return nil
}

func (l *limiter) count(id string) (n int, rest time.Duration) {
	now := l.wall.WallNow()
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.seen[id]
	if !ok || !now.Before(w.ends) {
		if len(l.seen) > 10_000 {
			l.sweep(now)
		}
		w = &window{ends: now.Add(rateWindow)}
		l.seen[id] = w
	}
	w.count++
	return w.count, w.ends.Sub(now)
}

func (l *limiter) sweep(now time.Time) {
	for id, w := range l.seen {
		if !now.Before(w.ends) {
			delete(l.seen, id)
		}
	}
}
