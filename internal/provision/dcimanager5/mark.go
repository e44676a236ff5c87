package dcimanager5

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/mark"
)

// markOf is the same for every operation of a service.
func markOf(id actor.ServiceID) string { return mark.Of(id) }

func (w *work) mark() string { return markOf(w.Op.ServiceID) }

// parkMark is what IPmanager remembers of an address that a server of nobody is parked on.
func (m *Module) parkMark(s panel.Server) string {
	return "server " + strconv.Itoa(s.ID) + " of " + m.host
}

// markIn returns the mark that a server carries, or nothing.
func markIn(s panel.Server) string { return mark.Ending(s.Name) }

// handedOver tells whether an opening of the server's service has come to its end.
func handedOver(s panel.Server) bool { return mark.HandedOver(s.Name) }

// plainName is the server's own name, without any mark.
func plainName(s panel.Server) string { return mark.Plain(s.Name) }

// newName is the server's own name with the mark of an opening under way; finalName that of a finished one.
func (w *work) newName(s panel.Server) string { return mark.New(s.Name, w.Op.ServiceID) }

func (w *work) finalName(s panel.Server) string { return mark.Final(s.Name, w.Op.ServiceID) }

// userName is the client's user in the panel.
func (w *work) userName() string { return coremgr.UserName(w.Op.Spec.Client) }

// hostname is what the server is called while it is sold. The panel wants one, and not the one of free servers.
func (w *work) hostname() string {
	if w.Op.Spec.Domain != "" {
		return w.Op.Spec.Domain
	}
	return "s" + mark.Tail(w.Op.ServiceID) + placeholder
}

// placeholder ends the host names of servers without a domain.
const placeholder = ".invalid"

// ours tells whether the server belongs to the service: it carries its mark, or it carries none, is the one the service is
// known by and its owner is the client (a server that staff handed over by hand).
func (w *work) ours(s panel.Server) bool {
	if carried := markIn(s); carried != "" {
		return carried == w.mark()
	}
	return w.Op.Ref != "" && refOf(s) == w.Op.Ref && w.ownedByClient(s)
}

func (w *work) ownedByClient(s panel.Server) bool { return coremgr.Owns(s.Owner, w.Op.Spec) }

func refOf(s panel.Server) provision.Ref { return provision.Ref(strconv.Itoa(s.ID)) }

// find returns the service's server: the one it is known by, else the one that carries its mark.
func (w *work) find(ctx context.Context) (panel.Server, bool, error) {
	all, err := w.panel.Servers(ctx)
	if err != nil {
		return panel.Server{}, false, err
	}
	s, found := attempt.KnownIn(all, func(s panel.Server) bool { return refOf(s) == w.Op.Ref && w.ours(s) }, w.among(all))
	return s, found, nil
}

func (w *work) among(all []panel.Server) []panel.Server {
	return mark.Carriers(all, w.Op.ServiceID, func(s panel.Server) (string, int) { return s.Name, s.ID })
}

func (w *work) carriers(ctx context.Context) ([]panel.Server, error) {
	all, err := w.panel.Servers(ctx)
	return w.among(all), err
}
