// Package coremgr is the dialect of the vendor's fifth generation of panels: one address, a function by name, a form as
// parameters, XML or JSON as the answer.
//
// It owns the login by session, or by name and password with each call, the two formats, and what an error in an answer means;
// it owns no panel's functions (they lie with each driver) and no transport (panelhttp). The fourth generation speaks the same
// but for its errors, which carry a number instead of a type: Options.Meanings says what those mean.
//
// Invariants: at most one login of a panel, user and password runs at a time in a process, and its session is shared; a call
// that is answered with "not logged in" is repeated once, after a new login; an error element is believed whatever the HTTP
// status, which is 200 as a rule; what changes something and what is secret travels in a body, never in an address; neither
// password nor session appears in any error.
package coremgr

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Options are the settings of one client.
type Options struct {
	User     string
	Password string
	Format   string // xml (the default) or json
	// EachCall sends name and password with every call instead of logging in, always as a form.
	EachCall bool
	// Meanings adds to, and wins over, what the types (or numbers) of errors mean.
	Meanings map[string]Meaning
}

// sessions are shared by every module of this process with the same panel, user and password.
var sessions panelhttp.Logins[string]

// Client speaks to one panel as one user.
type Client struct {
	http     *panelhttp.Client
	login    *panelhttp.Login[string]
	o        Options
	meanings map[string]Meaning
}

// New makes a client; it connects to nothing.
func New(http *panelhttp.Client, o Options) *Client {
	if o.Format == "" {
		o.Format = "xml"
	}
	known := maps.Clone(meanings)
	maps.Copy(known, o.Meanings)
	return &Client{http: http.OnlySafe(), login: sessions.Of(http, o.User, o.Password), o: o, meanings: known}
}

// Exclusive keeps this process's other calls away from the same thing of this panel.
func (c *Client) Exclusive(ctx context.Context, name string) (leave func(), err error) {
	return c.http.Exclusive(ctx, name)
}

// Read calls a function that changes nothing.
func (c *Client) Read(ctx context.Context, function string, form url.Values) (*Node, error) {
	return c.call(ctx, http.MethodGet, function, form, nil)
}

// Submit calls a function that changes something. Secrets of the form are masked in what the panel says. Failures:
// Unavailable, Rejected, Unauthenticated.
func (c *Client) Submit(ctx context.Context, function string, form url.Values, secrets ...string) (*Node, error) {
	return c.call(ctx, http.MethodPost, function, form, secrets)
}

func (c *Client) call(ctx context.Context, method, function string, form url.Values, secrets []string) (doc *Node, err error) {
	if c.o.EachCall {
		return c.send(ctx, http.MethodPost, function, with(form, "authinfo", c.o.User+":"+c.o.Password), "", secrets)
	}
	err = c.login.Use(ctx, c.newSession, func(key string) error {
		doc, err = c.send(ctx, method, function, with(form, "auth", key), key, secrets)
		return err
	})
	return doc, err
}

func with(form url.Values, name, value string) url.Values {
	out := url.Values{}
	maps.Copy(out, form)
	out.Set(name, value)
	return out
}

func (c *Client) newSession(ctx context.Context) (string, error) {
	form := url.Values{"username": {c.o.User}, "password": {c.o.Password}}
	doc, err := c.send(ctx, http.MethodPost, "auth", form, "", nil)
	// At the login any refusal in words means the credentials.
	if failure, ok := provision.FailureOf(err); ok && failure.Kind == provision.Rejected && failure.Code != codeRedirects {
		return "", provision.NewUnauthenticated("%s", failure.Text)
	}
	if err != nil {
		return "", err
	}
	auth := doc.Child("auth")
	key := doc.Get("auth")
	if key == "" && auth != nil {
		key = auth.Attr["id"]
	}
	if key == "" {
		return "", c.http.Unreadable(request("auth"), http.StatusOK)
	}
	return key, nil
}

func request(function string) panelhttp.Request { return panelhttp.Request{Name: function} }

// send makes one attempt. The session and the password are masked in the panel's words.
func (c *Client) send(ctx context.Context, method, function string, form url.Values, key string, secrets []string) (*Node, error) {
	form = with(with(form, "func", function), "out", c.o.Format)
	r := request(function)
	r.Method = method
	r.Header = http.Header{"Accept": {"text/xml, application/json"}}
	if method == http.MethodGet {
		r.Path = "?" + form.Encode()
	} else {
		r.Body = []byte(form.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := c.http.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	doc, unreadable := parse(answer.Body)
	refused := errorIn(doc)
	if refused != nil {
		refused.Text = panelhttp.Mask(refused.Text, append([]string{key, c.o.Password}, secrets...)...)
	}
	switch {
	case refused != nil && answer.Status < http.StatusInternalServerError:
		return nil, c.failure(function, *refused)
	case refused != nil:
		return nil, c.http.StatusFailure(r, answer.Status, CodeRejected, refused.Text)
	case answer.Status < 200 || answer.Status >= 300:
		return nil, c.http.StatusFailure(r, answer.Status, CodeRejected, "")
	case unreadable != nil:
		f := provision.NewUnavailable(nil, "%s: the answer (HTTP %d) could not be read", function, answer.Status)
		f.Unsure = method != http.MethodGet
		return nil, f
	}
	return doc, nil
}
