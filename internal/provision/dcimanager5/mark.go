package dcimanager5

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

// marked finds the mark at the end of a server's name: "Srv-7-svc-<service id>", with "new-" before it until the server was
// handed over. The panel itself thus remembers how far an opening has come, whatever the program forgot.
var marked = regexp.MustCompile(`-?(new-)?(svc-[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$`)

// markOf is the same for every operation of a service.
func markOf(id actor.ServiceID) string { return "svc-" + string(id) }

func (w *work) mark() string { return markOf(w.op.ServiceID) }

// parkMark is what IPmanager remembers of an address that a server of nobody is parked on.
func (m *Module) parkMark(s panel.Server) string {
	return "server " + strconv.Itoa(s.ID) + " of " + m.host
}

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

// newName is the server's own name with the mark of an opening under way; finalName that of a finished one.
func (w *work) newName(s panel.Server) string { return joinName(plainName(s), "new-"+w.mark()) }

func (w *work) finalName(s panel.Server) string { return joinName(plainName(s), w.mark()) }

func joinName(own, mark string) string { return strings.TrimPrefix(own+"-"+mark, "-") }

var notForNames = regexp.MustCompile(`[^a-z0-9]+`)

// userName is the client's user in the panel. A panel has its own users, an admin among them, and clients of several providers may
// go by one name, so a piece of the client's id is part of it.
func (w *work) userName() string {
	const most, tail = 20, 8
	own := strings.Trim(notForNames.ReplaceAllString(strings.ToLower(w.op.Spec.Client.Username), "-"), "-")
	id := notForNames.ReplaceAllString(strings.ToLower(string(w.op.Spec.Client.ID)), "")
	return strings.TrimPrefix(own[:min(len(own), most)]+"-"+id[max(0, len(id)-tail):], "-")
}

// hostname is what the server is called while it is sold. The panel wants one, and not the one of free servers.
func (w *work) hostname() string {
	if w.op.Spec.Domain != "" {
		return w.op.Spec.Domain
	}
	const tail = 12
	id := string(w.op.ServiceID)
	return "s" + id[max(0, len(id)-tail):] + placeholder
}

// placeholder ends the host names of servers without a domain.
const placeholder = ".invalid"

// ours tells whether the server belongs to the service: it carries its mark, or it carries none, is the one the service is
// known by and its owner is the client (a server that staff handed over by hand).
func (w *work) ours(s panel.Server) bool {
	if mark := markIn(s); mark != "" {
		return mark == w.mark()
	}
	return w.op.Ref != "" && refOf(s) == w.op.Ref && w.ownedByClient(s)
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
	if carriers := w.carriersAmong(all); len(carriers) > 0 {
		return carriers[0], true, nil
	}
	return panel.Server{}, false, nil
}

// carriersAmong are the servers with the service's mark: a finished one first, then by number. More than one is what two attempts
// at once may leave; all attempts agree on which of them stays, the first.
func (w *work) carriersAmong(all []panel.Server) []panel.Server {
	var out []panel.Server
	for _, s := range all {
		if markIn(s) == w.mark() {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b panel.Server) int {
		if x, y := handedOver(a), handedOver(b); x != y {
			if x {
				return -1
			}
			return 1
		}
		return a.ID - b.ID
	})
	return out
}

func (w *work) carriers(ctx context.Context) ([]panel.Server, error) {
	all, err := w.panel.Servers(ctx)
	return w.carriersAmong(all), err
}
