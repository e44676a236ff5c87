package httpapi

import (
	"encoding/json"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/money"
)

// form is what an order form is drawn of.
type form struct {
	tariff      catalog.Tariff
	provider    client.Provider
	productType catalog.ProductType
	group       *api.OrderFormGroup
	centers     []catalog.DataCenter
	asked       []catalog.Parameter // by the product type
}

// toAPI draws the form. What is inside the house, such as modules and settings, is not on it.
func (f form) toAPI(a catalog.Availability, modules []catalog.Module) api.OrderForm {
	t, o := f.tariff, f.tariff.Offer
	out := api.OrderForm{
		ID: string(t.ID), Code: t.Code, Name: o.Name, Description: o.Description, ProductType: t.ProductType, ProductTypeName: f.productType.Name,
		Group: f.group, Currency: f.provider.Currency, PricesIncludeTax: f.provider.PricesIncludeTax, TrialDays: o.TrialDays,
		OrderPage: api.OrderPage{
			Display: api.OrderPageDisplay(f.productType.OrderPage.Display), ExpandDescription: f.productType.OrderPage.ExpandDescription,
			Filter: f.productType.OrderPage.Filter,
		},
		Periods: []api.TariffPrice{}, AddOns: toAPIFormAddOns(o, ""), Parameters: f.parameters(modules),
		DataCenters: each(a.Places, f.place), Orderable: a.Orderable(), Reasons: each(a.Reasons, toAPIReason),
	}
	for _, p := range t.OrderablePeriods() {
		price, ok := o.PriceOf(p)
		if !ok {
			price = catalog.Price{Period: p} // a trial
		}
		out.Periods = append(out.Periods, toAPITariffPrice(price))
	}
	return out
}

func (f form) place(p catalog.Place) api.OrderFormPlace {
	out := api.OrderFormPlace{ID: string(p.ID), Orderable: p.Orderable(), Reasons: each(p.Reasons, toAPIReason), Free: p.Free}
	if i := slices.IndexFunc(f.centers, func(c catalog.DataCenter) bool { return c.ID == p.ID }); i >= 0 {
		c := toAPIDataCenter(f.centers[i])
		out.Name, out.Icon = c.Name, c.Icon
	}
	return out
}

// toAPIFormAddOns draws the add-ons below a choice, or those that stand for themselves. What is merely included, and what
// only staff give, is not shown.
func toAPIFormAddOns(o catalog.Offer, parent string) []api.OrderFormAddOn {
	out := []api.OrderFormAddOn{}
	for _, a := range o.AddOns {
		if a.Parent != parent || !a.Enabled || (a.Billing != catalog.BillOrder && a.Billing != catalog.BillChoice && a.Billing != catalog.BillStatistics) {
			continue
		}
		out = append(out, toAPIFormAddOn(o, a))
	}
	return out
}

func toAPIFormAddOn(o catalog.Offer, a catalog.AddOn) api.OrderFormAddOn {
	out := api.OrderFormAddOn{
		Code: a.Code, Name: a.Name, ValueType: api.ValueType(a.ValueType), Billing: api.OrderFormAddOnBilling(a.Billing),
		Selectable: a.Billing != catalog.BillStatistics, Included: quantity(a.Included), Minimum: quantity(a.Minimum), Maximum: quantity(a.Maximum),
		Step: quantity(a.Step), Unit: orNull(a.Unit), Prices: each(a.Prices, toAPIFormPrice), Items: []api.OrderFormItem{},
		Tiers: []api.OrderFormTier{}, Children: []api.OrderFormAddOn{},
	}
	if a.Default != nil {
		out.Default = &a.Default
	} else {
		null := json.RawMessage(`null`)
		out.Default = &null
	}
	for _, x := range a.ItemPrices {
		if x.Enabled {
			out.Items = append(out.Items, api.OrderFormItem{Code: x.Item, Name: x.Name, Prices: each(x.Prices, toAPIFormPrice)})
		}
	}
	if a.Tiers != nil {
		out.Tiers = each(a.Tiers.Steps, func(x catalog.Tier) api.OrderFormTier {
			return api.OrderFormTier{
				Mode: api.OrderFormTierMode(a.Tiers.Mode), UpTo: quantity(x.UpTo), Price: priceOrNull(x.Price), Prices: each(x.Prices, toAPIFormPrice),
			}
		})
	}
	if x := a.Statistics; x != nil && a.Billing == catalog.BillStatistics {
		out.Bill, out.OverageUnit = as[api.OrderFormAddOnBill](&x.Bill), orNull(x.OverageUnit)
		if x.OveragePrice != nil && !x.OveragePrice.Equal(decimal.Zero) {
			out.OveragePrice = priceOrNull(x.OveragePrice)
		}
	}
	if a.Billing == catalog.BillChoice {
		out.Children = toAPIFormAddOns(o, a.Code)
	}
	return out
}

func toAPIFormPrice(p catalog.AddOnPrice) api.AddOnPrice {
	return api.AddOnPrice{Period: toAPIPeriod(p.Period), Amount: money.FormatPrice(p.Amount), SetupFee: money.FormatPrice(p.SetupFee)}
}

// parameters are what the order may say besides add-ons; a bandwidth service also names the servers that it carries.
func (f form) parameters(modules []catalog.Module) []api.OrderFormParameter {
	out := each(catalog.Asked(f.tariff.Offer, f.asked, modules), toAPIFormParameter)
	if f.tariff.ProductType == catalog.DedicatedBandwidth {
		out = append(out, api.OrderFormParameter{
			Code: "servers", Name: "Servers", Input: api.OrderFormParameterInput(catalog.MultiListInput), Required: true, Values: []api.OrderFormValue{},
		})
	}
	return out
}

func toAPIFormParameter(p catalog.AskedParameter) api.OrderFormParameter {
	return api.OrderFormParameter{
		Code: p.Code, Name: p.Name, Input: api.OrderFormParameterInput(p.Input), Required: p.Required && p.Ask == catalog.AskAtOrder,
		Default: orNull(p.Default), AnyText: p.AnyText || p.Input == catalog.TextInput,
		Values: each(p.Allowed, func(v catalog.AllowedValue) api.OrderFormValue {
			return api.OrderFormValue{
				Code: v.Code, Name: v.Name, Tags: append([]string{}, v.Tags...),
				DataCenterIds: each(v.DataCenterIDs, func(id catalog.DataCenterID) api.ID { return string(id) }),
			}
		}),
	}
}
