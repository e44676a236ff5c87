package mgr5

import (
	"encoding/json"
	"net/netip"
	"slices"
	"time"
)

// IPManager plays IPmanager 5: it gives addresses of types away and remembers a domain and a note of each.
type IPManager struct{ st ipState }

type ipState struct {
	LastID   int        `json:"last_id"`
	Networks []*network `json:"networks"`
	Given    []*givenIP `json:"addresses"`
}

type givenIP struct {
	IP     string `json:"ip"`
	Type   string `json:"iptype"`
	Family string `json:"family"`
	Domain string `json:"domain"`
	Note   string `json:"note"`
}

// NewIPManager begins with networks of the types that a hosting company has, and no address given away.
func NewIPManager() *IPManager {
	m := &IPManager{}
	m.Reset()
	return m
}

// Functions are the panel's functions.
func (m *IPManager) Functions() map[string]Function {
	return map[string]Function{
		"ip":        {Run: m.list},
		"ip.edit":   {Params: []string{"elid", "family", "iptype", "domain", "note"}, Form: true, Run: m.edit},
		"ip.delete": {Params: []string{"elid"}, Required: []string{"elid"}, Run: m.release},
		"iptype":    {Run: m.types},
	}
}

func (m *IPManager) list(*Call) *Elem {
	out := doc()
	for _, a := range m.st.Given {
		out.add(row("ip", a.IP, "domain", a.Domain, "iptype", a.Type, "note", a.Note))
	}
	return out
}

func (m *IPManager) types(*Call) *Elem {
	out := doc()
	var seen []string
	for _, n := range m.st.Networks {
		if !slices.Contains(seen, n.Type) {
			seen = append(seen, n.Type)
			out.add(row("id", itoa(n.ID), "name", n.Type))
		}
	}
	return out
}

// edit is a form on an address; without elid it gives one away.
func (m *IPManager) edit(c *Call) *Elem {
	elid := c.get("elid")
	a := m.given(elid)
	if elid != "" && a == nil {
		return refuse("missed", "elid", elid, "There is no such address")
	}
	if !c.submitted() {
		form := doc(choices("family", "ipv4", "ipv6"))
		if a != nil {
			form.add(row("ip", a.IP, "domain", a.Domain, "iptype", a.Type, "note", a.Note).kids...)
		}
		return form
	}
	if a == nil {
		family := c.get("family")
		if family != "ipv4" && family != "ipv6" {
			return refuse("value", "family", family, "The family is ipv4 or ipv6")
		}
		ip, refusal := allocate(m.st.Networks, c.get("iptype"), family, func(ip string) bool { return m.given(ip) != nil })
		if refusal != nil {
			return refusal
		}
		a = &givenIP{IP: ip, Type: c.get("iptype"), Family: family}
		m.st.Given = append(m.st.Given, a)
	} else if c.Form.Has("iptype") && c.get("iptype") != a.Type || c.Form.Has("family") {
		return refuse("value", "iptype", c.get("iptype"), "Type and family of an address do not change")
	}
	if c.Form.Has("domain") {
		a.Domain = c.get("domain")
	}
	if c.Form.Has("note") {
		a.Note = c.get("note")
	}
	c.Changed = true
	return done("id", a.IP)
}

func (m *IPManager) release(c *Call) *Elem {
	if m.given(c.get("elid")) == nil {
		return refuse("missed", "elid", c.get("elid"), "There is no such address")
	}
	m.st.Given = slices.DeleteFunc(m.st.Given, func(a *givenIP) bool { return a.IP == c.get("elid") })
	c.Changed = true
	return done()
}

func (m *IPManager) given(ip string) *givenIP {
	for _, a := range m.st.Given {
		if a.IP == ip {
			return a
		}
	}
	return nil
}

// Settle has nothing to finish: addresses are given at once.
func (m *IPManager) Settle(time.Time) bool { return false }

// Moved changes nothing.
func (m *IPManager) Moved(time.Time) {}

// HasServer is false: addresses count no traffic here.
func (m *IPManager) HasServer(int) bool { return false }

// View is what the control API shows.
func (m *IPManager) View() map[string]any {
	pools := make([]map[string]any, 0, len(m.st.Networks))
	for _, n := range m.st.Networks {
		count := 0
		prefix := netip.MustParsePrefix(n.Prefix)
		for _, a := range m.st.Given {
			if addr, err := netip.ParseAddr(a.IP); err == nil && prefix.Contains(addr) {
				count++
			}
		}
		pools = append(pools, map[string]any{"id": n.ID, "name": n.Name, "iptype": n.Type, "network": n.Prefix, "used": count})
	}
	return map[string]any{"servers": []any{}, "addresses": copies(m.st.Given), "pools": pools}
}

// Control adds networks ("pools") and addresses that somebody else was given ("servers" has no meaning here).
func (m *IPManager) Control(what string, body []byte, _ time.Time) (any, bool, error) {
	if what != "pools" {
		return nil, false, nil
	}
	m.st.LastID++
	n, err := newNetwork(m.st.LastID, body)
	if err != nil {
		return nil, true, err
	}
	m.st.Networks = append(m.st.Networks, n)
	return *n, true, nil
}

// Reset takes every address back.
func (m *IPManager) Reset() {
	m.st = ipState{LastID: 5, Networks: []*network{
		{ID: 1, Name: "Public", Type: "public", Prefix: "198.51.96.0/20"},
		{ID: 2, Name: "Private", Type: "private", Prefix: "10.95.0.0/16"},
		{ID: 3, Name: "Parking", Type: "parking", Prefix: "10.96.0.0/16"},
		{ID: 4, Name: "Guarded", Type: "guardvlan9", Prefix: "203.0.96.0/20"},
		{ID: 5, Name: "Public IPv6", Type: "public", Prefix: "2001:db8:5::/64"},
	}}
}

// Encode is the kept form.
func (m *IPManager) Encode() ([]byte, error) { return json.Marshal(m.st) }

// Decode reads the kept form.
func (m *IPManager) Decode(data []byte) error { return json.Unmarshal(data, &m.st) }

// copies are what a view may hold after the lock is gone.
func copies[T any](all []*T) []T {
	out := make([]T, 0, len(all))
	for _, x := range all {
		out = append(out, *x)
	}
	return out
}
