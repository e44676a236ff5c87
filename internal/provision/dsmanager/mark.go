package dsmanager

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
)

// marked finds the mark at the end of a server's name: "Srv-7-svc-<service id>", with "new-" before it until the server was
// handed over. The panel itself thus remembers how far an opening has come, whatever the program forgot.
var marked = regexp.MustCompile(`-?(new-)?(svc-[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$`)

// markOf is the same for every operation of a service.
func markOf(id actor.ServiceID) string { return "svc-" + string(id) }

// markIn returns the mark that a server carries, or nothing.
func markIn(s panel.Server) string {
	if found := marked.FindStringSubmatch(s.Name); found != nil {
		return found[2]
	}
	return ""
}

// handedOver tells whether an opening of the server's service has come to its end.
func handedOver(s panel.Server) bool {
	found := marked.FindStringSubmatch(s.Name)
	return found == nil || found[1] == ""
}

// plainName is the server's own name, without any mark.
func plainName(s panel.Server) string { return marked.ReplaceAllString(s.Name, "") }

// named is the server's own name with the service's mark, and "new-" before it while an opening is under way.
func (w *work) named(s panel.Server, fresh string) string {
	return strings.TrimPrefix(plainName(s)+"-"+fresh+markOf(w.op.ServiceID), "-")
}

var notForNames = regexp.MustCompile(`[^a-z0-9]+`)

// userName is the client's user in the panel. A panel has its own users, an admin among them, and clients of several providers may
// go by one name, so a piece of the client's id is part of it.
func (w *work) userName() string {
	const most, tail = 20, 8
	own := strings.Trim(notForNames.ReplaceAllString(strings.ToLower(w.op.Spec.Client.Username), "-"), "-")
	id := notForNames.ReplaceAllString(strings.ToLower(string(w.op.Spec.Client.ID)), "")
	own = strings.TrimRight(own[:min(len(own), most)], "-")
	return strings.TrimPrefix(own+"-"+id[max(0, len(id)-tail):], "-")
}

// ours tells whether the server belongs to the service: it carries its mark, or it carries none and is the one that the service
// is known by and the client's (staff handed it over). A colocated server is known by its id alone.
func (w *work) ours(s panel.Server) bool {
	if mark := markIn(s); mark != "" {
		return mark == markOf(w.op.ServiceID)
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
	mark := markOf(w.op.ServiceID)
	out := slices.DeleteFunc(all, func(s panel.Server) bool { return markIn(s) != mark })
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
