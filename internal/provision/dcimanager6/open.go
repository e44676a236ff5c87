package dcimanager6

import (
	"context"
	"fmt"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
)

// open takes a free server, gives it addresses and an operating system, and is done when the panel is.
func (w *work) open(ctx context.Context) (provision.Outcome, error) {
	if w.memo["refused"] != "" {
		return w.takeBack(ctx)
	}
	s, out, err := w.taken(ctx)
	if out != nil || err != nil {
		return orZero(out), err
	}
	w.begun = true
	if handedOver(s) {
		return w.done(s), nil
	}
	s, ready, err := w.prepare(ctx, s)
	if failure, ok := provision.FailureOf(err); ok && failure.Kind == provision.Rejected {
		// What was taken goes back before another module may be asked, else the client would hold two servers.
		w.memo["refused"], w.memo["refused_text"] = failure.Code, failure.Text
		return w.takeBack(ctx)
	}
	switch {
	case err != nil:
		return provision.Outcome{}, err
	case !w.ours(s):
		// Somebody else's hand was the last on this server; the next look takes another one.
		w.memo, w.after, w.begun = map[string]string{}, soon, false
		return w.pending(), nil
	case !ready:
		return w.pending(), nil
	}
	return w.handOver(ctx, s)
}

// handOver makes the mark a finished one, and looks a last time whether another attempt has taken a server as well: who
// finishes last sees both.
func (w *work) handOver(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	s, ready, err := w.follow(ctx, s, func(s panel.Server) *step {
		if handedOver(s) {
			return nil
		}
		if on := w.power(s, provision.Served); on != nil {
			return on
		}
		return &step{"hand over", func(ctx context.Context) error { return w.panel.Label(ctx, s.ID, w.finalName(s), s.Domain) }}
	})
	if err != nil {
		return provision.Outcome{}, err
	}
	stays, out, err := w.taken(ctx)
	switch {
	case err != nil || out != nil:
		return orZero(out), err
	case !ready || stays.ID != s.ID:
		w.after = soon
		return w.pending(), nil
	}
	return w.done(stays), nil
}

func orZero(out *provision.Outcome) provision.Outcome {
	if out == nil {
		return provision.Outcome{}
	}
	return *out
}

// taken returns the one server that carries the service's mark, taking one where there is none. An outcome instead means
// that there is nothing to go on with now.
func (w *work) taken(ctx context.Context) (panel.Server, *provision.Outcome, error) {
	all, err := w.carriers(ctx)
	if err != nil {
		return panel.Server{}, nil, err
	}
	if len(all) == 0 {
		return w.claim(ctx)
	}
	w.begun = true
	for _, surplus := range all[1:] {
		ready, err := w.release(ctx, surplus)
		if err != nil {
			return panel.Server{}, nil, err
		}
		if !ready {
			out := w.pending()
			return panel.Server{}, &out, nil
		}
	}
	return all[0], nil, nil
}

// prepare does everything between taking a server and handing it over.
func (w *work) prepare(ctx context.Context, s panel.Server) (panel.Server, bool, error) {
	pools, err := w.loadPools(ctx)
	if err != nil {
		return s, false, err
	}
	want := w.wanted()
	if want.ipv4 == nil || *want.ipv4 < 1 {
		one := 1
		want.ipv4 = &one
	}
	s, ready, err := w.follow(ctx, s, func(s panel.Server) *step {
		switch {
		case !w.ownedByClient(s):
			return w.ownership(s)
		case s.Suspended():
			return w.call("ports up", panel.ResumeServer, s)
		}
		return w.addresses(s, pools, want)
	})
	if err != nil || !ready || !w.ours(s) {
		if w.memo["once"] == "install" {
			w.after = installing
		}
		return s, false, err
	}
	install, err := w.installation(ctx, s)
	if err != nil {
		return s, false, err
	}
	w.after = installing
	return w.once(ctx, s, install)
}

// ownership repeats the taking for a server whose owner was not set, or was overwritten by somebody who then lost.
func (w *work) ownership(s panel.Server) *step {
	return &step{"owner", func(ctx context.Context) error {
		owner, err := w.user(ctx)
		if err != nil {
			return err
		}
		return w.panel.Assign(ctx, s.ID, owner, s.Name, w.op.Spec.Domain)
	}}
}

// takeBack undoes an opening that was refused half-way, and then tells the refusal.
func (w *work) takeBack(ctx context.Context) (provision.Outcome, error) {
	code, text := w.memo["refused"], w.memo["refused_text"]
	all, err := w.carriers(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	w.begun = len(all) > 0
	for _, s := range all {
		ready, err := w.release(ctx, s)
		if failure, ok := provision.FailureOf(err); ok && failure.Kind == provision.Rejected {
			return provision.Outcome{}, provision.NewRejected(code, "%s",
				fmt.Sprintf("%s; server %d could not be taken back: %s", text, s.ID, failure.Text))
		}
		if err != nil {
			return provision.Outcome{}, err
		}
		if !ready {
			return w.pending(), nil
		}
	}
	w.begun = false
	return provision.Outcome{}, provision.NewTakenBack(code, "%s", text)
}
