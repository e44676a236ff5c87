package pricing

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/product"
)

var zone = time.UTC

func drawStart(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "start"), 0).UTC()
}

func drawAmount(t *rapid.T) decimal.Decimal {
	return decimal.New(rapid.Int64Range(0, 1e6).Draw(t, "amount"), -4)
}

func drawPrices(t *rapid.T) []catalog.AddOnPrice {
	var out []catalog.AddOnPrice
	for _, p := range []calendar.Period{"P1M", "P3M", "P1D"} {
		if rapid.Bool().Draw(t, "priced") {
			out = append(out, catalog.AddOnPrice{Period: p, Amount: drawAmount(t), SetupFee: drawAmount(t)})
		}
	}
	return out
}

// drawOffer makes an offer of up to eight add-ons and two choices of some children each.
func drawOffer(t *rapid.T) catalog.Offer {
	o := catalog.Offer{
		Name:     "Drawn",
		Prices:   []catalog.Price{{Period: "P1M", Amount: drawAmount(t), SetupFee: drawAmount(t)}, {Period: "P3M", Amount: drawAmount(t)}},
		Calendar: catalog.CalendarBilling{Enabled: rapid.Bool().Draw(t, "calendar")},
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "add-ons") {
		o.AddOns = append(o.AddOns, drawAddOn(t, fmt.Sprintf("a%d", i)))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "choices") {
		choice := catalog.AddOn{Code: fmt.Sprintf("c%d", i), Name: "Choice", Billing: catalog.BillChoice, Enabled: rapid.Float64Range(0, 1).Draw(t, "on") < 0.9}
		o.AddOns = append(o.AddOns, choice)
		for k := range rapid.IntRange(0, 3).Draw(t, "children") {
			child := drawAddOn(t, fmt.Sprintf("%s_%d", choice.Code, k))
			if child.Billing == catalog.BillManual {
				child.Billing = catalog.BillOrder
			}
			child.Parent = choice.Code
			o.AddOns = append(o.AddOns, child)
		}
	}
	return o
}

func drawAddOn(t *rapid.T, code string) catalog.AddOn {
	a := catalog.AddOn{Code: code, Name: code, Enabled: rapid.Float64Range(0, 1).Draw(t, "enabled") < 0.9}
	a.Billing = rapid.SampledFrom([]catalog.Billing{
		catalog.BillOrder, catalog.BillOrder, catalog.BillOrder, catalog.BillNone, catalog.BillStatistics, catalog.BillManual,
	}).Draw(t, "billing")
	a.ValueType = rapid.SampledFrom([]string{product.IntegerValue, product.BooleanValue, product.EnumerationValue}).Draw(t, "type")
	switch a.ValueType {
	case product.EnumerationValue:
		for i := range rapid.IntRange(0, 3).Draw(t, "items") {
			a.ItemPrices = append(a.ItemPrices, catalog.ItemPrice{
				Item: fmt.Sprint(i), Name: "item", Enabled: rapid.Bool().Draw(t, "item enabled"), Prices: drawPrices(t),
			})
		}
		return a
	case product.BooleanValue:
		included := decimal.NewFromInt(rapid.Int64Range(0, 1).Draw(t, "included"))
		a.Included, a.Prices = &included, drawPrices(t)
		return a
	}
	included, minimum := decimal.NewFromInt(rapid.Int64Range(0, 20).Draw(t, "included")), decimal.NewFromInt(rapid.Int64Range(0, 5).Draw(t, "minimum"))
	a.Included, a.Minimum, a.Prices = &included, &minimum, drawPrices(t)
	if rapid.Bool().Draw(t, "scaled") {
		a.Tiers = &catalog.Tiers{Mode: rapid.SampledFrom([]string{catalog.TiersFlat, catalog.TiersVolume, catalog.TiersGraduated}).Draw(t, "mode")}
		most := decimal.Zero
		for range rapid.IntRange(0, 3).Draw(t, "steps") {
			most = most.Add(decimal.NewFromInt(rapid.Int64Range(1, 20).Draw(t, "wide")))
			upTo := most
			a.Tiers.Steps = append(a.Tiers.Steps, catalog.Tier{UpTo: &upTo, Prices: drawPrices(t)})
		}
		a.Tiers.Steps = append(a.Tiers.Steps, catalog.Tier{Prices: drawPrices(t)})
	}
	return a
}

// drawSelection names values that the offer allows, for some of what may be chosen.
func drawSelection(t *rapid.T, o catalog.Offer) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for _, a := range o.AddOns {
		switch {
		case a.Parent != "" || !a.Selectable() || !rapid.Bool().Draw(t, "named"):
		case a.Billing == catalog.BillOrder:
			drawValue(t, out, a)
		default:
			children := o.ChildrenOf(a.Code)
			if len(children) == 0 {
				continue
			}
			child := rapid.SampledFrom(children).Draw(t, "child")
			out[a.Code], _ = json.Marshal(child.Code)
			if child.Billing == catalog.BillOrder && rapid.Bool().Draw(t, "child named") {
				drawValue(t, out, child)
			}
		}
	}
	return out
}

func drawValue(t *rapid.T, out map[string]json.RawMessage, a catalog.AddOn) {
	switch a.ValueType {
	case product.BooleanValue:
		out[a.Code], _ = json.Marshal(a.Parent != "" || rapid.Bool().Draw(t, "switch"))
	case product.EnumerationValue:
		for _, x := range a.ItemPrices {
			if x.Enabled && (out[a.Code] == nil || rapid.Bool().Draw(t, "item")) {
				out[a.Code], _ = json.Marshal(x.Item)
			}
		}
	default:
		out[a.Code], _ = json.Marshal(decimal.NewFromInt(rapid.Int64Range(5, 60).Draw(t, "quantity")))
	}
}
