package dcimanager5

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

// How long until the next look, on the business clock.
const (
	shortWork  = 10 * time.Second // power, ports, licenses
	installing = 30 * time.Second
)

// work is one call of Apply.
type work struct {
	*Module
	attempt.Attempt
	told map[string]string // parameters for the service
}

// Apply brings the server nearer to what op asks for. Failures: Unavailable, Rejected ("no_free_server", "unknown_os",
// "server_not_found", …, or the panel's own refusal), Unauthenticated.
func (m *Module) Apply(ctx context.Context, op provision.Op) (provision.Outcome, error) {
	leave, err := m.panel.Exclusive(ctx, markOf(op.ServiceID))
	if err != nil {
		return provision.Outcome{}, err
	}
	defer leave()
	w := &work{Module: m, Attempt: attempt.At(op, shortWork), told: map[string]string{}}
	return w.frame().Apply(ctx, &w.Attempt)
}

func (w *work) frame() attempt.Frame[panel.Server] {
	return attempt.Frame[panel.Server]{
		Panel: "DCImanager 5",
		Find:  w.find, Carriers: w.carriers,
		NotFound: provision.NewRejected("server_not_found", "the panel has no server %q of this service", w.Op.Ref),
		Obtain:   w.claim, Prepare: w.prepare, HandOver: w.handOver, HandedOver: handedOver,
		Ours: w.ours, Same: func(a, b panel.Server) bool { return a.ID == b.ID },
		Opened: w.opened, Again: w.openedBefore,
		Release: w.release, Kept: func(s panel.Server) string { return fmt.Sprintf("server %d could not be taken back", s.ID) },
		LeaveNothing: w.leaveNothing,
		Changes: map[provision.Kind]attempt.Change[panel.Server]{
			provision.Suspend: w.suspend, provision.Resume: w.resume, provision.SetParams: w.setParams,
			provision.Reboot: w.reboot, provision.Reinstall: w.reinstall, provision.Renew: w.renew,
		},
	}
}

// suspend shuts the client and the switch port out; the machine itself stays on. The license stops with it.
func (w *work) suspend(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	s, ready, err := w.follow(ctx, s, func(_ context.Context, s panel.Server) (*step, error) {
		if s.Disabled {
			return nil, nil
		}
		return w.call("disable", panel.ServerDisable, s), nil
	})
	if err == nil && ready {
		err = w.license().Stop(ctx, false)
	}
	return w.finished(ctx, s, ready, err)
}

func (w *work) resume(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	s, ready, err := w.follow(ctx, s, func(_ context.Context, s panel.Server) (*step, error) {
		if !s.Disabled {
			return nil, nil
		}
		return w.call("enable", panel.ServerEnable, s), nil
	})
	if err == nil && ready {
		ready, err = w.licensed(ctx, s)
	}
	return w.finished(ctx, s, ready, err)
}

// setParams changes addresses and the license; what the panel has no call for goes to people (D28). What may be refused comes
// first, then what is not had back, surplus addresses; what a refused change did before it was refused is undone.
func (w *work) setParams(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	if w.Refused() {
		return w.undo(ctx, s)
	}
	if err := w.license().Sellable(); err != nil {
		return provision.Outcome{}, err
	}
	s, ready, err := w.changed(ctx, s)
	if w.Refuse(err) {
		return w.undo(ctx, s)
	}
	if err == nil && ready {
		err = w.releaseStrays(ctx, s)
	}
	out, err := w.finished(ctx, s, ready, err)
	if err == nil && out.State == provision.Done {
		if out.Text = w.byHand(s); out.Text != "" {
			out.State = provision.Manual
		}
	}
	return out, err
}

// changed brings a server to what is wanted.
func (w *work) changed(ctx context.Context, s panel.Server) (_ panel.Server, ready bool, err error) {
	want, err := w.wanted(ctx, false)
	if err != nil {
		return s, false, err
	}
	for _, want.growing = range []bool{true, false} {
		s, ready, err = w.follow(ctx, s, func(ctx context.Context, s panel.Server) (*step, error) {
			if rename := w.renaming(s); rename != nil {
				return rename, nil
			}
			return w.addressStep(ctx, s, want)
		})
		if err == nil && ready {
			ready, err = w.licensed(ctx, s) // its address may be another by now
		}
		if err != nil || !ready {
			return s, false, err
		}
	}
	return s, true, nil
}

// undo brings a server back to the addresses and the license of the terms that go on because a change was refused, and tells the
// refusal.
func (w *work) undo(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	if p := w.Op.Spec.Previous; p != nil {
		before := *w
		before.Op.Spec.AddOns = p.AddOns
		ready := false
		want, err := before.wanted(ctx, false)
		if err == nil {
			_, ready, err = w.follow(ctx, s, func(ctx context.Context, s panel.Server) (*step, error) { return before.addressStep(ctx, s, want) })
		}
		if err == nil && ready {
			ready, err = before.licensed(ctx, s)
		}
		if err != nil || !ready {
			return w.NotUndone(err, "and the server is not as it was before")
		}
	}
	return provision.Outcome{}, w.Refusal()
}

// renaming is the step that gives a server the domain that was asked for; nil where it has it, or none was.
func (w *work) renaming(s panel.Server) *step {
	host := w.hostname()
	if !w.asked("domain") || s.Hostname == host {
		return nil
	}
	return &step{name: "host name", do: func(ctx context.Context) error { return w.panel.Edit(ctx, s.ID, panel.Change{Hostname: &host}) }}
}

func (w *work) asked(parameter string) bool { return slices.Contains(w.Op.Spec.Asked, parameter) }

// renew pays for the license where it would end with the period; the server itself knows no periods.
func (w *work) renew(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	return w.finished(ctx, s, true, w.license().Prolong(ctx))
}

func (w *work) reboot(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	s, ready, err := w.once(ctx, s, request{
		name: "reboot", do: func(ctx context.Context) error { return w.panel.Do(ctx, panel.Reboot, s.ID) },
	})
	return w.finished(ctx, s, ready, err)
}

func (w *work) reinstall(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	install, err := w.installation(ctx, s)
	if err != nil {
		return provision.Outcome{}, err
	}
	w.After = installing
	s, ready, err := w.once(ctx, s, install)
	return w.finished(ctx, s, ready, err)
}

// finished tells what the service has now, once the panel is ready.
func (w *work) finished(ctx context.Context, s panel.Server, ready bool, err error) (provision.Outcome, error) {
	if err != nil || !ready || !w.ours(s) {
		return w.OrPending(err) // where it ceased to be ours, the next look finds no server
	}
	addresses, err := w.shown(ctx, s)
	if err != nil {
		return provision.Outcome{}, err
	}
	// Without a domain that was ordered there is none: the server's own is a placeholder.
	return provision.Outcome{
		State: provision.Done, Ref: refOf(s), Domain: w.Op.Spec.Domain, Addresses: addresses, Parameters: w.told,
	}, nil
}
