package openstack

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// setParams brings the server to the ordered flavor, and confirms it. A lock is taken off for it and put back afterwards.
func (w *work) setParams(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	if w.Refused() {
		return w.lockedAgain(ctx, s)
	}
	flavor, err := w.flavor(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	if s.Locked && w.Memo["locked"] == "" && resizing(s, flavor) {
		// That it was locked must be known to every later attempt, before the lock is off.
		w.Memo["locked"], w.After = "yes", attempt.Soon
		return w.Pending(), nil
	}
	s, ready, err := w.follow(ctx, s, w.resize(flavor))
	if w.Memo["locked"] != "" && w.Refuse(err) {
		return w.lockedAgain(ctx, s)
	}
	if err != nil || !ready {
		return w.OrPending(err)
	}
	return w.done(ctx, s)
}

func resizing(s panel.Server, to panel.Flavor) bool {
	return s.Flavor != to.ID || s.Status == panel.VerifyResize
}

// resize is the plan of another flavor. A server that waits for a confirmation of something else goes back first.
func (w *work) resize(to panel.Flavor) plan {
	return func(s panel.Server) (*step, error) {
		switch {
		case !resizing(s, to):
			return w.lock(s), nil
		case s.Locked:
			return w.call(panel.Unlock, s), nil
		case s.Status == panel.VerifyResize && s.Flavor == to.ID:
			return w.call(panel.ConfirmResize, s), nil
		case s.Status == panel.VerifyResize:
			return w.call(panel.RevertResize, s), nil
		}
		if err := sound(s); err != nil {
			return nil, err
		}
		return &step{"resize", func(ctx context.Context) error { return w.panel.Resize(ctx, s.ID, to.ID) }}, nil
	}
}

// lock puts back a lock that was taken off.
func (w *work) lock(s panel.Server) *step {
	if w.Memo["locked"] == "" || s.Locked {
		return nil
	}
	return w.call(panel.Lock, s)
}

// lockedAgain locks a server whose change was refused, and tells the refusal.
func (w *work) lockedAgain(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	_, ready, err := w.follow(ctx, s, func(s panel.Server) (*step, error) { return w.lock(s), nil })
	if err != nil || !ready {
		return w.NotUndone(err, "and the server was not locked again")
	}
	return provision.Outcome{}, w.Refusal()
}
