package panel_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// vendor answers each function with a wire sample and notes what it was asked.
type vendor struct {
	reads, submits map[string]string // function → file
	asked          []url.Values
}

func (v *vendor) client(t *testing.T) (*coremgr.Client, panel.Dialect) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		v.asked = append(v.asked, r.Form)
		files := v.reads
		if r.Form.Get("sok") == "ok" {
			files = v.submits
		}
		sample, err := os.ReadFile("../../testdata/" + files[r.Form.Get("func")])
		if err != nil {
			sample = []byte(`<doc><ok/><id>42</id></doc>`)
		}
		_, _ = w.Write(sample)
	}))
	t.Cleanup(server.Close)
	dialect, err := panel.NewDialect(nil, nil)
	require.NoError(t, err)
	http, err := panelhttp.New(panelhttp.Options{URL: server.URL, Env: provision.Env{Transport: http.DefaultTransport}})
	require.NoError(t, err)
	return coremgr.New(http, coremgr.Options{User: "admin", Password: "secret", EachCall: true}), dialect
}

func (v *vendor) last() url.Values { return v.asked[len(v.asked)-1] }

func TestServersInBothFormats(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"server_list.xml", "server_list.json"} {
		v := &vendor{reads: map[string]string{"server": file}}
		p := panel.New(v.client(t))
		all, err := p.Servers(t.Context())
		require.NoError(t, err)
		s := all[0]
		require.Equal(t, []any{17, "Srv-17", "", "198.51.100.17"}, []any{s.ID, s.Name, s.Owner, s.IP}, file)
		require.True(t, p.Free(s) && s.PowerOff && !s.On, file)
		require.True(t, s.IsOf("HPCorei5") && s.IsOf("E3") && !s.IsOf("e3"), "by template and by type")
		if len(all) > 1 {
			require.True(t, all[1].On && all[1].Disabled && all[1].Busy() && !p.Free(all[1]))
		}
	}
}

func TestAFormIsSentBackWhole(t *testing.T) {
	t.Parallel()
	v := &vendor{reads: map[string]string{"server.edit": "server_form.xml"}}
	p := panel.New(v.client(t))
	name, owner := "Srv-17-x", 7
	require.NoError(t, p.Edit(t.Context(), 17, panel.Change{Name: &name, Owner: &owner}))
	sent := v.last()
	for field, want := range map[string]string{
		"elid": "17", "sok": "ok", "mac": "52:54:00:00:00:11", "name": "Srv-17-x", "notes": "bought in March", "type": "E3", "hostname": "free.ds", "owner": "7",
	} {
		require.Equal(t, want, sent.Get(field), field)
	}
	require.False(t, sent.Has("ip"), "the main address is sent only to be changed")
	nobody := 0
	require.NoError(t, p.Edit(t.Context(), 17, panel.Change{Owner: &nobody}))
	require.Equal(t, "no_owner", v.last().Get("owner"))
}

func TestWhatCanBeInstalled(t *testing.T) {
	t.Parallel()
	v := &vendor{reads: map[string]string{"server.operations": "operations_form.xml"}}
	p := panel.New(v.client(t))
	offer, err := p.Offered(t.Context(), 17)
	require.NoError(t, err)
	require.Equal(t, panel.Offer{Templates: []string{"Debian-12-amd64", "Ubuntu-24.04"}, Recipes: []string{"lamp"}}, offer)
	require.NoError(t, p.Install(t.Context(), 17, "Debian-12-amd64", "", "pw"))
	sent := v.last()
	require.Equal(t, []string{"ostemplate", "Debian-12-amd64", "pw", "pw", "pw", "null"}, []string{
		sent.Get("operation"), sent.Get("ostemplate"), sent.Get("passwd"), sent.Get("confirm"), sent.Get("checkpasswd"), sent.Get("recipe"),
	})
}

func TestGroupsAreNoAddresses(t *testing.T) {
	t.Parallel()
	v := &vendor{reads: map[string]string{"iplist": "address_list.xml"}}
	ips, err := panel.New(v.client(t)).IPs(t.Context(), 17)
	require.NoError(t, err)
	require.Equal(t, []panel.IP{{ID: "2", IP: "198.51.100.17", Domain: "free.ds", Type: "ip"}, {ID: "3", IP: "2001:db8::17", Type: "ip"}}, ips)
	require.Equal(t, []string{"ipv4", "ipv6"}, []string{ips[0].Family(), ips[1].Family()})
}

