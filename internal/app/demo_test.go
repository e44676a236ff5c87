package app

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/pricelist"
)

// The demo's catalogue is a document as anybody's: it can be brought in, and what is exported then brings in nothing more.
func TestTheDemosCatalogueIsAGoodDocument(t *testing.T) {
	t.Parallel()
	a := opened(t, settings(t, pgtest.URL(t), "TARIFFD_PANELS_LISTEN="+free(t)))
	require.NoError(t, a.Prepare(t.Context(), false))
	document := bytes.ReplaceAll(demoYAML, []byte("${DEMO_PANELS}"), []byte(a.Config.PanelsListen))
	document = bytes.ReplaceAll(document, []byte("${DEMO_PANEL_PASSWORD}"), []byte("${PATH}")) // any secret will do
	unchecked := pricelist.Options{NoCheck: true}
	plan, err := a.ImportPriceList(t.Context(), demoActor(), document, unchecked)
	require.NoError(t, err)
	require.Equal(t, len(plan.Changes), plan.Count(pricelist.Create)+3, "but for the panels and systems to choose from, all is new")

	exported, err := a.PriceList.Export(t.Context(), nil)
	require.NoError(t, err)
	plan, err = a.ImportPriceList(t.Context(), demoActor(), exported, unchecked)
	require.NoError(t, err)
	require.Empty(t, plan.Changes)

	// What the first migration made is as it was.
	r := a.DB.Reader()
	providers, err := r.Providers(t.Context(), actor.Everything, actor.Page{Limit: 9})
	require.NoError(t, err)
	require.Len(t, providers, 1)
	require.Equal(t, int64(1), providers[0].Version)
	departments, err := r.Departments(t.Context(), actor.Everything, actor.Page{Limit: 9})
	require.NoError(t, err)
	require.Equal(t, []string{"Sales", "Technical support"}, []string{departments[0].Name, departments[1].Name})

	// Once a catalogue is there, only the client is missing; it gets its money once.
	d := a.Demo()
	for range 2 {
		made, err := d.Load(t.Context())
		require.NoError(t, err)
		require.False(t, made)
	}
	clients, err := r.Clients(t.Context(), actor.Everything, client.Filter{}, actor.Page{Limit: 9})
	require.NoError(t, err)
	require.Len(t, clients, 1)
	require.Equal(t, "500.00", clients[0].Balance.String())
	tariffs, err := r.Tariffs(t.Context(), actor.Everything, catalog.TariffFilter{Status: catalog.Active}, actor.Page{Limit: 99})
	require.NoError(t, err)
	require.Len(t, tariffs, 10)
}
