package panel_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// vendor answers each call with a wire sample and notes what it was asked.
type vendor struct {
	samples map[string]string // method and path → file
	text    string            // instead of a sample
	status  int
	asked   []string
}

func (v *vendor) panel(t *testing.T, words map[string]string) *panel.Panel {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/v4/public/token" {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"id":"17","token":"4-5d0b","expires_at":null,"confirmed":true}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		v.asked = append(v.asked, r.Method+" "+r.URL.RequestURI()+" "+string(body))
		if v.status != 0 {
			w.WriteHeader(v.status)
		}
		sample, err := os.ReadFile("../../testdata/" + v.samples[r.Method+" "+r.URL.Path])
		if err != nil {
			sample = []byte(`{"id": 1, "task": 2}`)
		}
		if v.text != "" {
			sample = []byte(v.text)
		}
		_, _ = w.Write(sample)
	}))
	t.Cleanup(server.Close)
	dialect, err := panel.NewDialect(nil, words)
	require.NoError(t, err)
	client, err := panelhttp.New(panelhttp.Options{URL: server.URL, Env: provision.Env{Transport: http.DefaultTransport}})
	require.NoError(t, err)
	return panel.New(isp6.New(client, "admin@example.com", "secret"), dialect)
}

func (v *vendor) last() string { return v.asked[len(v.asked)-1] }

func TestMachinesAreReadThroughTheList(t *testing.T) {
	t.Parallel()
	v := &vendor{samples: map[string]string{"GET /vm/v3/host": "host_list.json"}}
	p := v.panel(t, nil)
	h, found, err := p.Host(t.Context(), 88)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "GET /vm/v3/host?orderby=id+asc&limit=0,500&where=id+EQ+88 ", v.last())
	require.Equal(t, panel.Disk{ID: 91, Size: 20480, SizeNew: 20480}, h.Disk)
	require.Equal(t, panel.Account{ID: 7, Email: "u@example.com"}, h.Account)
	require.Equal(t, []panel.Count{1, 2, 2048, 4096}, []panel.Count{h.CPU, h.CPUNew, h.RAM, h.RAMNew})
	in, out := p.Rates(h)
	require.Equal(t, []int{100, 50}, []int{in, out})
	require.True(t, h.Running())
	require.Contains(t, p.Mark(h), "svc-0192aaaa")
	require.Equal(t, "vm1042", v.panel(t, map[string]string{"mark": "name"}).Mark(h))
	_, found, err = p.Host(t.Context(), 89)
	require.NoError(t, err)
	require.False(t, found, "rows are compared with what was asked for")
}

// The number that a call answers is the queue's, and another task may well have it as its row's.
func TestATaskIsFoundByItsNumberInTheQueue(t *testing.T) {
	t.Parallel()
	v := &vendor{samples: map[string]string{"GET /vm/v3/task": "task_list.json", "POST /vm/v3/host": "host_create.json"}}
	p := v.panel(t, nil)
	begun, err := p.CreateHost(t.Context(), panel.NewHost{Name: "vm1042", Cluster: 1, Account: 7, Preset: 3, OS: 12, Password: "p", IPv4: 1, Pools: []int{2}, Recipes: []int{5}, EmailMode: "saas_only"})
	require.NoError(t, err)
	require.Equal(t, panel.Begun{ID: 88, Tasks: []string{"412", "413"}}, begun)
	require.Equal(t, `POST /vm/v3/host {"account":7,"cluster":1,"ipv4_number":1,"ipv4_pool":[2],"name":"vm1042","os":12,"password":"p","preset":3,"recipe_list":[{"recipe":5}],"send_email_mode":"saas_only"}`,
		v.last(), "nothing is sent that was not set")
	at, words, known, err := p.Task(t.Context(), "412")
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, panel.Complete, at)
	require.Equal(t, "host_create: ok", words)
	require.Contains(t, v.last(), "where=consul_id+EQ+412")
	_, _, known, err = p.Task(t.Context(), "17")
	require.NoError(t, err)
	require.False(t, known)
}

