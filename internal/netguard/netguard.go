// Package netguard decides which addresses an outgoing call may reach.
//
// It owns the policies for webhooks and for panels and the HTTP transport that keeps them; it does not own retries,
// signatures or the protocols spoken.
//
// Invariants: what is checked is the resolved address, at the moment of dialling, so that neither a name, nor a redirect,
// nor a name that changes between check and call gets around it; no proxy of the environment is used; the zero Policy
// reaches public addresses only.
package netguard

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// ErrRefused is what errors.Is finds in the error of a call that a policy did not let out.
var ErrRefused = errors.New("address not allowed")

// Refused is the error of a call that a policy did not let out. It names the address and so is for logs and staff: to
// others it would tell what a name inside the network resolves to.
type Refused struct{ Addr string }

// Error names the address.
func (r *Refused) Error() string { return ErrRefused.Error() + ": " + r.Addr }

// Unwrap returns ErrRefused.
func (r *Refused) Unwrap() error { return ErrRefused }

// Policy says which addresses may be reached: public ones always, others by class or by network.
type Policy struct {
	extra    []netip.Prefix
	private  bool
	loopback bool
	resolver *net.Resolver
}

// Webhooks is the policy for addresses that customers enter: public ones and those in the extra networks; the sandbox adds
// loopback.
func Webhooks(extra []netip.Prefix, sandbox bool) Policy {
	return Policy{extra: extra, loopback: sandbox}
}

// Panels is the policy for addresses that staff enter: public and private ones and those in the extra networks; the
// sandbox adds loopback.
func Panels(extra []netip.Prefix, sandbox bool) Policy {
	return Policy{extra: extra, private: true, loopback: sandbox}
}

// ParseNetworks reads a list of networks or single addresses, separated by commas.
func ParseNetworks(s string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for field := range strings.SplitSeq(s, ",") {
		field = strings.TrimSpace(field)
		if field == "" {
			continue
		}
		network, err := netip.ParsePrefix(field)
		if addr, addrErr := netip.ParseAddr(field); addrErr == nil && addr.Zone() == "" {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("not a network: %q", field)
		}
		networks = append(networks, plain(network))
	}
	return networks, nil
}

// plain writes a network of IPv4-mapped addresses as the IPv4 network it means.
func plain(n netip.Prefix) netip.Prefix {
	if n.Addr().Is4In6() && n.Bits() >= 96 {
		return netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-96).Masked()
	}
	return n.Masked()
}

// Check tells whether an address may be reached; the error is a *Refused.
func (p Policy) Check(addr netip.Addr) error {
	addr = addr.WithZone("").Unmap()
	inner := embedded(addr)
	for _, network := range p.extra {
		if network.Contains(addr) || network.Contains(inner) {
			return nil
		}
	}
	switch classOf(inner) {
	case public:
		return nil
	case private:
		if p.private {
			return nil
		}
	case loopback:
		if p.loopback {
			return nil
		}
	}
	return &Refused{addr.String()}
}

// CheckHost is Check of a host that is written as an address, so that it can be refused when it is entered; a name passes,
// as what it resolves to counts only when dialling.
func (p Policy) CheckHost(host string) error {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return nil //nolint:nilerr // a name
	}
	return p.Check(addr)
}

// Control is a hook for net.Dialer: it sees every address that is about to be connected to.
func (p Policy) Control(network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") {
		return &Refused{network + " " + address}
	}
	return p.Check(to.Addr())
}

// Dialer returns a dialer that keeps the policy.
func (p Policy) Dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second, Resolver: p.resolver, Control: p.Control}
}

// Timeouts bound the parts of a call; a zero one does not.
type Timeouts struct {
	Dial   time.Duration // name and connection
	TLS    time.Duration // handshake
	Header time.Duration // from the request's last byte to the answer's header
}

// keptAlive is how many connections to one host wait for the next call: about as many calls as a process makes of one panel at
// once, so that none of them has to connect anew.
const keptAlive = 32

// Transport returns an HTTP transport that keeps the policy for every connection, those of redirects included. A proxy
// would be the one that is dialled and checked, so none is used.
func (p Policy) Transport(t Timeouts) *http.Transport {
	return &http.Transport{
		Proxy:                 nil,
		DialContext:           p.Dialer(t.Dial).DialContext,
		TLSHandshakeTimeout:   t.TLS,
		ResponseHeaderTimeout: t.Header,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   keptAlive,
		IdleConnTimeout:       90 * time.Second,
	}
}
