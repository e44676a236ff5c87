package openstack

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// How long until the next look, on the business clock.
const (
	soon      = time.Second // only the memo had to be put away
	shortWork = 10 * time.Second
	making    = 20 * time.Second
)

// work is one call of Apply.
type work struct {
	*Module
	op    provision.Op
	memo  map[string]string
	after time.Duration // of the next look
	begun bool          // the cloud holds something for this operation
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
	w := &work{Module: m, op: op, memo: op.Remembered(), after: shortWork}
	out, err := w.apply(ctx)
	out.Begun = w.begun
	return out, err
}

func (w *work) apply(ctx context.Context) (provision.Outcome, error) {
	switch w.op.Kind {
	case provision.Open:
		return w.open(ctx)
	case provision.Suspend:
		return w.on(ctx, w.suspend)
	case provision.Resume:
		return w.on(ctx, w.resume)
	case provision.SetParams:
		return w.on(ctx, w.setParams)
	case provision.Reboot:
		return w.on(ctx, w.reboot)
	case provision.Reinstall:
		return w.on(ctx, w.reinstall)
	case provision.Close:
		return w.close(ctx)
	case provision.Renew:
		return provision.Outcome{State: provision.Done}, nil
	}
	return provision.Outcome{}, provision.NewRejected("unsupported_operation", "OpenStack has no %q", w.op.Kind)
}

// on runs a change of the service's own server; there must be one.
func (w *work) on(ctx context.Context, change func(context.Context, panel.Server) (provision.Outcome, error)) (provision.Outcome, error) {
	s, found, err := w.find(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	if !found {
		return provision.Outcome{}, provision.NewRejected("machine_not_found", "the cloud has no server %q of this service", w.op.Ref)
	}
	return change(ctx, s)
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
	w.after = making
	image, err := w.image(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	return w.once(ctx, s, request{name: "rebuild", do: func(ctx context.Context) error {
		return w.panel.Rebuild(ctx, s.ID, image.ID, w.op.Spec.Password)
	}})
}

func (w *work) pending() provision.Outcome {
	return provision.Outcome{State: provision.Pending, After: w.after, Memo: w.memo}
}

func (w *work) orPending(err error) (provision.Outcome, error) {
	if err != nil {
		return provision.Outcome{}, err
	}
	return w.pending(), nil
}

// done tells what the service has now.
func (w *work) done(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	out := provision.Outcome{State: provision.Done, Ref: refOf(s), Domain: w.op.Spec.Domain, Addresses: told(s), ByHand: w.byHand(s)}
	installs := w.op.Kind == provision.Open || w.op.Kind == provision.Reinstall
	if installs && w.op.Spec.Parameter("os") == "" {
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
