package traffic

import (
	"sort"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/service"
)

// marks gathers the months whose overage must be computed anew, each once, due as early as any of its days asks.
type marks struct {
	due DueTimes
	by  map[markKey]time.Time
}

type markKey struct {
	client  actor.ClientID
	service service.ID
	month   calendar.Month
}

func newMarks(now time.Time, zone *time.Location) *marks {
	return &marks{due: dueTimes(now, zone), by: map[markKey]time.Time{}}
}

func (m *marks) add(c actor.ClientID, owner service.ID, day calendar.Day) {
	key := markKey{c, owner, calendar.MonthOf(day)}
	at := m.due.of(day)
	if have, ok := m.by[key]; !ok || at.Before(have) {
		m.by[key] = at
	}
}

// list returns the marks in order of service and month, so that two transactions never wait for each other's rows crosswise.
func (m *marks) list() []Mark {
	out := make([]Mark, 0, len(m.by))
	for key, at := range m.by {
		out = append(out, Mark{key.client, key.service, key.month, at})
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].ServiceID != out[j].ServiceID {
			return out[i].ServiceID < out[j].ServiceID
		}
		return out[i].Month.Before(out[j].Month)
	})
	return out
}
