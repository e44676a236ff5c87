package httpapi

import (
	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/client"
)

func fromAPIProviderCreate(b api.ProviderCreate) client.ProviderInput {
	in := client.ProviderInput{Name: b.Name, Currency: "EUR", Country: orEmpty(b.Country), Site: orEmpty(b.Site), BillingURL: orEmpty(b.BillingURL), PricesIncludeTax: true}
	if b.Currency != nil {
		in.Currency = *b.Currency
	}
	if b.PricesIncludeTax != nil {
		in.PricesIncludeTax = *b.PricesIncludeTax
	}
	return in
}

func fromAPIProviderPatch(b api.ProviderPatch) client.ProviderChange {
	return client.ProviderChange{
		Name: b.Name, Country: patched(b.Country), Site: patched(b.Site), BillingURL: patched(b.BillingURL),
		PricesIncludeTax: b.PricesIncludeTax,
	}
}

func toAPIProvider(p client.Provider) api.Provider {
	return api.Provider{
		ID: string(p.ID), Name: p.Name, Currency: p.Currency, Country: orNull(p.Country), Site: orNull(p.Site), BillingURL: orNull(p.BillingURL), CreatedAt: p.CreatedAt,
		PricesIncludeTax: p.PricesIncludeTax,
	}
}
