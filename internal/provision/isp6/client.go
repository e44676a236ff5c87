// Package isp6 is the dialect of the vendor's sixth generation of panels: REST-like JSON with GET, POST and DELETE.
//
// It owns the login by token, the header it travels in, the language of list filters, paging and the error object; it owns
// no panel's calls (they lie with each driver) and no transport (panelhttp).
//
// Invariants: at most one login of a panel, user and password runs at a time in a process, and its token is shared; a call
// that the panel answers with "token expired" is repeated once, after a new login; an error member is believed whatever the
// status, and neither password nor token appears in any error.
package isp6

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

const (
	loginPath   = "/auth/v4/public/token"
	tokenHeader = "X-Xsrf-Token" //nolint:gosec // a header's name
	codeExpired = "1000"
)

// tokens are shared by every module of this process with the same panel, user and password.
var tokens panelhttp.Logins[string]

// Client speaks to one panel as one administrator.
type Client struct {
	http     *panelhttp.Client
	login    *panelhttp.Login[string]
	user     string
	password string
}

// New makes a client; it connects to nothing.
func New(http *panelhttp.Client, user, password string) *Client {
	return &Client{http: http, login: tokens.Of(http, user, password), user: user, password: password}
}

// Exclusive waits until no other call of this process works on the same thing of the same panel, and returns how to leave.
func (c *Client) Exclusive(ctx context.Context, name string) (leave func(), err error) {
	return c.http.Exclusive(ctx, name)
}

// Call sends one request as the administrator and decodes the answer into `into`, which may be nil. Secrets that the body
// carries are masked in what the panel says. Failures: Unavailable, Rejected, Unauthenticated.
func (c *Client) Call(ctx context.Context, r panelhttp.Request, into any, secrets ...string) error {
	return c.login.Use(ctx, c.newToken, func(token string) error {
		return c.send(ctx, r, token, into, secrets)
	})
}

func (c *Client) newToken(ctx context.Context) (string, error) {
	r := panelhttp.Request{
		Method: http.MethodPost, Path: loginPath,
		Body: map[string]string{"email": c.user, "password": c.password},
	}
	var answer struct {
		Token     string `json:"token"`
		Confirmed *bool  `json:"confirmed"`
	}
	err := c.send(ctx, r, "", &answer, nil)
	// Panels refuse a wrong password with different statuses; at the login a refusal in words means the credentials.
	if failure, ok := provision.FailureOf(err); ok && failure.Kind == provision.Rejected && failure.Code == codeRejected {
		return "", provision.NewUnauthenticated("%s", failure.Text)
	}
	switch {
	case err != nil:
		return "", err
	case answer.Token == "":
		return "", c.http.Unreadable(r, http.StatusCreated)
	case answer.Confirmed != nil && !*answer.Confirmed:
		return "", provision.NewUnauthenticated("the account asks for a second factor; name one without it")
	}
	return answer.Token, nil
}

// send makes one attempt. The token and the password are masked in the panel's words.
func (c *Client) send(ctx context.Context, r panelhttp.Request, token string, into any, secrets []string) error {
	if token != "" {
		r.Header = http.Header{tokenHeader: {token}}
	}
	answer, err := c.http.Do(ctx, r)
	if err != nil {
		return err
	}
	refusal, readable := parseRefusal(answer.Body)
	words := panelhttp.Mask(refusal.words(), append([]string{token, c.password}, secrets...)...)
	switch {
	case refusal.code() == codeExpired && answer.Status < http.StatusInternalServerError:
		return provision.NewUnauthenticated("%s", words)
	case answer.Status < 200 || answer.Status >= 300:
		return c.http.StatusFailure(r, answer.Status, codeOf(answer.Status), words)
	case refusal.present():
		return provision.NewRejected(codeRejected, "%s", words)
	case into == nil && len(answer.Body) == 0:
		return nil
	case !readable:
		return c.http.Unreadable(r, answer.Status)
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return c.http.Unreadable(r, answer.Status)
	}
	return nil
}

// The codes of refusals.
const (
	codeRejected = "panel_rejected"
	codeMissing  = "panel_has_no_such"
)

func codeOf(status int) string {
	if status == http.StatusNotFound {
		return codeMissing
	}
	return codeRejected
}

// Missing tells whether the panel said that it knows no such object or function.
func Missing(err error) bool { return provision.IsRejected(err, codeMissing) }

// Rejected tells whether the panel refused the call itself.
func Rejected(err error) bool { return provision.IsRejected(err, "") }

// refusal is the error member of an answer: an object, in some builds a text.
type refusal struct {
	raw    json.RawMessage
	object struct {
		Code json.RawMessage `json:"code"`
		Msg  string          `json:"msg"`
	}
}

func parseRefusal(body []byte) (r refusal, readable bool) {
	var envelope struct {
		Error json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		// A list or a number at the top is JSON as well, it only holds no error.
		return r, errors.As(err, new(*json.UnmarshalTypeError))
	}
	r.raw = envelope.Error
	if r.present() && json.Unmarshal(r.raw, &r.object) != nil {
		r.object.Msg = strings.Trim(string(r.raw), `"`)
	}
	return r, true
}

func (r refusal) present() bool {
	text := string(r.raw)
	return text != "" && text != "null" && text != "{}" && text != `""` && text != "false"
}

func (r refusal) code() string { return strings.Trim(string(r.object.Code), `"`) }

func (r refusal) words() string {
	if !r.present() {
		return ""
	}
	if r.object.Msg == "" {
		return "error " + r.code()
	}
	if r.code() == "" {
		return r.object.Msg
	}
	return r.object.Msg + " (" + r.code() + ")"
}
