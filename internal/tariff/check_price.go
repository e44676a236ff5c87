package tariff

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/product"
)

// checkAddOnPrices checks what is paid by the period: only add-ons that are, have prices, and items have their own.
func (s shelf) checkAddOnPrices(f *fault.Fields, a catalog.AddOn) {
	switch {
	case len(a.Prices) == 0:
	case !a.PaidByPeriod():
		f.Add("/prices", "bad_value", "Only an add-on of billing order or manual has prices.")
	case a.ValueType == product.EnumerationValue:
		f.Add("/prices", "bad_value", "The items of an enumeration have their own prices.")
	default:
		s.checkPriceList(f, "/prices", a.Prices)
	}
	if a.ValueType != product.EnumerationValue || a.Billing == catalog.BillChoice {
		if len(a.ItemPrices) > 0 {
			f.Add("/item_prices", "bad_value", "Only an enumeration has items.")
		}
		return
	}
	s.checkItems(f, a)
}

func (s shelf) checkPriceList(f *fault.Fields, pointer string, list []catalog.AddOnPrice) {
	seen := map[calendar.Period]bool{}
	for i, p := range list {
		place := fmt.Sprintf("%s/%d", pointer, i)
		s.checkPeriod(f, place+"/period", p.Period, seen)
		checkPrice(f, place+"/amount", &p.Amount)
		checkPrice(f, place+"/setup_fee", &p.SetupFee)
	}
}

// checkItems checks that the items on offer are the enumeration's, each once.
func (s shelf) checkItems(f *fault.Fields, a catalog.AddOn) {
	n := s.enumerations[s.content[a.AddOn].EnumerationCode]
	for i, x := range a.ItemPrices {
		place := fmt.Sprintf("/item_prices/%d", i)
		if _, known := n.Item(x.Item); !known {
			input.Missing(f, place+"/item", "item of the enumeration")
		}
		if slices.IndexFunc(a.ItemPrices, func(o catalog.ItemPrice) bool { return o.Item == x.Item }) < i {
			f.Add(place+"/item", "duplicate_value", "Each item stands in the list once.")
		}
		if !a.PaidByPeriod() && len(x.Prices) > 0 {
			f.Add(place+"/prices", "bad_value", "Only an add-on of billing order or manual has prices.")
			continue
		}
		s.checkPriceList(f, place+"/prices", x.Prices)
	}
}

// checkTiers checks a price scale: steps go up and the last one has no end, and each has the sort of price that the billing
// asks for.
func (s shelf) checkTiers(f *fault.Fields, a catalog.AddOn) {
	t := a.Tiers
	switch {
	case t == nil:
		return
	case a.ValueType != product.IntegerValue || !(a.PaidByPeriod() || a.Billing == catalog.BillStatistics):
		f.Add("/tiers", "bad_value", "Only an amount that is paid for has a price scale.")
		return
	}
	input.CheckOneOf(f, "/tiers/mode", t.Mode, catalog.TiersFlat, catalog.TiersVolume, catalog.TiersGraduated)
	if len(t.Steps) == 0 {
		f.Add("/tiers/steps", "too_few", "At least one step is expected.")
	}
	from := decimal.Zero
	for i, step := range t.Steps {
		place := fmt.Sprintf("/tiers/steps/%d", i)
		checkPrice(f, place+"/up_to", step.UpTo)
		switch last := i == len(t.Steps)-1; {
		case last && step.UpTo != nil:
			f.Add(place+"/up_to", "bad_value", "The last step has no end: null is expected.")
		case !last && step.UpTo == nil:
			f.Add(place+"/up_to", "required", "Only the last step has no end.")
		case step.UpTo != nil && step.UpTo.LessThanOrEqual(from):
			f.Add(place+"/up_to", "out_of_range", "Steps go up: more than %s is expected.", from)
		case step.UpTo != nil:
			from = *step.UpTo
		}
		s.checkStepPrice(f, place, a, step)
	}
}

func (s shelf) checkStepPrice(f *fault.Fields, place string, a catalog.AddOn, step catalog.Tier) {
	if a.Billing == catalog.BillStatistics {
		if step.Price == nil {
			f.Add(place+"/price", "required", "What one overage unit costs is expected.")
		}
		if len(step.Prices) > 0 {
			f.Add(place+"/prices", "bad_value", "Overage has one price, whatever the period.")
		}
		checkPrice(f, place+"/price", step.Price)
		return
	}
	if step.Price != nil {
		f.Add(place+"/price", "bad_value", "What is paid by the period has a price for each.")
	}
	s.checkPriceList(f, place+"/prices", step.Prices)
}
