package traffic

import (
	"sort"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/measure"
)

// Read returns one parameter of a block; bandwidth is the reported value, else in + out of the same block (D18), in the unit
// of whichever of the two is there first.
func (v Values) Read(p Param, units measure.Units) (Quantity, bool, error) {
	if q, ok := v[p]; ok || p != ParamBandwidth {
		return q, ok, nil
	}
	in, hasIn := v[ParamIn]
	out, hasOut := v[ParamOut]
	if !hasIn || !hasOut {
		if hasIn {
			return in, true, nil
		}
		return out, hasOut, nil
	}
	more, err := units.Convert(out.Value, out.Unit, in.Unit)
	return Quantity{Value: in.Value.Add(more), Unit: in.Unit}, true, err
}

// Measure is one block as a statistics add-on sees it: its parameters converted to unit (D19) and combined into one number.
// False: the block says nothing about any of them. A block that reports its total only counts as that for an add-on which
// sums both directions.
func (v Values) Measure(s catalog.Statistics, unit string, units measure.Units) (decimal.Decimal, bool, error) {
	var out decimal.Decimal
	found := false
	for _, p := range v.paramsFor(s) {
		q, ok, err := v.Read(p, units)
		if err != nil || !ok {
			if err != nil {
				return out, false, err
			}
			continue
		}
		x, err := units.Convert(q.Value, q.Unit, unit)
		if err != nil {
			return out, false, err
		}
		switch {
		case !found:
			out = x
		case s.Combine == catalog.CombineMax:
			out = decimal.Max(out, x)
		default:
			out = out.Add(x)
		}
		found = true
	}
	return out, found, nil
}

func (v Values) paramsFor(s catalog.Statistics) []Param {
	params := make([]Param, len(s.Params))
	both := 0
	for i, p := range s.Params {
		params[i] = Param(p)
		if _, has := v[Param(p)]; !has && (params[i] == ParamIn || params[i] == ParamOut) {
			both++
		}
	}
	if _, total := v[ParamBandwidth]; total && both == 2 && len(params) == 2 && s.Combine != catalog.CombineMax {
		return []Param{ParamBandwidth}
	}
	return params
}

// DayUse is what a service used on one day, in an add-on's unit.
type DayUse struct {
	Day  calendar.Day
	Used decimal.Decimal
}

// ByDay adds up the blocks of each day over servers, volumes and gauges alike (D17), in order of days.
func ByDay(blocks []Block, s catalog.Statistics, unit string, units measure.Units) ([]DayUse, error) {
	byDay := map[calendar.Day]decimal.Decimal{}
	for _, b := range blocks {
		x, ok, err := b.Values.Measure(s, unit, units)
		if err != nil {
			return nil, err
		}
		if ok {
			byDay[b.Day] = byDay[b.Day].Add(x)
		}
	}
	out := make([]DayUse, 0, len(byDay))
	for day, used := range byDay {
		out = append(out, DayUse{day, used})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Day.Before(out[j].Day) })
	return out, nil
}

// Fold adds a day to the total of the days before it: volumes add up, gauges are folded by over_days (D17).
func Fold(total, day decimal.Decimal, s catalog.Statistics) decimal.Decimal {
	if s.OverDays == catalog.OverDaysMax {
		return decimal.Max(total, day)
	}
	return total.Add(day)
}

// Sum adds up the values of blocks by parameter for showing: over servers everything adds up, over days volumes do and of
// gauges the highest day counts (D17). Each parameter comes in the unit of its first block; bandwidth is always there when
// a direction is (D18).
func Sum(blocks []Block, units measure.Units) (Values, error) {
	out := Values{}
	for _, p := range Params {
		unit := ""
		byDay := map[calendar.Day]decimal.Decimal{}
		for _, b := range blocks {
			q, ok, err := b.Values.Read(p, units)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if unit == "" {
				unit = q.Unit
			}
			x, err := units.Convert(q.Value, q.Unit, unit)
			if err != nil {
				return nil, err
			}
			byDay[b.Day] = byDay[b.Day].Add(x)
		}
		if unit == "" {
			continue
		}
		total := decimal.Zero
		for _, x := range byDay {
			if p.Gauge() {
				total = decimal.Max(total, x)
			} else {
				total = total.Add(x)
			}
		}
		out[p] = Quantity{Value: total, Unit: unit}
	}
	return out, nil
}
