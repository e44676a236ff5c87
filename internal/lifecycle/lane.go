package lifecycle

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// rivals are the modules between which stock decides: several candidates of an open that no panel has begun.
func (e *Engine) rivals(ctx context.Context, tx Tx, s service.Service, o operation.Operation) ([]module.Module, error) {
	if e.Stock == nil || o.Kind != provision.Open || o.Begun {
		return nil, nil
	}
	offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err != nil || len(offer.ModuleIDs) < 2 {
		return nil, err
	}
	modules, err := tx.ModulesByIDs(ctx, offer.ModuleIDs)
	if modules = catalog.Candidates(offer, s.DataCenterID, modules); len(modules) < 2 {
		return nil, err
	}
	return modules, err
}

// lane gives the operation a module and a free lane, or sends it back to wait or to people.
func (e *Engine) lane(ctx context.Context, tx Tx, s *service.Service, o *operation.Operation, sight module.Sight, now time.Time) (bool, error) {
	live, err := tx.LiveOperations(ctx, s.ID)
	if err != nil {
		return false, err
	}
	for _, other := range live {
		// What people do may take days; it holds up nothing that can go on by itself.
		if other.ID < o.ID && !other.WithPeople() {
			return false, e.wait(ctx, tx, o, now)
		}
	}
	claimed := o.ModuleID
	m, choice, err := e.moduleFor(ctx, tx, *s, o, sight, now)
	if err != nil {
		return false, err
	}
	switch choice {
	case operation.NoLane:
		o.ModuleID = m.ID
		return false, e.wait(ctx, tx, o, now)
	case operation.NoModule:
		o.StockKey = nil
		return false, e.toPeople(ctx, tx, *s, o, "No processing module can make this service.", "no_module", "")
	}
	if o.ModuleID = m.ID; claimed != m.ID {
		// It is claimed anew among the operations of that module, of which no more may run here than leave places to others.
		o.Status, o.NextAttemptAt = operation.Queued, &now
		return false, tx.UpdateOperation(ctx, *o)
	}
	if s.ModuleID != m.ID {
		s.ModuleID = m.ID
		return true, tx.UpdateService(ctx, *s)
	}
	return true, nil
}

// moduleFor is the module that an operation runs on: chosen for an open, the service's own for anything else.
func (e *Engine) moduleFor(ctx context.Context, tx Tx, s service.Service, o *operation.Operation, sight module.Sight, now time.Time) (module.Module, operation.Choice, error) {
	if o.Kind == provision.Open && !o.Begun {
		return e.chooseAmong(ctx, tx, s, o, sight)
	}
	if err := tx.LockLanes(ctx, []provision.ModuleID{s.ModuleID}); err != nil {
		return module.Module{}, 0, err
	}
	lanes, err := tx.Lanes(ctx, []provision.ModuleID{s.ModuleID}, now)
	if err != nil {
		return module.Module{}, 0, err
	}
	for i := range lanes {
		lanes[i].Module.Enabled = true // a disabled module goes on serving what it has
	}
	m, choice := operation.Choose(o.Kind, lanes, nil)
	return m, choice, nil
}

// chooseAmong chooses a module by what panels told. What the open had put by before is free for the choice, and stays put by
// where its module is the one that is chosen and was not asked.
func (e *Engine) chooseAmong(ctx context.Context, tx Tx, s service.Service, o *operation.Operation, sight module.Sight) (module.Module, operation.Choice, error) {
	offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err != nil {
		return module.Module{}, 0, err
	}
	if err = tx.LockLanes(ctx, offer.ModuleIDs); err != nil {
		return module.Module{}, 0, err
	}
	room := &catalog.Room{Sight: sight}
	if len(sight) > 0 {
		if err := tx.LockStock(ctx, sight.Modules()); err != nil {
			return module.Module{}, 0, err
		}
		if room.Sold, err = tx.StockSold(ctx, sight, string(o.ID)); err != nil {
			return module.Module{}, 0, err
		}
	}
	before, key := o.ModuleID, o.StockKey
	o.StockKey = nil
	m, choice, err := e.chooseOf(ctx, tx, s, o, offer, room)
	if o.StockKey == nil && m.ID == before {
		o.StockKey = key
	}
	return m, choice, err
}

func (e *Engine) wait(ctx context.Context, tx Tx, o *operation.Operation, now time.Time) error {
	at := operation.LaneAt(now)
	o.Status, o.NextAttemptAt = operation.Queued, &at
	return tx.UpdateOperation(ctx, *o)
}
