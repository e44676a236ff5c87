package dcimanager6

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/dialect"
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
	c := &check{Module: m, Trial: dialect.NewTrial(m.panel.Path, m.set.Endpoints), ctx: ctx}
	c.place()
	c.pools()
	c.lists()
	c.traffic()
	return c.Result()
}

// check is one check in the course of it.
type check struct {
	*Module
	*dialect.Trial[panel.Call]
	ctx context.Context //nolint:containedctx // it lives as long as one check
}

// place proves that the panel has the data center's location.
func (c *check) place() {
	var locations []panel.Place
	c.Call(panel.Locations, func() (err error) {
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
	if wanted[0] == "" && wanted[1] == "" && !c.Corrected(panel.Pools) {
		return
	}
	var all []panel.Pool
	c.Call(panel.Pools, func() (err error) {
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
	c.Call(panel.ServerList, func() error {
		_, _, err := c.panel.Server(c.ctx, 0) // there is none; the call is what counts
		return err
	})
	if c.Corrected(panel.Configurations) {
		c.Call(panel.Configurations, func() error {
			_, err := c.panel.Configurations(c.ctx)
			return err
		})
	}
	if c.Corrected(panel.Users) {
		c.Call(panel.Users, func() error {
			_, _, err := c.panel.UserByEmail(c.ctx, "nobody@example.com")
			return err
		})
	}
	if c.Corrected(panel.OSTemplates) || c.productType != colocation {
		var systems []panel.OSTemplate
		c.Call(panel.OSTemplates, func() (err error) {
			systems, err = c.panel.OSTemplates(c.ctx)
			return err
		})
		if len(systems) == 0 {
			c.Hint("The panel lists no system to install: no server can be made.")
		}
	}
	if c.Corrected(panel.Scripts) || c.set.UseRecipes {
		c.Call(panel.Scripts, func() error {
			_, err := c.panel.Scripts(c.ctx)
			return err
		})
	}
}

// traffic tries a corrected call on some servers of the panel.
func (c *check) traffic() {
	if !c.Corrected(panel.Traffic) || c.Err != nil {
		return
	}
	var all []panel.Server
	if all, c.Err = c.panel.Servers(c.ctx, isp6.All()); c.Err != nil {
		return
	}
	now := c.now().UTC()
	dialect.OnSome(c.Trial, panel.Traffic, all, isp6.Missing, func(s panel.Server) error {
		_, err := c.panel.Traffic(c.ctx, s.ID, now.Format("2006-01-02"), now.Add(-time.Hour), now, 0)
		return err
	})
}
