package pricelist

import (
	"context"
	"reflect"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// section is one list of the document, or a list within its objects.
type section interface {
	name() string
	// read reads the section's list strictly, noting what is wrong with its form.
	read(r *run, list *yaml.Node)
	// have reads what is there, which later sections refer to.
	have(ctx context.Context, r *run) error
	apply(ctx context.Context, r *run) error
	// remove deletes what the document does not have.
	remove(ctx context.Context, r *run) error
	export(r *run) *yaml.Node
}

// item is an object of the document: where it stands and what it says.
type item struct {
	node  *yaml.Node
	place string
}

// kind is one sort of object. D is the object as the document has it; its unexported fields are the program's own.
type kind[D any] struct {
	section, noun string
	inner         []string // members that are lists of objects of their own
	key           func(D) string
	// defaults is an object of which nothing is said but what `said` holds. The members that name it stay empty, so that they
	// are always written.
	defaults func(r *run, said D) D
	list     func(ctx context.Context, r *run) ([]D, error)
	// ready completes what a document says of an object, beside what is there (nil: nothing); optional.
	ready  func(ctx context.Context, r *run, it item, old, d *D) error
	create func(ctx context.Context, r *run, it item, d D) error
	update func(ctx context.Context, r *run, it item, old, d D) error
	delete func(ctx context.Context, r *run, old D) error
	// within handles the objects within an object, after it; optional.
	within func(ctx context.Context, r *run, it item, d D) error
	// builtin tells objects that need not be written where nothing differs from their defaults; optional.
	builtin func(D) bool
	// changesFirst lets what is there change before anything new is made.
	changesFirst bool

	items []item // of the document
	said  []D    // by them, without defaults
	met   map[string]bool
	there []D // in the installation, by name
}

// stopped is an error that ended an import at an object: what it means is known when the transaction has ended.
type stopped struct {
	item
	error
}

func (s *stopped) Unwrap() error { return s.error }

func (k *kind[D]) name() string { return k.section }

func (k *kind[D]) read(r *run, list *yaml.Node) {
	list = resolved(list)
	if isNull(list) {
		return
	}
	if list.Kind != yaml.SequenceNode {
		r.add(list, k.section, "wrong_type", "A list is expected.")
		return
	}
	for i, n := range list.Content {
		k.readItem(r, item{resolved(n), k.section + "/" + callOf(n, i)})
	}
}

func (k *kind[D]) readItem(r *run, it item) {
	var said D
	r.read(r.shapes, it.node, reflect.ValueOf(&said).Elem(), it.place)
	switch key := k.key(said); {
	case strings.Trim(key, "/") == "":
		r.add(it.node, it.place, "required", "The %s needs its name.", k.noun)
	case k.met[key]:
		r.add(it.node, it.place, "duplicate_value", "The %s stands in the document twice.", k.noun)
	default:
		if k.met == nil {
			k.met = map[string]bool{}
		}
		k.met[key] = true
	}
	k.items, k.said = append(k.items, it), append(k.said, said)
}

func (k *kind[D]) have(ctx context.Context, r *run) (err error) {
	k.there, err = k.list(ctx, r)
	slices.SortStableFunc(k.there, func(a, b D) int { return strings.Compare(k.key(a), k.key(b)) })
	return err
}

// apply creates and changes what differs. It goes on after a fault of one object, so that all are told.
func (k *kind[D]) apply(ctx context.Context, r *run) error {
	there := map[string][]int{}
	for i, d := range k.there {
		there[k.key(d)] = append(there[k.key(d)], i)
	}
	for _, i := range k.order(there) {
		it := k.items[i]
		var old *D
		switch at := there[k.key(k.said[i])]; {
		case len(at) > 1:
			r.add(it.node, it.place, "bad_value", "%d objects of the installation have this name; give them names of their own first.", len(at))
			continue
		case len(at) == 1:
			old = &k.there[at[0]]
		}
		if err := r.note(it.node, it.place, k.put(ctx, r, it, k.said[i], old)); err != nil {
			return &stopped{it, err}
		}
	}
	return nil
}

// order is that of the document, unless changes come first.
func (k *kind[D]) order(there map[string][]int) []int {
	order := make([]int, len(k.items))
	for i := range order {
		order[i] = i
	}
	if k.changesFirst {
		slices.SortStableFunc(order, func(a, b int) int { return len(there[k.key(k.said[b])]) - len(there[k.key(k.said[a])]) })
	}
	return order
}

func (k *kind[D]) put(ctx context.Context, r *run, it item, said D, old *D) error {
	d := k.defaults(r, said)
	found := len(r.Problems)
	r.read(r.shapes, it.node, reflect.ValueOf(&d).Elem(), it.place)
	if k.ready != nil {
		if err := k.ready(ctx, r, it, old, &d); err != nil {
			return err
		}
	}
	if len(r.Problems) > found {
		return nil
	}
	if err := k.write(ctx, r, it, d, old); err != nil || k.within == nil {
		return err
	}
	return k.within(ctx, r, it, d)
}

func (k *kind[D]) write(ctx context.Context, r *run, it item, d D, old *D) error {
	if old == nil {
		r.Changes = append(r.Changes, Change{Verb: Create, Noun: k.noun, Name: k.key(d)})
		return k.create(ctx, r, it, d)
	}
	members := slices.DeleteFunc(r.shapes.changed(reflect.ValueOf(*old), reflect.ValueOf(d)), func(name string) bool {
		return slices.Contains(k.inner, name)
	})
	if len(members) == 0 {
		return nil
	}
	r.Changes = append(r.Changes, Change{Verb: Update, Noun: k.noun, Name: k.key(d), Members: members})
	return k.update(ctx, r, it, *old, d)
}

// remove deletes what the document does not speak of and names what is in use.
func (k *kind[D]) remove(ctx context.Context, r *run) error {
	for _, d := range k.there {
		if k.met[k.key(d)] || k.builtin != nil && k.builtin(d) {
			continue
		}
		r.Changes = append(r.Changes, Change{Verb: Delete, Noun: k.noun, Name: k.key(d)})
		place := k.section + "/" + k.key(d)
		if err := r.note(nil, place, k.delete(ctx, r, d)); err != nil {
			return &stopped{item{place: place}, err}
		}
	}
	return nil
}

// export writes what is there, in order of the names; nil: nothing.
func (k *kind[D]) export(r *run) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for i, d := range k.there {
		if i > 0 && k.key(k.there[i-1]) == k.key(d) {
			r.add(nil, k.section+"/"+k.key(d), "duplicate_value", "Two objects have this name; give them names of their own first.")
		}
		n := r.shapes.write(reflect.ValueOf(d), reflect.ValueOf(k.defaults(r, d)))
		if n == nil || k.builtin != nil && k.builtin(d) && len(n.Content) == 2 {
			continue // nothing but its name
		}
		list.Content = append(list.Content, n)
	}
	if len(list.Content) == 0 {
		return nil
	}
	return list
}
