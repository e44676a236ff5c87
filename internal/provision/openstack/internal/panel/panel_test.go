package panel_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// vendor answers each call with a wire sample and notes what it was asked.
type vendor struct {
	samples map[string]string // method and path → file
	status  int
	asked   []string
	logins  []string
}

func (v *vendor) panel(t *testing.T, region string) *panel.Panel {
	t.Helper()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v3/auth/tokens" {
			v.logins = append(v.logins, string(body))
			w.Header().Set("X-Subject-Token", "gAAAAAtoken")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, strings.ReplaceAll(sample(t, "token.json"), "BASE", server.URL))
			return
		}
		v.asked = append(v.asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("X-OpenStack-Nova-API-Version")+" "+string(body))
		if v.status != 0 {
			w.WriteHeader(v.status)
		}
		if file := v.samples[r.Method+" "+r.URL.Path]; file != "" {
			_, _ = io.WriteString(w, sample(t, file))
		}
	}))
	t.Cleanup(server.Close)
	client, err := panelhttp.New(panelhttp.Options{URL: server.URL, Secrets: []string{"secret"}, Env: provision.Env{Transport: http.DefaultTransport}})
	require.NoError(t, err)
	return panel.New(client, panel.Options{
		User: "admin", Password: "secret", Project: "admin", Domain: "Default", Region: region, Interface: "public",
		Microversion: "2.9", MarkKey: "tariffd_service", Now: func() time.Time { return time.Date(2026, 3, 1, 0, 30, 0, 0, time.UTC) },
	})
}

func sample(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile("../../testdata/" + file)
	require.NoError(t, err)
	return string(data)
}

const id = "9168b536-cd40-4630-b43f-b259807c6e87"

func TestAServerIsReadWhole(t *testing.T) {
	t.Parallel()
	v := &vendor{samples: map[string]string{"GET /nova/v2.1/servers/" + id: "server.json"}}
	p := v.panel(t, "east")
	s, found, err := p.Server(t.Context(), id)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, panel.Server{
		ID: id, Name: "vm-0123456789ab", Status: "ERROR", Mark: "svc-0192aaaa-bbbb-7ccc-8ddd-0123456789ab", Flavor: "3", Locked: true,
		Created: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), Fault: "No valid host was found.",
		Addresses: []panel.Address{
			{IP: "2001:db8::7", Family: "ipv6"}, {IP: "10.0.0.7", Family: "ipv4"}, {IP: "192.0.2.9", Family: "ipv4", Floating: true},
		},
	}, s)
	require.True(t, s.Settled())
	require.Equal(t, "GET /nova/v2.1/servers/"+id+" 2.9 ", v.asked[0], "the version that tells of locks")
	require.Len(t, v.logins, 1)
	require.JSONEq(t, `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","password":"secret","domain":{"name":"Default"}}}},
		"scope":{"project":{"name":"admin","domain":{"name":"Default"}}}}}`, v.logins[0])
}

func TestAServerIsMadeOfWhatIsSet(t *testing.T) {
	t.Parallel()
	v := &vendor{samples: map[string]string{"POST /nova/v2.1/servers": "server_create.json"}, status: http.StatusAccepted}
	made, err := v.panel(t, "east").CreateServer(t.Context(), panel.NewServer{Name: "vm-1", Mark: "svc-1", Image: "i", Flavor: "2", Network: "n", Password: "p"})
	require.NoError(t, err)
	require.Equal(t, "f5dc173b-6804-445a-a6d8-c705dad5b5eb", made)
	_, body, _ := strings.Cut(v.asked[0], " 2.9 ")
	require.JSONEq(t, `{"server":{"name":"vm-1","imageRef":"i","flavorRef":"2","adminPass":"p","metadata":{"tariffd_service":"svc-1"},"networks":[{"uuid":"n"}]}}`, body)
}

func TestTheHistoryIsReadFromTheLast(t *testing.T) {
	t.Parallel()
	v := &vendor{samples: map[string]string{"GET /nova/v2.1/servers/" + id + "/os-instance-actions": "actions.json"}}
	log, err := v.panel(t, "east").History(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, []string{"rebuild", "reboot", "create"}, []string{log[0].Action, log[1].Action, log[2].Action})
	require.Equal(t, []int{1, 0}, []int{log.Times("reboot"), log.Times("resize")})
	require.Equal(t, []string{"Error", "", ""}, []string{log.Failed("rebuild"), log.Failed("reboot"), log.Failed("resize")})
}

func TestRefusalsKeepTheCloudsWords(t *testing.T) {
	t.Parallel()
	path := "POST /nova/v2.1/servers/" + id + "/action"
	v := &vendor{samples: map[string]string{path: "error_conflict.json"}, status: http.StatusConflict}
	err := v.panel(t, "east").Resize(t.Context(), id, "4")
	require.True(t, panel.Rejected(err), err)
	require.Equal(t, "Cannot 'resize' instance 9168b536 while it is in vm_state error", provisiontest.Refused(t, err, "panel_conflict").Text)

	v = &vendor{samples: map[string]string{path: "error_keystone.json"}, status: http.StatusUnauthorized}
	err = v.panel(t, "east").Do(t.Context(), panel.Reboot, id)
	provisiontest.Fails(t, err, provision.Unauthenticated)
	require.Len(t, v.logins, 2, "one more login, and no more")
	require.Len(t, v.asked, 2)
}

func TestAddressesComeFromTheCatalogue(t *testing.T) {
	t.Parallel()
	v := &vendor{}
	_, _, err := v.panel(t, "west").Server(t.Context(), id)
	require.Error(t, err)
	require.True(t, strings.HasPrefix(v.asked[0], "GET /west/v2.1/servers/"), v.asked[0])
	_, err = v.panel(t, "west").Images(t.Context())
	provisiontest.Refused(t, err, "unknown_region")
	v = &vendor{}
	p := v.panel(t, "east")
	_, _ = p.Images(t.Context())
	_, _ = p.Networks(t.Context())
	require.Equal(t, []string{"GET /glance/v2/images?status=active  ", "GET /neutron/v2.0/networks  "}, v.asked, "versions are added where they are left out")
}
