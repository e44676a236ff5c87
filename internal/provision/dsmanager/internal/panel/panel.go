// Package panel speaks DSmanager: its functions, its rows, and the one table of what had to be inferred, which is nearly all.
//
// It owns function and field names and the reading of answers; it owns no decision about a service (the driver above it).
//
// Invariant: what is inferred stands in the tables of dialect.go and nowhere else.
package panel

import (
	"context"
	"net/mail"
	"net/url"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
)

// Panel is one DSmanager, spoken to as its administrator.
type Panel struct {
	client  *coremgr.Client
	dialect Dialect
}

// New makes a panel; it connects to nothing.
func New(client *coremgr.Client, dialect Dialect) *Panel { return &Panel{client, dialect} }

// Exclusive keeps this process's other calls away from the same thing of this panel.
func (p *Panel) Exclusive(ctx context.Context, name string) (leave func(), err error) {
	return p.client.Exclusive(ctx, name)
}

func (p *Panel) rows(ctx context.Context, call Call, form url.Values) ([]*coremgr.Node, error) {
	doc, err := p.client.Read(ctx, p.dialect.functions[call], form)
	if err != nil {
		return nil, err
	}
	return doc.All("elem"), nil
}

func (p *Panel) submit(ctx context.Context, call Call, form url.Values, secrets ...string) error {
	_, err := p.client.Submit(ctx, p.dialect.functions[call], form, secrets...)
	return err
}

// Function is the panel's name of a call.
func (p *Panel) Function(call Call) string { return p.dialect.functions[call] }

// Server is one row of the list of servers.
type Server struct {
	ID       int
	Name     string
	Hostname string
	Owner    string // the user's name; empty: nobody
	Preset   string
	IP       string
	OS       string // the installed image; empty: not told
	On       bool
	Disabled bool // the client's access and the switch port are shut
	Working  bool
	Unfit    bool // blocked, or something is wrong with it
}

// Free tells whether the server can be given away.
func (s Server) Free() bool { return s.Owner == "" && !s.Working && !s.Unfit }

// Servers lists all servers, of all presets and owners.
func (p *Panel) Servers(ctx context.Context) ([]Server, error) {
	rows, err := p.rows(ctx, Servers, nil)
	if err != nil {
		return nil, err
	}
	word := p.dialect.names
	var out []Server
	for _, r := range rows {
		id, err := strconv.Atoi(r.Get(word["id"]))
		if err != nil {
			continue // a heading
		}
		out = append(out, Server{
			ID: id, Name: r.Get(word["name"]), Hostname: r.Get(word["hostname"]), Owner: r.Get(word["owner"]), Preset: r.Get(word["preset"]), IP: r.Get(word["address"]),
			OS: r.Get(word["os"]),
			On: r.Flag(word["powered"]), Disabled: r.Flag(word["disabled"]), Working: r.Flag(word["working"]),
			Unfit: r.Flag(word["blocked"]) || r.Flag(word["broken"]),
		})
	}
	return out, nil
}

// Server reads one server out of the list.
func (p *Panel) Server(ctx context.Context, id int) (_ Server, found bool, err error) {
	all, err := p.Servers(ctx)
	for _, s := range all {
		if s.ID == id {
			return s, true, err
		}
	}
	return Server{}, false, err
}

// Change is what a server becomes; all three are sent.
type Change struct{ Name, Owner, Hostname string }

// Edit changes name, owner and host name in one call; an empty owner makes the server nobody's.
func (p *Panel) Edit(ctx context.Context, id int, c Change) error {
	word := p.dialect.names
	if c.Owner == "" {
		c.Owner = word["no_owner"]
	}
	return p.submit(ctx, ServerEdit, url.Values{
		"elid": {strconv.Itoa(id)}, word["name"]: {c.Name}, word["owner"]: {c.Owner}, word["hostname"]: {c.Hostname}, "sok": {"ok"},
	})
}

// Do makes a call that needs nothing but the server.
func (p *Panel) Do(ctx context.Context, call Call, id int) error {
	return p.submit(ctx, call, url.Values{"elid": {strconv.Itoa(id)}})
}

// Install has an image installed.
func (p *Panel) Install(ctx context.Context, id int, image, password string) error {
	word := p.dialect.names
	return p.submit(ctx, Reinstall, url.Values{
		"elid": {strconv.Itoa(id)}, word["os_image"]: {image}, word["password"]: {password}, word["confirm"]: {password}, "sok": {"ok"},
	}, password)
}

// User makes the panel's user of a name where there is none.
func (p *Panel) User(ctx context.Context, name, password string) error {
	known, err := p.knows(ctx, name)
	if err != nil || known {
		return err
	}
	word := p.dialect.names
	asked := p.submit(ctx, UserCreate, url.Values{word["name"]: {name}, word["password"]: {password}, word["confirm"]: {password}, "sok": {"ok"}}, password)
	if asked == nil || !coremgr.Rejected(asked) {
		return asked
	}
	// Another order of the same client may have been quicker.
	if known, err = p.knows(ctx, name); err != nil || known {
		return err
	}
	return asked
}

// Emails are the e-mail addresses of users by their names in small letters. A user without one, as in installations that do not
// tell them, counts with a name that is one itself.
func (p *Panel) Emails(ctx context.Context) (map[string]string, error) {
	rows, err := p.rows(ctx, Users, nil)
	out := map[string]string{}
	for _, r := range rows {
		name := r.Get(p.dialect.names["name"])
		for _, text := range []string{r.Get(p.dialect.names["email"]), name} {
			if address, err := mail.ParseAddress(text); err == nil && address.Address == text {
				out[strings.ToLower(name)] = text
				break
			}
		}
	}
	return out, err
}

func (p *Panel) knows(ctx context.Context, name string) (bool, error) {
	rows, err := p.rows(ctx, Users, nil)
	for _, r := range rows {
		if strings.EqualFold(r.Get(p.dialect.names["name"]), name) {
			return true, err
		}
	}
	return false, err
}

// Names lists what a function of named things offers: presets, images.
func (p *Panel) Names(ctx context.Context, call Call) (out []string, err error) {
	rows, err := p.rows(ctx, call, nil)
	for _, r := range rows {
		if name := r.Get(p.dialect.names["name"]); name != "" {
			out = append(out, name)
		}
	}
	return out, err
}

// Operation is an entry of a server's history.
type Operation struct {
	Number string // empty: there is none
	Failed bool
}

// Last is the newest entry of a server's history.
func (p *Panel) Last(ctx context.Context, id int) (last Operation, err error) {
	rows, err := p.rows(ctx, History, url.Values{"elid": {strconv.Itoa(id)}})
	highest := 0
	for _, r := range rows {
		if n, err := strconv.Atoi(r.Get(p.dialect.names["id"])); err == nil && n > highest {
			highest = n
			last = Operation{Number: strconv.Itoa(n), Failed: r.Get(p.dialect.names["status"]) == p.dialect.names["failed"]}
		}
	}
	return last, err
}

// Missing is the refusal of a server that is not there.
func Missing(ref provision.Ref) error {
	return provision.NewRejected("server_not_found", "the panel has no server %q of this service", ref)
}
