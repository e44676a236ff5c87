package dcimanager6

import (
	"context"
	"sort"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
)

// addressCount is how many addresses a server should have; nil leaves a family as it is.
type addressCount struct{ ipv4, ipv6 *int }

// wanted reads the ordered add-ons.
func (w *work) wanted() addressCount {
	amount := func(code string) *int {
		a, ordered := w.Op.Spec.AddOns[code]
		if !ordered || a.Amount == nil {
			return nil
		}
		n := max(int(a.Amount.IntPart()), 0)
		return &n
	}
	return addressCount{ipv4: amount("ipv4_public"), ipv6: amount("ipv6")}
}

// pools are the panel's pools, and which of them are for servers that are nobody's.
type pools struct {
	all     []panel.Pool
	release []panel.Pool // the module's own choice, else the panel's
}

func (w *work) loadPools(ctx context.Context) (pools, error) {
	all, err := w.panel.Pools(ctx)
	if err != nil {
		return pools{}, err
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	p := pools{all: all}
	if w.set.DeallocationPool != "" {
		named, err := poolNamed(all, w.set.DeallocationPool)
		p.release = []panel.Pool{named}
		return p, err
	}
	for _, pool := range all {
		if pool.Parking() {
			p.release = append(p.release, pool)
		}
	}
	return p, nil
}

// poolNamed finds a pool by its name or number; only one with IPv4 addresses serves.
func poolNamed(all []panel.Pool, name string) (panel.Pool, error) {
	for _, p := range all {
		if strings.EqualFold(p.Name, name) || strconv.Itoa(p.ID) == name {
			if p.IPv4.Total == 0 {
				return p, provision.NewRejected("no_pool", "pool %q has no IPv4 addresses", name)
			}
			return p, nil
		}
	}
	return panel.Pool{}, provision.NewRejected("no_pool", "the panel has no pool %q", name)
}

// isParking tells whether an address of the pool is one that a server has while it is nobody's: by the panel's word for the
// pool or by the module's own choice.
func (p pools) isParking(pool int) bool {
	for _, x := range p.all {
		if x.ID == pool && x.Parking() {
			return true
		}
	}
	return p.parksOn(pool)
}

// parksOn tells whether the pool is one that released servers get an address of.
func (p pools) parksOn(pool int) bool {
	for _, x := range p.release {
		if x.ID == pool {
			return true
		}
	}
	return false
}

// parked chooses the pool for a released server (D30): any of them that has an address left.
func (p pools) parked() (panel.Pool, error) {
	for _, x := range p.release {
		if x.IPv4.Left() > 0 {
			return x, nil
		}
	}
	return panel.Pool{}, provision.NewRejected("no_free_address", "no pool for released servers has a free IPv4 address")
}

// issuing chooses the pool for an issued server: the module's own choice, else that of the server's rack, else of its
// location, else one whose name contains "public", rather one that is not tied to another place. Only pools with IPv4
// addresses count; among several of one rank the first with a free one.
func (w *work) issuing(p pools, s panel.Server) (panel.Pool, error) {
	if w.set.AllocationPool != "" {
		named, err := poolNamed(p.all, w.set.AllocationPool)
		if err == nil && p.isParking(named.ID) {
			err = provision.NewRejected("no_pool", "pool %q is for released servers", named.Name)
		}
		return named, err
	}
	ranks := []func(panel.Pool) bool{
		func(x panel.Pool) bool { return x.RackID != 0 && x.RackID == s.Rack.ID },
		func(x panel.Pool) bool { return x.LocationID != 0 && x.LocationID == s.LocationID },
		func(x panel.Pool) bool { return public(x) && x.RackID == 0 && x.LocationID == 0 },
		public,
	}
	for _, fits := range ranks {
		var first *panel.Pool
		for _, x := range p.all {
			if p.isParking(x.ID) || x.IPv4.Total == 0 || !fits(x) {
				continue
			}
			if x.IPv4.Left() > 0 {
				return x, nil
			}
			if first == nil {
				first = &x
			}
		}
		if first != nil {
			return *first, nil // exhausted: the panel says so in its own words
		}
	}
	return panel.Pool{}, provision.NewRejected("no_pool", "no pool with IPv4 addresses serves server %d by its rack, its location or the name \"public\"", s.ID)
}

func public(x panel.Pool) bool { return strings.Contains(strings.ToLower(x.Name), "public") }

// addresses is the step that gives a server what is missing and takes away what is too much, what is left of an allocation
// that failed, and what it had while it was nobody's.
func (w *work) addresses(s panel.Server, p pools, want addressCount) *step {
	drop, missing := []panel.IP{}, map[string]int{}
	for _, family := range families {
		own := []panel.IP{}
		for _, ip := range s.IPs {
			switch {
			case ip.Family != family:
			case ip.Status == "failed" || p.isParking(ip.PoolID):
				drop = append(drop, ip)
			default:
				own = append(own, ip)
			}
		}
		n := len(own)
		if asked := want.of(family); asked != nil {
			n = *asked
		}
		sortIPs(own)
		drop = append(drop, own[min(n, len(own)):]...)
		if n > len(own) {
			missing[family] = n - len(own)
		}
	}
	if len(drop) == 0 && len(missing) == 0 {
		return nil
	}
	return &step{"addresses", func(ctx context.Context) error { return w.exchange(ctx, s, p, missing, drop) }}
}

var families = []string{"ipv4", "ipv6"}

func (c addressCount) of(family string) *int {
	if family == "ipv6" {
		return c.ipv6
	}
	return c.ipv4
}

// exchange adds before it removes, so that a refusal leaves the server with what it had.
func (w *work) exchange(ctx context.Context, s panel.Server, p pools, missing map[string]int, drop []panel.IP) error {
	for _, family := range families {
		if missing[family] == 0 {
			continue
		}
		pool, err := w.issuing(p, s)
		if err != nil {
			return err
		}
		if err := w.panel.AddIPs(ctx, s.ID, pool.ID, missing[family], family); err != nil {
			return err
		}
	}
	return w.remove(ctx, s, drop)
}

func (w *work) remove(ctx context.Context, s panel.Server, drop []panel.IP) error {
	for _, ip := range drop {
		if err := w.panel.RemoveIP(ctx, s.ID, ip.ID); err != nil {
			return err
		}
	}
	return nil
}

func sortIPs(ips []panel.IP) {
	sort.Slice(ips, func(i, j int) bool { return ips[i].ID < ips[j].ID })
}

// told are the addresses as the service shows them; the first IPv4 one is the main one.
func (w *work) told(s panel.Server) []provision.Address {
	ips := append([]panel.IP(nil), s.IPs...)
	sortIPs(ips)
	var out []provision.Address
	main := false
	for _, family := range families {
		for _, ip := range ips {
			if ip.Family != family || ip.Status == "failed" {
				continue
			}
			out = append(out, provision.Address{
				IP: ip.Address, Family: family, Gateway: ip.Gateway, Network: ip.Network, Main: !main,
			})
			main = true
		}
	}
	return out
}
