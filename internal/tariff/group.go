package tariff

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// ErrNoGroup is the answer for a tariff group that does not exist.
var ErrNoGroup = fault.Missing("tariff group")

// Group sorts tariffs: a policy may allow changes within the group, and a trial may be for one group (D13).
type Group struct {
	ID        catalog.TariffGroupID
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

// GroupTx is the operations on tariff groups.
type GroupTx interface {
	// ShareTariffGroup keeps a group from going away until the transaction ends.
	ShareTariffGroup(ctx context.Context, id catalog.TariffGroupID) (Group, error)
	LockTariffGroup(ctx context.Context, id catalog.TariffGroupID) (Group, error)
	InsertTariffGroup(ctx context.Context, g Group) error
	UpdateTariffGroup(ctx context.Context, g Group) error
	// DeleteTariffGroup answers in_use while a tariff is in the group.
	DeleteTariffGroup(ctx context.Context, id catalog.TariffGroupID) error
}

// CreateGroup adds a group. Faults: field faults.
func (e *Engine) CreateGroup(ctx context.Context, by actor.Actor, in GroupChange) (Group, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Group, error) {
		now, err := tx.Now(ctx)
		if err != nil {
			return Group{}, err
		}
		g := Group{ID: catalog.TariffGroupID(actor.NewID()), SortOrder: 1, CreatedAt: now, Version: 1}
		if err = in.apply(&g); err != nil {
			return Group{}, err
		}
		if err = tx.InsertTariffGroup(ctx, g); err != nil {
			return Group{}, err
		}
		return g, g.record(ctx, tx, by, "created")
	})
}

// UpdateGroup changes a group. Faults: not_found, precondition_failed, field faults.
func (e *Engine) UpdateGroup(ctx context.Context, by actor.Actor, id catalog.TariffGroupID, in GroupChange) (Group, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Group, error) {
		g, err := lockGroup(ctx, tx, id, in.IfVersion)
		if err != nil {
			return Group{}, err
		}
		if err = in.apply(&g); err != nil {
			return Group{}, err
		}
		if err = tx.UpdateTariffGroup(ctx, g); err != nil {
			return Group{}, err
		}
		g.Version++
		return g, g.record(ctx, tx, by, "updated")
	})
}

// DeleteGroup removes a group that no tariff is in. Faults: not_found, precondition_failed, in_use.
func (e *Engine) DeleteGroup(ctx context.Context, by actor.Actor, id catalog.TariffGroupID, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		g, err := lockGroup(ctx, tx, id, ifVersion)
		if err != nil {
			return err
		}
		if err = tx.DeleteTariffGroup(ctx, id); err != nil {
			return err
		}
		return g.record(ctx, tx, by, "deleted")
	})
}

func lockGroup(ctx context.Context, tx Tx, id catalog.TariffGroupID, ifVersion *int64) (Group, error) {
	g, err := tx.LockTariffGroup(ctx, id)
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
	input.CheckSortOrder(&f, "/sort_order", g.SortOrder)
	return f.Err()
}

func (g Group) record(ctx context.Context, tx Tx, by actor.Actor, verb string) error {
	return event.RecordChange(ctx, tx, by, "tariff_group", string(g.ID), verb, map[string]any{"id": g.ID, "name": g.Name, "sort_order": g.SortOrder})
}
