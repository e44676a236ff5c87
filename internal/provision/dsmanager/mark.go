package dsmanager

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/mark"
)

// markOf is the same for every operation of a service.
func markOf(id actor.ServiceID) string { return mark.Of(id) }

// markIn returns the mark that a server carries, or nothing.
func markIn(s panel.Server) string { return mark.Ending(s.Name) }

// handedOver tells whether an opening of the server's service has come to its end.
func handedOver(s panel.Server) bool { return mark.HandedOver(s.Name) }

// plainName is the server's own name, without any mark.
func plainName(s panel.Server) string { return mark.Plain(s.Name) }

// userName is the client's user in the panel.
func (w *work) userName() string { return coremgr.UserName(w.op.Spec.Client) }

// ours tells whether the server belongs to the service: it carries its mark, or it carries none and is the one that the service
// is known by and the client's (staff handed it over). A colocated server is known by its id alone.
func (w *work) ours(s panel.Server) bool {
	if carried := markIn(s); carried != "" {
		return carried == markOf(w.op.ServiceID)
	}
	return w.op.Ref != "" && refOf(s) == w.op.Ref && (w.colocation() || w.ownedByClient(s))
}

// ownedByClient tells whether the client is the server's owner: as the user that this program made for it, or as the one whose
// servers were taken over.
func (w *work) ownedByClient(s panel.Server) bool {
	return s.Owner != "" && (strings.EqualFold(s.Owner, w.userName()) || strings.EqualFold(s.Owner, w.op.Spec.Parameter(panelUser)))
}

func refOf(s panel.Server) provision.Ref { return provision.Ref(strconv.Itoa(s.ID)) }

// find returns the service's server: the one it is known by, else the one that carries its mark.
func (w *work) find(ctx context.Context) (panel.Server, bool, error) {
	all, err := w.panel.Servers(ctx)
	if err != nil {
		return panel.Server{}, false, err
	}
	for _, s := range all {
		if refOf(s) == w.op.Ref && w.ours(s) {
			return s, true, nil
		}
	}
	if carriers := w.among(all); len(carriers) > 0 {
		return carriers[0], true, nil
	}
	return panel.Server{}, false, nil
}

// among are the servers with the service's mark: a finished one first, then by number. More than one is what two attempts at once
// may leave; all attempts agree on which of them stays, the first.
func (w *work) among(all []panel.Server) []panel.Server {
	own := markOf(w.op.ServiceID)
	out := slices.DeleteFunc(all, func(s panel.Server) bool { return markIn(s) != own })
	rank := func(s panel.Server) int {
		if handedOver(s) {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(a, b panel.Server) int { return cmp.Or(rank(a)-rank(b), a.ID-b.ID) })
	return out
}

func (w *work) carriers(ctx context.Context) ([]panel.Server, error) {
	all, err := w.panel.Servers(ctx)
	return w.among(all), err
}
