package panel_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// vendor answers every call with one wire sample and notes what it was asked.
func vendor(t *testing.T, file string, endpoints, fields, errors map[string]string) (_ *panel.Panel, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*asked = append(*asked, r.Method+" "+r.URL.RequestURI()+" "+string(body))
		sample, err := os.ReadFile("../../testdata/" + file)
		if err == nil {
			_, _ = w.Write(sample)
		}
	}))
	t.Cleanup(server.Close)
	dialect, err := panel.NewDialect(endpoints, fields, errors)
	require.NoError(t, err)
	client, err := panelhttp.New(panelhttp.Options{URL: server.URL + "/manager/dsmgr", Env: provision.Env{Transport: http.DefaultTransport}})
	require.NoError(t, err)
	return panel.New(coremgr.New(client, coremgr.Options{User: "admin", Password: "secret", EachCall: true, Meanings: dialect.Meanings()}), dialect), asked
}

func TestServersAreReadByTheirSwitches(t *testing.T) {
	t.Parallel()
	p, asked := vendor(t, "server.xml", nil, nil, nil)
	all, err := p.Servers(t.Context())
	require.NoError(t, err)
	require.Equal(t, []panel.Server{
		{ID: 7, Name: "Srv-7", Preset: "HPCorei5", IP: "192.0.2.7"},
		{ID: 8, Name: "Srv-8-svc-0192aaaa-bbbb-7ccc-8ddd-0123456789ab", Hostname: "ada.example", Owner: "ada-0042", Preset: "HPCorei5", IP: "192.0.2.8", On: true, Disabled: true, Working: true},
		{ID: 9, Name: "Srv-9", Preset: "HPCorei7", Unfit: true},
	}, all, "rows without a number are headings")
	require.Equal(t, []bool{true, false, false}, []bool{all[0].Free(), all[1].Free(), all[2].Free()})
	require.Equal(t, []string{"POST /manager/dsmgr authinfo=admin%3Asecret&func=server&out=xml"}, *asked, "no password in an address")
}

func TestWordsAreCorrected(t *testing.T) {
	t.Parallel()
	p, asked := vendor(t, "ok.xml", map[string]string{"server_edit": "ds.edit", "reinstall": "osinstall"},
		map[string]string{"owner": "account", "no_owner": "none", "os_image": "image", "name": "title"}, nil)
	require.NoError(t, p.Edit(t.Context(), 7, panel.Change{Name: "Srv-7"}))
	require.NoError(t, p.Install(t.Context(), 7, "Debian-12", "pw"))
	require.Equal(t, []string{
		"POST /manager/dsmgr account=none&authinfo=admin%3Asecret&elid=7&func=ds.edit&hostname=&out=xml&sok=ok&title=Srv-7",
		"POST /manager/dsmgr authinfo=admin%3Asecret&confirm=pw&elid=7&func=osinstall&image=Debian-12&out=xml&passwd=pw&sok=ok",
	}, *asked)
	_, err := panel.NewDialect(map[string]string{"fly": "x", "servers": "a b"}, map[string]string{"owner": ""}, map[string]string{"4": "maybe"})
	var pointers []string
	for _, f := range fault.Of(err).Fields {
		pointers = append(pointers, f.Pointer)
	}
	require.ElementsMatch(t, []string{"/parameters/endpoints/fly", "/parameters/endpoints/servers", "/parameters/fields/owner", "/parameters/errors/4"}, pointers)
}

func TestColumnsAreCorrected(t *testing.T) {
	t.Parallel()
	p, _ := vendor(t, "server.xml", nil, map[string]string{"id": "ip", "name": "hostname", "address": "id"}, nil)
	all, err := p.Servers(t.Context())
	require.NoError(t, err)
	require.Empty(t, all, "an address is no number")
	p, _ = vendor(t, "server.xml", nil, map[string]string{"name": "hostname", "address": "id"}, nil)
	usual, _ := vendor(t, "server.xml", nil, nil, nil)
	all, err = p.Servers(t.Context())
	require.NoError(t, err)
	want, err := usual.Servers(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{want[0].Hostname, strconv.Itoa(want[0].ID)}, []string{all[0].Name, all[0].IP})
}

func TestNumbersOfErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file   string
		errors map[string]string
		kind   provision.FailureKind
		text   string
	}{
		{"error_value.xml", nil, provision.Rejected, "There is no such image"},
		{"error_login.xml", nil, provision.Unauthenticated, "Bad username or password"},
		{"error_number.xml", nil, provision.Rejected, "The switch does not answer"},
		{"error_number.xml", map[string]string{"42": "away"}, provision.Unavailable, "The switch does not answer"},
	} {
		p, _ := vendor(t, c.file, nil, nil, c.errors)
		failure := provisiontest.Fails(t, p.Do(t.Context(), panel.Disable, 7), c.kind)
		require.Contains(t, failure.Text, c.text)
		require.NotContains(t, failure.Text, "secret")
	}
}
