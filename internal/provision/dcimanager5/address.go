package dcimanager5

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/item"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/pool"
)

// group is a number of addresses of one family and type.
type group struct {
	family string
	kind   string
	n      int // fewer than 0: as many as there are
}

// wanted is which addresses a server should have.
type wanted struct {
	groups []group
	// fresh tells that the server is being opened: whatever else it has goes.
	fresh bool
	// growing tells that nothing is taken from the server yet.
	growing bool
}

// specialBlock begins the codes of add-ons that choose a type of addresses (D29).
const specialBlock = "special_ip_block_"

// wanted reads the ordered add-ons. A server has one public IPv4 address at least: its main one.
func (w *work) wanted(ctx context.Context, fresh bool) (wanted, error) {
	public, special, err := w.publicType(ctx)
	if err != nil {
		return wanted{}, err
	}
	x := wanted{fresh: fresh}
	n, said := w.amount("ipv4_public")
	switch {
	case said:
		x.groups = append(x.groups, group{"ipv4", public, max(n, 1)})
	case fresh:
		x.groups = append(x.groups, group{"ipv4", public, 1})
	case special:
		x.groups = append(x.groups, group{"ipv4", public, -1})
	}
	if n, said := w.amount("ipv4_private"); said {
		x.groups = append(x.groups, group{"ipv4", w.dialect.Word("private_type"), n})
	}
	if n, said := w.amount("ipv6"); said {
		x.groups = append(x.groups, group{"ipv6", w.dialect.Word("ipv6_type"), n})
	}
	return x, nil
}

// amount is an ordered number.
func (w *work) amount(code string) (int, bool) {
	a, ordered := w.Op.Spec.AddOns[code]
	if !ordered || a.Amount == nil || a.Amount.IsNegative() {
		return 0, false
	}
	return int(a.Amount.IntPart()), true
}

// publicType is the type that the public addresses are of: the item of an add-on special_ip_block_… is its name (D29). Items that
// are no type, "without it", leave the usual one; asked tells that such an add-on is sold at all.
func (w *work) publicType(ctx context.Context) (kind string, asked bool, err error) {
	kind = w.dialect.Word("public_type")
	var chosen []string
	for code, a := range w.Op.Spec.AddOns {
		block, special := strings.CutPrefix(code, specialBlock)
		if !special {
			continue
		}
		asked = true
		switch {
		case a.Item != "":
			chosen = append(chosen, a.Item)
		case a.On != nil && *a.On, a.Amount != nil && a.Amount.IsPositive():
			chosen = append(chosen, block)
		}
	}
	chosen = slices.DeleteFunc(chosen, item.None)
	if len(chosen) == 0 || w.pool == nil {
		if len(chosen) > 0 {
			kind = slices.Min(chosen)
		}
		return kind, asked, nil
	}
	types, known, err := w.pool.Types(ctx)
	if err != nil {
		return kind, asked, err
	}
	slices.Sort(chosen)
	for _, c := range chosen {
		if !known || slices.Contains(types, c) {
			return c, asked, nil
		}
	}
	return kind, asked, nil
}

// held is an address of a server with what IPmanager knows of it.
type held struct {
	panel.IP
	kind  string // empty: not known
	given *panel.Given
}

// holds reads a server's addresses.
func (w *work) holds(ctx context.Context, s panel.Server) ([]held, []panel.Given, error) {
	ips, err := w.panel.IPs(ctx, s.ID)
	if err != nil {
		return nil, nil, err
	}
	var given []panel.Given
	if w.pool != nil {
		if given, err = w.pool.Given(ctx); err != nil {
			return nil, nil, err
		}
	}
	return w.known(ips, given), given, nil
}

// known puts together what the panel and IPmanager know of addresses, in order of their numbers.
func (w *work) known(ips []panel.IP, given []panel.Given) []held {
	out := make([]held, 0, len(ips))
	for _, ip := range ips {
		h := held{IP: ip, kind: w.kindOf(ip)}
		for i := range given {
			if given[i].IP == ip.IP {
				h.given, h.kind = &given[i], given[i].Type
			}
		}
		out = append(out, h)
	}
	slices.SortStableFunc(out, func(a, b held) int {
		x, _ := strconv.Atoi(a.ID)
		y, _ := strconv.Atoi(b.ID)
		return x - y
	})
	return out
}

