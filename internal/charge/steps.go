package charge

import (
	"fmt"
	"math/big"
	"sort"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// Usage is what a service used in a month: the current blocks that it owns, servers of one day added up.
type Usage interface {
	// Days are the days with any block, in order.
	Days() []calendar.Day
	// ByDay reads the add-on's parameters of each day's blocks in a unit (D18, D19).
	ByDay(s catalog.Statistics, unit string, units measure.Units) (map[calendar.Day]decimal.Decimal, error)
}

// MonthInput is everything that a month's overage of one service depends on.
type MonthInput struct {
	Month       calendar.Month
	Through     calendar.Day // the last day that is over: the running day counts as nothing in money
	Zone        *time.Location
	Currency    string
	IncludesTax func(day calendar.Day) bool            // whether prices did on a day; nil: always
	TaxOn       func(day calendar.Day) decimal.Decimal // the rate of tax (D25); nil: none
	Period      calendar.Period                        // of the service, which special prices may be for
	Terms       []service.TermRow
	Units       measure.Units
	Usage       Usage
}

// Notice is something that is told once per period (D16).
type Notice string

// The notices: use passed 80 % or reached 100 % of the included amount, and use went above it.
const (
	Threshold80  Notice = "threshold_80"
	Threshold100 Notice = "threshold_100"
	Started      Notice = "started"
)

// Step is what one day with use costs for one statistics add-on, and where the use stood at its end.
type Step struct {
	AddOn     string
	Day       calendar.Day
	Amount    money.Amount // with Tax in it
	Tax       money.Amount
	Quantity  decimal.Decimal  // above the included amount, by this day; rounded for showing
	Unit      string           // of Quantity
	UnitPrice *decimal.Decimal // nil: by a scale, whose units differ
	Standing
}

// Standing is where the use of an add-on stands at the end of a day, in its billing period: a month, or that day.
type Standing struct {
	Period      calendar.Day // its first day
	Until       calendar.Day // its first day that is over
	Used        decimal.Decimal
	Included    decimal.Decimal
	Overage     decimal.Decimal // the part of Used above Included
	UsedUnit    string
	Reached     []Notice
	OverMaximum bool // D14
}

// Steps computes a month's overage: for every day that is over and has use, what it costs by the terms at its end. Billing by
// month is cumulative in money: M(D) = M(D−1) + price(total through D) − price(total through D−1), both by the terms of D,
// and a day costs round(M(D)) less what the earlier days cost, so that a month is rounded once (D6). Pure: the same blocks
// give the same steps, whatever the order and number of their arrivals.
func Steps(in MonthInput) ([]Step, error) {
	var out []Step
	for _, item := range itemsOf(in.Terms) {
		steps, err := in.addOn(item)
		if err != nil {
			return nil, fmt.Errorf("add-on %s: %w", item, err)
		}
		out = append(out, steps...)
	}
	return out, nil
}

func itemsOf(rows []service.TermRow) []string {
	seen := map[string]bool{service.TariffItem: true}
	var items []string
	for _, r := range rows {
		if !seen[r.Item] {
			seen[r.Item] = true
			items = append(items, r.Item)
		}
	}
	sort.Strings(items)
	return items
}

func (in MonthInput) addOn(item string) ([]Step, error) {
	var out []Step
	totals := totals{in: in, known: map[string]map[calendar.Day]dayTotal{}}
	monthly, booked := new(big.Rat), money.Zero(in.Currency)
	for _, day := range in.Usage.Days() {
		if in.Through.Before(day) || !in.Month.Contains(day) {
			continue
		}
		term, ok := in.agreed(item, day)
		if !ok {
			continue
		}
		r, err := rateOf(term, in.Units)
		if err != nil {
			return nil, err
		}
		t, ok, err := totals.at(r, day)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue // its blocks say nothing about this add-on
		}
		var net money.Amount
		if r.stats.Bill == catalog.BillByDay {
			t.before, t.through = decimal.Zero, t.day
			net = round(r.price(t.day), in.Currency)
		} else {
			monthly.Add(monthly, new(big.Rat).Sub(r.price(t.through), r.price(t.before)))
			rounded := round(monthly, in.Currency)
			net, booked = rounded.Sub(booked), rounded
		}
		out = append(out, in.step(item, day, r, t, net))
	}
	return out, nil
}

func (in MonthInput) step(item string, day calendar.Day, r rate, t dayTotal, net money.Amount) Step {
	included := in.IncludesTax == nil || in.IncludesTax(day)
	s := Step{
		AddOn: item, Day: day, Amount: net, Tax: pricing.TaxOf(net, in.taxOn(day), included),
		Quantity: r.shown(r.over(t.through).Sub(r.over(t.before)), r.stats.OverageUnit), Unit: r.stats.OverageUnit, UnitPrice: r.single(),
		Standing: r.standing(t.through),
	}
	if !included {
		s.Amount = s.Amount.Add(s.Tax)
	}
	s.Period, s.Until = in.Month.First(), in.Month.Next().First()
	if r.stats.Bill == catalog.BillByDay {
		s.Period, s.Until = day, day.AddDays(1)
	}
	return s
}

func (in MonthInput) taxOn(day calendar.Day) decimal.Decimal {
	if in.TaxOn == nil {
		return decimal.Zero
	}
	return in.TaxOn(day)
}

// agreed returns the terms of an add-on at the end of a day, where it is billed by statistics. On the day on which a service
// closes, the last terms count; but not the zero price of a link, which ended too: that day is the server's own (D22).
func (in MonthInput) agreed(item string, day calendar.Day) (service.Term, bool) {
	end, start := day.End(in.Zone), day.Start(in.Zone)
	term, _, ok := service.AtEnd(in.Terms, item, end, in.Period)
	if !ok {
		var last *time.Time
		for _, r := range in.Terms {
			if r.Item == item && !r.Special() && r.To != nil && r.To.After(start) && r.To.Before(end) && (last == nil || r.To.After(*last)) {
				last = r.To
			}
		}
		if last == nil {
			return service.Term{}, false
		}
		var rows []service.TermRow
		for _, r := range in.Terms {
			if r.Source != service.FromBandwidth {
				rows = append(rows, r)
			}
		}
		term, _, ok = service.AtEnd(rows, item, *last, in.Period)
	}
	return term, ok && term.Billing == catalog.BillStatistics && term.Statistics != nil
}

// dayTotal is one day's use and the month's total before and through it, in the smallest unit of the chain, where every
// value is exact.
type dayTotal struct{ day, before, through decimal.Decimal }

// totals reads the use of a month once for each way of measuring: terms that change within a month may measure differently.
type totals struct {
	in    MonthInput
	known map[string]map[calendar.Day]dayTotal
}

func (t *totals) at(r rate, day calendar.Day) (dayTotal, bool, error) {
	key := fmt.Sprint(r.stats.Params, r.stats.Combine, r.stats.OverDays, r.base)
	if t.known[key] == nil {
		used, err := t.in.Usage.ByDay(r.stats, r.base, t.in.Units)
		if err != nil {
			return dayTotal{}, false, err
		}
		byDay, sum := map[calendar.Day]dayTotal{}, decimal.Zero
		for _, d := range t.in.Usage.Days() {
			x, some := used[d]
			if !some || !t.in.Month.Contains(d) {
				continue
			}
			before := sum
			if sum = sum.Add(x); r.stats.OverDays == catalog.OverDaysMax {
				sum = decimal.Max(before, x) // D17
			}
			byDay[d] = dayTotal{day: x, before: before, through: sum}
		}
		t.known[key] = byDay
	}
	total, ok := t.known[key][day]
	return total, ok, nil
}
