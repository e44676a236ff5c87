package tariff

import (
	"encoding/json"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/product"
)

// checkAddOn names everything that is wrong with an add-on of a tariff's offer.
func (s shelf) checkAddOn(o catalog.Offer, a catalog.AddOn) error {
	var f fault.Fields
	input.CheckText(&f, "/name", a.Name, 1, 200)
	input.CheckOneOf(&f, "/billing", string(a.Billing), string(catalog.BillNone), string(catalog.BillOrder), string(catalog.BillChoice), string(catalog.BillStatistics), string(catalog.BillManual))
	input.CheckOneOf(&f, "/edit", a.Edit, catalog.EditAny, catalog.EditFixed, catalog.EditIncreaseOnly, catalog.EditDecreaseOnly)
	switch {
	case a.Billing == catalog.BillChoice:
		checkBare(&f, a, "A choice")
	case a.ValueType == product.IntegerValue:
		s.checkAmounts(&f, a)
	case a.ValueType == product.BooleanValue:
		checkSwitch(&f, a)
	case a.ValueType == product.EnumerationValue:
		checkBare(&f, a, "An enumeration")
		if a.Billing == catalog.BillStatistics {
			f.Add("/billing", "bad_value", "An enumeration cannot be measured.")
		}
	default:
		f.Add("/billing", "bad_value", "It has no element, so it can only be a choice.")
	}
	checkParent(&f, o, a)
	s.checkDefault(&f, o, a)
	s.checkAddOnPrices(&f, a)
	s.checkTiers(&f, a)
	s.checkStatistics(&f, a)
	return f.Err()
}

// checkParent checks that a child belongs to a choice of the same tariff, and is none itself.
func checkParent(f *fault.Fields, o catalog.Offer, a catalog.AddOn) {
	if a.Parent == "" {
		return
	}
	parent, known := o.AddOnOf(a.Parent)
	switch {
	case a.Billing == catalog.BillChoice:
		f.Add("/parent", "bad_value", "A choice is no child of another one.")
	case !known:
		input.Missing(f, "/parent", "choice of the tariff")
	case parent.Billing != catalog.BillChoice || parent.Code == a.Code:
		f.Add("/parent", "bad_value", "%s is not of billing choice.", a.Parent)
	case a.Billing == catalog.BillManual:
		f.Add("/parent", "bad_value", "What staff give cannot be chosen.")
	}
}

// checkBare refuses amounts where there is nothing to count.
func checkBare(f *fault.Fields, a catalog.AddOn, what string) {
	if a.Included != nil && !a.Included.IsZero() {
		f.Add("/included", "bad_value", "%s includes no amount.", what)
	}
	checkNoAmounts(f, a, what)
}

func checkNoAmounts(f *fault.Fields, a catalog.AddOn, what string) {
	for pointer, d := range map[string]*decimal.Decimal{"/minimum": a.Minimum, "/maximum": a.Maximum, "/step": a.Step} {
		if d != nil {
			f.Add(pointer, "bad_value", "%s has no amounts.", what)
		}
	}
	if a.Unit != "" {
		f.Add("/unit", "bad_value", "%s has no unit.", what)
	}
}

// checkAmounts checks the numbers of an integer add-on, and that its unit is one of the element's.
func (s shelf) checkAmounts(f *fault.Fields, a catalog.AddOn) {
	checkPrice(f, "/included", a.Included)
	checkPrice(f, "/minimum", a.Minimum)
	checkPrice(f, "/maximum", a.Maximum)
	checkPrice(f, "/step", a.Step)
	if a.Step != nil && a.Step.IsZero() {
		f.Add("/step", "out_of_range", "A step is above zero.")
	}
	for pointer, d := range map[string]*decimal.Decimal{"/minimum": a.Minimum, "/included": a.Included} {
		if d != nil && a.Maximum != nil && d.GreaterThan(*a.Maximum) {
			f.Add(pointer, "out_of_range", "It is above the maximum.")
		}
	}
	s.checkUnit(f, "/unit", a.Unit, s.content[a.AddOn].Unit)
}

func (s shelf) checkUnit(f *fault.Fields, pointer, unit, from string) {
	if _, known := s.units[unit]; !known {
		input.Missing(f, pointer, "unit")
		return
	}
	if _, _, err := s.units.Ratio(unit, from); err != nil {
		f.Add(pointer, "bad_unit", "%s cannot be converted to %s.", unit, from)
	}
}

