package openstack

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/mark"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// open has a server made, and is done when it runs.
func (w *work) open(ctx context.Context) (provision.Outcome, error) {
	w.after = making
	if w.memo["refused"] != "" {
		return w.takeBack(ctx)
	}
	s, alone, err := w.made(ctx)
	if err != nil || !alone {
		return w.orPending(err)
	}
	s, ready, err := w.follow(ctx, s, w.awake)
	if failure, ok := provision.FailureOf(err); ok && failure.Kind == provision.Rejected {
		// What was made goes before another module may be asked, else the client would hold two servers.
		w.memo["refused"], w.memo["refused_text"] = failure.Code, failure.Text
		return w.takeBack(ctx)
	}
	if err != nil || !ready {
		return w.orPending(err)
	}
	// Once more: who finishes last sees what another attempt made meanwhile.
	first, alone, err := w.made(ctx)
	if err != nil || !alone || first.ID != s.ID {
		w.after = soon
		return w.orPending(err)
	}
	return w.done(ctx, s)
}

// made returns the service's server, having one made where there is none. It is alone when no other carries the mark.
func (w *work) made(ctx context.Context) (_ panel.Server, alone bool, err error) {
	all, err := w.carriers(ctx)
	if err != nil {
		return panel.Server{}, false, err
	}
	if len(all) == 0 {
		if w.memo["made"] != "" {
			return panel.Server{}, false, provision.NewRejected("machine_not_found", "server %s has vanished from the cloud", w.memo["made"])
		}
		if err := w.create(ctx); err != nil {
			return panel.Server{}, false, err
		}
		if all, err = w.carriers(ctx); err != nil || len(all) == 0 {
			return panel.Server{}, false, err // not listed yet
		}
	}
	w.begun = true
	gone, err := w.remove(ctx, all[1:])
	return all[0], gone, err
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
		Name: mark.Name(w.op.ServiceID), Mark: markOf(w.op.ServiceID), Image: image.ID, Flavor: flavor.ID, Network: network,
		Password: w.op.Spec.Password, Zone: w.set.AvailabilityZone, SecurityGroups: w.set.SecurityGroups,
	})
	if err != nil {
		return err
	}
	w.begun = true
	w.memo["made"] = id
	return nil
}

// takeBack undoes an opening that was refused half-way, and then tells the refusal.
func (w *work) takeBack(ctx context.Context) (provision.Outcome, error) {
	code, text := w.memo["refused"], w.memo["refused_text"]
	all, err := w.carriers(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	w.begun = len(all) > 0
	gone, err := w.remove(ctx, all)
	if failure, ok := provision.FailureOf(err); ok && failure.Kind == provision.Rejected {
		return provision.Outcome{}, provision.NewRejected(code, "%s; the server could not be deleted: %s", text, failure.Text)
	}
	if err != nil || !gone {
		return w.orPending(err)
	}
	w.begun = false
	return provision.Outcome{}, provision.NewTakenBack(code, "%s", text)
}
