package client

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
)

// TaxRuleID is a tax rule's id.
type TaxRuleID string

// TaxRule is a rate of tax and for what it is (D25). What is empty holds for everything.
type TaxRule struct {
	ID          TaxRuleID
	ProviderID  actor.ProviderID
	Country     string // of the client, ISO 3166-1 alpha-2
	Region      string // of the client; its rate comes on top of the country's
	ProductType string
	Rate        decimal.Decimal // 0.20 is twenty per cent
	From        calendar.Day    // the zero day: always was
	Until       calendar.Day    // the first day that it does not hold for; the zero day: no end
	CreatedAt   time.Time
	Version     int64
}

// holds tells whether the rule is in force on a day for a product type.
func (r TaxRule) holds(productType string, day calendar.Day) bool {
	return (r.ProductType == "" || r.ProductType == productType) &&
		(r.From.IsZero() || !day.Before(r.From)) && (r.Until.IsZero() || day.Before(r.Until))
}

// weight orders the rules that fit: the product type says more than the country.
func (r TaxRule) weight() (w int) {
	if r.ProductType != "" {
		w += 2
	}
	if r.Country != "" {
		w++
	}
	return w
}

// Taxpayer is where the taxes of somebody are due.
type Taxpayer struct {
	Country string
	Region  string
}

// Taxpayer is where a client pays taxes: where it lives, or where the provider is, for one that did not say and for nobody
// in particular.
func (p Provider) Taxpayer(c *Client) Taxpayer {
	if c == nil || c.Country == "" {
		return Taxpayer{Country: p.Country}
	}
	return Taxpayer{Country: c.Country, Region: c.Region}
}

// TaxRate is the rate of tax for a product type on a day (D25): the most specific rule of the country, or of all countries,
// and on top of it the most specific one of the region. No rule is no tax. Pure.
func TaxRate(rules []TaxRule, who Taxpayer, productType string, day calendar.Day) decimal.Decimal {
	country, region := TaxRule{}, TaxRule{}
	for _, r := range rules {
		if !r.holds(productType, day) || (r.Country != "" && r.Country != who.Country) {
			continue
		}
		best := &country
		if r.Region != "" {
			if r.Region != who.Region {
				continue
			}
			best = &region
		}
		if best.ID == "" || r.weight() > best.weight() {
			*best = r
		}
	}
	return country.Rate.Add(region.Rate)
}

// TaxSwitch is a day from which on a provider's prices are read in another way: until then they included tax, or did not.
type TaxSwitch struct {
	Until    calendar.Day // the first day of the new way
	Included bool
}

// IncludedTax tells whether prices included tax on a day, by how they are read now and by the changes of that in order of their
// days. Pure.
func IncludedTax(now bool, switches []TaxSwitch, day calendar.Day) bool {
	for _, s := range switches {
		if day.Before(s.Until) {
			return s.Included
		}
	}
	return now
}

// TaxRate is what the provider's rules say about a client; nil is nobody in particular.
func (p Provider) TaxRate(c *Client, productType string, day calendar.Day) decimal.Decimal {
	return TaxRate(p.TaxRules, p.Taxpayer(c), productType, day)
}
