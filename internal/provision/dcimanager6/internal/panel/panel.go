// Package panel speaks DCImanager 6: its calls, its rows, and the one table of what had to be inferred.
//
// It owns paths, member names and the reading of answers; it owns no decision about a service (the driver above it).
//
// Invariants: a call sends only members that the panel knows; what is inferred stands in the tables of dialect.go and
// nowhere else; rows are compared with what was asked for before they are believed, for filters are patterns at times.
package panel

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Panel is one installation, spoken to as its administrator.
type Panel struct {
	client  *isp6.Client
	dialect Dialect
}

// New makes a panel; it connects to nothing.
func New(client *isp6.Client, dialect Dialect) *Panel { return &Panel{client, dialect} }

// Exclusive keeps this process's other calls away from the same thing of this panel.
func (p *Panel) Exclusive(ctx context.Context, name string) (leave func(), err error) {
	return p.client.Exclusive(ctx, name)
}

// Path is the panel's method and path of a call.
func (p *Panel) Path(call Call) string { return p.dialect.endpoints[call] }

type places = isp6.Places

func (p *Panel) request(call Call, fill places, body any) panelhttp.Request {
	return isp6.Request(p.dialect.endpoints[call], fill, body)
}

func (p *Panel) call(ctx context.Context, call Call, fill places, body, into any, secrets ...string) error {
	return p.client.Call(ctx, p.request(call, fill, body), into, secrets...)
}

func list[Row any](ctx context.Context, p *Panel, call Call, where isp6.Cond) ([]Row, error) {
	return isp6.List[Row](ctx, p.client, p.request(call, nil, nil).Path, where)
}

// Servers lists servers by a filter.
func (p *Panel) Servers(ctx context.Context, where isp6.Cond) ([]Server, error) {
	return list[Server](ctx, p, ServerList, where)
}

// Server returns one server, read through the list: its rows are whole in every build.
func (p *Panel) Server(ctx context.Context, id int) (Server, bool, error) {
	rows, err := p.Servers(ctx, isp6.Eq("id", id))
	if err != nil {
		return Server{}, false, err
	}
	for _, s := range rows {
		if s.ID == id {
			return s, true, nil
		}
	}
	return Server{}, false, nil
}

// FreeServers lists the servers that can be given away, at one location (0: at all) and of one configuration ("": of all).
func (p *Panel) FreeServers(ctx context.Context, location int, configuration string) ([]Server, error) {
	where := []isp6.Cond{isp6.IsNull("owner_email"), isp6.Eq("is_new", false)}
	if location != 0 {
		where = append(where, isp6.Eq("location_id", location))
	}
	if configuration != "" {
		where = append(where, isp6.Eq("configuration", configuration))
	}
	rows, err := p.Servers(ctx, isp6.All(where...))
	if err != nil {
		return nil, err
	}
	free := rows[:0]
	for _, s := range rows {
		fits := (location == 0 || s.LocationID == location) && (configuration == "" || s.Configuration == configuration)
		if fits && s.Free() {
			free = append(free, s)
		}
	}
	return free, nil
}

// Assign gives a server a name, a domain and an owner. Where the panel has two calls for that, the owner comes last, so
// that a half-done change never looks like somebody's finished server.
func (p *Panel) Assign(ctx context.Context, id, owner int, name, domain string) error {
	return p.edit(ctx, id, owner, name, domain, ServerEdit, ServerOwner)
}

// Unassign takes the owner away and gives the server its own name back. The owner goes first: while the name still tells
// whose it was, nobody takes it.
func (p *Panel) Unassign(ctx context.Context, id int, name string) error {
	return p.edit(ctx, id, nil, name, "", ServerOwner, ServerEdit)
}

// Label changes name and domain and leaves the owner.
func (p *Panel) Label(ctx context.Context, id int, name, domain string) error {
	return p.call(ctx, ServerEdit, places{"id": strconv.Itoa(id)}, map[string]any{"name": name, "domain": domain}, nil)
}

func (p *Panel) edit(ctx context.Context, id int, owner any, name, domain string, order ...Call) error {
	fill := places{"id": strconv.Itoa(id)}
	label := map[string]any{"name": name, "domain": domain}
	if domain == "" && owner != nil {
		delete(label, "domain") // not known: the panel keeps its own
	}
	owned := map[string]any{p.dialect.names["owner"]: owner}
	if p.dialect.endpoints[ServerEdit] == p.dialect.endpoints[ServerOwner] {
		label[p.dialect.names["owner"]] = owner
		return p.call(ctx, ServerEdit, fill, label, nil)
	}
	for _, call := range order {
		body := label
		if call == ServerOwner {
			body = owned
		}
		if err := p.call(ctx, call, fill, body, nil); err != nil {
			return err
		}
	}
	return nil
}

// InstallOS begins an installation; script 0 is none.
func (p *Panel) InstallOS(ctx context.Context, id, os, script int, password string) error {
	n := p.dialect.names
	body := map[string]any{n["os_template"]: os}
	if password != "" {
		body[n["password"]] = password
	}
	if script != 0 {
		body[n["script"]] = script
	}
	return p.call(ctx, Install, places{"id": strconv.Itoa(id)}, body, nil, password)
}

// Recover starts a server from a recovery system; 0 is the panel's own choice.
func (p *Panel) Recover(ctx context.Context, id, system int, password string) error {
	n := p.dialect.names
	body := map[string]any{n["password"]: password}
	if system != 0 {
		body[n["os_template"]] = system
	}
	return p.call(ctx, Recovery, places{"id": strconv.Itoa(id)}, body, nil, password)
}

// Do makes one of the calls that need nothing but the server: suspend, resume, power.
func (p *Panel) Do(ctx context.Context, call Call, id int) error {
	return p.call(ctx, call, places{"id": strconv.Itoa(id)}, nil, nil)
}

// AddIPs takes addresses of one family out of a pool.
func (p *Panel) AddIPs(ctx context.Context, id, pool, count int, family string) error {
	n := p.dialect.names
	body := map[string]any{n["pool"]: pool, n["count"]: count, n["family"]: family}
	return p.call(ctx, AddIP, places{"id": strconv.Itoa(id)}, body, nil)
}

// RemoveIP gives one address back; one that is gone already is no failure.
func (p *Panel) RemoveIP(ctx context.Context, id, ip int) error {
	err := p.call(ctx, RemoveIP, places{"id": strconv.Itoa(id), "ip": strconv.Itoa(ip)}, nil, nil)
	if isp6.Missing(err) {
		return nil
	}
	return err
}
