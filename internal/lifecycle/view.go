package lifecycle

import (
	"cmp"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
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
	Sold               catalog.Offer   // of the version it was ordered by, until it is active
	PricesIncludeTax   bool
}

// Pending is an unfinished operation of a service.
type Pending struct {
	ID     operation.ID     `json:"id"`
	Kind   provision.Kind   `json:"kind"`
	Status operation.Status `json:"status"`
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
	price, _ := pricing.PeriodPrice(v.Sold, v.Period)
	quote := pricing.Quote{Lines: []pricing.Line{{Kind: pricing.PeriodLine, UnitPrice: &price.Amount}}}
	terms, err := termsOf(v.Service, v.Sold, quote, v.CreatedAt)
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
	r, err := further(pricing.Input{
		Offer: v.Offer, ProductType: s.ProductType, Currency: s.Currency, PricesIncludeTax: v.PricesIncludeTax, Zone: zone,
		Special: specialsOf(v.Terms),
	}, s, "", time.Time{})
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

// actionsBy says by which operation of its module an action works; the others need no module.
var actionsBy = map[string]provision.Kind{
	"reboot": provision.Reboot, "reinstall": provision.Reinstall, "set_parameters": provision.SetParams,
}

// Actions are what may be asked of a service in its present state, for the interface that draws the buttons: only what its
// module does.
func (e *Engine) Actions(v View) []string {
	out := []string{}
	for _, a := range stateActions(v.Service) {
		kind, byModule := actionsBy[a]
		if byModule && e.modeOf(v, kind) == provision.ModeNone {
			continue
		}
		out = append(out, a)
	}
	if v.Service.Live() && len(v.Secrets) > 0 && e.modeOf(v, provision.Open) != provision.ModeNone {
		out = append(out, "reveal_credentials")
	}
	return out
}

func (e *Engine) modeOf(v View, kind provision.Kind) provision.Mode {
	mode, err := e.mode(catalog.Module{Driver: v.Driver}, v.ProductType, kind)
	if err != nil {
		return provision.ModeNone
	}
	return mode
}

func stateActions(s service.Service) []string {
	var out []string
	switch {
	case s.Status == service.Active && s.DeleteAt != nil:
		out = []string{"suspend", "renew", "reboot", "undelete", "delete"}
	case s.Status == service.Active:
		out = []string{"suspend", "renew", "reboot", "reinstall", "set_parameters", "delete"}
	case s.Status == service.Suspended && s.DeleteAt != nil:
		out = []string{"suspend", "resume", "renew", "undelete", "delete"}
	case s.Status == service.Suspended:
		out = []string{"suspend", "resume", "renew", "delete"}
	}
	if s.ProductType == catalog.DedicatedBandwidth && len(out) > 0 {
		out = append(out, "set_servers")
	}
	return out
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
