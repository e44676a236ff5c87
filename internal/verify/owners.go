package verify

import (
	"context"
	"fmt"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// serverLot is how many servers' owners are derived at once.
const serverLot = 500

// owners derives the owner of every stored day from links and activity alone (invariant 4): the ownership rule runs in Go
// over lots of servers, the blocks are compared with it where they lie.
func (r *run) owners(ctx context.Context) error {
	first, last, err := r.snap.BlockDays(ctx)
	if err != nil || first.IsZero() {
		return err
	}
	for after := (traffic.Point{}); ; {
		lot, err := r.snap.NextServers(ctx, after, serverLot)
		if err != nil || len(lot) == 0 {
			return err
		}
		if err = r.ownersOf(ctx, lot, first, last); err != nil {
			return err
		}
		after = lot[len(lot)-1]
	}
}

func (r *run) ownersOf(ctx context.Context, lot []traffic.Point, first, last calendar.Day) error {
	clients, servers := split(lot)
	links, activity, err := r.snap.Histories(ctx, clients, servers)
	if err != nil {
		return err
	}
	byServer := map[service.ID][]traffic.Link{}
	for _, l := range links {
		byServer[l.Server] = append(byServer[l.Server], l)
	}
	var m traffic.Move
	for _, p := range lot {
		for _, one := range traffic.Runs(first, last, r.zone, p.Server, byServer[p.Server], activity) {
			m.ClientIDs, m.Runs = append(m.ClientIDs, p.ClientID), append(m.Runs, one)
		}
	}
	strays, err := r.snap.StrayBlocks(ctx, m, Most+1)
	for _, s := range strays {
		r.add(Finding{4, "service", string(s.Server), fmt.Sprintf(
			"%d blocks of this server from %s to %s are owned by %s; by links and activity their owner is %s.",
			s.Blocks, s.First, s.Last, s.named(s.Owner), s.named(s.Expected))})
	}
	return err
}

// named calls the server itself by its role.
func (s Stray) named(id service.ID) string {
	if id == s.Server {
		return "the server itself"
	}
	return "service " + string(id)
}

// split returns the clients of a lot, each once and in order, and its services.
func split(lot []traffic.Point) ([]actor.ClientID, []service.ID) {
	var clients []actor.ClientID
	services := make([]service.ID, len(lot))
	for i, p := range lot {
		services[i] = p.Server
		if n := len(clients); n == 0 || clients[n-1] != p.ClientID {
			clients = append(clients, p.ClientID)
		}
	}
	return clients, services
}
