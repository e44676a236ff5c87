package mgr5

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Call is one call of a function.
type Call struct {
	Func string
	Form url.Values
	Post bool
	Now  time.Time
	// FailTask is asked once for each piece of work that starts.
	FailTask func() bool
	Changed  bool // set where something was altered that must survive a crash
}

func (c *Call) get(name string) string { return c.Form.Get(name) }

// submitted tells whether the form was sent, or only asked for.
func (c *Call) submitted() bool { return c.get("sok") == "ok" }

func (c *Call) fails() bool { return c.FailTask != nil && c.FailTask() }

// elid is the number of the object that the call is about.
func (c *Call) elid() int { return number(c.get("elid")) }

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

func itoa(n int) string { return strconv.Itoa(n) }

// Function is one function of a panel.
type Function struct {
	Params   []string // all that it takes
	Required []string // of them; of a form only when it is submitted
	Form     bool     // without sok it only shows what is and what can be
	Secret   bool     // its form holds a password and must be posted
	Run      func(*Call) *Elem
}

// System is what one panel holds.
type System interface {
	Functions() map[string]Function
	// Settle finishes what is due and tells whether anything was.
	Settle(now time.Time) bool
	// Moved is told that the clock was set, perhaps backwards.
	Moved(now time.Time)
	HasServer(id int) bool
	View() map[string]any
	// Control extends the panel; ok is false where it has no such thing.
	Control(what string, body []byte, now time.Time) (out any, ok bool, err error)
	Reset()
	Encode() ([]byte, error)
	Decode(data []byte) error
}

// The administrator of every panel of this generation.
const (
	adminUser     = "admin"
	adminPassword = "secret"
)

// idle is how long a session lives without use.
const idle = time.Hour

// Manager is a panel with its sessions.
type Manager struct {
	System
	functions map[string]Function
	fourth    bool // errors carry numbers
	state     managerState
}

type managerState struct {
	Sessions map[string]time.Time `json:"sessions"` // last use
	Count    int                  `json:"count"`
	Panel    json.RawMessage      `json:"panel"`
}

// NewManager puts the manner of speaking around a system.
func NewManager(s System) *Manager {
	return &Manager{System: s, functions: s.Functions(), state: managerState{Sessions: map[string]time.Time{}}}
}

// NewFourth puts the manner of the fourth generation around a system: the same but for its errors.
func NewFourth(s System) *Manager {
	m := NewManager(s)
	m.fourth = true
	return m
}

// Common are the parameters that every call may carry.
var common = []string{"func", "out", "auth", "authinfo", "lang"}

// Answer carries out one call.
func (m *Manager) Answer(c *Call) *Elem { return m.worded(m.answer(c)) }

// worded writes an error in the manner of the panel's generation.
func (m *Manager) worded(answer *Elem) *Elem {
	if m.fourth {
		return fourth(answer)
	}
	return answer
}

func (m *Manager) answer(c *Call) *Elem {
	if c.Func == "auth" {
		return m.signIn(c)
	}
	if !m.enter(c) {
		return refuse("auth", "badpassword", "", "Unauthorized: the session is over or the password is wrong")
	}
	f, known := m.functions[c.Func]
	if !known {
		return refuse("missed", "func", c.Func, "There is no such function")
	}
	for name := range c.Form {
		if !slices.Contains(common, name) && name != "sok" && !slices.Contains(f.Params, name) {
			return refuse("value", name, "", "The function has no such field")
		}
	}
	if c.submitted() || !f.Form {
		for _, name := range f.Required {
			if c.get(name) == "" {
				return refuse("value", name, "", "The field must not be empty")
			}
		}
	}
	if f.Secret && c.submitted() && !c.Post {
		return refuse("access", c.Func, "", "Passwords must be posted")
	}
	return f.Run(c)
}

func (m *Manager) signIn(c *Call) *Elem {
	if c.get("username") != adminUser || c.get("password") != adminPassword {
		return refuse("auth", "badpassword", c.get("username"), "Invalid username or password")
	}
	m.state.Count++
	key := fmt.Sprintf("%08x%x", m.state.Count*2654435761, c.Now.UnixNano())
	m.state.Sessions[key] = c.Now
	c.Changed = true
	return doc(el("auth", key).attr("id", key).attr("level", "29"))
}

func (m *Manager) enter(c *Call) bool {
	if given := c.get("authinfo"); given != "" {
		return given == adminUser+":"+adminPassword
	}
	last, known := m.state.Sessions[c.get("auth")]
	if !known || c.Now.Sub(last) > idle {
		delete(m.state.Sessions, c.get("auth"))
		return false
	}
	m.state.Sessions[c.get("auth")] = c.Now
	return true
}

// Failure is the answer that stands for a failed HTTP call.
func (m *Manager) Failure(status int, text string) *Elem {
	if status == 401 {
		return m.worded(refuse("auth", "badpassword", "", text))
	}
	return m.worded(refuse("unexpected_data", "request", "", text))
}

// Moved keeps sessions from outliving a clock that was set back.
func (m *Manager) Moved(now time.Time) {
	for key, last := range m.state.Sessions {
		if last.After(now) {
			m.state.Sessions[key] = now
		}
	}
	m.System.Moved(now)
}

// Reset empties the panel and ends all sessions.
func (m *Manager) Reset() {
	clear(m.state.Sessions)
	m.System.Reset()
}

// Encode is the kept form.
func (m *Manager) Encode() ([]byte, error) {
	data, err := m.System.Encode()
	if err != nil {
		return nil, err
	}
	s := m.state
	s.Panel = data
	return json.Marshal(s)
}

// Decode reads the kept form.
func (m *Manager) Decode(data []byte) error {
	var s managerState
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	if len(s.Panel) == 0 {
		return fmt.Errorf("not the state of a panel")
	}
	if s.Sessions == nil {
		s.Sessions = map[string]time.Time{}
	}
	m.state = managerState{Sessions: s.Sessions, Count: s.Count}
	return m.System.Decode(s.Panel)
}

// strict reads exactly one JSON object without unknown members.
func strict(body []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}
