package catalog

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
)

func codes(reasons []Reason) []string {
	out := []string{}
	for _, r := range reasons {
		out = append(out, r.Code)
	}
	return out
}

func TestD23CandidatesInOrder(t *testing.T) {
	t.Parallel()
	o := Offer{ModuleIDs: []ModuleID{"1", "2", "3", "4", "5"}}
	got := Candidates(o, "here", []Module{
		{ID: "1", Enabled: true, DataCenterID: "here", SortOrder: 2},
		{ID: "3", Enabled: true, SortOrder: 1},
		{ID: "2", Enabled: true, DataCenterID: "here", SortOrder: 1},
		{ID: "4", DataCenterID: "here", SortOrder: 1},
		{ID: "5", Enabled: true, DataCenterID: "there", SortOrder: 1},
		{ID: "6", Enabled: true, DataCenterID: "here", SortOrder: 1},
	})
	ids := []ModuleID{}
	for _, m := range got {
		ids = append(ids, m.ID)
	}
	require.Equal(t, []ModuleID{"2", "3", "1"}, ids, "lowest sort order, then the oldest; disabled, elsewhere and of others not")
}

func TestAvailable(t *testing.T) {
	t.Parallel()
	both := Offer{ModuleIDs: []ModuleID{"1", "2"}, DataCenterIDs: []DataCenterID{"a", "b"}}
	modules := []Module{{ID: "1", Enabled: true, DataCenterID: "a"}, {ID: "2", Enabled: true, DataCenterID: "a"}}
	for name, c := range map[string]struct {
		t       Tariff
		stocks  Stocks
		reasons []string
	}{
		"draft, with nothing":        {Tariff{Status: Draft}, nil, []string{"tariff_not_active", "no_module", "no_data_center"}},
		"archived":                   {Tariff{Status: Archived, Offer: both}, nil, []string{"tariff_not_active"}},
		"no data center":             {Tariff{Status: Active, Offer: Offer{ModuleIDs: both.ModuleIDs}}, nil, []string{"no_data_center"}},
		"orderable in one place":     {Tariff{Status: Active, Offer: both}, nil, []string{}},
		"one module has none left":   {Tariff{Status: Active, Offer: both}, Stocks{"1": 0, "2": 3}, []string{}},
		"one module has none, one ?": {Tariff{Status: Active, Offer: both}, Stocks{"1": 0}, []string{}},
		"nothing left anywhere":      {Tariff{Status: Active, Offer: both}, Stocks{"1": 0, "2": 0}, []string{"no_stock", "no_module"}},
	} {
		a := Available(c.t, modules, c.stocks)
		require.Equal(t, c.reasons, codes(a.Reasons), name)
		require.Equal(t, len(c.reasons) == 0, a.Orderable(), name)
	}
	p, ok := Available(Tariff{Status: Active, Offer: both}, modules, Stocks{"1": 1, "2": 3}).PlaceOf("a")
	require.True(t, ok)
	require.Equal(t, 4, *p.Free)
	require.Equal(t, []ModuleID{"1", "2"}, p.Modules)
}

func TestAvailableForAClient(t *testing.T) {
	t.Parallel()
	two := 2
	tariff := Tariff{Offer: Offer{Policy: Policy{MaxServicesPerClient: &two}}}
	var free Availability
	require.Empty(t, free.ForClient(tariff, client.Client{}, Use{Services: 1}).Reasons)
	require.Equal(t, []string{"client_limit_reached"}, codes(free.ForClient(tariff, client.Client{}, Use{Services: 2}).Reasons))
	require.Equal(t, []string{"client_blocked"}, codes(free.ForClient(Tariff{}, client.Client{Status: client.Blocked}, Use{Services: 9}).Reasons))
}

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
		require.NoError(t, checkSchema(&f, "/s", schema, json.RawMessage(document)))
		var got []string
		for _, x := range f {
			got = append(got, x.Pointer+" "+x.Code)
			require.NotContains(t, x.Detail, "secret")
		}
		require.ElementsMatch(t, want, got, document)
	}
	var f fault.Fields
	require.Error(t, checkSchema(&f, "/s", json.RawMessage(`[]`), json.RawMessage(`{}`)))
}