// kindOf is the type by the panel's own list. Its words are not documented, so only one that means something here is believed.
func (w *work) kindOf(ip panel.IP) string {
	known := []string{w.dialect.Word("public_type"), w.dialect.Word("private_type"), w.dialect.Word("ipv6_type"), w.set.ParkingIPType}
	for code, a := range w.Op.Spec.AddOns {
		if block, special := strings.CutPrefix(code, specialBlock); special {
			known = append(known, block, a.Item)
		}
	}
	if ip.Type != "" && slices.Contains(known, ip.Type) {
		return ip.Type
	}
	if addr, err := netip.ParseAddr(ip.IP); err == nil && addr.Is4() && addr.IsPrivate() {
		return w.dialect.Word("private_type")
	}
	return ""
}

// fits tells whether an address counts for a group.
func (w *work) fits(h held, g group, s panel.Server, fresh bool) bool {
	if h.Family() != g.family || h.kind != "" && h.kind != g.kind {
		return false
	}
	if !fresh || w.pool == nil {
		return true
	}
	// Of a server that is being opened only what IPmanager gave for it counts, be it while it was parked.
	return h.given != nil && (h.given.Mark == w.mark() || h.given.Mark == w.parkMark(s))
}

// state is what of a server's addresses is right, wrong and missing.
type state struct {
	keep    []held
	drop    []held
	missing []group
	main    string // which should be the main address; empty: as it is
}

func (w *work) compare(s panel.Server, all []held, want wanted) state {
	var x state
	counted := map[string]bool{}
	for _, g := range want.groups {
		var own []held
		for _, h := range all {
			if w.fits(h, g, s, want.fresh) && !counted[h.ID] {
				own = append(own, h)
			}
		}
		// The main address stays when others must go.
		slices.SortStableFunc(own, func(a, b held) int { return rank(b, s) - rank(a, s) })
		n := g.n
		if n < 0 {
			n = w.countPublic(all)
		}
		for i, h := range own {
			counted[h.ID] = true
			if i < n {
				x.keep = append(x.keep, h)
			} else {
				x.drop = append(x.drop, h)
			}
		}
		if n > len(own) {
			x.missing = append(x.missing, group{g.family, g.kind, n - len(own)})
		}
		if x.main == "" && g.family == "ipv4" && len(own) > 0 && g.kind != w.dialect.Word("private_type") {
			x.main = own[0].IP.IP
		}
	}
	for _, h := range all {
		if counted[h.ID] {
			continue
		}
		if want.fresh || h.kind != "" && h.kind == w.set.ParkingIPType || w.replaced(h, want) {
			x.drop = append(x.drop, h)
		} else {
			x.keep = append(x.keep, h)
		}
	}
	return x
}

func rank(h held, s panel.Server) int {
	if h.IP.IP == s.IP {
		return 1
	}
	return 0
}

// replaced tells whether an address is of the sort of a wanted group but of another type than is wanted now.
func (w *work) replaced(h held, want wanted) bool {
	private := w.dialect.Word("private_type")
	for _, g := range want.groups {
		if g.family == "ipv4" && h.Family() == "ipv4" && g.kind != private && h.kind != private && h.kind != "" {
			return true
		}
	}
	return false
}

// countPublic is how many public IPv4 addresses there are.
func (w *work) countPublic(all []held) int {
	n := 0
	for _, h := range all {
		if h.Family() == "ipv4" && h.kind != w.dialect.Word("private_type") && (h.kind == "" || h.kind != w.set.ParkingIPType) {
			n++
		}
	}
	return max(n, 1)
}

// addressStep is the next thing to do about a server's addresses: what is missing first, so that a refusal leaves it with what it
// had, then the main address, then what is too much, then the names.
func (w *work) addressStep(ctx context.Context, s panel.Server, want wanted) (*step, error) {
	if len(want.groups) == 0 && !w.asked("domain") {
		return nil, nil
	}
	all, given, err := w.holds(ctx, s)
	if err != nil {
		return nil, err
	}
	x := w.compare(s, all, want)
	switch {
	case len(x.missing) > 0:
		return &step{name: "addresses", do: func(ctx context.Context) error { return w.add(ctx, s, x.missing, all, given) }}, nil
	case want.growing:
		return nil, nil
	case x.main != "" && x.main != s.IP && !slices.ContainsFunc(x.keep, func(h held) bool { return h.IP.IP == s.IP }):
		return w.mainStep(s, x.main), nil
	case len(x.drop) > 0:
		return &step{name: "surplus addresses", do: func(ctx context.Context) error { return w.drop(ctx, s, x.drop) }}, nil
	}
	return w.nameStep(s, x.keep), nil
}

