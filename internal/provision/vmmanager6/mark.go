package vmmanager6

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// marked finds the mark, "svc-<service id>", in a machine's comment. Staff may write around it.
var marked = regexp.MustCompile(`svc-[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`)

// markOf is the same for every operation of a service.
func markOf(id actor.ServiceID) string { return "svc-" + string(id) }

// nameOf is what a machine of the service is called in the panel: short, and told apart from others by the id's random end.
func nameOf(id actor.ServiceID) string {
	const tail = 12
	text := string(id)
	return "vm-" + text[max(0, len(text)-tail):]
}

// ours tells whether the machine belongs to the service: it carries its mark, or it carries none, is the one the service is
// known by and its owner is the client (a machine that staff handed over by hand, or that was taken over).
func (w *work) ours(h panel.Host) bool {
	if mark := marked.FindString(w.panel.Mark(h)); mark != "" {
		return mark == markOf(w.op.ServiceID)
	}
	return w.op.Ref != "" && refOf(h) == w.op.Ref && strings.EqualFold(h.Account.Email, w.op.Spec.Client.Email)
}

func refOf(h panel.Host) provision.Ref { return provision.Ref(strconv.Itoa(h.ID)) }

// find returns the service's machine: the one it is known by, else the first that carries its mark.
func (w *work) find(ctx context.Context) (panel.Host, bool, error) {
	if id, err := strconv.Atoi(string(w.op.Ref)); err == nil {
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
	mark := markOf(w.op.ServiceID)
	rows, err := w.panel.MarkedHosts(ctx, mark)
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(rows, func(h panel.Host) bool { return marked.FindString(w.panel.Mark(h)) != mark })
	slices.SortFunc(out, func(a, b panel.Host) int { return a.ID - b.ID })
	return out, nil
}
