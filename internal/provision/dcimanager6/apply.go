package dcimanager6

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
)

// How long until the next look, on the business clock.
const (
	soon       = time.Second      // only the memo had to be put away
	shortWork  = 10 * time.Second // addresses, ports, power
	installing = 30 * time.Second
)

// work is one call of Apply.
type work struct {
	*Module
	op    provision.Op
	memo  map[string]string
	after time.Duration // of the next look
	begun bool          // the panel holds something for this operation
}

// colocation tells whether the server is the client's own, which people mount and take down.
func (w *work) colocation() bool { return w.productType == colocation }

// Apply brings the server nearer to what op asks for. Failures: Unavailable, Rejected ("no_free_server", "unknown_os",
// "server_not_found", …, or the panel's own refusal), Unauthenticated.
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
	if w.colocation() {
		switch w.op.Kind {
		case provision.Open, provision.Close, provision.Reinstall:
			return provision.Outcome{State: provision.Manual, Text: "A colocated server is mounted, taken down and installed by people."}, nil
		}
	}
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
	return provision.Outcome{}, provision.NewRejected("unsupported_operation", "DCImanager 6 has no %q", w.op.Kind)
}

// on runs a change of the service's own server; there must be one.
func (w *work) on(ctx context.Context, change func(context.Context, panel.Server) (provision.Outcome, error)) (provision.Outcome, error) {
	s, found, err := w.find(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	if !found {
		return provision.Outcome{}, provision.NewRejected("server_not_found", "the panel has no server %q of this service", w.op.Ref)
	}
	return change(ctx, s)
}

// suspend closes the switch port; the machine itself stays on, unless the module says otherwise.
func (w *work) suspend(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	return w.reach(ctx, s, func(s panel.Server) *step {
		if s.Suspended() {
			return w.power(s, provision.CutOff)
		}
		return w.call("suspend", panel.SuspendServer, s)
	})
}

func (w *work) resume(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	return w.reach(ctx, s, func(s panel.Server) *step {
		if !s.Suspended() {
			return w.power(s, provision.Served)
		}
		return w.call("resume", panel.ResumeServer, s)
	})
}

// setParams changes the number of addresses of the families that were ordered, and brings the power in line with the service;
// the panel has no call for anything else.
func (w *work) setParams(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	want := w.wanted()
	var pools pools
	if want != (addressCount{}) {
		var err error
		if pools, err = w.loadPools(ctx); err != nil {
			return provision.Outcome{}, err
		}
	}
	return w.reach(ctx, s, func(s panel.Server) *step {
		if want != (addressCount{}) {
			if exchange := w.addresses(s, pools, want); exchange != nil {
				return exchange
			}
		}
		return w.power(s, w.op.Spec.Standing)
	})
}

// reach follows a plan to its end.
func (w *work) reach(ctx context.Context, s panel.Server, next plan) (provision.Outcome, error) {
	s, ready, err := w.follow(ctx, s, next)
	if err != nil {
		return provision.Outcome{}, err
	}
	if !ready || !w.ours(s) {
		return w.pending(), nil // where it ceased to be ours, the next look finds no server
	}
	return w.done(s), nil
}

// reboot resets the machine, or switches on one that is off. Into recovery, the panel starts it from a system of its own and
// leaves the disks alone; the next reboot starts the installed system again.
func (w *work) reboot(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	r := request{name: "reboot", seen: func(panel.Server) bool { return true }}
	switch {
	case w.op.Recovery:
		system, err := w.recoverySystem(ctx)
		if err != nil {
			return provision.Outcome{}, err
		}
		r.name = "recovery"
		r.do = func(ctx context.Context) error { return w.panel.Recover(ctx, s.ID, system, w.password()) }
	case s.PowerStatus == "off":
		r.do = func(ctx context.Context) error { return w.panel.Do(ctx, panel.PowerOn, s.ID) }
	default:
		r.do = func(ctx context.Context) error { return w.panel.Do(ctx, panel.PowerReset, s.ID) }
	}
	return w.unrepeatable(ctx, s, r)
}

func (w *work) reinstall(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	install, err := w.installation(ctx, s)
	if err != nil {
		return provision.Outcome{}, err
	}
	w.after = installing
	return w.unrepeatable(ctx, s, install)
}

func (w *work) unrepeatable(ctx context.Context, s panel.Server, r request) (provision.Outcome, error) {
	s, ready, err := w.once(ctx, s, r)
	if err != nil {
		return provision.Outcome{}, err
	}
	if !ready {
		return w.pending(), nil
	}
	return w.done(s), nil
}

func (w *work) pending() provision.Outcome {
	return provision.Outcome{State: provision.Pending, After: w.after, Memo: w.memo}
}

// done tells what the service has now.
func (w *work) done(s panel.Server) provision.Outcome {
	return provision.Outcome{
		State: provision.Done, Ref: refOf(s), Domain: w.domainOf(s), Addresses: w.told(s), Parameters: osParameter(w.op, s), ByHand: w.byHand(s),
	}
}

// domainOf is the domain of the service's machine. A free server's own domain is a placeholder of the panel: without one that
// was ordered there is none.
func (w *work) domainOf(s panel.Server) string {
	if w.op.Spec.Domain == "" {
		return ""
	}
	return s.Domain
}
