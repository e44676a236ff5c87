package badinput

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/tariffd/tariffd/api"
)

// spec is openapi.yaml as it is built in.
type spec struct {
	doc        *openapi3.T
	operations []operation
}

// operation is one operation of the contract and where it lives.
type operation struct {
	*openapi3.Operation

	method, path string
}

var contract = sync.OnceValue(func() *spec {
	doc, err := api.GetSwagger()
	if err != nil {
		panic(err)
	}
	s := &spec{doc: doc}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			op.OperationID = strings.ToLower(op.OperationID[:1]) + op.OperationID[1:]
			op.Parameters = append(slices.Clone(op.Parameters), item.Parameters...)
			s.operations = append(s.operations, operation{op, method, path})
		}
	}
	slices.SortFunc(s.operations, func(a, b operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	return s
})

// roles are who may call an operation; none for those that need no key.
func (op operation) roles() (all []string) {
	words, _ := op.Extensions["x-roles"].([]any)
	for _, w := range words {
		all = append(all, w.(string))
	}
	return all
}

func (op operation) onceKey() string { s, _ := op.Extensions["x-idempotency"].(string); return s }
func (op operation) streams() bool   { return op.Extensions["x-streaming"] != nil }

// parameters are those in "path", "query" or "header".
func (op operation) parameters(in string) (all []*openapi3.Parameter) {
	for _, ref := range op.Parameters {
		if ref.Value.In == in {
			all = append(all, ref.Value)
		}
	}
	return all
}

// body is the shape of the JSON body; nil: it takes none.
func (op operation) body() *shape {
	if op.RequestBody == nil {
		return nil
	}
	if media := op.RequestBody.Value.Content["application/json"]; media != nil {
		return shapeOf(media.Schema)
	}
	return nil
}

// shape is what a schema and the parts of its allOf want together.
type shape struct {
	kinds       []string // JSON types; empty: any
	nullable    bool
	enum        []any
	pattern     *regexp.Regexp
	format      string
	least, most *float64
	short       uint64
	long        *uint64
	unique      bool
	required    []string
	members     map[string]*openapi3.SchemaRef
	closed      bool
	extra       *openapi3.SchemaRef // further members
	items       *openapi3.SchemaRef
	alone       bool // a row that is judged by itself instead of refusing the whole body
	ways        int  // alternatives
}

func shapeOf(ref *openapi3.SchemaRef) *shape {
	s := ref.Value
	out := &shape{members: map[string]*openapi3.SchemaRef{}}
	inner := false
	parts, ways := s.AllOf, append(slices.Clone(s.OneOf), s.AnyOf...)
	if len(ways) == 1 { // one way is no alternative
		parts, ways = append(slices.Clone(parts), ways...), nil
	}
	for _, part := range parts {
		p := shapeOf(part)
		inner = inner || p.nullable
		out.take(p)
	}
	for _, way := range ways {
		p := shapeOf(way)
		inner = inner || p.nullable
		out.kinds = append(out.kinds, p.kinds...)
		out.ways++
	}
	own := s.Type.Slice()
	out.take(ownShape(s, own))
	out.nullable = s.Nullable || (len(own) == 0 && inner)
	return out
}

func ownShape(s *openapi3.Schema, kinds []string) *shape {
	p := &shape{
		kinds: kinds, enum: s.Enum, format: s.Format, least: s.Min, most: s.Max, short: s.MinLength, long: s.MaxLength, unique: s.UniqueItems,
		required: s.Required, members: s.Properties, items: s.Items, extra: s.AdditionalProperties.Schema,
		closed: s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has, alone: s.Extensions["x-go-type"] == "json.RawMessage",
	}
	if s.Pattern != "" {
		p.pattern = regexp.MustCompile(s.Pattern)
	}
	switch {
	case s.Type.Is("array"):
		p.short, p.long = s.MinItems, s.MaxItems
	case s.Type.Is("object"):
		p.short, p.long = s.MinProps, s.MaxProps
	}
	return p
}

// take adds what a part wants; in this contract no part contradicts another.
func (s *shape) take(p *shape) {
	for _, k := range p.kinds {
		if !slices.Contains(s.kinds, k) {
			s.kinds = append(s.kinds, k)
		}
	}
	for name, m := range p.members {
		s.members[name] = m
	}
	s.required = append(s.required, p.required...)
	s.unique, s.closed, s.alone = s.unique || p.unique, s.closed || p.closed, s.alone || p.alone
	s.short, s.ways = max(s.short, p.short), s.ways+p.ways
	s.enum, s.format = either(p.enum, s.enum), cmp.Or(p.format, s.format)
	s.pattern, s.least, s.most, s.long = first(p.pattern, s.pattern), first(p.least, s.least), first(p.most, s.most), first(p.long, s.long)
	s.items, s.extra = first(p.items, s.items), first(p.extra, s.extra)
}

func first[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

func either[T any](a, b []T) []T {
	if len(a) > 0 {
		return a
	}
	return b
}

// is tells whether values of a JSON type fit.
func (s *shape) is(kind string) bool {
	return len(s.kinds) == 0 || slices.Contains(s.kinds, kind) || kind == "integer" && slices.Contains(s.kinds, "number")
}

// names is whether texts of this shape are ids.
func (s *shape) id() bool {
	return s.pattern != nil && strings.HasPrefix(s.pattern.String(), "^[0-9a-f]{8}-")
}

// day is whether they are days.
func (s *shape) day() bool {
	return s.pattern != nil && strings.HasPrefix(s.pattern.String(), `^\d{4}-(0[1-9]`)
}
