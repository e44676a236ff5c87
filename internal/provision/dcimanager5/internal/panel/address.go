package panel

import (
	"context"
	"net/netip"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
)

// IP is one address of a server.
type IP struct {
	ID     string
	IP     string
	Domain string
	Type   string // of the panel's own networks; empty where it does not tell
}

// Family is ipv4 or ipv6.
func (a IP) Family() string { return familyOf(a.IP) }

func familyOf(ip string) string {
	if addr, err := netip.ParseAddr(ip); err == nil && !addr.Unmap().Is4() {
		return "ipv6"
	}
	return "ipv4"
}

// IPs lists a server's addresses.
func (p *Panel) IPs(ctx context.Context, server int) ([]IP, error) {
	doc, err := p.read(ctx, Addresses, fields("elid", strconv.Itoa(server)))
	if err != nil {
		return nil, err
	}
	var out []IP
	for _, row := range doc.All("elem") {
		if row.Get("type") == "group" {
			continue
		}
		out = append(out, IP{ID: row.Get("id"), IP: row.Get("ip"), Domain: row.Get("domain"), Type: row.Get("type")})
	}
	return out, nil
}

// AddIP gives a server an address: the one that is named, or one of the panel's own of a type.
func (p *Panel) AddIP(ctx context.Context, server int, ip, kind, family, domain string) error {
	_, err := p.submit(ctx, AddressEdit, fields(
		"plid", strconv.Itoa(server), "sok", "ok", "ip", ip, "iptype", kind, "family", family, "domain", domain,
	))
	return err
}

// NameIP sets the domain of an address.
func (p *Panel) NameIP(ctx context.Context, server int, id, domain string) error {
	_, err := p.submit(ctx, AddressEdit, fields("elid", id, "plid", strconv.Itoa(server), "sok", "ok", "domain", domain))
	return err
}

// RemoveIP takes an address from a server; one that is gone already is no failure.
func (p *Panel) RemoveIP(ctx context.Context, server int, id string) error {
	_, err := p.submit(ctx, AddressDelete, fields("plid", strconv.Itoa(server), "elid", id))
	if coremgr.Missing(err) {
		return nil
	}
	return err
}

// IPManager gives addresses away. It remembers, for each, a type, a domain and a mark.
type IPManager struct{ Panel }

// NewIPManager makes one; it connects to nothing.
func NewIPManager(client *coremgr.Client, dialect Dialect) *IPManager {
	return &IPManager{Panel{client, dialect}}
}

// Given is one address that was given away.
type Given struct {
	IP     string
	Type   string
	Domain string
	Mark   string
}

// Family is ipv4 or ipv6.
func (g Given) Family() string { return familyOf(g.IP) }

// Taken tells whether the address is out of use, because another service was found to have it.
func (m *IPManager) Taken(g Given) bool { return g.Domain == m.dialect.names["taken_marker"] }

// Given lists all that was given away, to whomever.
func (m *IPManager) Given(ctx context.Context) ([]Given, error) {
	doc, err := m.read(ctx, PoolAddresses, nil)
	if err != nil {
		return nil, err
	}
	var out []Given
	for _, row := range doc.All("elem") {
		out = append(out, Given{IP: row.Get("ip"), Type: row.Get("iptype"), Domain: row.Get("domain"), Mark: row.Get(m.dialect.names["mark"])})
	}
	return out, nil
}

// Types lists the types of addresses; known is false where the panel does not tell.
func (m *IPManager) Types(ctx context.Context) (types []string, known bool, err error) {
	all, err := m.Names(ctx, PoolTypes)
	if coremgr.Rejected(err) || err == nil && len(all) == 0 {
		return nil, false, nil
	}
	for _, t := range all {
		types = append(types, t.Name)
	}
	return types, err == nil, err
}

// Allocate gives one more address away.
func (m *IPManager) Allocate(ctx context.Context, kind, family, domain, mark string) (string, error) {
	doc, err := m.submit(ctx, PoolAddressEdit, fields("sok", "ok", "family", family, "iptype", kind, "domain", domain, m.dialect.names["mark"], mark))
	if err != nil {
		return "", err
	}
	for _, member := range []string{"ip", "id"} {
		if ip := doc.Get(member); ip != "" {
			return ip, nil
		}
	}
	return "", provision.NewUnavailable(nil, "IPmanager gave an address and does not tell which")
}

// Describe sets domain and mark of an address.
func (m *IPManager) Describe(ctx context.Context, ip, domain, mark string) error {
	_, err := m.submit(ctx, PoolAddressEdit, fields("elid", ip, "sok", "ok", "domain", domain, m.dialect.names["mark"], mark))
	return err
}

// PutAside marks an address that another service has: nobody gets it again until a person has looked.
func (m *IPManager) PutAside(ctx context.Context, ip string) error {
	return m.Describe(ctx, ip, m.dialect.names["taken_marker"], "another service has this address")
}

// Release takes an address back; one that is back already is no failure.
func (m *IPManager) Release(ctx context.Context, ip string) error {
	_, err := m.submit(ctx, PoolRelease, fields("elid", ip))
	if coremgr.Missing(err) {
		return nil
	}
	return err
}
