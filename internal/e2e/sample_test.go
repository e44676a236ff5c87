package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// unknown is an id that nothing has.
const unknown = "01957f0e-8b44-7f60-8e2d-1a9c7b5d3f08"

// forms are tried in turn where a schema wants a text of a certain form.
var forms = []string{unknown, "2026-03-01", "1", "EUR", "P1M", "DE", "sample", "somebody@shop.example", "+49 30 123"}

// sample makes the smallest value that a schema accepts, or with whole the one that uses every member.
func sample(s *openapi3.Schema, whole bool) any {
	s = merged(s)
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.OneOf) > 0:
		return sample(s.OneOf[0].Value, whole)
	case s.Type.Is("object"):
		out := map[string]any{}
		for name, member := range s.Properties {
			if whole || slices.Contains(s.Required, name) {
				out[name] = sample(member.Value, whole)
			}
		}
		if uint64(len(out)) < s.MinProps {
			out["sample"] = "sample"
		}
		return out
	case s.Type.Is("array"):
		out := []any{}
		for range max(s.MinItems, 1) {
			if whole || s.MinItems > 0 {
				out = append(out, sample(s.Items.Value, whole))
			}
		}
		return out
	case s.Type.Is("boolean"):
		return true
	case s.Type.Is("integer"), s.Type.Is("number"):
		if s.Min != nil {
			return *s.Min
		}
		return 1.0
	}
	return sampleText(s)
}

func sampleText(s *openapi3.Schema) string {
	if s.Format == "date-time" {
		return begin
	}
	for _, text := range forms {
		fits := s.Pattern == "" || regexp.MustCompile(s.Pattern).MatchString(text)
		if fits && uint64(len(text)) >= s.MinLength && (s.MaxLength == nil || uint64(len(text)) <= *s.MaxLength) {
			return text
		}
	}
	panic(fmt.Sprintf("no sample has the form %s", s.Pattern))
}

// merged is a schema with the parts of its allOf in it; in this contract a part never contradicts the whole.
func merged(s *openapi3.Schema) *openapi3.Schema {
	for _, part := range s.AllOf {
		below := *merged(part.Value)
		below.Nullable = below.Nullable || s.Nullable
		s = &below
	}
	return s
}

// place is one typed spot of a body: its JSON Pointer, its schema, and the whole body with something else in it.
type place struct {
	pointer string
	schema  *openapi3.Schema
	with    func(any) any
	without any // the body without the member, where the schema requires it
}

// places lists every typed spot of a body below its top. Free forms have none, nor have the rows that are judged one by
// one instead of refusing the whole body.
func places(s *openapi3.Schema, value any) (all []place) {
	s = merged(s)
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if s.Properties[name] == nil {
				continue
			}
			member := s.Properties[name].Value
			here := place{pointer: "/" + name, schema: merged(member), with: func(x any) any { return replaced(v, name, x) }}
			if slices.Contains(s.Required, name) {
				short := maps.Clone(v)
				delete(short, name)
				here.without = short
			}
			all = append(all, here)
			all = append(all, below(here, places(member, v[name]))...)
		}
	case []any:
		if s.Items == nil || s.Items.Value.Extensions["x-go-type"] == "json.RawMessage" {
			return nil
		}
		for i := range v {
			at := func(x any) any {
				out := slices.Clone(v)
				out[i] = x
				return out
			}
			here := place{pointer: "/" + strconv.Itoa(i), schema: merged(s.Items.Value), with: at}
			all = append(all, here)
			all = append(all, below(here, places(s.Items.Value, v[i]))...)
		}
	}
	return all
}

// below puts places of a member into the body that holds the member.
func below(holder place, inner []place) (all []place) {
	for _, p := range inner {
		out := p
		out.pointer = holder.pointer + p.pointer
		out.with = func(x any) any { return holder.with(p.with(x)) }
		if p.without != nil {
			out.without = holder.with(p.without)
		}
		all = append(all, out)
	}
	return all
}

func replaced(v map[string]any, name string, x any) map[string]any {
	out := maps.Clone(v)
	out[name] = x
	return out
}

// wrong is a value of another type than a schema wants; ok is false where any type will do.
func wrong(s *openapi3.Schema) (value any, ok bool) {
	switch {
	case len(s.OneOf) > 0:
		return []any{}, true
	case s.Type.Is("string"):
		return 7, true
	case s.Type == nil && len(s.Enum) == 0:
		return nil, false
	}
	return "text", true
}

// address fills the parameters of a path with names that nothing has.
func (op spoken) address() string {
	return strings.NewReplacer(
		"{id}", unknown, "{server_service_id}", unknown, "{day}", "2026-03-01", "{code}", "no_such", "{name}", "no_such", "{add_on}", "no_such",
		"{parameter}", "no_such",
	).Replace(op.path)
}

// roles are who may call an operation; none for those that need no key.
func (op spoken) roles() (all []string) {
	list, _ := op.Extensions["x-roles"].([]any)
	for _, role := range list {
		all = append(all, role.(string))
	}
	return all
}

// extension is an x- text of an operation, or empty.
func (op spoken) extension(name string) string {
	text, _ := op.Extensions[name].(string)
	return text
}

// body is the schema of an operation's JSON body, or nil.
func (op spoken) body() *openapi3.Schema {
	if op.RequestBody == nil {
		return nil
	}
	if media := op.RequestBody.Value.Content["application/json"]; media != nil {
		return media.Schema.Value
	}
	return nil
}

// takes tells whether an operation has a query parameter.
func (op spoken) takes(name string) bool { return op.Parameters.GetByInAndName("query", name) != nil }

// takesPicture tells whether the body is a picture.
func (op spoken) takesPicture() bool {
	return op.RequestBody != nil && op.RequestBody.Value.Content.Get("image/png") != nil
}

// requiredParameters gives the required parameters of a query a value, to stand behind others.
func (op spoken) requiredParameters() string {
	var out strings.Builder
	for _, p := range op.Parameters {
		if p.Value.In == "query" && p.Value.Required {
			out.WriteString("&" + p.Value.Name + "=" + fmt.Sprint(sample(p.Value.Schema.Value, false)))
		}
	}
	return out.String()
}