// checkSwitch checks a boolean add-on: it has no amounts, and is included by 1 or not by 0.
func checkSwitch(f *fault.Fields, a catalog.AddOn) {
	if a.Included != nil && !a.Included.IsZero() && !a.Included.Equal(decimal.NewFromInt(1)) {
		f.Add("/included", "out_of_range", "A switch is included by 1, or not by 0.")
	}
	checkNoAmounts(f, a, "A switch")
	if a.Billing == catalog.BillStatistics {
		f.Add("/billing", "bad_value", "A switch cannot be measured.")
	}
}

// checkDefault checks that an order which names no value can be placed.
func (s shelf) checkDefault(f *fault.Fields, o catalog.Offer, a catalog.AddOn) {
	if string(a.Default) == "null" { // as it comes back from a stored offer
		a.Default = nil
	}
	switch {
	case a.Billing == catalog.BillChoice:
		checkDefaultCode(f, a, func(code string) bool {
			return slices.ContainsFunc(o.AddOns, func(x catalog.AddOn) bool { return x.Code == code && x.Parent == a.Code })
		})
	case a.ValueType == product.EnumerationValue:
		checkDefaultCode(f, a, func(code string) bool {
			x, ok := a.ItemOf(code)
			return ok && x.Enabled
		})
	case a.Billing != catalog.BillOrder:
		return
	case a.ValueType == product.BooleanValue:
		var on bool
		if a.Default != nil && json.Unmarshal(a.Default, &on) != nil {
			f.Add("/default", "wrong_type", "True or false is expected.")
		}
	default:
		s.checkDefaultAmount(f, a)
	}
}

// checkDefaultCode checks that the default of an enumeration or a choice is one of its items or children.
func checkDefaultCode(f *fault.Fields, a catalog.AddOn, offered func(code string) bool) {
	switch code := a.DefaultCode(); {
	case a.Default == nil:
	case code == "":
		f.Add("/default", "wrong_type", "A code is expected, as text.")
	case !offered(code):
		f.Add("/default", "unknown_value", "%q is not on offer.", code)
	}
}

func (s shelf) checkDefaultAmount(f *fault.Fields, a catalog.AddOn) {
	if a.Default == nil {
		s.checkOmitted(f, a)
		return
	}
	var text string
	if json.Unmarshal(a.Default, &text) != nil {
		text = string(a.Default) // a JSON integer
	}
	d, err := money.ParsePrice(text)
	if err != nil {
		f.Add("/default", "bad_value", "A decimal string such as \"4\" is expected.")
		return
	}
	if wrong := a.CheckQuantity(d); wrong != nil {
		f.Add("/default", wrong.Code, "%s", wrong.Message)
	}
}

// checkOmitted checks what is ordered where neither a value is named nor a default is set.
func (s shelf) checkOmitted(f *fault.Fields, a catalog.AddOn) {
	d := decimal.Zero
	for _, x := range []*decimal.Decimal{a.Included, a.Minimum} {
		if x != nil && x.GreaterThan(d) {
			d = *x
		}
	}
	if wrong := a.CheckQuantity(d); wrong != nil && wrong.Code == "step_mismatch" {
		f.Add("/included", wrong.Code, "Without a default the included amount is ordered. %s", wrong.Message)
	}
}

func (s shelf) checkStatistics(f *fault.Fields, a catalog.AddOn) {
	if a.Statistics == nil {
		return
	}
	if a.Billing != catalog.BillStatistics {
		f.Add("/statistics", "bad_value", "Only an add-on of billing statistics has them.")
		return
	}
	if a.ValueType != product.IntegerValue {
		return // told at /billing
	}
	x := *a.Statistics
	input.CheckOneOf(f, "/statistics/bill", x.Bill, catalog.BillByMonth, catalog.BillByDay)
	input.CheckOneOf(f, "/statistics/combine", x.Combine, catalog.CombineSum, catalog.CombineMax)
	checkPrice(f, "/statistics/overage_price", x.OveragePrice)
	if len(x.Params) == 0 {
		f.Add("/statistics/params", "required", "The element reads no parameter, so one has to be named.")
	}
	measure.CheckParams(f, "/statistics/params", x.Params, s.units, a.Unit)
	s.checkUnit(f, "/statistics/overage_unit", x.OverageUnit, a.Unit)
	gauge := slices.ContainsFunc(x.Params, measure.IsGauge)
	switch {
	case gauge && x.OverDays != catalog.OverDaysMax:
		f.Add("/statistics/over_days", "required", "Days of a gauge do not add up: max is expected.")
	case !gauge && x.OverDays != "":
		f.Add("/statistics/over_days", "bad_value", "Only days of gauges are folded, others add up.")
	}
}
