package pricelist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	yaml "go.yaml.in/yaml/v3"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
)

// Version is the version of the document's form.
const Version = "1"

// sections are all kinds of objects, each after those that it refers to.
func sections(check bool) []section {
	return []section{
		providers(), departments(), units(), enumerations(), dataCenters(), integrations(), productTypes(),
		tariffGroups(), clientGroups(), ipManagers(), licenseServers(), modules(check),
		parameterLists{},
		newTariffs(), taxRules(),
	}
}

// Options say how to import.
type Options struct {
	PlanOnly bool // change nothing
	Prune    bool // delete what the document does not have; what is in use is refused
	NoCheck  bool // do not try the panels of modules that are new or connect in another way
}

// errPlanned ends the transaction of an import that only plans.
var errPlanned = errors.New("pricelist: planned")

// Import brings a document into the installation, in one transaction: whole or not at all. What is wrong with it are
// Problems. Panels are tried before, outside any transaction.
func (e *Engine) Import(ctx context.Context, by actor.Actor, document []byte, o Options) (Plan, error) {
	// A long document is read beside the tariffs that are there.
	parsed := sync.OnceValues(func() (*yaml.Node, error) { return parse(document) })
	go func() { _, _ = parsed() }()
	if !o.NoCheck && bytes.Contains(document, []byte("processing_modules")) {
		root, err := parsed()
		if err == nil {
			err = e.tryPanels(ctx, by, root)
		}
		if err != nil {
			return Plan{}, err
		}
	}
	var plan Plan
	err := e.InTx(ctx, func(tx Tx) error {
		r := e.begin(tx, by)
		r.prune = o.Prune
		if err := r.readTariffs(ctx); err != nil {
			return err
		}
		root, err := parsed()
		if err != nil {
			return err
		}
		if err := r.importAll(ctx, root, sections(!o.NoCheck), ""); err != nil {
			return err
		}
		if plan = r.Plan; o.PlanOnly {
			return errPlanned
		}
		return nil
	})
	if errors.Is(err, errPlanned) {
		err = nil
	}
	return plan, placed(err)
}

// tryPanels plans the import as far as the modules and tries the panels of those that are new or connect in another way.
func (e *Engine) tryPanels(ctx context.Context, by actor.Actor, root *yaml.Node) error {
	if child(root, "processing_modules") == nil {
		return nil
	}
	var tried []attempt
	err := e.InTx(ctx, func(tx Tx) error {
		r := e.begin(tx, by)
		if err := tx.LockPriceList(ctx); err != nil {
			return err
		}
		if err := r.importAll(ctx, root, sections(true), "processing_modules"); err != nil {
			return err
		}
		tried = r.tried
		return errPlanned
	})
	if !errors.Is(err, errPlanned) {
		return placed(err)
	}
	var found Problems
	for _, a := range tried {
		err = e.Modules.Try(ctx, a.live)
		at, _ := follow(root, "/"+a.place)
		if err = found.note(at, a.place, err); err != nil {
			return err
		}
	}
	return found.err()
}

// placed gives a fault that only the end of a transaction told the place of the object that it was about.
func placed(err error) error {
	var s *stopped
	if !errors.As(err, &s) {
		return err
	}
	var found Problems
	if rest := found.note(s.node, s.place, err); rest != nil {
		return rest
	}
	return found
}

// readTariffs reads what is there, once no other import runs.
func (r *run) readTariffs(ctx context.Context) error {
	if err := r.tx.LockPriceList(ctx); err != nil {
		return err
	}
	list, err := r.tx.TariffsAll(ctx)
	r.tariffs = list
	return err
}

// importAll plans and applies the sections, up to one of them; empty: all.
func (r *run) importAll(ctx context.Context, root *yaml.Node, all []section, until string) error {
	r.readAll(root, all)
	if err := r.err(); err != nil {
		return err
	}
	for _, s := range all {
		err := s.have(ctx, r)
		if err == nil {
			err = s.apply(ctx, r)
		}
		// Later sections refer to this one: after a problem they would only tell of consequences.
		if err == nil {
			err = r.err()
		}
		if err != nil || s.name() == until {
			return err
		}
	}
	if !r.prune {
		return nil
	}
	// The inner lists of an object come before the object, as if they were sections of their own.
	for _, s := range slices.Backward(slices.Insert(all, slices.Index(sectionNames(all), "tariffs"), r.inner...)) {
		if err := s.remove(ctx, r); err != nil {
			return err
		}
	}
	return r.err()
}

func sectionNames(all []section) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = s.name()
	}
	return out
}

// readAll reads every section strictly.
func (r *run) readAll(root *yaml.Node, all []section) {
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, n := root.Content[i], root.Content[i+1]
		at := slices.Index(sectionNames(all), key.Value)
		switch {
		case key.Value == "version" && n.Value != Version:
			r.add(n, "version", "unknown_value", "This program reads documents of version %s.", Version)
		case key.Value == "version":
		case at < 0:
			r.add(key, key.Value, "unknown_field", "A document has no such section.")
		case child(root, key.Value) != n:
			r.add(key, key.Value, "duplicate_value", "The section stands here twice.")
		default:
			all[at].read(r, n)
		}
	}
	if child(root, "version") == nil {
		r.add(root, "version", "required", "A document begins with version: %s.", Version)
	}
	if r.nodes > maxNodes {
		r.add(root, "", "too_many", "The document is too large.")
	}
}

// parse reads one YAML document whose root has members.
func parse(document []byte) (*yaml.Node, error) {
	var found Problems
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(document))
	err := d.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		found.add(nil, "", "required", "The document is empty.")
	case err != nil:
		found.add(nil, "", "bad_format", "This is no YAML: %s", err)
	case len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode:
		found.add(&doc, "", "wrong_type", "A document has members: version, tariffs, …")
	case !errors.Is(d.Decode(&more), io.EOF):
		found.add(nil, "", "too_many", "One document is expected.")
	}
	if err = found.err(); err != nil {
		return nil, err
	}
	return doc.Content[0], nil
}

// Export writes everything that is sold; providers limits it to what some of them sell (by name; none: all). Faults:
// not_found (a provider), Problems where objects share a name.
func (e *Engine) Export(ctx context.Context, providers []string) (document []byte, err error) {
	err = e.InSnapshot(ctx, func(tx Tx) error {
		r := e.begin(tx, actor.Actor{})
		for _, name := range providers {
			if r.only == nil {
				r.only = map[string]bool{}
			}
			r.only[name] = true
		}
		document, err = r.exportAll(ctx)
		return err
	})
	return document, err
}

func (r *run) exportAll(ctx context.Context) ([]byte, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	root.Content = append(root.Content, text("version"), &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: Version})
	var err error
	if r.tariffs, err = r.tx.TariffsAll(ctx); err != nil {
		return nil, err
	}
	for _, s := range sections(false) {
		if err = s.have(ctx, r); err != nil {
			return nil, err
		}
		if list := s.export(r); list != nil {
			root.Content = append(root.Content, text(s.name()), list)
		}
	}
	for name := range r.only {
		if len(r.providers[name]) == 0 {
			return nil, fault.New(fault.NotFound, "not_found", "There is no provider called %q.", name)
		}
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("write the document: %w", err)
	}
	return out.Bytes(), enc.Close()
}
