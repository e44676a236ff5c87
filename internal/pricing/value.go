package pricing

import (
	"bytes"
	"encoding/json"
	"errors"
	"sort"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/money"
)

// Value is what was chosen of one add-on: a quantity, a switch or an item. Exactly one of them is set.
type Value struct {
	Amount *decimal.Decimal // integer add-ons, in the add-on's unit
	On     *bool            // boolean add-ons
	Item   string           // the code of an enumeration's item, or of the child that was chosen
}

// Quantity makes the value of an integer add-on.
func Quantity(d decimal.Decimal) Value { return Value{Amount: &d} }

// Switch makes the value of a boolean add-on.
func Switch(on bool) Value { return Value{On: &on} }

// MarshalJSON writes a decimal string or a boolean, as the API does.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.On != nil {
		return json.Marshal(*v.On)
	}
	return json.Marshal(v.Amount)
}

// UnmarshalJSON reads a decimal string, a JSON integer or a boolean.
func (v *Value) UnmarshalJSON(raw []byte) error {
	if on, err := readSwitch(raw); err == nil {
		*v = Switch(on)
		return nil
	}
	d, err := readQuantity(raw)
	if err != nil {
		return err
	}
	*v = Quantity(d)
	return nil
}

// Selection is what a client asks for of one tariff.
type Selection struct {
	Period calendar.Period
	AddOns map[string]json.RawMessage // by the tariff add-on's code
}

// Resolve reads a selection against an offer: the values of all its enabled order add-ons, an omitted one with its
// default, else the larger of included and minimum, else off. In a trial the default is left out, because add-ons stay
// within their included amount there (D13). What contradicts the offer is an Invalid fault with all places below
// /add_ons: unknown_field, not_selectable (billing none or statistics, or not enabled), wrong_type, bad_value, out_of_range
// (minimum, maximum, more than a trial includes), step_mismatch.
func Resolve(offer catalog.Offer, sel Selection) (map[string]Value, error) {
	var fields fault.Fields
	for _, code := range sortedCodes(sel.AddOns) {
		a, known := offer.AddOnOf(code)
		switch {
		case !known:
			fields.Add(place(code), "unknown_field", "The tariff has no such add-on.")
		case a.Billing != catalog.BillOrder || !a.Enabled:
			fields.Add(place(code), "not_selectable", "This add-on cannot be chosen.")
		}
	}
	values := map[string]Value{}
	for _, a := range offer.AddOns {
		if a.Billing != catalog.BillOrder || !a.Enabled {
			continue
		}
		raw, chosen := sel.AddOns[a.Code]
		if !chosen {
			values[a.Code] = omitted(a, sel.Period)
			continue
		}
		v, wrong := read(a, raw, sel.Period)
		if wrong != nil {
			fields.Add(place(a.Code), wrong.Code, "%s", wrong.Message)
			continue
		}
		values[a.Code] = v
	}
	if err := fields.Err(); err != nil {
		return nil, err
	}
	return values, nil
}

func place(code string) string { return "/add_ons/" + code }

func sortedCodes(m map[string]json.RawMessage) []string {
	codes := make([]string, 0, len(m))
	for code := range m {
		codes = append(codes, code)
	}
	sort.Strings(codes)
	return codes
}

// omitted is the value of an add-on that the client said nothing about.
func omitted(a catalog.AddOn, p calendar.Period) Value {
	if a.ValueType == catalog.BooleanValue {
		if on, err := readSwitch(a.Default); err == nil && !p.IsTrial() {
			return Switch(on)
		}
		return Switch(a.IncludesSwitch())
	}
	if d, err := readQuantity(a.Default); err == nil && !p.IsTrial() {
		return Quantity(d)
	}
	return Quantity(floor(a))
}

// floor is the larger of an add-on's included amount and its minimum.
func floor(a catalog.AddOn) decimal.Decimal {
	return decimal.Max(orZero(a.Included), orZero(a.Minimum))
}

// read checks one chosen value; the fault carries code and text only.
func read(a catalog.AddOn, raw json.RawMessage, p calendar.Period) (Value, *fault.Error) {
	if a.ValueType == catalog.BooleanValue {
		on, err := readSwitch(raw)
		if err != nil {
			return Value{}, fault.New(fault.Invalid, "wrong_type", "True or false is expected.")
		}
		if on && p.IsTrial() && !a.IncludesSwitch() {
			return Value{}, notInTrial()
		}
		return Switch(on), nil
	}
	d, err := readQuantity(raw)
	if err != nil {
		return Value{}, unreadable(err)
	}
	if wrong := a.CheckQuantity(d); wrong != nil {
		return Value{}, wrong
	}
	if p.IsTrial() && d.GreaterThan(floor(a)) {
		return Value{}, notInTrial()
	}
	return Quantity(d), nil
}

func notInTrial() *fault.Error {
	return fault.New(fault.Invalid, "out_of_range", "A trial includes add-ons only within their included amount.")
}

// unreadable tells a value of another JSON type from a text that is no quantity.
func unreadable(err error) *fault.Error {
	if errors.Is(err, errValue) {
		return fault.New(fault.Invalid, "wrong_type", "A decimal string such as \"4\" is expected.")
	}
	return fault.New(fault.Invalid, "bad_value", "A decimal number such as \"4\" or \"0.5\" is expected, with at most %d digits after the point.", money.PriceDigits)
}

var errValue = errors.New("pricing: neither a quantity nor a switch")

func readSwitch(raw json.RawMessage) (bool, error) {
	switch string(bytes.TrimSpace(raw)) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errValue
}

// readQuantity reads a plain decimal string or a JSON integer; exponents and signs are refused.
func readQuantity(raw json.RawMessage) (decimal.Decimal, error) {
	raw = bytes.TrimSpace(raw)
	var text string
	if err := json.Unmarshal(raw, &text); err == nil && len(raw) > 0 && raw[0] == '"' {
		return money.ParsePrice(text)
	}
	// A JSON number is read only when it is an integer: anything finer may already have lost digits on its way here.
	if len(raw) == 0 || raw[0] < '0' || raw[0] > '9' || bytes.ContainsAny(raw, ".eE") {
		return decimal.Decimal{}, errValue
	}
	return money.ParsePrice(string(raw))
}

func orZero(d *decimal.Decimal) decimal.Decimal {
	if d == nil {
		return decimal.Zero
	}
	return *d
}
