package traffic

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/service"
)

// Books is what there is about the use of one service in some days: the input of a report.
type Books struct {
	Service service.Service
	// Blocks are those that the service owns, from the first day of the first month on, because included amounts are
	// counted from there.
	Blocks []Block
	Terms  []service.TermRow
	Units  measure.Units
	// Booked is the net overage charged, by day and add-on.
	Booked map[BookedKey]decimal.Decimal
}

// BookedKey is one day and add-on.
type BookedKey struct {
	Day   calendar.Day
	AddOn string
}

// Usage is what a service used in the days [From, To).
type Usage struct {
	From, To calendar.Day
	Rows     []UseRow // only days or months with blocks
	Total    UseRow
}

// UseRow is the use of the days [From, To).
type UseRow struct {
	From, To calendar.Day
	Values   Values // all servers together
	Servers  []ServerUse
	AddOns   []AddOnUse
}

// ServerUse is what one server used.
type ServerUse struct {
	Server service.ID
	Values Values
}

// AddOnUse is what use means for one add-on billed by statistics.
type AddOnUse struct {
	Code     string
	Used     decimal.Decimal // in Unit
	Unit     string
	Included decimal.Decimal // of the whole month, or day
	Overage  decimal.Decimal // the part of Used above the included amount, counted through the month
	Amount   money.Amount    // charged for it; the running day is charged when it is over
}

// Summarise reports use by days or months, with what was agreed at the end of each day. Pure.
func Summarise(b Books, from, to calendar.Day, byMonth bool, zone *time.Location) (Usage, error) {
	out := Usage{From: from, To: to}
	days, err := b.addOnDays(to, zone)
	if err != nil {
		return out, err
	}
	wanted := slices.DeleteFunc(slices.Clone(b.Blocks), func(x Block) bool { return x.Day.Before(from) || !x.Day.Before(to) })
	slices.SortStableFunc(wanted, func(x, y Block) int { return y.Day.Until(x.Day) })
	for start := 0; start < len(wanted); {
		row := UseRow{From: wanted[start].Day, To: wanted[start].Day.AddDays(1)}
		if byMonth {
			m := calendar.MonthOf(wanted[start].Day)
			row.From, row.To = laterDay(m.First(), from), soonerDay(m.Next().First(), to)
		}
		end := start
		for end < len(wanted) && wanted[end].Day.Before(row.To) {
			end++
		}
		if err := b.fill(&row, wanted[start:end], days); err != nil {
			return out, err
		}
		out.Rows = append(out.Rows, row)
		start = end
	}
	out.Total = UseRow{From: from, To: to}
	return out, b.fill(&out.Total, wanted, days)
}

func laterDay(a, b calendar.Day) calendar.Day {
	if a.Before(b) {
		return b
	}
	return a
}

func soonerDay(a, b calendar.Day) calendar.Day {
	if b.Before(a) {
		return b
	}
	return a
}

// fill sums the blocks of one row.
func (b Books) fill(row *UseRow, blocks []Block, days map[string][]addOnDay) error {
	var err error
	if row.Values, err = Sum(blocks, b.Units); err != nil {
		return err
	}
	of := map[service.ID][]Block{}
	for _, x := range blocks {
		of[x.Server] = append(of[x.Server], x)
	}
	for _, id := range sortedKeys(of) {
		values, err := Sum(of[id], b.Units)
		if err != nil {
			return err
		}
		row.Servers = append(row.Servers, ServerUse{id, values})
	}
	for _, code := range sortedKeys(days) {
		if use, some := b.addOn(code, *row, days[code]); some {
			row.AddOns = append(row.AddOns, use)
		}
	}
	return nil
}

// addOnDay is one day of an add-on: what was used and the part of it above the included amount.
type addOnDay struct {
	day     calendar.Day
	term    service.Term
	used    decimal.Decimal
	overage decimal.Decimal
}

// addOnDays measures each statistics add-on day by day, counting through each month where it is billed by month.
func (b Books) addOnDays(to calendar.Day, zone *time.Location) (map[string][]addOnDay, error) {
	out := map[string][]addOnDay{}
	byDay := map[calendar.Day][]Block{}
	for _, x := range b.Blocks {
		byDay[x.Day] = append(byDay[x.Day], x)
	}
	days := make([]calendar.Day, 0, len(byDay))
	for d := range byDay {
		days = append(days, d)
	}
	slices.SortFunc(days, func(x, y calendar.Day) int { return y.Until(x) })
	for _, code := range measuredItems(b.Terms) {
		month, total := calendar.Month{}, decimal.Zero
		for _, day := range days {
			if m := calendar.MonthOf(day); m != month {
				month, total = m, decimal.Zero
			}
			term, _, ok := service.AtEnd(b.Terms, code, day.End(zone), b.Service.Period)
			if !ok || term.Statistics == nil || !day.Before(to) {
				continue
			}
			use, err := ByDay(byDay[day], *term.Statistics, unitOf(term), b.Units)
			if err != nil {
				return nil, err
			}
			x := addOnDay{day: day, term: term}
			for _, u := range use {
				x.used = u.Used
			}
			before := total
			if term.Statistics.Bill == catalog.BillByDay {
				x.overage = above(x.used, term)
			} else {
				total = Fold(total, x.used, *term.Statistics)
				x.overage = above(total, term).Sub(above(before, term))
			}
			out[code] = append(out[code], x)
		}
	}
	return out, nil
}

// measuredItems are the add-ons billed by statistics in any of the terms.
func measuredItems(terms []service.TermRow) []string {
	var out []string
	for _, r := range terms {
		if r.Term.Statistics != nil && r.Term.Billing == catalog.BillStatistics && !slices.Contains(out, r.Item) {
			out = append(out, r.Item)
		}
	}
	return out
}

func unitOf(t service.Term) string {
	if t.Unit != "" {
		return t.Unit
	}
	return t.Statistics.OverageUnit
}

func above(used decimal.Decimal, t service.Term) decimal.Decimal {
	if t.Included != nil {
		used = used.Sub(*t.Included)
	}
	return decimal.Max(used, decimal.Zero)
}

// addOn sums one add-on over the days of a row; false: it was not agreed on any of them.
func (b Books) addOn(code string, row UseRow, days []addOnDay) (AddOnUse, bool) {
	use := AddOnUse{Code: code}
	amount, some := decimal.Zero, false
	for _, d := range days {
		if d.day.Before(row.From) || !d.day.Before(row.To) {
			continue
		}
		some = true
		use.Used = Fold(use.Used, d.used, *d.term.Statistics)
		use.Overage = use.Overage.Add(d.overage)
		use.Unit, use.Included = unitOf(d.term), decimal.Zero
		if d.term.Included != nil {
			use.Included = *d.term.Included
		}
	}
	for key, x := range b.Booked {
		if key.AddOn == code && !key.Day.Before(row.From) && key.Day.Before(row.To) {
			amount = amount.Add(x)
		}
	}
	use.Amount = money.New(amount, b.Service.Currency)
	return use, some
}

func sortedKeys[K ~string, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
