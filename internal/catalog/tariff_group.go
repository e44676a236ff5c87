package catalog

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// ErrNoTariffGroup is the answer for a tariff group that does not exist.
var ErrNoTariffGroup = fault.Missing("tariff group")

// TariffGroup sorts tariffs: a policy may allow changes within the group, and a trial may be for one group (D13).
type TariffGroup struct {
	ID        TariffGroupID
	Name      string
	SortOrder int
	CreatedAt time.Time
	Version   int64
}

// TariffGroupChange is a new group's members, or a partial change of one.
type TariffGroupChange struct {
	IfVersion *int64
	Name      *string
	SortOrder *int
}

// TariffGroupTx is the operations on tariff groups.
type TariffGroupTx interface {
	// ShareTariffGroup keeps a group from going away until the transaction ends.
	ShareTariffGroup(ctx context.Context, id TariffGroupID) (TariffGroup, error)
	LockTariffGroup(ctx context.Context, id TariffGroupID) (TariffGroup, error)
	InsertTariffGroup(ctx context.Context, g TariffGroup) error
	UpdateTariffGroup(ctx context.Context, g TariffGroup) error
	// DeleteTariffGroup answers in_use while a tariff is in the group.
	DeleteTariffGroup(ctx context.Context, id TariffGroupID) error
}

// CreateTariffGroup adds a group. Faults: field faults.
func (e *Engine) CreateTariffGroup(ctx context.Context, by actor.Actor, in TariffGroupChange) (TariffGroup, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (TariffGroup, error) {
		now, err := tx.Now(ctx)
		if err != nil {
			return TariffGroup{}, err
		}
		g := TariffGroup{ID: TariffGroupID(actor.NewID()), SortOrder: 1, CreatedAt: now, Version: 1}
		if err = in.apply(&g); err != nil {
			return TariffGroup{}, err
		}
		if err = tx.InsertTariffGroup(ctx, g); err != nil {
			return TariffGroup{}, err
		}
		return g, g.record(ctx, tx, by, "created")
	})
}

// UpdateTariffGroup changes a group. Faults: not_found, precondition_failed, field faults.
func (e *Engine) UpdateTariffGroup(ctx context.Context, by actor.Actor, id TariffGroupID, in TariffGroupChange) (TariffGroup, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (TariffGroup, error) {
		g, err := lockTariffGroup(ctx, tx, id, in.IfVersion)
		if err != nil {
			return TariffGroup{}, err
		}
		if err = in.apply(&g); err != nil {
			return TariffGroup{}, err
		}
		if err = tx.UpdateTariffGroup(ctx, g); err != nil {
			return TariffGroup{}, err
		}
		g.Version++
		return g, g.record(ctx, tx, by, "updated")
	})
}

// DeleteTariffGroup removes a group that no tariff is in. Faults: not_found, precondition_failed, in_use.
func (e *Engine) DeleteTariffGroup(ctx context.Context, by actor.Actor, id TariffGroupID, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		g, err := lockTariffGroup(ctx, tx, id, ifVersion)
		if err != nil {
			return err
		}
		if err = tx.DeleteTariffGroup(ctx, id); err != nil {
			return err
		}
		return g.record(ctx, tx, by, "deleted")
	})
}

func lockTariffGroup(ctx context.Context, tx Tx, id TariffGroupID, ifVersion *int64) (TariffGroup, error) {
	g, err := tx.LockTariffGroup(ctx, id)
	if err != nil {
		return TariffGroup{}, err
	}
	return g, input.CheckVersion(ifVersion, g.Version)
}

func (in TariffGroupChange) apply(g *TariffGroup) error {
	input.Put(&g.Name, in.Name)
	input.Put(&g.SortOrder, in.SortOrder)
	var f fault.Fields
	input.CheckText(&f, "/name", g.Name, 1, 200)
	input.CheckSortOrder(&f, "/sort_order", g.SortOrder)
	return f.Err()
}

func (g TariffGroup) record(ctx context.Context, tx Tx, by actor.Actor, verb string) error {
	return event.RecordChange(ctx, tx, by, "tariff_group", string(g.ID), verb, map[string]any{"id": g.ID, "name": g.Name, "sort_order": g.SortOrder})
}
