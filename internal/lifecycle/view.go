package lifecycle

import (
	"cmp"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// View is a service with all that is told of it: what was agreed, what is being done, what it is linked with.
type View struct {
	service.Service
	Terms              []service.TermRow // open ones, of all sources
	Pending            []Pending
	Links              []Linked        // of a bandwidth service: its servers
	BandwidthServiceID actor.ServiceID // of a server: who carries its traffic; empty: nobody
	Driver             string          // of its module; empty: none yet
	Offer              catalog.Offer   // of the tariff's newest version
	AgreedOffer        catalog.Offer   // of the version that the service agreed to
	Units              measure.Units   // where the newest version counts what it has in other ones
	ClientDeletion     string          // of its product type
	ClientDeletionTime string          // of its product type
	PricesIncludeTax   bool
	// Where prices are without tax: what comes on top (D25).
	TaxRules []client.TaxRule
	Taxpayer client.Taxpayer
}

// Pending is an unfinished operation of a service.
type Pending struct {
	ID     operation.ID
	Kind   provision.Kind
	Status operation.Status
	Begun  bool // the panel holds something for it
	Asked  bool // people were asked
}

// Linked is a server of a bandwidth service.
type Linked struct {
	Server service.ID
	Since  time.Time
	Terms  []service.TermRow // the server's open ones
}

// Agreed are the open terms or, of a service that was not active yet, those that it will begin with: from the order on a
// client sees what it bought.
func (v View) Agreed() []service.TermRow {
	if v.StartedAt != nil || len(v.Terms) > 0 {
		return v.Terms
	}
	price, _ := pricing.PeriodPrice(v.AgreedOffer, v.Period)
	quote := pricing.Quote{Lines: []pricing.Line{{Kind: pricing.PeriodLine, UnitPrice: &price.Amount}}}
	terms, err := termsOf(v.Service, v.AgreedOffer, quote, v.CreatedAt)
	if err != nil {
		return nil
	}
	slices.SortFunc(terms, func(a, b service.TermRow) int { return cmp.Compare(a.Item, b.Item) })
	return terms
}

// NextCharge is when a service is renewed by itself, and for how much.
type NextCharge struct {
	At     time.Time
	Amount money.Amount
}

// NextCharge is the next automatic renewal as it would be today; nil where there is none. The daily run that renews is the
// last one before the paid period ends (D2).
func (v View) NextCharge(zone *time.Location) *NextCharge {
	s := v.Service
	if !s.RenewsByItself() {
		return nil
	}
	in, s, _ := renewing(pricing.Input{
		Offer: v.Offer, ProductType: s.ProductType, Currency: s.Currency, PricesIncludeTax: v.PricesIncludeTax, Zone: zone,
		TaxRate: client.TaxRate(v.TaxRules, v.Taxpayer, s.ProductType, calendar.DayOf(*s.PaidUntil, zone)), Special: specialsOf(v.Terms),
	}, s, 0, v.AgreedOffer, v.Units)
	r, err := further(in, s, "", time.Time{})
	if err != nil {
		return nil
	}
	day := calendar.DayOf(*s.PaidUntil, zone)
	at := calendar.DailyRunAt(day.AddDays(-1), zone)
	if at.After(*s.PaidUntil) {
		at = calendar.DailyRunAt(day.AddDays(-2), zone)
	}
	return &NextCharge{At: at, Amount: r.Quote.Total}
}

// specialsOf are the special prices among terms.
func specialsOf(rows []service.TermRow) []pricing.SpecialPrice {
	var out []pricing.SpecialPrice
	for _, r := range rows {
		if r.Source != service.FromTariff {
			out = append(out, pricing.SpecialPrice{Item: r.Item, Period: r.Period, Amount: r.Term.Price, OveragePrice: r.Term.OveragePrice})
		}
	}
	return out
}
