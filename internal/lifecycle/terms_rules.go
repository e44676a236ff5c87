package lifecycle

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// What may be changed of an add-on after the order (D9); anything else is up at any time, down once the minimum period is over.
const (
	editFixed        = "fixed"
	editIncreaseOnly = "increase_only"
	editDecreaseOnly = "decrease_only"
)

// Where a tariff lets its services go; anything else is anywhere.
const (
	changeToNone      = "none"
	changeToSameGroup = "same_group"
)

// proposed checks a change against the rules and works it out.
func (e *Engine) proposed(ctx context.Context, tx Tx, by actor.Actor, c client.Client, s service.Service, in TermsInput,
) (operation.Change, plan, error) {
	var to operation.Change
	if err := changeable(s, in.TariffID != ""); err != nil {
		return to, plan{}, err
	}
	agreed, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err != nil {
		return to, plan{}, err
	}
	offer := agreed
	to = operation.Change{TariffID: s.TariffID, TariffVersion: s.TariffVersion, Period: s.Period, AddOnsOnly: in.TariffID == ""}
	if in.TariffID != "" {
		t, err := e.otherTariff(ctx, tx, c, s, agreed, in)
		if err != nil {
			return to, plan{}, err
		}
		offer = t.Offer
		to = operation.Change{TariffID: t.ID, TariffVersion: t.Number, Period: in.Period}
	}
	scale, err := scaleOf(ctx, tx, offer)
	if err != nil {
		return to, plan{}, err
	}
	values, err := valuesFor(by, s, agreed, scale, in)
	if err != nil {
		return to, plan{}, err
	}
	if to.AddOns, err = rawOf(values); err != nil {
		return to, plan{}, err
	}
	early, err := e.inMinPeriod(ctx, tx, s, agreed)
	if err != nil {
		return to, plan{}, err
	}
	if err = editable(s, agreed, scale, in, values, early); err != nil {
		return to, plan{}, err
	}
	if err = shrinks(s, agreed, scale, to); err != nil {
		return to, plan{}, err
	}
	answers, err := answersFor(ctx, tx, by, s, agreed, offer, in)
	if err != nil {
		return to, plan{}, err
	}
	p, err := e.work(ctx, tx, c, s, to)
	p.parameters = answers
	if err == nil && early && in.TariffID != "" && (p.less || p.net().Sign() < 0) {
		err = tooEarly().At("/tariff_id")
	}
	return to, p, err
}

// changeable tells whether a service's terms can be changed at all: not those of a one-time purchase, whose price is over, and
// a trial keeps its tariff until it is over.
func changeable(s service.Service, tariff bool) error {
	switch {
	case s.Status != service.Active:
		return s.WrongState("be changed")
	case s.DeleteAt != nil:
		return fault.New(fault.Conflict, "invalid_service_state", "The service is going to be deleted.")
	case s.Period.IsOneTime():
		return fault.New(fault.Conflict, "invalid_service_state", "A one-time purchase cannot be changed.")
	case tariff && s.Period.IsTrial():
		return fault.New(fault.Conflict, "invalid_service_state", "A trial keeps its tariff; renew it for a period first.")
	}
	return nil
}

