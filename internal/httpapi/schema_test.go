package httpapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func prepared(t testing.TB, schema string) *rule {
	t.Helper()
	s := &openapi3.Schema{}
	require.NoError(t, json.Unmarshal([]byte(schema), s))
	r, err := compiler{}.compile(&openapi3.SchemaRef{Value: s})
	require.NoError(t, err)
	return r
}

func TestSchemaViolations(t *testing.T) {
	t.Parallel()
	const member = `{"type":"object","additionalProperties":false,"properties":{"v":%},"required":[]}`
	for _, c := range []struct {
		schema, value string
		want          []string
	}{
		{`{"type":"string"}`, `1`, []string{"/v wrong_type"}},
		{`{"type":"string"}`, `null`, []string{"/v wrong_type"}},
		{`{"type":"string","nullable":true}`, `null`, nil},
		{`{"type":"string","enum":["a","b"]}`, `"c"`, []string{"/v unknown_value"}},
		{`{"type":"string","pattern":"^a$"}`, `"b"`, []string{"/v bad_format"}},
		{`{"type":"string","minLength":2,"maxLength":3}`, `"ä"`, []string{"/v too_short"}},
		{`{"type":"string","maxLength":3}`, `"äöüß"`, []string{"/v too_long"}},
		{`{"type":"string","format":"date-time"}`, `"2026-02-30T00:00:00Z"`, []string{"/v bad_format"}},
		{`{"type":"string","format":"date-time"}`, `"0000-01-01T00:00:00Z"`, []string{"/v bad_format"}},
		{`{"type":"string"}`, `"\u0000"`, []string{"/v bad_value"}},
		{`{"type":"object","additionalProperties":true}`, `{"x":[{"y":"\u0000"}]}`, []string{"/v/x/0/y bad_value"}},
		{`{"type":"integer"}`, `1.0`, []string{"/v wrong_type"}},
		{`{"type":"integer"}`, `99999999999999999999`, []string{"/v out_of_range"}},
		{`{"type":"integer","minimum":1,"maximum":9}`, `0`, []string{"/v out_of_range"}},
		{`{"type":"number","maximum":9}`, `9.5`, []string{"/v out_of_range"}},
		{`{"type":"boolean"}`, `"true"`, []string{"/v wrong_type"}},
		{`{"type":"array","items":{"type":"integer"},"minItems":1}`, `[]`, []string{"/v too_few"}},
		{`{"type":"array","items":{"type":"integer"},"maxItems":1}`, `[1,"x"]`, []string{"/v too_many", "/v/1 wrong_type"}},
		{`{"type":"array","uniqueItems":true,"items":{"type":"string"}}`, `["a","a"]`, []string{"/v/1 duplicate_value"}},
		{`{"type":"object","required":["a","b"],"properties":{"a":{"type":"string"}}}`, `{}`, []string{"/v/a required", "/v/b required"}},
		{`{"type":"object","additionalProperties":false}`, `{"a/b":1,"c~d":2}`, []string{"/v/a~1b unknown_field", "/v/c~0d unknown_field"}},
		{`{"type":"object","minProperties":1,"additionalProperties":true}`, `{}`, []string{"/v too_few"}},
		{`{"type":"string","allOf":[{"type":"string","pattern":"^a$"}]}`, `1`, []string{"/v wrong_type"}},
		{`{"type":"object","additionalProperties":{"type":"integer"}}`, `{"a":"x"}`, []string{"/v/a wrong_type"}},
		{`{"allOf":[{"type":"string","pattern":"^a$"}]}`, `"b"`, []string{"/v bad_format"}},
		{`{"allOf":[{"type":"string"}]}`, `null`, []string{"/v wrong_type"}},
		{`{"oneOf":[{"type":"boolean"},{"type":"string","pattern":"^a$"}]}`, `"b"`, []string{"/v bad_format"}},
		{`{"oneOf":[{"type":"boolean"},{"type":"string"}]}`, `1`, []string{"/v wrong_type"}},
		{`{"oneOf":[{"type":"boolean"},{"type":"string"}]}`, `true`, nil},
	} {
		r := prepared(t, strings.Replace(member, "%", c.schema, 1))
		value, err := decodeOne([]byte(`{"v":` + c.value + `}`))
		require.NoError(t, err)
		f := r.violations(value)
		var got []string
		for _, x := range f {
			got = append(got, x.Pointer+" "+x.Code)
			require.NotEmpty(t, x.Detail)
		}
		slices.Sort(got)
		require.Equal(t, c.want, got, "%s of %s", c.value, c.schema)
	}
}

