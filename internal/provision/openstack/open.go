package openstack

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/mark"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// made has a server made, once for all attempts at the operation.
func (w *work) made(ctx context.Context) ([]panel.Server, provision.Outcome, error) {
	if w.Memo["made"] != "" {
		return nil, provision.Outcome{}, provision.NewRejected("machine_not_found", "server %s has vanished from the cloud", w.Memo["made"])
	}
	if err := w.create(ctx); err != nil {
		return nil, provision.Outcome{}, err
	}
	all, err := w.carriers(ctx)
	return all, w.Pending(), err // it may not be listed yet
}

// create asks for a server.
func (w *work) create(ctx context.Context) error {
	flavor, err := w.flavor(ctx)
	if err != nil {
		return err
	}
	image, err := w.image(ctx)
	if err != nil {
		return err
	}
	network, err := w.network(ctx)
	if err != nil {
		return err
	}
	id, err := w.panel.CreateServer(ctx, panel.NewServer{
		Name: mark.Name(w.Op.ServiceID), Mark: markOf(w.Op.ServiceID), Image: image.ID, Flavor: flavor.ID, Network: network,
		Password: w.Op.Spec.Password, Zone: w.set.AvailabilityZone, SecurityGroups: w.set.SecurityGroups,
	})
	if err != nil {
		return err
	}
	w.Begun = true
	w.Memo["made"] = id
	return nil
}
