package traffic

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/service"
)

// carried are the elements of a server's tariff whose use a bandwidth service takes over.
var carried = []string{"traffic", "in", "out", "bandwidth", "burst_in_day", "burst_out_day"}

// Carries tells whether a term is one of a server's traffic add-ons that can cost something.
func Carries(r service.TermRow) bool {
	return r.Source == service.FromTariff && r.Item != service.TariffItem && slices.Contains(carried, r.Term.ContentCode) &&
		(r.Term.Billing == catalog.BillStatistics || r.Term.Billing == catalog.BillOrder)
}

// Override is what a link did to the price of one traffic add-on.
type Override string

// What a link did: set ours, or kept what staff had set.
const (
	OverrideSet  Override = "set"
	OverrideKept Override = "kept_existing"
)

// LinkPrice is the price of one traffic add-on of a linked server.
type LinkPrice struct {
	AddOn    string
	Override Override
}

// LinkPrices tells what an active bandwidth service did to a server's prices, from the server's open terms. Pure.
func LinkPrices(open []service.TermRow) []LinkPrice {
	var out []LinkPrice
	for _, base := range open {
		if !Carries(base) {
			continue
		}
		for _, r := range open {
			if r.Item == base.Item && r.Special() {
				p := LinkPrice{base.Item, OverrideSet}
				if r.Source == service.FromStaff {
					p.Override = OverrideKept
				}
				out = append(out, p)
				break
			}
		}
	}
	return out
}

