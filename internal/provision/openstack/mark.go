package openstack

import (
	"cmp"
	"context"
	"slices"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/mark"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// markOf is what a server's metadata says of its service; the same for every operation.
func markOf(id actor.ServiceID) string { return mark.Of(id) }

// ours tells whether the server belongs to the service: it carries its mark, or it carries none and is the one that the service
// is known by (staff named it, or it was taken over).
func (w *work) ours(s panel.Server) bool {
	if s.Mark != "" {
		return s.Mark == markOf(w.Op.ServiceID)
	}
	return w.Op.Ref != "" && refOf(s) == w.Op.Ref
}

func refOf(s panel.Server) provision.Ref { return provision.Ref(s.ID) }

// find returns the service's server: the one it is known by, else the first that carries its mark.
func (w *work) find(ctx context.Context) (panel.Server, bool, error) {
	if w.Op.Ref != "" {
		s, found, err := w.panel.Server(ctx, string(w.Op.Ref))
		if err != nil || found && w.ours(s) {
			return s, found, err
		}
	}
	all, err := w.carriers(ctx)
	if err != nil || len(all) == 0 {
		return panel.Server{}, false, err
	}
	return all[0], true, nil
}

// carriers returns every server with the service's mark, the first made first. More than one is what two attempts at once may
// leave; all attempts agree on which of them stays.
func (w *work) carriers(ctx context.Context) ([]panel.Server, error) {
	all, err := w.panel.MarkedServers(ctx, mark.Name(w.Op.ServiceID), markOf(w.Op.ServiceID))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b panel.Server) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}
