package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
)

// SetServersInput is the whole set of servers that a bandwidth service shall carry.
type SetServersInput struct {
	ServiceID service.ID
	Servers   []service.ID
	// EffectiveAt corrects history from an instant in the past, within open months; staff only.
	EffectiveAt *time.Time
	IfVersion   *int64
}

// SetServers sets the whole set of servers of a bandwidth service that is active or suspended; when it answers, links, prices
// and the blocks of the current day hold. The last server cannot be removed. Faults: not_found, not_a_bandwidth_service,
// invalid_service_state, last_server, server_changes_exhausted (the tariff's policy for clients), field_forbidden,
// month_closed, and for each server that cannot be taken its reasons.
func (e *Engine) SetServers(ctx context.Context, by actor.Actor, in SetServersInput) (service.Service, error) {
	var out service.Service
	err := e.InTx(ctx, func(tx Tx) (err error) {
		c := &setChange{tx: tx, zone: e.Zone, by: by, in: in}
		if err = c.lock(ctx); err != nil {
			return err
		}
		if err = c.run(ctx); err != nil {
			return err
		}
		out, err = tx.ServiceByID(ctx, in.ServiceID)
		return err
	})
	return out, err
}

// setChange is one change of a set of servers on its way.
type setChange struct {
	tx    Tx
	zone  *time.Location
	by    actor.Actor
	in    SetServersInput
	s     service.Service
	now   time.Time
	links []Link // all that the service ever had

	added, removed []service.ID
}

func (c *setChange) lock(ctx context.Context) error {
	s, err := c.tx.ServiceByID(ctx, c.in.ServiceID)
	if err != nil {
		return err
	}
	if !c.by.Scope.Covers(s.ProviderID, s.ClientID) {
		return fault.Missing("service")
	}
	if _, err = c.tx.LockBlockClients(ctx, []actor.ClientID{s.ClientID}); err != nil {
		return err
	}
	if c.now, err = c.tx.Now(ctx); err != nil {
		return err
	}
	if c.s, err = c.tx.LockService(ctx, s.ID); err != nil {
		return err
	}
	c.links, err = c.tx.LinksOf(ctx, s.ClientID, s.ID)
	return err
}

func (c *setChange) run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	offer, err := c.tx.TariffVersion(ctx, c.s.TariffID, c.s.TariffVersion)
	if err != nil {
		return err
	}
	c.compare()
	if err := c.checkAdded(ctx, offer); err != nil {
		return err
	}
	if c.in.EffectiveAt != nil {
		return c.correct(ctx)
	}
	if len(c.added)+len(c.removed) == 0 {
		return nil
	}
	if err := c.checkPolicy(ctx, offer.Policy); err != nil {
		return err
	}
	if err := c.record(ctx); err != nil {
		return err
	}
	if len(c.removed) > 0 {
		if err := UnlinkServers(ctx, c.tx, c.zone, c.by, c.s, c.removed, Unlinked); err != nil {
			return err
		}
	}
	if len(c.added) == 0 {
		return nil
	}
	return LinkServers(ctx, c.tx, c.zone, c.by, c.s, c.added)
}

func (c *setChange) check() error {
	switch {
	case c.s.ProductType != product.DedicatedBandwidth:
		return fault.New(fault.Invalid, "not_a_bandwidth_service", "Only bandwidth services carry servers.")
	case c.in.IfVersion != nil && *c.in.IfVersion != c.s.Version:
		return fault.New(fault.Precondition, "precondition_failed", "It was changed since you read it.")
	case c.in.EffectiveAt != nil && !c.by.Staff():
		return fault.New(fault.Forbidden, "field_forbidden", "Only administrators correct the past.").At("/effective_at")
	case c.s.Status != service.Active && c.s.Status != service.Suspended:
		return c.s.WrongState("change its servers")
	case len(c.in.Servers) == 0:
		return fault.New(fault.Invalid, "last_server", "The last server cannot be taken out.").At("/servers")
	}
	return c.checkEffective()
}

