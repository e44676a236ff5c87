package dcimanager5

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

// Stock counts the free servers of each type. A server whose type and chassis template differ counts for both.
func (m *Module) Stock(ctx context.Context) ([]provision.Stock, error) {
	free, err := m.free(ctx, "")
	if err != nil {
		return nil, err
	}
	types, err := m.types(ctx)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, t := range types {
		count[t.Name] = 0
	}
	for _, s := range free {
		for _, t := range slices.Compact(slices.Sorted(slices.Values(s.Types))) {
			count[t]++
		}
	}
	return provision.Counted(count), nil
}

// StockKey is the tariff's server type.
func (m *Module) StockKey(_ string, settings json.RawMessage) string {
	t, err := provision.DecodeTariff[Tariff](settings)
	if err != nil {
		return ""
	}
	return t.ServerType
}

// types are the panel's own; where it does not list them, what its servers are of serves.
func (m *Module) types(ctx context.Context) ([]panel.Named, error) {
	all, err := m.panel.Names(ctx, panel.ServerTypes)
	if coremgr.Rejected(err) {
		return nil, nil
	}
	return all, err
}

// Catalog lists what the panel offers: its systems, recipes and server types, and the types of addresses as pools. Recipes are
// told by a server's form only, so a panel without servers shows none.
func (m *Module) Catalog(ctx context.Context) (provision.Catalog, error) {
	var c provision.Catalog
	systems, err := m.panel.Names(ctx, panel.OSTemplates)
	if err != nil {
		return c, err
	}
	c.OS = entries(systems)
	all, err := m.panel.Servers(ctx)
	if err != nil {
		return c, err
	}
	if len(all) > 0 {
		offer, err := m.panel.Offered(ctx, all[0].ID)
		if err != nil {
			return c, err
		}
		for _, r := range offer.Recipes {
			c.Scripts = append(c.Scripts, provision.Entry{ID: r, Name: r})
		}
	}
	types, err := m.types(ctx)
	if err != nil {
		return c, err
	}
	c.Configurations = entries(types)
	if m.pool == nil {
		return c, nil
	}
	kinds, _, err := m.pool.Types(ctx)
	for _, k := range kinds {
		c.Pools = append(c.Pools, provision.Entry{ID: k, Name: k})
	}
	return c, err
}

// entries names things as tariffs and orders name them; the panel's numbers are for nobody.
func entries(all []panel.Named) (out []provision.Entry) {
	for _, x := range all {
		out = append(out, provision.Entry{ID: x.Name, Name: x.Name})
	}
	return out
}
