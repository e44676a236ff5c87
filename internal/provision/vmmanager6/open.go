package vmmanager6

import (
	"context"
	"fmt"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/mark"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/secret"
)

// open has a machine made, and is done when the panel is.
func (w *work) open(ctx context.Context) (provision.Outcome, error) {
	w.after = installing
	if w.memo["refused"] != "" {
		return w.takeBack(ctx)
	}
	h, alone, err := w.made(ctx)
	if err != nil || !alone {
		return w.orPending(err)
	}
	h, ready, err := w.grown(ctx, h)
	if failure, ok := provision.FailureOf(err); ok && failure.Kind == provision.Rejected {
		// What was made goes before another module may be asked, else the client would hold two machines.
		w.memo["refused"], w.memo["refused_text"] = failure.Code, failure.Text
		delete(w.memo, "tasks")
		return w.takeBack(ctx)
	}
	if err != nil || !ready {
		return w.orPending(err)
	}
	// Once more: who finishes last sees what another attempt made meanwhile.
	first, alone, err := w.made(ctx)
	if err != nil || !alone || first.ID != h.ID {
		w.after = soon
		return w.orPending(err)
	}
	return w.done(ctx, h)
}

func (w *work) orPending(err error) (provision.Outcome, error) {
	if err != nil {
		return provision.Outcome{}, err
	}
	return w.pending(), nil
}

// made returns the service's machine, having one made where there is none. It is alone when no other carries the mark.
func (w *work) made(ctx context.Context) (_ panel.Host, alone bool, err error) {
	all, err := w.carriers(ctx)
	if err != nil {
		return panel.Host{}, false, err
	}
	if len(all) == 0 {
		if w.memo["made"] != "" {
			return panel.Host{}, false, provision.NewRejected("machine_not_found", "machine %s has vanished from the panel", w.memo["made"])
		}
		if err := w.create(ctx); err != nil {
			return panel.Host{}, false, err
		}
		if all, err = w.carriers(ctx); err != nil || len(all) == 0 {
			return panel.Host{}, false, err // not listed yet
		}
	}
	w.begun = true
	gone, err := w.remove(ctx, all[1:])
	return all[0], gone, err
}

// grown waits until the machine is there and runs. The task that made it is known, or was lost with an answer: then the
// machine's history tells of it.
func (w *work) grown(ctx context.Context, h panel.Host) (_ panel.Host, ready bool, err error) {
	over, err := w.awaited(ctx)
	if err != nil || !over {
		return h, false, err
	}
	log, err := w.panel.History(ctx, h.ID)
	if err != nil {
		return h, false, err
	}
	switch at, _ := log.Last(panel.Created); {
	case at == panel.Failed:
		return h, false, provision.NewRejected("panel_failed", "the making of machine %d failed", h.ID)
	case log.Busy():
		return h, false, nil
	}
	return w.follow(ctx, h, func(_ context.Context, h panel.Host) (*step, error) {
		if h.Stopped() {
			return w.call("start", panel.HostStart, h), nil
		}
		return nil, nil
	})
}

// create has the machine made. Between the choice of a pool and the call another order may empty it: then the next one serves.
func (w *work) create(ctx context.Context) error {
	n, pools, err := w.newHost(ctx)
	if err != nil {
		return err
	}
	for range mostTries {
		if n.Pools, err = pools.enough(n.IPv4); err != nil {
			return err
		}
		begun, asked := w.panel.CreateHost(ctx, n)
		if asked == nil {
			w.begun = true
			w.await(begun)
			w.memo["made"] = fmt.Sprint(begun.ID)
			return nil
		}
		if !isp6.Rejected(asked) {
			return asked
		}
		before := n.Pools
		if pools, err = w.loadPools(ctx, panel.Cluster{ID: n.Cluster}); err != nil {
			return err
		}
		if n.Pools, err = pools.enough(n.IPv4); err != nil || fmt.Sprint(before) == fmt.Sprint(n.Pools) {
			return asked
		}
	}
	return provision.NewRejected("no_free_address", "the cluster's pools are emptied faster than they can be asked")
}

// newHost is what the machine is made of.
func (w *work) newHost(ctx context.Context) (panel.NewHost, pools, error) {
	n := panel.NewHost{
		Name: mark.Name(w.op.ServiceID), Mark: markOf(w.op.ServiceID), Domain: w.op.Spec.Domain, Password: w.password(),
		EmailMode: w.emailMode(), IPv4: 1,
	}
	cluster, err := w.cluster(ctx)
	if err != nil {
		return n, pools{}, err
	}
	x, err := w.wanted(ctx, cluster)
	if err != nil {
		return n, pools{}, err
	}
	os, err := w.chosenOS(ctx, cluster)
	if err != nil {
		return n, pools{}, err
	}
	if n.Recipes, err = w.chosenRecipes(ctx); err != nil {
		return n, pools{}, err
	}
	p, err := w.loadPools(ctx, cluster)
	if err != nil {
		return n, p, err
	}
	n.Cluster, n.OS = cluster.ID, os.ID
	if x.ipv4 != nil {
		n.IPv4 = *x.ipv4
	}
	n.IPv6 = x.ipv6 != nil && *x.ipv6
	if _, err := p.enough(n.IPv4); err != nil {
		return n, p, err // before an account is made for nothing
	}
	if n.Interface, err = w.secondInterface(p); err != nil {
		return n, p, err
	}
	w.shape(&n, x)
	n.Account, err = w.account(ctx)
	return n, p, err
}

// shape names the preset, or all of its values where one of them is another: the panel takes a preset or values.
func (w *work) shape(n *panel.NewHost, x wanted) {
	same := x.asked == panel.Size{} || x.size() == x.preset.Size
	switch {
	case x.preset.ID != 0 && same:
		n.Preset = x.preset.ID
	case x.preset.ID != 0 && w.set.PresetWithValues:
		n.Preset, n.Size = x.preset.ID, x.asked
	default:
		n.Size, n.Carried = x.size(), x.preset.Carried()
	}
}

// account finds the client's account in the panel by its e-mail, or makes it.
func (w *work) account(ctx context.Context) (int, error) {
	client := w.op.Spec.Client
	return panelhttp.FindOrMake(func() (int, bool, error) {
		known, found, err := w.panel.AccountByEmail(ctx, client.Email)
		return known.ID, found, err
	}, func() (int, error) {
		return w.panel.CreateAccount(ctx, panel.NewAccount{
			Email: client.Email, FullName: client.Name, Phone: client.Phone, Password: secret.Throwaway(),
		})
	})
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
		return provision.Outcome{}, provision.NewRejected(code, "%s; the machine could not be deleted: %s", text, failure.Text)
	}
	if err != nil || !gone {
		return w.orPending(err)
	}
	w.begun = false
	return provision.Outcome{}, provision.NewTakenBack(code, "%s", text)
}