// checkEffective refuses to rewrite closed months, the future, and what was before the service.
func (c *setChange) checkEffective() error {
	at := c.in.EffectiveAt
	if at == nil {
		return nil
	}
	first := FirstOpen(dayOf(c.now, c.zone)).Start(c.zone)
	switch {
	case at.Before(first):
		return fault.New(fault.Invalid, "month_closed", "Months before %s are closed.", calendar.DayOf(first, c.zone)).At("/effective_at")
	case at.After(c.now), c.s.StartedAt != nil && at.Before(*c.s.StartedAt):
		return fault.New(fault.Invalid, "out_of_range", "An instant between the service's start and now is expected.").At("/effective_at")
	}
	return nil
}

// compare tells which servers come and which go.
func (c *setChange) compare() {
	have := map[service.ID]bool{}
	for _, l := range c.links {
		if l.To != nil {
			continue
		}
		have[l.Server] = true
		if !slices.Contains(c.in.Servers, l.Server) {
			c.removed = append(c.removed, l.Server)
		}
	}
	for _, id := range c.in.Servers {
		if !have[id] && !slices.Contains(c.added, id) {
			c.added = append(c.added, id)
		}
	}
}

// checkAdded names each new server that cannot be taken; those that are carried already need no reason to stay.
func (c *setChange) checkAdded(ctx context.Context, offer catalog.Offer) error {
	verdicts, err := CheckServers(ctx, c.tx, Candidate{
		ClientID: c.s.ClientID, ProviderID: c.s.ProviderID, DataCenterIDs: offer.DataCenterIDs, Servers: c.added, Bandwidth: c.s.ID,
	})
	if err != nil {
		return err
	}
	var fields fault.Fields
	for _, v := range verdicts {
		place := slices.Index(c.in.Servers, v.Server)
		for _, r := range v.Reasons {
			fields.Add(fmt.Sprintf("/servers/%d", place), r.Code, "%s", r.Detail)
		}
	}
	return fields.Err()
}

// checkPolicy limits how often a client may change the set within a calendar month.
func (c *setChange) checkPolicy(ctx context.Context, p catalog.Policy) error {
	if c.by.Role != actor.Client || p.ServerChangesPerMonth == nil {
		return nil
	}
	month := calendar.MonthOf(calendar.DayOf(c.now, c.zone))
	n, err := c.tx.CountServerChanges(ctx, c.s.ClientID, c.s.ID, month.Start(c.zone))
	if err == nil && n >= *p.ServerChangesPerMonth {
		err = fault.New(fault.Conflict, "server_changes_exhausted", "The servers can be changed %d times a month.", *p.ServerChangesPerMonth)
	}
	return err
}

// serversChanged is what history and event tell of a change.
type serversChanged struct {
	ID          service.ID   `json:"id"`
	Servers     []service.ID `json:"servers"`
	Linked      []service.ID `json:"linked,omitempty"`
	Unlinked    []service.ID `json:"unlinked,omitempty"`
	EffectiveAt *time.Time   `json:"effective_at,omitempty"`
}

// record writes the new set onto the service, which raises its version, and tells it.
func (c *setChange) record(ctx context.Context) error {
	raw, err := json.Marshal(c.in.Servers)
	if err != nil {
		return err
	}
	parameters := map[string]json.RawMessage{}
	for code, value := range c.s.Parameters {
		parameters[code] = value
	}
	parameters["servers"] = raw
	c.s.Parameters = parameters
	if err := c.tx.UpdateService(ctx, c.s); err != nil {
		return err
	}
	return event.Record(ctx, c.tx, c.by, c.s.About(), ServersChanged, "service.changed",
		serversChanged{c.s.ID, c.in.Servers, c.added, c.removed, c.in.EffectiveAt})
}

// ServersChanged is the audit action of a changed set of servers.
const ServersChanged = "service.servers_changed"
