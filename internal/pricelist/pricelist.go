// Package pricelist is everything that a hosting company sells as one YAML document that can live in git: written from an
// installation, and brought into one.
//
// It owns the document: its members, their order and defaults, the names by which objects refer to each other, and the plan
// of what an import changes. It does not own a single rule of the catalogue: every change is made by the use-case that the
// API calls, in the one transaction of the import.
//
// Invariants: what is exported and imported again is the same document, byte for byte, also by way of an empty
// installation; an import of what is there writes nothing; an import happens whole or not at all; no secret is ever written
// into a document, a plan or an error.
package pricelist

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/tariff"
)

// Tx is what reading and changing the whole catalogue needs of a transaction.
type Tx interface {
	tariff.Tx
	datacenter.Tx
	client.Tx
	department.Tx
	// LockPriceList lets one import run at a time.
	LockPriceList(ctx context.Context) error
	ProvidersAll(ctx context.Context) ([]client.Provider, error)
	DepartmentsAll(ctx context.Context) ([]department.Department, error)
	DataCentersAll(ctx context.Context) ([]datacenter.DataCenter, error)
	EnumerationsAll(ctx context.Context) ([]product.Enumeration, error)
	ProductTypesAll(ctx context.Context) ([]product.Type, error)
	ContentAll(ctx context.Context) ([]product.Content, error)
	ParametersAll(ctx context.Context) ([]product.Parameter, error)
	// ModulesAll leaves the secrets sealed.
	ModulesAll(ctx context.Context) ([]module.Module, error)
	// CompanionsAll leaves the passwords sealed.
	CompanionsAll(ctx context.Context) ([]module.Companion, error)
	TariffGroupsAll(ctx context.Context) ([]tariff.Group, error)
	ClientGroupsAll(ctx context.Context) ([]client.Group, error)
	TaxRulesAll(ctx context.Context) ([]client.TaxRule, error)
	// TariffsAll reads the tariffs with their newest offers.
	TariffsAll(ctx context.Context) ([]catalog.Tariff, error)
}

// Engine exports and imports.
type Engine struct {
	InTx func(ctx context.Context, fn func(Tx) error) error
	// InSnapshot runs fn on one snapshot; it writes nothing.
	InSnapshot func(ctx context.Context, fn func(Tx) error) error
	Modules    *module.Engine
	Tariffs    *tariff.Engine
	ExternalID func(driver string) string // as of datacenter.Engine
	// Getenv finds what ${NAME} stands for in the connection of a module.
	Getenv func(name string) (value string, found bool)
	Zone   *time.Location // the billing zone
}

// Verb is what happens to an object.
type Verb string

// What may happen to an object.
const (
	Create Verb = "create"
	Update Verb = "change"
	Delete Verb = "delete"
)

// Change is one line of a plan.
type Change struct {
	Verb    Verb
	Noun    string   // unit, tariff, …
	Name    string   // as the document calls the object
	Members []string // of a change: what differs, in order; the members of a tariff's add-ons as add_ons/<code>
}

// Plan is what an import changes, in the order in which it does.
type Plan struct{ Changes []Change }

// Count is how many changes of one sort there are.
func (p Plan) Count(v Verb) (n int) {
	for _, c := range p.Changes {
		if c.Verb == v {
			n++
		}
	}
	return n
}

// useCases are those of the features, bound to one transaction.
type useCases struct {
	units    measure.Engine
	products product.Engine
	modules  *module.Engine
	tariffs  *tariff.Engine
}

// run is one export or import: a transaction, and what is known of the catalogue so far.
type run struct {
	reader
	Plan
	e      *Engine
	tx     Tx
	by     actor.Actor
	shapes shapes
	prune  bool
	only   map[string]bool // names of the providers that are exported; nil: all

	do          useCases
	dataCenters *datacenter.Engine
	clients     *client.Engine
	departments *department.Engine

	// Objects by name, as the sections before have left them.
	providers, departmentNames, places, modules names
	ipManagers, licenseServers                  names
	tariffGroups, clientGroups                  names
	firstDepartment                             string // takes the tasks of a module that names none
	content                                     map[string][]product.Content
	items                                       map[string][]product.EnumerationItem // of the enumerations
	inner                                       []section                            // lists within objects of the document
	withParameters                              []typeItem                           // product types of the document
	tariffs                                     []catalog.Tariff                     // of the installation
	// tried is what an import connects with anew, to be tried before it.
	tried []attempt
}

// attempt is one panel to be tried: the module as it will be.
type attempt struct {
	place string
	live  provision.Module
}

// begin binds the use-cases of the features to one transaction.
func (e *Engine) begin(tx Tx, by actor.Actor) *run {
	r := &run{
		e: e, tx: tx, by: by, shapes: shapes{}, providers: names{}, departmentNames: names{}, places: names{}, modules: names{},
		ipManagers: names{}, licenseServers: names{}, tariffGroups: names{}, clientGroups: names{},
		content: map[string][]product.Content{}, items: map[string][]product.EnumerationItem{},
	}
	r.do.units.InTx = func(_ context.Context, fn func(measure.Tx) error) error { return fn(tx) }
	r.do.products.InTx = func(_ context.Context, fn func(product.Tx) error) error { return fn(tx) }
	r.do.modules = e.Modules.Within(tx, func(_ context.Context, m module.Module, live provision.Module) error {
		r.tried = append(r.tried, attempt{"processing_modules/" + m.Name, live})
		return nil
	})
	r.do.tariffs = e.Tariffs.Within(tx)
	r.dataCenters = &datacenter.Engine{
		InTx: func(_ context.Context, fn func(datacenter.Tx) error) error { return fn(tx) }, ExternalID: e.ExternalID,
	}
	r.clients = &client.Engine{Zone: e.Zone, InTx: func(_ context.Context, fn func(client.Tx) error) error { return fn(tx) }}
	r.departments = &department.Engine{InTx: func(_ context.Context, fn func(department.Tx) error) error { return fn(tx) }}
	return r
}

// names finds objects by the names that a document calls them.
type names map[string][]string

func (n names) add(name, id string) { n[name] = append(n[name], id) }

// of is the name of an id.
func (n names) of(id string) string {
	for name, ids := range n {
		for _, x := range ids {
			if x == id {
				return name
			}
		}
	}
	return ""
}

// id resolves a reference of an object; what is wrong with it is noted at the member. An empty name is no reference.
func (r *run) id(in names, noun, name string, it item, member string) string {
	if name == "" {
		return ""
	}
	ids := in[name]
	if len(ids) == 1 {
		return ids[0]
	}
	at, path := follow(it.node, "/"+member)
	if len(ids) == 0 {
		r.add(at, it.place+path, "not_found", "There is no %s called %q.", noun, name)
	} else {
		r.add(at, it.place+path, "bad_value", "%d objects of the sort %s are called %q; give them names of their own first.", len(ids), noun, name)
	}
	return ""
}
