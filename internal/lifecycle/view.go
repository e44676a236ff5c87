package lifecycle

import (
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
	Live               []Pending
	Links              []Linked        // of a bandwidth service: its servers
	BandwidthServiceID actor.ServiceID // of a server: who carries its traffic; empty: nobody
	Offer              catalog.Offer   // of the tariff's newest version
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

// NextCharge is when a service is renewed by itself, and for how much.
type NextCharge struct {
	At     time.Time
	Amount money.Amount
}

// NextCharge is the next automatic renewal as it would be today; nil where there is none. The daily run that renews is the
// last one before the paid period ends (D2).
func (v View) NextCharge(zone *time.Location) *NextCharge {
	s := v.Service
	renews := s.Status == service.Active || (s.Status == service.Suspended && !blocked(s) && !s.Has(service.Unpaid))
	if !renews || !s.AutoRenew || s.PaidUntil == nil || s.DeleteAt != nil {
		return nil
	}
	period := s.Period
	anchor := s.Anchor
	if period.IsTrial() {
		if period = afterTrial(v.Offer); period == "" {
			return nil
		}
		fresh := calendar.AnchorOf(*s.PaidUntil, zone)
		anchor = &fresh
	}
	values, err := keptValues(s, v.Offer)
	if err != nil {
		return nil
	}
	q, err := pricing.Price(pricing.Input{
		Offer: v.Offer, ProductType: s.ProductType, Currency: s.Currency, PricesIncludeTax: v.PricesIncludeTax, Period: period,
		Values: values, Start: *s.PaidUntil, Anchor: *anchor, Zone: zone, Renewal: true, Special: specialsOf(v.Terms),
	})
	if err != nil {
		return nil
	}
	day := calendar.DayOf(*s.PaidUntil, zone)
	at := calendar.DailyRunAt(day.AddDays(-1), zone)
	if at.After(*s.PaidUntil) {
		at = calendar.DailyRunAt(day.AddDays(-2), zone)
	}
	return &NextCharge{At: at, Amount: q.Total}
}

// Actions are what may be asked of the service in its present state, for the interface that draws the buttons.
func (v View) Actions() []string {
	s := v.Service
	switch {
	case s.Status == service.Active && s.DeleteAt != nil:
		return []string{"suspend", "renew", "reboot", "undelete", "delete"}
	case s.Status == service.Active:
		return []string{"suspend", "renew", "reboot", "reinstall", "set-parameters", "delete"}
	case s.Status == service.Suspended && s.DeleteAt != nil:
		return []string{"suspend", "resume", "renew", "undelete", "delete"}
	case s.Status == service.Suspended:
		return []string{"suspend", "resume", "renew", "delete"}
	default:
		return []string{}
	}
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
