package netguard

import "net/netip"

// class is what sort of place an address is.
type class int

const (
	public    class = iota
	private         // inside an organisation: RFC 1918 and unique local
	loopback        // this machine
	forbidden       // link-local, shared, multicast, reserved: no place for a panel or a webhook
)

// special lists the IPv4 networks that are not public, after IANA's registry of special-purpose addresses. Shared space
// (100.64.0.0/10) is forbidden rather than private: it belongs to the network operator, and clouds keep metadata there.
var special = []struct {
	network netip.Prefix
	class   class
}{
	{netip.MustParsePrefix("0.0.0.0/8"), forbidden}, // Linux connects 0.0.0.0 to itself
	{netip.MustParsePrefix("10.0.0.0/8"), private},
	{netip.MustParsePrefix("100.64.0.0/10"), forbidden},
	{netip.MustParsePrefix("127.0.0.0/8"), loopback},
	{netip.MustParsePrefix("169.254.0.0/16"), forbidden},
	{netip.MustParsePrefix("172.16.0.0/12"), private},
	{netip.MustParsePrefix("192.0.0.0/24"), forbidden},
	{netip.MustParsePrefix("192.0.2.0/24"), forbidden},
	{netip.MustParsePrefix("192.88.99.0/24"), forbidden},
	{netip.MustParsePrefix("192.168.0.0/16"), private},
	{netip.MustParsePrefix("198.18.0.0/15"), forbidden},
	{netip.MustParsePrefix("198.51.100.0/24"), forbidden},
	{netip.MustParsePrefix("203.0.113.0/24"), forbidden},
	{netip.MustParsePrefix("224.0.0.0/3"), forbidden}, // multicast, reserved and broadcast
	{netip.MustParsePrefix("::1/128"), loopback},
	{netip.MustParsePrefix("fc00::/7"), private},
	{netip.MustParsePrefix("2001::/23"), forbidden}, // protocol assignments; holds Teredo, which hides an IPv4 address
	{netip.MustParsePrefix("2001:db8::/32"), forbidden},
	{netip.MustParsePrefix("3fff::/20"), forbidden},
}

// Of IPv6 only this network has been given out for public use; all else but what special names is forbidden.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// Networks whose addresses carry an IPv4 address that a gateway connects to.
var (
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4 = netip.MustParsePrefix("2002::/16")
)

func classOf(addr netip.Addr) class {
	for _, s := range special {
		if s.network.Contains(addr) {
			return s.class
		}
	}
	if addr.Is4() || globalUnicast.Contains(addr) {
		return public
	}
	return forbidden
}

// embedded returns the IPv4 address that an IPv6 one leads to through NAT64 or 6to4; any other address is returned as it
// is. IPv4-mapped addresses are plain IPv4 by now, and IPv4-compatible ones are outside of what is public.
func embedded(addr netip.Addr) netip.Addr {
	b := addr.As16()
	switch {
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:]))
	case sixTo4.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	default:
		return addr
	}
}
