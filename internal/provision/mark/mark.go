// Package mark writes into a panel whose machine is whose, and reads it back.
//
// It owns the mark that is made of a service's id, the names that carry one, and how short names are made of it. It owns neither
// where a panel keeps a mark nor what follows from it (the drivers).
//
// Invariants: a mark is the same for every operation of a service, and no two services have one; a name that carries a mark gives
// its own part back unchanged; the panel itself remembers by the name how far an opening has come, whatever the program forgot.
package mark

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
)

const form = `svc-[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`

var (
	anywhere = regexp.MustCompile(form)
	atTheEnd = regexp.MustCompile(`-?(new-)?(` + form + `)$`)
)

// Of is a service's mark.
func Of(id actor.ServiceID) string { return "svc-" + string(id) }

// In finds the mark in a text around which staff may write; empty: there is none.
func In(text string) string { return anywhere.FindString(text) }

// Ending finds the mark at the end of a name, such as "Srv-7-svc-…", with "new-" before it until the machine was handed over;
// empty: there is none.
func Ending(name string) string {
	if found := atTheEnd.FindStringSubmatch(name); found != nil {
		return found[2]
	}
	return ""
}

// HandedOver tells whether the opening that put the mark there has come to its end.
func HandedOver(name string) bool {
	found := atTheEnd.FindStringSubmatch(name)
	return found == nil || found[1] == ""
}

// Plain is the machine's own name, without any mark.
func Plain(name string) string {
	own := atTheEnd.ReplaceAllString(name, "")
	if own != name && strings.HasSuffix(own, word+"-") {
		return strings.TrimSuffix(own, "-")
	}
	return own
}

// word stands before a mark while the opening is under way.
const word = "new"

// New is the machine's own name with the mark of an opening under way.
func New(name string, id actor.ServiceID) string { return joined(Plain(name), word+"-"+Of(id)) }

// Final is the machine's own name with the mark of one that was handed over. One that is called "…new" itself is kept apart from it by
// two dashes, else it would look as if it was still being opened.
func Final(name string, id actor.ServiceID) string {
	own := Plain(name)
	if strings.HasSuffix(own, word) {
		own += "-"
	}
	return joined(own, Of(id))
}

func joined(own, mark string) string { return strings.TrimPrefix(own+"-"+mark, "-") }

// Carriers are the machines whose names end with a service's mark: one that was handed over first, then by number. More than one is
// what two attempts at once may leave; all attempts agree on which of them stays, the first.
func Carriers[M any](all []M, id actor.ServiceID, of func(M) (name string, number int)) []M {
	var out []M
	for _, m := range all {
		if name, _ := of(m); Ending(name) == Of(id) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b M) int {
		first, i := of(a)
		second, j := of(b)
		switch x, y := HandedOver(first), HandedOver(second); {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return i - j
	})
	return out
}

// Tail is the random end of a service's id, by which short names are told apart.
func Tail(id actor.ServiceID) string {
	const tail = 12
	return string(id[max(0, len(id)-tail):])
}

// Name is what a machine of the service is called where one is made for it.
func Name(id actor.ServiceID) string { return "vm-" + Tail(id) }
