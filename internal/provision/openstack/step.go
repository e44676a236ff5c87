package openstack

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// step is one call that may be repeated without harm.
type step struct {
	name string
	do   func(context.Context) error
}

// plan looks at a server and names the next step, or nil when nothing is missing.
type plan func(panel.Server) (*step, error)

const (
	mostSteps = 12 // within one call of Apply
	mostTries = 3  // of one step, over all calls
)

func (w *work) call(a panel.Action, s panel.Server) *step {
	return &step{string(a), func(ctx context.Context) error { return w.panel.Do(ctx, a, s.ID) }}
}

// reach follows a plan to its end.
func (w *work) reach(ctx context.Context, s panel.Server, next plan) (provision.Outcome, error) {
	s, ready, err := w.follow(ctx, s, next)
	if err != nil || !ready {
		return w.OrPending(err)
	}
	return w.done(ctx, s)
}

// follow takes the steps of a plan, looking at the server anew after each. It is ready when the plan names no step, and not
// ready while the cloud works.
func (w *work) follow(ctx context.Context, s panel.Server, next plan) (_ panel.Server, ready bool, err error) {
	for range mostSteps {
		if !s.Settled() {
			return s, false, nil
		}
		missing, err := next(s)
		if err != nil || missing == nil {
			return s, err == nil, err
		}
		if s, err = w.take(ctx, s, missing, next); err != nil {
			return s, false, err
		}
	}
	return s, false, nil
}

// take makes a step's call and reads the server anew. The cloud shows what it was asked for before it answers, so a step that is
// still missing on a settled server came to nothing; it is tried again a few times. A refusal counts only where the step is still
// missing: else somebody asked before us, and that can only have been another attempt at the same.
func (w *work) take(ctx context.Context, s panel.Server, missing *step, next plan) (panel.Server, error) {
	if !w.Try(missing.name, mostTries) {
		return s, w.inVain(ctx, s, missing.name)
	}
	asked := missing.do(ctx)
	if asked != nil && !panel.Rejected(asked) {
		return s, asked
	}
	fresh, err := w.again(ctx, s.ID)
	if err != nil || asked == nil || !fresh.Settled() {
		return fresh, err
	}
	if still, err := next(fresh); err != nil || still == nil || still.name != missing.name {
		return fresh, err
	}
	return fresh, asked
}

// inVain says why a step does not succeed, in the words of the server's history where it has some.
func (w *work) inVain(ctx context.Context, s panel.Server, name string) error {
	log, err := w.panel.History(ctx, s.ID)
	if err != nil {
		return err
	}
	words := "it came to nothing"
	if len(log) > 0 && log[0].Message != "" {
		words = log[0].Message
	}
	return provision.NewRejected("panel_failed", "the cloud accepts %q for server %s, but: %s", name, s.ID, words)
}

// again reads a server that was there a moment ago.
func (w *work) again(ctx context.Context, id string) (panel.Server, error) {
	s, found, err := w.panel.Server(ctx, id)
	if err == nil && (!found || !w.ours(s)) {
		err = provision.NewRejected("machine_not_found", "server %s has vanished from the cloud", id)
	}
	return s, err
}

// request is a call that must not be made twice for one operation.
type request struct {
	name string // of the action in the server's history
	do   func(context.Context) error
}

// once makes the request one time. First the number of times that the server went through it goes into the memo, by a Pending
// outcome; from then on a greater number tells that the request was made, even where its answer was lost.
func (w *work) once(ctx context.Context, s panel.Server, r request) (provision.Outcome, error) {
	log, err := w.panel.History(ctx, s.ID)
	if err != nil {
		return provision.Outcome{}, err
	}
	if w.Memo["once"] != r.name {
		w.Memo["once"], w.Memo["before"] = r.name, strconv.Itoa(log.Times(r.name))
		w.After = attempt.Soon
		return w.Pending(), nil
	}
	if w.Memo["before"] == strconv.Itoa(log.Times(r.name)) {
		if !s.Settled() {
			return w.Pending(), nil
		}
		asked := r.do(ctx)
		if asked != nil && !panel.Rejected(asked) {
			return provision.Outcome{}, asked
		}
		if asked == nil {
			w.Memo["before"] = "asked"
			return w.outcomeOf(ctx, s.ID, r)
		}
		if log, err = w.panel.History(ctx, s.ID); err != nil {
			return provision.Outcome{}, err
		}
		if w.Memo["before"] == strconv.Itoa(log.Times(r.name)) {
			return provision.Outcome{}, asked
		}
	}
	return w.outcomeOf(ctx, s.ID, r)
}

// outcomeOf tells how a request ended.
func (w *work) outcomeOf(ctx context.Context, id string, r request) (provision.Outcome, error) {
	s, err := w.again(ctx, id)
	if err != nil {
		return provision.Outcome{}, err
	}
	if !s.Settled() {
		return w.Pending(), nil
	}
	log, err := w.panel.History(ctx, id)
	if err != nil {
		return provision.Outcome{}, err
	}
	if words := log.Failed(r.name); words != "" {
		return provision.Outcome{}, provision.NewRejected("panel_failed", "the %s of server %s failed: %s %s", r.name, id, words, s.Fault)
	}
	if err := sound(s); err != nil {
		return provision.Outcome{}, err
	}
	return w.done(ctx, s)
}
