package httpapi

import (
	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/money"
)

func fromAPITaxRuleCreate(b api.TaxRuleCreate) (client.TaxRuleChange, error) {
	var p prices
	rate := p.one("/rate", b.Rate)
	in := client.TaxRuleChange{Country: b.Country, Region: b.Region, ProductType: b.ProductType, Rate: &rate}
	in.From, in.Until = p.day("/valid_from", b.ValidFrom), p.day("/valid_until", b.ValidUntil)
	return in, p.Err()
}

func fromAPITaxRulePatch(b api.TaxRulePatch) (client.TaxRuleChange, error) {
	var p prices
	in := client.TaxRuleChange{
		Country: patched(b.Country), Region: patched(b.Region), ProductType: patched(b.ProductType), Rate: p.maybe("/rate", b.Rate),
		From: p.day("/valid_from", patched(b.ValidFrom)), Until: p.day("/valid_until", patched(b.ValidUntil)),
	}
	return in, p.Err()
}

// day reads a day that may be left out; an empty text is no day.
func (p *prices) day(pointer string, text *string) *calendar.Day {
	if text == nil {
		return nil
	}
	if *text == "" {
		return &calendar.Day{}
	}
	d, err := calendar.ParseDay(*text)
	if err != nil {
		p.Add(pointer, "bad_format", "A day such as 2026-03-05 is expected.")
	}
	return &d
}

func toAPITaxRule(r client.TaxRule) api.TaxRule {
	out := api.TaxRule{
		ID: string(r.ID), ProviderID: string(r.ProviderID), Country: orNull(r.Country), Region: orNull(r.Region),
		ProductType: orNull(r.ProductType), Rate: money.FormatPrice(r.Rate), CreatedAt: r.CreatedAt,
	}
	if !r.From.IsZero() {
		out.ValidFrom = orNull(r.From.String())
	}
	if !r.Until.IsZero() {
		out.ValidUntil = orNull(r.Until.String())
	}
	return out
}
