package netguard

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Who may reach an address: everybody, panels only, or the sandbox only.
const (
	everybody = "everybody"
	panels    = "panels"
	sandbox   = "sandbox"
	nobody    = "nobody"
)

var addresses = map[string]string{
	"8.8.8.8": everybody, "172.15.255.255": everybody, "172.32.0.0": everybody, "100.128.0.0": everybody,
	"2a00:1450::1": everybody, "2600::": everybody, "::ffff:8.8.8.8": everybody, "64:ff9b::808:808": everybody,
	"2002:808:808::1": everybody, "223.255.255.255": everybody,

	"10.0.0.1": panels, "172.16.0.1": panels, "172.31.255.255": panels, "192.168.1.1": panels, "fd12:3456::1": panels,
	"fc00::": panels, "::ffff:10.0.0.1": panels, "::ffff:a00:1": panels, "64:ff9b::10.0.0.1": panels, "2002:a00:1::": panels,
	"fd00::1%eth0": panels,

	"127.0.0.1": sandbox, "127.255.255.254": sandbox, "::1": sandbox, "::1%lo": sandbox, "::ffff:127.0.0.1": sandbox,
	"::ffff:7f00:1": sandbox, "64:ff9b::7f00:1": sandbox, "2002:7f00:1::": sandbox,

	"0.0.0.0": nobody, "0.1.2.3": nobody, "::": nobody, "::ffff:0.0.0.0": nobody, "169.254.169.254": nobody,
	"::ffff:169.254.169.254": nobody, "64:ff9b::a9fe:a9fe": nobody, "2002:a9fe:a9fe::": nobody, "fe80::1": nobody,
	"fe80::1%eth0": nobody, "febf::1": nobody, "fec0::1": nobody, "100.64.0.1": nobody, "100.100.100.200": nobody,
	"64:ff9b::6440:1": nobody, "224.0.0.1": nobody, "239.255.255.255": nobody, "240.0.0.1": nobody,
	"255.255.255.255": nobody, "ff02::1": nobody, "ff0e::1": nobody, "192.0.0.192": nobody, "192.0.2.1": nobody,
	"198.18.0.1": nobody, "198.51.100.1": nobody, "203.0.113.1": nobody, "2001:db8::1": nobody, "100::1": nobody,
	"64:ff9b:1::a00:1": nobody, "::127.0.0.1": nobody, "::10.0.0.1": nobody, "2001:0:a00:1::": nobody, "4000::1": nobody,
	"::ffff:0:127.0.0.1": nobody, "3fff::1": nobody,
}

func TestWhoReachesWhat(t *testing.T) {
	t.Parallel()
	for s, who := range addresses {
		addr := netip.MustParseAddr(s)
		for name, c := range map[string]struct {
			policy  Policy
			allowed bool
		}{
			"zero policy":         {Policy{}, who == everybody},
			"webhooks":            {Webhooks(nil, false), who == everybody},
			"panels":              {Panels(nil, false), who == everybody || who == panels},
			"webhooks in sandbox": {Webhooks(nil, true), who == everybody || who == sandbox},
			"panels in sandbox":   {Panels(nil, true), who != nobody},
		} {
			err := c.policy.Check(addr)
			require.Equal(t, c.allowed, err == nil, "%s to %s", name, s)
			if err != nil {
				require.ErrorIs(t, err, ErrRefused)
			}
			require.Equal(t, err, c.policy.CheckHost(s))
		}
	}
	require.ErrorIs(t, Webhooks(nil, false).CheckHost("[::1]"), ErrRefused)
	require.NoError(t, Webhooks(nil, false).CheckHost("localhost"), "names count when they are dialled")
	require.ErrorIs(t, Policy{}.Check(netip.Addr{}), ErrRefused)
}

func TestExtraNetworksAllow(t *testing.T) {
	t.Parallel()
	extra, err := ParseNetworks(" 10.1.0.0/16, 127.0.0.1 ,fe80::/10,::ffff:192.168.7.9/120,,100.64.0.0/10")
	require.NoError(t, err)
	for _, p := range []Policy{Webhooks(extra, false), Panels(extra, false)} {
		for _, s := range []string{
			"10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "127.0.0.1", "fe80::1%eth0", "192.168.7.200", "100.64.9.9",
		} {
			require.NoError(t, p.Check(netip.MustParseAddr(s)), s)
		}
		for _, s := range []string{"127.0.0.2", "::1", "169.254.169.254", "224.0.0.1"} {
			require.ErrorIs(t, p.Check(netip.MustParseAddr(s)), ErrRefused, s)
		}
	}
	require.ErrorIs(t, Webhooks(extra, false).Check(netip.MustParseAddr("10.2.0.1")), ErrRefused)
	require.ErrorIs(t, Webhooks(extra, false).Check(netip.MustParseAddr("192.168.8.1")), ErrRefused)
	for _, bad := range []string{"10.0.0.0/33", "example.com", "10.0.0.0/8;127.0.0.1", "fe80::1%eth0"} {
		_, err := ParseNetworks(bad)
		require.Error(t, err, bad)
	}
}

