package pricing

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/product"
)

// Selection is what a client asks for of one tariff.
type Selection struct {
	Period calendar.Period
	AddOns map[string]json.RawMessage // by the tariff add-on's code
}

// Resolve reads a selection against an offer: the values of all its enabled order add-ons and choices, an omitted one with
// its default, else the larger of included and minimum, else off, the first item or the first child. Of a choice exactly one
// child is taken, and the others have no value. In a trial add-ons stay within their included amount (D13). What contradicts
// the offer is an Invalid fault with all places below /add_ons: unknown_field, not_selectable (billing none, statistics or
// manual, not enabled, a child that was not chosen), wrong_type, bad_value, unknown_value (an item or child that is not on
// offer), out_of_range (minimum, maximum, more than a trial includes), step_mismatch.
func Resolve(offer catalog.Offer, sel Selection) (map[string]Value, error) {
	return newReading(offer, sel.Period, sel.AddOns).all()
}

// ChangeInput is a change of what a service has.
type ChangeInput struct {
	Offer  catalog.Offer
	Period calendar.Period
	Held   map[string]json.RawMessage // the service's values
	Change map[string]json.RawMessage // by code; null: what omission means at an order, and no manual add-on any more
	Staff  bool                       // may give and take away add-ons of billing manual
}

// Change resolves a change of values: what it does not name stays as the service has it, what it names is read as in an
// order. Taking another child of a choice gives up the one that was held, with its value. Faults as of Resolve; manual
// add-ons are not_selectable but for staff. Whether a change is allowed after the order is not looked at here.
func Change(in ChangeInput) (map[string]Value, error) {
	given := map[string]json.RawMessage{}
	held := Kept(in.Offer, in.Held, in.Period)
	for code, raw := range in.Change {
		if !bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
			given[code] = raw
		}
	}
	for code, v := range held {
		if _, named := in.Change[code]; named {
			continue
		}
		a, _ := in.Offer.AddOnOf(code)
		if chosen, renamed := given[a.Parent]; a.Parent != "" && renamed {
			if next, _ := readCode(chosen); next != code {
				continue // another child is taken
			}
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		given[code] = raw
	}
	r := newReading(in.Offer, in.Period, given)
	r.staff, r.held, r.named = in.Staff, held, in.Change
	return r.all()
}

// Kept are the values that a service goes on with under another version of its tariff, to be priced and stored with its next
// period. What fits neither its add-on's type nor its items any more counts as omitted; what the tariff sells anew is not
// given to those who never chose it; what it sells no longer is left out.
func Kept(offer catalog.Offer, held map[string]json.RawMessage, p calendar.Period) map[string]Value {
	out := map[string]Value{}
	keep := func(a *catalog.AddOn) {
		if v, fits := typed(a, held[a.Code]); fits {
			out[a.Code] = v
		} else if a.Billing != catalog.BillManual {
			putOmitted(out, a, p)
		}
	}
	for i := range offer.AddOns {
		a := &offer.AddOns[i]
		_, has := held[a.Code]
		switch {
		case !a.Enabled || a.Parent != "":
		case a.PaidByPeriod() && has:
			keep(a)
		case a.Billing == catalog.BillChoice:
			child, ok := keptChild(offer, a, held, p)
			if !ok {
				continue
			}
			if out[a.Code] = Item(child.Code); child.Billing == catalog.BillOrder {
				keep(&child)
			}
		}
	}
	return out
}

// keptChild is the child of a choice that a service holds: the chosen one, else what is taken where none is named; where it
// never chose, the first child that it had before there was the choice.
func keptChild(offer catalog.Offer, choice *catalog.AddOn, held map[string]json.RawMessage, p calendar.Period) (catalog.AddOn, bool) {
	children := offer.ChildrenOf(choice.Code)
	raw, chose := held[choice.Code]
	if !chose {
		i := slices.IndexFunc(children, func(c catalog.AddOn) bool { return held[c.Code] != nil })
		if i < 0 {
			return catalog.AddOn{}, false
		}
		return children[i], true
	}
	code, _ := readCode(raw)
	for _, c := range children {
		if c.Code == code {
			return c, true
		}
	}
	return omittedChild(choice, children, p)
}

// Held is what a service has of each of its add-ons: what was chosen and, of what cannot be chosen, what is included. Add-ons
// that it has nothing of are left out: disabled ones, children that were not chosen, manual ones that were not given. By
// statistics there is nothing to tell: the Value is empty.
func Held(offer catalog.Offer, stored map[string]json.RawMessage, p calendar.Period) map[string]Value {
	out := Kept(offer, stored, p)
	for i := range offer.AddOns {
		a := &offer.AddOns[i]
		_, chosen := out[a.Code]
		if chosen || !a.Enabled || (a.Parent != "" && out[a.Parent].Item != a.Code) {
			continue
		}
		switch a.Billing {
		case catalog.BillStatistics:
			out[a.Code] = Value{}
		case catalog.BillNone, catalog.BillOrder: // an order add-on that was never chosen gives what the tariff includes
			out[a.Code] = includedOf(a)
		}
	}
	return out
}

func includedOf(a *catalog.AddOn) Value {
	switch a.ValueType {
	case product.BooleanValue:
		return Switch(a.IncludesSwitch() || a.Parent != "")
	case product.EnumerationValue:
		if a.Billing == catalog.BillNone {
			return Item(a.DefaultCode())
		}
		return Value{}
	}
	return Quantity(orZero(a.Included))
}

// reading is one selection on its way.
type reading struct {
	offer  catalog.Offer
	period calendar.Period
	given  map[string]json.RawMessage
	staff  bool
	named  map[string]json.RawMessage // what the caller named; of other codes nothing is told
	held   map[string]Value           // what is not named stays, whatever the bounds are by now
	read   []string                   // codes that somebody has looked at
	values map[string]Value
	fields fault.Fields
}

