package lifecycle

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// addOnsOf is what the panel should give of each element of the product type: amounts in the element's own unit, whatever
// unit the tariff sells in.
func addOnsOf(ctx context.Context, tx Tx, s service.Service, offer catalog.Offer) (map[string]provision.AddOn, error) {
	content, err := tx.ContentOf(ctx, s.ProductType)
	if err != nil {
		return nil, err
	}
	list, err := tx.UnitsAll(ctx)
	if err != nil {
		return nil, err
	}
	units := catalog.NewUnits(list)
	own := map[string]string{}
	for _, c := range content {
		own[c.Code] = c.Unit
	}
	out := elementsOf(offer, pricing.Held(offer, s.AddOns, s.Period))
	for code, a := range out {
		if a.Amount == nil || own[code] == "" || own[code] == a.Unit {
			continue
		}
		amount, err := units.Convert(*a.Amount, a.Unit, own[code])
		if err != nil {
			return nil, err
		}
		out[code] = provision.AddOn{Amount: &amount, Unit: own[code]}
	}
	return out, nil
}

// elementsOf turns what a service has into elements. Children that were not chosen count as off, as do manual add-ons that
// were not given, unless something else gives the same element: so a panel learns what a change took away.
func elementsOf(offer catalog.Offer, held map[string]pricing.Value) map[string]provision.AddOn {
	out := map[string]provision.AddOn{}
	for _, a := range offer.AddOns {
		_, has := held[a.Code]
		if a.Parent != "" {
			_, chose := held[a.Parent]
			has = has || !chose // nothing is taken from those who were never asked
		}
		if !has && a.Enabled && a.Billing != catalog.BillChoice {
			out[a.AddOn] = off(a)
		}
	}
	for _, a := range offer.AddOns {
		v, has := held[a.Code]
		if !has || a.Billing == catalog.BillChoice {
			continue
		}
		given := provision.AddOn{Amount: v.Amount, On: v.On, Item: v.Item, Unit: a.Unit}
		if a.Billing == catalog.BillStatistics {
			given.Amount = a.Included
		}
		out[a.AddOn] = given
	}
	return out
}

func off(a catalog.AddOn) provision.AddOn {
	switch a.ValueType {
	case catalog.BooleanValue:
		no := false
		return provision.AddOn{On: &no}
	case catalog.EnumerationValue:
		return provision.AddOn{}
	}
	zero := decimal.Zero
	return provision.AddOn{Amount: &zero, Unit: a.Unit}
}
