package vmmanager6

import (
	"context"
	"slices"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
)

// Catalog lists what the panel offers in the module's cluster: its systems, the recipes that customers may order, the
// configurations of its virtualization and its pools; and all clusters.
func (m *Module) Catalog(ctx context.Context) (provision.Catalog, error) {
	var c provision.Catalog
	cluster, err := m.cluster(ctx)
	if err != nil {
		return c, err
	}
	systems, err := m.systems(ctx, cluster)
	if err != nil {
		return c, err
	}
	for _, os := range systems {
		c.OS = append(c.OS, provision.Entry{ID: strconv.Itoa(os.ID), Name: os.Name, Tags: os.Tags})
	}
	recipes, err := m.panel.Recipes(ctx)
	if err != nil {
		return c, err
	}
	for _, r := range recipes {
		c.Scripts = append(c.Scripts, provision.Entry{ID: strconv.Itoa(r.ID), Name: r.Name, Tags: r.Tags})
	}
	presets, err := m.panel.Presets(ctx)
	if err != nil {
		return c, err
	}
	for _, p := range presets {
		if p.Virtualization == "" || p.Virtualization == cluster.Virtualization {
			c.Configurations = append(c.Configurations, provision.Entry{ID: strconv.Itoa(p.ID), Name: p.Name})
		}
	}
	pools, err := m.loadPools(ctx, cluster)
	if err != nil {
		return c, err
	}
	for _, p := range slices.Concat(pools.main, pools.second) {
		c.Pools = append(c.Pools, provision.Entry{ID: strconv.Itoa(p.ID), Name: p.Name})
	}
	clusters, err := m.panel.Clusters(ctx)
	if err != nil {
		return c, err
	}
	for _, x := range clusters {
		c.Clusters = append(c.Clusters, provision.Entry{ID: strconv.Itoa(x.ID), Name: x.Name, Tags: []string{x.Virtualization}})
	}
	return c, nil
}
