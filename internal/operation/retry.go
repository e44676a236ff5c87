package operation

import (
	"hash/fnv"
	"time"
)

// The rules of D24.
const (
	MaxAttempts = 10
	spacing     = 5 * time.Minute
	jitter      = 30 * time.Second
	// PendingLimit is how long a panel may be working on one operation before people are asked to look.
	PendingLimit = 4 * time.Hour
	// slowLook is how often a panel is looked at of which people were told that it does not finish.
	slowLook = time.Hour
	// laneWait is when an operation without a free lane looks again, should nobody wake it before.
	laneWait = time.Minute
)

// RetryAt is when a failed attempt is repeated (D24): five minutes later, shifted by up to half a minute either way by the
// operation's id, so that the operations of one outage do not come back all at once.
func RetryAt(id ID, failed time.Time) time.Time {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	span := uint64(2*jitter/time.Second) + 1
	return failed.Add(spacing - jitter + time.Duration(h.Sum64()%span)*time.Second)
}

// LookAt is when a panel that is working is looked at again: when it said, a minute later where it said nothing, and not sooner
// than in an hour once people know.
func (o Operation) LookAt(now time.Time, after time.Duration) time.Time {
	if after <= 0 {
		after = time.Minute
	}
	if o.TaskID != "" {
		after = max(after, slowLook)
	}
	return now.Add(after)
}

// LaneAt is when an operation that found no free lane looks again.
func LaneAt(now time.Time) time.Time { return now.Add(laneWait) }