// otherTariff is the tariff that a service shall change to, if it may.
func (e *Engine) otherTariff(ctx context.Context, tx Tx, c client.Client, s service.Service, agreed catalog.Offer, in TermsInput) (catalog.Tariff, error) {
	t, err := tx.LockTariff(ctx, in.TariffID)
	if fault.Has(err, "not_found") || (err == nil && t.ProviderID != s.ProviderID) {
		return t, fault.New(fault.Invalid, "not_found", "No such tariff.").At("/tariff_id")
	}
	if err != nil {
		return t, err
	}
	if t.ProductType != s.ProductType {
		return t, fault.New(fault.Invalid, "other_product_type", "The tariff is of the product type %s.", t.ProductType).At("/tariff_id")
	}
	var fields fault.Fields
	if t.Status != catalog.Active {
		fields.Add("/tariff_id", "tariff_not_active", "The tariff is not active.")
	}
	if in.Period.IsOneTime() || in.Period.IsTrial() || !t.MayBeOrderedFor(in.Period) {
		fields.Add("/period", "period_not_available", "The tariff cannot be had for %s.", in.Period)
	}
	if !slices.Contains(t.Offer.ModuleIDs, s.ModuleID) {
		fields.Add("/tariff_id", "module_not_in_tariff", "The tariff is not made by the service's processing module, and a change moves nothing to another panel.")
	}
	if s.DataCenterID != "" && !slices.Contains(t.Offer.DataCenterIDs, s.DataCenterID) {
		fields.Add("/tariff_id", "data_center_not_in_tariff", "The tariff is not sold in the service's data center.")
	}
	if t.ID != s.TariffID {
		if err = e.mayLeave(ctx, tx, c, s, agreed, t, &fields); err != nil {
			return t, err
		}
	}
	return t, fields.Err()
}

// mayLeave checks what only another tariff is bound by: where the old one lets its services go, and what keeps the client
// from the new one.
func (e *Engine) mayLeave(ctx context.Context, tx Tx, c client.Client, s service.Service, agreed catalog.Offer, t catalog.Tariff, fields *fault.Fields) error {
	switch agreed.Policy.ChangeTo {
	case changeToNone:
		fields.Add("/tariff_id", "change_forbidden", "Services of the present tariff cannot change to another one.")
	case changeToSameGroup:
		old, err := tx.TariffByID(ctx, s.TariffID)
		if err != nil {
			return err
		}
		if old.GroupID == "" || old.GroupID != t.GroupID {
			fields.Add("/tariff_id", "other_tariff_group", "Services of the present tariff can change only within its group.")
		}
	}
	use, err := tx.ClientUse(ctx, c.ID, t.ID, nil)
	if err != nil {
		return err
	}
	for _, r := range (catalog.Availability{}).ForClient(t, c, use).Reasons {
		fields.Add("/tariff_id", r.Code, "%s", r.Detail)
	}
	return nil
}

// valuesFor are the add-ons that the service would have: what is not named stays. Another tariff is chosen as in an order, with
// what the service has already as if it were named again where the tariff sells it too, in the unit in which it does.
func valuesFor(by actor.Actor, s service.Service, agreed catalog.Offer, scale scale, in TermsInput) (map[string]pricing.Value, error) {
	offer := scale.to
	change := pricing.ChangeInput{Offer: offer, Period: s.Period, Held: s.AddOns, Change: in.AddOns, Staff: by.Staff()}
	if in.TariffID == "" {
		return pricing.Change(change)
	}
	held, err := scale.kept(s, agreed, in)
	if err != nil {
		return nil, err
	}
	change.Period, change.Held, change.Change = in.Period, held, map[string]json.RawMessage{}
	kept := pricing.Kept(offer, held, in.Period)
	for _, a := range offer.AddOns {
		v, has := kept[a.Code]
		_, rechosen := in.AddOns[a.Parent]
		switch {
		case a.Billing == catalog.BillManual || a.Parent != "" && (rechosen || !has):
			// stays as it is, or goes with its choice
		case has:
			raw, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			change.Change[a.Code] = raw
		case a.Enabled && (a.Billing == catalog.BillOrder || a.Billing == catalog.BillChoice):
			change.Change[a.Code] = json.RawMessage("null")
		}
	}
	maps.Copy(change.Change, in.AddOns)
	return pricing.Change(change)
}

// inMinPeriod tells whether the minimum period of the service's tariff still runs, counted from its start.
func (e *Engine) inMinPeriod(ctx context.Context, tx Tx, s service.Service, agreed catalog.Offer) (bool, error) {
	if agreed.Policy.MinPeriod == nil || s.StartedAt == nil {
		return false, nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return false, err
	}
	return now.Before(minPeriodEnd(*s.StartedAt, calendar.Period(*agreed.Policy.MinPeriod), e.Zone)), nil
}

func minPeriodEnd(start time.Time, p calendar.Period, zone *time.Location) time.Time {
	return p.End(start, calendar.AnchorOf(start, zone), zone)
}