// AlignPrices makes the `bandwidth` prices of servers what their links say: where an active bandwidth service carries a
// server, each of its traffic add-ons costs nothing in all periods, for as long as it is agreed, unless staff has set a
// price, which is kept and told (price.override_kept); everywhere else none of ours is left. It is called after each change
// of links, activity or a server's terms, repeats without effect, and expects the client's lock.
func AlignPrices(ctx context.Context, tx Tx, by actor.Actor, c actor.ClientID, servers []service.ID) error {
	if len(servers) == 0 {
		return nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	found, err := tx.Servers(ctx, servers)
	if err != nil {
		return err
	}
	_, activity, err := tx.Histories(ctx, []actor.ClientID{c}, servers)
	if err != nil {
		return err
	}
	terms, err := tx.TermsAfter(ctx, c, servers, now)
	if err != nil {
		return err
	}
	for _, s := range found {
		var own []service.TermRow
		for _, r := range terms {
			if r.ServiceID == s.ID {
				own = append(own, r)
			}
		}
		carrier := s.LinkedTo
		if carrier != "" && !activeNow(activity[carrier]) {
			carrier = ""
		}
		if err := align(own, carrier, now).apply(ctx, tx, by, s, carrier); err != nil {
			return err
		}
	}
	return nil
}

func activeNow(ranges []service.ActivityRow) bool {
	return slices.ContainsFunc(ranges, func(a service.ActivityRow) bool { return a.To == nil })
}

// alignment is what is to be done about one server's prices.
type alignment struct {
	insert []service.TermRow
	end    []ending
	kept   []string
}

// ending is a price of ours that ends at an instant.
type ending struct {
	row service.TermRow
	at  time.Time
}

// span is a time in which an add-on is agreed.
type span struct {
	item string
	from time.Time
	to   *time.Time
	had  bool // ours covers it
}

// align compares the terms of one server that are in force now or later with what ours should be: as long as each traffic
// add-on is agreed, which a renewal may already have decided for the time to come. Pure.
func align(own []service.TermRow, carrier service.ID, now time.Time) alignment {
	var a alignment
	wanted := a.wanted(own, carrier, now)
	for _, r := range own {
		if r.Source != service.FromBandwidth {
			continue
		}
		i := slices.IndexFunc(wanted, func(w span) bool {
			return w.item == r.Item && !w.had && r.BandwidthServiceID == carrier && !later(r.From, now).After(w.from)
		})
		if i < 0 || endsBefore(r.To, wanted[i].to) {
			a.end = append(a.end, ending{r, now})
			continue
		}
		wanted[i].had = true
		if endsBefore(wanted[i].to, r.To) {
			a.end = append(a.end, ending{r, *wanted[i].to})
		}
	}
	for _, w := range wanted {
		if !w.had {
			free := decimal.Zero
			a.insert = append(a.insert, service.TermRow{
				ID: actor.NewID(), ClientID: own[0].ClientID, ServiceID: own[0].ServiceID, Item: w.item, Source: service.FromBandwidth,
				From: w.from, To: w.to, Term: service.Term{Price: &free, OveragePrice: &free}, BandwidthServiceID: carrier,
			})
		}
	}
	return a
}

// wanted returns when ours should be in force, and notes what staff's prices keep from it. Terms come in order of item and
// start, so that a row which follows another at once goes on with its span.
func (a *alignment) wanted(own []service.TermRow, carrier service.ID, now time.Time) []span {
	var out []span
	if carrier == "" {
		return nil
	}
	for _, r := range own {
		if !Carries(r) {
			continue
		}
		if slices.ContainsFunc(own, func(o service.TermRow) bool { return o.Item == r.Item && o.Source == service.FromStaff }) {
			if !slices.Contains(a.kept, r.Item) {
				a.kept = append(a.kept, r.Item)
			}
			continue
		}
		n := len(out) - 1
		if n >= 0 && out[n].item == r.Item && out[n].to != nil && out[n].to.Equal(r.From) {
			out[n].to = r.To
			continue
		}
		out = append(out, span{item: r.Item, from: later(r.From, now), to: r.To})
	}
	return out
}

// endsBefore compares two ends of which nil is never.
func endsBefore(a, b *time.Time) bool { return a != nil && (b == nil || a.Before(*b)) }

// priceChange is what the history of a server tells of its special prices.
type priceChange struct {
	ServiceID service.ID `json:"service_id"`
	Bandwidth service.ID `json:"bandwidth_service_id,omitempty"`
	Set       []string   `json:"set,omitempty"`
	Removed   []string   `json:"removed,omitempty"`
	Kept      []string   `json:"kept_existing,omitempty"`
}

func (a alignment) apply(ctx context.Context, tx Tx, by actor.Actor, s Server, carrier service.ID) error {
	change := priceChange{ServiceID: s.ID, Bandwidth: carrier, Kept: a.kept}
	for _, e := range a.end {
		change.Removed = append(change.Removed, e.row.Item)
	}
	for _, r := range a.insert {
		change.Set = append(change.Set, r.Item)
	}
	if len(change.Set)+len(change.Removed)+len(change.Kept) == 0 {
		return nil
	}
	for _, e := range a.end {
		if err := tx.EndTermRows(ctx, s.ClientID, []string{e.row.ID}, e.at); err != nil {
			return err
		}
	}
	if len(a.insert) > 0 {
		if err := tx.InsertTerms(ctx, a.insert); err != nil {
			return err
		}
	}
	typ := ""
	if len(a.kept) > 0 {
		typ = "price.override_kept"
	}
	return event.Record(ctx, tx, by, s.about(), "service.prices_aligned", typ, change)
}

func (s Server) about() event.About {
	return event.About{ClientID: s.ClientID, ProviderID: s.ProviderID, Subject: "service", SubjectID: string(s.ID)}
}

// SpecialPrice is a price that staff sets for one item of a service; Period "" is every period. What is nil stays as the
// tariff has it.
type SpecialPrice struct {
	Item         string // service.TariffItem or an add-on's code
	Period       calendar.Period
	Amount       *decimal.Decimal // from the next renewal
	OveragePrice *decimal.Decimal // at once
}

// SpecialItem turns the last part of a special price's address into an item: `tariff` is the tariff itself.
func SpecialItem(code string) string {
	if code == "tariff" {
		return service.TariffItem
	}
	return code
}

// PutSpecialPrice sets a staff price, one for each item and period; one of a bandwidth service is replaced, and the new one is
// kept from then on. It answers not_found for an item that the service does not have, and expects the locks of client and
// service.
func PutSpecialPrice(ctx context.Context, tx Tx, by actor.Actor, s service.Service, p SpecialPrice) error {
	if s.Status == service.Deleted {
		return s.WrongState("change its prices")
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	open, err := tx.TermsAfter(ctx, s.ClientID, []service.ID{s.ID}, now)
	if err != nil {
		return err
	}
	base := slices.IndexFunc(open, func(r service.TermRow) bool { return r.Item == p.Item && !r.Special() })
	if base < 0 {
		return fault.Missing("add-on")
	}
	if err := p.check(open[base]); err != nil {
		return err
	}
	var ended []string
	for _, r := range open {
		if r.Item == p.Item && (r.Source == service.FromBandwidth || (r.Source == service.FromStaff && r.Period == p.Period)) {
			ended = append(ended, r.ID)
		}
	}
	if err := tx.EndTermRows(ctx, s.ClientID, ended, now); err != nil {
		return err
	}
	row := service.TermRow{
		ID: actor.NewID(), ClientID: s.ClientID, ServiceID: s.ID, Item: p.Item, Source: service.FromStaff, From: now,
		Term: service.Term{Price: p.Amount, OveragePrice: p.OveragePrice}, Period: p.Period,
	}
	if err := tx.InsertTerms(ctx, []service.TermRow{row}); err != nil {
		return err
	}
	return event.Record(ctx, tx, by, s.About(), "service.special_price_set", "service.changed", specialChange{s.Snapshot(), row.Item, row.Period, row.Term})
}

// specialChange is what a changed special price tells: the service, and the price that came or went.
type specialChange struct {
	service.Snapshot
	Item   string          `json:"add_on"` // empty: the tariff itself
	Period calendar.Period `json:"period"` // empty: every period
	Price  service.Term    `json:"price"`
}

func (p SpecialPrice) check(base service.TermRow) error {
	var fields fault.Fields
	if p.Amount == nil && p.OveragePrice == nil {
		fields.Add("/amount", "required", "A price or an overage price is needed.")
	}
	if p.OveragePrice != nil && base.Term.Billing != catalog.BillStatistics {
		fields.Add("/overage_price", "bad_value", "Only what is billed by statistics has overage.")
	}
	return fields.Err()
}

// DropSpecialPrice removes a staff price; where a link is active, ours comes back. A price that a bandwidth service set is a
// managed_price conflict. It expects the locks of client and service.
func DropSpecialPrice(ctx context.Context, tx Tx, by actor.Actor, s service.Service, item string, period calendar.Period) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	open, err := tx.TermsAfter(ctx, s.ClientID, []service.ID{s.ID}, now)
	if err != nil {
		return err
	}
	managed := false
	for _, r := range open {
		if r.Item != item {
			continue
		}
		managed = managed || r.Source == service.FromBandwidth
		if r.Source != service.FromStaff || r.Period != period {
			continue
		}
		if err := tx.EndTermRows(ctx, s.ClientID, []string{r.ID}, now); err != nil {
			return err
		}
		if err := event.Record(ctx, tx, by, s.About(), "service.special_price_removed", "service.changed", specialChange{s.Snapshot(), r.Item, r.Period, r.Term}); err != nil {
			return err
		}
		return AlignPrices(ctx, tx, by, s.ClientID, []service.ID{s.ID})
	}
	if managed {
		return fault.New(fault.Conflict, "managed_price", "A bandwidth service set this price: it goes with the link.")
	}
	return fault.Missing("special price")
}
