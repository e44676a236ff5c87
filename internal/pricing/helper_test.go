package pricing

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/product"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func ptr(s string) *decimal.Decimal { d := dec(s); return &d }

func eur(s string) money.Amount { return money.New(dec(s), "EUR") }

func at(t *testing.T, s string) time.Time {
	t.Helper()
	parsed, err := time.Parse("2006-01-02 15:04", s)
	require.NoError(t, err)
	return parsed
}

// server is an offer with one add-on of each sort.
func server() catalog.Offer {
	return catalog.Offer{
		Name:      "E3",
		TrialDays: 14,
		Prices: []catalog.Price{
			{Period: "P1M", Amount: dec("50"), SetupFee: dec("10"), RenewalAmount: ptr("45")},
			{Period: "P3M", Amount: dec("140")},
			{Period: "one_time", Amount: dec("999")},
		},
		AddOns: []catalog.AddOn{
			{
				Code: "ip", Name: "IPv4", ValueType: product.IntegerValue, Billing: catalog.BillOrder, Enabled: true,
				Included: ptr("1"), Minimum: ptr("1"), Maximum: ptr("9"), Step: ptr("2"),
				Prices: []catalog.AddOnPrice{{Period: "P1M", Amount: dec("1.5"), SetupFee: dec("0.25")}},
			},
			{
				Code: "backup", Name: "Backup", ValueType: product.BooleanValue, Billing: catalog.BillOrder, Enabled: true,
				Prices: []catalog.AddOnPrice{{Period: "P1M", Amount: dec("4")}},
			},
			{
				Code: "panel", Name: "Panel", ValueType: product.BooleanValue, Billing: catalog.BillOrder, Enabled: true,
				Included: ptr("1"), Prices: []catalog.AddOnPrice{{Period: "P1M", Amount: dec("7")}},
			},
			{Code: "ram", ValueType: product.IntegerValue, Billing: catalog.BillNone, Enabled: true, Included: ptr("16")},
			{Code: "traffic", ValueType: product.IntegerValue, Billing: catalog.BillStatistics, Enabled: true, Included: ptr("100")},
			{Code: "old", ValueType: product.IntegerValue, Billing: catalog.BillOrder},
			{Code: "disk", ValueType: product.IntegerValue, Billing: catalog.BillOrder, Enabled: true, Default: json.RawMessage(`"250"`), Included: ptr("100")},
		},
	}
}

// choose resolves a selection given as JSON.
func choose(t *testing.T, o catalog.Offer, p calendar.Period, body string) (map[string]Value, error) {
	t.Helper()
	var addOns map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(body), &addOns))
	return Resolve(o, Selection{Period: p, AddOns: addOns})
}

// input prices a selection in euro, prices including tax, no tax, UTC.
func input(t *testing.T, o catalog.Offer, p calendar.Period, start, body string) Input {
	t.Helper()
	values, err := choose(t, o, p, body)
	require.NoError(t, err)
	return Input{Offer: o, Currency: "EUR", PricesIncludeTax: true, Period: p, Values: values, Start: at(t, start), Zone: time.UTC}
}

func price(t *testing.T, in Input) Quote {
	t.Helper()
	q, err := Price(in)
	require.NoError(t, err)
	return q
}

// fields lists the offending places as "pointer code".
func fields(err error) []string {
	var out []string
	for _, f := range fault.Of(err).Fields {
		out = append(out, f.Pointer+" "+f.Code)
	}
	return out
}
