package dcimanager6

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
)

// Stock counts the free servers of each configuration at the module's location. The panel's own count is of all locations
// together; it only adds the configurations of which nothing is free here.
func (m *Dedicated) Stock(ctx context.Context) ([]provision.Stock, error) {
	location, err := locationID(m.location)
	if err != nil {
		return nil, err
	}
	known, err := m.panel.Configurations(ctx)
	if err != nil {
		return nil, err
	}
	free, err := m.free(ctx, location, "")
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, c := range known {
		count[c.Name] = 0
	}
	for _, s := range free {
		count[s.Configuration]++
	}
	return provision.Counted(count), nil
}

// StockKey is the tariff's configuration; any will do where staff choose the most similar one.
func (m *Dedicated) StockKey(tariffCode string, settings json.RawMessage) string {
	if !m.byServerType() {
		return ""
	}
	return m.ExactKey(tariffCode, settings)
}

// ExactKey is the tariff's configuration, of which the module makes a service by itself.
func (m *Dedicated) ExactKey(_ string, settings json.RawMessage) string {
	t, err := provision.DecodeTariff[Tariff](settings)
	if err != nil {
		return ""
	}
	return t.Configuration
}

// Catalog lists what the panel offers: its systems, the scripts that customers may order, configurations, pools, locations.
func (m *Module) Catalog(ctx context.Context) (provision.Catalog, error) {
	var c provision.Catalog
	systems, err := m.systems(ctx)
	if err != nil {
		return c, err
	}
	for _, os := range systems {
		c.OS = append(c.OS, provision.Entry{ID: strconv.Itoa(os.ID), Name: os.Name, Tags: os.Tags})
	}
	scripts, err := m.panel.Scripts(ctx)
	if err != nil {
		return c, err
	}
	for _, s := range scripts {
		if s.Public() {
			c.Scripts = append(c.Scripts, provision.Entry{ID: strconv.Itoa(s.ID), Name: s.Name})
		}
	}
	configurations, err := m.panel.Configurations(ctx)
	if err != nil {
		return c, err
	}
	for _, x := range configurations {
		c.Configurations = append(c.Configurations, provision.Entry{ID: x.Name, Name: x.Name})
	}
	pools, err := m.panel.Pools(ctx)
	if err != nil {
		return c, err
	}
	for _, p := range pools {
		c.Pools = append(c.Pools, provision.Entry{ID: strconv.Itoa(p.ID), Name: p.Name})
	}
	locations, err := m.panel.Locations(ctx)
	if err != nil {
		return c, err
	}
	for _, l := range locations {
		c.Locations = append(c.Locations, provision.Entry{ID: strconv.Itoa(l.ID), Name: l.Name})
	}
	return c, nil
}