func TestAUserThatExistsByNow(t *testing.T) {
	t.Parallel()
	v := &vendor{submits: map[string]string{"user.edit": "error_exists.xml"}}
	_, err := panel.New(v.client(t)).User(t.Context(), "ada", "pw")
	failure, ok := provision.FailureOf(err)
	require.True(t, ok)
	require.Contains(t, failure.Text, "User ada exists already")
}

func TestAnAddressOfIPmanager(t *testing.T) {
	t.Parallel()
	v := &vendor{submits: map[string]string{"ip.edit": "ip_allocate.xml"}}
	m := panel.NewIPManager(v.client(t))
	ip, err := m.Allocate(t.Context(), "public", "ipv4", "c1.example.com", "mark")
	require.NoError(t, err)
	require.Equal(t, "192.0.2.15", ip)
	require.Equal(t, []string{"", "ipv4", "public", "c1.example.com", "mark"}, []string{
		v.last().Get("elid"), v.last().Get("family"), v.last().Get("iptype"), v.last().Get("domain"), v.last().Get("note"),
	})
	require.NoError(t, m.PutAside(t.Context(), ip))
	require.Equal(t, []string{"192.0.2.15", "dns.set.error"}, []string{v.last().Get("elid"), v.last().Get("domain")})
}

func TestLicensesOfAName(t *testing.T) {
	t.Parallel()
	v := &vendor{reads: map[string]string{"soft": "license_list.xml", "soft.edit": "license_form.xml"}}
	l := panel.NewLicenseServer(v.client(t))
	all, err := l.Named(t.Context(), "svc-1")
	require.NoError(t, err)
	require.Equal(t, []panel.License{{ID: "900", Name: "svc-1", IP: "192.0.2.15", Pricelist: "55227", Expires: "2026-04-01", Prolongs: true, Status: "2"}}, all)
	key, err := l.Key(t.Context(), "900")
	require.NoError(t, err)
	require.Equal(t, "ABCD-1234", key)
	require.NoError(t, l.Order(t.Context(), "svc-3", "192.0.2.16", "55228", 1))
	for field, want := range map[string]string{
		"clicked_button": "finish", "skipbasket": "on", "sok": "ok", "ip": "192.0.2.16", "licname": "svc-3", "period": "1", "pricelist": "55228", "autoprolong": "1",
	} {
		require.Equal(t, want, v.last().Get(field), field)
	}
	all, err = l.Named(t.Context(), "svc-2")
	require.NoError(t, err)
	require.True(t, all[0].Stopped() && !all[0].Prolongs)
}

func TestInferredWordsCanBeCorrected(t *testing.T) {
	t.Parallel()
	v := &vendor{reads: map[string]string{"server.operations": "operations_form.xml", "soft": "license_list.xml", "chassistempl": "server_list.xml"}}
	client, _ := v.client(t)
	dialect, err := panel.NewDialect(nil, map[string]string{"recipes": "ostemplate", "autoprolong": "renews", "listed_name": "hostname"})
	require.NoError(t, err)
	offer, err := panel.New(client, dialect).Offered(t.Context(), 17)
	require.NoError(t, err)
	require.Equal(t, offer.Templates, offer.Recipes)
	names, err := panel.New(client, dialect).Names(t.Context(), panel.ServerTypes)
	require.NoError(t, err)
	require.Equal(t, "free.ds", names[0].Name)
	l := panel.NewLicenseServer(client, dialect)
	all, err := l.Named(t.Context(), "svc-1")
	require.NoError(t, err)
	require.False(t, all[0].Prolongs)
	require.NoError(t, l.SetProlongs(t.Context(), all[0], 1))
	require.Equal(t, "1", v.last().Get("renews"))
}

func TestReportsByNumberOrName(t *testing.T) {
	t.Parallel()
	v := &vendor{reads: map[string]string{"traffic": "traffic.json"}}
	all, err := panel.New(v.client(t)).Report(t.Context(), panel.TrafficReport, "2026-03-05")
	require.NoError(t, err)
	require.Equal(t, []string{"2026-03-05", "2026-03-05"}, []string{v.last().Get("periodstart"), v.last().Get("periodend")})
	require.Len(t, all, 2, "a line without values is none")
	require.Equal(t, []string{"17", "2048", "4096.5"}, []string{all[0].Server, all[0].Values["in"].String(), all[0].Values["out"].String()})
	require.Equal(t, []string{"", "c2.example.com"}, []string{all[1].Server, all[1].Hostname})
}
