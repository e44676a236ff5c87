package panel

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

type entry = tokens.CatalogEntry

// ticket is what a login gives.
type ticket struct {
	token   string
	until   time.Time
	catalog []entry
}

// session is one login, shared by every module of this process with the same cloud, user, project and password.
type session struct {
	gate panelhttp.Gate // held while somebody logs in
	mu   sync.Mutex
	held ticket
}

type sessionKey struct {
	url, user, project, domain string
	password                   [sha256.Size]byte
}

// sessions lives as long as the process: a module is made anew for every operation, a login is not.
var sessions = struct {
	sync.Mutex
	byKey map[sessionKey]*session
}{byKey: map[sessionKey]*session{}}

func sharedSession(url string, o Options) *session {
	key := sessionKey{url, o.User, o.Project, o.Domain, sha256.Sum256([]byte(o.Password))}
	sessions.Lock()
	defer sessions.Unlock()
	s, ok := sessions.byKey[key]
	if !ok {
		s = &session{gate: panelhttp.NewGate()}
		sessions.byKey[key] = s
	}
	return s
}

func (s *session) current() ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

func (s *session) set(t ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = t
}

// good tells whether a ticket serves: it is another than the refused one, and not over by its own word.
func (p *Panel) good(t ticket, refused string) bool {
	return t.token != "" && t.token != refused && (t.until.IsZero() || p.o.Now().Before(t.until))
}

// login returns the shared ticket, or a new one where it is over or the refused one. Whoever comes while another logs in waits
// and takes that one's ticket.
func (p *Panel) login(ctx context.Context, refused string) (ticket, error) {
	if t := p.session.current(); p.good(t, refused) {
		return t, nil
	}
	if err := p.session.gate.Enter(ctx); err != nil {
		return ticket{}, err
	}
	defer p.session.gate.Leave()
	if t := p.session.current(); p.good(t, refused) {
		return t, nil
	}
	p.session.set(ticket{})
	t, err := p.authenticate(ctx)
	if err != nil {
		return ticket{}, err
	}
	p.session.set(t)
	return t, nil
}

func (p *Panel) authenticate(ctx context.Context) (ticket, error) {
	base := gophercloud.NormalizeURL(p.http.Base())
	if !strings.HasSuffix(base, "/v3/") {
		base += "v3/"
	}
	client := &gophercloud.ServiceClient{ProviderClient: p.provider(), Endpoint: base, Type: "identity"}
	answer := tokens.Create(ctx, client, &tokens.AuthOptions{
		Username: p.o.User, Password: p.o.Password, DomainName: p.o.Domain,
		Scope: tokens.Scope{ProjectName: p.o.Project, DomainName: p.o.Domain},
	})
	if err := p.failed(http.MethodPost, "auth/tokens", answer.Err); err != nil {
		// At the login any refusal in words means the credentials.
		if failure, ok := provision.FailureOf(err); ok && failure.Code == codeRejected {
			return ticket{}, provision.NewUnauthenticated("auth/tokens: %s", failure.Text)
		}
		return ticket{}, err
	}
	token, err := answer.ExtractToken()
	if err != nil || token.ID == "" {
		return ticket{}, provision.NewUnavailable(nil, "auth/tokens: the answer could not be read")
	}
	catalog, err := answer.ExtractServiceCatalog()
	if err != nil {
		return ticket{}, provision.NewUnavailable(nil, "auth/tokens: the catalogue could not be read")
	}
	return ticket{token: token.ID, until: token.ExpiresAt, catalog: catalog.Entries}, nil
}
