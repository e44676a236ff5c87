package badinput

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// How to add an operation: in the file entries_<tag>_test.go (a new one for a new tag), give register one line
//
//	"createThing": {valid: requests(func(w *world) request { return request{body: obj{…}} })},
//
// with a request that is accepted. Make fresh objects for what it changes (w.create, w.word), and take w.thing[…] for what
// it only names. The members of all its requests together must be all that the contract describes; a member that no
// accepted request can give is excused with the reason. Everything that can be wrong by the contract is made from that;
// rules that the contract cannot write down are added as rules.

// entry is how one operation is asked rightly.
type entry struct {
	valid   []func(*world) request
	excused map[string]string // general pointer or parameter → why no valid request gives it
	rules   []rule            // what is wrong although the schema takes it
	// codes are what is said of a reference to nothing where it is not the usual word, by general pointer.
	codes map[string]string
}

// request is one valid request. Without a role it is an administrator's.
type request struct {
	as     func(*world) *caller
	path   map[string]string
	query  url.Values
	header map[string]string
	body   any
	raw    []byte // instead of body, where it is not JSON; header names what it is
	status int    // of the answer; 0: any success
}

// rule is one thing that is wrong although the schema takes it: the body of the first valid request with a change, and what
// the refusal says.
type rule struct {
	name   string
	change func(*world, obj)
	status int
	code   string
	places []string
}

var entries = map[string]entry{}

// register adds the entries of a tag.
func register(some map[string]entry) bool {
	for _, id := range slices.Sorted(maps.Keys(some)) {
		if _, twice := entries[id]; twice {
			panic(id + " has two entries")
		}
		entries[id] = some[id]
	}
	return true
}

// requests are what valid wants, one or several.
func requests(all ...func(*world) request) []func(*world) request { return all }

// plainly is for operations that need nothing but their address.
func plainly(path ...string) []func(*world) request {
	return requests(func(w *world) request {
		r := request{path: map[string]string{}}
		for i := 0; i < len(path); i += 2 {
			r.path[path[i]] = w.thing[path[i+1]]
		}
		return r
	})
}

// address is the path and the query of a request.
func (r request) address(op operation) string {
	parts := strings.Split(op.path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, "{"); ok {
			parts[i] = url.PathEscape(r.path[strings.TrimSuffix(name, "}")])
		}
	}
	out := strings.Join(parts, "/")
	if len(r.query) > 0 {
		out += "?" + r.query.Encode()
	}
	return out
}

// caller is who asks.
func (r request) caller(w *world) *caller {
	if r.as == nil {
		return w.admin
	}
	return r.as(w)
}

// message is the request as it goes over the wire.
func (r request) message(op operation) message {
	m := message{method: op.method, path: r.address(op), header: map[string][]string{}}
	if r.body != nil {
		m.body = encoded(r.body)
	}
	if r.raw != nil {
		m.body = r.raw
	}
	for name, v := range r.header {
		m.header[name] = []string{v}
	}
	return m
}
