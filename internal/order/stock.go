package order

import (
	"context"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
)

// sellsOut is how a refusal looks that fresh stock could take back.
const sellsOut = "no_stock"

// quoteAge is how old the answer may be by which a quote says that nothing is left: a form that is drawn again and again must
// not become a load for panels.
const quoteAge = time.Second

// offered is what an order or a quote looks at: each tariff's modules.
type offered func(ctx context.Context, look Lookup) ([]provision.ModuleID, error)

// inStock does something with what panels told a moment ago and, where that was too little, once more with what they tell
// now: no panel is called inside a transaction, and nobody is refused from memory. Without a look, one is opened.
func (e *Engine) inStock(ctx context.Context, look Lookup, of offered, do func(module.Sight) (short bool, err error), age time.Duration) error {
	modules, err := e.modules(ctx, look, of)
	if err != nil {
		return err
	}
	sight := e.Stock.Look(ctx, modules, module.StockAge)
	short, err := do(sight)
	if !short || len(sight) == 0 {
		return err
	}
	_, err = do(e.Stock.Look(ctx, modules, age))
	return err
}

// modules are those that somebody may have to ask; none where nobody asks.
func (e *Engine) modules(ctx context.Context, look Lookup, of offered) (_ []module.Module, err error) {
	if e.Stock == nil {
		return nil, nil
	}
	if look == nil {
		if look, err = e.Look(ctx); err != nil {
			return nil, err
		}
	}
	ids, err := of(ctx, look)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	slices.Sort(ids)
	return look.ModulesByIDs(ctx, slices.Compact(ids))
}

// ofWishes are the modules of wished tariffs; what is wrong with a wish is told by those who check it.
func ofWishes(wishes []Wish) offered {
	return func(ctx context.Context, look Lookup) (ids []provision.ModuleID, _ error) {
		for _, w := range wishes {
			t, err := look.TariffByID(ctx, w.TariffID)
			if err == nil {
				ids = append(ids, t.Offer.ModuleIDs...)
			} else if !fault.Has(err, "not_found") {
				return nil, err
			}
		}
		return ids, nil
	}
}

// ofOrder are the modules of the tariff versions that an order was quoted from.
func ofOrder(id ID) offered {
	return func(ctx context.Context, look Lookup) (ids []provision.ModuleID, _ error) {
		o, err := look.OrderByID(ctx, id)
		if fault.Has(err, "not_found") || err == nil && o.Status != AwaitingPayment {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, it := range o.Items {
			offer, err := look.TariffVersion(ctx, it.TariffID, it.TariffVersion)
			if err != nil {
				return nil, err
			}
			ids = append(ids, offer.ModuleIDs...)
		}
		return ids, nil
	}
}

// LookAhead asks the panels of an order that is about to be paid in a transaction where nobody can wait for them.
func (e *Engine) LookAhead(ctx context.Context, id ID) error {
	modules, err := e.modules(ctx, nil, ofOrder(id))
	if err == nil {
		e.Stock.Look(ctx, modules, 0)
	}
	return err
}

// enter opens the room for an order: nobody else sells from the same modules until the transaction ends.
func enter(ctx context.Context, tx Tx, sight module.Sight) (*catalog.Room, error) {
	room := &catalog.Room{Sight: sight}
	if len(sight) == 0 {
		return room, nil
	}
	if err := tx.LockStock(ctx, sight.Modules()); err != nil {
		return nil, err
	}
	return room, count(ctx, tx, room)
}

// count counts anew what was sold; what only was put by in memory is forgotten.
func count(ctx context.Context, tx Lookup, room *catalog.Room) (err error) {
	if room != nil && len(room.Sight) > 0 {
		room.Sold, err = tx.StockSold(ctx, room.Sight, "")
	}
	return err
}

// reserve puts a machine by for an item, so that the next item of the same order does not count on it. A module that knows
// no stock takes what others cannot.
func reserve(room *catalog.Room, t catalog.Tariff, place catalog.Place) {
	left := room.Left(t.Code, t.Offer)
	for _, id := range place.Modules {
		if n, known := left[id]; known && n > 0 {
			room.Take(t.Code, t.Offer, id)
			return
		}
	}
}
