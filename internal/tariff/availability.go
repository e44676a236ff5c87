package tariff

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/module"
)

// Availability asks the panels what is free, outside any transaction, and judges the tariff; the rules about the client
// are looked at where one is named. With a data center only that one is. Faults: not_found (the tariff, the client, or
// foreign), a data center that is not the tariff's is the reason data_center_not_in_tariff.
func (e *Engine) Availability(ctx context.Context, by actor.Actor, id catalog.TariffID, of actor.ClientID, at datacenter.ID) (catalog.Availability, error) {
	var t catalog.Tariff
	var modules []module.Module
	err := e.InTx(ctx, func(tx Tx) (err error) {
		if t, err = tx.TariffByID(ctx, id); err != nil {
			return err
		}
		if !by.Scope.Covers(t.ProviderID, of) {
			return catalog.ErrNoTariff
		}
		modules, err = tx.ModulesByIDs(ctx, t.Offer.ModuleIDs)
		return err
	})
	if err != nil {
		return catalog.Availability{}, err
	}
	// Who asks this wants to know how things stand, not how they stood a moment ago.
	room := &catalog.Room{Sight: e.Free.Look(ctx, modules, 0)}
	if len(room.Sight) > 0 {
		err = e.InTx(ctx, func(tx Tx) (err error) {
			room.Sold, err = tx.StockSold(ctx, room.Sight, "")
			return err
		})
		if err != nil {
			return catalog.Availability{}, err
		}
	}
	a := catalog.Available(t, modules, room.Left(t.Code, t.Offer))
	if at != "" {
		a = a.Only(at)
	}
	if of == "" {
		return a, nil
	}
	err = e.InTx(ctx, func(tx Tx) error {
		c, err := tx.ClientByID(ctx, of)
		if err != nil {
			return err
		}
		if !by.Scope.Covers(c.ProviderID, c.ID) || c.ProviderID != t.ProviderID {
			return client.ErrNoClient
		}
		use, err := tx.ClientUse(ctx, of, id, nil)
		a = a.ForClient(t, c, use)
		return err
	})
	return a, err
}
