package e2e

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	cloudAdmin    = "cloud admin"
	cloudPassword = `s3cret"wi\th&marks`
)

// nextcloud plays the user API that the sample modules sell by.
type nextcloud struct {
	url string

	mu       sync.Mutex
	accounts map[string]*account
	calls    int
	strike   blow
}

type account struct {
	password, quota string
	enabled         bool
}

// serve begins an empty cloud that lasts as long as the test.
func (n *nextcloud) serve(t testing.TB) {
	n.mu.Lock()
	n.accounts, n.calls, n.strike = map[string]*account{}, 0, blow{}
	n.mu.Unlock()
	server := httptest.NewServer(n)
	n.url = server.URL
	t.Cleanup(func() {
		n.mend(nil)
		server.Close()
	})
}

// of is the account of the service, which is called by its external id.
func (n *nextcloud) of(s *sale) *account {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, a := range n.accounts {
		if s.external == "" || s.external == id {
			copied := *a
			return &copied
		}
	}
	return nil
}

func (n *nextcloud) seen(s *sale) []string {
	a := n.of(s)
	if a == nil {
		return nil
	}
	if !a.enabled {
		return []string{"disabled " + a.quota}
	}
	return []string{"enabled " + a.quota}
}

func (n *nextcloud) password(s *sale) string { return n.of(s).password }

func (n *nextcloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	n.calls++
	kind, held := n.strike.falls()
	n.mu.Unlock()
	switch kind {
	case "http_500", "http_503", "http_401":
		w.WriteHeader(map[string]int{"http_500": 500, "http_503": 503, "http_401": 401}[kind])
	case "timeout":
		select {
		case <-held:
		case <-r.Context().Done():
		}
	case "bad_body":
		n.answer(httptest.NewRecorder(), r)
		fmt.Fprint(w, "<html>maintenance")
	case "drop_response":
		n.answer(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		n.answer(w, r)
	}
}

func (n *nextcloud) answer(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	name, password, _ := r.BasicAuth()
	rest, known := strings.CutPrefix(r.URL.Path, "/ocs/v1.php/cloud/users")
	if name != cloudAdmin || password != cloudPassword || !known || r.ParseForm() != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	id, action, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	switch a, form := n.accounts[id], r.PostForm; {
	case r.Method == http.MethodPost && n.accounts[form.Get("userid")] != nil:
		reply(w, r, 102, "")
	case r.Method == http.MethodPost:
		n.accounts[form.Get("userid")] = &account{form.Get("password"), form.Get("quota"), true}
		reply(w, r, 100, "")
	case id != "" && a == nil:
		reply(w, r, 998, "")
	case r.Method == http.MethodGet && id == "":
		reply(w, r, 100, "")
	case r.Method == http.MethodGet:
		reply(w, r, 100, a.quota)
	case r.Method == http.MethodDelete:
		delete(n.accounts, id)
		reply(w, r, 100, "")
	case action == "enable" || action == "disable":
		a.enabled = action == "enable"
		reply(w, r, 100, "")
	case form.Get("key") == "quota":
		a.quota = form.Get("value")
		reply(w, r, 100, "")
	default:
		reply(w, r, 103, "")
	}
}

// reply answers in the form that was asked for.
func reply(w http.ResponseWriter, r *http.Request, code int, quota string) {
	if r.URL.Query().Get("format") == "json" {
		_ = json.NewEncoder(w).Encode(doc{"ocs": doc{"meta": doc{"statuscode": code, "message": "played"}, "data": doc{"quota": quota}}})
		return
	}
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(quota))
	fmt.Fprintf(w, "<?xml version=\"1.0\"?>\n<ocs>\n <meta>\n  <statuscode>%d</statuscode>\n  <message>played</message>\n </meta>\n"+
		" <data><quota>%s</quota></data>\n</ocs>\n", code, escaped.String())
}

// boxes is the system that the scripts of mailboxes work on, by the folder in which they keep everything.
type boxes struct{}

func (boxes) name() string { return "boxes" }

func (boxes) file(s *sale, name string) string {
	return filepath.Join(s.programs, "store", "."+name)
}

func (b boxes) hit(s *sale, kind string, times, after int) {
	require.Zero(s.t, after, "one script runs for a step")
	often := map[int]string{0: "always ", 1: "once "}[times]
	require.NoError(s.t, os.WriteFile(b.file(s, "fault"), []byte(often+kind), 0o600))
}

func (b boxes) mend(s *sale) int {
	n := b.lines(s, "struck")
	_ = os.Remove(b.file(s, "fault"))
	_ = os.Remove(b.file(s, "struck"))
	return n
}

func (b boxes) asked(s *sale) int { return b.lines(s, "asked") }

func (b boxes) lines(s *sale, name string) int {
	text, _ := os.ReadFile(b.file(s, name))
	return strings.Count(string(text), "\n")
}

// mailboxes makes a folder of scripts that keep what they sell in another folder. There is none for a restart.
func mailboxes(s *sale) (connection, parameters doc) {
	s.t.Helper()
	folder, store := filepath.Join(s.programs, "scripts"), filepath.Join(s.programs, "store")
	require.NoError(s.t, os.Mkdir(folder, 0o700))
	require.NoError(s.t, os.Mkdir(store, 0o700))
	for _, name := range []string{"open", "suspend", "resume", "close", "setparam"} {
		text := strings.ReplaceAll(mailboxScript, "STORE", store)
		require.NoError(s.t, os.WriteFile(filepath.Join(folder, name+".sh"), []byte(text), 0o700))
	}
	return doc{"directory": folder}, s.timed(doc{})
}

// mailboxScript fails as a file in its store says: before its work in all ways but one, in which its end is lost.
const mailboxScript = `#!/bin/sh
set -eu
echo x >>STORE/.asked
fault=$(cat STORE/.fault 2>/dev/null || :)
case $fault in ?*) echo x >>STORE/.struck ;; esac
case $fault in once*) rm STORE/.fault ;; esac
case ${fault#* } in
http_500) exit 3 ;;
http_503) echo "busy, try again" >&2; exit 75 ;;
http_401) echo "ERROR the login is refused"; exit 1 ;;
timeout) exec sleep 60 ;;
bad_body) echo maintenance; exit 0 ;;
esac
label=
for argument; do
	case $argument in
	--service_id=*) id=${argument#*=} ;;
	--disk=*) disk=${argument#*=} ;;
	--tariff=*) tariff=${argument##*-} ;;
	--label=*) label=${argument#*=} ;;
	esac
done
state=on told=
case $(basename "$0" .sh) in
suspend) state=off ;;
open) told="external_id=box-$id domain=box.shop.example ip=192.0.2.8 password=made-by-the-box-3W" ;;
esac
case $(basename "$0" .sh) in
close) rm -f "STORE/$id" ;;
*) echo "$state $disk $tariff $label" >"STORE/$id" ;;
esac
echo "OK $told"
case $fault in *drop_response) kill -9 $$ ;; esac
`

// mailbox is what the scripts keep of the service.
func mailbox(s *sale) []string {
	text, err := os.ReadFile(filepath.Join(s.programs, "store", s.id))
	if err != nil {
		return nil
	}
	return []string{strings.TrimSpace(string(text))}
}
