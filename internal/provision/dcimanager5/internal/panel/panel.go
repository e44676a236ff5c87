// Package panel speaks DCImanager 5 and, in the same manner, the IPmanager and the license server beside it: their functions,
// their rows, and the one table of what had to be inferred.
//
// It owns function and field names and the reading of answers; it owns no decision about a service (the driver above it).
//
// Invariants: what is inferred stands in the tables of dialect.go and nowhere else; a form is read before it is sent, and what
// is not to change is sent again as it was; rows of a kind that is no object (groups of addresses) are left out.
package panel

import (
	"context"
	"net/mail"
	"net/url"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dialect"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Panel is one DCImanager, spoken to as its administrator.
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

// FreeHostname is the host name of a server that is nobody's.
func (p *Panel) FreeHostname() string { return p.dialect.names["free_hostname"] }

// fields writes a form as name, value.
func fields(pairs ...string) url.Values {
	out := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

func (p *Panel) read(ctx context.Context, call Call, form url.Values) (*coremgr.Node, error) {
	return p.client.Read(ctx, p.dialect.functions[call], form)
}

func (p *Panel) submit(ctx context.Context, call Call, form url.Values, secrets ...string) (*coremgr.Node, error) {
	return p.client.Submit(ctx, p.dialect.functions[call], form, secrets...)
}

// Function is the panel's name of a call.
func (p *Panel) Function(call Call) string { return p.dialect.functions[call] }

// Lacks tells whether the installation has no such function.
func (p *Panel) Lacks(call Call) bool { return p.Function(call) == dialect.Off }

// Reachable proves address, credentials and that the panel has a function that shows something.
func (p *Panel) Reachable(ctx context.Context, call Call, form ...string) error {
	_, err := p.read(ctx, call, fields(form...))
	return err
}

// Server is one row of the list of servers.
type Server struct {
	ID            int
	Name          string
	Hostname      string
	Owner         string // the user's name; empty: nobody
	Types         []string
	IP            string // the main address
	On            bool
	PowerOff      bool
	PowerError    bool
	Disabled      bool // the client's access and the switch port are shut
	Blocked       bool
	Broken        bool
	Diagnosing    bool
	Installing    bool
	InstallFailed bool
}

func serverOf(n *coremgr.Node) (s Server, ok bool) {
	id, err := strconv.Atoi(n.Get("id"))
	s = Server{
		ID: id, Name: n.Get("name"), Hostname: n.Get("hostname"), Owner: n.Get("owner"), IP: n.Get("ip"),
		On: n.Flag("poweron"), PowerOff: n.Flag("poweroff"), PowerError: n.Flag("powererror"), Disabled: n.Flag("disabled"),
		Blocked: n.Flag("blocked"), Broken: n.Flag("hwproblem"), Diagnosing: n.Flag("diag_in_progress"),
		Installing: n.Flag("install_in_progress"), InstallFailed: n.Flag("operation_failed"),
	}
	for _, field := range []string{"chassis_templ", "type"} {
		if kind := n.Get(field); kind != "" {
			s.Types = append(s.Types, kind)
		}
	}
	return s, err == nil
}

// IsOf tells whether the server is of a type, by either of the panel's two words for it.
func (s Server) IsOf(kind string) bool {
	for _, t := range s.Types {
		if t == kind {
			return true
		}
	}
	return false
}

// Busy tells whether the panel shows work on the server.
func (s Server) Busy() bool { return s.Installing || s.Diagnosing }

// Free tells whether the server can be given away: nobody's, named so, in order and at rest.
func (p *Panel) Free(s Server) bool {
	return s.Owner == "" && s.Hostname == p.FreeHostname() && !s.Blocked && !s.Broken && !s.Busy() && !s.InstallFailed
}

// Servers lists all servers; the panel's list takes no filter that is known.
func (p *Panel) Servers(ctx context.Context) ([]Server, error) {
	doc, err := p.read(ctx, Servers, nil)
	if err != nil {
		return nil, err
	}
	var out []Server
	for _, row := range doc.All("elem") {
		if s, ok := serverOf(row); ok {
			out = append(out, s)
		}
	}
	return out, nil
}

// Server returns one server.
func (p *Panel) Server(ctx context.Context, id int) (Server, bool, error) {
	all, err := p.Servers(ctx)
	if err != nil {
		return Server{}, false, err
	}
	for _, s := range all {
		if s.ID == id {
			return s, true, nil
		}
	}
	return Server{}, false, nil
}

// Change is what of a server is to be another; nil leaves it.
type Change struct {
	Name     *string
	Hostname *string
	Owner    *int // 0: nobody
	Main     *string
}

// Edit changes a server. The form is read first, and sent back whole: what a form does not hold is emptied.
func (p *Panel) Edit(ctx context.Context, id int, c Change) error {
	elid := strconv.Itoa(id)
	form, err := p.read(ctx, ServerEdit, fields("elid", elid))
	if err != nil {
		return err
	}
	out := fields("elid", elid, "sok", "ok", "mac", form.Get("mac"), "name", form.Get("name"), "notes", form.Get("notes"), "type", form.Get("type"))
	for _, same := range []string{"hostname", "owner"} {
		if value := form.Get(same); value != "" {
			out.Set(same, value)
		}
	}
	set := func(field string, value *string) {
		if value != nil {
			out.Set(field, *value)
		}
	}
	set("name", c.Name)
	set("hostname", c.Hostname)
	set(p.dialect.names["main_address"], c.Main)
	if c.Owner != nil {
		out.Set("owner", p.dialect.names["no_owner"])
		if *c.Owner != 0 {
			out.Set("owner", strconv.Itoa(*c.Owner))
		}
	}
	_, err = p.submit(ctx, ServerEdit, out)
	return err
}

// Do makes one of the calls that need nothing but the server: enable, disable, power.
func (p *Panel) Do(ctx context.Context, call Call, id int) error {
	_, err := p.submit(ctx, call, fields("elid", strconv.Itoa(id)))
	return err
}

// Install begins an installation; recipe "" is none.
func (p *Panel) Install(ctx context.Context, id int, template, recipe, password string) error {
	if recipe == "" {
		recipe = p.dialect.names["no_recipe"]
	}
	_, err := p.submit(ctx, Operations, fields(
		"elid", strconv.Itoa(id), "sok", "ok", "operation", "ostemplate", "ostemplate", template,
		"passwd", password, "confirm", password, "checkpasswd", password, "recipe", recipe,
	), password)
	return err
}

// Offer is what a server can be installed with.
type Offer struct{ Templates, Recipes []string }

// Offered reads it from the form of a server's operations; without a server, from the panel's list of templates.
func (p *Panel) Offered(ctx context.Context, id int) (Offer, error) {
	form, err := p.read(ctx, Operations, fields("elid", strconv.Itoa(id)))
	if err != nil {
		return Offer{}, err
	}
	var o Offer
	for _, c := range form.Choices("ostemplate") {
		o.Templates = append(o.Templates, c.Key)
	}
	for _, c := range form.Choices(p.dialect.names["recipes"]) {
		if c.Key != p.dialect.names["no_recipe"] {
			o.Recipes = append(o.Recipes, c.Key)
		}
	}
	return o, nil
}

// Operation is the last thing that was done to a server, as its list of operations tells.
type Operation struct {
	Known   bool   // false where the panel tells no operations
	Number  string // "0" where there was none yet
	Running bool
}

// LastOperation reads it.
func (p *Panel) LastOperation(ctx context.Context, id int) (Operation, error) {
	if p.dialect.functions[History] == dialect.Off {
		return Operation{}, nil
	}
	doc, err := p.read(ctx, History, fields("elid", strconv.Itoa(id)))
	if coremgr.Rejected(err) {
		return Operation{}, nil
	}
	if err != nil {
		return Operation{}, err
	}
	last, running := 0, false
	for _, row := range doc.All("elem") {
		if n, err := strconv.Atoi(row.Get("id")); err == nil && n > last {
			last, running = n, row.Get(p.dialect.names["status"]) == p.dialect.names["running"]
		}
	}
	return Operation{Known: true, Number: strconv.Itoa(last), Running: running}, nil
}

// PortBusy tells whether a connection of the server is being switched.
func (p *Panel) PortBusy(ctx context.Context, id int) (bool, error) {
	if p.dialect.functions[Connections] == dialect.Off {
		return false, nil
	}
	doc, err := p.read(ctx, Connections, fields("elid", strconv.Itoa(id)))
	if err != nil {
		return false, err
	}
	for _, row := range doc.All("elem") {
		if row.Flag("func_in_progress") {
			return true, nil
		}
	}
	return false, nil
}

// User finds a user's number by the name, or makes the user.
func (p *Panel) User(ctx context.Context, name, password string) (int, error) {
	return panelhttp.FindOrMake(func() (int, bool, error) {
		id, err := p.userNamed(ctx, name)
		return id, id != 0, err
	}, func() (int, error) {
		form := fields("sok", "ok", "level", p.dialect.names["user_level"], "name", name, "passwd", password)
		made, err := p.submit(ctx, UserCreate, form, password)
		id, _ := strconv.Atoi(made.Get("id")) // not told by every build
		return id, err
	})
}

// Emails are the e-mail addresses of users by their names in small letters. A user without one, as in installations that do not
// tell them, counts with a name that is one itself.
func (p *Panel) Emails(ctx context.Context) (map[string]string, error) {
	doc, err := p.read(ctx, Users, nil)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, row := range doc.All("elem") {
		name := row.Get("name")
		for _, text := range []string{row.Get(p.dialect.names["user_email"]), name} {
			if address, err := mail.ParseAddress(text); err == nil && address.Address == text {
				out[strings.ToLower(name)] = text
				break
			}
		}
	}
	return out, nil
}

func (p *Panel) userNamed(ctx context.Context, name string) (int, error) {
	doc, err := p.read(ctx, Users, nil)
	if err != nil {
		return 0, err
	}
	for _, row := range doc.All("elem") {
		if strings.EqualFold(row.Get("name"), name) {
			return strconv.Atoi(row.Get("id"))
		}
	}
	return 0, nil
}

// Names lists the names in one of the panel's plain lists, such as server types or OS templates.
func (p *Panel) Names(ctx context.Context, call Call) ([]Named, error) {
	if p.dialect.functions[call] == dialect.Off {
		return nil, nil
	}
	doc, err := p.read(ctx, call, nil)
	if err != nil {
		return nil, err
	}
	var out []Named
	for _, row := range doc.All("elem") {
		if name := row.Get(p.dialect.names["listed_name"]); name != "" {
			out = append(out, Named{ID: row.Get("id"), Name: name})
		}
	}
	return out, nil
}

// Named is one entry of a plain list.
type Named struct{ ID, Name string }
