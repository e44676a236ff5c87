package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// importing is what the items of one import are checked by.
type importing struct {
	module   module.Module
	machines map[provision.Ref]provision.Machine
	held     []provision.Ref
	clients  map[actor.ClientID]client.Client
	seen     map[provision.Ref]bool
}

// takings checks all items and tells all that is wrong with them at once.
func (e *Engine) takings(ctx context.Context, tx Tx, by actor.Actor, id provision.ModuleID, machines []provision.Machine, items []ImportItem) ([]taking, error) {
	in := importing{machines: map[provision.Ref]provision.Machine{}, seen: map[provision.Ref]bool{}}
	var err error
	if in.module, err = tx.ModuleByID(ctx, id); err != nil {
		return nil, err
	}
	for _, m := range machines {
		in.machines[m.Ref] = m
	}
	if in.clients, err = lockClients(ctx, tx, by, items); err != nil {
		return nil, err
	}
	// After the clients, in one order for all: what is held now stays all that is held until this import has written.
	if err = tx.LockPanel(ctx, id); err != nil {
		return nil, err
	}
	if in.held, err = tx.HeldObjects(ctx, id, refsOf(machines)); err != nil {
		return nil, err
	}
	var fields fault.Fields
	out := make([]taking, len(items))
	for i, it := range items {
		var err error
		out[i], err = e.taking(ctx, tx, &in, it)
		if err = fields.Merge(fmt.Sprintf("/items/%d", i), err); err != nil {
			return nil, err
		}
	}
	return out, fields.Err()
}

// lockClients locks the clients of some items in one order for all who lock several; those that do not exist are left out.
func lockClients(ctx context.Context, tx Tx, by actor.Actor, items []ImportItem) (map[actor.ClientID]client.Client, error) {
	ids := map[actor.ClientID]bool{}
	for _, it := range items {
		ids[it.ClientID] = true
	}
	out := map[actor.ClientID]client.Client{}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		c, err := client.Lock(ctx, tx, by, id)
		switch {
		case fault.Has(err, "not_found"):
		case err != nil:
			return nil, err
		default:
			out[id] = c
		}
	}
	return out, nil
}

// taking checks one item. What is wrong is an Invalid fault with pointers relative to the item.
func (e *Engine) taking(ctx context.Context, tx Tx, in *importing, it ImportItem) (taking, error) {
	var fields fault.Fields
	m, found := in.machines[it.Ref]
	c, known := in.clients[it.ClientID]
	switch {
	case in.seen[it.Ref]:
		fields.Add("/external_id", "duplicate_value", "Another item names this machine.")
	case slices.Contains(in.held, it.Ref):
		fields.Add("/external_id", "already_exists", "A service has this machine already.")
	case !found:
		fields.Add("/external_id", "not_found", "The panel has no such machine that can be taken over.")
	case known && m.Owner != "" && !strings.EqualFold(m.Owner, c.Email):
		fields.Add("/client_id", "owner_differs", "In the panel the machine belongs to %s.", m.Owner)
	}
	in.seen[it.Ref] = true
	if !known {
		fields.Add("/client_id", "not_found", "No such client.")
	}
	t, err := tx.LockTariff(ctx, it.TariffID)
	if fault.Has(err, "not_found") || err == nil && known && t.ProviderID != c.ProviderID {
		fields.Add("/tariff_id", "not_found", "No such tariff.")
		return taking{}, fields.Err()
	}
	if err != nil {
		return taking{}, err
	}
	place := in.fits(&fields, t)
	values, err := e.checkTerms(ctx, tx, &fields, it, t.Offer)
	if err != nil || fields.Err() != nil {
		return taking{}, errOr(err, fields)
	}
	return e.newTaking(ctx, tx, c, t, m, it, in.module.ID, place, values)
}

func errOr(err error, fields fault.Fields) error {
	if err != nil {
		return err
	}
	return fields.Err()
}

// fits checks that the tariff is one of the module, and answers the data center that the service stands in.
func (in *importing) fits(fields *fault.Fields, t catalog.Tariff) datacenter.ID {
	if t.ProductType != in.module.ProductType || !slices.Contains(t.Offer.ModuleIDs, in.module.ID) {
		fields.Add("/tariff_id", "module_not_in_tariff", "The tariff is not sold by this module.")
		return ""
	}
	place := in.module.DataCenterID
	if place == "" && len(t.Offer.DataCenterIDs) == 1 {
		return t.Offer.DataCenterIDs[0]
	}
	if !slices.Contains(t.Offer.DataCenterIDs, place) {
		fields.Add("/tariff_id", "data_center_not_in_tariff", "The tariff is not sold in the module's data center.")
	}
	return place
}

