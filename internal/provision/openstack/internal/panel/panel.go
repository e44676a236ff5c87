// Package panel speaks to one OpenStack cloud in one region: Keystone for the login, Nova for servers, Glance for images and
// Neutron for networks, through gophercloud.
//
// It owns the token, the choice of endpoints out of the catalogue, and what an answer of any of the services means for an
// operation. It owns no order of steps.
//
// Invariants: at most one login of a cloud, user and project runs at a time in a process, and its token is shared; a call that
// is answered with 401 is repeated once with a new token; every call goes through panelhttp; neither password nor token appears
// in any error.
package panel

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Options are who we are to the cloud, and where in it.
type Options struct {
	User, Password, Project, Domain string
	Region                          string
	Interface                       string // public, internal or admin
	Microversion                    string // of Nova
	MarkKey                         string // the metadata key that carries a service's mark
	UserAgent                       string
	Now                             func() time.Time
}

// Panel calls one region of one cloud as one user.
type Panel struct {
	http  *panelhttp.Client
	o     Options
	login *panelhttp.Login[ticket]
}

// New makes a panel; it connects to nothing. The client's address is Keystone's, with or without its version.
func New(http *panelhttp.Client, o Options) *Panel {
	return &Panel{http: http.OnlySafe(), o: o, login: tickets.Of(http, o.User, o.Project, o.Domain, o.Password)}
}

// Exclusive keeps this process's other calls away from the same thing of this cloud.
func (p *Panel) Exclusive(ctx context.Context, name string) (leave func(), err error) {
	return p.http.Exclusive(ctx, name)
}

// The services of a cloud, by their types in the catalogue, with the version that ends their addresses. An address in the
// catalogue may leave the version out.
var services = map[string]struct{ version, prefix string }{
	"compute": {"v2.1", "v2"},
	"image":   {"v2", "v2"},
	"network": {"v2.0", "v2"},
}

// service prepares calls of one service. Failures: the login's, and Rejected "unknown_region" where the catalogue has no
// address of it in the region.
func (p *Panel) service(ctx context.Context, kind string) (*gophercloud.ServiceClient, error) {
	known, err := p.ticket(ctx, nil)
	if err != nil {
		return nil, err
	}
	endpoint := p.endpoint(known.catalog, kind)
	if endpoint == "" {
		return nil, provision.NewRejected("unknown_region", "the cloud's catalogue has no %s address of %q in region %q", p.o.Interface, kind, p.o.Region)
	}
	client := &gophercloud.ServiceClient{ProviderClient: p.provider(), Endpoint: endpoint, Type: kind}
	if kind == "compute" {
		client.Microversion = p.o.Microversion
	}
	client.TokenID = known.token
	client.ReauthFunc = func(ctx context.Context) error {
		fresh, err := p.ticket(ctx, known)
		if err != nil {
			return err
		}
		known, client.TokenID = fresh, fresh.token
		return nil
	}
	return client, nil
}

// provider is a client of its own for every use: the library's is not made to be shared without locks.
func (p *Panel) provider() *gophercloud.ProviderClient {
	client := &gophercloud.ProviderClient{HTTPClient: http.Client{
		Transport:     p.http.RoundTripper(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if p.o.UserAgent != "" {
		client.UserAgent.Prepend(p.o.UserAgent)
	}
	return client
}

// endpoint picks a service's address; empty where there is none.
func (p *Panel) endpoint(catalog []entry, kind string) string {
	for _, e := range catalog {
		if !called(kind, e.Type) {
			continue
		}
		for _, at := range e.Endpoints {
			if at.Interface == p.o.Interface && (at.Region == p.o.Region || at.RegionID == p.o.Region) {
				return versioned(gophercloud.NormalizeURL(at.URL), services[kind].version, services[kind].prefix)
			}
		}
	}
	return ""
}

// called tells whether a catalogue's type is a name for the service.
func called(kind, name string) bool {
	return name == kind || kind == "network" && name == "networking"
}

// versioned adds the version unless the address names one already.
func versioned(url, version, prefix string) string {
	for part := range strings.SplitSeq(url, "/") {
		if part == prefix || strings.HasPrefix(part, prefix+".") {
			return url
		}
	}
	return url + version + "/"
}

// Codes of refusals.
const (
	codeRejected = "panel_rejected"
	codeMissing  = "panel_has_no_such"
	codeConflict = "panel_conflict"
)

// Missing tells whether the cloud said that it knows no such thing.
func Missing(err error) bool { return provision.IsRejected(err, codeMissing) }

// Rejected tells whether the cloud refused the call itself.
func Rejected(err error) bool { return provision.IsRejected(err, "") }

// failed says what the library's error means for an operation.
func (p *Panel) failed(method, what string, err error) error {
	var unable *gophercloud.ErrUnableToReauthenticate
	for errors.As(err, &unable) {
		err = unable.ErrReauth // the library hides it
	}
	call := panelhttp.Request{Method: method, Path: what}
	var status gophercloud.ErrUnexpectedResponseCode
	switch failure, known := provision.FailureOf(err); {
	case err == nil:
		return nil
	case known:
		return failure
	case errors.As(err, &status):
		code := codeRejected
		switch status.Actual {
		case http.StatusNotFound:
			code = codeMissing
		case http.StatusConflict:
			code = codeConflict
		}
		return p.http.StatusFailure(call, status.Actual, code, wordsIn(status.Body))
	}
	f := provision.NewUnavailable(nil, "%s: the answer could not be read", what)
	f.Unsure = method != http.MethodGet
	return f
}

// wordsIn finds the message of an error: each service wraps it in an object of another name.
func wordsIn(body []byte) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return ""
	}
	for _, raw := range members {
		var inner struct{ Message string }
		if json.Unmarshal(raw, &inner) == nil && inner.Message != "" {
			return inner.Message
		}
	}
	var text string
	_ = json.Unmarshal(members["message"], &text) // absent: there are no words
	return text
}