func newReading(offer catalog.Offer, p calendar.Period, given map[string]json.RawMessage) *reading {
	n := len(offer.AddOns)
	return &reading{
		offer: offer, period: p, given: given, named: given, read: make([]string, 0, n), values: make(map[string]Value, n),
	}
}

func (r *reading) all() (map[string]Value, error) {
	for i := range r.offer.AddOns {
		a := &r.offer.AddOns[i]
		_, kept := r.held[a.Code]
		switch {
		case !a.Enabled || a.Parent != "" || r.held != nil && !kept && !r.names(a.Code):
			// what a service never had is not given to it by a change of something else
		case a.Billing == catalog.BillOrder:
			r.take(a)
		case a.Billing == catalog.BillManual && (r.staff || !r.names(a.Code)):
			r.takeManual(a)
		case a.Billing == catalog.BillChoice:
			r.choose(a)
		}
	}
	r.refuseUnread()
	if err := r.fields.Err(); err != nil {
		return nil, err
	}
	return r.values, nil
}

func (r *reading) names(code string) bool {
	_, named := r.named[code]
	return named
}

// refuseUnread tells of the codes that were named but are none that can be chosen.
func (r *reading) refuseUnread() {
	unread := len(r.named)
	for _, code := range r.read { // each at most once
		if r.names(code) {
			unread--
		}
	}
	if unread == 0 {
		return
	}
	for _, code := range slices.Sorted(maps.Keys(r.named)) {
		_, known := r.offer.AddOnOf(code)
		switch {
		case slices.Contains(r.read, code):
		case known:
			r.fields.Add(place(code), "not_selectable", "This add-on cannot be chosen.")
		default:
			r.fields.Add(place(code), "unknown_field", "The tariff has no such add-on.")
		}
	}
}

func place(code string) string { return "/add_ons/" + code }

// take reads the value of an order add-on, or finds what omission means.
func (r *reading) take(a *catalog.AddOn) {
	r.read = append(r.read, a.Code)
	raw, given := r.given[a.Code]
	if !given {
		putOmitted(r.values, a, r.period)
		return
	}
	if v, kept := r.held[a.Code]; kept && !r.names(a.Code) {
		r.values[a.Code] = v
		return
	}
	v, wrong := read(a, raw, r.period)
	if wrong != nil {
		r.fields.Add(place(a.Code), wrong.Code, "%s", wrong.Message)
		return
	}
	r.values[a.Code] = v
}

// takeManual reads a manual add-on that is named or held; what is given to nobody stays so.
func (r *reading) takeManual(a *catalog.AddOn) {
	if r.given[a.Code] != nil {
		r.take(a)
	} else if r.staff {
		r.read = append(r.read, a.Code) // taken away
	}
}

// choose reads which child of a choice is taken, and the child's own value. A choice without an enabled child cannot be chosen.
func (r *reading) choose(a *catalog.AddOn) {
	children := r.offer.ChildrenOf(a.Code)
	if len(children) == 0 {
		return
	}
	r.read = append(r.read, a.Code)
	child, wrong := r.childOf(a, children)
	if wrong != nil {
		r.fields.Add(place(a.Code), wrong.Code, "%s", wrong.Message)
		for _, c := range children {
			r.read = append(r.read, c.Code) // nobody can tell which of them is meant
		}
		return
	}
	if child.Code == "" {
		return
	}
	if r.values[a.Code] = Item(child.Code); child.Billing == catalog.BillOrder {
		r.take(&child)
	}
}

func (r *reading) childOf(a *catalog.AddOn, children []catalog.AddOn) (catalog.AddOn, *fault.Error) {
	raw, given := r.given[a.Code]
	if !given {
		child, _ := omittedChild(a, children, r.period)
		return child, nil
	}
	code, err := readCode(raw)
	if err != nil {
		return catalog.AddOn{}, wantsCode()
	}
	for _, c := range children {
		switch {
		case c.Code != code:
		case !inTrial(c, r.period):
			return c, notInTrial()
		default:
			return c, nil
		}
	}
	return catalog.AddOn{}, fault.New(fault.Invalid, "unknown_value", "The choice has no child of this code on offer.")
}

// omittedChild is the default, else the first child; in a trial one that is within what is included (D13).
func omittedChild(choice *catalog.AddOn, children []catalog.AddOn, p calendar.Period) (catalog.AddOn, bool) {
	var first *catalog.AddOn
	for i, c := range children {
		if !inTrial(c, p) {
			continue
		}
		if c.Code == choice.DefaultCode() {
			return c, true
		}
		if first == nil {
			first = &children[i]
		}
	}
	if first == nil {
		return catalog.AddOn{}, false
	}
	return *first, true
}

// inTrial tells whether a child may be chosen in the period: in a trial only what costs nothing beyond it.
func inTrial(child catalog.AddOn, p calendar.Period) bool {
	if !p.IsTrial() || child.Billing != catalog.BillOrder {
		return true
	}
	switch child.ValueType {
	case product.BooleanValue:
		return child.IncludesSwitch()
	case product.EnumerationValue:
		_, some := omittedItem(&child, p)
		return some
	}
	return true
}

// putOmitted gives an add-on the value that omission means; a switch that is a child is on by being chosen.
func putOmitted(values map[string]Value, a *catalog.AddOn, p calendar.Period) {
	if a.Parent != "" && a.ValueType == product.BooleanValue {
		values[a.Code] = Switch(true)
	} else if v, some := omitted(a, p); some {
		values[a.Code] = v
	}
}
