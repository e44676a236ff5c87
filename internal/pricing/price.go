package pricing

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/product"
)

// Price computes what a selection costs for the period that begins at in.Start. It is used for quotes, orders and renewals
// alike. A period that the offer has no price for is the fault period_not_available at /period.
func Price(in Input) (Quote, error) {
	price, ok := PeriodPrice(in.Offer, in.Period)
	if !ok {
		return Quote{}, fault.New(fault.Invalid, "period_not_available", "The tariff has no price for this period.").At("/period")
	}
	span := SpanOf(in)
	q := Quote{PeriodStart: in.Start, PeriodEnd: span.End, Anchor: span.Anchor}
	unit := price.Amount
	if in.Renewal && price.RenewalAmount != nil {
		unit = *price.RenewalAmount
	}
	if s := in.special(""); s != nil {
		unit = *s
	}
	own := Line{Kind: PeriodLine, Name: in.Offer.Name, Quantity: one}
	q.Lines = make([]Line, 0, 2+len(in.Values))
	q.Lines = append(q.Lines, in.line(own, one, tariff{unit: unit}, in.share(span, in.byShare(price.Period == in.Period, ""))))
	if !in.Renewal {
		q.Lines = in.setup(q.Lines, own, one, tariff{unit: price.SetupFee})
	}
	for i := range in.Offer.AddOns {
		q.Lines = in.addOn(q.Lines, span, &in.Offer.AddOns[i])
	}
	q.Total, q.Tax = money.Zero(in.Currency), money.Zero(in.Currency)
	for _, l := range q.Lines {
		q.Total, q.Tax = q.Total.Add(l.Amount), q.Tax.Add(l.Tax)
	}
	return q, nil
}

// PeriodPrice returns the offer's price of a period. A trial costs nothing and exists where the offer has trial days; a
// day that has no price of its own costs its part of the month's (D7), which Span.share works out.
func PeriodPrice(o catalog.Offer, p calendar.Period) (catalog.Price, bool) {
	if p.IsTrial() {
		return catalog.Price{Period: p}, o.TrialDays > 0
	}
	price, ok := o.PriceOf(p)
	if !ok && p.IsDaily() {
		price, ok = o.PriceOf(monthly)
	}
	return price, ok
}

const monthly calendar.Period = "P1M"

// addOn appends the lines of one add-on that is paid by the period, where the client has any of it and the tariff still
// offers it. A choice has no price of its own; its children but the chosen one cost nothing.
func (in *Input) addOn(lines []Line, span Span, a *catalog.AddOn) []Line {
	v, has := in.Values[a.Code]
	if !has || !a.Enabled || !a.PaidByPeriod() || a.Parent != "" && in.Values[a.Parent].Item != a.Code {
		return lines
	}
	l := Line{Kind: AddOnLine, Code: a.Code, Name: a.Name, Item: v.Item}
	if l.Quantity, l.Included = counted(a, v); l.Quantity.IsZero() {
		return lines
	}
	if item, ok := a.ItemOf(v.Item); ok {
		l.Name = a.Name + ": " + item.Name
	}
	prices := tariffOf(a, v, in.Period, amountOf)
	if s := in.special(a.Code); s != nil {
		prices = tariff{unit: *s}
	}
	over := billed(l)
	lines = append(lines, in.line(l, over, prices, in.share(span, in.byShare(pricedFor(a, v, in.Period), a.Code))))
	if in.Renewal {
		return lines
	}
	return in.setup(lines, l, over, tariffOf(a, v, in.Period, setupOf))
}

// counted turns a value into quantities: a switch that is on and an item count as one.
func counted(a *catalog.AddOn, v Value) (quantity, included decimal.Decimal) {
	switch a.ValueType {
	case product.EnumerationValue:
		if v.Item != "" {
			quantity = one
		}
	case product.BooleanValue:
		if v.On != nil && *v.On {
			quantity = one
		}
		if a.IncludesSwitch() {
			included = one
		}
	default:
		return orZero(v.Amount), orZero(a.Included)
	}
	return quantity, included
}

var one = decimal.NewFromInt(1)

// line fills in the amounts of a periodic line, of which a quantity is paid for: its exact price for the span, rounded once
// (D6).
func (in *Input) line(l Line, over decimal.Decimal, prices tariff, part fraction) Line {
	l.UnitPrice = prices.perUnit(over)
	return in.taxed(l, prices.price(over), part)
}

// setup appends a setup line; it is charged once, in full, and never in a trial.
func (in *Input) setup(lines []Line, l Line, over decimal.Decimal, fees tariff) []Line {
	fee := fees.price(over)
	if in.NoSetup || fee.IsZero() || in.Period.IsTrial() {
		return lines
	}
	l.Kind, l.UnitPrice = SetupLine, fees.perUnit(over)
	return append(lines, in.taxed(l, fee, whole))
}