// longestPaid is for how many years a machine may have been paid for elsewhere: no period can be ordered for longer.
const longestPaid = 10

// checkTerms checks period, its end and the add-ons against the tariff.
func (e *Engine) checkTerms(ctx context.Context, tx Tx, fields *fault.Fields, it ImportItem, offer catalog.Offer) (map[string]pricing.Value, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return nil, err
	}
	if _, priced := pricing.PeriodPrice(offer, it.Period); !priced || it.Period.IsTrial() {
		fields.Add("/period", "period_not_available", "The tariff has no price for %s.", it.Period)
		return nil, nil
	}
	switch once := it.Period.IsOneTime(); {
	case once && it.PaidUntil != nil:
		fields.Add("/paid_until", "out_of_range", "What is paid for once has no end.")
	case !once && it.PaidUntil == nil:
		fields.Add("/paid_until", "required", "Until when was it paid for?")
	case !once && !it.PaidUntil.After(now):
		fields.Add("/paid_until", "out_of_range", "It must be paid for until some instant to come.")
	case !once && it.PaidUntil.After(now.AddDate(longestPaid, 0, 0)):
		fields.Add("/paid_until", "out_of_range", "It is paid for %d years at most.", longestPaid)
	}
	values, err := pricing.Resolve(offer, pricing.Selection{Period: it.Period, AddOns: it.AddOns})
	return values, fields.Merge("", err)
}

// newTaking makes the service of a machine in memory. Its price is that of a renewal; the period that runs was paid elsewhere.
func (e *Engine) newTaking(ctx context.Context, tx Tx, c client.Client, t catalog.Tariff, m provision.Machine, it ImportItem,
	module provision.ModuleID, place datacenter.ID, values map[string]pricing.Value,
) (taking, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return taking{}, err
	}
	provider, err := tx.ShareProvider(ctx, c.ProviderID)
	if err != nil {
		return taking{}, err
	}
	end := now
	if it.PaidUntil != nil {
		end = *it.PaidUntil
	}
	// Further periods hang on the end of this one, as they would after any other.
	anchor := calendar.AnchorOf(end, e.Zone)
	quote, err := pricing.Price(pricing.Input{
		Offer: t.Offer, ProductType: t.ProductType, Currency: provider.Currency, PricesIncludeTax: provider.PricesIncludeTax,
		TaxRate: provider.TaxRate(&c, t.ProductType, calendar.DayOf(now, e.Zone)), Period: it.Period, Values: values, Start: now,
		Anchor: anchor, Zone: e.Zone, Renewal: true, Running: &pricing.Running{End: end, Num: 1, Den: 1},
	})
	if err != nil {
		return taking{}, err
	}
	quote.PeriodEnd = it.PaidUntil
	addOns, err := rawOf(values)
	if err != nil {
		return taking{}, err
	}
	// The period that ends then is one like any other, only that it began elsewhere.
	began := now
	if it.PaidUntil != nil {
		began = it.Period.Start(end, anchor, e.Zone)
	}
	s := service.Service{
		ID: service.ID(actor.NewID()), ClientID: c.ID, ProviderID: c.ProviderID, Status: service.Active, Name: t.Offer.Name,
		ProductType: t.ProductType, TariffID: t.ID, TariffVersion: t.Number, Period: it.Period, Currency: provider.Currency,
		DataCenterID: place, ModuleID: module, AddOns: addOns, Parameters: map[string]json.RawMessage{}, StartedAt: &now,
		Anchor: &anchor, PeriodStart: &began, PaidUntil: it.PaidUntil, CreatedAt: now, Version: 1,
		AutoRenew: !it.Period.IsOneTime() && (it.AutoRenew == nil || *it.AutoRenew),
	}
	if s.Quote, err = charge.ImportedBy(s, quote); err != nil {
		return taking{}, err
	}
	err = e.takeOver(&s, provision.Outcome{Ref: m.Ref, Domain: m.Domain, Addresses: m.Addresses, Parameters: m.Parameters})
	return taking{s, t.Offer, quote}, err
}
