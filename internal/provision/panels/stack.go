package panels

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"time"
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

func newStack(delay time.Duration) *stack {
	s := &stack{delay: delay}
	s.reset()
	return s
}

// The regions, as the catalogue names them. A part of the address tells them
// apart.
var stackRegions = []string{"RegionOne", "RegionTwo"}

func (s *stack) routes() []isp6Route {
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	return []isp6Route{
		{get, "/{region}/compute/v2.1/servers/detail", s.listServers},
		{post, "/{region}/compute/v2.1/servers", s.createServer},
		{get, "/{region}/compute/v2.1/servers/{id}", s.onServer(s.showServer)},
		{del, "/{region}/compute/v2.1/servers/{id}", s.onServer(s.deleteServer)},
		{post, "/{region}/compute/v2.1/servers/{id}/action", s.onServer(s.act)},
		{get, "/{region}/compute/v2.1/servers/{id}/os-instance-actions", s.onServer(s.listActions)},
		{get, "/{region}/compute/v2.1/flavors/detail", s.listFlavors},
		{get, "/{region}/image/v2/images", s.listImages},
		{get, "/{region}/network/v2.0/networks", s.listNetworks},
	}
}

// answer lets the login through, asks everyone else for a token, and only
// then tells what exists.
func (s *stack) answer(c *call) reply {
	if c.method == http.MethodPost && (c.path == "/v3/auth/tokens" || c.path == "/identity/v3/auth/tokens") {
		return s.signIn(c)
	}
	if until, known := s.st.Tokens[c.header.Get("X-Auth-Token")]; !known || !c.now.Before(until) {
		return s.failure(http.StatusUnauthorized, "The request you have made requires authentication.")
	}
	route, _ := isp6Find(s.routes(), c)
	if route == nil || !slices.Contains(stackRegions, c.args[0]) {
		return stackError(http.StatusNotFound, "The resource could not be found.")
	}
	if rep := microversion(c); rep != nil {
		return *rep
	}
	return route.run(c)
}

// microversion refuses versions of Nova that are not played: from 2.47 on
// servers show their flavor in another form.
func microversion(c *call) *reply {
	v := stackVersion(c)
	if v >= 1 && v <= 46 {
		return nil
	}
	rep := stackError(http.StatusNotAcceptable, "Version is not supported by the API. Minimum is 2.1 and maximum is 2.46.")
	return &rep
}

// stackVersion is the minor number of the version that was asked for.
func stackVersion(c *call) (minor int) {
	asked := c.header.Get("X-Openstack-Nova-Api-Version")
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
func (s *stack) signIn(c *call) reply {
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
	if err := strictJSON(c.body, &in); err != nil {
		return s.failure(http.StatusBadRequest, err.Error())
	}
	user, project := in.Auth.Identity.Password.User, in.Auth.Scope.Project
	home := func(d named) bool { return d.ID == "default" || d.Name == "Default" }
	if !slices.Contains(in.Auth.Identity.Methods, "password") || user.Name != "admin" || user.Password != "secret" ||
		!home(user.Domain) || project.ID != stackProject && (project.Name != "admin" || !home(project.Domain)) {
		return s.failure(http.StatusUnauthorized, "The request you have made requires authentication.")
	}
	s.st.LastToken++
	token := fmt.Sprintf("gAAAAA%08x%x", uint32(s.st.LastToken)*2654435761, c.now.UnixNano())
	s.st.Tokens[token] = c.now.Add(stackTokenLife)
	maps.DeleteFunc(s.st.Tokens, func(_ string, until time.Time) bool { return !c.now.Before(until) })
	c.changed = true
	const layout = "2006-01-02T15:04:05.000000Z"
	domain := named{ID: "default", Name: "Default"}
	return reply{http.StatusCreated, headed{"X-Subject-Token", token, map[string]any{"token": map[string]any{
		"methods": []string{"password"}, "issued_at": c.now.Format(layout), "expires_at": c.now.Add(stackTokenLife).Format(layout),
		"user":    map[string]any{"id": "c0ffee", "name": "admin", "domain": domain},
		"project": map[string]any{"id": stackProject, "name": "admin", "domain": domain},
		"roles":   []named{{ID: "1", Name: "member"}},
		"catalog": stackCatalog("http://" + c.host + "/openstack/"),
	}}}}
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
func (s *stack) onServer(run func(*call, *stackServer) reply) func(*call) reply {
	return func(c *call) reply {
		one := s.byID[c.args[1]]
		if one == nil || one.Region != c.args[0] {
			return stackError(http.StatusNotFound, "Instance "+c.args[1]+" could not be found.")
		}
		return run(c, one)
	}
}

// novaWords are the members that Nova puts errors into.
var novaWords = map[int]string{
	http.StatusBadRequest: "badRequest", http.StatusNotFound: "itemNotFound", http.StatusConflict: "conflictingRequest",
	http.StatusForbidden: "forbidden", http.StatusNotAcceptable: "computeFault",
}

func stackError(status int, text string) reply {
	return reply{status, map[string]any{novaWords[status]: map[string]any{"code": status, "message": text}}}
}

// failure is Keystone's form, which clients meet first.
func (s *stack) failure(status int, text string) reply {
	return reply{status, map[string]any{"error": map[string]any{"code": status, "title": http.StatusText(status), "message": text}}}
}

// moved ends tokens that would outlive a clock that was set back, and keeps
// the length of work in progress.
func (s *stack) moved(now time.Time) {
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

// hasServer is false: the cloud answers for no day, so none can be set.
func (s *stack) hasServer(int) bool { return false }

func (s *stack) encode() ([]byte, error) { return json.Marshal(s.st) }

func (s *stack) decode(data []byte) error {
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

func (s *stack) reset() {
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
