package traffic

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/service"
)

// Recomputation derives the owners of stored days anew, in the background, a lot of servers at a time.
type Recomputation struct {
	ID         string
	First      calendar.Day
	Last       calendar.Day // included
	Servers    []service.ID // nil: all
	Preview    bool         // count only
	After      Point        // how far it has come
	Examined   int64
	Changed    int64
	By         Decider
	CreatedAt  time.Time
	FinishedAt *time.Time
}

// Status tells how far it is.
func (r Recomputation) Status() RunStatus {
	switch {
	case r.FinishedAt != nil:
		return Finished
	case r.Examined > 0:
		return Running
	default:
		return Queued
	}
}

// Point is a place in the order of clients and servers.
type Point struct {
	ClientID actor.ClientID
	Server   service.ID
}

// RecomputeInput asks for a recomputation of the days [From, To).
type RecomputeInput struct {
	From    calendar.Day
	To      calendar.Day
	Servers []service.ID // nil: all
	Preview bool
}

// Recompute begins a recomputation. Only days in open months are looked at, because closed ones are final.
func (e *Engine) Recompute(ctx context.Context, by actor.Actor, in RecomputeInput) (Recomputation, error) {
	if !in.From.Before(in.To) {
		return Recomputation{}, fault.New(fault.Invalid, "out_of_range", "A day after `from` is expected.").At("/to")
	}
	var out Recomputation
	err := e.InTx(ctx, func(tx Tx) (err error) {
		out, err = event.Once(ctx, tx, by, func() (Recomputation, error) {
			now, err := tx.Now(ctx)
			if err != nil {
				return Recomputation{}, err
			}
			r := Recomputation{
				ID: actor.NewID(), First: in.From, Last: in.To.AddDays(-1), Servers: in.Servers, Preview: in.Preview,
				By: deciderOf(by), CreatedAt: now,
			}
			if err = tx.InsertRecomputation(ctx, r); err != nil {
				return r, err
			}
			about := event.About{Subject: "recomputation", SubjectID: r.ID}
			return r, event.Record(ctx, tx, by, about, "recomputation.begun", "", map[string]any{
				"from": in.From, "to": in.To, "server_service_ids": in.Servers, "preview": in.Preview,
			})
		})
		return err
	})
	return out, err
}

// Blocks of one lot: enough that a transaction's own cost does not count, few enough that a payment of a client in it waits
// for some tens of milliseconds only.
const recomputeLot = 2000

// RunRecomputation carries a claimed recomputation on to its end, lot by lot, each in one transaction that also says how far
// it has come: a crash costs the lot at work.
func (e *Engine) RunRecomputation(ctx context.Context, id string, claimNo int64) error {
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := e.InTx(ctx, func(tx Tx) (err error) {
			done, err = recompute(ctx, tx, e.Zone, id, claimNo)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func recompute(ctx context.Context, tx Tx, zone *time.Location, id string, claimNo int64) (done bool, err error) {
	r, err := tx.HoldRecomputation(ctx, id, claimNo)
	if err != nil {
		return false, err
	}
	limit := recomputeLot / (r.First.Until(r.Last) + 1)
	lot, err := tx.NextServers(ctx, r.After, r.Servers, min(max(limit, 1), 500))
	if err != nil {
		return false, err
	}
	clients, servers := split(lot)
	if _, err = tx.LockBlockClients(ctx, clients); err != nil {
		return false, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return false, err
	}
	if len(lot) == 0 {
		r.FinishedAt = &now
		return true, tx.UpdateRecomputation(ctx, r)
	}
	moved, err := r.lot(ctx, tx, zone, now, lot, clients, servers)
	if err != nil {
		return false, err
	}
	r.After = lot[len(lot)-1]
	r.Examined += moved.Examined
	r.Changed += moved.Changed
	return false, tx.UpdateRecomputation(ctx, r)
}

// lot derives the owners of some servers' days in open months.
func (r Recomputation) lot(ctx context.Context, tx Tx, zone *time.Location, now time.Time, lot []Point, clients []actor.ClientID, servers []service.ID) (Moved, error) {
	today := dayOf(now, zone)
	first, last := r.First, r.Last
	if open := FirstOpen(today); first.Before(open) {
		first = open
	}
	if today.Before(last) {
		last = today
	}
	if last.Before(first) {
		return Moved{}, nil
	}
	links, activity, err := tx.Histories(ctx, clients, servers)
	if err != nil {
		return Moved{}, err
	}
	linksOf := byServer(links)
	m := Move{Cause: Recomputed, By: r.By, At: now, Due: dueTimes(now, zone)}
	for _, p := range lot {
		m.add(p.ClientID, Runs(first, last, zone, p.Server, linksOf[p.Server], activity))
	}
	if r.Preview {
		return tx.CountMoves(ctx, m)
	}
	moved, err := tx.MoveBlocks(ctx, m)
	if err != nil {
		return moved, err
	}
	return moved, tellMoved(ctx, tx, moved, Recomputed)
}

// split returns the clients of a lot, each once and in order, and its servers.
func split(lot []Point) ([]actor.ClientID, []service.ID) {
	var clients []actor.ClientID
	servers := make([]service.ID, len(lot))
	for i, p := range lot {
		servers[i] = p.Server
		if n := len(clients); n == 0 || clients[n-1] != p.ClientID {
			clients = append(clients, p.ClientID)
		}
	}
	return clients, servers
}
