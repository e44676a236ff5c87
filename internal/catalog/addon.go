package catalog

import (
	"encoding/json"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
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

// Selectable tells whether an order may name a value for the add-on, as far as it is not the child of another choice.
func (a AddOn) Selectable() bool {
	return a.Enabled && (a.Billing == BillOrder || a.Billing == BillChoice)
}

// PaidByPeriod tells whether what a service has of the add-on is charged with its periods.
func (a AddOn) PaidByPeriod() bool { return a.Billing == BillOrder || a.Billing == BillManual }

// ChildrenOf returns the enabled add-ons that a choice offers, in the order in which they were connected.
func (o Offer) ChildrenOf(choice string) []AddOn {
	var out []AddOn
	for _, a := range o.AddOns {
		if a.Parent == choice && a.Enabled {
			out = append(out, a)
		}
	}
	return out
}

// ItemOf returns an item of an enumeration as the tariff sells it, enabled or not.
func (a AddOn) ItemOf(code string) (ItemPrice, bool) {
	for _, x := range a.ItemPrices {
		if x.Item == code {
			return x, true
		}
	}
	return ItemPrice{}, false
}

// DefaultCode is the code of the item or child that the default names; empty: none.
func (a AddOn) DefaultCode() string {
	var code string
	if json.Unmarshal(a.Default, &code) != nil {
		return ""
	}
	return code
}

// PriceOf returns the price of a period out of a list, which has one entry a period.
func PriceOf(list []AddOnPrice, p calendar.Period) (AddOnPrice, bool) {
	for _, x := range list {
		if x.Period == p {
			return x, true
		}
	}
	return AddOnPrice{Period: p}, false
}

// AtLeast is the smallest amount of an integer add-on that is on a step and no less than d, whatever the maximum is.
func (a *AddOn) AtLeast(d decimal.Decimal) decimal.Decimal {
	minimum := decimal.Zero
	if a.Minimum != nil {
		minimum = *a.Minimum
	}
	if d = decimal.Max(d, minimum); a.Step == nil {
		return d.Ceil()
	}
	if over := d.Sub(minimum).Mod(*a.Step); !over.IsZero() {
		return d.Sub(over).Add(*a.Step)
	}
	return d
}

// CheckQuantity tells what is wrong with an amount of an integer add-on: out_of_range, or step_mismatch where it is not on a
// step counted from the minimum. Without a step, amounts are whole.
func (a *AddOn) CheckQuantity(d decimal.Decimal) *fault.Error {
	minimum, step, from := decimal.Zero, one, decimal.Zero
	if a.Minimum != nil {
		minimum = *a.Minimum
	}
	if a.Step != nil {
		step, from = *a.Step, minimum
	}
	switch {
	case d.LessThan(minimum):
		return fault.New(fault.Invalid, "out_of_range", "At least %s is expected.", minimum)
	case a.Maximum != nil && d.GreaterThan(*a.Maximum):
		return fault.New(fault.Invalid, "out_of_range", "At most %s is possible.", *a.Maximum)
	case a.Step == nil && d.IsInteger():
		return nil
	case step.IsPositive() && !d.Sub(from).Mod(step).IsZero():
		return fault.New(fault.Invalid, "step_mismatch", "Amounts go up by %s from %s.", step, from)
	}
	return nil
}

var one = decimal.NewFromInt(1)
