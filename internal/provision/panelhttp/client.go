// Package panelhttp is the HTTP client that all drivers of control panels share.
//
// It owns the base address, TLS settings, time limits, repetition, the largest body, the meaning of statuses and the sharing of
// logins, of which one runs at a time; it owns no
// vendor's dialect (isp6 and the like) and no business.
//
// Invariants: only calls that change nothing are repeated by themselves, and a 503, with which a sleeping service of a panel that
// has such (all but those that are OnlySafe) says that it has not looked at the call; a secret that was named to the client appears in no error; no redirect is followed, so
// that no credential travels to another host.
package panelhttp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

const (
	defaultTimeout = 30 * time.Second
	defaultBody    = 32 << 20 // lists of 15 000 servers are legal
	wakeUps        = 10       // repetitions while a service is being started
	safeRepeats    = 2        // repetitions of a reading call after a broken connection or a gateway's error
	pause          = 100 * time.Millisecond
)

// Options are the settings of one client.
type Options struct {
	URL      string // http or https, with the prefix below which the panel is served
	CA       string // PEM; empty: the system's roots
	Insecure bool
	Timeout  time.Duration // of one call, by real time; 0: 30 s
	MaxBody  int64         // bytes of an answer; 0: 32 MiB
	Secrets  []string      // masked wherever they would appear in an error
	Env      provision.Env
}

// Client calls one panel.
type Client struct {
	base    string
	http    *retryablehttp.Client
	maxBody int64
	agent   string
	secrets []string
	safe    bool // a 503 of a changing call is not repeated
}

// New makes a client and connects to nothing. Faults: Invalid at /connection/url and /connection/ca.
func New(o Options) (*Client, error) {
	base, err := baseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Env.Transport == nil {
		return nil, fault.New(fault.Internal, "internal", "The driver was lent no transport.")
	}
	transport, err := withTLS(o.Env.Transport, o.CA, o.Insecure)
	if err != nil {
		return nil, err
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxBody <= 0 {
		o.MaxBody = defaultBody
	}
	return &Client{
		base: base, http: repeating(transport, o.Timeout), maxBody: o.MaxBody,
		agent: o.Env.UserAgent, secrets: o.Secrets,
	}, nil
}

// OnlySafe returns the client of a panel that has no sleeping services: a 503 comes from what stands before it, and tells nothing of
// a changing call, so only reading ones are repeated.
func (c *Client) OnlySafe() *Client {
	out := *c
	out.safe = true
	return &out
}

// Base returns the panel's address; with it a dialect keys what it shares between modules of one panel.
func (c *Client) Base() string { return c.base }

func baseURL(text string) (string, error) {
	bad := fault.New(fault.Invalid, "invalid_value", "An http or https address without user, query or fragment is expected.").At("/connection/url")
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", bad
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", bad
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// Request is one call. Body is sent as JSON, or as it is when it is a []byte.
type Request struct {
	Method string
	Path   string // below the base address, with its query
	Header http.Header
	Body   any
	Name   string // what errors call it; empty: by method and path
}

// Response is the panel's answer of any status; a dialect reads its error before it asks StatusFailure.
type Response struct {
	Status int
	Body   []byte
}

// Do sends one request and reads the whole answer. Failures: Unavailable where no whole answer arrived in time.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	bounded := ctx
	if isAway(c.base) {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, glance)
		defer cancel()
	}
	req, err := c.request(bounded, r)
	if err != nil {
		return Response{}, err
	}
	answer, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() == nil {
			wentAway(c.base)
		}
		return Response{}, c.broken(ctx, r, err)
	}
	defer answer.Body.Close() //nolint:errcheck // nothing is lost: the body was read or given up
	body, err := io.ReadAll(io.LimitReader(answer.Body, c.maxBody+1))
	if err != nil {
		return Response{}, c.broken(ctx, r, err)
	}
	if int64(len(body)) > c.maxBody {
		return Response{}, provision.NewUnavailable(nil, "%s: the answer is larger than %d bytes", c.name(r), c.maxBody)
	}
	return Response{Status: answer.StatusCode, Body: body}, nil
}

