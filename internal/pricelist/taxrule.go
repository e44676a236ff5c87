package pricelist

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/client"
)

// taxRule is a rule of tax in a document. It has no name: what it is for, and from when on, tells it from others.
type taxRule struct {
	id          client.TaxRuleID
	Provider    string          `json:"provider"`
	Country     string          `json:"country"`
	Region      string          `json:"region"`
	ProductType string          `json:"product_type"`
	ValidFrom   string          `json:"valid_from"`
	ValidUntil  string          `json:"valid_until"`
	Rate        decimal.Decimal `json:"rate"`
}

func (d taxRule) key() string {
	return strings.TrimRight(strings.Join([]string{d.Provider, d.Country, d.Region, d.ProductType, d.ValidFrom}, "/"), "/")
}

func taxRules() section {
	return &kind[taxRule]{
		section: "tax_rules", noun: "tax rule", key: taxRule.key,
		// A rule ends before the next one begins for the same.
		changesFirst: true,
		defaults:     func(*run, taxRule) taxRule { return taxRule{Rate: decimal.NewFromInt(-1)} },
		list: func(ctx context.Context, r *run) ([]taxRule, error) {
			list, err := r.tx.TaxRulesAll(ctx)
			providers := byID(r.providers)
			var out []taxRule
			for _, x := range list {
				d := taxRule{
					id: x.ID, Provider: providers[string(x.ProviderID)], Country: x.Country, Region: x.Region, ProductType: x.ProductType,
					ValidFrom: dayText(x.From), ValidUntil: dayText(x.Until), Rate: x.Rate,
				}
				if r.only == nil || r.only[d.Provider] {
					out = append(out, d)
				}
			}
			return out, err
		},
		create: func(ctx context.Context, r *run, it item, d taxRule) error {
			of := actor.ProviderID(r.id(r.providers, "provider", d.Provider, it, "provider"))
			in := client.TaxRuleChange{
				Country: &d.Country, Region: &d.Region, ProductType: &d.ProductType, Rate: &d.Rate,
				From: r.day(it, "valid_from", d.ValidFrom), Until: r.day(it, "valid_until", d.ValidUntil),
			}
			if len(r.Problems) > 0 {
				return nil
			}
			_, err := r.clients.CreateTaxRule(ctx, r.by, of, in)
			return err
		},
		update: func(ctx context.Context, r *run, it item, old, d taxRule) error {
			in := client.TaxRuleChange{Rate: &d.Rate, Until: r.day(it, "valid_until", d.ValidUntil)}
			if len(r.Problems) > 0 {
				return nil
			}
			_, err := r.clients.UpdateTaxRule(ctx, r.by, old.id, in)
			return err
		},
		delete: func(ctx context.Context, r *run, old taxRule) error {
			return r.clients.DeleteTaxRule(ctx, r.by, old.id, nil)
		},
	}
}

func dayText(d calendar.Day) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func (r *run) day(it item, member, text string) *calendar.Day {
	if text == "" {
		return &calendar.Day{}
	}
	d, err := calendar.ParseDay(text)
	if err != nil {
		at, path := follow(it.node, "/"+member)
		r.add(at, it.place+path, "bad_format", "A day such as 2026-03-05 is expected.")
	}
	return &d
}