// billed is the quantity above what is included.
func billed(l Line) decimal.Decimal { return decimal.Max(decimal.Zero, l.Quantity.Sub(l.Included)) }

// byShare tells whether a day costs its part of a month's price: where it has neither a price of its own nor a special one,
// which is for the day as it stands (D7).
func (in *Input) byShare(ownPrice bool, code string) bool {
	return in.Period.IsDaily() && !ownPrice && in.special(code) == nil
}

// fraction is the part num/den of something.
type fraction struct{ num, den int }

var whole = fraction{1, 1}

// share is the part of a whole period's price that the span costs.
func (in *Input) share(span Span, byShare bool) fraction {
	switch {
	case in.Period.IsTrial():
		return fraction{0, 1}
	case byShare:
		month := calendar.MonthOf(calendar.DayOf(in.Start, in.Zone))
		return fraction{1, month.Days()}
	default:
		return span.part
	}
}

// taxed rounds a part of an exact price to the line's amount and finds the tax in it, or adds the tax to it.
func (in *Input) taxed(l Line, price decimal.Decimal, part fraction) Line {
	if part.num == part.den {
		l.Amount = money.Round(price, in.Currency)
	} else {
		l.Amount = money.RoundRatio(price.Mul(decimal.NewFromInt(int64(part.num))), decimal.NewFromInt(int64(part.den)), in.Currency)
	}
	l.Tax = TaxOf(l.Amount, in.TaxRate, in.PricesIncludeTax)
	if !in.PricesIncludeTax {
		l.Amount = l.Amount.Add(l.Tax)
	}
	return l
}

// TaxOf returns the tax of a sum: the part of it that is tax where prices include it, amount − amount/(1 + rate), else what
// comes on top, round(net × rate) (D25).
func TaxOf(sum money.Amount, rate decimal.Decimal, included bool) money.Amount {
	if rate.IsZero() {
		return money.Zero(sum.Currency())
	}
	if !included {
		return money.Round(sum.Decimal().Mul(rate), sum.Currency())
	}
	return money.RoundRatio(sum.Decimal().Mul(rate), rate.Add(one), sum.Currency())
}

// Span is when a period ends, what the following ones hang on, and the part of a whole period's price it costs.
type Span struct {
	End    *time.Time // nil: one_time has no end
	Anchor calendar.Anchor
	part   fraction
}

// SpanOf returns the span of the period that begins at in.Start; of in it needs the offer, the period, start, anchor, zone
// and whether it is a renewal. A service that comes to calendar billing later, by a new version of its tariff, or whose first
// period ended within a month because it was made late, has a partial period as its next one (D4).
func SpanOf(in Input) Span {
	s := Span{Anchor: in.Anchor, part: whole}
	if in.Running != nil {
		s.End, s.part = &in.Running.End, fraction{in.Running.Num, in.Running.Den}
		return s
	}
	if !in.Renewal {
		s.Anchor = calendar.AnchorOf(in.Start, in.Zone)
	}
	months := in.Period.Months()
	switch {
	case in.Period.IsOneTime():
		return s
	case in.Period.IsTrial():
		end := calendar.AddDays(in.Start, in.Offer.TrialDays, in.Zone)
		s.End = &end
		return s
	case months > 0 && in.Offer.Calendar.Enabled && !(in.Renewal && s.Anchor == calendar.FirstOfMonth && in.startsMonth()):
		first := calendar.CalendarPeriod(in.Start, months, in.Offer.Calendar.ProRataDay, in.Zone)
		s.part.num, s.part.den = first.Ratio()
		s.End, s.Anchor = &first.End, calendar.FirstOfMonth
		return s
	}
	end := in.Period.End(in.Start, s.Anchor, in.Zone)
	s.End = &end
	return s
}

func (in Input) startsMonth() bool {
	return in.Start.Equal(calendar.MonthOf(calendar.DayOf(in.Start, in.Zone)).First().Start(in.Zone))
}

// RenewalPeriod returns the period that a service renews for: its own, or after a trial the shortest that the offer has a
// price for (D13). False: there is none, as for one_time.
func RenewalPeriod(o catalog.Offer, p calendar.Period) (calendar.Period, bool) {
	if !p.IsTrial() {
		_, priced := PeriodPrice(o, p)
		return p, p.Renews() && priced
	}
	var best calendar.Period
	for _, x := range o.Prices {
		if x.Period.Renews() && (best == "" || x.Period.Less(best)) {
			best = x.Period
		}
	}
	return best, best != ""
}
