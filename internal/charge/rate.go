package charge

import (
	"math/big"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// rate is the terms of a statistics add-on in the smallest unit of its chain of units: multiplying down a chain is exact,
// dividing up is not always.
type rate struct {
	stats     catalog.Statistics
	unit      string // of the add-on: Included and Maximum are in it
	base      string
	units     measure.Units
	included  decimal.Decimal // in base
	maximum   *decimal.Decimal
	unitPrice decimal.Decimal // per OverageUnit; zero is free (D14)
	tiers     *catalog.Tiers  // in place of unitPrice; its bounds in base
	perUnit   *big.Rat        // how many of base make one OverageUnit
}

func rateOf(term service.Term, units measure.Units) (rate, error) {
	r := rate{stats: *term.Statistics, unit: term.Unit, units: units}
	if r.stats.OverageUnit == "" {
		r.stats.OverageUnit = r.unit
	}
	r.base = bottomOf(units, r.unit)
	num, den, err := units.Ratio(r.stats.OverageUnit, r.base)
	if err != nil {
		return r, err
	}
	r.perUnit = new(big.Rat).Quo(num.Rat(), den.Rat())
	if err = r.priceBy(term); err != nil {
		return r, err
	}
	if term.Included != nil {
		if r.included, err = units.Convert(*term.Included, r.unit, r.base); err != nil {
			return r, err
		}
	}
	if term.Maximum != nil {
		most, err := units.Convert(*term.Maximum, r.unit, r.base)
		if err != nil {
			return r, err
		}
		r.maximum = &most
	}
	return r, nil
}

// priceBy reads what overage costs: a special price goes before the tariff's scale, and that before its plain price. The
// agreed price of an add-on with a scale is special, because the tariff's own is left out of its terms.
func (r *rate) priceBy(term service.Term) error {
	switch {
	case term.OveragePrice != nil:
		r.unitPrice = *term.OveragePrice
	case term.Tiers != nil:
		scale := catalog.Tiers{Mode: term.Tiers.Mode, Steps: slices.Clone(term.Tiers.Steps)}
		for i, s := range scale.Steps {
			if s.UpTo == nil {
				continue
			}
			most, err := r.units.Convert(*s.UpTo, r.stats.OverageUnit, r.base)
			if err != nil {
				return err
			}
			scale.Steps[i].UpTo = &most
		}
		r.tiers = &scale
	case r.stats.OveragePrice != nil:
		r.unitPrice = *r.stats.OveragePrice
	}
	return nil
}

// bottomOf returns the smallest unit below a unit.
func bottomOf(units measure.Units, code string) string {
	for range units {
		smaller := units[code].SmallerUnit
		if smaller == "" {
			break
		}
		code = smaller
	}
	return code
}

// price is what a total in base costs, exactly.
func (r rate) price(total decimal.Decimal) *big.Rat {
	if r.tiers == nil {
		cost := pricing.OveragePrice(total, r.included, r.unitPrice).Rat()
		return cost.Quo(cost, r.perUnit)
	}
	cost := pricing.ScalePrice(*r.tiers, r.over(total), stepPrice).Rat()
	if r.tiers.Mode == catalog.TiersFlat {
		return cost // of the whole, whatever the unit
	}
	return cost.Quo(cost, r.perUnit)
}

func stepPrice(s catalog.Tier) decimal.Decimal {
	if s.Price == nil {
		return decimal.Zero
	}
	return *s.Price
}

// single is the price of one unit; nil where a scale makes units differ.
func (r rate) single() *decimal.Decimal {
	if r.tiers != nil {
		return nil
	}
	return &r.unitPrice
}

// over is the part of a total above the included amount.
func (r rate) over(total decimal.Decimal) decimal.Decimal {
	return decimal.Max(decimal.Zero, total.Sub(r.included))
}

func (r rate) standing(total decimal.Decimal) Standing {
	s := Standing{
		Used: r.shown(total, r.unit), Included: r.shown(r.included, r.unit), Overage: r.shown(r.over(total), r.unit), UsedUnit: r.unit,
		OverMaximum: r.maximum != nil && total.GreaterThan(*r.maximum),
	}
	if r.included.IsPositive() {
		if !total.Mul(ten).LessThan(r.included.Mul(eight)) {
			s.Reached = append(s.Reached, Threshold80)
		}
		if !total.LessThan(r.included) {
			s.Reached = append(s.Reached, Threshold100)
		}
	}
	if total.GreaterThan(r.included) {
		s.Reached = append(s.Reached, Started)
	}
	return s
}

var eight, ten = decimal.NewFromInt(8), decimal.NewFromInt(10)

// shown turns an amount in base into a unit, with as many digits as people are shown. No money is computed from it.
func (r rate) shown(x decimal.Decimal, unit string) decimal.Decimal {
	num, den, err := r.units.Ratio(r.base, unit)
	if err != nil {
		return x // both are of one chain: rateOf has seen to it
	}
	return x.Mul(num).DivRound(den, money.PriceDigits)
}

func round(x *big.Rat, currency string) money.Amount {
	return money.RoundRatio(decimal.NewFromBigInt(x.Num(), 0), decimal.NewFromBigInt(x.Denom(), 0), currency)
}
