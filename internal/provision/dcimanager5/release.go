package dcimanager5

import (
	"context"
	"slices"

	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

// leaveNothing stops the service's licenses and gives back the addresses that are on no server.
func (w *work) leaveNothing(ctx context.Context) error {
	if err := w.license().Stop(ctx, true); err != nil {
		return err
	}
	return w.releaseStrays(ctx, panel.Server{})
}

// release makes a server anybody's: an address for parking first (D30), then ports as the panel wants them, power off, its other
// addresses and its license returned, and at last owner, mark and host name cleared, in one call: that is what makes it free.
func (w *work) release(ctx context.Context, s panel.Server) (ready bool, err error) {
	_, ready, err = w.follow(ctx, s, func(ctx context.Context, s panel.Server) (*step, error) {
		if exchange, err := w.parkingStep(ctx, s); exchange != nil || err != nil {
			return exchange, err
		}
		switch {
		case s.Disabled:
			return w.call("enable", panel.ServerEnable, s), nil
		case s.InstallFailed:
			return &step{name: "cancel", do: func(ctx context.Context) error { return w.panel.Do(ctx, panel.OperationCancel, s.ID) }}, nil
		case !s.PowerOff && !s.PowerError:
			return w.call("power off", panel.PowerOff, s), nil
		}
		return w.clearStep(ctx, s)
	})
	return ready, err
}

// parkingStep gets a server the address that it has while it is nobody's, where the module names a type for it.
func (w *work) parkingStep(ctx context.Context, s panel.Server) (*step, error) {
	kind := w.set.ParkingIPType
	if kind == "" {
		return nil, nil
	}
	all, given, err := w.holds(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, h := range all {
		if h.kind == kind && h.IP.IP == s.IP {
			return nil, nil
		}
		if h.kind == kind {
			return w.mainStep(s, h.IP.IP), nil
		}
	}
	return &step{name: "parking address", do: func(ctx context.Context) error {
		ip, has := "", map[string]bool{}
		if w.pool != nil {
			var err error
			if ip, err = w.pool.Get(ctx, w.wish(group{"ipv4", kind, 1}, w.parkMark(s), w.panel.FreeHostname()), has, given); err != nil {
				return err
			}
		}
		return w.panel.AddIP(ctx, s.ID, ip, kind, "ipv4", w.panel.FreeHostname())
	}}, nil
}

// clearStep takes from a server that is off what it got, and then the service itself. It waits while a port is being switched.
func (w *work) clearStep(ctx context.Context, s panel.Server) (*step, error) {
	busy, err := w.panel.PortBusy(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	if busy {
		return &step{name: "ports at rest", slow: true, do: func(context.Context) error { return nil }}, nil
	}
	all, _, err := w.holds(ctx, s)
	if err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(slices.Clone(all), func(h held) bool { return h.IP.IP == s.IP })
	if len(others) > 0 {
		return &step{name: "addresses back", do: func(ctx context.Context) error { return w.drop(ctx, s, others) }}, nil
	}
	for _, h := range all {
		if h.Domain != w.panel.FreeHostname() || h.given != nil && h.given.Mark == w.mark() {
			return &step{name: "name of main address", do: func(ctx context.Context) error { return w.park(ctx, s, h) }}, nil
		}
	}
	return &step{name: "hand back", do: func(ctx context.Context) error {
		if err := w.license().Stop(ctx, true); err != nil {
			return err
		}
		nobody, host, name := 0, w.panel.FreeHostname(), plainName(s)
		return w.panel.Edit(ctx, s.ID, panel.Change{Name: &name, Hostname: &host, Owner: &nobody})
	}}, nil
}

// park makes the main address, which a server never loses, that of a server of nobody.
func (w *work) park(ctx context.Context, s panel.Server, h held) error {
	if err := w.panel.NameIP(ctx, s.ID, h.ID, w.panel.FreeHostname()); err != nil {
		return err
	}
	if h.given == nil || h.given.Mark != w.mark() {
		return nil
	}
	return w.pool.Describe(ctx, h.IP.IP, w.panel.FreeHostname(), w.parkMark(s))
}
