package panels

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// The administrator that every panel of the sixth generation begins with.
const (
	isp6AdminID       = 1
	isp6AdminEmail    = "admin@example.com"
	isp6AdminPassword = "secret"
)

// isp6Idle is how long a token lives without use, on the panels' clock.
const isp6Idle = time.Hour

// isp6TimeLayout is how the auth service writes an instant.
const isp6TimeLayout = "2006-01-02 15:04:05"

// isp6Session is one token. A minted one has an end of its own and no idle
// time.
type isp6Session struct {
	Used    time.Time  `json:"used"`
	Expires *time.Time `json:"expires,omitempty"`
}

func (s *isp6Session) aliveAt(now time.Time) bool {
	if s.Expires != nil {
		return now.Before(*s.Expires)
	}
	return now.Sub(s.Used) < isp6Idle
}

// isp6Sessions are the tokens of one panel; only the administrator has any,
// because only the administrator's calls are played.
type isp6Sessions map[string]*isp6Session

// public finds a call that needs no token.
func (s isp6Sessions) public() []isp6Route {
	return []isp6Route{{http.MethodPost, "/auth/v4/public/token", s.login}}
}

// private are the auth service's calls behind a token.
func (s isp6Sessions) private() []isp6Route {
	return []isp6Route{
		{http.MethodPost, "/auth/v4/token", s.mint},
		{http.MethodGet, "/auth/v4/whoami", func(*call) reply {
			return isp6OK(map[string]any{"id": strconv.Itoa(isp6AdminID), "email": isp6AdminEmail, "roles": []string{"@admin"}})
		}},
	}
}

// login trades the administrator's password for a token, with the odd 201 of
// the real service and the id as text.
func (s isp6Sessions) login(c *call) reply {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if _, bad := isp6Body(c, &in, "email", "password"); bad != nil {
		return *bad
	}
	if in.Email != isp6AdminEmail || in.Password != isp6AdminPassword {
		return isp6Error(http.StatusUnauthorized, codeUnauthorized, "Wrong e-mail or password", nil)
	}
	token := s.issue(c, nil)
	return reply{http.StatusCreated, map[string]any{
		"id": strconv.Itoa(isp6AdminID), "token": token, "expires_at": nil, "confirmed": true,
	}}
}

// mint makes a token with an end of its own.
func (s isp6Sessions) mint(c *call) reply {
	var in struct {
		ExpiresAt   string `json:"expires_at"`
		Description string `json:"description"`
	}
	if _, bad := isp6Body(c, &in, "expires_at"); bad != nil {
		return *bad
	}
	end, err := time.Parse(isp6TimeLayout, in.ExpiresAt)
	if err != nil || !end.After(c.now) {
		return isp6BadValue("expires_at", "is not a later instant like 2027-01-31 00:00:00")
	}
	return reply{http.StatusCreated, map[string]any{
		"id": strconv.Itoa(isp6AdminID), "token": s.issue(c, &end),
		"expires_at": in.ExpiresAt, "description": in.Description,
	}}
}

// issue makes a token and forgets the dead ones.
func (s isp6Sessions) issue(c *call, end *time.Time) string {
	for token, old := range s {
		if !old.aliveAt(c.now) {
			delete(s, token)
		}
	}
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails
	token := "4-" + hex.EncodeToString(raw)
	s[token] = &isp6Session{Used: c.now, Expires: end}
	c.changed = true
	return token
}

// enter checks the token, from the header or the cookie, and renews it.
func (s isp6Sessions) enter(c *call) bool {
	token := c.header.Get("x-xsrf-token")
	if token == "" {
		for _, cookie := range c.cookies {
			if cookie.Name == "ses6" {
				token = cookie.Value
			}
		}
	}
	session := s[token]
	if session == nil || !session.aliveAt(c.now) {
		return false
	}
	session.Used = c.now
	return true
}

// moved keeps tokens from outliving a clock that was set back.
func (s isp6Sessions) moved(now time.Time) {
	for _, session := range s {
		if session.Used.After(now) {
			session.Used = now
		}
	}
}
