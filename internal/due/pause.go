package due

import (
	"sync"
	"time"
)

// pauses remembers how often rows failed in a row, in this process alone: another one begins with a short pause again,
// which is harmless.
type pauses struct {
	limit time.Duration
	mu    sync.Mutex
	times map[string]int
}

// firstPause is how long a row rests after its first failure; each further one doubles it.
const firstPause = time.Second

// next counts a failure of a lot and answers its pause: that of its most unlucky row.
func (p *pauses) next(kind string, claims []Claim) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.times == nil {
		p.times = map[string]int{}
	}
	worst := 0
	for _, c := range claims {
		p.times[kind+c.ID]++
		worst = max(worst, p.times[kind+c.ID])
	}
	pause := firstPause
	for ; worst > 1 && pause < p.limit; worst-- {
		pause *= 2
	}
	return min(pause, p.limit)
}

func (p *pauses) forget(kind string, claims []Claim) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range claims {
		delete(p.times, kind+c.ID)
	}
}
