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
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/product"
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
	PricesIncludeTax   bool
	// Where prices are without tax: what comes on top (D25).
	TaxRules []client.TaxRule
	Taxpayer client.Taxpayer
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

// actionsBy says by which operation of its module an action works; the others need no module.
var actionsBy = map[string]provision.Kind{
	"reboot": provision.Reboot, "reinstall": provision.Reinstall, "set_parameters": provision.SetParams,
}

// Actions are what a role may ask of a service in its present state, for the interface that draws the buttons: only what its
// module does and its tariff allows.
func (e *Engine) Actions(v View, role actor.Role) []string {
	out := []string{}
	for _, a := range stateActions(v.Service) {
		if !v.allows(a, role) {
			continue
		}
		kind, byModule := actionsBy[a]
		if byModule && e.modeOf(v, kind) == provision.ModeNone {
			continue
		}
		out = append(out, a)
	}
	if role != actor.Client && (v.Status == service.Active || v.Status == service.Suspended) && e.can(v, provision.CanSync) {
		out = append(out, "sync")
	}
	if v.Service.Live() && len(v.Secrets) > 0 && e.modeOf(v, provision.Open) != provision.ModeNone {
		out = append(out, "reveal_credentials")
	}
	return out
}

// allows tells what rules say of an action, beyond the state: what cannot have an effect is no button.
func (v View) allows(action string, role actor.Role) bool {
	staff := role == actor.Admin
	switch action {
	case "suspend":
		// On a suspended service it would add a reason.
		return staff || (!v.Has(service.ByClient) && (role != actor.Client || v.AgreedOffer.Policy.ClientMaySuspend))
	case "resume":
		return staff || v.Has(service.ByClient)
	case "renew":
		return v.PaidUntil != nil && !v.Period.IsDaily() && !v.Has(service.ForAbuse)
	case "delete":
		return role != actor.Client || v.ClientDeletion != "forbidden"
	case "change_add_ons":
		return changeable(v.Service, false) == nil && v.hasEditable(staff)
	case "change_tariff":
		return changeable(v.Service, true) == nil && (v.AgreedOffer.Policy.ChangeTo != changeToNone || v.hasOtherPeriod())
	}
	return true
}

// hasEditable tells whether any add-on of the agreed version can be changed; what is given by hand only staff changes.
func (v View) hasEditable(staff bool) bool {
	return slices.ContainsFunc(v.AgreedOffer.AddOns, func(a catalog.AddOn) bool {
		switch a.Billing {
		case catalog.BillOrder, catalog.BillChoice:
			return a.Enabled && a.Edit != editFixed
		case catalog.BillManual:
			return a.Enabled && staff
		}
		return false
	})
}

func (v View) hasOtherPeriod() bool {
	return slices.ContainsFunc(v.Offer.Prices, func(p catalog.Price) bool { return p.Period.Renews() && p.Period != v.Period })
}

func (e *Engine) modeOf(v View, kind provision.Kind) provision.Mode {
	mode, err := e.mode(module.Module{Driver: v.Driver}, v.ProductType, kind)
	if err != nil {
		return provision.ModeNone
	}
	return mode
}

// can tells whether the driver of a service's module has an ability.
func (e *Engine) can(v View, a provision.Ability) bool {
	d, err := e.Registry.Driver(v.Driver)
	return err == nil && d.Can(a)
}

func stateActions(s service.Service) []string {
	var out []string
	switch {
	case s.Status == service.Active && s.DeleteAt != nil:
		out = []string{"suspend", "renew", "reboot", "undelete", "delete"}
	case s.Status == service.Active:
		out = []string{"suspend", "renew", "reboot", "reinstall", "set_parameters", "change_add_ons", "change_tariff", "delete"}
	case s.Status == service.Suspended && s.DeleteAt != nil:
		out = []string{"suspend", "resume", "renew", "undelete", "delete"}
	case s.Status == service.Suspended:
		out = []string{"suspend", "resume", "renew", "delete"}
	}
	if s.ProductType == product.DedicatedBandwidth && len(out) > 0 {
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
