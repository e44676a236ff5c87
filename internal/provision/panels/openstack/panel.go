package openstack

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// stack plays an OpenStack cloud of two regions: the part of Keystone, Nova,
// Glance and Neutron that makes and keeps servers.
type stack struct {
	delay time.Duration
	st    stackState

	// Derived from st and made anew when it is loaded.
	byID map[string]*stackServer
	open []*stackServer // at work
	used map[string]bool
}

// New begins without a server.
func New(setup panel.Setup) panel.Panel {
	s := &stack{delay: setup.Delay}
	s.Reset()
	return s
}

// The regions, as the catalogue names them. A part of the address tells them
// apart.
var stackRegions = []string{"RegionOne", "RegionTwo"}

func (s *stack) routes() panel.Routes {
	return panel.Routes{
		"GET /{region}/compute/v2.1/servers/detail":                   s.listServers,
		"POST /{region}/compute/v2.1/servers":                         s.createServer,
		"GET /{region}/compute/v2.1/servers/{id}":                     s.onServer(s.showServer),
		"DELETE /{region}/compute/v2.1/servers/{id}":                  s.onServer(s.deleteServer),
		"POST /{region}/compute/v2.1/servers/{id}/action":             s.onServer(s.act),
		"GET /{region}/compute/v2.1/servers/{id}/os-instance-actions": s.onServer(s.listActions),
		"GET /{region}/compute/v2.1/flavors/detail":                   s.listFlavors,
		"GET /{region}/image/v2/images":                               s.listImages,
		"GET /{region}/network/v2.0/networks":                         s.listNetworks,
	}
}

// Answer lets the login through, asks everyone else for a token, and only
// then tells what exists.
func (s *stack) Answer(c *panel.Call) panel.Reply {
	if c.Method == http.MethodPost && (c.Path == "/v3/auth/tokens" || c.Path == "/identity/v3/auth/tokens") {
		return s.signIn(c)
	}
	if until, known := s.st.Tokens[c.Header.Get("X-Auth-Token")]; !known || !c.Now.Before(until) {
		return s.Failure(http.StatusUnauthorized, "The request you have made requires authentication.")
	}
	run, _ := s.routes().Find(c)
	if run == nil || !slices.Contains(stackRegions, c.Args[0]) {
		return stackError(http.StatusNotFound, "The resource could not be found.")
	}
	if rep := microversion(c); rep != nil {
		return *rep
	}
	return run(c)
}

// microversion refuses versions of Nova that are not played: from 2.47 on
// servers show their flavor in another form.
func microversion(c *panel.Call) *panel.Reply {
	v := stackVersion(c)
	if v >= 1 && v <= 46 {
		return nil
	}
	rep := stackError(http.StatusNotAcceptable, "Version is not supported by the API. Minimum is 2.1 and maximum is 2.46.")
	return &rep
}

// stackVersion is the minor number of the version that was asked for.
func stackVersion(c *panel.Call) (minor int) {
	asked := c.Header.Get("X-Openstack-Nova-Api-Version")
	if asked == "" {
		return 1
	}
	if _, err := fmt.Sscanf(asked, "2.%d", &minor); err != nil {
		return 0
	}
	return minor
}

// stackTokenLife is Keystone's usual one.
const stackTokenLife = time.Hour

// signIn gives the administrator a token for the one project there is.
func (s *stack) signIn(c *panel.Call) panel.Reply {
	type named struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	var in struct {
		Auth struct {
			Identity struct {
				Methods  []string `json:"methods"`
				Password struct {
					User struct {
						Name     string `json:"name"`
						Password string `json:"password"`
						Domain   named  `json:"domain"`
					} `json:"user"`
				} `json:"password"`
			} `json:"identity"`
			Scope struct {
				Project struct {
					ID     string `json:"id"`
					Name   string `json:"name"`
					Domain named  `json:"domain"`
				} `json:"project"`
			} `json:"scope"`
		} `json:"auth"`
	}
	if err := panel.StrictJSON(c.Body, &in); err != nil {
		return s.Failure(http.StatusBadRequest, err.Error())
	}
	user, project := in.Auth.Identity.Password.User, in.Auth.Scope.Project
	home := func(d named) bool { return d.ID == "default" || d.Name == "Default" }
	if !slices.Contains(in.Auth.Identity.Methods, "password") || user.Name != "admin" || user.Password != "secret" ||
		!home(user.Domain) || project.ID != stackProject && (project.Name != "admin" || !home(project.Domain)) {
		return s.Failure(http.StatusUnauthorized, "The request you have made requires authentication.")
	}
	s.st.LastToken++
	token := fmt.Sprintf("gAAAAA%08x%x", uint32(s.st.LastToken)*2654435761, c.Now.UnixNano())
	s.st.Tokens[token] = c.Now.Add(stackTokenLife)
	maps.DeleteFunc(s.st.Tokens, func(_ string, until time.Time) bool { return !c.Now.Before(until) })
	c.Changed = true
	const layout = "2006-01-02T15:04:05.000000Z"
	domain := named{ID: "default", Name: "Default"}
	body := map[string]any{"token": map[string]any{
		"methods": []string{"password"}, "issued_at": c.Now.Format(layout), "expires_at": c.Now.Add(stackTokenLife).Format(layout),
		"user":    map[string]any{"id": "c0ffee", "name": "admin", "domain": domain},
		"project": map[string]any{"id": stackProject, "name": "admin", "domain": domain},
		"roles":   []named{{ID: "1", Name: "member"}},
		"catalog": stackCatalog("http://" + c.Host + "/openstack/"),
	}}
	return panel.NewReply(http.StatusCreated, panel.Headed{Name: "X-Subject-Token", Value: token, Body: body})
}

