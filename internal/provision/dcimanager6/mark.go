package dcimanager6

import (
	"context"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/isp6"
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

// newName is the server's own name with the mark of an opening under way; finalName that of a finished one.
func (w *work) newName(s panel.Server) string { return mark.New(s.Name, w.Op.ServiceID) }

func (w *work) finalName(s panel.Server) string { return mark.Final(s.Name, w.Op.ServiceID) }

// ours tells whether the server belongs to the service: it carries its mark, or it carries none, is the one the service is
// known by and its owner is the client (a server that staff handed over by hand).
func (w *work) ours(s panel.Server) bool {
	if carried := markIn(s); carried != "" {
		return carried == markOf(w.Op.ServiceID)
	}
	return w.Op.Ref != "" && refOf(s) == w.Op.Ref && w.ownedByClient(s)
}

func (w *work) ownedByClient(s panel.Server) bool {
	return s.OwnerEmail != "" && strings.EqualFold(s.OwnerEmail, w.Op.Spec.Client.Email)
}

func refOf(s panel.Server) provision.Ref { return provision.Ref(strconv.Itoa(s.ID)) }

// find returns the service's server: the one it is known by, else the one that carries its mark.
func (w *work) find(ctx context.Context) (panel.Server, bool, error) {
	if id, err := strconv.Atoi(string(w.Op.Ref)); err == nil {
		s, found, err := w.panel.Server(ctx, id)
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

// carriers returns every server with the service's mark.
func (w *work) carriers(ctx context.Context) ([]panel.Server, error) {
	rows, err := w.panel.Servers(ctx, isp6.Like("name", "%"+markOf(w.Op.ServiceID)))
	if err != nil {
		return nil, err
	}
	return mark.Carriers(rows, w.Op.ServiceID, func(s panel.Server) (string, int) { return s.Name, s.ID }), nil
}
