package vmmanager6

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/mark"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// markOf is the same for every operation of a service.
func markOf(id actor.ServiceID) string { return mark.Of(id) }

// markIn returns the mark that a machine carries, or nothing.
func (m *Module) markIn(h panel.Host) string { return mark.In(m.panel.Mark(h)) }

// ours tells whether the machine belongs to the service: it carries its mark, or it carries none, is the one the service is
// known by and its owner is the client (a machine that staff handed over by hand, or that was taken over).
func (w *work) ours(h panel.Host) bool {
	if carried := w.markIn(h); carried != "" {
		return carried == markOf(w.Op.ServiceID)
	}
	return w.Op.Ref != "" && refOf(h) == w.Op.Ref && strings.EqualFold(h.Account.Email, w.Op.Spec.Client.Email)
}

func refOf(h panel.Host) provision.Ref { return provision.Ref(strconv.Itoa(h.ID)) }

// find returns the service's machine: the one it is known by, else the first that carries its mark.
func (w *work) find(ctx context.Context) (panel.Host, bool, error) {
	if id, err := strconv.Atoi(string(w.Op.Ref)); err == nil {
		h, found, err := w.panel.Host(ctx, id)
		if err != nil || found && w.ours(h) {
			return h, found, err
		}
	}
	all, err := w.carriers(ctx)
	if err != nil || len(all) == 0 {
		return panel.Host{}, false, err
	}
	return all[0], true, nil
}

// carriers returns every machine with the service's mark, the first made first. More than one is what two attempts at once may
// leave; all attempts agree on which of them stays.
func (w *work) carriers(ctx context.Context) ([]panel.Host, error) {
	own := markOf(w.Op.ServiceID)
	rows, err := w.panel.MarkedHosts(ctx, own)
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(rows, func(h panel.Host) bool { return w.markIn(h) != own })
	slices.SortFunc(out, func(a, b panel.Host) int { return a.ID - b.ID })
	return out, nil
}
