package pricelist

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
)

// moduleEntry is a processing module in a document. Secrets are never written; where a document speaks of one, it names a
// variable of the environment: password: ${PANEL_PASSWORD}. What it does not speak of stays as it is.
type moduleEntry struct {
	id              provision.ModuleID
	Name            string          `json:"name"`
	Driver          string          `json:"driver"`
	ProductType     string          `json:"product_type"`
	DataCenter      string          `json:"data_center"`
	Department      string          `json:"department"`
	SortOrder       int             `json:"sort_order"`
	Enabled         bool            `json:"enabled"`
	Connection      json.RawMessage `json:"connection"`
	Parameters      json.RawMessage `json:"parameters"`
	Queue           queue           `json:"queue"`
	MaxRunningOpens int             `json:"max_running_opens"`
}

type queue struct {
	Enabled bool   `json:"enabled"`
	Key     string `json:"key"`
	Workers int    `json:"workers"`
}

func modules(check bool) section {
	return &kind[moduleEntry]{
		section: "processing_modules", noun: "processing module", key: func(d moduleEntry) string { return d.Name },
		defaults: func(r *run, _ moduleEntry) moduleEntry {
			return moduleEntry{
				Department: r.firstDepartment, SortOrder: 1, Enabled: true, Connection: json.RawMessage(`{}`),
				Parameters: json.RawMessage(`{}`), Queue: queue{Workers: 1}, MaxRunningOpens: 2,
			}
		},
		list:  listModules,
		ready: readyModule,
		create: func(ctx context.Context, r *run, it item, d moduleEntry) error {
			found := len(r.Problems)
			in := module.Change{
				Check: check, Name: &d.Name, SortOrder: &d.SortOrder, Enabled: &d.Enabled, Connection: d.Connection,
				Parameters: r.identified(it, d.Parameters),
				Queue:      d.Queue.change(), MaxRunningOpens: &d.MaxRunningOpens,
			}
			if !d.refer(r, it, &in) || len(r.Problems) > found {
				return nil
			}
			made, err := r.do.modules.Create(ctx, r.by, d.Driver, d.ProductType, in)
			r.modules.add(d.Name, string(made.ID))
			return err
		},
		update: func(ctx context.Context, r *run, it item, old, d moduleEntry) error {
			found := len(r.Problems)
			if d.Driver != old.Driver || d.ProductType != old.ProductType {
				r.add(it.node, it.place, "bad_value", "Driver and product type of a module are fixed: %s, %s.", old.Driver, old.ProductType)
				return nil
			}
			in := module.Change{
				Check: check, SortOrder: &d.SortOrder, Enabled: &d.Enabled, Queue: d.Queue.change(), MaxRunningOpens: &d.MaxRunningOpens,
			}
			// Only what connects in another way is tried again.
			if !bytes.Equal(canonical(d.Connection), canonical(old.Connection)) {
				in.Connection = patch(old.Connection, d.Connection)
			}
			if !bytes.Equal(canonical(d.Parameters), canonical(old.Parameters)) {
				in.Parameters = patch(r.identified(it, old.Parameters), r.identified(it, d.Parameters))
			}
			if !d.refer(r, it, &in) || len(r.Problems) > found {
				return nil
			}
			if d.DataCenter == old.DataCenter {
				in.DataCenterID = input.Opt[datacenter.ID]{}
			}
			_, err := r.do.modules.Update(ctx, r.by, old.id, in)
			return err
		},
		delete: func(ctx context.Context, r *run, old moduleEntry) error {
			return r.do.modules.Delete(ctx, r.by, old.id, nil)
		},
	}
}

func listModules(ctx context.Context, r *run) ([]moduleEntry, error) {
	list, err := r.tx.ModulesAll(ctx)
	out := make([]moduleEntry, len(list))
	for i, m := range list {
		r.modules.add(m.Name, string(m.ID))
		out[i] = moduleEntry{
			id: m.ID, Name: m.Name, Driver: m.Driver, ProductType: m.ProductType, DataCenter: r.places.of(string(m.DataCenterID)),
			Department: r.departmentNames.of(m.DepartmentID), SortOrder: m.SortOrder, Enabled: m.Enabled,
			Connection: escaped(m.Connection), Parameters: r.named(m.Parameters),
			Queue: queue{m.Queue.Enabled, m.Queue.Key, m.Queue.Workers}, MaxRunningOpens: m.MaxRunningOpens,
		}
	}
	return out, err
}

