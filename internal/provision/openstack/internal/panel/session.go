package panel

import (
	"context"
	"net/http"
	"strings"
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

// tickets are shared by every module of this process with the same cloud, user, project and password.
var tickets panelhttp.Logins[ticket]

// ticket returns the shared ticket, or a new one where it is the refused one or over by its own word.
func (p *Panel) ticket(ctx context.Context, refused *ticket) (*ticket, error) {
	t, err := p.login.Get(ctx, refused, p.authenticate)
	if err == nil && !t.until.IsZero() && !p.o.Now().Before(t.until) {
		return p.login.Get(ctx, t, p.authenticate)
	}
	return t, err
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
