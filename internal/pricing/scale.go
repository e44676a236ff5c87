package pricing

import (
	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/product"
)

// ScalePrice is what a quantity above the included amount costs by a price scale, exactly. Flat: the step that the quantity
// reaches names the price of the whole; volume: the price of each unit; graduated: each part costs what its own step says.
// Nothing costs nothing, whatever the mode. The quantity is in the unit of the steps' bounds, which are inclusive.
func ScalePrice(t catalog.Tiers, over decimal.Decimal, of func(catalog.Tier) decimal.Decimal) decimal.Decimal {
	if !over.IsPositive() || len(t.Steps) == 0 {
		return decimal.Zero
	}
	switch last := t.Steps[stepOf(t, over)]; t.Mode {
	case catalog.TiersFlat:
		return of(last)
	case catalog.TiersVolume:
		return over.Mul(of(last))
	}
	sum, from := decimal.Zero, decimal.Zero
	for _, s := range t.Steps {
		to := over
		if s.UpTo != nil {
			to = decimal.Min(over, *s.UpTo)
		}
		if to.LessThanOrEqual(from) {
			break
		}
		sum, from = sum.Add(to.Sub(from).Mul(of(s))), to
	}
	return sum
}

// stepOf is the index of the step that a quantity reaches. A quantity beyond a scale that ends stays on the last step.
func stepOf(t catalog.Tiers, over decimal.Decimal) int {
	for i, s := range t.Steps {
		if s.UpTo == nil || over.LessThanOrEqual(*s.UpTo) {
			return i
		}
	}
	return len(t.Steps) - 1
}

// tariff is how an add-on is priced for one period: a price of each unit or, where there are tiers, a scale.
type tariff struct {
	unit  decimal.Decimal
	tiers *catalog.Tiers
	of    func(catalog.Tier) decimal.Decimal
}

// tariffOf finds an add-on's prices for a period. part says which of the two prices is meant: the periodic one or the setup
// fee, which a scale holds just so.
func tariffOf(a *catalog.AddOn, v Value, p calendar.Period, part func(catalog.AddOnPrice) decimal.Decimal) tariff {
	if a.Tiers != nil && a.ValueType == product.IntegerValue {
		return tariff{tiers: a.Tiers, of: func(s catalog.Tier) decimal.Decimal { return part(periodPrice(s.Prices, p)) }}
	}
	return tariff{unit: part(periodPrice(pricesOf(a, v), p))}
}

func amountOf(p catalog.AddOnPrice) decimal.Decimal { return p.Amount }

func setupOf(p catalog.AddOnPrice) decimal.Decimal { return p.SetupFee }

// pricesOf are the prices that a value is under: an item of an enumeration has its own.
func pricesOf(a *catalog.AddOn, v Value) []catalog.AddOnPrice {
	if a.ValueType != product.EnumerationValue {
		return a.Prices
	}
	item, _ := a.ItemOf(v.Item)
	return item.Prices
}

// periodPrice is the price of a period; a period without one is free, but a day costs its part of the month's (D7).
func periodPrice(list []catalog.AddOnPrice, p calendar.Period) catalog.AddOnPrice {
	price, own := catalog.PriceOf(list, p)
	if !own && p.IsDaily() {
		price, _ = catalog.PriceOf(list, monthly)
	}
	return price
}

// pricedFor tells whether a value has a price of its own for a period.
func pricedFor(a *catalog.AddOn, v Value, p calendar.Period) bool {
	if a.Tiers == nil || a.ValueType != product.IntegerValue {
		_, own := catalog.PriceOf(pricesOf(a, v), p)
		return own
	}
	for _, s := range a.Tiers.Steps {
		if _, own := catalog.PriceOf(s.Prices, p); own {
			return true
		}
	}
	return false
}

// price is what a quantity above the included amount costs, exactly.
func (t tariff) price(over decimal.Decimal) decimal.Decimal {
	switch {
	case t.tiers != nil:
		return ScalePrice(*t.tiers, over, t.of)
	case t.unit.IsZero(): // most add-ons have no setup fee
		return decimal.Zero
	case over.Equal(one):
		return t.unit
	}
	return over.Mul(t.unit)
}

// perUnit is the price of one unit, where all units that are paid for cost the same: nil on a flat scale, on a graduated one
// whose second step is reached, and where a scale is not reached at all.
func (t tariff) perUnit(over decimal.Decimal) *decimal.Decimal {
	switch {
	case t.tiers == nil:
		return &t.unit
	case t.tiers.Mode == catalog.TiersFlat || !over.IsPositive() || len(t.tiers.Steps) == 0:
		return nil
	}
	at := stepOf(*t.tiers, over)
	if t.tiers.Mode == catalog.TiersGraduated && at > 0 {
		return nil
	}
	price := t.of(t.tiers.Steps[at])
	return &price
}

// UnitPrice is what one unit of an add-on costs in a period, before anything is known of the quantity: nil with a price scale.
// An item of an enumeration is one unit.
func UnitPrice(a catalog.AddOn, v Value, p calendar.Period) *decimal.Decimal {
	t := tariffOf(&a, v, p, amountOf)
	if t.tiers != nil {
		return nil
	}
	return &t.unit
}
