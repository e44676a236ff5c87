package pricing

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/money"
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
	one := decimal.NewFromInt(1)
	q.Lines = append(q.Lines, in.line(span, Line{Kind: PeriodLine, Name: in.Offer.Name, Quantity: one, UnitPrice: unit}))
	if !in.Renewal {
		q.Lines = in.setup(q.Lines, Line{Name: in.Offer.Name, Quantity: one, UnitPrice: price.SetupFee})
	}
	for _, a := range in.Offer.AddOns {
		q.Lines = in.addOn(q.Lines, span, a)
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

// addOn appends the lines of one add-on of billing order, where the client has any of it and the tariff still offers it.
func (in Input) addOn(lines []Line, span Span, a catalog.AddOn) []Line {
	v, chosen := in.Values[a.Code]
	if !chosen || !a.Enabled || a.Billing != catalog.BillOrder {
		return lines
	}
	quantity, included := counted(a, v)
	if quantity.IsZero() {
		return lines
	}
	price := addOnPrice(a, in.Period)
	l := Line{Kind: AddOnLine, Code: a.Code, Name: a.Name, Quantity: quantity, Included: included, UnitPrice: price.Amount}
	if s := in.special(a.Code); s != nil {
		l.UnitPrice = *s
	}
	lines = append(lines, in.line(span, l))
	if in.Renewal {
		return lines
	}
	l.UnitPrice = price.SetupFee
	return in.setup(lines, l)
}

// counted turns a value into quantities: a switch that is on counts as one.
func counted(a catalog.AddOn, v Value) (quantity, included decimal.Decimal) {
	if a.ValueType != catalog.BooleanValue {
		return orZero(v.Amount), orZero(a.Included)
	}
	one := decimal.NewFromInt(1)
	if v.On != nil && *v.On {
		quantity = one
	}
	if a.IncludesSwitch() {
		included = one
	}
	return quantity, included
}

// addOnPrice is the add-on's price of a period; a day without one costs its part of the month's (D7).
func addOnPrice(a catalog.AddOn, p calendar.Period) catalog.AddOnPrice {
	price := a.PriceOf(p)
	if p.IsDaily() && !a.Priced(p) {
		price = a.PriceOf(monthly)
	}
	return price
}

// line fills in the amounts of a periodic line: its exact price for the span, rounded once (D6).
func (in Input) line(span Span, l Line) Line {
	num, den := in.share(span, l.Code)
	return in.taxed(l, billed(l).Mul(l.UnitPrice).Mul(num), den)
}

// setup appends a setup line; it is charged once, in full, and never in a trial.
func (in Input) setup(lines []Line, l Line) []Line {
	if in.NoSetup || l.UnitPrice.IsZero() || billed(l).IsZero() || in.Period.IsTrial() {
		return lines
	}
	l.Kind = SetupLine
	return append(lines, in.taxed(l, billed(l).Mul(l.UnitPrice), decimal.NewFromInt(1)))
}

// billed is the quantity above what is included.
func billed(l Line) decimal.Decimal { return decimal.Max(decimal.Zero, l.Quantity.Sub(l.Included)) }

// share is the part of a whole period's price that the span costs, as a fraction num/den.
func (in Input) share(span Span, code string) (num, den decimal.Decimal) {
	switch {
	case in.Period.IsTrial():
		return decimal.Zero, decimal.NewFromInt(1)
	case in.Period.IsDaily() && in.special(code) == nil && !in.pricedByDay(code):
		month := calendar.MonthOf(calendar.DayOf(in.Start, in.Zone))
		return decimal.NewFromInt(int64(span.num)), decimal.NewFromInt(int64(span.den * month.Days()))
	default:
		return decimal.NewFromInt(int64(span.num)), decimal.NewFromInt(int64(span.den))
	}
}

func (in Input) pricedByDay(code string) bool {
	if code == "" {
		_, ok := in.Offer.PriceOf(calendar.Daily)
		return ok
	}
	a, _ := in.Offer.AddOnOf(code)
	return a.Priced(calendar.Daily)
}

// taxed rounds num/den to the line's amount and finds the tax in it, or adds the tax to it.
func (in Input) taxed(l Line, num, den decimal.Decimal) Line {
	l.Amount = money.RoundRatio(num, den, in.Currency)
	l.Tax = TaxOf(l.Amount, in.TaxRate, in.PricesIncludeTax)
	if !in.PricesIncludeTax {
		l.Amount = l.Amount.Add(l.Tax)
	}
	return l
}

// TaxOf returns the tax of a sum: the part of it that is tax where prices include it, amount − amount/(1 + rate), else what
// comes on top, round(net × rate) (D25).
func TaxOf(sum money.Amount, rate decimal.Decimal, included bool) money.Amount {
	if !included {
		return money.Round(sum.Decimal().Mul(rate), sum.Currency())
	}
	return money.RoundRatio(sum.Decimal().Mul(rate), rate.Add(decimal.NewFromInt(1)), sum.Currency())
}

// Span is when a period ends, what the following ones hang on, and the part of a whole period's price it costs.
type Span struct {
	End      *time.Time // nil: one_time has no end
	Anchor   calendar.Anchor
	num, den int
}

// SpanOf returns the span of the period that begins at in.Start; of in it needs the offer, the period, start, anchor, zone
// and whether it is a renewal. A service that comes to calendar billing later, by a new version of its tariff, has a
// partial period as its next one (D4).
func SpanOf(in Input) Span {
	s := Span{Anchor: in.Anchor, num: 1, den: 1}
	if in.Rest != nil {
		s.End, s.num, s.den = &in.Rest.End, in.Rest.Num, in.Rest.Den
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
	case months > 0 && in.Offer.Calendar.Enabled && !(in.Renewal && s.Anchor == calendar.FirstOfMonth):
		first := calendar.CalendarPeriod(in.Start, months, in.Offer.Calendar.ProRataDay, in.Zone)
		s.num, s.den = first.Ratio()
		s.End, s.Anchor = &first.End, calendar.FirstOfMonth
		return s
	}
	end := in.Period.End(in.Start, s.Anchor, in.Zone)
	s.End = &end
	return s
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
