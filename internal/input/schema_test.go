package input

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
)

func TestSchemaNamesEveryPlace(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(`{"type": "object", "required": ["a"], "additionalProperties": false, "properties": {
		"a": {"type": "string", "minLength": 2, "pattern": "^x"}, "n": {"type": "integer", "minimum": 1}, "e": {"enum": ["u", "v"]},
		"l": {"type": "array", "maxItems": 1, "items": {"type": "object", "properties": {"d": {"type": "boolean"}}}}}}`)
	for document, want := range map[string][]string{
		`{"a": "xy"}`:                     nil,
		`{}`:                              {"/s/a required"},
		`{"a": "x"}`:                      {"/s/a too_short"},
		`{"a": "yy"}`:                     {"/s/a bad_format"},
		`{"a": "xy", "n": 0}`:             {"/s/n out_of_range"},
		`{"a": "xy", "e": "w"}`:           {"/s/e unknown_value"},
		`{"a": "xy", "l": [{"d": 1}]}`:    {"/s/l/0/d wrong_type"},
		`{"a": "xy", "l": [{}, {}]}`:      {"/s/l too_many"},
		`{"a": "xy", "other/\"name": 1}`:  {`/s/other~1"name unknown_field`},
		`{"a": 1, "n": "secret", "z": 2}`: {"/s/a wrong_type", "/s/n wrong_type", "/s/z unknown_field"},
	} {
		var f fault.Fields
		require.NoError(t, CheckSchema(&f, "/s", schema, json.RawMessage(document)))
		var got []string
		for _, x := range f {
			got = append(got, x.Pointer+" "+x.Code)
			require.NotContains(t, x.Detail, "secret")
		}
		require.ElementsMatch(t, want, got, document)
	}
	var f fault.Fields
	require.Error(t, CheckSchema(&f, "/s", json.RawMessage(`[]`), json.RawMessage(`{}`)))
}
