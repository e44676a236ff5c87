package order

import (
	"context"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/traffic"
)

// Prepared is a wish that was checked against its tariff and priced.
type Prepared struct {
	Wish
	Tariff  catalog.Tariff
	Type    product.Type
	Values  map[string]pricing.Value
	Servers []actor.ServiceID // dedicated_bandwidth
	Quote   pricing.Quote
	// forAnybody: it is a quote for nobody in particular.
	forAnybody bool
	// Obstacles may go away by themselves; none: orderable.
	Obstacles []Obstacle
	beside    []Prepared        // the items before it, which are not stored yet
	stored    []actor.ServiceID // what is stored of the order from it on, where it is checked again
}

// Obstacle is why an item cannot be ordered now, and which of its members it concerns.
type Obstacle struct {
	Pointer string // relative to the item
	catalog.Reason
}

// buyer is whom something is sold to, and what is left for them; Client is nil in a quote for nobody in particular.
type buyer struct {
	Provider client.Provider
	Client   *client.Client
	Room     *catalog.Room
	Anybody  bool // only what is on sale exists for them
}

// prepare checks one wish and prices it. What contradicts the tariff is an Invalid fault with pointers relative to the item;
// what may change by itself stands in Obstacles.
func (e *Engine) prepare(ctx context.Context, tx Lookup, b buyer, w Wish, beside []Prepared, now time.Time) (Prepared, error) {
	p := Prepared{Wish: w, beside: beside, forAnybody: b.Client == nil}
	t, err := tx.TariffByID(ctx, w.TariffID)
	if fault.Has(err, "not_found") || (err == nil && (t.ProviderID != b.Provider.ID || b.Anybody && t.Status != catalog.Active)) {
		return p, fault.New(fault.Invalid, "not_found", "No such tariff.").At("/tariff_id")
	}
	if err != nil {
		return p, err
	}
	p.Tariff = t
	if p.Type, err = tx.ProductTypeByCode(ctx, t.ProductType); err != nil {
		return p, err
	}
	var fields fault.Fields
	e.checkPeriod(&p, &fields)
	checkDataCenter(&p, &fields)
	if err = checkParameters(ctx, tx, &p, &fields); err != nil {
		return p, err
	}
	if p.Values, err = pricing.Resolve(t.Offer, pricing.Selection{Period: w.Period, AddOns: w.AddOns}); fields.Merge("", err) != nil {
		return p, err
	}
	if err = fields.Err(); err != nil {
		return p, err
	}
	if p.Quote, err = pricing.Price(p.input(b, now, e.Zone)); err != nil {
		return p, err
	}
	return p, e.judge(ctx, tx, b, &p)
}

// input is everything that the price of a first period depends on.
func (p Prepared) input(b buyer, start time.Time, zone *time.Location) pricing.Input {
	return pricing.Input{
		Offer: p.Tariff.Offer, ProductType: p.Tariff.ProductType, Currency: b.Provider.Currency,
		PricesIncludeTax: b.Provider.PricesIncludeTax, TaxRate: b.Provider.TaxRate(b.Client, p.Tariff.ProductType, calendar.DayOf(start, zone)),
		Period: p.Period, Values: p.Values, Start: start, Zone: zone,
	}
}

func (e *Engine) checkPeriod(p *Prepared, fields *fault.Fields) {
	if p.Tariff.MayBeOrderedFor(p.Period) {
		return
	}
	fields.Add("/period", "period_not_available", "The tariff cannot be ordered for %s.", p.Period)
}

// checkDataCenter takes the tariff's only data center where none is named.
func checkDataCenter(p *Prepared, fields *fault.Fields) {
	offered := p.Tariff.Offer.DataCenterIDs
	if p.DataCenterID == "" {
		switch len(offered) {
		case 0: // not orderable; judge says so
		case 1:
			p.DataCenterID = offered[0]
		default:
			fields.Add("/data_center_id", "required", "The tariff is sold in several data centers: name one.")
		}
		return
	}
	for _, id := range offered {
		if id == p.DataCenterID {
			return
		}
	}
	fields.Add("/data_center_id", "data_center_not_in_tariff", "The tariff is not sold in this data center.")
}

// judge collects the obstacles that may go away by themselves.
func (e *Engine) judge(ctx context.Context, tx Lookup, b buyer, p *Prepared) error {
	modules, err := tx.ModulesByIDs(ctx, p.Tariff.Offer.ModuleIDs)
	if err != nil {
		return err
	}
	a := catalog.Available(p.Tariff, modules, b.Room.Left(p.Tariff.Code, p.Tariff.Offer))
	if b.Client != nil {
		use, err := tx.ClientUse(ctx, b.Client.ID, p.TariffID, p.stored)
		if err != nil {
			return err
		}
		for _, x := range p.beside {
			use = use.With(p.Tariff, x.Tariff, x.Period.IsTrial())
		}
		a = a.ForClient(p.Tariff, *b.Client, use)
		if r, used := use.TrialUsed(p.Type); used && p.Period.IsTrial() {
			p.refuse("/period", []catalog.Reason{r})
		}
	}
	p.refuse("/tariff_id", a.Reasons)
	if place, ok := a.PlaceOf(p.DataCenterID); ok && len(a.Reasons) == 0 {
		p.refuse("/data_center_id", place.Reasons)
		reserve(b.Room, p.Tariff, place)
	}
	if b.Client == nil {
		return nil
	}
	if p.Tariff.ProductType == product.DedicatedBandwidth {
		return e.judgeServers(ctx, tx, b, p)
	}
	return nil
}

// judgeServers checks whether each named server may be carried by a bandwidth service of the tariff.
func (e *Engine) judgeServers(ctx context.Context, tx Lookup, b buyer, p *Prepared) error {
	verdicts, err := traffic.CheckServers(ctx, tx, traffic.Candidate{
		ClientID: b.Client.ID, ProviderID: b.Client.ProviderID, DataCenterIDs: p.Tariff.Offer.DataCenterIDs, Servers: p.Servers,
	})
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		for _, r := range v.Reasons {
			p.Obstacles = append(p.Obstacles, Obstacle{fmt.Sprintf("/parameters/servers/%d", i), catalog.Reason(r)})
		}
	}
	return nil
}

func (p *Prepared) refuse(pointer string, reasons []catalog.Reason) {
	for _, r := range reasons {
		p.Obstacles = append(p.Obstacles, Obstacle{pointer, r})
	}
}

// autoRenew is true unless the wish says otherwise or there is nothing to renew.
func (p Prepared) autoRenew() bool {
	if p.Period.IsOneTime() {
		return false
	}
	return p.AutoRenew == nil || *p.AutoRenew
}
