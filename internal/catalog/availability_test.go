package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
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
	o := Offer{ModuleIDs: []provision.ModuleID{"1", "2", "3", "4", "5"}}
	got := Candidates(o, "here", []module.Module{
		{ID: "1", Enabled: true, DataCenterID: "here", SortOrder: 2},
		{ID: "3", Enabled: true, SortOrder: 1},
		{ID: "2", Enabled: true, DataCenterID: "here", SortOrder: 1},
		{ID: "4", DataCenterID: "here", SortOrder: 1},
		{ID: "5", Enabled: true, DataCenterID: "there", SortOrder: 1},
		{ID: "6", Enabled: true, DataCenterID: "here", SortOrder: 1},
	})
	ids := []provision.ModuleID{}
	for _, m := range got {
		ids = append(ids, m.ID)
	}
	require.Equal(t, []provision.ModuleID{"2", "3", "1"}, ids, "lowest sort order, then the oldest; disabled, elsewhere and of others not")
}

func TestAvailable(t *testing.T) {
	t.Parallel()
	both := Offer{ModuleIDs: []provision.ModuleID{"1", "2"}, DataCenterIDs: []datacenter.ID{"a", "b"}}
	modules := []module.Module{{ID: "1", Enabled: true, DataCenterID: "a"}, {ID: "2", Enabled: true, DataCenterID: "a"}}
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
	require.Equal(t, []provision.ModuleID{"1", "2"}, p.Modules)
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
