package openstack

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// How long until the next look, on the business clock.
const (
	shortWork = 10 * time.Second
	making    = 20 * time.Second
)

// work is one call of Apply.
type work struct {
	*Module
	attempt.Attempt
}

// Apply brings the server nearer to what op asks for. Failures: Unavailable, Rejected ("unknown_flavor", "unknown_os",
// "unknown_network", "unknown_region", "machine_not_found", "machine_broken", "panel_failed", …, or the cloud's own refusal),
// Unauthenticated.
func (m *Module) Apply(ctx context.Context, op provision.Op) (provision.Outcome, error) {
	leave, err := m.panel.Exclusive(ctx, markOf(op.ServiceID))
	if err != nil {
		return provision.Outcome{}, err
	}
	defer leave()
	w := &work{Module: m, Attempt: attempt.At(op, shortWork)}
	if op.Kind == provision.Open {
		w.After = making
	}
	return w.frame().Apply(ctx, &w.Attempt)
}

func (w *work) frame() attempt.Frame[panel.Server] {
	return attempt.Frame[panel.Server]{
		Panel: "OpenStack",
		Find:  w.find, Carriers: w.carriers,
		NotFound: provision.NewRejected("machine_not_found", "the cloud has no server %q of this service", w.Op.Ref),
		Obtain:   w.made, Prepare: func(ctx context.Context, s panel.Server) (panel.Server, bool, error) {
			return w.follow(ctx, s, w.awake)
		},
		Ours: w.ours, Same: func(a, b panel.Server) bool { return a.ID == b.ID }, Opened: w.done,
		Release: w.remove, Kept: func(panel.Server) string { return "the server could not be deleted" },
		Changes: map[provision.Kind]attempt.Change[panel.Server]{
			provision.Suspend: w.suspend, provision.Resume: w.resume, provision.SetParams: w.setParams,
			provision.Reboot: w.reboot, provision.Reinstall: w.reinstall,
		},
	}
}

// suspend takes the machine out of service, and locks it where the module says so. One that is in ERROR is locked as it is.
func (w *work) suspend(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	off := panel.Stop
	if w.set.SuspendBy == "suspend" {
		off = panel.Suspend
	}
	return w.reach(ctx, s, func(s panel.Server) (*step, error) {
		switch {
		case s.Running() && s.Locked:
			return w.call(panel.Unlock, s), nil // a lock binds us as well
		case s.Running():
			return w.call(off, s), nil
		case w.locks() && !s.Locked:
			return w.call(panel.Lock, s), nil
		}
		return nil, nil
	})
}

// wakes is how a machine that is off is brought back, by its status.
var wakes = map[string]panel.Action{panel.ShutOff: panel.Start, panel.Suspended: panel.Resume, panel.Paused: panel.Unpause}

func (w *work) resume(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	return w.reach(ctx, s, w.awake)
}

// awake is the plan of a machine that shall run.
func (w *work) awake(s panel.Server) (*step, error) {
	if s.Locked {
		return w.call(panel.Unlock, s), nil
	}
	if wake, off := wakes[s.Status]; off {
		return w.call(wake, s), nil
	}
	return nil, sound(s)
}

// sound refuses a machine that the cloud itself calls broken.
func sound(s panel.Server) error {
	if s.Status != panel.Broken {
		return nil
	}
	return provision.NewRejected("machine_broken", "server %s is in ERROR: %s", s.ID, s.Fault)
}

// reboot restarts a machine once, by force; one that is off is started by it.
func (w *work) reboot(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	return w.once(ctx, s, request{name: "reboot", do: func(ctx context.Context) error { return w.panel.Do(ctx, panel.Reboot, s.ID) }})
}

// reinstall puts the ordered image on the machine once.
func (w *work) reinstall(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	w.After = making
	image, err := w.image(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	return w.once(ctx, s, request{name: "rebuild", do: func(ctx context.Context) error {
		return w.panel.Rebuild(ctx, s.ID, image.ID, w.Op.Spec.Password)
	}})
}

// done tells what the service has now.
func (w *work) done(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	out := provision.Outcome{State: provision.Done, Ref: refOf(s), Domain: w.Op.Spec.Domain, Addresses: told(s), ByHand: w.byHand(s)}
	installs := w.Op.Kind == provision.Open || w.Op.Kind == provision.Reinstall
	if installs && w.Op.Spec.Parameter("os") == "" {
		image, err := w.image(ctx)
		if err != nil {
			return provision.Outcome{}, err
		}
		out.Parameters = map[string]string{"os": image.Name} // the order left it open
	}
	return out, nil
}

// told lists a server's addresses. The main one is the first that clients reach: a floating one, else the first of IPv4.
func told(s panel.Server) []provision.Address {
	out := make([]provision.Address, 0, len(s.Addresses))
	main, rank := -1, 0
	for i, a := range s.Addresses {
		out = append(out, provision.Address{IP: a.IP, Family: a.Family})
		r := 1
		if a.Family == "ipv4" {
			r = 2
		}
		if a.Floating {
			r = 3
		}
		if r > rank {
			main, rank = i, r
		}
	}
	if main >= 0 {
		out[main].Main = true
	}
	return out
}
