// Package tariff is the editing of tariffs: staff make them, change them and their add-ons, put them into groups and take them off
// sale; and it tells whether one can be ordered now, by what the panels say is free.
//
// It owns the checks of a tariff against all that it refers to, its versions and its history. It does not own what a tariff is and
// the rules that need nobody to be asked (package catalog), nor prices of a selection (package pricing).
//
// Invariants: a version that a service was sold by is never changed, editing copies it; what a tariff refers to exists, and keeps
// existing until the transaction ends; a tariff that was ordered is not deleted.
package tariff

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
)

// Tx is what the use-cases of tariffs need of their transaction. What something new refers to is read by a Share…
// operation, which keeps it from being deleted until the transaction ends.
type Tx interface {
	module.Tx
	GroupTx
	// TariffByID reads without a lock. LockTariff keeps the tariff as it is until the transaction ends, for those who order
	// it; LockTariffForEdit is for changing it.
	TariffByID(ctx context.Context, id catalog.TariffID) (catalog.Tariff, error)
	LockTariff(ctx context.Context, id catalog.TariffID) (catalog.Tariff, error)
	LockTariffForEdit(ctx context.Context, id catalog.TariffID) (catalog.Tariff, error)
	// TariffVersion answers the offer of one version.
	TariffVersion(ctx context.Context, id catalog.TariffID, number int) (catalog.Offer, error)
	InsertTariff(ctx context.Context, t catalog.Tariff) error
	// UpdateTariff writes the row; the newest version's offer stands in tariff_version.
	UpdateTariff(ctx context.Context, t catalog.Tariff) error
	DeleteTariff(ctx context.Context, id catalog.TariffID) error
	InsertTariffVersion(ctx context.Context, id catalog.TariffID, number int, o catalog.Offer, at time.Time) error
	// RewriteTariffVersion replaces a version that nobody agreed to by its successor.
	RewriteTariffVersion(ctx context.Context, id catalog.TariffID, number, successor int, o catalog.Offer) error
	// TariffVersionInUse tells whether a service was sold by this version; number 0: by any.
	TariffVersionInUse(ctx context.Context, id catalog.TariffID, number int) (bool, error)
	// UnitsHeld answers the units in which versions of a tariff sold an add-on that services have of it, which are not deleted, or
	// are about to get.
	UnitsHeld(ctx context.Context, id catalog.TariffID, addOn string) ([]string, error)
	// TariffsWith answers the tariffs that name the module, with their newest offers.
	TariffsWith(ctx context.Context, id provision.ModuleID) ([]catalog.Tariff, error)
	// StockSold counts what was sold on the modules of a sight and is still among what their panels told as free, without
	// what one operation holds.
	StockSold(ctx context.Context, seen module.Sight, but string) (module.Sold, error)
	ShareProvider(ctx context.Context, id actor.ProviderID) (client.Provider, error)
	ClientByID(ctx context.Context, id actor.ClientID) (client.Client, error)
	// ShareGroups answers those of the client groups that exist.
	ShareGroups(ctx context.Context, ids []client.GroupID) ([]client.GroupID, error)
	// ClientUse counts what rules about the client go by, but for some services.
	ClientUse(ctx context.Context, c actor.ClientID, t catalog.TariffID, but []actor.ServiceID) (catalog.Use, error)
}

// Engine runs the use-cases of tariffs.
type Engine struct {
	InTx    func(ctx context.Context, fn func(Tx) error) error
	Drivers *provision.Registry
	// Connect makes a module live, to ask its panel.
	Connect func(ctx context.Context, id provision.ModuleID) (provision.Module, error)
	Free    *module.Stock // nil: nobody asks panels what is free
}

// Within is the same use-cases inside a transaction that is open already, for those who make many changes at once.
func (e *Engine) Within(tx Tx) *Engine {
	return &Engine{InTx: func(_ context.Context, fn func(Tx) error) error { return fn(tx) }, Drivers: e.Drivers}
}
