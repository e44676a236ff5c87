package panel_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// vendor answers each path with one of the wire samples and keeps what it was asked.
type vendor struct {
	samples map[string]string // "METHOD /path" → sample
	status  int
	mu      sync.Mutex
	asked   []string
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if strings.HasSuffix(r.URL.Path, "/token") {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":"17","token":"4-5d0b","expires_at":null,"confirmed":true}`)
		return
	}
	v.mu.Lock()
	v.asked = append(v.asked, r.Method+" "+r.URL.RequestURI()+" "+string(body))
	v.mu.Unlock()
	sample, ok := v.samples[r.Method+" "+r.URL.Path]
	if !ok {
		_, _ = io.WriteString(w, `{"id":136,"task":1051}`)
		return
	}
	data, err := os.ReadFile("../../testdata/" + sample)
	if err != nil {
		panic(err)
	}
	if v.status != 0 {
		w.WriteHeader(v.status)
	}
	_, _ = w.Write(data)
}

func (v *vendor) panel(t *testing.T, paths map[string]string) *panel.Panel {
	t.Helper()
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	http, err := panelhttp.New(panelhttp.Options{URL: server.URL + "/api", Env: provision.Env{Transport: http.DefaultTransport}})
	require.NoError(t, err)
	dialect, err := panel.NewDialect(paths, nil, "")
	require.NoError(t, err)
	return panel.New(isp6.New(http, "admin@example.com", "secret"), dialect)
}

func (v *vendor) last() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked[len(v.asked)-1]
}

func TestServerRow(t *testing.T) {
	t.Parallel()
	v := &vendor{samples: map[string]string{"GET /api/dci/v3/server": "server_list.json"}}
	p := v.panel(t, nil)
	free, err := p.FreeServers(t.Context(), 3, "i9-9900K-64Gb-2x1024NVMe")
	require.NoError(t, err)
	require.Equal(t, "GET /api/dci/v3/server?orderby=id+asc&limit=0,500&where=(owner_email+IS+null)+AND+(is_new+EQ+false)"+
		"+AND+(location_id+EQ+3)+AND+(configuration+EQ+'i9-9900K-64Gb-2x1024NVMe') ", v.last())
	require.Len(t, free, 1)
	s := free[0]
	require.Equal(t, panel.Named{ID: 4, Name: "A1"}, s.Rack)
	require.Equal(t, panel.IP{ID: 900, Address: "192.0.2.15", Family: "ipv4", Gateway: "192.0.2.1", Network: "192.0.2.0/24", Status: "active", PoolID: 2}, s.IPs[0])
	require.Equal(t, 51, s.OperationID())
	require.False(t, s.Suspended(), "the closed port is the maintenance card's")
	elsewhere, err := p.FreeServers(t.Context(), 4, "")
	require.NoError(t, err)
	require.Empty(t, elsewhere, "rows are compared with what was asked for")
	_, found, err := p.Server(t.Context(), 137)
	require.NoError(t, err)
	require.False(t, found)
}

func TestWhatAServerIsThrough(t *testing.T) {
	t.Parallel()
	row := func(change string) (s panel.Server) {
		require.NoError(t, json.Unmarshal([]byte(`{"id":1,"configuration":"c","operation":{"id":5,"status":"ok"},"state":"active"}`), &s))
		require.NoError(t, json.Unmarshal([]byte(change), &s))
		return s
	}
	cases := []struct {
		change                        string
		busy, failed, free, suspended bool
	}{
		{`{}`, false, false, true, false},
		{`{"operation":null}`, false, false, true, false},
		{`{"operation":{"id":6,"status":"running"}}`, true, false, false, false},
		{`{"operation":{"id":6,"status":"a word nobody named"}}`, true, false, false, false},
		{`{"operation":{"id":6,"status":"failed","status_info":{"why":1}}}`, false, true, false, false},
		{`{"operation":{"id":6,"status":"canceled"}}`, false, true, true, false},
		{`{"state":"suspending"}`, true, false, false, false},
		{`{"state":"suspended","owner_email":"u@x"}`, false, false, false, true},
		{`{"state":"","owner_email":"u@x","switch_connection":[{"admin_status":"down"}]}`, false, false, false, true},
		{`{"state":"maintenance"}`, false, false, false, false},
		{`{"is_new":true}`, false, false, false, false},
		{`{"configuration":""}`, false, false, false, false},
		{`{"ip":[{"status":"allocating"}]}`, true, false, false, false},
	}
	for _, c := range cases {
		s := row(c.change)
		require.Equal(t, c.busy, s.Busy(), c.change)
		require.Equal(t, c.failed, s.Failed(), c.change)
		require.Equal(t, c.free, s.Free(), c.change)
		require.Equal(t, c.suspended, s.Suspended(), c.change)
	}
}

func TestOwnerAndNameGoTogetherWhereThePanelTakesBoth(t *testing.T) {
	t.Parallel()
	v := &vendor{}
	p := v.panel(t, map[string]string{"server_owner": "POST /dci/v3/server/{id}"})
	require.NoError(t, p.Assign(t.Context(), 136, 7, "Srv-7-x", "a.example"))
	require.Equal(t, []string{`POST /api/dci/v3/server/136 {"domain":"a.example","name":"Srv-7-x","owner":7}`}, v.asked)
	v = &vendor{}
	p = v.panel(t, nil)
	require.NoError(t, p.Assign(t.Context(), 136, 7, "Srv-7-x", ""))
	require.NoError(t, p.Unassign(t.Context(), 136, "Srv-7"))
	require.Equal(t, []string{
		`POST /api/dci/v3/server/136 {"name":"Srv-7-x"}`, `POST /api/dci/v3/server/136/owner {"owner":7}`,
		`POST /api/dci/v3/server/136/owner {"owner":null}`, `POST /api/dci/v3/server/136 {"domain":"","name":"Srv-7"}`,
	}, v.asked)
}

