package dcimanager5

import (
	"context"
	"fmt"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
	"github.com/tariffd/tariffd/internal/secret"
)

// mostCandidates bounds how many servers are tried in one call.
const mostCandidates = 20

// open takes a free server, gives it addresses, an operating system and a license, and is done when the panels are.
func (w *work) open(ctx context.Context) (provision.Outcome, error) {
	if w.memo["refused"] != "" {
		return w.takeBack(ctx)
	}
	s, out, err := w.taken(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	if out != nil {
		return *out, nil
	}
	w.begun = true
	if handedOver(s) {
		ready, err := w.licensed(ctx, s) // only tells its key again
		return w.opened(ctx, s, ready, err)
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

// opened tells of the finished server, and what people must still do to it (D28).
func (w *work) opened(ctx context.Context, s panel.Server, ready bool, err error) (provision.Outcome, error) {
	out, err := w.finished(ctx, s, ready, err)
	if err == nil && out.State == provision.Done {
		out.ByHand = w.byHand(s)
	}
	return out, err
}

// handOver makes the mark a finished one, and looks a last time whether another attempt has taken a server as well: who
// finishes last sees both.
func (w *work) handOver(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	s, ready, err := w.follow(ctx, s, func(_ context.Context, s panel.Server) (*step, error) {
		if handedOver(s) {
			return nil, nil
		}
		return &step{name: "hand over", do: func(ctx context.Context) error {
			name := w.finalName(s)
			return w.panel.Edit(ctx, s.ID, panel.Change{Name: &name})
		}}, nil
	})
	if err != nil {
		return provision.Outcome{}, err
	}
	stays, out, err := w.taken(ctx)
	switch {
	case err != nil:
		return provision.Outcome{}, err
	case out != nil:
		return *out, nil
	case !ready || stays.ID != s.ID:
		w.after = soon
		return w.pending(), nil
	}
	return w.opened(ctx, stays, true, w.releaseStrays(ctx, stays))
}

// taken returns the one server that carries the service's mark, taking one where there is none. An outcome instead means
// that there is nothing to go on with now.
func (w *work) taken(ctx context.Context) (panel.Server, *provision.Outcome, error) {
	all, err := w.carriers(ctx)
	if err != nil {
		return panel.Server{}, nil, err
	}
	if len(all) == 0 {
		s, err := w.claim(ctx)
		return s, nil, err
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

// claim takes a free server of the tariff's type. Two workers of this process take turns; against other processes each take is
// verified.
func (w *work) claim(ctx context.Context) (panel.Server, error) {
	leave, err := w.panel.Exclusive(ctx, "claim")
	if err != nil {
		return panel.Server{}, err
	}
	defer leave()
	t, err := provision.DecodeTariff[Tariff](w.op.Spec.Settings)
	if err != nil || t.ServerType == "" {
		return panel.Server{}, provision.NewRejected("bad_tariff_settings", "the tariff names no server type")
	}
	if err := w.sellable(); err != nil {
		return panel.Server{}, err // not after hours of an installation
	}
	free, err := w.free(ctx, t.ServerType)
	if err != nil {
		return panel.Server{}, err
	}
	refusal := error(provision.NewRejected("no_free_server", "no server of type %q is free", t.ServerType))
	if len(free) == 0 {
		return panel.Server{}, refusal
	}
	owner, err := w.panel.User(ctx, w.userName(), secret.Throwaway())
	if err != nil {
		return panel.Server{}, err
	}
	for _, s := range free[:min(len(free), mostCandidates)] {
		got, won, err := w.take(ctx, s.ID, owner)
		switch {
		case won:
			return got, nil
		case coremgr.Rejected(err): // a blocked server, say: the next one may do
			refusal = err
		case err != nil:
			return panel.Server{}, err
		}
	}
	return panel.Server{}, refusal
}

// free lists the servers of a type ("": of all) that nobody has, or is about to have.
func (m *Module) free(ctx context.Context, kind string) ([]panel.Server, error) {
	all, err := m.panel.Servers(ctx)
	if err != nil {
		return nil, err
	}
	out := all[:0]
	for _, s := range all {
		if m.panel.Free(s) && markIn(s) == "" && (kind == "" || s.IsOf(kind)) {
			out = append(out, s)
		}
	}
	return out, nil
}

// take puts the service's mark, owner and host name on a server, in one call, and looks whether they stayed. The last look before
// narrows the gap in which another process may do the same; who loses finds another's mark, now or at its next step.
func (w *work) take(ctx context.Context, id, owner int) (panel.Server, bool, error) {
	s, found, err := w.panel.Server(ctx, id)
	if err != nil || !found || !w.panel.Free(s) || markIn(s) != "" {
		return s, false, err
	}
	name, host := w.newName(s), w.hostname()
	asked := w.panel.Edit(ctx, id, panel.Change{Name: &name, Hostname: &host, Owner: &owner})
	if asked != nil && !coremgr.Rejected(asked) {
		return s, false, asked
	}
	fresh, err := w.again(ctx, id)
	if err != nil {
		return s, false, err
	}
	if w.ours(fresh) && w.ownedByClient(fresh) {
		return fresh, true, nil
	}
	return fresh, false, asked
}

// prepare does everything between taking a server and handing it over.
func (w *work) prepare(ctx context.Context, s panel.Server) (panel.Server, bool, error) {
	want, err := w.wanted(ctx, true)
	if err != nil {
		return s, false, err
	}
	if w.memo["once"] != "install" {
		var ready bool
		s, ready, err = w.follow(ctx, s, func(ctx context.Context, s panel.Server) (*step, error) {
			switch {
			case !w.ownedByClient(s) || s.Hostname != w.hostname():
				return w.ownership(s), nil
			case s.Disabled:
				return w.call("enable", panel.ServerEnable, s), nil
			case !s.On:
				return w.call("power on", panel.PowerOn, s), nil
			}
			return w.addressStep(ctx, s, want)
		})
		if err != nil || !ready || !w.ours(s) {
			return s, false, err
		}
	}
	install, err := w.installation(ctx, s)
	if err != nil {
		return s, false, err
	}
	w.after = installing
	s, ready, err := w.once(ctx, s, install)
	if err != nil || !ready || !w.ours(s) {
		return s, false, err
	}
	w.after = shortWork
	ready, err = w.licensed(ctx, s)
	return s, ready, err
}

// ownership repeats the taking for a server whose owner was overwritten by somebody who then lost.
func (w *work) ownership(s panel.Server) *step {
	return &step{name: "owner", do: func(ctx context.Context) error {
		owner, err := w.panel.User(ctx, w.userName(), secret.Throwaway())
		if err != nil {
			return err
		}
		host := w.hostname()
		return w.panel.Edit(ctx, s.ID, panel.Change{Hostname: &host, Owner: &owner})
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
	if err := w.leaveNothing(ctx); err != nil {
		return provision.Outcome{}, err
	}
	w.begun = false
	return provision.Outcome{}, provision.NewTakenBack(code, "%s", text)
}
