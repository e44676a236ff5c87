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

// made has a machine made, once for all attempts at the operation.
func (w *work) made(ctx context.Context) ([]panel.Host, provision.Outcome, error) {
	if w.Memo["made"] != "" {
		return nil, provision.Outcome{}, provision.NewRejected("machine_not_found", "machine %s has vanished from the panel", w.Memo["made"])
	}
	if err := w.create(ctx); err != nil {
		return nil, provision.Outcome{}, err
	}
	all, err := w.carriers(ctx)
	return all, w.Pending(), err // it may not be listed yet
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
			w.Begun = true
			w.await(begun)
			w.Memo["made"] = fmt.Sprint(begun.ID)
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
		Name: mark.Name(w.Op.ServiceID), Mark: markOf(w.Op.ServiceID), Domain: w.Op.Spec.Domain, Password: w.password(),
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
	client := w.Op.Spec.Client
	return panelhttp.FindOrMake(func() (int, bool, error) {
		known, found, err := w.panel.AccountByEmail(ctx, client.Email)
		return known.ID, found, err
	}, func() (int, error) {
		return w.panel.CreateAccount(ctx, panel.NewAccount{
			Email: client.Email, FullName: client.Name, Phone: client.Phone, Password: secret.Throwaway(),
		})
	})
}
