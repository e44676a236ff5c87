package dsmanager

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/mark"
	"github.com/tariffd/tariffd/internal/secret"
)

// mostCandidates bounds how many servers are tried in one call.
const mostCandidates = 20

// open takes a server without owner, installs the ordered image, and is done when the panel is.
func (w *work) open(ctx context.Context) (provision.Outcome, error) {
	if w.memo["refused"] != "" {
		return w.takeBack(ctx)
	}
	s, alone, err := w.taken(ctx)
	if err != nil || !alone {
		return w.orPending(err)
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

// handOver makes the mark a finished one, and looks a last time whether another attempt has taken a server as well: who finishes
// last sees both.
func (w *work) handOver(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	s, ready, err := w.follow(ctx, s, func(s panel.Server) *step {
		if handedOver(s) {
			return nil
		}
		return &step{"hand over", func(ctx context.Context) error {
			return w.panel.Edit(ctx, s.ID, panel.Change{Name: mark.Final(s.Name, w.op.ServiceID), Owner: s.Owner, Hostname: s.Hostname})
		}}
	})
	if err != nil {
		return provision.Outcome{}, err
	}
	stays, alone, err := w.taken(ctx)
	if err != nil || !alone || !ready || stays.ID != s.ID {
		w.after = soon
		return w.orPending(err)
	}
	return w.done(stays), nil
}

// taken returns the one server that carries the service's mark, taking one where there is none.
func (w *work) taken(ctx context.Context) (_ panel.Server, alone bool, err error) {
	all, err := w.carriers(ctx)
	if err != nil {
		return panel.Server{}, false, err
	}
	if len(all) == 0 {
		return w.claim(ctx)
	}
	w.begun = true
	for _, surplus := range all[1:] {
		if ready, err := w.release(ctx, surplus); err != nil || !ready {
			return panel.Server{}, false, err
		}
	}
	return all[0], true, nil
}

// claim takes a free server of the tariff's preset. Two workers of this process take turns; against other processes each take is
// verified.
func (w *work) claim(ctx context.Context) (_ panel.Server, won bool, err error) {
	leave, err := w.panel.Exclusive(ctx, "claim")
	if err != nil {
		return panel.Server{}, false, err
	}
	defer leave()
	preset, err := presetOf(w.op.Spec.Settings, w.op.Spec.TariffCode)
	if err != nil {
		return panel.Server{}, false, provision.NewRejected("bad_tariff_settings", "the tariff's settings are not readable")
	}
	free, err := w.free(ctx, preset)
	if err != nil {
		return panel.Server{}, false, err
	}
	refusal := error(provision.NewRejected("no_free_server", "no server of preset %q is without owner", preset))
	if len(free) > 0 {
		if err := w.panel.User(ctx, w.userName(), secret.Throwaway()); err != nil {
			return panel.Server{}, false, err
		}
	}
	for _, s := range free[:min(len(free), mostCandidates)] {
		got, won, err := w.take(ctx, s.ID)
		switch {
		case won:
			return got, true, nil
		case coremgr.Rejected(err):
			refusal = err
		case err != nil:
			return panel.Server{}, false, err
		}
	}
	return panel.Server{}, false, refusal
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
	return w.panel.Edit(ctx, s.ID, panel.Change{Name: mark.New(s.Name, w.op.ServiceID), Owner: w.userName(), Hostname: w.op.Spec.Domain})
}

func (w *work) owned(s panel.Server) bool { return strings.EqualFold(s.Owner, w.userName()) }

// prepare does everything between taking a server and handing it over.
func (w *work) prepare(ctx context.Context, s panel.Server) (panel.Server, bool, error) {
	if !strings.HasPrefix(w.memo["once"], "installation") {
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
	w.after = installing
	return w.once(ctx, s, install)
}

// installation prepares the request for the image that was ordered. A server is never issued without one.
func (w *work) installation(ctx context.Context, s panel.Server) (request, error) {
	image, err := w.image(ctx)
	if err != nil {
		return request{}, err
	}
	password := w.op.Spec.Password
	if password == "" {
		password = secret.Throwaway() // the panel asks for one; the client sets his own later
	}
	w.memo["image"] = image
	return request{"installation", func(ctx context.Context) error { return w.panel.Install(ctx, s.ID, image, password) }}, nil
}

// image is the order's, as a parameter or as an add-on's item, else the tariff's, else the first by name.
func (w *work) image(ctx context.Context) (string, error) {
	t, err := provision.DecodeTariff[Tariff](w.op.Spec.Settings)
	if err != nil {
		return "", provision.NewRejected("bad_tariff_settings", "the tariff's settings are not readable")
	}
	all, err := w.panel.Names(ctx, panel.OSImages)
	if err != nil {
		return "", err
	}
	slices.Sort(all)
	choice := cmp.Or(w.op.Spec.Parameter("os"), w.op.Spec.AddOns["os"].Item, t.DefaultOS)
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
			return provision.Outcome{}, provision.NewRejected(code, "%s; server %d could not be taken back: %s", text, s.ID, failure.Text)
		}
		if err != nil || !ready {
			return w.orPending(err)
		}
	}
	w.begun = false
	return provision.Outcome{}, provision.NewTakenBack(code, "%s", text)
}

// close gives the service's servers back. One that is missing, nobody's already or somebody else's by now is done.
func (w *work) close(ctx context.Context) (provision.Outcome, error) {
	for range mostCandidates { // two attempts at once may have left a second server with the mark
		s, found, err := w.find(ctx)
		if err != nil {
			return provision.Outcome{}, err
		}
		if !found {
			return provision.Outcome{State: provision.Done}, nil
		}
		if ready, err := w.release(ctx, s); err != nil || !ready {
			return w.orPending(err)
		}
	}
	return w.pending(), nil
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