// A state that nobody has named is work only while nothing came after it.
func TestAnOldEntryOfAnUnknownStateIsNoWork(t *testing.T) {
	t.Parallel()
	for states, busy := range map[string]bool{
		"complete": false, "strange": true, "strange complete": false, "complete strange": true, "running complete": true, "created fail": true, "fail": false,
	} {
		var rows []string
		for i, state := range strings.Fields(states) {
			rows = append(rows, fmt.Sprintf(`{"id":%d,"name":"host_start","state":"%s"}`, i+1, state))
		}
		v := &vendor{text: `{"list":[` + strings.Join(rows, ",") + `]}`}
		log, err := v.panel(t, nil).History(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, busy, log.Busy(), states)
	}
}

func TestPoolsOfNewAndOldBuilds(t *testing.T) {
	t.Parallel()
	v := &vendor{samples: map[string]string{"GET /vm/v3/ippool": "pool_list.json", "GET /vm/v3/account": "account_list.json"}}
	p := v.panel(t, nil)
	pools, err := p.Pools(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{3, 12}, []int{pools[0].Left, pools[1].Left})
	require.True(t, pools[1].IPv4)
	iface, serves := pools[0].At(panel.Cluster{ID: 1})
	require.Equal(t, 4, iface)
	require.True(t, serves)
	_, serves = pools[0].At(panel.Cluster{ID: 2})
	require.False(t, serves)
	_, serves = pools[1].At(panel.Cluster{ID: 2})
	require.True(t, serves, "a pool that names no cluster serves all")
	a, found, err := p.AccountByEmail(t.Context(), "U@example.com")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, 7, a.ID)
}

func TestASeriesHasGaps(t *testing.T) {
	t.Parallel()
	v := &vendor{samples: map[string]string{"GET /vm/v3/host/88/metrics": "metrics.json"}}
	from := time.Unix(1763596800, 0).UTC() // 2025-11-20 00:00
	s, err := v.panel(t, nil).Series(t.Context(), 88, "in", from, from.AddDate(0, 0, 1), time.UTC)
	require.NoError(t, err)
	require.Equal(t, "GET /vm/v3/host/88/metrics?target=net_rx&from=00%3A00_20251120&until=00%3A00_20251121 ", v.last())
	require.Equal(t, time.Minute, s.Step, "the smallest distance: an hour without points is a gap, no long step")
	require.Len(t, s.Samples, 3, "neither the one that was not measured nor the next day's")
}

func TestThePanelsOwnWordsOfARefusal(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		v := &vendor{status: status, samples: map[string]string{"POST /vm/v3/host/88/start": "error_unknown_property.json"}}
		_, err := v.panel(t, nil).Do(t.Context(), panel.HostStart, 88)
		require.Equal(t, "PROXY-3008: Unexpected property colour (3008)", provisiontest.Fails(t, err, provision.Rejected).Text)
	}
}

func TestNumbersInAnyForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`{"id":"8","task":"412"}`: {"412"}, `{"id":8,"task":null}`: nil, `{"start_task":4,"task":5,"recipe_task":0}`: {"5", "4"},
	} {
		var b panel.Begun
		require.NoError(t, json.Unmarshal([]byte(text), &b))
		require.Equal(t, want, b.Tasks, text)
	}
	var c panel.Count
	require.Error(t, json.Unmarshal([]byte(`"many"`), &c))
}

func TestCorrectionsMustFit(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "PUT /x/{id}", "POST x/{id}", "POST /x", "POST /x y/{id}", "POST /x/{id}#f"} {
		_, err := panel.NewDialect(map[string]string{"host_start": path}, nil)
		require.Equal(t, "/parameters/endpoints/host_start", fault.Of(err).Fields[0].Pointer, path)
	}
	for name, word := range map[string]string{"mark": "tags", "colour": "red", "in": ""} {
		_, err := panel.NewDialect(nil, map[string]string{name: word})
		require.Equal(t, "/parameters/fields/"+name, fault.Of(err).Fields[0].Pointer)
	}
}
