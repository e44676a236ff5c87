package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/tariffd/tariffd/internal/fault"
)

// rule is one schema of the contract, prepared for checking values that were decoded with UseNumber. It exists beside
// kin-openapi's own visitor because that one reads numbers as floats, hides what is wrong below allOf, and has no stable
// word for each violation; a test holds both to the same verdict.
type rule struct {
	kind     string // object, array, string, integer, number, boolean; empty: any
	nullable bool
	enum     []string
	pattern  *regexp.Regexp
	instant  bool // format date-time
	least    *big.Float
	most     *big.Float
	short    uint64 // minLength, minItems, minProperties
	long     *uint64
	unique   bool
	required []string
	members  map[string]*rule
	closed   bool  // no further members
	extra    *rule // of further members; nil: anything
	items    *rule
	all      []*rule
	one      []*rule
}

// compiler prepares each schema once; schemas may refer to themselves.
type compiler map[*openapi3.Schema]*rule

func (c compiler) compile(ref *openapi3.SchemaRef) (*rule, error) {
	if ref == nil || ref.Value == nil {
		return nil, nil
	}
	s := ref.Value
	if r, ok := c[s]; ok {
		return r, nil
	}
	r := &rule{
		nullable: s.Nullable, instant: s.Format == "date-time", short: s.MinLength, long: s.MaxLength, unique: s.UniqueItems,
		required: s.Required, least: float(s.Min), most: float(s.Max),
	}
	c[s] = r
	if types := s.Type.Slice(); len(types) == 1 {
		r.kind = types[0]
	}
	switch r.kind {
	case "array":
		r.short, r.long = s.MinItems, s.MaxItems
	case "object":
		r.short, r.long = s.MinProps, s.MaxProps
	}
	for _, v := range s.Enum {
		r.enum = append(r.enum, fmt.Sprint(v))
	}
	var err error
	if s.Pattern != "" {
		if r.pattern, err = regexp.Compile(s.Pattern); err != nil {
			return nil, err
		}
	}
	return r, c.compileParts(r, s)
}

func (c compiler) compileParts(r *rule, s *openapi3.Schema) (err error) {
	if r.items, err = c.compile(s.Items); err != nil {
		return err
	}
	if r.extra, err = c.compile(s.AdditionalProperties.Schema); err != nil {
		return err
	}
	r.closed = s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has
	if len(s.Properties) > 0 {
		r.members = map[string]*rule{}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if r.members[name], err = c.compile(s.Properties[name]); err != nil {
			return err
		}
	}
	if r.all, err = c.compileAll(s.AllOf); err != nil {
		return err
	}
	r.one, err = c.compileAll(append(append(openapi3.SchemaRefs{}, s.OneOf...), s.AnyOf...))
	return err
}

