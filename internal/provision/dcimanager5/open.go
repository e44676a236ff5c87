package dcimanager5

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
	"github.com/tariffd/tariffd/internal/secret"
)

// opened tells of the finished server, after what was given beside it came back.
func (w *work) opened(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	return w.showOpened(ctx, s, true, w.releaseStrays(ctx, s))
}

// openedBefore tells of a server that an earlier attempt finished, and of its license's key again.
func (w *work) openedBefore(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	ready, err := w.licensed(ctx, s)
	return w.showOpened(ctx, s, ready, err)
}

// showOpened tells also what people must still do (D28).
func (w *work) showOpened(ctx context.Context, s panel.Server, ready bool, err error) (provision.Outcome, error) {
	out, err := w.finished(ctx, s, ready, err)
	if err == nil && out.State == provision.Done {
		out.ByHand = w.byHand(s)
	}
	return out, err
}

// handOver makes the mark a finished one.
func (w *work) handOver(ctx context.Context, s panel.Server) (panel.Server, bool, error) {
	return w.follow(ctx, s, func(_ context.Context, s panel.Server) (*step, error) {
		if handedOver(s) {
			return nil, nil
		}
		return &step{name: "hand over", do: func(ctx context.Context) error {
			name := w.finalName(s)
			return w.panel.Edit(ctx, s.ID, panel.Change{Name: &name})
		}}, nil
	})
}

// claim takes a free server of the tariff's type. Two workers of this process take turns; against other processes each take is
// verified.
func (w *work) claim(ctx context.Context) ([]panel.Server, provision.Outcome, error) {
	s, err := w.claimed(ctx)
	return []panel.Server{s}, provision.Outcome{}, err
}

func (w *work) claimed(ctx context.Context) (panel.Server, error) {
	leave, err := w.panel.Exclusive(ctx, "claim")
	if err != nil {
		return panel.Server{}, err
	}
	defer leave()
	t, err := provision.DecodeTariff[Tariff](w.Op.Spec.Settings)
	if err != nil || t.ServerType == "" {
		return panel.Server{}, provision.NewRejected("bad_tariff_settings", "the tariff names no server type")
	}
	if err := w.license().Sellable(); err != nil {
		return panel.Server{}, err // not after hours of an installation
	}
	free, err := w.free(ctx, t.ServerType)
	if err != nil {
		return panel.Server{}, err
	}
	owner := 0
	if len(free) > 0 {
		if owner, err = w.panel.User(ctx, w.userName(), secret.Throwaway()); err != nil {
			return panel.Server{}, err
		}
	}
	none := provision.NewRejected("no_free_server", "no server of type %q is free", t.ServerType)
	return attempt.FirstOf(free, none, coremgr.Rejected, func(s panel.Server) (panel.Server, bool, error) { return w.take(ctx, s.ID, owner) })
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
	if w.Memo["once"] != "install" {
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
	w.After = installing
	s, ready, err := w.once(ctx, s, install)
	if err != nil || !ready || !w.ours(s) {
		return s, false, err
	}
	w.After = shortWork
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
