package isp6

import (
	"errors"
	"fmt"
	"net/netip"
)

// Pool gives IPv4 addresses of one network.
type Pool struct {
	ID      int    `json:"id"`
	Name    string `json:"name"`
	Network string `json:"network"`
	Last    string `json:"last"` // the address handed out last
}

// prefix was checked when the pool was made.
func (p *Pool) prefix() netip.Prefix { return netip.MustParsePrefix(p.Network) }

// Total is how many addresses it has beside its network's own, the gateway
// and the broadcast address.
func (p *Pool) Total() int { return 1<<(32-p.prefix().Bits()) - 3 }

// Fits says why the network cannot stand beside another pool's, or nothing.
func (p *Pool) Fits(beside *Pool) error {
	if p.prefix().Overlaps(beside.prefix()) {
		return fmt.Errorf("network overlaps pool %d", beside.ID)
	}
	return nil
}

// CheckNetwork says why a text names no network that a pool can have.
func CheckNetwork(text string) error {
	network, err := netip.ParsePrefix(text)
	if err != nil || !network.Addr().Is4() || network != network.Masked() || network.Bits() < 8 || network.Bits() > 30 {
		return errors.New("network must be an IPv4 network between /8 and /30, like 192.0.2.0/29")
	}
	return nil
}

// InUse is which addresses of a panel are in use, and how many of each pool.
// It is only kept for speed, and made anew when a state is loaded.
type InUse struct {
	addresses map[netip.Addr]bool
	of        map[int]int
}

// NewInUse knows of none.
func NewInUse() InUse { return InUse{addresses: map[netip.Addr]bool{}, of: map[int]int{}} }

// Add notes an address of a pool.
func (u InUse) Add(pool int, ip string) {
	if addr, err := netip.ParseAddr(ip); err == nil {
		u.addresses[addr] = true
		u.of[pool]++
	}
}

// Remove lets an address of a pool be given out again.
func (u InUse) Remove(pool int, ip string) {
	if addr, err := netip.ParseAddr(ip); err == nil {
		delete(u.addresses, addr)
		u.of[pool]--
	}
}

// Of is how many addresses of a pool are in use.
func (u InUse) Of(p *Pool) int { return u.of[p.ID] }

// Free is how many addresses a pool has left.
func (u InUse) Free(p *Pool) int { return p.Total() - u.of[p.ID] }

// Take gives out the next unused address of a pool that has one, going round
// so that an address rests before it is used again.
func (u InUse) Take(p *Pool) (ip, gateway string) {
	network := p.prefix()
	first := network.Addr().Next()
	addr, err := netip.ParseAddr(p.Last)
	if err != nil {
		addr = first
	}
	for {
		addr = addr.Next()
		if !network.Contains(addr.Next()) { // the last one is the broadcast address
			addr = first
			continue
		}
		if !u.addresses[addr] {
			break
		}
	}
	p.Last = addr.String()
	u.Add(p.ID, p.Last)
	return p.Last, first.String()
}