// The edge's own rules and kin-openapi's visitor agree on what is acceptable, for every body of the contract, over values
// that are nearly right.
func TestSchemaVerdictsAgreeWithTheLibrary(t *testing.T) {
	t.Parallel()
	_, doc := contract()
	var bodies []*openapi3.SchemaRef
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			if b := item.Operations()[method].RequestBody; b != nil && b.Value.Content.Get("application/json") != nil {
				bodies = append(bodies, b.Value.Content.Get("application/json").Schema)
			}
		}
	}
	require.Greater(t, len(bodies), 30)
	rules := compiler{}
	good, bad := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		schema := rapid.SampledFrom(bodies).Draw(rt, "schema")
		r, err := rules.compile(schema)
		require.NoError(rt, err)
		value := draw(rt, schema.Value, 0)
		f := r.violations(value)
		verdict := schema.Value.VisitJSON(value, openapi3.MultiErrors(), openapi3.EnableFormatValidation())
		require.Equal(rt, verdict == nil, len(f) == 0, "%v\nlibrary: %v\nedge: %v", value, verdict, f)
		if verdict == nil {
			good++
		} else {
			bad++
		}
	})
	require.Positive(t, good)
	require.Positive(t, bad)
}

// draw makes a value that mostly fits a schema, and sometimes does not.
func draw(t *rapid.T, s *openapi3.Schema, depth int) any {
	if rapid.IntRange(0, 19).Draw(t, "stray") == 0 {
		return rapid.SampledFrom([]any{nil, true, json.Number("3"), "text", []any{}, map[string]any{}}).Draw(t, "wrong")
	}
	for len(s.AllOf) > 0 && s.Properties == nil {
		s = s.AllOf[0].Value
	}
	if len(s.OneOf) > 0 {
		s = rapid.SampledFrom(s.OneOf).Draw(t, "way").Value
	}
	switch {
	case s.Type.Is("object"):
		out := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			likely := slices.Contains(s.Required, name)
			if depth < 4 && (likely || rapid.IntRange(0, 3).Draw(t, "give") == 0) && rapid.IntRange(0, 29).Draw(t, "lose") > 0 {
				out[name] = draw(t, s.Properties[name].Value, depth+1)
			}
		}
		if rapid.IntRange(0, 29).Draw(t, "more") == 0 {
			out["surprise"] = json.Number("1")
		}
		return out
	case s.Type.Is("array"):
		out := []any{}
		for range rapid.IntRange(0, 2).Draw(t, "n") {
			out = append(out, draw(t, s.Items.Value, depth+1))
		}
		return out
	case s.Type.Is("integer"), s.Type.Is("number"):
		return json.Number(rapid.SampledFrom([]string{"0", "1", "5", "-1", "2000000"}).Draw(t, "number"))
	case s.Type.Is("boolean"):
		return rapid.Bool().Draw(t, "bool")
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum).Draw(t, "enum")
	}
	return rapid.SampledFrom([]string{
		"a", "DE", "EUR", "P1M", "12.50", "-1", "2026-03-05", "2026-03-05T00:00:00Z", "a@b.example", "", "x y", strings.Repeat("z", 300),
		"01957f0e-5c1a-7b3e-9a41-2f6d8c0e7a15",
	}).Draw(t, "text")
}
