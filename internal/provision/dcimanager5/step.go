package dcimanager5

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

// step is one call that may be repeated without harm.
type step struct {
	name string
	do   func(context.Context) error
	// slow tells that the panel takes its time over it and does not show that it is at work.
	slow bool
}

// plan looks at a server and names the next step, or nil when nothing is missing.
type plan func(context.Context, panel.Server) (*step, error)

const (
	mostSteps = 24 // within one call of Apply
	mostTries = 5  // of one step, over all calls
	patience  = 6  // looks at a slow step before it is asked for again
	mostWaits = 60 // looks at one step, over all calls: ten minutes
)

func (w *work) call(name string, call panel.Call, s panel.Server) *step {
	return &step{name: name, slow: true, do: func(ctx context.Context) error { return w.panel.Do(ctx, call, s.ID) }}
}

// follow takes the steps of a plan, looking at the server anew after each. It is ready when the plan names no step; not
// ready while the panel works. A server that ceases to be ours ends the plan: the caller looks whose it is.
func (w *work) follow(ctx context.Context, s panel.Server, next plan) (_ panel.Server, ready bool, err error) {
	for range mostSteps {
		if s.Busy() {
			return s, false, nil
		}
		missing, err := w.missing(ctx, s, next)
		if err != nil || missing == nil {
			return s, err == nil, err
		}
		if ask, err := w.account(missing, s); err != nil || !ask {
			return s, false, err
		}
		asked := missing.do(ctx)
		if asked != nil && !coremgr.Rejected(asked) {
			return s, false, asked
		}
		fresh, err := w.again(ctx, s.ID)
		if err != nil {
			return s, false, err
		}
		after, err := w.missing(ctx, fresh, next)
		if err != nil {
			return fresh, false, err
		}
		if after != nil && after.name == missing.name {
			// Nothing has come of it yet. A slow step may have been refused because somebody else's is under way.
			if asked != nil && missing.slow && w.Count("waits") < mostWaits {
				asked = nil
			}
			return fresh, false, asked
		}
		s = fresh
	}
	return s, false, nil
}

func (w *work) missing(ctx context.Context, s panel.Server, next plan) (*step, error) {
	if !w.ours(s) {
		return nil, nil
	}
	return next(ctx, s)
}

// again reads a server that was there a moment ago.
func (w *work) again(ctx context.Context, id int) (panel.Server, error) {
	s, found, err := w.panel.Server(ctx, id)
	if err == nil && !found {
		err = provision.NewRejected("server_not_found", "server %d has vanished from the panel", id)
	}
	return s, err
}

// account decides whether a step is asked for now: at once the first time, and again where nothing has come of it for a while. It
// gives up on one that never comes to an end.
func (w *work) account(s *step, on panel.Server) (ask bool, err error) {
	name := s.name + " " + strconv.Itoa(on.ID)
	if w.Memo["step"] != name {
		w.Memo["step"], w.Memo["tries"], w.Memo["waits"] = name, "1", "0"
		return true, nil
	}
	w.Memo["waits"] = strconv.Itoa(w.Count("waits") + 1)
	if s.slow && w.Count("waits")%patience != 0 && !on.PowerError {
		return false, nil
	}
	tries := w.Count("tries")
	if tries >= mostTries && (!s.slow || on.PowerError || w.Count("waits") >= mostWaits) {
		return false, provision.NewRejected("panel_does_not_finish", "the panel accepts %q for server %d and does not do it", s.name, on.ID)
	}
	w.Memo["tries"] = strconv.Itoa(tries + 1)
	return true, nil
}

// request is a call that must not be made twice for one operation.
type request struct {
	name string
	do   func(context.Context) error
}

// once makes the request one time. First the number of the server's last operation goes into the memo, by a Pending outcome;
// from then on another number tells that the request was made, even where its answer was lost. A panel that tells no numbers is
// looked at seconds after a request without an answer: what began still shows then.
func (w *work) once(ctx context.Context, s panel.Server, r request) (_ panel.Server, ready bool, err error) {
	last, err := w.panel.LastOperation(ctx, s.ID)
	if err != nil {
		return s, false, err
	}
	if s.Busy() || last.Running {
		if w.noted(s, r) && w.Memo["once_asked"] == "unsure" {
			w.Memo["once_asked"] = "yes" // it had been heard
		}
		return s, false, nil
	}
	if !w.noted(s, r) {
		delete(w.Memo, "once_asked")
		delete(w.Memo, "once_seen")
		w.Memo["once"], w.Memo["once_server"], w.Memo["once_before"], w.Memo["once_tries"] = r.name, strconv.Itoa(s.ID), last.Number, "0"
		w.After = attempt.Soon
		return s, false, nil
	}
	heard := w.Memo["once_asked"] == "yes" || w.Memo["once_before"] != last.Number
	switch {
	case heard && s.InstallFailed && r.name == "install":
		return s, false, provision.NewRejected("panel_failed", "the installation of server %d failed", s.ID)
	case heard && s.PowerError && r.name == "reboot":
		return s, false, provision.NewRejected("panel_failed", "the restart of server %d failed", s.ID)
	case heard && !last.Known && w.Memo["once_seen"] == "":
		// One look more: work that began with the answer may not show in the same moment.
		w.Memo["once_seen"] = "yes"
		return s, false, nil
	case heard:
		return s, true, nil
	}
	return w.askOnce(ctx, s, r)
}

func (w *work) noted(s panel.Server, r request) bool {
	return w.Memo["once"] == r.name && w.Memo["once_server"] == strconv.Itoa(s.ID)
}

// askOnce makes the request. Without an answer the next look comes soon; a refusal counts only when it lasts, for it may be of
// work that is under way and does not show.
func (w *work) askOnce(ctx context.Context, s panel.Server, r request) (panel.Server, bool, error) {
	asked := r.do(ctx)
	tries := w.Count("once_tries") + 1
	w.Memo["once_tries"] = strconv.Itoa(tries)
	failure, failed := provision.FailureOf(asked)
	switch {
	case asked == nil:
		w.Memo["once_asked"] = "yes"
		return s, false, nil
	case !failed || failure.Kind == provision.Unauthenticated, tries > mostTries:
		return s, false, asked
	case failure.Kind == provision.Unavailable:
		w.Memo["once_asked"], w.After = "unsure", attempt.Soon
		return s, false, nil
	}
	return s, false, w.refusal(ctx, s, asked)
}

// refusal tells whether a refusal stands: not where a server has a sign of work that somebody else began.
func (w *work) refusal(ctx context.Context, s panel.Server, asked error) error {
	fresh, err := w.again(ctx, s.ID)
	if err != nil {
		return err
	}
	last, err := w.panel.LastOperation(ctx, s.ID)
	if err != nil {
		return err
	}
	busy, err := w.panel.PortBusy(ctx, s.ID)
	if err != nil {
		return err
	}
	if fresh.Busy() || busy || last.Running || last.Number != w.Memo["once_before"] {
		return nil
	}
	return asked
}