func (c *Client) request(ctx context.Context, r Request) (*retryablehttp.Request, error) {
	var body []byte
	header := http.Header{"Accept": {"application/json"}}
	switch b := r.Body.(type) {
	case nil:
	case []byte:
		body = b
	default:
		var err error
		if body, err = json.Marshal(b); err != nil {
			return nil, fmt.Errorf("panel call %s: %w", c.name(r), err)
		}
		header.Set("Content-Type", "application/json")
	}
	req, err := retryablehttp.NewRequestWithContext(c.counted(ctx), r.Method, c.base+r.Path, body)
	if err != nil {
		return nil, fmt.Errorf("panel call %s cannot be made", c.name(r))
	}
	for k, v := range r.Header {
		header[k] = v
	}
	if c.agent != "" {
		header.Set("User-Agent", c.agent)
	}
	req.Header = header
	if len(body) == 0 {
		req.Body = nil
	}
	return req, nil
}

// StatusFailure says what a status means, in the panel's own words; nil for a good one.
func (c *Client) StatusFailure(r Request, status int, code, words string) error {
	words = c.Scrub(clip(words))
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return provision.NewRejected("panel_redirects", "%s: the panel redirects elsewhere; correct the module's address", c.name(r))
	case status == http.StatusUnauthorized:
		return provision.NewUnauthenticated("%s: %s", c.name(r), cmp.Or(words, nameOf(status)))
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return provision.NewUnavailable(nil, "%s: HTTP %d %s", c.name(r), status, words)
	}
	// Without words it is often no panel that answers: the module's address is wrong.
	return provision.NewRejected(code, "%s", cmp.Or(words, c.name(r)+": "+nameOf(status)))
}

func nameOf(status int) string {
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
}

// Unreadable reports an answer that is not what this panel speaks.
func (c *Client) Unreadable(r Request, status int) error {
	return provision.NewUnavailable(nil, "%s: the answer (HTTP %d) could not be read", c.name(r), status)
}

// Scrub masks every secret the client was told.
func (c *Client) Scrub(text string) string { return Mask(text, c.secrets...) }

// Mask replaces each of the secrets in text.
func Mask(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}

// broken turns a call without an answer into Unavailable. The library's error repeats the whole address, whose query may
// hold personal data, so only what lies inside it is told.
func (c *Client) broken(ctx context.Context, r Request, err error) error {
	f := c.away(ctx, r, err)
	var dial *net.OpError
	// A reading call changes nothing, and one that never got a connection has reached nobody.
	f.Unsure = r.Method != http.MethodGet && (!errors.As(err, &dial) || dial.Op != "dial")
	return f
}

func (c *Client) away(ctx context.Context, r Request, err error) *provision.Failure {
	var inner *url.Error
	timeout := errors.Is(err, context.DeadlineExceeded)
	if errors.As(err, &inner) {
		timeout = timeout || inner.Timeout()
		err = inner.Err
	}
	switch {
	case ctx.Err() != nil:
		return provision.NewUnavailable(ctx.Err(), "%s: given up", c.name(r))
	case timeout:
		return provision.NewUnavailable(context.DeadlineExceeded, "%s: no answer in time", c.name(r))
	}
	return provision.NewUnavailable(nil, "%s: %s", c.name(r), c.Scrub(clip(err.Error())))
}

// name tells a call without its query.
func (c *Client) name(r Request) string {
	if r.Name != "" {
		return r.Name
	}
	path, _, _ := strings.Cut(r.Path, "?")
	return r.Method + " " + path
}

// clip keeps a panel's long page out of tasks and logs.
func clip(text string) string {
	const most = 500
	text = strings.ToValidUTF8(string(bytes.TrimSpace([]byte(text))), "")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
