package dcimanager6

import (
	"context"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
)

// How long until the next look, on the business clock.
const (
	shortWork  = 10 * time.Second // addresses, ports, power
	installing = 30 * time.Second
)

// work is one call of Apply.
type work struct {
	*Module
	attempt.Attempt
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
	w := &work{Module: m, Attempt: attempt.At(op, shortWork)}
	if w.colocation() && (op.Kind == provision.Open || op.Kind == provision.Close || op.Kind == provision.Reinstall) {
		return provision.Outcome{State: provision.Manual, Text: "A colocated server is mounted, taken down and installed by people."}, nil
	}
	return w.frame().Apply(ctx, &w.Attempt)
}

func (w *work) frame() attempt.Frame[panel.Server] {
	return attempt.Frame[panel.Server]{
		Panel: "DCImanager 6",
		Find:  w.find, Carriers: w.carriers,
		NotFound: provision.NewRejected("server_not_found", "the panel has no server %q of this service", w.Op.Ref),
		Obtain:   w.claim, Prepare: w.prepare, HandOver: w.handOver, HandedOver: handedOver,
		Ours: w.ours, Same: func(a, b panel.Server) bool { return a.ID == b.ID },
		Opened:  func(_ context.Context, s panel.Server) (provision.Outcome, error) { return w.done(s), nil },
		Release: w.release, Kept: func(s panel.Server) string { return fmt.Sprintf("server %d could not be taken back", s.ID) },
		Changes: map[provision.Kind]attempt.Change[panel.Server]{
			provision.Suspend: w.suspend, provision.Resume: w.resume, provision.SetParams: w.setParams,
			provision.Reboot: w.reboot, provision.Reinstall: w.reinstall,
		},
	}
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
		return w.power(s, w.Op.Spec.Standing)
	})
}

// reach follows a plan to its end.
func (w *work) reach(ctx context.Context, s panel.Server, next plan) (provision.Outcome, error) {
	s, ready, err := w.follow(ctx, s, next)
	if err != nil || !ready || !w.ours(s) {
		return w.OrPending(err) // where it ceased to be ours, the next look finds no server
	}
	return w.done(s), nil
}

// reboot resets the machine, or switches on one that is off. Into recovery, the panel starts it from a system of its own and
// leaves the disks alone; the next reboot starts the installed system again.
func (w *work) reboot(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	r := request{name: "reboot", seen: func(panel.Server) bool { return true }}
	switch {
	case w.Op.Recovery:
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
	w.After = installing
	return w.unrepeatable(ctx, s, install)
}

func (w *work) unrepeatable(ctx context.Context, s panel.Server, r request) (provision.Outcome, error) {
	s, ready, err := w.once(ctx, s, r)
	if err != nil || !ready {
		return w.OrPending(err)
	}
	return w.done(s), nil
}

// done tells what the service has now.
func (w *work) done(s panel.Server) provision.Outcome {
	return provision.Outcome{
		State: provision.Done, Ref: refOf(s), Domain: w.domainOf(s), Addresses: w.told(s), Parameters: osParameter(w.Op, s), ByHand: w.byHand(s),
	}
}

// domainOf is the domain of the service's machine. A free server's own domain is a placeholder of the panel: without one that
// was ordered there is none.
func (w *work) domainOf(s panel.Server) string {
	if w.Op.Spec.Domain == "" {
		return ""
	}
	return s.Domain
}
