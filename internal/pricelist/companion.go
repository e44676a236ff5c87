package pricelist

import (
	"context"
	"encoding/json"

	"github.com/tariffd/tariffd/internal/module"
)

// companion is an IP manager or a license server in a document. Its password is never written; where a document speaks of
// it, it names a variable of the environment.
type companion struct {
	id       module.CompanionID
	Name     string `json:"name"`
	URL      string `json:"url"`
	Username string `json:"username"`
	Password string `json:"password"`
}

func companions(of module.CompanionKind, list, noun string) section {
	return &kind[companion]{
		section: list, noun: noun, key: func(d companion) string { return d.Name },
		defaults: func(*run, companion) companion { return companion{} },
		list: func(ctx context.Context, r *run) (out []companion, err error) {
			all, err := r.tx.CompanionsAll(ctx)
			for _, c := range all {
				if c.Kind == of {
					r.companionsOf(of).add(c.Name, string(c.ID))
					out = append(out, companion{id: c.ID, Name: c.Name, URL: c.URL, Username: c.Username})
				}
			}
			return out, err
		},
		ready: readyCompanion,
		create: func(ctx context.Context, r *run, _ item, d companion) error {
			c, err := r.do.modules.CreateCompanion(ctx, r.by, of, module.CompanionChange{
				Name: &d.Name, URL: &d.URL, Username: &d.Username, Password: &d.Password,
			})
			r.companionsOf(of).add(d.Name, string(c.ID))
			return err
		},
		update: func(ctx context.Context, r *run, _ item, old, d companion) error {
			in := module.CompanionChange{URL: &d.URL, Username: &d.Username}
			if d.Password != "" {
				in.Password = &d.Password
			}
			_, err := r.do.modules.UpdateCompanion(ctx, r.by, of, old.id, in)
			return err
		},
		delete: func(ctx context.Context, r *run, old companion) error {
			return r.do.modules.DeleteCompanion(ctx, r.by, of, old.id, nil)
		},
	}
}

func ipManagers() section { return companions(module.IPManager, "ip_managers", "IP manager") }

func licenseServers() section {
	return companions(module.LicenseServer, "license_servers", "license server")
}

func (r *run) companionsOf(k module.CompanionKind) names {
	if k == module.IPManager {
		return r.ipManagers
	}
	return r.licenseServers
}

// readyCompanion puts in the password that the environment has. One that is what it should be is left out again.
func readyCompanion(ctx context.Context, r *run, it item, old, d *companion) error {
	if d.Password == "" {
		return nil
	}
	at, path := follow(it.node, "/password")
	value, missing := r.expand(d.Password)
	switch {
	case missing != "":
		r.add(at, it.place+path, "required", noVariable, missing)
	case !wholeReference.MatchString(d.Password):
		r.add(at, it.place+path, "bad_value", noSecrets)
	}
	d.Password = value
	if old == nil {
		return nil
	}
	held, err := r.tx.CompanionsByIDs(ctx, []module.CompanionID{old.id})
	if err == nil && len(held) == 1 && held[0].Password == value {
		d.Password = ""
	}
	return err
}

// besides are the parameters that name a companion: by its id in the installation, by its name in a document.
var besides = []struct {
	byID, byName, noun string
	kind               module.CompanionKind
}{
	{"ip_manager_id", "ip_manager", "IP manager", module.IPManager},
	{"license_server_id", "license_server", "license server", module.LicenseServer},
}

// named writes parameters with the names of companions.
func (r *run) named(parameters json.RawMessage) json.RawMessage {
	m := objectOf(parameters)
	for _, b := range besides {
		var id string
		if json.Unmarshal(m[b.byID], &id) != nil || id == "" {
			continue
		}
		if name := r.companionsOf(b.kind).of(id); name != "" {
			delete(m, b.byID)
			m[b.byName] = textOf(name)
		}
	}
	return rawOf(m)
}

// identified is the way back.
func (r *run) identified(it item, parameters json.RawMessage) json.RawMessage {
	m := objectOf(parameters)
	for _, b := range besides {
		var name string
		if json.Unmarshal(m[b.byName], &name) != nil || name == "" {
			continue
		}
		id := r.id(r.companionsOf(b.kind), b.noun, name, it, "parameters/"+b.byName)
		delete(m, b.byName)
		m[b.byID] = textOf(id)
	}
	return rawOf(m)
}