// editable checks each add-on whose value changes. What a change of tariff brings is bound only by what must never shrink: the
// other rules are about a change within a tariff.
func editable(s service.Service, agreed catalog.Offer, scale scale, in TermsInput, values map[string]pricing.Value, early bool) error {
	var fields fault.Fields
	held := pricing.Kept(agreed, s.AddOns, s.Period)
	for _, a := range agreed.AddOns {
		next, has := values[a.Code]
		old, had := held[a.Code]
		if in.TariffID != "" && (!has || !had) {
			continue
		}
		way := down // what cannot be compared may be less
		if old, comparable := scale.of(a, old); comparable {
			way = direction(a, s.Period, old, next)
		}
		place := "/add_ons/" + a.Code
		switch {
		case way == same:
		case in.TariffID != "" && (a.Edit != editIncreaseOnly || way != down):
		case a.Edit == editFixed:
			fields.Add(place, "not_editable", "This add-on cannot be changed after the order.")
		case a.Edit == editIncreaseOnly && way == down:
			fields.Add(place, "increase_only", "This add-on can only be increased.")
		case a.Edit == editDecreaseOnly && way == up:
			fields.Add(place, "decrease_only", "This add-on can only be decreased.")
		case way == down && early:
			fields.Add(place, "min_period_not_over", "Nothing can be decreased before the minimum period is over.")
		}
	}
	return fields.Err()
}

// shrinks refuses a tariff without an add-on that can only be increased, where the service has more of it than an order that does
// not name it: on the way back it would have less. Held to it is staff, too: the add-on's panel may not be able to shrink.
func shrinks(s service.Service, agreed catalog.Offer, scale scale, to operation.Change) error {
	if to.AddOnsOnly {
		return nil
	}
	var fields fault.Fields
	held, next := pricing.Kept(agreed, s.AddOns, s.Period), pricing.Held(scale.to, to.AddOns, to.Period)
	for i := range agreed.AddOns {
		a := &agreed.AddOns[i]
		old, had := held[a.Code]
		if _, judged := to.AddOns[a.Code]; judged || !had || a.Edit != editIncreaseOnly {
			continue
		}
		given := next[a.Code]
		if same, comparable := scale.of(*a, old); given == (pricing.Value{}) || !comparable {
			given = pricing.Omitted(a, s.Period)
		} else {
			old = same
		}
		if direction(*a, s.Period, old, given) == down {
			fields.Add("/tariff_id", "increase_only", "The service has more of %q than the tariff gives, and it can only be increased.", a.Name)
		}
	}
	return fields.Err()
}

func tooEarly() *fault.Error {
	return fault.New(fault.Invalid, "min_period_not_over", "Nothing can be decreased before the minimum period is over.")
}

// way is where a value goes.
type way int

const (
	down way = iota - 1
	same
	up
	sideways // another item of the same price
)

// direction compares two values of one add-on; items are compared by what they cost.
func direction(a catalog.AddOn, p calendar.Period, old, next pricing.Value) way {
	switch {
	case old.Item != "" || next.Item != "":
		if old.Item == next.Item {
			return same
		}
		if w := way(itemPrice(a, p, next).Cmp(itemPrice(a, p, old))); w != same {
			return w
		}
		return sideways
	case old.On != nil || next.On != nil:
		return way(number(next.On) - number(old.On))
	}
	return way(amount(next).Cmp(amount(old)))
}

func itemPrice(a catalog.AddOn, p calendar.Period, v pricing.Value) decimal.Decimal {
	if v.Item == "" || a.Billing == catalog.BillChoice {
		return decimal.Zero // of a choice the child has the price
	}
	if price := pricing.UnitPrice(a, v, p); price != nil {
		return *price
	}
	return decimal.Zero
}

func number(on *bool) int {
	if on != nil && *on {
		return 1
	}
	return 0
}

func amount(v pricing.Value) decimal.Decimal {
	if v.Amount == nil {
		return decimal.Zero
	}
	return *v.Amount
}
