package mgr5

import (
	"fmt"
	"net/netip"
)

// network is addresses of one type and family that are given away in their order.
type network struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Type   string `json:"iptype"`
	Prefix string `json:"network"`
	Last   string `json:"last"` // the address given out last
}

func (n network) family() string {
	if netip.MustParsePrefix(n.Prefix).Addr().Is4() {
		return "ipv4"
	}
	return "ipv6"
}

// next is the first free address after the one given out last, going round, so that an address rests before it is used again.
func (n *network) next(taken func(string) bool) (string, bool) {
	prefix := netip.MustParsePrefix(n.Prefix) // checked when the network was made
	first := prefix.Addr().Next().Next()      // behind the network's own address and the gateway
	addr, err := netip.ParseAddr(n.Last)
	if err != nil {
		addr = first.Prev()
	}
	// More rounds than addresses in the smallest network; a large one does not run out in a test's life.
	for range 1 << 16 {
		addr = addr.Next()
		if !prefix.Contains(addr) || addr.Is4() && !prefix.Contains(addr.Next()) {
			addr = first.Prev()
			if n.exhausted(first, prefix, taken) {
				return "", false
			}
			continue
		}
		if !taken(addr.String()) {
			n.Last = addr.String()
			return n.Last, true
		}
	}
	return "", false
}

func (n *network) exhausted(first netip.Addr, prefix netip.Prefix, taken func(string) bool) bool {
	for addr := first; prefix.Contains(addr) && (!addr.Is4() || prefix.Contains(addr.Next())); addr = addr.Next() {
		if !taken(addr.String()) {
			return false
		}
	}
	return true
}

// stock is what POST /control/{panel}/pools takes.
type stockNetwork struct {
	Name   string `json:"name"`
	Type   string `json:"iptype"`
	Prefix string `json:"network"`
}

func newNetwork(id int, body []byte) (*network, error) {
	var in stockNetwork
	if err := strict(body, &in); err != nil {
		return nil, err
	}
	prefix, err := netip.ParsePrefix(in.Prefix)
	if err != nil || prefix != prefix.Masked() || in.Type == "" || prefix.Addr().Is4() && prefix.Bits() > 30 {
		return nil, fmt.Errorf("iptype and a network such as 192.0.2.0/24 are needed")
	}
	return &network{ID: id, Name: in.Name, Type: in.Type, Prefix: in.Prefix}, nil
}

// allocate takes an address of a type and family.
func allocate(all []*network, kind, family string, taken func(string) bool) (string, *Elem) {
	known := false
	for _, n := range all {
		if n.Type != kind {
			continue
		}
		known = true
		if n.family() != family {
			continue
		}
		if ip, ok := n.next(taken); ok {
			return ip, nil
		}
	}
	if !known {
		return "", refuse("value", "iptype", kind, "There is no such type of addresses")
	}
	return "", refuse("limit", "ip", family, "There are no free addresses of this type")
}