// stackCatalog lists three services in each region, with public and internal
// addresses; Glance's leave their version out, as is usual.
func stackCatalog(base string) []map[string]any {
	services := []struct{ kind, name, path string }{
		{"compute", "nova", "/compute/v2.1"}, {"image", "glance", "/image"}, {"network", "neutron", "/network"},
	}
	var out []map[string]any
	for _, service := range services {
		var endpoints []map[string]any
		for _, region := range stackRegions {
			for _, side := range []string{"public", "internal"} {
				endpoints = append(endpoints, map[string]any{
					"id": service.name + region + side, "interface": side, "region": region, "region_id": region,
					"url": base + region + service.path,
				})
			}
		}
		out = append(out, map[string]any{"id": service.name, "type": service.kind, "name": service.name, "endpoints": endpoints})
	}
	return out
}

// onServer resolves the path's server, which must be in the path's region.
func (s *stack) onServer(run func(*panel.Call, *stackServer) panel.Reply) func(*panel.Call) panel.Reply {
	return func(c *panel.Call) panel.Reply {
		one := s.byID[c.Args[1]]
		if one == nil || one.Region != c.Args[0] {
			return stackError(http.StatusNotFound, "Instance "+c.Args[1]+" could not be found.")
		}
		return run(c, one)
	}
}

// novaWords are the members that Nova puts errors into.
var novaWords = map[int]string{
	http.StatusBadRequest: "badRequest", http.StatusNotFound: "itemNotFound", http.StatusConflict: "conflictingRequest",
	http.StatusForbidden: "forbidden", http.StatusNotAcceptable: "computeFault",
}

func stackError(status int, text string) panel.Reply {
	return panel.NewReply(status, map[string]any{novaWords[status]: map[string]any{"code": status, "message": text}})
}

// Failure is Keystone's form, which clients meet first.
func (s *stack) Failure(status int, text string) panel.Reply {
	return panel.NewReply(status, map[string]any{"error": map[string]any{"code": status, "title": http.StatusText(status), "message": text}})
}

// Moved ends tokens that would outlive a clock that was set back, and keeps
// the length of work in progress.
func (s *stack) Moved(now time.Time) {
	for token, until := range s.st.Tokens {
		if until.After(now.Add(stackTokenLife)) {
			s.st.Tokens[token] = now.Add(stackTokenLife)
		}
	}
	for _, one := range s.open {
		if early := one.Work.StartedAt.Sub(now); early > 0 {
			one.Work.StartedAt, one.Work.DoneAt = one.Work.StartedAt.Add(-early), one.Work.DoneAt.Add(-early)
		}
	}
}

// HasServer is false: the cloud answers for no day, so none can be set.
func (s *stack) HasServer(int) bool { return false }

func (s *stack) Encode() ([]byte, error) { return json.Marshal(s.st) }

func (s *stack) Decode(data []byte) error {
	var st stackState
	if err := json.Unmarshal(data, &st); err != nil {
		return err
	}
	if len(st.Flavors) == 0 || st.Tokens == nil {
		return fmt.Errorf("not the state of a cloud")
	}
	s.st = st
	s.derive()
	return nil
}

// derive rebuilds what is only kept for speed.
func (s *stack) derive() {
	s.byID, s.open, s.used = map[string]*stackServer{}, nil, map[string]bool{}
	for _, one := range s.st.Servers {
		s.byID[one.ID] = one
		if one.Work != nil {
			s.open = append(s.open, one)
		}
		for _, a := range one.Addresses {
			s.used[a.IP] = true
		}
	}
}

func (s *stack) Reset() {
	s.st = newStackState()
	s.derive()
}

// address takes the next free address of a network; empty where none is left.
// The first of a network is its gateway's.
func (s *stack) address(n *stackNetwork) string {
	prefix := netip.MustParsePrefix(n.CIDR)
	gateway := prefix.Addr().Next()
	at, err := netip.ParseAddr(n.Last)
	if err != nil {
		at = gateway
	}
	for range 1 << (32 - prefix.Bits()) {
		at = at.Next()
		if !prefix.Contains(at.Next()) { // the broadcast address, or beyond
			at = gateway
			continue
		}
		if ip := at.String(); !s.used[ip] {
			n.Last = ip
			s.used[ip] = true
			return ip
		}
	}
	return ""
}
