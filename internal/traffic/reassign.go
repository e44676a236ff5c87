package traffic

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/service"
)

// Reassign derives the owners of the servers' stored days from fromDay on anew, from the history of links and activity as
// this transaction sees it, and moves the blocks whose owner differs: in the same statement with the rows that tell it and
// the months that must be charged anew. It answers how many blocks moved. It expects the client's lock and is called after
// the switch was written, in the switch's own transaction.
func Reassign(ctx context.Context, tx Tx, zone *time.Location, by actor.Actor, c actor.ClientID, servers []service.ID, fromDay calendar.Day, cause Cause) (int, error) {
	if len(servers) == 0 {
		return 0, nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return 0, err
	}
	links, activity, err := tx.Histories(ctx, []actor.ClientID{c}, servers)
	if err != nil {
		return 0, err
	}
	m := Move{Cause: cause, By: deciderOf(by), At: now, Due: dueTimes(now, zone)}
	for _, s := range servers {
		m.add(c, Runs(fromDay, dayOf(now, zone), zone, s, links, activity))
	}
	moved, err := tx.MoveBlocks(ctx, m)
	if err != nil {
		return 0, err
	}
	return int(moved.Changed), tellMoved(ctx, tx, moved, cause)
}

func (m *Move) add(c actor.ClientID, runs []Run) {
	for _, r := range runs {
		m.ClientIDs = append(m.ClientIDs, c)
		m.Runs = append(m.Runs, r)
	}
}

// movedEvent is what traffic.reassigned tells.
type movedEvent struct {
	ClientID actor.ClientID `json:"client_id"`
	Blocks   int64          `json:"blocks"`
	Cause    Cause          `json:"cause"`
}

// tellMoved writes one event for each client whose blocks moved.
func tellMoved(ctx context.Context, tx Tx, moved Moved, cause Cause) error {
	if moved.Changed == 0 {
		return nil
	}
	clients := slices.Sorted(maps.Keys(moved.Of))
	providers, err := tx.ProvidersOf(ctx, clients)
	if err != nil {
		return err
	}
	for _, c := range clients {
		about := event.About{ClientID: c, ProviderID: providers[c], Subject: "client", SubjectID: string(c)}
		if err := event.Tell(ctx, tx, event.ForClient, about, "traffic.reassigned", movedEvent{c, moved.Of[c], cause}); err != nil {
			return err
		}
	}
	return nil
}
