package tariff

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/product"
)

// StatisticsChange is a partial change of how a measured add-on is charged.
type StatisticsChange struct {
	Bill         *string
	Params       *[]string
	Combine      *string
	OverDays     input.Opt[string]
	OveragePrice input.Opt[decimal.Decimal]
	OverageUnit  input.Opt[string]
}

// AddOnChange is a new add-on's members, or a partial change of one. Prices, items and tiers are replaced whole, statistics
// are merged.
type AddOnChange struct {
	IfVersion  *int64
	Name       *string
	Billing    *catalog.Billing
	Enabled    *bool
	Included   *decimal.Decimal
	Minimum    input.Opt[decimal.Decimal]
	Maximum    input.Opt[decimal.Decimal]
	Step       input.Opt[decimal.Decimal]
	Unit       input.Opt[string]
	Default    input.Opt[json.RawMessage]
	Prices     *[]catalog.AddOnPrice
	ItemPrices *[]catalog.ItemPrice
	Tiers      input.Opt[catalog.Tiers]
	Parent     input.Opt[string]
	Edit       *string
	Statistics input.Opt[StatisticsChange] // none: as the element says
}

// addOnEdit is what happened to one add-on of a tariff.
type addOnEdit struct {
	action  string // created, updated, deleted
	code    string
	changes []catalog.FieldChange
}

// CreateAddOn connects an element of the product type to a tariff; a choice needs none. Faults: not_found (the tariff; at
// /add_on the element, at /parent the choice, at /item_prices the items), already_exists (code), every violation that check
// names.
func (e *Engine) CreateAddOn(ctx context.Context, by actor.Actor, id catalog.TariffID, code, element string, in AddOnChange) (catalog.AddOn, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (catalog.AddOn, error) {
		before, s, err := e.editAddOns(ctx, tx, id)
		if err != nil {
			return catalog.AddOn{}, err
		}
		c, err := s.elementOf(code, element, in)
		if err != nil {
			return catalog.AddOn{}, err
		}
		if _, twice := before.Offer.AddOnOf(code); twice {
			return catalog.AddOn{}, fault.New(fault.Conflict, "already_exists", "The tariff has an add-on of this code.").At("/code")
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return catalog.AddOn{}, err
		}
		a := s.newAddOn(c, code, now)
		in.apply(&a, c)
		if err = s.settle(before.Offer, &a, in); err != nil {
			return catalog.AddOn{}, err
		}
		if err = refuseOtherUnit(ctx, tx, before, a); err != nil {
			return catalog.AddOn{}, err
		}
		t := before
		t.Offer.AddOns = append(slices.Clone(before.Offer.AddOns), a)
		edit := &addOnEdit{action: "created", code: code, changes: catalog.ChangesOf(nil, a.Document())}
		_, err = e.save(ctx, tx, by, before, t, edit)
		return a, err
	})
}

// elementOf finds the element that a new add-on is made of, by default the one of its own code; none for a choice that names none.
func (s shelf) elementOf(code, element string, in AddOnChange) (product.Content, error) {
	var f fault.Fields
	input.CheckCode(&f, code)
	if element == "" && in.Billing != nil && *in.Billing == catalog.BillChoice {
		return product.Content{Name: code}, f.Err()
	}
	if element == "" {
		element = code
	}
	c, known := s.content[element]
	if !known {
		input.Missing(&f, "/add_on", "add-on of the product type")
	}
	return c, f.Err()
}

// UpdateAddOn changes an add-on of a tariff. Faults: not_found, precondition_failed, in_use (a choice with children becomes
// something else; the default of a choice leaves it; at /unit, see otherUnit), every violation that check names.
func (e *Engine) UpdateAddOn(ctx context.Context, by actor.Actor, id catalog.TariffID, code string, in AddOnChange) (catalog.AddOn, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (catalog.AddOn, error) {
		before, s, err := e.editAddOns(ctx, tx, id)
		if err != nil {
			return catalog.AddOn{}, err
		}
		i, err := findAddOn(before.Offer, code, in.IfVersion)
		if err != nil {
			return catalog.AddOn{}, err
		}
		old := before.Offer.AddOns[i]
		a := old
		in.apply(&a, s.content[a.AddOn])
		if err = stillHeld(before.Offer, old, a); err != nil {
			return catalog.AddOn{}, err
		}
		if err = s.settle(before.Offer, &a, in); err != nil {
			return catalog.AddOn{}, err
		}
		if err = refuseOtherUnit(ctx, tx, before, a); err != nil {
			return catalog.AddOn{}, err
		}
		edit := &addOnEdit{action: "updated", code: code, changes: catalog.ChangesOf(old.Document(), a.Document())}
		if len(edit.changes) == 0 {
			return old, nil
		}
		a.Version++
		t := before
		t.Offer.AddOns = slices.Clone(before.Offer.AddOns)
		t.Offer.AddOns[i] = a
		_, err = e.save(ctx, tx, by, before, t, edit)
		return a, err
	})
}

