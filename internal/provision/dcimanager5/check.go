package dcimanager5

import (
	"context"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/dialect"
)

// Check logs in everywhere, and proves that the type for parking exists where that can be known, and that the panels have the
// functions that were corrected, as far as a look can tell.
func (m *Module) Check(ctx context.Context) error {
	_, err := m.Explain(ctx)
	return err
}

// Explain is Check, and tells what was tried.
func (m *Module) Explain(ctx context.Context) (provision.Checked, error) {
	c := &check{Module: m, Trial: dialect.NewTrial(m.panel.Function, m.set.Endpoints), ctx: ctx}
	c.list("", m.panel, panel.OSTemplates)
	c.corrected("", m.panel, panel.Users)
	c.corrected("", m.panel, panel.ServerTypes)
	c.servers()
	day := m.env.Now().UTC().Format("2006-01-02")
	for _, call := range []panel.Call{panel.TrafficReport, panel.BurstReport, panel.PowerReport} {
		c.corrected("", m.panel, call, m.panel.Period(day)...)
	}
	if m.licenses != nil {
		c.list("license server", &m.licenses.Server.Panel, panel.Licenses)
	}
	if m.pool != nil {
		c.list("IP manager", &m.pool.Panel, panel.PoolAddresses)
		c.corrected("IP manager", &m.pool.Panel, panel.PoolTypes)
		c.parking()
	}
	return c.Result()
}

// check is one check in the course of it.
type check struct {
	*Module
	*dialect.Trial[panel.Call]
	ctx context.Context //nolint:containedctx // it lives as long as one check
}

// list tries a function that shows something; the system is named where it stands beside the panel.
func (c *check) list(system string, p *panel.Panel, call panel.Call, form ...string) {
	c.Call(call, func() error {
		err := p.Reachable(c.ctx, call, form...)
		if err != nil && system != "" {
			return named(system, err)
		}
		return err
	})
}

// corrected is list for a function that was corrected: others are not tried, for the panel may lack them.
func (c *check) corrected(system string, p *panel.Panel, call panel.Call, form ...string) {
	if c.Corrected(call) && !p.Lacks(call) {
		c.list(system, p, call, form...)
	}
}

// servers tries the list of servers, and on some of them what shows one server; of the first two that is a form.
func (c *check) servers() {
	var all []panel.Server
	c.Call(panel.Servers, func() (err error) {
		all, err = c.panel.Servers(c.ctx)
		return err
	})
	for _, call := range []panel.Call{panel.ServerEdit, panel.Operations, panel.History, panel.Connections, panel.Addresses} {
		if !c.Corrected(call) || c.panel.Lacks(call) {
			continue
		}
		dialect.OnSome(c.Trial, call, all, coremgr.Missing, func(s panel.Server) error {
			return c.panel.Reachable(c.ctx, call, "elid", string(refOf(s)))
		})
	}
}

// parking proves that the type of parked addresses exists.
func (c *check) parking() {
	wanted := c.set.ParkingIPType
	if c.Err != nil || wanted == "" {
		return
	}
	types, known, err := c.pool.Types(c.ctx)
	switch {
	case err != nil:
		c.Err = named("IP manager", err)
	case !known:
		c.Hint("The IP manager does not tell its types, so that it is not known whether it has %q.", wanted)
	case !contains(types, wanted):
		c.Err = provision.NewRejected("unknown_ip_type", "the IP manager has no type %q; it has %s", wanted, strings.Join(types, ", "))
	}
}
