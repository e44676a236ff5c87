package openstack

import (
	"context"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// Check logs in, and proves that the region has the three services and the network that the module names.
func (m *Module) Check(ctx context.Context) error {
	_, err := m.Explain(ctx)
	return err
}

// Explain is Check, and tells what was tried.
func (m *Module) Explain(ctx context.Context) (provision.Checked, error) {
	t := &provision.Trial{}
	t.Try("flavors (compute)", func() error {
		all, err := m.panel.Flavors(ctx)
		if err == nil && len(all) == 0 {
			t.Hint("The project sees no flavor: no machine can be made.")
		}
		return err
	})
	t.Try("images (image)", func() error {
		all, err := m.panel.Images(ctx)
		if err == nil && len(all) == 0 {
			t.Hint("The project sees no image: no machine can be made.")
		}
		return err
	})
	var networks []panel.Named
	t.Try("networks (network)", func() (err error) {
		networks, err = m.panel.Networks(ctx)
		return err
	})
	switch {
	case t.Err != nil:
	case m.set.Network != "":
		_, t.Err = named(networks, m.set.Network, "unknown_network")
	case len(networks) == 0:
		t.Hint("The project sees no network.")
	case len(networks) > 1: // the cloud refuses to choose
		names := make([]string, 0, len(networks))
		for _, n := range networks {
			names = append(names, n.Name)
		}
		t.Hint("The project sees several networks (%s): what is sold by a tariff that names none cannot be made, unless the parameter network does.",
			strings.Join(names, ", "))
	}
	if m.set.AvailabilityZone != "" || len(m.set.SecurityGroups) > 0 {
		t.Hint("The availability zone and the security groups are tried with the first machine.")
	}
	return t.Result()
}
