package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/tariffd/tariffd/internal/provision/program"
	"github.com/tariffd/tariffd/internal/provision/script/internal/document"
	"github.com/tariffd/tariffd/internal/provision/script/mgrctl"
)

// session answers the calls of mgrctl that one run makes.
type session struct {
	order document.Order
	tree  any // the document, for document.get
	doc   document.Document
	// secrets are what no text may hold.
	secrets []string

	mu    sync.Mutex
	told  told
	calls int
	// profiles are whose found objects are, by the numbers that import was answered.
	profiles []string
}

// mostCalls of one run are answered; a loop that never ends shall not eat our memory.
const mostCalls = 100_000

// executable is the program that stands in for mgrctl: this one. Tests put a quicker one in its place.
var executable = os.Executable

func newSession(d document.Document, o document.Order, secrets []string) *session {
	s := &session{order: o, doc: d, secrets: secrets}
	if raw, err := json.Marshal(d); err == nil {
		exact := json.NewDecoder(bytes.NewReader(raw))
		exact.UseNumber()
		_ = exact.Decode(&s.tree) // it was just written
	}
	return s
}

// listen puts mgrctl into the run's folder and answers it until the run is over.
func (s *session) listen(f program.Folder) ([]string, func(), error) {
	self, err := executable()
	if err != nil {
		return nil, nil, err
	}
	if err = os.Symlink(self, filepath.Join(f.Bin, mgrctl.Name)); err != nil {
		return nil, nil, err
	}
	socket := filepath.Join(f.Root, "mgrctl.sock")
	listener, err := net.Listen("unix", socket) //nolint:noctx // a socket in a folder of our own does not wait
	if err != nil {
		return nil, nil, err
	}
	calls := &sync.WaitGroup{}
	calls.Go(func() { s.serve(listener, calls) })
	stop := func() {
		_ = listener.Close()
		calls.Wait()
	}
	return []string{mgrctl.SocketVariable + "=" + socket}, stop, nil
}

// serve takes calls until the listener is closed. Callers are processes of the run: they are gone by then, so none keeps a
// connection open.
func (s *session) serve(listener net.Listener, calls *sync.WaitGroup) {
	for {
		c, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		calls.Go(func() {
			defer func() { _ = c.Close() }()
			if r, err := mgrctl.Receive(c); err == nil {
				_ = mgrctl.Reply(c, s.answer(r)) // a caller who is gone needs no answer
			}
		})
	}
}

func (s *session) answer(r mgrctl.Request) mgrctl.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.call(r)
	if a.Refusal != "" {
		s.told.refused = s.inWords(r, a)
	}
	return a
}

// inWords tells of a refused call. A value that holds a secret is not repeated: what was cut to be shown is not found by a mask.
func (s *session) inWords(r mgrctl.Request, a mgrctl.Answer) string {
	text := fmt.Sprintf("mgrctl %.60s was refused: %s: %s", r.Function, a.Object, a.Refusal)
	for _, value := range r.Arguments {
		for _, secret := range s.secrets {
			if secret != "" && strings.Contains(value, secret) {
				return fmt.Sprintf("mgrctl %.60s was refused: %s", r.Function, a.Object)
			}
		}
	}
	return text
}

func (s *session) call(r mgrctl.Request) mgrctl.Answer {
	if s.calls++; s.calls > mostCalls {
		return mgrctl.Refuse("func", "too many calls in one run")
	}
	fn, ok := looking[s.order.Command][r.Function]
	if !ok {
		fn, ok = functions[r.Function]
	}
	if !ok && s.order.Op != nil && r.Function == s.order.Op.Spec.ProductType+".open" {
		fn, ok = functions["service.postopen"], true
	}
	if !ok {
		return mgrctl.Refuse("func", "there is no function %.60s here", r.Function)
	}
	if answer, mine := s.about(fn, r); !mine {
		return answer
	}
	return fn.do(s, r.Arguments)
}

// about refuses calls about anything but what this run is for.
func (s *session) about(fn function, r mgrctl.Request) (mgrctl.Answer, bool) {
	var id string
	switch {
	case fn.command != "" && fn.command != s.order.Command, fn.of != ofNothing && fn.of != ofModule && s.order.Op == nil,
		fn.of == ofOperation && s.order.Op.Key == "":
		return mgrctl.Refuse("func", "%.60s is not for the command %s", r.Function, s.order.Command), false
	case fn.of == ofNothing:
		return mgrctl.Answer{}, true
	case fn.of == ofModule:
		id = s.doc.Module.ID
	case fn.of == ofOperation:
		id = s.order.Op.Key
	default:
		id = string(s.order.Op.ServiceID)
	}
	if elid := r.Arguments["elid"]; elid != id && elid != program.Digits(id) {
		return mgrctl.Refuse("elid", "%.60s is not what this run is for", elid), false
	}
	return mgrctl.Answer{}, true
}
