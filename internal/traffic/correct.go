package traffic

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/service"
)

// correct makes history say that the set holds since EffectiveAt: wrong links are superseded by corrected ones, and owners
// of stored days follow from that day on. Prices follow from now on, since agreed terms are never rewritten; the days that
// move away leave no use behind that they could price.
func (c *setChange) correct(ctx context.Context) error {
	fixed := correctLinks(c.links, c.in.Servers, c.s.ClientID, c.s.ID, *c.in.EffectiveAt)
	if len(fixed.superseded) == 0 && len(fixed.insert) == 0 {
		return nil
	}
	if err := c.checkElsewhere(ctx, fixed.insert); err != nil {
		return err
	}
	if err := c.tx.LockHistory(ctx); err != nil {
		return err
	}
	if err := c.record(ctx); err != nil {
		return err
	}
	if err := c.tx.SupersedeLinks(ctx, c.s.ClientID, fixed.superseded, c.now); err != nil {
		return err
	}
	if err := c.tx.InsertLinks(ctx, fixed.insert, who(c.by)); err != nil {
		return err
	}
	var in, out []service.ID
	for _, id := range fixed.servers {
		if slices.Contains(c.in.Servers, id) {
			in = append(in, id)
		} else {
			out = append(out, id)
		}
	}
	if err := AlignPrices(ctx, c.tx, c.by, c.s.ClientID, fixed.servers); err != nil {
		return err
	}
	day := dayOf(*c.in.EffectiveAt, c.zone)
	if _, err := Reassign(ctx, c.tx, c.zone, c.by, c.s.ClientID, out, day, Unlinked); err != nil {
		return err
	}
	_, err := Reassign(ctx, c.tx, c.zone, c.by, c.s.ClientID, in, day, Linked)
	return err
}

// checkElsewhere refuses a correction that would give a server to two bandwidth services at one time.
func (c *setChange) checkElsewhere(ctx context.Context, fresh []Link) error {
	all, _, err := c.tx.Histories(ctx, []actor.ClientID{c.s.ClientID}, c.in.Servers)
	if err != nil {
		return err
	}
	var fields fault.Fields
	for i, id := range c.in.Servers {
		for _, other := range all {
			if other.Server != id || other.Bandwidth == c.s.ID {
				continue
			}
			for _, l := range fresh {
				if l.Server == id && overlap(l, other) {
					fields.Add(fmt.Sprintf("/servers/%d", i), "linked_elsewhere", "Another bandwidth service carried this server in that time.")
				}
			}
		}
	}
	return fields.Err()
}

func overlap(a, b Link) bool {
	return (a.To == nil || b.From.Before(*a.To)) && (b.To == nil || a.From.Before(*b.To))
}

// correction is what makes history right.
type correction struct {
	superseded []string
	insert     []Link
	servers    []service.ID // whose links change
}

// correctLinks tells how the links of a bandwidth service become "exactly these servers from `at` on" while what was before
// stays. Pure.
func correctLinks(links []Link, servers []service.ID, c actor.ClientID, bandwidth service.ID, at time.Time) correction {
	var out correction
	since := map[service.ID]time.Time{} // start of the corrected open link
	right := map[service.ID]bool{}      // needs no correction
	for _, id := range servers {
		since[id] = at
	}
	for _, l := range links {
		if l.To == nil && !l.From.After(at) && slices.Contains(servers, l.Server) {
			right[l.Server] = true
		}
	}
	touch := func(id service.ID) {
		if !slices.Contains(out.servers, id) {
			out.servers = append(out.servers, id)
		}
	}
	for _, l := range links {
		if right[l.Server] || (l.To != nil && !l.To.After(at)) {
			continue
		}
		out.superseded = append(out.superseded, l.ID)
		touch(l.Server)
		_, stays := since[l.Server]
		switch {
		case !l.From.Before(at): // all of it was wrong
		case stays:
			since[l.Server] = l.From
		default:
			end := at
			out.insert = append(out.insert, Link{ID: actor.NewID(), ClientID: c, Bandwidth: bandwidth, Server: l.Server, From: l.From, To: &end})
		}
	}
	for _, id := range servers {
		if !right[id] {
			out.insert = append(out.insert, Link{ID: actor.NewID(), ClientID: c, Bandwidth: bandwidth, Server: id, From: since[id]})
			touch(id)
		}
	}
	return out
}