func TestMappedAddressesCountAsTheirIPv4(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v4 := netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")))
		mapped := netip.AddrFrom16(v4.As16())
		through := nat64.Addr().As16()
		copy(through[12:], v4.AsSlice())
		for _, p := range []Policy{Webhooks(nil, false), Panels(nil, false), Panels(nil, true)} {
			want := p.Check(v4) == nil
			require.Equal(t, want, p.Check(mapped) == nil)
			require.Equal(t, want, p.Check(netip.AddrFrom16(through)) == nil)
		}
	})
}

// client keeps a policy; names resolve as in zone.
func client(p Policy, zone map[string]netip.Addr) *http.Client {
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go answerName(theirs, zone)
		return ours, nil
	}}
	p.resolver = resolver
	second := 5 * time.Second
	return &http.Client{Transport: p.Transport(Timeouts{Dial: second, TLS: second, Header: second})}
}

// answerName answers one DNS question over a stream: a length, then the message.
func answerName(c net.Conn, zone map[string]netip.Addr) {
	defer c.Close()
	var size uint16
	if binary.Read(c, binary.BigEndian, &size) != nil {
		return
	}
	query := make([]byte, size)
	if binary.Read(c, binary.BigEndian, query) != nil {
		return
	}
	var labels []string
	at := 12
	for query[at] != 0 {
		labels = append(labels, string(query[at+1:at+1+int(query[at])]))
		at += 1 + int(query[at])
	}
	question, kind := query[12:at+5], binary.BigEndian.Uint16(query[at+1:])
	reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
	addr, known := zone[strings.ToLower(strings.Join(labels, "."))]
	if known && (kind == 1 && addr.Is4() || kind == 28 && addr.Is6()) {
		reply[7] = 1
		reply = append(reply, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 60, 0, byte(addr.BitLen()/8))
		reply = append(reply, addr.AsSlice()...)
	}
	_ = binary.Write(c, binary.BigEndian, uint16(len(reply)))
	_ = binary.Write(c, binary.BigEndian, reply)
}

func get(c *http.Client, address string) error {
	resp, err := c.Get(address)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}

func TestCallsAreCheckedWhenDialling(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the call to %s got through", r.Host)
	}))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	zone := map[string]netip.Addr{
		"rebind.example.net": netip.MustParseAddr("127.0.0.1"),
		"six.example.net":    netip.MustParseAddr("::1"),
		"mapped.example.net": netip.MustParseAddr("::ffff:127.0.0.1"),
		"meta.example.net":   netip.MustParseAddr("169.254.169.254"),
	}
	for _, p := range []Policy{Webhooks(nil, false), Panels(nil, false)} {
		c := client(p, zone)
		for _, host := range []string{
			"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]", "localhost",
			"rebind.example.net", "six.example.net", "mapped.example.net", "meta.example.net",
		} {
			err := get(c, "http://"+host+port)
			require.ErrorIs(t, err, ErrRefused, host)
			var refused *Refused
			require.True(t, errors.As(err, &refused), host)
		}
	}
}

func TestRedirectsAreChecked(t *testing.T) {
	t.Parallel()
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirected call got through")
	}))
	defer inside.Close()
	// The outer server listens on another loopback address, which the policy allows by itself.
	outer := listen(t, "127.0.0.2:0", http.RedirectHandler(inside.URL, http.StatusFound))
	c := client(Webhooks([]netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, false), nil)
	require.ErrorIs(t, get(c, outer), ErrRefused)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	require.NoError(t, get(c, outer), "the call itself is allowed")
}

func listen(t *testing.T, address string, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func TestAllowedCallsGetThrough(t *testing.T) {
	t.Parallel()
	address := listen(t, "127.0.0.1:0", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	zone := map[string]netip.Addr{"panel.example.net": netip.MustParseAddr("127.0.0.1")}
	name := strings.Replace(address, "127.0.0.1", "panel.example.net", 1)
	for _, p := range []Policy{Webhooks(nil, true), Panels(nil, true)} {
		require.NoError(t, get(client(p, zone), address))
		require.NoError(t, get(client(p, zone), name))
	}
}

func TestOnlyTCPAndNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	p := Panels(nil, true)
	require.ErrorIs(t, p.Control("udp4", "8.8.8.8:53", nil), ErrRefused)
	require.ErrorIs(t, p.Control("unix", "/run/docker.sock", nil), ErrRefused)
	require.ErrorIs(t, p.Control("tcp4", "nonsense", nil), ErrRefused)
	require.NoError(t, p.Control("tcp4", "8.8.8.8:443", nil))
	require.Nil(t, p.Transport(Timeouts{}).Proxy)
}
