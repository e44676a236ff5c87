package vmmanager6

import (
	"context"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// step is one call that may be repeated without harm.
type step struct {
	name string
	do   func(context.Context) (panel.Begun, error)
	// again tells that the step is tried once more where its task fails.
	again bool
}

// plan looks at a machine and names the next step, or nil when nothing is missing.
type plan func(context.Context, panel.Host) (*step, error)

const (
	mostSteps = 16 // within one call of Apply
	mostTries = 5  // of one step, over all calls
)

func (w *work) call(name string, call panel.Call, h panel.Host) *step {
	return &step{name: name, do: func(ctx context.Context) (panel.Begun, error) { return w.panel.Do(ctx, call, h.ID) }}
}

// stop asks the guest to go down; where that failed it is not asked any more.
func (w *work) stop(h panel.Host) *step {
	force := w.Memo["failed"] == "stop"
	return &step{name: "stop", again: !force, do: func(ctx context.Context) (panel.Begun, error) {
		return w.panel.Stop(ctx, h.ID, force)
	}}
}

// reach follows a plan to its end.
func (w *work) reach(ctx context.Context, h panel.Host, next plan) (provision.Outcome, error) {
	h, ready, err := w.follow(ctx, h, next)
	if err != nil {
		return provision.Outcome{}, err
	}
	if !ready {
		return w.Pending(), nil
	}
	return w.done(ctx, h)
}

// follow takes the steps of a plan, looking at the machine anew after each. It is ready when the plan names no step, and not
// ready while the panel works.
func (w *work) follow(ctx context.Context, h panel.Host, next plan) (_ panel.Host, ready bool, err error) {
	for range mostSteps {
		over, err := w.awaited(ctx)
		if err != nil || !over {
			return h, false, err
		}
		if h, err = w.again(ctx, h.ID); err != nil || !h.Settled() {
			return h, false, err
		}
		missing, err := next(ctx, h)
		if err != nil || missing == nil {
			return h, err == nil, err
		}
		if err := w.take(ctx, h, missing, next); err != nil {
			return h, false, err
		}
	}
	return h, false, nil
}

// take makes a step's call. A refusal counts only where the step is still missing: else somebody asked before us, and that can
// only have been another attempt at the same.
func (w *work) take(ctx context.Context, h panel.Host, s *step, next plan) error {
	if !w.Try(s.name, mostTries) {
		return provision.NewRejected("panel_does_not_finish", "the panel accepts %q for machine %d and does not do it", s.name, h.ID)
	}
	begun, asked := s.do(ctx)
	if asked == nil {
		w.await(begun)
		if s.again {
			w.Memo["again"] = s.name
		} else {
			delete(w.Memo, "again")
		}
		return nil
	}
	if !isp6.Rejected(asked) {
		return asked
	}
	log, err := w.panel.History(ctx, h.ID)
	if err != nil {
		return err
	}
	fresh, err := w.again(ctx, h.ID)
	if err != nil {
		return err
	}
	if log.Busy() || !fresh.Settled() {
		// The number of that attempt's task is not known: the next look waits until the machine's log shows no work.
		w.Memo["others"] = strconv.Itoa(h.ID)
		return nil
	}
	if still, err := next(ctx, fresh); err != nil || still == nil || still.name != s.name {
		return err
	}
	return asked
}

// again reads a machine that was there a moment ago.
func (w *work) again(ctx context.Context, id int) (panel.Host, error) {
	h, found, err := w.panel.Host(ctx, id)
	if err == nil && (!found || !w.ours(h)) {
		err = provision.NewRejected("machine_not_found", "machine %d has vanished from the panel", id)
	}
	return h, err
}

// await remembers the tasks that a call began.
func (w *work) await(b panel.Begun) { w.Memo["tasks"] = strings.Join(b.Tasks, ",") }

// awaited tells whether all remembered work is over. A failed task is a refusal, except of a step that is tried once more.
func (w *work) awaited(ctx context.Context) (bool, error) {
	if id, err := strconv.Atoi(w.Memo["others"]); err == nil {
		log, err := w.panel.History(ctx, id)
		if err != nil || log.Busy() {
			return false, err
		}
		delete(w.Memo, "others")
	}
	for number := range strings.SplitSeq(w.Memo["tasks"], ",") {
		if number == "" {
			continue
		}
		at, words, known, err := w.panel.Task(ctx, number)
		switch {
		case err != nil:
			return false, err
		case !known: // forgotten by the panel; what the machine looks like decides
		case at == panel.Working:
			return false, nil
		case at == panel.Failed && w.Memo["again"] != "" && w.Memo["failed"] == "":
			w.Memo["failed"] = w.Memo["again"]
		case at == panel.Failed:
			delete(w.Memo, "tasks")
			return false, provision.NewRejected("panel_failed", "task %s failed: %s", number, words)
		}
	}
	delete(w.Memo, "tasks")
	return true, nil
}

// request is a call that must not be made twice for one operation.
type request struct {
	name string // the sort of work in the machine's history
	do   func(context.Context) (panel.Begun, error)
}

// once makes the request one time. First the number of times that the machine went through it goes into the memo, by a Pending
// outcome; from then on a greater number tells that the request was made, even where its answer was lost.
func (w *work) once(ctx context.Context, h panel.Host, r request) (provision.Outcome, error) {
	if w.Memo["tasks"] != "" {
		over, err := w.awaited(ctx)
		if err != nil {
			return provision.Outcome{}, err
		}
		if !over {
			return w.Pending(), nil
		}
	}
	log, err := w.panel.History(ctx, h.ID)
	if err != nil {
		return provision.Outcome{}, err
	}
	if w.Memo["once"] != r.name {
		w.Memo["once"], w.Memo["before"] = r.name, strconv.Itoa(log.Times(r.name))
		w.After = attempt.Soon
		return w.Pending(), nil
	}
	if w.Memo["before"] == strconv.Itoa(log.Times(r.name)) {
		if log.Busy() || !h.Settled() {
			return w.Pending(), nil
		}
		begun, asked := r.do(ctx)
		if asked == nil {
			w.await(begun)
			w.Memo["before"] = "" // asked for and answered
			return w.Pending(), nil
		}
		if !isp6.Rejected(asked) {
			return provision.Outcome{}, asked
		}
		if log, err = w.panel.History(ctx, h.ID); err != nil {
			return provision.Outcome{}, err
		}
		if w.Memo["before"] == strconv.Itoa(log.Times(r.name)) {
			return provision.Outcome{}, asked
		}
	}
	return w.outcomeOf(ctx, h, r, log)
}

// outcomeOf reads from the history how a request ended.
func (w *work) outcomeOf(ctx context.Context, h panel.Host, r request, log panel.History) (provision.Outcome, error) {
	switch at, _ := log.Last(r.name); {
	case at == panel.Failed:
		return provision.Outcome{}, provision.NewRejected("panel_failed", "%q of machine %d failed", r.name, h.ID)
	case at == panel.Working, log.Busy():
		return w.Pending(), nil
	}
	h, err := w.again(ctx, h.ID)
	if err != nil {
		return provision.Outcome{}, err
	}
	if !h.Settled() {
		return w.Pending(), nil
	}
	return w.done(ctx, h)
}
