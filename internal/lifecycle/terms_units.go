package lifecycle

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// scale tells what a service has by the tariff that it leaves in the units of the one that it goes to.
type scale struct {
	units measure.Units
	to    catalog.Offer
}

func scaleOf(ctx context.Context, tx Tx, to catalog.Offer) (scale, error) {
	list, err := tx.UnitsAll(ctx)
	return scale{measure.NewUnits(list), to}, err
}

// of is a value of an add-on that was agreed, in the unit in which the other tariff sells it; false: no chain connects the two.
func (m scale) of(agreed catalog.AddOn, v pricing.Value) (pricing.Value, bool) {
	a, sold := m.to.AddOnOf(agreed.Code)
	if !sold || v.Amount == nil || a.Unit == "" || a.Unit == agreed.Unit {
		return v, true
	}
	d, err := m.units.Convert(*v.Amount, agreed.Unit, a.Unit)
	if err != nil {
		return v, false
	}
	return pricing.Quantity(d), true
}

// kept are the values that a service holds, as the other tariff counts them: never the same number of another unit. Where the
// other one does not sell as much as that, it is the next step or minimum that is not less; what is above its maximum is
// refused like any value, at the add-on. What cannot be converted has to be named anew. Fault: bad_unit at /tariff_id.
func (m scale) kept(s service.Service, agreed catalog.Offer, in TermsInput) (map[string]json.RawMessage, error) {
	held := map[string]json.RawMessage{}
	maps.Copy(held, s.AddOns)
	var fields fault.Fields
	goesOn := pricing.Kept(m.to, s.AddOns, in.Period)
	for code, old := range pricing.Kept(agreed, s.AddOns, s.Period) {
		was, _ := agreed.AddOnOf(code)
		a, sold := m.to.AddOnOf(code)
		if _, named := in.AddOns[code]; named || !sold || a.Unit == "" || a.Unit == was.Unit {
			continue
		}
		v, known := m.of(was, old)
		if _, counts := goesOn[code]; !known && counts {
			fields.Add("/tariff_id", "bad_unit", "The service has %q in %s, and the tariff sells it in %s: name what it shall have.", was.Name, was.Unit, a.Unit)
			continue
		}
		if v.Amount == nil || !known {
			continue
		}
		raw, err := json.Marshal(pricing.Quantity(a.AtLeast(*v.Amount)))
		if err != nil {
			return nil, err
		}
		held[code] = raw
	}
	return held, fields.Err()
}

// CountsAnew tells whether a later version of a tariff sells an add-on that is held in another unit than was agreed. The catalogue
// refuses that today; it was not always so.
func CountsAnew(agreed, next catalog.Offer, held map[string]json.RawMessage) bool {
	for code := range held {
		if otherUnit(agreed, next, code) {
			return true
		}
	}
	return false
}

func otherUnit(agreed, next catalog.Offer, code string) bool {
	was, had := agreed.AddOnOf(code)
	a, sold := next.AddOnOf(code)
	return had && sold && was.Unit != "" && a.Unit != "" && a.Unit != was.Unit
}

// again is what a service goes on with by a later version of its tariff: the same quantity, in the unit in which that version
// counts, whatever its steps are. False: something has no exact amount in the other unit, or a special price for each of the old
// one; the service then goes on as agreed.
func (m scale) again(s service.Service, agreed catalog.Offer, special []pricing.SpecialPrice) (map[string]json.RawMessage, bool) {
	held, values := maps.Clone(s.AddOns), pricing.Kept(agreed, s.AddOns, s.Period)
	for code := range s.AddOns {
		if !otherUnit(agreed, m.to, code) || values[code].Amount == nil {
			continue
		}
		was, _ := agreed.AddOnOf(code)
		v, known := m.of(was, values[code])
		priced := slices.ContainsFunc(special, func(p pricing.SpecialPrice) bool { return p.Item == code })
		if !known || priced || !v.Amount.Equal(v.Amount.Round(money.PriceDigits)) {
			return nil, false
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, false
		}
		held[code] = raw
	}
	return held, true
}

// renewing is what a service renews by: its tariff's newest version with what it has in that version's units, or the one that was
// agreed where that cannot be told. Pure.
func renewing(in pricing.Input, s service.Service, number int, agreed catalog.Offer, units measure.Units) (pricing.Input, service.Service, int) {
	if !CountsAnew(agreed, in.Offer, s.AddOns) {
		return in, s, number
	}
	held, ok := scale{units, in.Offer}.again(s, agreed, in.Special)
	if !ok {
		in.Offer = agreed
		return in, s, s.TariffVersion
	}
	s.AddOns = held
	return in, s, number
}
