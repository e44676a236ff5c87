package dcimanager6

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/isp6"
)

// Check logs in, and proves that the location and the pools exist which the module names, and that the panel has the calls that
// were corrected, as far as a look can tell.
func (m *Module) Check(ctx context.Context) error {
	_, err := m.Explain(ctx)
	return err
}

// Explain is Check, and tells what was tried.
func (m *Module) Explain(ctx context.Context) (provision.Checked, error) {
	c := &check{Module: m, ctx: ctx}
	c.place()
	c.pools()
	c.lists()
	c.traffic()
	c.Untried(m.set.Endpoints)
	return c.Result()
}

// check is one check in the course of it.
type check struct {
	*Module
	provision.Trial
	ctx context.Context //nolint:containedctx // it lives as long as one check
}

func (c *check) try(call panel.Call, attempt func() error) {
	c.Call(string(call), c.panel.Path(call), attempt)
}

func (c *check) corrected(call panel.Call) bool {
	_, is := c.set.Endpoints[string(call)]
	return is
}

// place proves that the panel has the data center's location.
func (c *check) place() {
	var locations []panel.Place
	c.try(panel.Locations, func() (err error) {
		locations, err = c.panel.Locations(c.ctx)
		return err
	})
	if c.Err != nil || c.location == "" {
		return
	}
	id, err := locationID(c.location)
	if err == nil && !knows(locations, id) {
		err = provision.NewRejected("unknown_location", "the panel has no location %d", id)
	}
	c.Err = err
}

// pools proves that the pools exist which the module names.
func (c *check) pools() {
	wanted := []string{c.set.AllocationPool, c.set.DeallocationPool}
	if wanted[0] == "" && wanted[1] == "" && !c.corrected(panel.Pools) {
		return
	}
	var all []panel.Pool
	c.try(panel.Pools, func() (err error) {
		all, err = c.panel.Pools(c.ctx)
		return err
	})
	for _, name := range wanted {
		if c.Err == nil && name != "" {
			_, c.Err = poolNamed(all, name)
		}
	}
}

// lists tries what an order reads, where it is corrected or the module needs it: the panel may keep its administrators from others.
func (c *check) lists() {
	c.try(panel.ServerList, func() error {
		_, _, err := c.panel.Server(c.ctx, 0) // there is none; the call is what counts
		return err
	})
	if c.corrected(panel.Configurations) {
		c.try(panel.Configurations, func() error {
			_, err := c.panel.Configurations(c.ctx)
			return err
		})
	}
	if c.corrected(panel.Users) {
		c.try(panel.Users, func() error {
			_, _, err := c.panel.UserByEmail(c.ctx, "nobody@example.com")
			return err
		})
	}
	if c.corrected(panel.OSTemplates) || c.productType != colocation {
		var systems []panel.OSTemplate
		c.try(panel.OSTemplates, func() (err error) {
			systems, err = c.panel.OSTemplates(c.ctx)
			return err
		})
		if len(systems) == 0 {
			c.Hint("The panel lists no system to install: no server can be made.")
		}
	}
	if c.corrected(panel.Scripts) || c.set.UseRecipes {
		c.try(panel.Scripts, func() error {
			_, err := c.panel.Scripts(c.ctx)
			return err
		})
	}
}

// traffic tries a corrected call on any server of the panel.
func (c *check) traffic() {
	if !c.corrected(panel.Traffic) || c.Err != nil {
		return
	}
	all, err := c.panel.Servers(c.ctx, isp6.All())
	if c.Err = err; err != nil || len(all) == 0 {
		return
	}
	now := c.now().UTC()
	c.try(panel.Traffic, func() error {
		_, err := c.panel.Traffic(c.ctx, all[0].ID, now.Format("2006-01-02"), now.Add(-time.Hour), now, 0)
		return err
	})
}
