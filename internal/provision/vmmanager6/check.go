package vmmanager6

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dialect"
	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// Check logs in, and proves that the cluster and the pools exist which the module names, and that the panel has the calls that were
// corrected, as far as a look can tell.
func (m *Module) Check(ctx context.Context) error {
	_, err := m.Explain(ctx)
	return err
}

// Explain is Check, and tells what was tried.
func (m *Module) Explain(ctx context.Context) (provision.Checked, error) {
	c := &check{Module: m, Trial: dialect.NewTrial(m.panel.Path, m.set.Endpoints), ctx: ctx}
	c.lists(c.place())
	c.machine()
	return c.Result()
}

// check is one check in the course of it.
type check struct {
	*Module
	*dialect.Trial[panel.Call]
	ctx context.Context //nolint:containedctx // it lives as long as one check
}

// place proves that there are the cluster and the pools which the module names.
func (c *check) place() (cluster panel.Cluster) {
	c.Call(panel.Clusters, func() (err error) {
		cluster, err = c.cluster(c.ctx)
		return err
	})
	var here pools
	c.Call(panel.Pools, func() (err error) {
		here, err = c.loadPools(c.ctx, cluster)
		return err
	})
	if c.Err != nil {
		return cluster
	}
	if c.set.Cluster == "" {
		c.Hint("No cluster is named: machines are made in %q, the first.", cluster.Name)
	}
	if _, err := here.choice(); err != nil {
		if c.set.IPPool != "" {
			c.Err = err
			return cluster
		}
		c.Hint("No pool with IPv4 addresses serves the cluster: no machine can be made.")
	}
	_, c.Err = c.secondInterface(here)
	return cluster
}

// lists tries what an order reads: where it is corrected, or the module needs it.
func (c *check) lists(cluster panel.Cluster) {
	var systems []panel.OSTemplate
	c.Call(panel.OSTemplates, func() (err error) {
		systems, err = c.panel.OSTemplates(c.ctx)
		return err
	})
	if !slices.ContainsFunc(systems, func(o panel.OSTemplate) bool { return o.Serves(cluster) }) {
		c.Hint("The panel has no system for customers in the cluster: no machine can be made.")
	}
	reads := map[panel.Call]func() error{
		panel.Presets:  func() error { _, err := c.panel.Presets(c.ctx); return err },
		panel.Recipes:  func() error { _, err := c.panel.Recipes(c.ctx); return err },
		panel.Accounts: func() error { _, _, err := c.panel.AccountByEmail(c.ctx, "nobody@example.com"); return err },
		panel.Tasks:    func() error { _, _, _, err := c.panel.Task(c.ctx, "0"); return err },
		panel.HostList: func() error { _, _, err := c.panel.Host(c.ctx, 0); return err },
	}
	for _, call := range slices.Sorted(maps.Keys(reads)) {
		if c.Corrected(call) || call == panel.Recipes && c.set.UseRecipes {
			c.Call(call, reads[call])
		}
	}
}

// machine tries what was corrected of the calls that read something of one machine.
func (c *check) machine() {
	now := c.now()
	reads := map[panel.Call]func(panel.Host) error{
		panel.HostHistory: func(h panel.Host) error { _, err := c.panel.History(c.ctx, h.ID); return err },
		panel.HostIPv4:    func(h panel.Host) error { _, err := c.panel.IPs(c.ctx, h.ID); return err },
		panel.HostIPv6:    func(h panel.Host) error { _, err := c.panel.IPv6(c.ctx, h.ID); return err },
		panel.Metrics: func(h panel.Host) error {
			_, err := c.panel.Series(c.ctx, h.ID, "in", now.Add(-time.Hour), now, c.zone)
			return err
		},
	}
	var all []panel.Host
	for _, call := range slices.Sorted(maps.Keys(reads)) {
		if !c.Corrected(call) || c.Err != nil {
			continue
		}
		if len(all) == 0 {
			if all, c.Err = c.panel.Hosts(c.ctx, ""); len(all) == 0 {
				return
			}
		}
		dialect.OnSome(c.Trial, call, all, isp6.Missing, reads[call])
	}
}
