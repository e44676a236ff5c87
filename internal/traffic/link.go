package traffic

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/service"
)

// LinkServers puts servers into a bandwidth service from now on. Where it is active, their prices and the blocks of the
// current day follow at once; a service that is still being made only reserves them. It expects the client's lock, servers
// that CheckServers found eligible, and nothing of a link that exists.
func LinkServers(ctx context.Context, tx Tx, zone *time.Location, by actor.Actor, bandwidth service.Service, servers []service.ID) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	links := make([]Link, len(servers))
	for i, id := range servers {
		links[i] = Link{ID: actor.NewID(), ClientID: bandwidth.ClientID, Bandwidth: bandwidth.ID, Server: id, From: now}
	}
	if err := tx.InsertLinks(ctx, links, who(by)); err != nil {
		return err
	}
	return follow(ctx, tx, zone, by, bandwidth.ClientID, servers, now, Linked)
}

// UnlinkServers takes servers out of a bandwidth service; cause is Unlinked or ServerClosed. Days that are over stay where
// they are. It expects the client's lock.
func UnlinkServers(ctx context.Context, tx Tx, zone *time.Location, by actor.Actor, bandwidth service.Service, servers []service.ID, cause Cause) error {
	return unlink(ctx, tx, zone, by, bandwidth.ClientID, bandwidth.ID, servers, cause)
}

func unlink(ctx context.Context, tx Tx, zone *time.Location, by actor.Actor, c actor.ClientID, bandwidth service.ID, servers []service.ID, cause Cause) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	links, err := openLinks(ctx, tx, c, bandwidth)
	if err != nil {
		return err
	}
	gone := map[service.ID]bool{}
	for _, id := range servers {
		gone[id] = true
	}
	var ids []string
	for _, l := range links {
		if gone[l.Server] {
			ids = append(ids, l.ID)
		}
	}
	if err := tx.EndLinks(ctx, c, ids, now, who(by)); err != nil {
		return err
	}
	return follow(ctx, tx, zone, by, c, servers, now, cause)
}

// Switched is called when a bandwidth service was opened, resumed, suspended or closed, after its activity was written and in
// the same transaction: its servers' prices and the blocks of the current day follow. Closing ends its links; suspension
// keeps them. It expects the client's lock.
func Switched(ctx context.Context, tx Tx, zone *time.Location, by actor.Actor, bandwidth service.Service, cause Cause) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	links, err := openLinks(ctx, tx, bandwidth.ClientID, bandwidth.ID)
	if err != nil || len(links) == 0 {
		return err
	}
	ids, servers := make([]string, len(links)), make([]service.ID, len(links))
	for i, l := range links {
		ids[i], servers[i] = l.ID, l.Server
	}
	if cause == Closed {
		if err := tx.EndLinks(ctx, bandwidth.ClientID, ids, now, who(by)); err != nil {
			return err
		}
	}
	return follow(ctx, tx, zone, by, bandwidth.ClientID, servers, now, cause)
}

// DetachClosed is called when a server was closed: a bandwidth service that carries it loses it at that moment, and its day
// is owned by the server (D22). It expects the client's lock.
func DetachClosed(ctx context.Context, tx Tx, zone *time.Location, by actor.Actor, server service.Service) error {
	found, err := tx.Servers(ctx, []service.ID{server.ID})
	if err != nil || len(found) == 0 || found[0].LinkedTo == "" {
		return err
	}
	return unlink(ctx, tx, zone, by, server.ClientID, found[0].LinkedTo, []service.ID{server.ID}, ServerClosed)
}

// follow brings prices and blocks of the current day to what links and activity now say.
func follow(ctx context.Context, tx Tx, zone *time.Location, by actor.Actor, c actor.ClientID, servers []service.ID, now time.Time, cause Cause) error {
	if err := AlignPrices(ctx, tx, by, c, servers); err != nil {
		return err
	}
	_, err := Reassign(ctx, tx, zone, by, c, servers, dayOf(now, zone), cause)
	return err
}

func openLinks(ctx context.Context, tx LinkTx, c actor.ClientID, bandwidth service.ID) ([]Link, error) {
	all, err := tx.LinksOf(ctx, c, bandwidth)
	var open []Link
	for _, l := range all {
		if l.To == nil {
			open = append(open, l)
		}
	}
	return open, err
}

// who names the actor in a link's row.
func who(by actor.Actor) string {
	switch {
	case by.KeyID != "":
		return string(by.Role) + ":" + by.KeyID
	case by.Cause != "":
		return string(by.Role) + ":" + by.Cause
	default:
		return string(by.Role)
	}
}
