package client

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// GroupID is a client group's id.
type GroupID string

// ErrNoGroup is the answer for a client group that does not exist.
var ErrNoGroup = fault.Missing("client group")

// Group sorts clients; a tariff may be for some groups only.
type Group struct {
	ID        GroupID
	Name      string
	SortOrder int
	CreatedAt time.Time
	Version   int64
}

// GroupChange is a new group's members, or a partial change of one.
type GroupChange struct {
	IfVersion *int64
	Name      *string
	SortOrder *int
}

// GroupTx is the operations on client groups.
type GroupTx interface {
	// ShareGroups answers those of the groups that exist, and keeps them from going away until the transaction ends.
	ShareGroups(ctx context.Context, ids []GroupID) ([]GroupID, error)
	LockGroup(ctx context.Context, id GroupID) (Group, error)
	InsertGroup(ctx context.Context, g Group) error
	UpdateGroup(ctx context.Context, g Group) error
	// GroupInTariff tells whether a tariff is for the group only.
	GroupInTariff(ctx context.Context, id GroupID) (bool, error)
	// DeleteGroup answers in_use while a client is in the group.
	DeleteGroup(ctx context.Context, id GroupID) error
}

// CreateGroup adds a client group. Faults: field faults.
func (e *Engine) CreateGroup(ctx context.Context, by actor.Actor, in GroupChange) (Group, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Group, error) {
		now, err := tx.Now(ctx)
		if err != nil {
			return Group{}, err
		}
		g := Group{ID: GroupID(actor.NewID()), SortOrder: 1, CreatedAt: now, Version: 1}
		if err = in.apply(&g); err != nil {
			return Group{}, err
		}
		if err = tx.InsertGroup(ctx, g); err != nil {
			return Group{}, err
		}
		return g, g.record(ctx, tx, by, "created")
	})
}

// UpdateGroup changes a client group. Faults: not_found, precondition_failed, field faults.
func (e *Engine) UpdateGroup(ctx context.Context, by actor.Actor, id GroupID, in GroupChange) (Group, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Group, error) {
		g, err := lockGroup(ctx, tx, id, in.IfVersion)
		if err != nil {
			return Group{}, err
		}
		if err = in.apply(&g); err != nil {
			return Group{}, err
		}
		if err = tx.UpdateGroup(ctx, g); err != nil {
			return Group{}, err
		}
		g.Version++
		return g, g.record(ctx, tx, by, "updated")
	})
}

// DeleteGroup removes a client group that no client is in and no tariff is for. Faults: not_found, precondition_failed,
// in_use.
func (e *Engine) DeleteGroup(ctx context.Context, by actor.Actor, id GroupID, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		g, err := lockGroup(ctx, tx, id, ifVersion)
		if err != nil {
			return err
		}
		named, err := tx.GroupInTariff(ctx, id)
		if err != nil {
			return err
		}
		if named {
			return fault.New(fault.Conflict, "in_use", "A tariff is for this group.")
		}
		if err = tx.DeleteGroup(ctx, id); err != nil {
			return err
		}
		return g.record(ctx, tx, by, "deleted")
	})
}

func lockGroup(ctx context.Context, tx Tx, id GroupID, ifVersion *int64) (Group, error) {
	g, err := tx.LockGroup(ctx, id)
	if err != nil {
		return Group{}, err
	}
	return g, input.CheckVersion(ifVersion, g.Version)
}

func (in GroupChange) apply(g *Group) error {
	input.Put(&g.Name, in.Name)
	input.Put(&g.SortOrder, in.SortOrder)
	var f fault.Fields
	input.CheckText(&f, "/name", g.Name, 1, 200)
	if g.SortOrder < 1 {
		f.Add("/sort_order", "out_of_range", "The sort order begins with 1.")
	}
	return f.Err()
}

func (g Group) record(ctx context.Context, tx Tx, by actor.Actor, verb string) error {
	return event.RecordChange(ctx, tx, by, "client_group", string(g.ID), verb, map[string]any{"id": g.ID, "name": g.Name, "sort_order": g.SortOrder})
}

// checkGroup notes a group that does not exist, and keeps one that does; none is always right.
func (c Client) checkGroup(ctx context.Context, tx Tx, f *fault.Fields) error {
	if c.GroupID == "" {
		return nil
	}
	known, err := tx.ShareGroups(ctx, []GroupID{c.GroupID})
	if err == nil && len(known) == 0 {
		f.Add("/group_id", "not_found", "There is no such client group.")
	}
	return err
}
