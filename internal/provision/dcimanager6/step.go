package dcimanager6

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/isp6"
)

// step is one call that may be repeated without harm.
type step struct {
	name string
	do   func(context.Context) error
}

// plan looks at a server and names the next step, or nil when nothing is missing.
type plan func(panel.Server) *step

const (
	mostSteps = 16 // within one call of Apply
	mostTries = 5  // of one step, over all calls
)

func (w *work) call(name string, call panel.Call, s panel.Server) *step {
	return &step{name, func(ctx context.Context) error { return w.panel.Do(ctx, call, s.ID) }}
}

// follow takes the steps of a plan, looking at the server anew after each. It is ready when the plan names no step; not
// ready while the panel works. A server that ceases to be ours ends the plan: the caller looks whose it is.
func (w *work) follow(ctx context.Context, s panel.Server, next plan) (_ panel.Server, ready bool, err error) {
	for range mostSteps {
		if s.Busy() {
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
		if asked != nil && !isp6.Rejected(asked) {
			return s, false, asked
		}
		fresh, err := w.again(ctx, s.ID)
		if err != nil {
			return s, false, err
		}
		if after := w.missing(fresh, next); !fresh.Busy() && after != nil && after.name == missing.name {
			// Nothing has come of it: the panel refused for good, or it has not begun yet.
			return fresh, false, asked
		}
		s = fresh
	}
	return s, false, nil
}

func (w *work) missing(s panel.Server, next plan) *step {
	if !w.ours(s) {
		return nil
	}
	return next(s)
}

// again reads a server that was there a moment ago.
func (w *work) again(ctx context.Context, id int) (panel.Server, error) {
	s, found, err := w.panel.Server(ctx, id)
	if err == nil && !found {
		err = provision.NewRejected("server_not_found", "server %d has vanished from the panel", id)
	}
	return s, err
}

// account remembers which step is asked for at which operation of the server, so that the next look can tell that it
// failed, and gives up on one that never comes to an end.
func (w *work) account(name string, s panel.Server) error {
	name += " " + strconv.Itoa(s.ID)
	operation := strconv.Itoa(s.OperationID())
	if w.Memo["step"] == name && w.Memo["before"] != operation && s.Failed() {
		return failed(s)
	}
	if !w.Try(name, mostTries) {
		return provision.NewRejected("panel_does_not_finish", "the panel accepts %q for server %d and does not do it", name, s.ID)
	}
	w.Memo["before"] = operation
	return nil
}

func failed(s panel.Server) error {
	return provision.NewRejected("panel_failed", "operation %d of server %d ended as %s: %s", s.OperationID(), s.ID, s.Operation.Status, s.Operation.StatusInfo)
}

// request is a call that must not be made twice for one operation.
type request struct {
	name string
	do   func(context.Context) error
	// seen tells whether the server looks as if it had been done.
	seen func(panel.Server) bool
}

// once makes the request one time. First the number of the server's last operation goes into the memo, by a Pending outcome;
// from then on another number tells that the request was made, even where its answer was lost.
func (w *work) once(ctx context.Context, s panel.Server, r request) (_ panel.Server, ready bool, err error) {
	if s.Busy() {
		return s, false, nil
	}
	if !w.noted(s, r) {
		w.note(s, r)
		return s, false, nil
	}
	looked := w.Memo["once_asked"] != ""
	if !looked && w.sameOperation(s) {
		if s, err = w.askOnce(ctx, s, r); err != nil || s.Busy() {
			return s, false, err
		}
	}
	switch {
	case w.sameOperation(s):
		// No operation of it is shown. After a while a panel that shows none is believed when the server looks right.
		return s, looked && r.seen(s), nil
	case s.Failed():
		return s, false, failed(s)
	case w.Memo["once_asked"] == "" && !r.seen(s):
		// Another operation ended since the note was made, and it was not ours.
		w.note(s, r)
		return s, false, nil
	}
	return s, true, nil
}

func (w *work) noted(s panel.Server, r request) bool {
	return w.Memo["once"] == r.name && w.Memo["once_server"] == strconv.Itoa(s.ID)
}

func (w *work) note(s panel.Server, r request) {
	delete(w.Memo, "once_asked")
	w.Memo["once"], w.Memo["once_server"] = r.name, strconv.Itoa(s.ID)
	w.Memo["once_before"] = strconv.Itoa(s.OperationID())
	w.After = attempt.Soon
}

func (w *work) sameOperation(s panel.Server) bool {
	return w.Memo["once_before"] == strconv.Itoa(s.OperationID())
}

// askOnce makes the request. A refusal counts only where no operation has begun: else somebody asked before us, and that
// can only have been another attempt at the same.
func (w *work) askOnce(ctx context.Context, s panel.Server, r request) (panel.Server, error) {
	asked := r.do(ctx)
	if asked != nil && !isp6.Rejected(asked) {
		return s, asked
	}
	fresh, err := w.again(ctx, s.ID)
	if err != nil {
		return s, err
	}
	if asked == nil {
		w.Memo["once_asked"] = "yes"
		return fresh, nil
	}
	if w.sameOperation(fresh) {
		return fresh, asked
	}
	return fresh, nil
}
