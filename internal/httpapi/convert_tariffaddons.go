package httpapi

import (
	"encoding/json"
	"fmt"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/tariff"
)

func fromAPIAddOnCreate(b api.TariffAddOnCreate) (tariff.AddOnChange, error) {
	var p prices
	in := tariff.AddOnChange{
		Name: b.Name, Billing: as[catalog.Billing](text(b.Billing)), Enabled: b.Enabled, Included: p.maybe("/included", b.Included),
		Prices: p.addOn("/prices", b.Prices), ItemPrices: p.items(b.ItemPrices), Edit: text(b.Edit),
	}
	in.Minimum.Set, in.Minimum.Value = true, p.maybe("/minimum", b.Minimum)
	in.Maximum.Set, in.Maximum.Value = true, p.maybe("/maximum", b.Maximum)
	in.Step.Set, in.Step.Value = true, p.maybe("/step", b.Step)
	in.Unit.Set, in.Unit.Value = b.Unit != nil, b.Unit
	in.Parent.Set, in.Parent.Value = true, b.Parent
	if b.Default != nil {
		in.Default = input.To(*b.Default)
	}
	if b.Tiers != nil {
		in.Tiers = input.To(p.tiers(*b.Tiers))
	}
	if b.Statistics != nil {
		in.Statistics = input.To(p.statistics(*b.Statistics))
	}
	return in, p.Err()
}

func fromAPIAddOnPatch(b api.TariffAddOnPatch) (tariff.AddOnChange, error) {
	var p prices
	in := tariff.AddOnChange{
		Name: b.Name, Billing: as[catalog.Billing](text(b.Billing)), Enabled: b.Enabled, Included: p.maybe("/included", b.Included),
		Minimum: p.opt("/minimum", b.Minimum), Maximum: p.opt("/maximum", b.Maximum), Step: p.opt("/step", b.Step),
		Unit: optional(b.Unit), Default: optional(b.Default), Prices: p.addOn("/prices", b.Prices), ItemPrices: p.items(b.ItemPrices),
		Tiers: change(optional(b.Tiers), p.tiers), Parent: optional(b.Parent), Edit: text(b.Edit),
		Statistics: change(optional(b.Statistics), p.statistics),
	}
	return in, p.Err()
}

// change converts the value of a removable member.
func change[A, B any](in input.Opt[A], to func(A) B) input.Opt[B] {
	out := input.Opt[B]{Set: in.Set}
	if in.Value != nil {
		v := to(*in.Value)
		out.Value = &v
	}
	return out
}

func (p *prices) addOn(pointer string, list *[]api.AddOnPriceInput) *[]catalog.AddOnPrice {
	if list == nil {
		return nil
	}
	out := make([]catalog.AddOnPrice, len(*list))
	for i, x := range *list {
		place := fmt.Sprintf("%s/%d", pointer, i)
		out[i] = catalog.AddOnPrice{
			Period: calendar.Period(x.Period), Amount: p.one(place+"/amount", x.Amount), SetupFee: p.or0(place+"/setup_fee", x.SetupFee),
		}
	}
	return &out
}

func (p *prices) items(list *[]api.ItemPriceInput) *[]catalog.ItemPrice {
	if list == nil {
		return nil
	}
	out := make([]catalog.ItemPrice, len(*list))
	for i, x := range *list {
		out[i] = catalog.ItemPrice{Item: x.Item, Enabled: x.Enabled == nil || *x.Enabled, Prices: []catalog.AddOnPrice{}}
		if own := p.addOn(fmt.Sprintf("/item_prices/%d/prices", i), x.Prices); own != nil {
			out[i].Prices = *own
		}
	}
	return &out
}

func (p *prices) tiers(b api.TiersInput) catalog.Tiers {
	t := catalog.Tiers{Mode: string(b.Mode), Steps: make([]catalog.Tier, len(b.Steps))}
	for i, x := range b.Steps {
		place := fmt.Sprintf("/tiers/steps/%d", i)
		t.Steps[i] = catalog.Tier{UpTo: p.maybe(place+"/up_to", x.UpTo), Price: p.maybe(place+"/price", x.Price)}
		if own := p.addOn(place+"/prices", x.Prices); own != nil {
			t.Steps[i].Prices = *own
		}
	}
	return t
}

func (p *prices) statistics(b api.StatisticsBillingInput) tariff.StatisticsChange {
	return tariff.StatisticsChange{
		Bill: text(b.Bill), Params: b.Params, Combine: text(b.Combine), OverDays: optional(b.OverDays),
		OveragePrice: p.opt("/statistics/overage_price", b.OveragePrice), OverageUnit: optional(b.OverageUnit),
	}
}

func toAPIAddOn(a catalog.AddOn) api.TariffAddOn {
	out := api.TariffAddOn{
		Code: a.Code, AddOn: orNull(a.AddOn), Name: a.Name, Billing: api.AddOnBilling(a.Billing), Enabled: a.Enabled, Included: "0",
		Minimum: quantity(a.Minimum), Maximum: quantity(a.Maximum), Step: quantity(a.Step), Unit: orNull(a.Unit),
		Default: json.RawMessage(`null`), Prices: each(a.Prices, toAPIAddOnPrice), ItemPrices: each(a.ItemPrices, toAPIItemPrice),
		Tiers: toAPITiers(a), Edit: api.AddOnEdit(a.Edit), Parent: orNull(a.Parent), CreatedAt: a.CreatedAt,
	}
	if a.Billing != catalog.BillChoice {
		out.ValueType = as[api.ValueType](orNull(a.ValueType))
	}
	if a.Included != nil {
		out.Included = a.Included.String()
	}
	if a.Default != nil {
		out.Default = a.Default
	}
	if x := a.Statistics; x != nil {
		out.Statistics = &api.StatisticsBilling{
			Bill: api.BillBy(x.Bill), Params: x.Params, Combine: api.Combine(x.Combine), OverDays: as[api.OverDaysNullable](orNull(x.OverDays)),
			OveragePrice: priceOrNull(x.OveragePrice), OverageUnit: orNull(x.OverageUnit),
		}
	}
	return out
}

func toAPIAddOnPrice(x catalog.AddOnPrice) api.AddOnPrice {
	return api.AddOnPrice{Period: toAPIPeriod(x.Period), Amount: money.FormatPrice(x.Amount), SetupFee: money.FormatPrice(x.SetupFee)}
}

func toAPIItemPrice(x catalog.ItemPrice) api.ItemPrice {
	return api.ItemPrice{Item: x.Item, Name: x.Name, Enabled: x.Enabled, Prices: each(x.Prices, toAPIAddOnPrice)}
}

func toAPITiers(a catalog.AddOn) *api.Tiers {
	if a.Tiers == nil {
		return nil
	}
	return &api.Tiers{Mode: api.TiersMode(a.Tiers.Mode), Steps: each(a.Tiers.Steps, func(x catalog.Tier) api.Tier {
		step := api.Tier{UpTo: quantity(x.UpTo), Price: priceOrNull(x.Price)}
		if a.PaidByPeriod() {
			list := each(x.Prices, toAPIAddOnPrice)
			step.Prices = &list
		}
		return step
	})}
}
