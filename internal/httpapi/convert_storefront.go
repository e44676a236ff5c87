package httpapi

import (
	"slices"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/product"
)

// form is what an order form is drawn of.
type form struct {
	tariff      catalog.Tariff
	provider    client.Provider
	productType product.Type
	group       *api.OrderFormGroup
	centers     []datacenter.DataCenter
	asked       []product.Parameter // by the product type
}

// toAPI draws the form. What is inside the house, such as modules and settings, is not on it.
func (f form) toAPI(a catalog.Availability, modules []module.Module) api.OrderForm {
	t, o := f.tariff, f.tariff.Offer
	out := api.OrderForm{
		ID: string(t.ID), Code: t.Code, Name: o.Name, Description: o.Description, ProductType: t.ProductType, ProductTypeName: f.productType.Name,
		Group: f.group, Currency: f.provider.Currency, PricesIncludeTax: f.provider.PricesIncludeTax, TrialDays: o.TrialDays,
		OrderPage: api.OrderPage{
			Display: api.OrderPageDisplay(f.productType.OrderPage.Display), ExpandDescription: f.productType.OrderPage.ExpandDescription,
			Filter: f.productType.OrderPage.Filter,
		},
		OrderablePeriods: each(t.OrderablePeriods(), toAPIPeriod), Prices: []api.TariffPrice{}, AddOns: toAPIFormAddOns(o, ""), Parameters: f.parameters(modules),
		DataCenters: each(a.Places, f.place), Orderable: a.Orderable(), Reasons: each(a.Reasons, toAPIReason),
	}
	for _, p := range t.OrderablePeriods() {
		price, ok := o.PriceOf(p)
		if !ok {
			price = catalog.Price{Period: p} // a trial
		}
		out.Prices = append(out.Prices, toAPITariffPrice(price))
	}
	return out
}

func (f form) place(p catalog.Place) api.OrderFormPlace {
	out := api.OrderFormPlace{ID: string(p.ID), Orderable: p.Orderable(), Reasons: each(p.Reasons, toAPIReason), Free: p.Free}
	if i := slices.IndexFunc(f.centers, func(c datacenter.DataCenter) bool { return c.ID == p.ID }); i >= 0 {
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

// toAPIFormAddOn shows what a buyer may know of a tariff's add-on, under the same names.
func toAPIFormAddOn(o catalog.Offer, a catalog.AddOn) api.OrderFormAddOn {
	x := toAPIAddOn(a)
	out := api.OrderFormAddOn{
		Code: x.Code, Name: x.Name, ValueType: x.ValueType, Billing: api.OrderFormAddOnBilling(x.Billing),
		Selectable: a.Billing != catalog.BillStatistics, Included: x.Included, Minimum: x.Minimum, Maximum: x.Maximum, Step: x.Step,
		Unit: x.Unit, Default: &x.Default, Prices: x.Prices, Tiers: x.Tiers, Edit: x.Edit, Statistics: x.Statistics,
		ItemPrices: []api.ItemPrice{}, Children: []api.OrderFormAddOn{},
	}
	for _, item := range x.ItemPrices {
		if item.Enabled {
			out.ItemPrices = append(out.ItemPrices, item)
		}
	}
	if a.Billing == catalog.BillChoice {
		out.Children = toAPIFormAddOns(o, a.Code)
	}
	return out
}

// parameters are what the order may say besides add-ons; a bandwidth service also names the servers that it carries.
func (f form) parameters(modules []module.Module) []api.OrderFormParameter {
	out := each(catalog.Asked(f.tariff.Offer, f.asked, modules), toAPIFormParameter)
	if f.tariff.ProductType == product.DedicatedBandwidth {
		out = append(out, api.OrderFormParameter{
			Code: "servers", Name: "Servers", Input: api.OrderFormParameterInput(product.MultiListInput), Required: true, Values: []api.OrderFormValue{},
			Validator: toAPIValidator(product.Validator{Kind: product.ValidatorNone}),
		})
	}
	return out
}

func toAPIFormParameter(p catalog.AskedParameter) api.OrderFormParameter {
	return api.OrderFormParameter{
		Code: p.Code, Name: p.Name, Input: api.OrderFormParameterInput(p.Input), Required: p.Required && p.Ask == product.AskAtOrder,
		Default: orNull(p.Default), AnyText: p.AnyText || p.Input == product.TextInput, Validator: toAPIValidator(p.Validator),
		Values: each(p.Allowed, func(v catalog.AllowedValue) api.OrderFormValue {
			return api.OrderFormValue{
				Code: v.Code, Name: v.Name, Tags: append([]string{}, v.Tags...),
				DataCenterIds: each(v.DataCenterIDs, func(id datacenter.ID) api.ID { return string(id) }),
			}
		}),
	}
}
