package vmmanager6

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// pools are those that serve the module's cluster, by number, with the interface that each serves it by.
type pools struct {
	cluster panel.Cluster
	main    []panel.Pool
	second  []panel.Pool // at another interface than the main one
	named   string       // the module's own choice
}

func (m *Module) loadPools(ctx context.Context, cluster panel.Cluster) (pools, error) {
	all, err := m.panel.Pools(ctx)
	if err != nil {
		return pools{}, err
	}
	slices.SortFunc(all, func(a, b panel.Pool) int { return a.ID - b.ID })
	p := pools{cluster: cluster, named: m.set.IPPool}
	lowest := -1
	for _, x := range all {
		if iface, serves := x.At(cluster); serves && (lowest < 0 || iface < lowest) {
			lowest = iface
		}
	}
	for _, x := range all {
		switch iface, serves := x.At(cluster); {
		case !serves:
		case iface == lowest:
			p.main = append(p.main, x)
		default:
			p.second = append(p.second, x)
		}
	}
	return p, nil
}

// choice are the pools that addresses may come from: the module's own, else all of the main interface with IPv4.
func (p pools) choice() ([]panel.Pool, error) {
	var out []panel.Pool
	for _, x := range slices.Concat(p.main, p.second) {
		if p.named != "" && called(x.ID, x.Name, p.named) {
			return []panel.Pool{x}, nil
		}
	}
	if p.named != "" {
		return nil, provision.NewRejected("no_pool", "no pool %q serves the cluster", p.named)
	}
	for _, x := range p.main {
		if x.IPv4 {
			out = append(out, x)
		}
	}
	if len(out) == 0 {
		return nil, provision.NewRejected("no_pool", "no pool with IPv4 addresses serves the cluster")
	}
	return out, nil
}

// enough names the pool of the smallest number that has so many addresses left; where none has, those that have them together.
func (p pools) enough(n int) ([]int, error) {
	all, err := p.choice()
	if err != nil {
		return nil, err
	}
	var together []int
	left := 0
	for _, x := range all {
		if x.Left >= n {
			return []int{x.ID}, nil
		}
		if x.Left > 0 && left < n {
			together, left = append(together, x.ID), left+x.Left
		}
	}
	if left < n {
		return nil, provision.NewRejected("no_free_address", "the cluster's pools have %d free IPv4 addresses, %d are needed", left, n)
	}
	return together, nil
}

// secondInterface is the interface beside the first, where the module's machines have one.
func (m *Module) secondInterface(p pools) (*panel.Interface, error) {
	if !m.set.AdditionalInterface {
		return nil, nil
	}
	out := &panel.Interface{Bridge: m.set.AdditionalBridge}
	if out.Bridge == "" {
		out.Bridge = "vmbr1"
	}
	for _, x := range slices.Concat(p.second, p.main) {
		if m.set.AdditionalPool != "" && called(x.ID, x.Name, m.set.AdditionalPool) {
			out.Pool, out.IPs = x.ID, 1
			return out, nil
		}
	}
	switch {
	case m.set.AdditionalPool != "":
		return nil, provision.NewRejected("no_pool", "no pool %q serves the cluster", m.set.AdditionalPool)
	case len(p.second) == 0:
		return nil, provision.NewRejected("no_pool", "no pool serves another interface of the cluster than the main one")
	}
	for _, x := range p.second {
		if x.Left > 0 {
			out.Pool, out.IPs = x.ID, 1
			return out, nil
		}
	}
	return nil, provision.NewRejected("no_free_address", "no pool of the additional interface has a free address")
}

// sorted puts the main address first: those of the first interface by number, then the others.
func sorted(ips []panel.IP) []panel.IP {
	first := ""
	for _, ip := range ips {
		if name := string(ip.Host.Interface); first == "" || name < first {
			first = name
		}
	}
	out := slices.Clone(ips)
	slices.SortFunc(out, func(a, b panel.IP) int {
		if x, y := string(a.Host.Interface) != first, string(b.Host.Interface) != first; x != y {
			if y {
				return -1
			}
			return 1
		}
		return a.ID - b.ID
	})
	return out
}

// counted are the addresses that a client ordered: those of the first interface.
func counted(ips []panel.IP) []panel.IP {
	all := sorted(ips)
	return slices.DeleteFunc(all, func(ip panel.IP) bool { return ip.Host.Interface != all[0].Host.Interface })
}

// addresses is the step that brings the number of addresses nearer to what is wanted; nil where there is none. Growing, only what
// is missing is added; else what is too much is given back, which comes last: a change that is refused has lost nothing.
func (w *work) addresses(ctx context.Context, h panel.Host, x wanted, growing bool) (*step, error) {
	if x.ipv4 != nil {
		ips, err := w.panel.IPs(ctx, h.ID)
		if err != nil {
			return nil, err
		}
		own := counted(ips)
		switch more := *x.ipv4 - len(own); {
		case more > 0 && growing:
			return w.moreAddresses(ctx, h, len(own), more)
		case more < 0 && !growing:
			last := own[len(own)-1] // the main one stays
			return &step{name: fmt.Sprintf("release address %d", last.ID), do: func(ctx context.Context) (panel.Begun, error) {
				return w.panel.RemoveIP(ctx, last.ID)
			}}, nil
		}
	}
	if x.ipv6 == nil || *x.ipv6 != growing {
		return nil, nil
	}
	has, err := w.panel.IPv6(ctx, h.ID)
	if err != nil || has.Enabled == *x.ipv6 {
		return nil, err
	}
	return &step{name: "ipv6", do: func(ctx context.Context) (panel.Begun, error) {
		return w.panel.SwitchIPv6(ctx, h.ID, *x.ipv6)
	}}, nil
}

// moreAddresses adds what is missing. The panel counts it on top of what the machine has by then, so a lost answer that had its
// effect could be followed by too many; the next look releases them again.
func (w *work) moreAddresses(ctx context.Context, h panel.Host, has, more int) (*step, error) {
	cluster, err := w.cluster(ctx)
	if err != nil {
		return nil, err
	}
	p, err := w.loadPools(ctx, cluster)
	if err != nil {
		return nil, err
	}
	from, err := p.enough(more)
	if err != nil {
		return nil, err
	}
	return &step{name: fmt.Sprintf("addresses after %d", has), do: func(ctx context.Context) (panel.Begun, error) {
		return w.panel.AddIPs(ctx, h.ID, more, from)
	}}, nil
}

// told are the addresses as the service shows them; the first is the main one.
func (w *work) told(ctx context.Context, h panel.Host) ([]provision.Address, error) {
	ips, err := w.panel.IPs(ctx, h.ID)
	if err != nil {
		return nil, err
	}
	var out []provision.Address
	for i, ip := range sorted(ips) {
		network, _ := ip.Network.(string)
		out = append(out, provision.Address{IP: ip.Address, Family: "ipv4", Gateway: ip.Gateway, Network: network, Main: i == 0})
	}
	six, err := w.panel.IPv6(ctx, h.ID)
	if err != nil {
		return nil, err
	}
	if six.Enabled && strings.Contains(six.Prefix, ":") {
		address, _, _ := strings.Cut(six.Prefix, "/")
		out = append(out, provision.Address{IP: address, Family: "ipv6", Network: six.Prefix, Main: len(out) == 0})
	}
	return out, nil
}
