package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
)

// StatisticsChange is a partial change of how a measured add-on is charged.
type StatisticsChange struct {
	Bill         *string
	Params       *[]string
	Combine      *string
	OverDays     *string
	OveragePrice Opt[decimal.Decimal]
	OverageUnit  Opt[string]
}

// AddOnChange is a new add-on's members, or a partial change of one. Prices are replaced whole, statistics are merged.
type AddOnChange struct {
	IfVersion  *int64
	Name       *string
	Billing    *Billing
	Enabled    *bool
	Included   *decimal.Decimal
	Minimum    Opt[decimal.Decimal]
	Maximum    Opt[decimal.Decimal]
	Step       Opt[decimal.Decimal]
	Unit       Opt[string]
	Default    Opt[json.RawMessage]
	Prices     *[]AddOnPrice
	Edit       *string
	Statistics *StatisticsChange
}

// addOnEdit is what happened to one add-on of a tariff.
type addOnEdit struct {
	action  string // created, updated, deleted
	code    string
	changes []FieldChange
}

// CreateAddOn connects an element of the product type to a tariff. Faults: not_found (the tariff; at /add_on the element),
// already_exists (code), every violation that check names.
func (e *Engine) CreateAddOn(ctx context.Context, by actor.Actor, id TariffID, code, element string, in AddOnChange) (AddOn, error) {
	return once(ctx, e, by, func(tx Tx) (AddOn, error) {
		before, s, err := e.editAddOns(ctx, tx, id)
		if err != nil {
			return AddOn{}, err
		}
		var f fault.Fields
		checkCode(&f, "/code", code)
		if element == "" {
			element = code
		}
		c, known := s.content[element]
		if !known {
			missing(&f, "/add_on", "add-on of the product type")
		}
		if err = f.Err(); err != nil {
			return AddOn{}, err
		}
		if _, twice := before.Offer.AddOnOf(code); twice {
			return AddOn{}, fault.New(fault.Conflict, "already_exists", "The tariff has an add-on of this code.").At("/code")
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return AddOn{}, err
		}
		a := newAddOn(c, code, now)
		in.apply(&a, c)
		t := before
		t.Offer.AddOns = append(slices.Clone(before.Offer.AddOns), a)
		edit := &addOnEdit{action: "created", code: code, changes: changesOf(nil, a.document())}
		return a, e.saveAddOn(ctx, tx, by, before, t, a, s, edit)
	})
}

// UpdateAddOn changes an add-on of a tariff. Faults: not_found, precondition_failed, every violation that check names.
func (e *Engine) UpdateAddOn(ctx context.Context, by actor.Actor, id TariffID, code string, in AddOnChange) (AddOn, error) {
	return once(ctx, e, by, func(tx Tx) (AddOn, error) {
		before, s, err := e.editAddOns(ctx, tx, id)
		if err != nil {
			return AddOn{}, err
		}
		i, err := findAddOn(before.Offer, code, in.IfVersion)
		if err != nil {
			return AddOn{}, err
		}
		old := before.Offer.AddOns[i]
		a := old
		in.apply(&a, s.content[a.AddOn])
		edit := &addOnEdit{action: "updated", code: code, changes: changesOf(old.document(), a.document())}
		if len(edit.changes) == 0 {
			return old, s.checkAddOn(a)
		}
		a.Version++
		t := before
		t.Offer.AddOns = slices.Clone(before.Offer.AddOns)
		t.Offer.AddOns[i] = a
		return a, e.saveAddOn(ctx, tx, by, before, t, a, s, edit)
	})
}