func (w *work) mainStep(s panel.Server, ip string) *step {
	return &step{name: "main address", do: func(ctx context.Context) error {
		return w.panel.Edit(ctx, s.ID, panel.Change{Main: &ip})
	}}
}

// nameStep gives every address the server's host name, and makes those of IPmanager the service's.
func (w *work) nameStep(s panel.Server, keep []held) *step {
	name := w.hostname()
	var unnamed, foreign []held
	for _, h := range keep {
		if h.Domain != name {
			unnamed = append(unnamed, h)
		}
		if h.given != nil && (h.given.Mark == w.parkMark(s) || h.given.Mark == w.mark() && h.given.Domain != name) {
			foreign = append(foreign, h)
		}
	}
	if len(unnamed) == 0 && len(foreign) == 0 {
		return nil
	}
	return &step{name: "names of addresses", do: func(ctx context.Context) error {
		for _, h := range unnamed {
			if err := w.panel.NameIP(ctx, s.ID, h.ID, name); err != nil {
				return err
			}
		}
		for _, h := range foreign {
			if err := w.pool.Describe(ctx, h.IP.IP, name, w.mark()); err != nil {
				return err
			}
		}
		return nil
	}}
}

// add gives a server what is missing.
func (w *work) add(ctx context.Context, s panel.Server, missing []group, all []held, given []panel.Given) error {
	has := map[string]bool{}
	for _, h := range all {
		has[h.IP.IP] = true
	}
	for _, g := range missing {
		for range g.n {
			ip := ""
			if w.pool != nil {
				var err error
				if ip, err = w.pool.Get(ctx, w.wish(g, w.mark(), w.hostname()), has, given); err != nil {
					return err
				}
				has[ip] = true
			}
			if err := w.panel.AddIP(ctx, s.ID, ip, g.kind, g.family, w.hostname()); err != nil {
				return err
			}
		}
	}
	return nil
}

// drop takes addresses from a server, and gives back to IPmanager what it gave for this service or for the parked server.
func (w *work) drop(ctx context.Context, s panel.Server, drop []held) error {
	for _, h := range drop {
		if err := w.panel.RemoveIP(ctx, s.ID, h.ID); err != nil {
			return err
		}
		if h.given != nil && (h.given.Mark == w.mark() || h.given.Mark == w.parkMark(s)) {
			if err := w.pool.Release(ctx, h.IP.IP); err != nil {
				return err
			}
		}
	}
	return nil
}

// shown are the addresses as the service shows them, the main one first.
func (w *work) shown(ctx context.Context, s panel.Server) ([]provision.Address, error) {
	ips, err := w.panel.IPs(ctx, s.ID)
	return shown(s, ips), err
}

// shown makes a service's addresses of a server's.
func shown(s panel.Server, ips []panel.IP) []provision.Address {
	out := make([]provision.Address, 0, len(ips))
	for _, ip := range ips {
		out = append(out, provision.Address{IP: ip.IP, Family: ip.Family(), Main: ip.IP == s.IP})
	}
	slices.SortStableFunc(out, func(a, b provision.Address) int {
		switch {
		case a.Main != b.Main && a.Main:
			return -1
		case a.Main != b.Main:
			return 1
		}
		return strings.Compare(a.Family, b.Family)
	})
	return out
}

// wish is an address of a group for this service.
func (w *work) wish(g group, mark, domain string) pool.Wish {
	return pool.Wish{Family: g.family, Type: g.kind, Service: w.Op.ServiceID, Mark: mark, Domain: domain}
}

// releaseStrays gives back to IPmanager what was given for the service and is not on its server; on none where there is none.
func (w *work) releaseStrays(ctx context.Context, s panel.Server) error {
	if w.pool == nil {
		return nil
	}
	used := map[string]bool{}
	if s.ID != 0 {
		ips, err := w.panel.IPs(ctx, s.ID)
		if err != nil {
			return err
		}
		for _, ip := range ips {
			used[ip.IP] = true
		}
	}
	return w.pool.ReleaseStrays(ctx, w.mark(), used)
}
