package dsmanager

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
)

// step is one call that may be repeated without harm.
type step struct {
	name string
	do   func(context.Context) error
}

// plan looks at a server and names the next step, or nil when nothing is missing.
type plan func(panel.Server) *step

const (
	mostSteps = 12 // within one call of Apply
	mostTries = 3  // of one step, over all calls
)

func (w *work) call(call panel.Call, s panel.Server) *step {
	return &step{string(call), func(ctx context.Context) error { return w.panel.Do(ctx, call, s.ID) }}
}

// reach follows a plan to its end.
func (w *work) reach(ctx context.Context, s panel.Server, next plan) (provision.Outcome, error) {
	s, ready, err := w.follow(ctx, s, next)
	if err != nil || !ready || !w.ours(s) {
		return w.OrPending(err) // where it ceased to be ours, the next look finds no server
	}
	return w.done(s), nil
}

// follow takes the steps of a plan, looking at the server anew after each. It is ready when the plan names no step, and not ready
// while the panel works. A server that ceases to be ours ends the plan: the caller looks whose it is.
func (w *work) follow(ctx context.Context, s panel.Server, next plan) (_ panel.Server, ready bool, err error) {
	for range mostSteps {
		if s.Working {
			return s, false, nil
		}
		missing := w.missing(s, next)
		if missing == nil {
			return s, true, nil
		}
		if err := w.account(missing.name, s); err != nil {
			return s, false, err
		}
		asked := missing.do(ctx)
		if asked != nil && !coremgr.Rejected(asked) {
			return s, false, asked
		}
		if s, err = w.again(ctx, s.ID); err != nil {
			return s, false, err
		}
		// A refusal counts only where the step is still missing: else another attempt at the same asked before us.
		if after := w.missing(s, next); !s.Working && after != nil && after.name == missing.name {
			return s, false, asked
		}
	}
	return s, false, nil
}

func (w *work) missing(s panel.Server, next plan) *step {
	if !w.ours(s) {
		return nil
	}
	return next(s)
}

// account gives up on a step that never comes to an end.
func (w *work) account(name string, s panel.Server) error {
	name += " " + strconv.Itoa(s.ID)
	if !w.Try(name, mostTries) {
		return provision.NewRejected("panel_does_not_finish", "the panel accepts %q for server %d and does not do it", name, s.ID)
	}
	return nil
}

// again reads a server that was there a moment ago.
func (w *work) again(ctx context.Context, id int) (panel.Server, error) {
	s, found, err := w.panel.Server(ctx, id)
	if err == nil && !found {
		err = panel.Missing(provision.Ref(strconv.Itoa(id)))
	}
	return s, err
}

// request is a call that must not be made twice for one operation.
type request struct {
	name string
	do   func(context.Context) error
}

func (w *work) unrepeatable(ctx context.Context, s panel.Server, r request) (provision.Outcome, error) {
	s, ready, err := w.once(ctx, s, r)
	if err != nil || !ready {
		return w.OrPending(err)
	}
	return w.done(s), nil
}

// once makes the request one time. First the number of the server's last operation goes into the memo, by a Pending outcome; from
// then on another number tells that the request was made, even where its answer was lost.
func (w *work) once(ctx context.Context, s panel.Server, r request) (_ panel.Server, ready bool, err error) {
	if s.Working {
		return s, false, nil
	}
	last, err := w.panel.Last(ctx, s.ID)
	if err != nil {
		return s, false, err
	}
	key := r.name + " " + strconv.Itoa(s.ID)
	if w.Memo["once"] != key {
		w.Memo["once"], w.Memo["before"], w.After = key, last.Number, attempt.Soon
		return s, false, nil
	}
	if w.Memo["before"] == last.Number {
		asked := r.do(ctx)
		if asked != nil && !coremgr.Rejected(asked) {
			return s, false, asked
		}
		if asked == nil {
			w.Memo["before"] = "asked" // no number is so
		}
		if last, err = w.panel.Last(ctx, s.ID); err != nil {
			return s, false, err
		}
		if w.Memo["before"] == last.Number {
			return s, false, asked
		}
		if s, err = w.again(ctx, s.ID); err != nil || s.Working {
			return s, false, err
		}
		if last, err = w.panel.Last(ctx, s.ID); err != nil {
			return s, false, err
		}
	}
	if last.Failed {
		return s, false, provision.NewRejected("panel_failed", "the %s of server %d failed", r.name, s.ID)
	}
	return s, true, nil
}