// DeleteAddOn disconnects an add-on; services keep it until they renew. Faults: not_found, precondition_failed.
func (e *Engine) DeleteAddOn(ctx context.Context, by actor.Actor, id TariffID, code string, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		before, err := tx.LockTariffForEdit(ctx, id)
		if err != nil {
			return err
		}
		i, err := findAddOn(before.Offer, code, ifVersion)
		if err != nil {
			return err
		}
		t := before
		t.Offer.AddOns = slices.Delete(slices.Clone(before.Offer.AddOns), i, i+1)
		edit := &addOnEdit{action: "deleted", code: code, changes: changesOf(before.Offer.AddOns[i].document(), nil)}
		_, err = e.save(ctx, tx, by, before, t, edit)
		return err
	})
}

func (e *Engine) editAddOns(ctx context.Context, tx Tx, id TariffID) (Tariff, shelf, error) {
	t, err := tx.LockTariffForEdit(ctx, id)
	if err != nil {
		return Tariff{}, shelf{}, err
	}
	s, err := e.shelfOf(ctx, tx, t)
	return t, s, err
}

func (e *Engine) saveAddOn(ctx context.Context, tx Tx, by actor.Actor, before, t Tariff, a AddOn, s shelf, edit *addOnEdit) error {
	if err := s.checkAddOn(a); err != nil {
		return err
	}
	_, err := e.save(ctx, tx, by, before, t, edit)
	return err
}

func findAddOn(o Offer, code string, ifVersion *int64) (int, error) {
	i := slices.IndexFunc(o.AddOns, func(a AddOn) bool { return a.Code == code })
	if i < 0 {
		return 0, ErrNoContent
	}
	return i, checkVersion(ifVersion, o.AddOns[i].Version)
}

// apply changes an add-on. What belongs to another billing goes with the billing: prices with order, statistics with
// statistics.
func (in AddOnChange) apply(a *AddOn, c Content) {
	put(&a.Name, in.Name)
	put(&a.Enabled, in.Enabled)
	put(&a.Edit, in.Edit)
	if in.Included != nil {
		a.Included = in.Included
	}
	putOpt(&a.Minimum, in.Minimum)
	putOpt(&a.Maximum, in.Maximum)
	putOpt(&a.Step, in.Step)
	if in.Unit.Set {
		a.Unit = c.Unit
		put(&a.Unit, in.Unit.Value)
	}
	if in.Default.Set {
		a.Default = nil
		if v := in.Default.Value; v != nil && !bytes.Equal(bytes.TrimSpace(*v), []byte("null")) {
			a.Default = *v
		}
	}
	if in.Billing != nil && *in.Billing != a.Billing {
		a.Billing, a.Prices, a.Statistics = *in.Billing, []AddOnPrice{}, nil
		if a.Billing == BillStatistics {
			a.Statistics = newStatistics(*a, c)
		}
	}
	put(&a.Prices, in.Prices)
	if in.Statistics == nil {
		return
	}
	if a.Statistics == nil {
		a.Statistics = newStatistics(*a, c)
	} else {
		own := *a.Statistics
		a.Statistics = &own
	}
	in.Statistics.apply(a.Statistics, a.Unit)
}

// newStatistics reads what the element says: its parameters, by month, added up; gauges by their highest day (D17).
func newStatistics(a AddOn, c Content) *Statistics {
	s := &Statistics{Bill: BillByMonth, Params: c.StatisticsParams, Combine: CombineSum, OverageUnit: a.Unit}
	if slices.ContainsFunc(s.Params, IsGauge) {
		s.OverDays = OverDaysMax
	}
	return s
}

func (in StatisticsChange) apply(s *Statistics, unit string) {
	put(&s.Bill, in.Bill)
	put(&s.Combine, in.Combine)
	if in.Params != nil {
		s.Params = *in.Params
		s.OverDays = ""
		if slices.ContainsFunc(s.Params, IsGauge) {
			s.OverDays = OverDaysMax
		}
	}
	put(&s.OverDays, in.OverDays)
	putOpt(&s.OveragePrice, in.OveragePrice)
	if in.OverageUnit.Set {
		s.OverageUnit = unit
		put(&s.OverageUnit, in.OverageUnit.Value)
	}
}
