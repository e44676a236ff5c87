package client_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/client"
)

func TestD25TheMostSpecificRuleHoldsAndTheRegionComesOnTop(t *testing.T) {
	t.Parallel()
	rate := decimal.RequireFromString
	day := func(s string) calendar.Day {
		d, err := calendar.ParseDay(s)
		require.NoError(t, err)
		return d
	}
	rules := []client.TaxRule{
		{ID: "1", Rate: rate("0.01")},
		{ID: "2", Country: "US", Rate: rate("0.02")},
		{ID: "3", ProductType: "vds", Rate: rate("0.04")},
		{ID: "4", Country: "US", ProductType: "vds", Rate: rate("0.08"), From: day("2026-07-01")},
		{ID: "5", Country: "US", Region: "Ohio", Rate: rate("0.16"), Until: day("2027-01-01")},
		{ID: "6", Country: "US", Region: "Ohio", ProductType: "vds", Rate: rate("0.32"), Until: day("2026-07-01")},
		{ID: "7", Country: "CA", Region: "Ohio", Rate: rate("0.64")},
	}
	for _, c := range []struct{ country, region, productType, day, want string }{
		{"", "", "dedicated", "2026-01-01", "0.01"},
		{"DE", "", "dedicated", "2026-01-01", "0.01"},
		{"US", "", "dedicated", "2026-01-01", "0.02"},
		{"US", "", "vds", "2026-06-30", "0.04"},
		{"US", "", "vds", "2026-07-01", "0.08"},
		{"DE", "Ohio", "vds", "2026-07-01", "0.04"},
		{"US", "Ohio", "dedicated", "2026-01-01", "0.18"},
		{"US", "Ohio", "dedicated", "2027-01-01", "0.02"},
		{"US", "Ohio", "vds", "2026-06-30", "0.36"},
		{"US", "Ohio", "vds", "2026-12-31", "0.24"},
	} {
		got := client.TaxRate(rules, client.Taxpayer{Country: c.country, Region: c.region}, c.productType, day(c.day))
		require.Equal(t, c.want, got.String(), c)
	}
	require.True(t, client.TaxRate(nil, client.Taxpayer{}, "vds", day("2026-01-01")).IsZero(), "no rule is no tax")

	p := client.Provider{Country: "DE"}
	require.Equal(t, client.Taxpayer{Country: "DE"}, p.Taxpayer(nil), "nobody: where the provider is")
	require.Equal(t, client.Taxpayer{Country: "US", Region: "Ohio"}, p.Taxpayer(&client.Client{Country: "US", Region: "Ohio"}))
}
