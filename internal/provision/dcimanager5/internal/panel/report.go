package panel

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dialect"
)

// Reading is one server's line of a report: values by the words of the program.
type Reading struct {
	Server   string // the number; empty where the report has only host names
	Hostname string
	Values   map[string]decimal.Decimal
}

// columns are what each report tells, by the words of the program.
var columns = map[Call][]string{
	TrafficReport: {"in", "out"},
	BurstReport:   {"burst_in", "burst_out"},
	PowerReport:   {"power"},
}

// Report reads one of the reports of one day. A report that is switched off is empty.
func (p *Panel) Report(ctx context.Context, call Call, day string) ([]Reading, error) {
	if p.dialect.functions[call] == dialect.Off {
		return nil, nil
	}
	doc, err := p.read(ctx, call, fields(p.Period(day)...))
	if err != nil {
		return nil, err
	}
	var out []Reading
	for _, row := range doc.Child("reportdata").Below("elem") {
		r := Reading{Server: row.Get("id"), Hostname: row.Get("hostname"), Values: map[string]decimal.Decimal{}}
		for _, name := range columns[call] {
			if err := r.take(row, name, p.dialect.names[name]); err != nil {
				return nil, fmt.Errorf("report %s: %w", p.dialect.functions[call], err)
			}
		}
		if len(r.Values) > 0 {
			out = append(out, r)
		}
	}
	return out, nil
}

// Period are the fields of a report that ask for one day.
func (p *Panel) Period(day string) []string {
	return []string{p.dialect.names["from"], day, p.dialect.names["to"], day}
}

func (r Reading) take(row *coremgr.Node, name, column string) error {
	text := row.Get(column)
	if text == "" {
		return nil
	}
	amount, err := decimal.NewFromString(strings.ReplaceAll(text, ",", "."))
	if err != nil || amount.IsNegative() {
		return provision.NewUnavailable(nil, "column %q of server %s is no quantity", column, strconv.Quote(r.Server))
	}
	r.Values[name] = amount
	return nil
}