// DeleteAddOn disconnects an add-on; services keep it until they renew. Faults: not_found, precondition_failed, in_use (a
// choice that has children, or the default of a choice).
func (e *Engine) DeleteAddOn(ctx context.Context, by actor.Actor, id catalog.TariffID, code string, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		before, err := tx.LockTariffForEdit(ctx, id)
		if err != nil {
			return err
		}
		i, err := findAddOn(before.Offer, code, ifVersion)
		if err != nil {
			return err
		}
		if err = stillHeld(before.Offer, before.Offer.AddOns[i], catalog.AddOn{}); err != nil {
			return err
		}
		t := before
		t.Offer.AddOns = slices.Delete(slices.Clone(before.Offer.AddOns), i, i+1)
		edit := &addOnEdit{action: "deleted", code: code, changes: catalog.ChangesOf(before.Offer.AddOns[i].Document(), nil)}
		_, err = e.save(ctx, tx, by, before, t, edit)
		return err
	})
}

func (e *Engine) editAddOns(ctx context.Context, tx Tx, id catalog.TariffID) (catalog.Tariff, shelf, error) {
	t, err := tx.LockTariffForEdit(ctx, id)
	if err != nil {
		return catalog.Tariff{}, shelf{}, err
	}
	s, err := e.shelfOf(ctx, tx, t)
	return t, s, err
}

// settle completes an add-on and names everything that is wrong with it. Items get the names and the order that their
// enumeration gives them now; those that nobody sells, because the billing is none, may have gone from it meanwhile.
func (s shelf) settle(o catalog.Offer, a *catalog.AddOn, in AddOnChange) error {
	n := s.enumerations[s.content[a.AddOn].EnumerationCode]
	if a.Billing == catalog.BillNone && in.ItemPrices == nil {
		a.ItemPrices = slices.DeleteFunc(slices.Clone(a.ItemPrices), func(x catalog.ItemPrice) bool {
			_, known := n.Item(x.Item)
			return !known && x.Item != a.DefaultCode()
		})
	}
	if in.Billing != nil && a.PaidByPeriod() && in.ItemPrices == nil && len(a.ItemPrices) == 0 && a.ValueType == product.EnumerationValue {
		a.ItemPrices = everyItem(n)
	}
	if err := s.checkAddOn(o, *a); err != nil {
		return err
	}
	if a.Included != nil && a.Included.IsZero() && (a.ValueType == product.EnumerationValue || a.Billing == catalog.BillChoice) {
		a.Included = nil // they have no amount
	}
	place := map[string]int{}
	for i, x := range n.Items {
		place[x.Code] = i
	}
	a.ItemPrices = slices.Clone(a.ItemPrices)
	for i, x := range a.ItemPrices {
		a.ItemPrices[i].Name = n.Items[place[x.Item]].Name
	}
	slices.SortFunc(a.ItemPrices, func(x, y catalog.ItemPrice) int { return place[x.Item] - place[y.Item] })
	return nil
}

// otherUnit tells whether services have an add-on of this code in another unit than it would get: what they hold is a bare number,
// which their next period would take for an amount of the new unit. It is so too where it was taken from the tariff meanwhile.
func otherUnit(ctx context.Context, tx Tx, before catalog.Tariff, a catalog.AddOn) (bool, error) {
	old, had := before.Offer.AddOnOf(a.Code)
	if before.ID == "" || !a.PaidByPeriod() || a.Unit == "" || had && old.PaidByPeriod() && old.Unit == a.Unit {
		return false, nil
	}
	units, err := tx.UnitsHeld(ctx, before.ID, a.Code)
	return slices.ContainsFunc(units, func(unit string) bool { return unit != a.Unit }), err
}

const otherUnitText = "Services of the tariff have this add-on in another unit. Sell it by another code or tariff."

func refuseOtherUnit(ctx context.Context, tx Tx, before catalog.Tariff, a catalog.AddOn) error {
	other, err := otherUnit(ctx, tx, before, a)
	if err == nil && other {
		err = fault.New(fault.Conflict, "in_use", otherUnitText).At("/unit")
	}
	return err
}

func findAddOn(o catalog.Offer, code string, ifVersion *int64) (int, error) {
	i := slices.IndexFunc(o.AddOns, func(a catalog.AddOn) bool { return a.Code == code })
	if i < 0 {
		return 0, product.ErrNoContent
	}
	return i, input.CheckVersion(ifVersion, o.AddOns[i].Version)
}

