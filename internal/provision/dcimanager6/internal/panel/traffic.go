package panel

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/provision/isp6"
)

// Reading is one measured number with its unit.
type Reading struct {
	Param  string
	Amount decimal.Decimal
	Unit   string
}

// measured are the parameters of a server's day, in the order they are told.
var measured = []string{"in", "out", "burst_in_day", "burst_out_day", "power"}

// Measured is what the panel tells of a server between two instants.
type Measured struct {
	// Day is the whole day by the panel's own reckoning; nothing where it measured nothing.
	Day []Reading
	// Series are the samples of in, out and power between the instants, by parameter, where the panel tells any: rates in
	// RateUnit, power in W.
	Series map[string]isp6.Series
	// Sampled tells that the panel keeps samples, even if it has none of that time.
	Sampled bool
}

// Traffic returns what the panel measured of one server between two instants of the named day. A panel that answers by days may
// tell more than one: only the named one counts. Its series stand beside the days, or alone as the panels of this generation
// tell them. They are asked for with so much more on both sides, which is dropped: how far samples lie apart can be seen of two.
func (p *Panel) Traffic(ctx context.Context, id int, day string, from, to time.Time, more time.Duration) (Measured, error) {
	var raw json.RawMessage
	fill := places{
		"id": strconv.Itoa(id), "from": from.Add(-more).UTC().Format(time.RFC3339), "to": to.Add(more).UTC().Format(time.RFC3339),
	}
	if err := p.call(ctx, Traffic, fill, nil, &raw); err != nil {
		return Measured{}, err
	}
	var answer map[string]json.RawMessage
	series := raw
	if json.Unmarshal(raw, &answer) == nil {
		series = answer[p.dialect.names["metrics"]]
	}
	m := Measured{Series: map[string]isp6.Series{}}
	var err error
	if m.Day, err = p.ofDay(answer["list"], day); err != nil {
		return m, err
	}
	all, err := isp6.ReadSeries(series, from, to)
	if err != nil {
		return m, err
	}
	m.Sampled = all != nil
	for _, s := range all {
		for _, param := range []string{"in", "out", "power"} {
			if s.Name == p.dialect.names["series_"+param] && len(s.Samples) > 0 {
				m.Series[param] = s
			}
		}
	}
	return m, nil
}

func (p *Panel) ofDay(list json.RawMessage, day string) ([]Reading, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var rows []map[string]json.RawMessage
	if json.Unmarshal(list, &rows) != nil {
		return nil, &BadReading{Param: "list"}
	}
	for _, row := range rows {
		var of string
		if raw, told := row["day"]; told && json.Unmarshal(raw, &of) == nil && of != day {
			continue
		}
		return p.readings(row)
	}
	return nil, nil
}

func (p *Panel) readings(row map[string]json.RawMessage) ([]Reading, error) {
	units := map[string]string{
		"in": p.dialect.unit, "out": p.dialect.unit, "burst_in_day": "Mbit/s", "burst_out_day": "Mbit/s", "power": "W",
	}
	var out []Reading
	for _, param := range measured {
		var amount decimal.NullDecimal
		raw, told := row[p.dialect.names[param]]
		if !told {
			continue
		}
		if err := json.Unmarshal(raw, &amount); err != nil || amount.Decimal.IsNegative() {
			return nil, &BadReading{Param: param}
		}
		if amount.Valid {
			out = append(out, Reading{param, amount.Decimal, units[param]})
		}
	}
	return out, nil
}

// BadReading is a measured value that is no number, or below zero.
type BadReading struct{ Param string }

// Error names the parameter.
func (b *BadReading) Error() string { return "the panel's value of " + b.Param + " is not a quantity" }
