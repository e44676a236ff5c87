package traffic

import (
	"context"
	"strconv"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
)

// Recomputation derives the owners of stored days anew, in the background, a lot of servers at a time.
type Recomputation struct {
	ID         string
	First      calendar.Day
	Last       calendar.Day // included
	Servers    []service.ID // nil: all
	Preview    bool         // count only
	Recent     bool         // the second pass, over the days that may still change
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
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Recomputation, error) {
		now, err := tx.Now(ctx)
		if err != nil {
			return Recomputation{}, err
		}
		r := Recomputation{
			ID: actor.NewID(), First: in.From, Last: in.To.AddDays(-1), Servers: in.Servers, Preview: in.Preview,
			By: deciderOf(by), CreatedAt: now,
		}
		if err = in.known(ctx, tx); err != nil {
			return r, err
		}
		if err = tx.InsertRecomputation(ctx, r); err != nil {
			return r, err
		}
		about := event.About{Subject: "recomputation", SubjectID: r.ID}
		return r, event.Record(ctx, tx, by, about, "recomputation.begun", "", map[string]any{
			"from": in.From, "to": in.To, "server_service_ids": in.Servers, "preview": in.Preview,
		})
	})
}

// known answers not_found for each service that is no server.
func (in RecomputeInput) known(ctx context.Context, tx Tx) error {
	if len(in.Servers) == 0 {
		return nil
	}
	found, err := tx.Servers(ctx, in.Servers)
	if err != nil {
		return err
	}
	servers := map[service.ID]bool{}
	for _, s := range found {
		servers[s.ID] = s.ProductType != product.DedicatedBandwidth
	}
	var fields fault.Fields
	for i, id := range in.Servers {
		if !servers[id] {
			fields.Add("/server_service_ids/"+strconv.Itoa(i), "not_found", "There is no such server.")
		}
	}
	return fields.Err()
}

// How much one lot takes on. The history of past days stands still, so their lots lock no client and may be large; those
// of recent days lock clients, and are small so that a payment waits for a few milliseconds only.
const (
	pastLot   = 10_000 // blocks
	recentLot = 50     // servers
)

// RunRecomputation carries a claimed recomputation on to its end, lot by lot, each in one transaction that also says how far
// it has come: a crash costs the lot at work. Past days come first, then, in a second pass, the days that switches may still
// decide: yesterday and today as they were at the beginning, and those since.
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
	now, err := r.lock(ctx, tx)
	if err != nil {
		return false, err
	}
	first, last := r.days(now, zone)
	var lot []Point
	if !last.Before(first) {
		limit := recentLot
		if !r.Recent {
			limit = max(1, pastLot/(first.Until(last)+1))
		}
		if lot, err = tx.NextServers(ctx, r.After, r.Servers, limit); err != nil {
			return false, err
		}
	}
	if len(lot) == 0 {
		r.endPass(now)
		return r.FinishedAt != nil, tx.UpdateRecomputation(ctx, r)
	}
	moved, err := r.derive(ctx, tx, zone, now, lot, first, last)
	if err != nil {
		return false, err
	}
	r.After = lot[len(lot)-1]
	r.Examined += moved.Examined
	r.Changed += moved.Changed
	return false, tx.UpdateRecomputation(ctx, r)
}

// lock makes the history of past days stand still: only a correction changes it, and that takes the same lock. The pass over
// recent days locks clients instead.
func (r Recomputation) lock(ctx context.Context, tx Tx) (time.Time, error) {
	if !r.Recent {
		if err := tx.LockHistory(ctx); err != nil {
			return time.Time{}, err
		}
	}
	return tx.Now(ctx)
}

// days are the days of the present pass, in open months up to today; the last is before the first where there are none. A
// day is recent from the eve of the recomputation on: a transaction that began just before midnight may still decide it.
func (r Recomputation) days(now time.Time, zone *time.Location) (first, last calendar.Day) {
	today := dayOf(now, zone)
	first, last = laterDay(r.First, FirstOpen(today)), soonerDay(r.Last, today)
	eve := dayOf(r.CreatedAt, zone).AddDays(-1)
	if r.Recent {
		return laterDay(first, eve), last
	}
	return first, soonerDay(last, eve.AddDays(-1))
}

// endPass goes on to the recent days, or ends.
func (r *Recomputation) endPass(now time.Time) {
	if r.Recent {
		r.FinishedAt = &now
		return
	}
	r.Recent, r.After = true, Point{}
}

// derive applies the ownership rule to some servers' days.
func (r Recomputation) derive(ctx context.Context, tx Tx, zone *time.Location, now time.Time, lot []Point, first, last calendar.Day) (Moved, error) {
	clients, servers := split(lot)
	if r.Recent {
		if _, err := tx.LockBlockClients(ctx, clients); err != nil {
			return Moved{}, err
		}
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