// stillHeld refuses to take away what another add-on of the tariff stands on: the choice of children, or the default of a
// choice. The zero AddOn: it is deleted.
func stillHeld(o catalog.Offer, old, a catalog.AddOn) error {
	for _, other := range o.AddOns {
		switch {
		case old.Billing == catalog.BillChoice && a.Billing != catalog.BillChoice && other.Parent == old.Code:
			return fault.New(fault.Conflict, "in_use", "The choice has children.")
		case old.Parent != "" && a.Parent != old.Parent && other.Code == old.Parent && other.DefaultCode() == old.Code:
			return fault.New(fault.Conflict, "in_use", "It is the default of %s.", other.Code)
		}
	}
	return nil
}

// apply changes an add-on. What belongs to another billing goes with the billing: prices with those that are paid by the
// period, statistics with statistics, tiers with either.
func (in AddOnChange) apply(a *catalog.AddOn, c product.Content) {
	input.Put(&a.Name, in.Name)
	input.Put(&a.Enabled, in.Enabled)
	input.Put(&a.Edit, in.Edit)
	if in.Included != nil {
		a.Included = in.Included
	}
	input.PutOpt(&a.Minimum, in.Minimum)
	input.PutOpt(&a.Maximum, in.Maximum)
	input.PutOpt(&a.Step, in.Step)
	if in.Unit.Set {
		a.Unit = c.Unit
		input.Put(&a.Unit, in.Unit.Value)
	}
	if in.Billing != nil && *in.Billing != a.Billing {
		in.applyBilling(a, c)
	}
	if in.Default.Set {
		a.Default = nil
		if v := in.Default.Value; v != nil && !bytes.Equal(bytes.TrimSpace(*v), []byte("null")) {
			a.Default = *v
		}
	}
	input.Put(&a.Prices, in.Prices)
	input.Put(&a.ItemPrices, in.ItemPrices)
	if in.Parent.Set {
		a.Parent = ""
		input.Put(&a.Parent, in.Parent.Value)
	}
	input.PutOpt(&a.Tiers, in.Tiers)
	if in.Statistics.Set {
		in.applyStatistics(a, c)
	}
}

// applyStatistics merges how use is charged. None is what stands where nothing is measured, and the start where something is.
func (in AddOnChange) applyStatistics(a *catalog.AddOn, c product.Content) {
	if in.Statistics.Value == nil {
		if a.Statistics = nil; a.Billing == catalog.BillStatistics {
			a.Statistics = newStatistics(*a, c)
		}
		return
	}
	if a.Statistics == nil {
		a.Statistics = newStatistics(*a, c)
	} else {
		own := *a.Statistics
		a.Statistics = &own
	}
	in.Statistics.Value.apply(a.Statistics, a.Unit)
}

func (in AddOnChange) applyBilling(a *catalog.AddOn, c product.Content) {
	before := *a
	a.Billing = *in.Billing
	if before.PaidByPeriod() && a.PaidByPeriod() {
		return
	}
	a.Prices, a.Tiers, a.Statistics = []catalog.AddOnPrice{}, nil, nil
	a.ItemPrices = slices.Clone(a.ItemPrices)
	for i := range a.ItemPrices {
		a.ItemPrices[i].Prices = []catalog.AddOnPrice{}
	}
	if a.Billing == catalog.BillStatistics {
		a.Statistics = newStatistics(*a, c)
	}
	if before.Billing == catalog.BillChoice || a.Billing == catalog.BillChoice {
		a.Default = nil // a child's code, or what is none
	}
}

// newStatistics reads what the element says: its parameters, by month, added up; gauges by their highest day (D17).
func newStatistics(a catalog.AddOn, c product.Content) *catalog.Statistics {
	s := &catalog.Statistics{Bill: catalog.BillByMonth, Params: c.StatisticsParams, Combine: catalog.CombineSum, OverageUnit: a.Unit}
	if slices.ContainsFunc(s.Params, measure.IsGauge) {
		s.OverDays = catalog.OverDaysMax
	}
	return s
}

func (in StatisticsChange) apply(s *catalog.Statistics, unit string) {
	input.Put(&s.Bill, in.Bill)
	input.Put(&s.Combine, in.Combine)
	if in.Params != nil {
		s.Params = *in.Params
		s.OverDays = ""
		if slices.ContainsFunc(s.Params, measure.IsGauge) {
			s.OverDays = catalog.OverDaysMax
		}
	}
	input.PutText(&s.OverDays, in.OverDays)
	input.PutOpt(&s.OveragePrice, in.OveragePrice)
	if in.OverageUnit.Set {
		s.OverageUnit = unit
		input.Put(&s.OverageUnit, in.OverageUnit.Value)
	}
}
