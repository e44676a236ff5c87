package vmmanager6

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// How long until the next look, on the business clock.
const (
	shortWork  = 10 * time.Second // power, addresses, sizes
	installing = 20 * time.Second
)

// work is one call of Apply.
type work struct {
	*Module
	attempt.Attempt
}

// Apply brings the machine nearer to what op asks for. Failures: Unavailable, Rejected ("no_free_address", "unknown_os",
// "disk_cannot_shrink", "machine_not_found", …, or the panel's own refusal), Unauthenticated.
func (m *Module) Apply(ctx context.Context, op provision.Op) (provision.Outcome, error) {
	leave, err := m.panel.Exclusive(ctx, markOf(op.ServiceID))
	if err != nil {
		return provision.Outcome{}, err
	}
	defer leave()
	w := &work{Module: m, Attempt: attempt.At(op, shortWork)}
	if op.Kind == provision.Open {
		w.After = installing
	}
	return w.frame().Apply(ctx, &w.Attempt)
}

func (w *work) frame() attempt.Frame[panel.Host] {
	return attempt.Frame[panel.Host]{
		Panel: "VMmanager 6",
		Find:  w.find, Carriers: w.carriers,
		NotFound: provision.NewRejected("machine_not_found", "the panel has no machine %q of this service", w.Op.Ref),
		Obtain:   w.made, Prepare: w.grown,
		Ours: w.ours, Same: func(a, b panel.Host) bool { return a.ID == b.ID }, Opened: w.done,
		Release: w.remove, Kept: func(panel.Host) string { return "the machine could not be deleted" },
		Changes: map[provision.Kind]attempt.Change[panel.Host]{
			provision.Suspend: w.suspend, provision.Resume: w.resume, provision.SetParams: w.setParams,
			provision.Reboot: w.reboot, provision.Reinstall: w.reinstall,
		},
	}
}

// suspend stops the machine, by force where the guest does not listen, and locks it where the module says so.
func (w *work) suspend(ctx context.Context, h panel.Host) (provision.Outcome, error) {
	return w.reach(ctx, h, func(_ context.Context, h panel.Host) (*step, error) {
		switch {
		case h.Running():
			return w.stop(h), nil
		case w.set.DisableSuspended && !h.Disabled:
			return w.call("disable", panel.HostDisable, h), nil
		}
		return nil, nil
	})
}

func (w *work) resume(ctx context.Context, h panel.Host) (provision.Outcome, error) {
	return w.reach(ctx, h, func(_ context.Context, h panel.Host) (*step, error) {
		switch {
		case w.set.DisableSuspended && h.Disabled:
			return w.call("enable", panel.HostEnable, h), nil
		case h.Stopped():
			return w.call("start", panel.HostStart, h), nil
		}
		return nil, nil
	})
}

// reboot restarts a machine once; one that is off is started.
func (w *work) reboot(ctx context.Context, h panel.Host) (provision.Outcome, error) {
	if h.Stopped() && w.Memo["once"] == "" {
		return w.resume(ctx, h)
	}
	return w.once(ctx, h, request{name: panel.Restarted, do: func(ctx context.Context) (panel.Begun, error) {
		return w.panel.Do(ctx, panel.HostRestart, h.ID)
	}})
}

// reinstall puts the ordered system on the machine once.
func (w *work) reinstall(ctx context.Context, h panel.Host) (provision.Outcome, error) {
	w.After = installing
	cluster, err := w.cluster(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	os, err := w.chosenOS(ctx, cluster)
	if err != nil {
		return provision.Outcome{}, err
	}
	recipes, err := w.chosenRecipes(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	return w.once(ctx, h, request{name: panel.Reinstalled, do: func(ctx context.Context) (panel.Begun, error) {
		return w.panel.Reinstall(ctx, h.ID, os.ID, w.password(), recipes, w.emailMode())
	}})
}

// done tells what the service has now.
func (w *work) done(ctx context.Context, h panel.Host) (provision.Outcome, error) {
	addresses, err := w.told(ctx, h)
	if err != nil {
		return provision.Outcome{}, err
	}
	return provision.Outcome{
		State: provision.Done, Ref: refOf(h), Domain: h.Domain, Addresses: addresses, Parameters: osParameter(w.Op, h), ByHand: w.byHand(h),
	}, nil
}

// osParameter tells which system was installed where the order left it open.
func osParameter(op provision.Op, h panel.Host) map[string]string {
	if op.Kind != provision.Open && op.Kind != provision.Reinstall || op.Spec.Parameter("os") != "" || h.OS == "" {
		return nil
	}
	return map[string]string{"os": h.OS}
}