func TestOtherLists(t *testing.T) {
	t.Parallel()
	v := &vendor{samples: map[string]string{
		"GET /api/dci/v3/server/configuration": "configuration_list.json", "GET /api/dci/v3/user": "user_list.json",
		"GET /api/ip/v3/ippool": "pool_list.json", "GET /api/dci/v3/server/136/traffic": "traffic.json",
	}}
	p := v.panel(t, nil)
	configurations, err := p.Configurations(t.Context())
	require.NoError(t, err)
	require.Equal(t, []panel.Configuration{{Name: "i9-9900K-64Gb-2x1024NVMe", Free: 3}}, configurations)
	user, found, err := p.UserByEmail(t.Context(), "U@example.com")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, 7, user.ID)
	_, found, err = p.UserByEmail(t.Context(), "o'neil@example.com")
	require.NoError(t, err)
	require.False(t, found)
	require.Contains(t, v.last(), "where=email+CP+'o%25neil@example.com'", "a quote becomes a wildcard")
	pools, err := p.Pools(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, pools[0].IPv4.Left())
	require.False(t, pools[0].Parking())
	require.Equal(t, 4, pools[1].IPv4.Left())
	require.True(t, pools[1].Parking())

	from := time.Date(2026, 3, 4, 23, 0, 0, 0, time.UTC)
	measured, err := p.Traffic(t.Context(), 136, "2026-03-05", from, from.AddDate(0, 0, 1), 0)
	require.NoError(t, err)
	require.Contains(t, v.last(), "?from=2026-03-04T23%3A00%3A00Z&to=2026-03-05T23%3A00%3A00Z")
	got := map[string]string{}
	require.False(t, measured.Sampled)
	for _, r := range measured.Day {
		got[r.Param] = r.Amount.String() + " " + r.Unit
	}
	require.Equal(t, map[string]string{"in": "10485760 KiB", "out": "20971520 KiB", "burst_in_day": "12.5 Mbit/s", "power": "140 W"}, got)
	none, err := p.Traffic(t.Context(), 136, "2026-03-06", from, from, time.Hour)
	require.NoError(t, err)
	require.Empty(t, none.Day)
}

func TestSamplesStandBesideTheDaysOrAlone(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	for _, sample := range []string{"traffic_series.json", "traffic_series_alone.json"} {
		v := &vendor{samples: map[string]string{"GET /api/dci/v3/server/136/traffic": sample}}
		m, err := v.panel(t, nil).Traffic(t.Context(), 136, "2026-03-05", from, from.AddDate(0, 0, 1), 0)
		require.NoError(t, err, sample)
		require.True(t, m.Sampled)
		require.Len(t, m.Series, 2, "what the driver does not know is left out, and so is what was not measured")
		require.Len(t, m.Series["in"].Samples, 2, "a gap is no sample")
		require.Equal(t, 5*time.Minute, m.Series["in"].Step)
		require.Equal(t, "140", m.Series["power"].Highest().String())
		if sample == "traffic_series.json" {
			require.Len(t, m.Day, 2, "the panel's own bursts are null")
		} else {
			require.Empty(t, m.Day)
		}
	}
}

func TestRecoveryNamesATemplateWhereThereIsOne(t *testing.T) {
	t.Parallel()
	v := &vendor{samples: map[string]string{"GET /api/dci/v3/os_template": "os_template_list.json"}}
	p := v.panel(t, nil)
	all, err := p.OSTemplates(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.False(t, p.Recovers(all[0]))
	require.True(t, p.Recovers(all[1]))
	v.asked = nil
	require.NoError(t, p.Recover(t.Context(), 136, all[1].ID, "pw"))
	require.NoError(t, p.Recover(t.Context(), 136, 0, "pw"))
	require.Equal(t, []string{
		`POST /api/dci/v3/server/136/recovery {"os_template":9,"password":"pw"}`, `POST /api/dci/v3/server/136/recovery {"password":"pw"}`,
	}, v.asked)
}

func TestThePanelsOwnWordsOfARefusal(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		v := &vendor{status: status, samples: map[string]string{"POST /api/dci/v3/server/136/suspend": "error_protected.json"}}
		err := v.panel(t, nil).Do(t.Context(), panel.SuspendServer, 136)
		require.Equal(t, "The server is protected (3004)", provisiontest.Fails(t, err, provision.Rejected).Text)
	}
}

func TestCorrectionsMustFit(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "PUT /x/{id}", "POST x/{id}", "POST /x", "POST /x y/{id}", "POST /x/{id}#f"} {
		_, err := panel.NewDialect(map[string]string{"suspend": path}, nil, "")
		require.Equal(t, "/parameters/endpoints/suspend", fault.Of(err).Fields[0].Pointer, path)
	}
	_, err := panel.NewDialect(map[string]string{"suspend": "POST /x/{id}/off"}, map[string]string{"owner": "account"}, "B")
	require.NoError(t, err)
}
