package pricing

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/product"
)

// Value is what was chosen of one add-on: a quantity, a switch or an item. At most one of them is set; none: nothing to tell.
type Value struct {
	Amount *decimal.Decimal // integer add-ons, in the add-on's unit
	On     *bool            // boolean add-ons
	Item   string           // the code of an enumeration's item, or of the child that was chosen
}

// Quantity makes the value of an integer add-on.
func Quantity(d decimal.Decimal) Value { return Value{Amount: &d} }

// Switch makes the value of a boolean add-on.
func Switch(on bool) Value { return Value{On: &on} }

// Item makes the value of an enumeration or of a choice.
func Item(code string) Value { return Value{Item: code} }

// MarshalJSON writes a decimal string, a boolean or a code, as the API does; null where there is none. What was written is
// read again by the add-on it belongs to (Kept), because a code may look like a number.
func (v Value) MarshalJSON() ([]byte, error) {
	switch {
	case v.On != nil:
		return json.Marshal(*v.On)
	case v.Item != "":
		return json.Marshal(v.Item)
	}
	return json.Marshal(v.Amount)
}

// Omitted is what an order gets of an add-on that it does not name; empty: nothing.
func Omitted(a *catalog.AddOn, p calendar.Period) Value {
	v, _ := omitted(a, p)
	return v
}

// omitted is the value of an add-on that the client said nothing about; false: it has none, as an enumeration without an
// item that could be had. In a trial defaults are left out, because add-ons stay within their included amount (D13).
func omitted(a *catalog.AddOn, p calendar.Period) (Value, bool) {
	switch a.ValueType {
	case product.BooleanValue:
		if on, err := readSwitch(a.Default); err == nil && !p.IsTrial() {
			return Switch(on), true
		}
		return Switch(a.IncludesSwitch()), true
	case product.EnumerationValue:
		return omittedItem(a, p)
	}
	if d, err := readQuantity(a.Default); err == nil && !p.IsTrial() {
		return Quantity(d), true
	}
	return Quantity(floor(a)), true
}

// omittedItem is the default, else the first enabled item; in a trial one that costs nothing.
func omittedItem(a *catalog.AddOn, p calendar.Period) (Value, bool) {
	if x, ok := a.ItemOf(a.DefaultCode()); ok && x.Enabled && within(x, p) {
		return Item(x.Item), true
	}
	for _, x := range a.ItemPrices {
		if x.Enabled && within(x, p) {
			return Item(x.Item), true
		}
	}
	return Value{}, false
}

// within tells whether an item may be had in the period: in a trial only one that costs nothing in any other (D13).
func within(x catalog.ItemPrice, p calendar.Period) bool {
	for _, price := range x.Prices {
		if p.IsTrial() && !(price.Amount.IsZero() && price.SetupFee.IsZero()) {
			return false
		}
	}
	return true
}

// floor is the larger of an add-on's included amount and its minimum.
func floor(a *catalog.AddOn) decimal.Decimal {
	return decimal.Max(orZero(a.Included), orZero(a.Minimum))
}

// read checks one chosen value; the fault carries code and text only.
func read(a *catalog.AddOn, raw json.RawMessage, p calendar.Period) (Value, *fault.Error) {
	switch a.ValueType {
	case product.BooleanValue:
		return chosenSwitch(a, raw, p)
	case product.EnumerationValue:
		return chosenItem(a, raw, p)
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

// chosenSwitch reads a switch. The child of a choice is on by being chosen, so it cannot be off.
func chosenSwitch(a *catalog.AddOn, raw json.RawMessage, p calendar.Period) (Value, *fault.Error) {
	on, err := readSwitch(raw)
	switch {
	case err != nil:
		return Value{}, fault.New(fault.Invalid, "wrong_type", "True or false is expected.")
	case !on && a.Parent != "":
		return Value{}, fault.New(fault.Invalid, "bad_value", "It is on by being chosen.")
	case on && p.IsTrial() && !a.IncludesSwitch():
		return Value{}, notInTrial()
	}
	return Switch(on), nil
}

func chosenItem(a *catalog.AddOn, raw json.RawMessage, p calendar.Period) (Value, *fault.Error) {
	code, err := readCode(raw)
	if err != nil {
		return Value{}, wantsCode()
	}
	x, ok := a.ItemOf(code)
	switch {
	case !ok || !x.Enabled:
		return Value{}, fault.New(fault.Invalid, "unknown_value", "The tariff has no item of this code on offer.")
	case !within(x, p):
		return Value{}, notInTrial()
	}
	return Item(code), nil
}

// typed reads a value that a service holds. What no longer fits the add-on's type or its items is false; the bounds of
// amounts may have moved since, and do not count.
func typed(a *catalog.AddOn, raw json.RawMessage) (Value, bool) {
	switch a.ValueType {
	case product.BooleanValue:
		on, err := readSwitch(raw)
		return Switch(on), err == nil && (on || a.Parent == "")
	case product.EnumerationValue:
		code, err := readCode(raw)
		_, sold := a.ItemOf(code)
		return Item(code), err == nil && sold
	}
	d, err := readQuantity(raw)
	return Quantity(d), err == nil
}

func notInTrial() *fault.Error {
	return fault.New(fault.Invalid, "out_of_range", "A trial includes add-ons only within their included amount.")
}

func wantsCode() *fault.Error {
	return fault.New(fault.Invalid, "wrong_type", "A code is expected, as text.")
}

// unreadable tells a value of another JSON type from a text that is no quantity.
func unreadable(err error) *fault.Error {
	if errors.Is(err, errValue) {
		return fault.New(fault.Invalid, "wrong_type", "A decimal string such as \"4\" is expected.")
	}
	return fault.New(fault.Invalid, "bad_value", "A decimal number such as \"4\" or \"0.5\" is expected, with at most %d digits after the point.", money.PriceDigits)
}

var errValue = errors.New("pricing: a value of another type")

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
	if n := len(raw); n > 2 && raw[0] == '"' && raw[n-1] == '"' && plain(raw[1:n-1]) {
		return money.ParsePrice(string(raw[1 : n-1]))
	}
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

// plain tells whether a text is what stands in its JSON, as quantities do.
func plain(text []byte) bool {
	return !bytes.ContainsFunc(text, func(c rune) bool { return (c < '0' || c > '9') && c != '.' })
}

func readCode(raw json.RawMessage) (string, error) {
	var code *string
	if err := json.Unmarshal(raw, &code); err != nil || code == nil {
		return "", errValue
	}
	return *code, nil
}

func orZero(d *decimal.Decimal) decimal.Decimal {
	if d == nil {
		return decimal.Zero
	}
	return *d
}
