package panel

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

// Reading is one measured number with its unit.
type Reading struct {
	Param  string
	Amount decimal.Decimal
	Unit   string
}

// measured are the parameters of a server's day, in the order they are told.
var measured = []string{"in", "out", "burst_in_day", "burst_out_day", "power"}

// Traffic returns what the panel measured of one server between two instants, which are the edges of the named day; nothing
// where it measured nothing. A panel that answers by days may tell more than one: only the named one counts.
func (p *Panel) Traffic(ctx context.Context, id int, day string, from, to time.Time) ([]Reading, error) {
	var answer struct {
		List []map[string]json.RawMessage `json:"list"`
	}
	fill := places{
		"id": strconv.Itoa(id), "from": from.UTC().Format(time.RFC3339), "to": to.UTC().Format(time.RFC3339),
	}
	if err := p.call(ctx, Traffic, fill, nil, &answer); err != nil {
		return nil, err
	}
	for _, row := range answer.List {
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
