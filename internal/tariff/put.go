package tariff

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/product"
)

// Put is one whole tariff to be created or replaced, its add-ons included.
type Put struct {
	Before catalog.Tariff // as it was read; without an id: it is new
	Tariff catalog.Tariff
	// Fault is what is wrong with it.
	Fault error
}

// NewAddOn is an add-on with everything at the default that follows from its element, and from the billing, unit and
// parameters that are said of it.
func NewAddOn(c product.Content, said catalog.AddOn) catalog.AddOn {
	a := newAddOn(c, said.Code, time.Time{})
	var in AddOnChange
	if said.Billing != "" {
		in.Billing = &said.Billing
	}
	if said.Unit != "" {
		in.Unit = input.To(said.Unit)
	}
	if said.Statistics != nil {
		var change StatisticsChange
		if params := said.Statistics.Params; params != nil {
			change.Params = &params
		}
		in.Statistics = input.To(change)
	}
	in.apply(&a, c)
	return a
}

// PutAll creates and replaces many tariffs in a transaction that is open already, by the rules of Create,
// Update and those of add-ons. Where something is wrong with one of them, it says so there and nothing is written.
// Faults: precondition_failed (a tariff was changed since it was read).
func (e *Engine) PutAll(ctx context.Context, tx Tx, by actor.Actor, list []*Put) error {
	kept := remember(tx)
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	good := true
	for _, p := range list {
		p.Fault, err = e.judge(ctx, kept, p, now)
		if err != nil {
			return err
		}
		good = good && p.Fault == nil
	}
	if !good {
		return nil
	}
	for _, p := range list {
		if err = e.put(ctx, tx, by, p, now); err != nil {
			return err
		}
	}
	return nil
}

// judge completes a tariff and names everything that is wrong with it.
func (e *Engine) judge(ctx context.Context, tx Tx, p *Put, now time.Time) (wrong, err error) {
	t := &p.Tariff
	s, err := e.shelfOf(ctx, tx, *t)
	if err != nil {
		return nil, err
	}
	if p.Before.ID == "" {
		t.ID, t.Number, t.CreatedAt, t.Version = catalog.TariffID(actor.NewID()), 1, now, 1
	}
	t.TypePeriods = s.productType.Periods
	var f fault.Fields
	if err = f.Merge("", e.checkNew(ctx, tx, *t, s)); err != nil {
		return nil, err
	}
	for i := range t.Offer.AddOns {
		place := fmt.Sprintf("/add_ons/%d", i)
		if err = f.Merge(place, s.judgeAddOn(p, i, now)); err != nil {
			return nil, err
		}
		other, err := otherUnit(ctx, tx, p.Before, t.Offer.AddOns[i])
		if err != nil {
			return nil, err
		}
		if other {
			f.Add(place+"/unit", "in_use", otherUnitText)
		}
	}
	return f.Err(), nil
}

// judgeAddOn completes one add-on: one that is as it was keeps its version.
func (s shelf) judgeAddOn(p *Put, i int, now time.Time) error {
	a := &p.Tariff.Offer.AddOns[i]
	var f fault.Fields
	input.CheckCode(&f, a.Code)
	c, known := s.content[a.AddOn]
	if !known && !(a.AddOn == "" && a.Billing == catalog.BillChoice) {
		input.Missing(&f, "/add_on", "add-on of the product type")
	}
	if slices.IndexFunc(p.Tariff.Offer.AddOns, func(x catalog.AddOn) bool { return x.Code == a.Code }) < i {
		f.Add("/code", "duplicate_value", "The tariff has an add-on of this code.")
	}
	if err := f.Err(); err != nil {
		return err
	}
	a.ValueType = c.ValueType
	if a.ValueType == product.EnumerationValue && len(a.ItemPrices) == 0 {
		a.ItemPrices = everyItem(s.enumerations[c.EnumerationCode])
	}
	if err := s.settle(p.Tariff.Offer, a, AddOnChange{}); err != nil {
		return err
	}
	before, had := p.Before.Offer.AddOnOf(a.Code)
	switch {
	case !had:
		a.CreatedAt, a.Version = now, 1
	case len(catalog.ChangesOf(before.Document(), a.Document())) > 0:
		a.CreatedAt, a.Version = before.CreatedAt, before.Version+1
	default:
		*a = before
	}
	return nil
}

func (e *Engine) put(ctx context.Context, tx Tx, by actor.Actor, p *Put, now time.Time) error {
	t := p.Tariff
	if p.Before.ID == "" {
		if err := tx.InsertTariff(ctx, t); err != nil {
			return err
		}
		if err := tx.InsertTariffVersion(ctx, t.ID, t.Number, t.Offer, now); err != nil {
			return err
		}
		return record(ctx, tx, by, t, "created", nil, catalog.ChangesOf(nil, t.Document()))
	}
	before, err := lock(ctx, tx, t.ID, &p.Before.Version)
	if err != nil {
		return err
	}
	return e.saveWhole(ctx, tx, by, before, t)
}

// saveWhole saves a tariff with all of its add-ons; its history tells of the tariff and of each add-on apart.
func (e *Engine) saveWhole(ctx context.Context, tx Tx, by actor.Actor, before, t catalog.Tariff) error {
	edits := addOnEdits(before.Offer, t.Offer)
	var first *addOnEdit
	if len(edits) > 0 && len(catalog.ChangesOf(before.Document(), t.Document())) == 0 {
		first, edits = &edits[0], edits[1:]
	}
	saved, err := e.save(ctx, tx, by, before, t, first)
	if err != nil {
		return err
	}
	for i := range edits {
		if err = record(ctx, tx, by, saved, "updated", &edits[i], edits[i].changes); err != nil {
			return err
		}
	}
	return nil
}

func addOnEdits(before, after catalog.Offer) (edits []addOnEdit) {
	for _, a := range after.AddOns {
		old, had := before.AddOnOf(a.Code)
		if !had {
			edits = append(edits, addOnEdit{"created", a.Code, catalog.ChangesOf(nil, a.Document())})
		} else if changes := catalog.ChangesOf(old.Document(), a.Document()); len(changes) > 0 {
			edits = append(edits, addOnEdit{"updated", a.Code, changes})
		}
	}
	for _, old := range before.AddOns {
		if _, kept := after.AddOnOf(old.Code); !kept {
			edits = append(edits, addOnEdit{"deleted", old.Code, catalog.ChangesOf(old.Document(), nil)})
		}
	}
	return edits
}
