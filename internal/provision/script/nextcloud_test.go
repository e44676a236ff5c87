package script_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision/program"
	"github.com/tariffd/tariffd/internal/provision/provisiontest"
)

// nextcloud is a fake of the user API, strict about who calls and what is asked.
type nextcloud struct {
	*testing.T
	server *httptest.Server

	mu     sync.Mutex
	users  map[string]*account
	calls  []string
	faults faults
}

type account struct {
	Password, Quota, Email, Name string
	Enabled                      bool
}

// faults is the one fault that is played.
type faults struct {
	provisiontest.Fault
	seen, struck int
	release      chan struct{}
}

const (
	cloudAdmin    = "cloud admin"
	cloudPassword = `s3cret"wi\th&marks`
	firstPassword = `first-"7Q\'<&> word`
)

func newNextcloud(t *testing.T) *nextcloud {
	t.Helper()
	n := &nextcloud{T: t, users: map[string]*account{}}
	n.server = httptest.NewServer(n)
	t.Cleanup(func() {
		n.Mend()
		n.server.Close()
	})
	return n
}

func (n *nextcloud) Break(f provisiontest.Fault) {
	n.Mend()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = faults{Fault: f, release: make(chan struct{})}
}

func (n *nextcloud) Mend() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	struck := n.faults.struck
	if n.faults.release != nil {
		close(n.faults.release)
	}
	n.faults = faults{}
	return struck
}

// strike tells which fault this call meets, if any.
func (n *nextcloud) strike(method string) (kind string, release chan struct{}) {
	f := &n.faults
	if f.Kind == "" || f.Method != "" && f.Method != method || f.Kind == "task_fail" && method == http.MethodGet {
		return "", nil
	}
	f.seen++
	if f.seen <= f.After || f.Times > 0 && f.struck >= f.Times {
		return "", nil
	}
	f.struck++
	return f.Kind, f.release
}

func (n *nextcloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	n.calls = append(n.calls, r.Method+" "+r.URL.Path)
	kind, release := n.strike(r.Method)
	n.mu.Unlock()
	switch kind {
	case "http_500":
		w.WriteHeader(http.StatusInternalServerError)
	case "http_503":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "http_401":
		w.WriteHeader(http.StatusUnauthorized)
	case "bad_body":
		fmt.Fprint(w, "<html>maintenance")
	case "timeout", "hold":
		select {
		case <-release:
		case <-r.Context().Done():
		}
	case "task_fail":
		n.reply(w, r, 103, "failed by a fault", nil)
	case "drop_response":
		n.serve(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		n.serve(w, r)
	}
}

func (n *nextcloud) serve(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if name, password, ok := r.BasicAuth(); !ok || name != cloudAdmin || password != cloudPassword {
		w.WriteHeader(http.StatusUnauthorized)
		n.reply(w, r, 997, "Current user is not logged in", nil)
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/ocs/v1.php/cloud/users")
	if !ok || r.Header.Get("OCS-APIRequest") != "true" || r.ParseForm() != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if rest == "" {
		n.collection(w, r)
		return
	}
	id, action, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	u := n.users[id]
	if u == nil {
		n.reply(w, r, 998, "User does not exist", nil)
		return
	}
	n.one(w, r, id, action, u)
}

func (n *nextcloud) collection(w http.ResponseWriter, r *http.Request) {
	form := r.PostForm
	switch {
	case r.Method == http.MethodGet:
		n.reply(w, r, 100, "OK", map[string]string{"users": ""})
	case r.Method != http.MethodPost || form.Get("userid") == "" || form.Get("password") == "":
		n.reply(w, r, 101, "Invalid input data", nil)
	case n.users[form.Get("userid")] != nil:
		n.reply(w, r, 102, "User already exists", nil)
	default:
		n.users[form.Get("userid")] = &account{
			Password: form.Get("password"), Quota: form.Get("quota"), Email: form.Get("email"), Name: form.Get("displayName"), Enabled: true,
		}
		n.reply(w, r, 100, "OK", map[string]string{"id": form.Get("userid")})
	}
}

func (n *nextcloud) one(w http.ResponseWriter, r *http.Request, id, action string, u *account) {
	switch {
	case r.Method == http.MethodGet && action == "":
		n.reply(w, r, 100, "OK", map[string]string{"id": id, "quota": u.Quota})
	case r.Method == http.MethodDelete && action == "":
		delete(n.users, id)
		n.reply(w, r, 100, "OK", nil)
	case r.Method == http.MethodPut && (action == "enable" || action == "disable"):
		u.Enabled = action == "enable"
		n.reply(w, r, 100, "OK", nil)
	case r.Method == http.MethodPut && action == "" && r.PostForm.Get("key") == "quota":
		u.Quota = r.PostForm.Get("value")
		n.reply(w, r, 100, "OK", nil)
	default:
		n.reply(w, r, 103, "Unknown request", nil)
	}
}

// reply answers in the form that was asked for.
func (n *nextcloud) reply(w http.ResponseWriter, r *http.Request, code int, message string, data map[string]string) {
	if r.URL.Query().Get("format") == "json" {
		out := map[string]any{"ocs": map[string]any{"meta": map[string]any{"statuscode": code, "message": message}, "data": data}}
		_ = json.NewEncoder(w).Encode(out)
		return
	}
	fmt.Fprintf(w, "<?xml version=\"1.0\"?>\n<ocs>\n <meta>\n  <statuscode>%d</statuscode>\n  <message>", code)
	_ = xml.EscapeText(w, []byte(message))
	fmt.Fprint(w, "</message>\n </meta>\n <data>")
	for name, value := range data {
		fmt.Fprintf(w, "<%s>%s</%s>", name, value, name)
	}
	fmt.Fprint(w, "</data>\n</ocs>\n")
}

// of returns the account of a service, or nil.
func (n *nextcloud) of(service actor.ServiceID) *account {
	n.mu.Lock()
	defer n.mu.Unlock()
	u := n.users[fmt.Sprintf("t%d", program.Number(string(service)))]
	if u == nil {
		return nil
	}
	copied := *u
	return &copied
}

func (n *nextcloud) objects(service actor.ServiceID) int {
	if n.of(service) == nil {
		return 0
	}
	return 1
}

func (n *nextcloud) inService(service actor.ServiceID) bool {
	u := n.of(service)
	return u != nil && u.Enabled
}
