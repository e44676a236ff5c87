package lifecycle

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/measure"
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
