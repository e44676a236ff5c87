package dcimanager6

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
	"github.com/tariffd/tariffd/internal/secret"
)

// claim takes a free server of the tariff's configuration at the order's location. Two workers of this process take turns;
// against other processes each take is verified.
func (w *work) claim(ctx context.Context) ([]panel.Server, provision.Outcome, error) {
	leave, err := w.panel.Exclusive(ctx, "claim")
	if err != nil {
		return nil, provision.Outcome{}, err
	}
	defer leave()
	t, err := provision.DecodeTariff[Tariff](w.Op.Spec.Settings)
	if err != nil {
		return nil, provision.Outcome{}, provision.NewRejected("bad_tariff_settings", "the tariff's settings are not readable")
	}
	location, err := w.orderLocation()
	if err != nil {
		return nil, provision.Outcome{}, err
	}
	free, err := w.free(ctx, location, t.Configuration)
	if err != nil {
		return nil, provision.Outcome{}, err
	}
	if len(free) == 0 && !w.byServerType() {
		out, err := w.closest(ctx, location, t.Configuration)
		return nil, out, err
	}
	owner := 0
	if len(free) > 0 {
		if owner, err = w.user(ctx); err != nil {
			return nil, provision.Outcome{}, err
		}
	}
	none := provision.NewRejected("no_free_server", "no server of configuration %q is free at location %d", t.Configuration, location)
	s, err := attempt.FirstOf(free, none, isp6.Rejected, func(s panel.Server) (panel.Server, bool, error) { return w.take(ctx, s.ID, owner) })
	return []panel.Server{s}, provision.Outcome{}, err
}

// orderLocation is the order's data center, else the module's.
func (w *work) orderLocation() (int, error) {
	if w.Op.Spec.Location != "" {
		return locationID(w.Op.Spec.Location)
	}
	return locationID(w.location)
}

// free lists servers that nobody has, or is about to have.
func (m *Module) free(ctx context.Context, location int, configuration string) ([]panel.Server, error) {
	rows, err := m.panel.FreeServers(ctx, location, configuration)
	if err != nil {
		return nil, err
	}
	out := rows[:0]
	for _, s := range rows {
		if markIn(s) == "" {
			out = append(out, s)
		}
	}
	return out, nil
}

// take puts the service's mark and owner on a server and looks whether they stayed. The last look before narrows the gap in
// which another process may do the same; who loses finds another's mark, now or at its next step.
func (w *work) take(ctx context.Context, id, owner int) (panel.Server, bool, error) {
	s, found, err := w.panel.Server(ctx, id)
	if err != nil || !found || !s.Free() || markIn(s) != "" {
		return s, false, err
	}
	asked := w.panel.Assign(ctx, id, owner, w.newName(s), w.Op.Spec.Domain)
	if asked != nil && !isp6.Rejected(asked) {
		return s, false, asked
	}
	fresh, err := w.again(ctx, id)
	if err != nil {
		return s, false, err
	}
	won := w.ours(fresh) && w.ownedByClient(fresh)
	if asked != nil && !won && w.ours(fresh) {
		// The name was taken and the owner refused: the server must not look like ours.
		if err := w.panel.Label(ctx, id, s.Name, s.Domain); err != nil && !isp6.Rejected(err) {
			return s, false, err
		}
	}
	if won {
		return fresh, true, nil
	}
	return fresh, false, asked
}

// user finds the client's account in the panel by its e-mail, or makes it.
func (w *work) user(ctx context.Context) (int, error) {
	client := w.Op.Spec.Client
	return panelhttp.FindOrMake(func() (int, bool, error) {
		known, found, err := w.panel.UserByEmail(ctx, client.Email)
		return known.ID, found, err
	}, func() (int, error) {
		return w.panel.CreateUser(ctx, panel.NewUser{
			Email: client.Email, FullName: client.Name, Phone: client.Phone, Password: secret.Throwaway(),
		})
	})
}

// closest asks staff to choose, and names the free server that is most like the ordered one.
func (w *work) closest(ctx context.Context, location int, wanted string) (provision.Outcome, error) {
	free, err := w.free(ctx, location, "")
	if err != nil {
		return provision.Outcome{}, err
	}
	text := "No server of configuration " + quoted(wanted) + " is free"
	if len(free) == 0 {
		return provision.Outcome{State: provision.Manual, Text: text + ", and none of any other either."}, nil
	}
	best, how := free[0], likenessOf(wanted, free[0].Configuration)
	for _, s := range free[1:] {
		if l := likenessOf(wanted, s.Configuration); l.above(how) {
			best, how = s, l
		}
	}
	text += ". The most similar free one is server " + string(refOf(best)) + " (" + best.Name + ") of configuration " + quoted(best.Configuration) + ": " + how.String() + "."
	return provision.Outcome{State: provision.Manual, Text: text}, nil
}

func quoted(s string) string { return `"` + s + `"` }
