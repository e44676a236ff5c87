package isp6

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/tariffd/tariffd/internal/provision/panels/panel"
)

// The administrator that every panel of the sixth generation begins with.
const (
	AdminID       = 1
	AdminEmail    = "admin@example.com"
	adminPassword = "secret"
)

// idle is how long a token lives without use, on the panels' clock.
const idle = time.Hour

// TimeLayout is how the auth service writes an instant.
const TimeLayout = "2006-01-02 15:04:05"

// session is one token. A minted one has an end of its own and no idle
// time.
type session struct {
	Used    time.Time  `json:"used"`
	Expires *time.Time `json:"expires,omitempty"`
}

func (s *session) aliveAt(now time.Time) bool {
	if s.Expires != nil {
		return now.Before(*s.Expires)
	}
	return now.Sub(s.Used) < idle
}

// Sessions are the tokens of one panel; only the administrator has any,
// because only the administrator's calls are played.
type Sessions map[string]*session

// Answer lets the login through, asks everyone else for a token, and only
// then tells what exists: the auth service's calls and the panel's own.
func (s Sessions) Answer(c *panel.Call, own panel.Routes) panel.Reply {
	if c.Method == http.MethodPost && c.Path == "/auth/v4/public/token" {
		return s.login(c)
	}
	if !s.enter(c) {
		return Error(http.StatusUnauthorized, codeUnauthorized, "Unauthorized", nil)
	}
	run, elsewhere := panel.Routes{"POST /auth/v4/token": s.mint, "GET /auth/v4/whoami": whoami}.Find(c)
	if run == nil && !elsewhere {
		run, elsewhere = own.Find(c)
	}
	switch {
	case run != nil:
		return run(c)
	case elsewhere:
		return Error(http.StatusMethodNotAllowed, codeNotFound, "No such method", nil)
	}
	return Error(http.StatusNotFound, codeNotFound, "No such function", nil)
}

func whoami(*panel.Call) panel.Reply {
	return OK(map[string]any{"id": strconv.Itoa(AdminID), "email": AdminEmail, "roles": []string{"@admin"}})
}

// login trades the administrator's password for a token, with the odd 201 of
// the real service and the id as text.
func (s Sessions) login(c *panel.Call) panel.Reply {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if _, bad := Body(c, &in, "email", "password"); bad != nil {
		return *bad
	}
	if in.Email != AdminEmail || in.Password != adminPassword {
		return Error(http.StatusUnauthorized, codeUnauthorized, "Wrong e-mail or password", nil)
	}
	token := s.issue(c, nil)
	return panel.NewReply(http.StatusCreated, map[string]any{
		"id": strconv.Itoa(AdminID), "token": token, "expires_at": nil, "confirmed": true,
	})
}

// mint makes a token with an end of its own.
func (s Sessions) mint(c *panel.Call) panel.Reply {
	var in struct {
		ExpiresAt   string `json:"expires_at"`
		Description string `json:"description"`
	}
	if _, bad := Body(c, &in, "expires_at"); bad != nil {
		return *bad
	}
	end, err := time.Parse(TimeLayout, in.ExpiresAt)
	if err != nil || !end.After(c.Now) {
		return BadValue("expires_at", "is not a later instant like 2027-01-31 00:00:00")
	}
	return panel.NewReply(http.StatusCreated, map[string]any{
		"id": strconv.Itoa(AdminID), "token": s.issue(c, &end),
		"expires_at": in.ExpiresAt, "description": in.Description,
	})
}

// issue makes a token and forgets the dead ones.
func (s Sessions) issue(c *panel.Call, end *time.Time) string {
	for token, old := range s {
		if !old.aliveAt(c.Now) {
			delete(s, token)
		}
	}
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails
	token := "4-" + hex.EncodeToString(raw)
	s[token] = &session{Used: c.Now, Expires: end}
	c.Changed = true
	return token
}

// enter checks the token, from the header or the cookie, and renews it.
func (s Sessions) enter(c *panel.Call) bool {
	token := c.Header.Get("x-xsrf-token")
	if token == "" {
		for _, cookie := range c.Cookies {
			if cookie.Name == "ses6" {
				token = cookie.Value
			}
		}
	}
	session := s[token]
	if session == nil || !session.aliveAt(c.Now) {
		return false
	}
	session.Used = c.Now
	return true
}

// moved keeps tokens from outliving a clock that was set back.
func (s Sessions) moved(now time.Time) {
	for _, session := range s {
		if session.Used.After(now) {
			session.Used = now
		}
	}
}
