package catalog

import (
	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
)

// The value types of add-ons. An enumeration can only be included: its items are chosen by parameters.
const (
	IntegerValue     = "integer"
	BooleanValue     = "boolean"
	EnumerationValue = "enumeration"
)

// Edit rules of an add-on after the order.
const (
	EditAny          = "any"
	EditFixed        = "fixed"
	EditIncreaseOnly = "increase_only"
	EditDecreaseOnly = "decrease_only"
)

// How statistics are billed, combined and folded (D14, D17).
const (
	BillByMonth = "month"
	BillByDay   = "day"
	CombineSum  = "sum"
	CombineMax  = "max"
	OverDaysMax = "max"
)

// IncludesSwitch tells whether a boolean add-on is part of the tariff's price: included above zero.
func (a AddOn) IncludesSwitch() bool { return a.Included != nil && a.Included.IsPositive() }

// Priced tells whether the add-on has a price of its own for a period.
func (a AddOn) Priced(p calendar.Period) bool {
	for _, x := range a.Prices {
		if x.Period == p {
			return true
		}
	}
	return false
}

// CheckQuantity tells what is wrong with an amount of an integer add-on: out_of_range, or step_mismatch where it is not on a
// step counted from the minimum. Without a step, amounts are whole.
func (a AddOn) CheckQuantity(d decimal.Decimal) *fault.Error {
	minimum := decimal.Zero
	if a.Minimum != nil {
		minimum = *a.Minimum
	}
	step := decimal.NewFromInt(1)
	from := decimal.Zero
	if a.Step != nil {
		step, from = *a.Step, minimum
	}
	switch {
	case d.LessThan(minimum):
		return fault.New(fault.Invalid, "out_of_range", "At least %s is expected.", minimum)
	case a.Maximum != nil && d.GreaterThan(*a.Maximum):
		return fault.New(fault.Invalid, "out_of_range", "At most %s is possible.", *a.Maximum)
	case step.IsPositive() && !d.Sub(from).Mod(step).IsZero():
		return fault.New(fault.Invalid, "step_mismatch", "Amounts go up by %s from %s.", step, from)
	}
	return nil
}
