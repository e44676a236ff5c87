package order_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/tariff"
)

// quote prices one server for nobody in particular.
func (r *rig) quote() order.Prepared {
	r.Helper()
	list, err := r.Orders.Quote(context.Background(), admin, order.QuoteInput{Wishes: []order.Wish{{TariffID: r.Server, Period: "P1M"}}})
	require.NoError(r, err)
	return list[0]
}

func codes(p order.Prepared) (out []string) {
	for _, o := range p.Obstacles {
		out = append(out, o.Pointer+" "+o.Code)
	}
	return out
}

func TestAQuoteFromMemorySeesEveryChangeAtOnce(t *testing.T) {
	r := newRig(t)
	require.Equal(r, "60.00", r.quote().Quote.Total.String())
	require.Empty(r, r.quote().Obstacles)
	r.EditTariff(tariff.Change{Prices: &[]catalog.Price{{Period: "P1M", Amount: dec("70")}}})
	require.Equal(r, "70.00", r.quote().Quote.Total.String())
	r.EditModule(module.Change{Enabled: ptr(false)})
	require.Equal(r, []string{"/tariff_id no_module"}, codes(r.quote()))
	r.EditModule(module.Change{Enabled: ptr(true)})
	require.Empty(r, r.quote().Obstacles)
	_, err := r.Clients.UpdateProvider(context.Background(), admin, r.Provider, client.ProviderChange{PricesIncludeTax: ptr(false)})
	require.NoError(r, err)
	require.Equal(r, "70.00", r.quote().Quote.Total.String())
	r.EditTariff(tariff.Change{Status: ptr(catalog.Archived)})
	require.Equal(r, []string{"/tariff_id tariff_not_active"}, codes(r.quote()))
}

// What a form or a price is made of raises the catalogue's version; a new table of the catalogue has to do so as well.
func TestEveryTableOfTheCatalogueRaisesItsVersion(t *testing.T) {
	r := newRig(t)
	var without []string
	require.NoError(r, r.Pool.Select(&without, `
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
WHERE c.relkind = 'r'
  AND (c.relname ~ '^(product_type|tariff|enumeration|tax_rule)' OR c.relname IN ('provider', 'data_center', 'unit', 'processing_module'))
  AND NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgrelid = c.oid AND p.proname = 'raise_catalog_version')
ORDER BY 1`))
	require.Empty(r, without)
	before := r.Count(`SELECT number FROM catalog_version`)
	c := r.Client("100")
	r.Buy(c, 1)
	r.Work()
	require.Equal(r, before, r.Count(`SELECT number FROM catalog_version`), "selling changes nothing of it")
}

func TestAQuoteIsForTheClientsThatTheAskerMaySee(t *testing.T) {
	r := newRig(t)
	c := r.Client("0.01")
	other := actor.Actor{Role: actor.Client, Scope: actor.Scope{ProviderID: r.Provider, ClientID: r.Client("0.01")}}
	in := order.QuoteInput{ClientID: c, Wishes: []order.Wish{{TariffID: r.Server, Period: "P1M"}}}
	_, err := r.Orders.Quote(context.Background(), other, in)
	r.Refuses("not_found", err)
	_, err = r.Orders.Quote(context.Background(), admin, in)
	require.NoError(r, err)
}