func (c compiler) compileAll(refs openapi3.SchemaRefs) (out []*rule, err error) {
	for _, ref := range refs {
		r, err := c.compile(ref)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func float(f *float64) *big.Float {
	if f == nil {
		return nil
	}
	return big.NewFloat(*f)
}

// violations are those of a whole value, each once: a schema and what it is composed of may find the same.
func (r *rule) violations(value any) (out fault.Fields) {
	var found fault.Fields
	r.check(&found, nil, value)
	for _, x := range found {
		same := func(o fault.Field) bool { return o.Pointer == x.Pointer && o.Code == x.Code }
		if !slices.ContainsFunc(out, same) {
			out = append(out, x)
		}
	}
	return out
}

// check notes every violation of a decoded value below a place.
func (r *rule) check(f *fault.Fields, at *spot, value any) {
	if r == nil {
		return
	}
	if value == nil {
		if !r.allowsNull() {
			f.Add(at.pointer(), "wrong_type", "A value is expected, not null.")
		}
		return
	}
	for _, part := range r.all {
		part.check(f, at, value)
	}
	if len(r.one) > 0 {
		r.checkOne(f, at, value)
	}
	switch v := value.(type) {
	case map[string]any:
		if r.is(f, at, "object") {
			r.checkObject(f, at, v)
		}
	case []any:
		if r.is(f, at, "array") {
			r.checkArray(f, at, v)
		}
	case string:
		if r.is(f, at, "string") {
			r.checkText(f, at, v)
		}
	case json.Number:
		r.checkNumber(f, at, v)
	case bool:
		if r.is(f, at, "boolean") && r.enum != nil && !slices.Contains(r.enum, fmt.Sprint(v)) {
			f.Add(at.pointer(), "unknown_value", "One of %s is expected.", strings.Join(r.enum, ", "))
		}
	}
}

// allowsNull: a schema that says nothing of its own type leaves the answer to its parts.
func (r *rule) allowsNull() bool {
	if r.nullable || (r.kind == "" && len(r.all) == 0 && len(r.one) == 0 && r.enum == nil) {
		return true
	}
	for _, part := range r.all {
		if r.kind == "" && part.allowsNull() {
			return true
		}
	}
	return slices.ContainsFunc(r.one, (*rule).allowsNull)
}

func (r *rule) is(f *fault.Fields, at *spot, kind string) bool {
	if r.kind != "" && r.kind != kind {
		f.Add(at.pointer(), "wrong_type", "%s is expected.", article[r.kind])
		return false
	}
	return true
}

var article = map[string]string{
	"object": "An object", "array": "A list", "string": "A text", "integer": "A whole number", "number": "A number", "boolean": "true or false",
}

// checkOne accepts what one alternative accepts; else it tells what is wrong with the alternative of the same type.
func (r *rule) checkOne(f *fault.Fields, at *spot, value any) {
	var nearest fault.Fields
	for _, way := range r.one {
		var found fault.Fields
		if way.check(&found, at, value); len(found) == 0 {
			return
		}
		if found[0].Code != "wrong_type" || found[0].Pointer != at.pointer() {
			nearest = found
		}
	}
	if nearest == nil {
		f.Add(at.pointer(), "wrong_type", "A value of another type is expected.")
	}
	*f = append(*f, nearest...)
}

func (r *rule) checkObject(f *fault.Fields, at *spot, v map[string]any) {
	r.size(f, at, uint64(len(v)), "too_few", "too_many", "members")
	for _, name := range r.required {
		if _, ok := v[name]; !ok {
			f.Add((&spot{above: at, name: name}).pointer(), "required", "This member is required.")
		}
	}
	for name, member := range v {
		known, ok := r.members[name]
		place := spot{above: at, name: name}
		switch {
		case ok:
			known.check(f, &place, member)
		case r.closed:
			f.Add(place.pointer(), "unknown_field", "There is no such member.")
		case r.extra != nil:
			r.extra.check(f, &place, member)
		default:
			free(f, &place, member)
		}
		if strings.IndexByte(name, 0) >= 0 {
			f.Add(place.pointer(), "bad_value", "A name holds a NUL character.")
		}
	}
}

func (r *rule) checkArray(f *fault.Fields, at *spot, v []any) {
	r.size(f, at, uint64(len(v)), "too_few", "too_many", "entries")
	seen := map[string]bool{}
	for i, item := range v {
		place := spot{above: at, index: i, listed: true}
		if r.items != nil {
			r.items.check(f, &place, item)
		} else {
			free(f, &place, item)
		}
		if r.unique {
			text, _ := json.Marshal(item)
			if seen[string(text)] {
				f.Add(place.pointer(), "duplicate_value", "This entry stands in the list twice.")
			}
			seen[string(text)] = true
		}
	}
}

func (r *rule) checkText(f *fault.Fields, at *spot, v string) {
	switch {
	case !storable(v):
		f.Add(at.pointer(), "bad_value", "A text holds a NUL character, or is not UTF-8.")
	case r.enum != nil && !slices.Contains(r.enum, v):
		f.Add(at.pointer(), "unknown_value", "One of %s is expected.", strings.Join(r.enum, ", "))
	case r.pattern != nil && !r.pattern.MatchString(v):
		f.Add(at.pointer(), "bad_format", "The text has not the expected form.")
	case r.instant && !isInstant(v):
		f.Add(at.pointer(), "bad_format", "A moment such as 2026-03-01T00:00:00Z is expected.")
	default:
		r.size(f, at, uint64(utf8.RuneCountInString(v)), "too_short", "too_long", "characters")
	}
}

// storable: a database keeps neither NUL nor what is not UTF-8.
func storable(v string) bool { return strings.IndexByte(v, 0) < 0 && utf8.ValidString(v) }

func isInstant(v string) bool {
	t, err := time.Parse(time.RFC3339, v)
	return err == nil && t.UTC().Year() >= 1 && t.UTC().Year() <= 9999
}

func (r *rule) size(f *fault.Fields, at *spot, n uint64, few, many, what string) {
	if n < r.short {
		f.Add(at.pointer(), few, "At least %d %s are expected.", r.short, what)
	}
	if r.long != nil && n > *r.long {
		f.Add(at.pointer(), many, "At most %d %s are accepted.", *r.long, what)
	}
}

func (r *rule) checkNumber(f *fault.Fields, at *spot, v json.Number) {
	switch r.kind {
	case "integer":
		// 1.0 and 1e2 are numbers of JSON, but not written as whole ones; every reader of ours would refuse them.
		if strings.ContainsAny(v.String(), ".eE") {
			f.Add(at.pointer(), "wrong_type", "A whole number is expected.")
			return
		}
		if _, err := v.Int64(); err != nil {
			f.Add(at.pointer(), "out_of_range", "The number is too large.")
			return
		}
	case "number", "":
	default:
		r.is(f, at, "number")
		return
	}
	n, _, err := big.ParseFloat(v.String(), 10, 128, big.ToNearestEven)
	if err != nil {
		f.Add(at.pointer(), "out_of_range", "The number is too large.")
		return
	}
	if r.least != nil && n.Cmp(r.least) < 0 {
		f.Add(at.pointer(), "out_of_range", "At least %s is expected.", r.least.Text('f', -1))
	}
	if r.most != nil && n.Cmp(r.most) > 0 {
		f.Add(at.pointer(), "out_of_range", "At most %s is accepted.", r.most.Text('f', -1))
	}
}

// free looks into members that the contract leaves open, for what a database cannot keep.
func free(f *fault.Fields, at *spot, value any) { anything.check(f, at, value) }

var anything = &rule{}

// spot is where a value stands in a body. It is written down only where something is wrong, because nearly nothing ever is.
type spot struct {
	above  *spot // nil: the body itself
	name   string
	index  int
	listed bool // an entry of a list, which has an index and no name
}

// pointer is the JSON Pointer of a place (RFC 6901); that of the body, nil, is empty.
func (s *spot) pointer() string {
	switch {
	case s == nil:
		return ""
	case s.listed:
		return s.above.pointer() + "/" + strconv.Itoa(s.index)
	}
	return s.above.pointer() + "/" + escape(s.name)
}

// escape writes a name as one step of a JSON Pointer (RFC 6901).
func escape(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
