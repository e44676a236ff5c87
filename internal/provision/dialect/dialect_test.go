package dialect_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dialect"
)

var (
	paths = dialect.Paths[string]{
		"show": dialect.Documented("GET /server/{id}"),
		"rate": dialect.Seen("GET /rate?from={from}&until={until}", "Inferred: until.").Sparing("{until}"),
	}
	functions = dialect.Functions[string]{
		"show": dialect.Seen("server.edit"), "history": dialect.Inferred("server.history", "Some have none.").OrOff(),
	}
	words = dialect.Words{
		"mark": dialect.Inferred("comment").Among("comment", "name"), "role": dialect.Seen("@user"), "nobody": dialect.Inferred(""),
	}
	units = dialect.Listed{Terms: map[string]dialect.Term{"unit": dialect.Inferred("KiB")}}
)

func TestCorrectionsKeepTheFormOfWhatTheyReplace(t *testing.T) {
	t.Parallel()
	var broken fault.Fields
	got := paths.Corrected(map[string]string{"rate": "POST /v2/rate?since={from}"}, &broken)
	require.Equal(t, map[string]string{"show": "GET /server/{id}", "rate": "POST /v2/rate?since={from}"}, got)
	require.Equal(t, map[string]string{"show": "srv.edit", "history": "-"},
		functions.Corrected(map[string]string{"show": "srv.edit", "history": "-"}, &broken))
	require.Equal(t, map[string]string{"mark": "name", "role": "x", "nobody": ""},
		words.Corrected(map[string]string{"mark": "name", "role": "x", "nobody": ""}, &broken))
	require.Equal(t, "KiB", units.Usual("unit"))
	require.NoError(t, broken.Err())

	for name, wrong := range map[string]func(by map[string]string, broken *fault.Fields) map[string]string{
		"GET /server": paths.Corrected, "/server/{id}": paths.Corrected, "GET server/{id}": paths.Corrected, "GET /a b/{id}": paths.Corrected,
		"PATCH /server/{id}": paths.Corrected, "": paths.Corrected, "-": functions.Corrected, "a b": functions.Corrected,
	} {
		var broken fault.Fields
		require.Equal(t, wrong(nil, nil), wrong(map[string]string{"show": name}, &broken), "the usual one stays")
		require.Equal(t, "/parameters/endpoints/show", fault.Of(broken.Err()).Fields[0].Pointer, name)
	}
	for name, word := range map[string]string{"mark": "title", "role": "", "moon": "x"} {
		var broken fault.Fields
		words.Corrected(map[string]string{name: word}, &broken)
		require.Equal(t, "/parameters/fields/"+name, fault.Of(broken.Err()).Fields[0].Pointer)
	}
}

func TestWhatCanBeCorrectedIsOfferedAndListed(t *testing.T) {
	t.Parallel()
	require.Equal(t, []provision.Term{
		{Parameter: "endpoints", Name: "history", Default: "server.history", Mark: provision.Inferred, Note: "Some have none. -: the installation has none."},
		{Parameter: "endpoints", Name: "show", Default: "server.edit", Mark: provision.Seen},
		{Parameter: "unit", Default: "KiB", Mark: provision.Inferred},
	}, dialect.Terms(functions, units))
	raw := dialect.Schema(`{"type": "object", "properties": {"unit": {"type": "string"}}}`, paths, words, units)
	var schema struct {
		Properties map[string]struct {
			Title      string
			Properties map[string]map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(raw, &schema))
	require.Len(t, schema.Properties, 3)
	require.Equal(t, "Corrected calls", schema.Properties["endpoints"].Title)
	require.Equal(t, "Seen in a working client. Inferred: until.", schema.Properties["endpoints"].Properties["rate"]["description"])
	require.Equal(t, []any{"comment", "name"}, schema.Properties["fields"].Properties["mark"]["enum"])
}
