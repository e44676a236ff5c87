package pricelist

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
	yaml "go.yaml.in/yaml/v3"
)

// A document's objects are read into Go values by the names of their json tags: the document has the words of the API, and a
// member that the API's types get is one of the document too. What a member does not say keeps the value that is there, so
// an object is read over its defaults.

// maxNodes bounds what aliases may blow a document up to.
const maxNodes = 20_000_000

// reader reads one document and notes everything that is wrong with it.
type reader struct {
	Problems
	nodes int
}

// derived are members of types of the catalogue that follow from others, or are the program's own.
var derived = map[string]bool{
	"AddOn.value_type": true, "AddOn.created_at": true, "AddOn.version": true, "ItemPrice.name": true,
}

// member is one member of a struct that stands in documents.
type member struct {
	name  string
	index int
}

// shapes keeps the members of the types that were met; documents are read by one goroutine.
type shapes map[reflect.Type][]member

func (s shapes) of(t reflect.Type) []member {
	if known, ok := s[t]; ok {
		return known
	}
	list := []member{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "" || name == "-" || derived[t.Name()+"."+name] {
			continue
		}
		list = append(list, member{name, i})
	}
	s[t] = list
	return list
}

var (
	decimalType = reflect.TypeFor[decimal.Decimal]()
	rawType     = reflect.TypeFor[json.RawMessage]()
)

// read reads a node over what v holds.
func (r *reader) read(s shapes, n *yaml.Node, v reflect.Value, place string) {
	n = resolved(n)
	if r.nodes++; r.nodes > maxNodes {
		return
	}
	switch {
	case v.Type() == rawType:
		v.Set(reflect.ValueOf(r.free(n, place)))
	case v.Kind() == reflect.Pointer:
		r.pointer(s, n, v, place)
	case isNull(n) && v.Kind() == reflect.Slice:
		v.SetZero() // a list of which nothing is written
	case isNull(n):
		r.add(n, place, "wrong_type", "A value is expected.")
	case v.Type() == decimalType:
		r.decimal(n, v, place)
	case v.Kind() == reflect.Struct:
		r.members(s, n, v, place)
	case v.Kind() == reflect.Slice:
		r.elements(s, n, v, place)
	default:
		r.scalar(n, v, place)
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func (r *reader) pointer(s shapes, n *yaml.Node, v reflect.Value, place string) {
	if isNull(n) {
		v.SetZero()
		return
	}
	own := reflect.New(v.Type().Elem())
	if !v.IsNil() {
		own.Elem().Set(v.Elem())
	}
	r.read(s, n, own.Elem(), place)
	v.Set(own)
}

func (r *reader) members(s shapes, n *yaml.Node, v reflect.Value, place string) {
	if n.Kind != yaml.MappingNode {
		r.add(n, place, "wrong_type", "Members are expected.")
		return
	}
	known := s.of(v.Type())
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, found := n.Content[i], false
		at := place + "/" + key.Value
		if seen[key.Value] {
			r.add(key, at, "duplicate_value", "The member stands here twice.")
		}
		seen[key.Value] = true
		for _, m := range known {
			if found = m.name == key.Value; found {
				r.read(s, n.Content[i+1], v.Field(m.index), at)
				break
			}
		}
		if !found {
			r.add(key, at, "unknown_field", "There is no such member.")
		}
	}
}

// elements reads a list; where v has as many elements already, they are the defaults of the new ones.
func (r *reader) elements(s shapes, n *yaml.Node, v reflect.Value, place string) {
	if n.Kind != yaml.SequenceNode {
		r.add(n, place, "wrong_type", "A list is expected.")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	if v.Len() == len(n.Content) && v.Type().Elem().Kind() == reflect.Struct {
		reflect.Copy(list, v)
	}
	for i, x := range n.Content {
		r.read(s, x, list.Index(i), place+"/"+callOf(x, i))
	}
	v.Set(list)
}

func (r *reader) decimal(n *yaml.Node, v reflect.Value, place string) {
	d, err := decimal.NewFromString(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || strings.ContainsAny(n.Value, "eE") {
		r.add(n, place, "bad_format", "A decimal such as \"12.50\" is expected.")
		return
	}
	v.Set(reflect.ValueOf(d))
}

func (r *reader) scalar(n *yaml.Node, v reflect.Value, place string) {
	if n.Kind != yaml.ScalarNode {
		r.add(n, place, "wrong_type", "A single value is expected.")
		return
	}
	switch v.Kind() {
	case reflect.String: // 3 and yes are texts where a text is expected
		v.SetString(n.Value)
	case reflect.Bool:
		if n.ShortTag() != "!!bool" {
			r.add(n, place, "wrong_type", "true or false is expected.")
			return
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	default:
		bits := 64
		if v.Kind() == reflect.Int {
			bits = 32 // as the columns of the database
		}
		i, err := strconv.ParseInt(n.Value, 10, bits)
		if n.ShortTag() != "!!int" || err != nil {
			r.add(n, place, "wrong_type", "A whole number is expected.")
			return
		}
		v.SetInt(i)
	}
}

// free reads what has no shape of its own, such as the settings of a driver, as JSON with its members in order.
func (r *reader) free(n *yaml.Node, place string) json.RawMessage {
	raw, err := json.Marshal(r.value(n, place))
	if err != nil {
		r.add(n, place, "bad_value", "This cannot be written as JSON.")
		return nil
	}
	return raw
}

func (r *reader) value(n *yaml.Node, place string) any {
	n = resolved(n)
	if r.nodes++; r.nodes > maxNodes {
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = r.value(n.Content[i+1], place+"/"+n.Content[i].Value)
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, x := range n.Content {
			list[i] = r.value(x, place+"/"+strconv.Itoa(i))
		}
		return list
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value)
		}
	}
	return n.Value
}

// canonical is JSON with its members in order, so that equal documents are equal bytes; nothing and null are the same.
func canonical(raw json.RawMessage) []byte {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || v == nil {
		return nil
	}
	out, err := json.Marshal(v)
	if err != nil {
		return raw
	}
	return out
}
