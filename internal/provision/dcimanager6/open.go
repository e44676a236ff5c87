package dcimanager6

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
)

// handOver makes the mark a finished one, once the machine is on.
func (w *work) handOver(ctx context.Context, s panel.Server) (panel.Server, bool, error) {
	return w.follow(ctx, s, func(s panel.Server) *step {
		if handedOver(s) {
			return nil
		}
		if on := w.power(s, provision.Served); on != nil {
			return on
		}
		return &step{"hand over", func(ctx context.Context) error { return w.panel.Label(ctx, s.ID, w.finalName(s), s.Domain) }}
	})
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
		if w.Memo["once"] == "install" {
			w.After = installing
		}
		return s, false, err
	}
	install, err := w.installation(ctx, s)
	if err != nil {
		return s, false, err
	}
	w.After = installing
	return w.once(ctx, s, install)
}

// ownership repeats the taking for a server whose owner was not set, or was overwritten by somebody who then lost.
func (w *work) ownership(s panel.Server) *step {
	return &step{"owner", func(ctx context.Context) error {
		owner, err := w.user(ctx)
		if err != nil {
			return err
		}
		return w.panel.Assign(ctx, s.ID, owner, s.Name, w.Op.Spec.Domain)
	}}
}