// refer resolves what the module refers to and tells whether everything was found.
func (d moduleEntry) refer(r *run, it item, in *module.Change) bool {
	found := len(r.Problems)
	place := datacenter.ID(r.id(r.places, "data center", d.DataCenter, it, "data_center"))
	in.DataCenterID = input.Opt[datacenter.ID]{Set: true}
	if place != "" {
		in.DataCenterID = input.To(place)
	}
	if dep := r.id(r.departmentNames, "department", d.Department, it, "department"); dep != "" {
		in.DepartmentID = input.To(dep)
	}
	return len(r.Problems) == found
}

func (q queue) change() module.QueueChange {
	return module.QueueChange{Enabled: &q.Enabled, Key: input.To(q.Key), Workers: &q.Workers}
}

// readyModule puts in what the connection's references stand for. Secrets that are what they should be are left out again,
// so that they are no change.
func readyModule(ctx context.Context, r *run, it item, old, d *moduleEntry) error {
	said := objectOf(d.Connection)
	secrets := r.do.modules.SecretMembers(d.Driver)
	var opened map[string]json.RawMessage
	for name, raw := range said {
		at, path := follow(it.node, "/connection/"+name)
		var written string
		if json.Unmarshal(raw, &written) != nil {
			continue
		}
		value, missing := r.expand(written)
		secret := slices.Contains(secrets, name)
		switch {
		case missing != "":
			r.add(at, it.place+path, "required", noVariable, missing)
		case secret && !wholeReference.MatchString(written):
			r.add(at, it.place+path, "bad_value", noSecrets)
		}
		said[name] = textOf(value)
		if !secret || old == nil {
			continue
		}
		if opened == nil {
			m, err := r.tx.ModuleByID(ctx, old.id)
			if err != nil {
				return err
			}
			opened = objectOf(m.Connection)
		}
		if bytes.Equal(canonical(opened[name]), canonical(said[name])) {
			delete(said, name)
		}
	}
	d.Connection = rawOf(said)
	if old != nil { // what is compared and patched is what the connection holds
		held := objectOf(old.Connection)
		for name, raw := range held {
			held[name] = r.unescaped(raw)
		}
		plain := *old
		plain.Connection = rawOf(held)
		*old = plain
	}
	return nil
}

const (
	noVariable = "The variable %s of the environment is not set."
	noSecrets  = "A secret does not stand in a document: ${NAME} takes it from the environment."
)

var (
	reference      = regexp.MustCompile(`\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)
	wholeReference = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)
)

// expand replaces ${NAME} by what the environment says; $${ stands for ${ itself. missing is a name that is not set.
func (r *run) expand(s string) (value, missing string) {
	value = reference.ReplaceAllStringFunc(s, func(found string) string {
		if found == "$${" {
			return "${"
		}
		name := found[2 : len(found)-1]
		got, ok := r.e.Getenv(name)
		if !ok {
			missing = name
		}
		return got
	})
	return value, missing
}

// escaped writes a connection so that nothing in it reads as a reference.
func escaped(connection json.RawMessage) json.RawMessage {
	m := objectOf(connection)
	for name, raw := range m {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			m[name] = textOf(strings.ReplaceAll(s, "${", "$${"))
		}
	}
	return rawOf(m)
}

func (r *run) unescaped(raw json.RawMessage) json.RawMessage {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw
	}
	return textOf(strings.ReplaceAll(s, "$${", "${"))
}

// patch is the merge patch that makes one JSON object out of another.
func patch(from, to json.RawMessage) json.RawMessage {
	p, had := objectOf(to), objectOf(from)
	for name, raw := range had {
		switch now, stays := p[name]; {
		case !stays:
			p[name] = json.RawMessage(`null`)
		case isObject(raw) && isObject(now):
			p[name] = patch(raw, now)
		}
	}
	return rawOf(p)
}

func isObject(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && raw[0] == '{'
}

func objectOf(raw json.RawMessage) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return map[string]json.RawMessage{}
	}
	return m
}

func rawOf(m map[string]json.RawMessage) json.RawMessage {
	raw, err := json.Marshal(m)
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return raw
}

func textOf(s string) json.RawMessage {
	raw, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage(`""`)
	}
	return raw
}
