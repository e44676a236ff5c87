package module

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
)

// A panel is asked once a day what it offers; after a failure sooner, but not so often that an absent panel keeps workers busy.
const (
	syncEvery = 24 * time.Hour
	syncAgain = 6 * time.Hour
)

// Synced is what a panel offered.
type Synced struct {
	provision.Catalog
	At time.Time
}

// Sync asks a module's panel what it offers, outside any transaction, and writes its operating systems and scripts into the
// values of the product type's parameters os and recipe, and the systems into the enumeration of the element os. Doing it again
// changes nothing. Faults: not_found, unsupported_operation, panel_unavailable, panel_refused_login, module_refused.
func (e *Engine) Sync(ctx context.Context, by actor.Actor, id provision.ModuleID) (Synced, error) {
	_, live, err := e.open(ctx, id)
	if err != nil {
		return Synced{}, err
	}
	said := listen(ctx, live)
	if said == nil {
		return Synced{}, errNoCatalog
	}
	if ctx.Err() != nil {
		return Synced{}, ctx.Err()
	}
	if said.failure != nil {
		err = e.InTx(ctx, func(tx Tx) error {
			m, err := tx.LockModule(ctx, id)
			if err != nil {
				return err
			}
			return said.keep(ctx, tx, by, m)
		})
		if err != nil {
			return Synced{}, err
		}
		return Synced{}, PanelFault(said.failure)
	}
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Synced, error) {
		m, err := tx.LockModule(ctx, id)
		if err != nil {
			return Synced{}, err
		}
		if err = said.keep(ctx, tx, by, m); err != nil {
			return Synced{}, err
		}
		now, err := tx.Now(ctx)
		return Synced{said.catalog, now}, err
	})
}

// SyncDue is Sync as due work; how it went stands in the module's health. A lost claim writes nothing.
func (e *Engine) SyncDue(ctx context.Context, id provision.ModuleID, claimNo int64) error {
	_, live, err := e.open(ctx, id)
	if err != nil {
		return err
	}
	said := listen(ctx, live)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return e.InTx(ctx, func(tx Tx) error {
		m, err := tx.HoldModule(ctx, id, claimNo)
		if err != nil {
			return err
		}
		if said == nil {
			return tx.UpdateSync(ctx, id, nil, nil)
		}
		return said.keep(ctx, tx, actor.Program("module_sync"), m)
	})
}

var errNoCatalog = fault.New(fault.Invalid, "unsupported_operation", "This driver has no catalogue.")

// heard is what a panel answered.
type heard struct {
	catalog provision.Catalog
	failure error
}

// listen asks a panel what it offers; nil where its driver cannot tell.
func listen(ctx context.Context, live provision.Module) *heard {
	lister, ok := live.(provision.Cataloguer)
	if !ok {
		return nil
	}
	out, err := lister.Catalog(ctx)
	return &heard{out, err}
}

// keep writes what was heard of a locked module's panel, and when it is asked next.
func (h heard) keep(ctx context.Context, tx Tx, by actor.Actor, m Module) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if _, err = note(ctx, tx, by, m, h.failure); err != nil {
		return err
	}
	if h.failure != nil {
		code, words := wordsOf(h.failure)
		if err = tx.InsertProblem(ctx, Problem{ID: actor.NewID(), ModuleID: m.ID, Kind: code, Text: words, At: now}); err != nil {
			return err
		}
		next := now.Add(syncAgain)
		return tx.UpdateSync(ctx, m.ID, nil, &next)
	}
	if err = product.Learn(ctx, tx, by, m.ProductType, m.ID, h.catalog); err != nil {
		return err
	}
	next := now.Add(syncEvery)
	return tx.UpdateSync(ctx, m.ID, &now, &next)
}
