package dsmanager

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/mark"
	"github.com/tariffd/tariffd/internal/secret"
)

// handOver makes the mark a finished one.
func (w *work) handOver(ctx context.Context, s panel.Server) (panel.Server, bool, error) {
	return w.follow(ctx, s, func(s panel.Server) *step {
		if handedOver(s) {
			return nil
		}
		return &step{"hand over", func(ctx context.Context) error {
			return w.panel.Edit(ctx, s.ID, panel.Change{Name: mark.Final(s.Name, w.Op.ServiceID), Owner: s.Owner, Hostname: s.Hostname})
		}}
	})
}

// claim takes a free server of the tariff's preset. Two workers of this process take turns; against other processes each take is
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
	preset, err := presetOf(w.Op.Spec.Settings, w.Op.Spec.TariffCode)
	if err != nil {
		return panel.Server{}, provision.NewRejected("bad_tariff_settings", "the tariff's settings are not readable")
	}
	free, err := w.free(ctx, preset)
	if err != nil {
		return panel.Server{}, err
	}
	if len(free) > 0 {
		if err := w.panel.User(ctx, w.userName(), secret.Throwaway()); err != nil {
			return panel.Server{}, err
		}
	}
	none := provision.NewRejected("no_free_server", "no server of preset %q is without owner", preset)
	return attempt.FirstOf(free, none, coremgr.Rejected, func(s panel.Server) (panel.Server, bool, error) { return w.take(ctx, s.ID) })
}

// take puts the service's mark, owner and host name on a server, in one call, and looks whether they stayed. The last look before
// narrows the gap in which another process may do the same; who loses finds another's mark, now or at its next step.
func (w *work) take(ctx context.Context, id int) (panel.Server, bool, error) {
	s, found, err := w.panel.Server(ctx, id)
	if err != nil || !found || !s.Free() || markIn(s) != "" {
		return s, false, err
	}
	asked := w.own(ctx, s)
	if asked != nil && !coremgr.Rejected(asked) {
		return s, false, asked
	}
	fresh, err := w.again(ctx, id)
	if err != nil {
		return s, false, err
	}
	if w.ours(fresh) && w.owned(fresh) {
		return fresh, true, nil
	}
	return fresh, false, asked
}

func (w *work) own(ctx context.Context, s panel.Server) error {
	return w.panel.Edit(ctx, s.ID, panel.Change{Name: mark.New(s.Name, w.Op.ServiceID), Owner: w.userName(), Hostname: w.Op.Spec.Domain})
}

func (w *work) owned(s panel.Server) bool { return strings.EqualFold(s.Owner, w.userName()) }

// prepare does everything between taking a server and handing it over.
func (w *work) prepare(ctx context.Context, s panel.Server) (panel.Server, bool, error) {
	if !strings.HasPrefix(w.Memo["once"], "installation") {
		var ready bool
		var err error
		s, ready, err = w.follow(ctx, s, func(s panel.Server) *step {
			switch {
			case !w.owned(s): // overwritten by somebody who then lost
				return &step{"owner", func(ctx context.Context) error { return w.own(ctx, s) }}
			case s.Disabled:
				return w.call(panel.Enable, s)
			case !s.On:
				return w.call(panel.PowerOn, s)
			}
			return nil
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
	return w.once(ctx, s, install)
}

// installation prepares the request for the image that was ordered. A server is never issued without one.
func (w *work) installation(ctx context.Context, s panel.Server) (request, error) {
	image, err := w.image(ctx)
	if err != nil {
		return request{}, err
	}
	password := w.Op.Spec.Password
	if password == "" {
		password = secret.Throwaway() // the panel asks for one; the client sets his own later
	}
	w.Memo["image"] = image
	return request{"installation", func(ctx context.Context) error { return w.panel.Install(ctx, s.ID, image, password) }}, nil
}

// image is the order's, as a parameter or as an add-on's item, else the tariff's, else the first by name.
func (w *work) image(ctx context.Context) (string, error) {
	t, err := provision.DecodeTariff[Tariff](w.Op.Spec.Settings)
	if err != nil {
		return "", provision.NewRejected("bad_tariff_settings", "the tariff's settings are not readable")
	}
	all, err := w.panel.Names(ctx, panel.OSImages)
	if err != nil {
		return "", err
	}
	slices.Sort(all)
	choice := cmp.Or(w.Op.Spec.Parameter("os"), w.Op.Spec.AddOns["os"].Item, t.DefaultOS)
	for _, name := range all {
		if choice == "" || strings.EqualFold(name, choice) {
			return name, nil
		}
	}
	if choice == "" {
		return "", provision.NewRejected("unknown_os", "the panel has no image to install")
	}
	return "", provision.NewRejected("unknown_os", "the panel has no image %q", choice)
}

// release makes a server nobody's: its port open as the panel's own, its power off, and at last owner, mark and host name cleared.
func (w *work) release(ctx context.Context, s panel.Server) (ready bool, err error) {
	_, ready, err = w.follow(ctx, s, func(s panel.Server) *step {
		switch {
		case s.Owner != "" && s.Disabled:
			return w.call(panel.Enable, s)
		case s.Owner != "" && s.On:
			return w.call(panel.PowerOff, s)
		}
		return &step{"hand back", func(ctx context.Context) error {
			return w.panel.Edit(ctx, s.ID, panel.Change{Name: cmp.Or(plainName(s), "server-"+strconv.Itoa(s.ID))})
		}}
	})
	return ready, err
}
