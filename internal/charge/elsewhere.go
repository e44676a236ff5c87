package charge

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/pricing"
	"github.com/tariffd/tariffd/internal/service"
)

// Elsewhere is what an imported service was paid for where it was before. We charged nothing for it, so that nothing of it can
// be given back; but it is paid, so that a change within it costs only what the new terms are dearer (D9).
type Elsewhere struct {
	Quote pricing.Quote `json:"-"` // what one of its periods costs by our tariff: the price that the import agreed

	Period        calendar.Period            `json:"period"`
	TariffID      catalog.TariffID           `json:"tariff_id"`
	TariffVersion int                        `json:"tariff_version"`
	AddOns        map[string]json.RawMessage `json:"add_ons"`
}

// imported is a quote as an imported service keeps it.
type imported struct {
	pricing.Quote
	Elsewhere *Elsewhere `json:"elsewhere,omitempty"`
}

// ImportedBy is the quote of a service that is taken over on these terms, for the service to keep.
func ImportedBy(s service.Service, q pricing.Quote) (json.RawMessage, error) {
	return json.Marshal(imported{q, &Elsewhere{Period: s.Period, TariffID: s.TariffID, TariffVersion: s.TariffVersion, AddOns: s.AddOns}})
}

// ElsewhereOf is what a service was paid for elsewhere; nil: it was sold here, or has no end.
func ElsewhereOf(s service.Service) *Elsewhere {
	if s.OrderID != "" {
		return nil
	}
	var in imported
	if err := json.Unmarshal(s.Quote, &in); err != nil || in.Elsewhere == nil || in.PeriodEnd == nil {
		return nil
	}
	in.Elsewhere.Quote = in.Quote
	return in.Elsewhere
}

// spans are the periods that were paid elsewhere, as charges of which nothing is ours. They are whole ones that hang on the
// end of the last, so that the days of D8 and D9 are those of the price; the first began before the service was taken over.
func (e *Elsewhere) spans(zone *time.Location) (out []*bought) {
	for end := *e.Quote.PeriodEnd; end.After(e.Quote.PeriodStart); {
		start := e.Period.Start(end, e.Quote.Anchor, zone)
		out = append(out, &bought{start: start, end: end, settled: true, elsewhere: true})
		end = start
	}
	return out
}

// Beyond is what terms cost in a period beyond what was paid for it elsewhere; lines are their prices for the whole of it, and
// are answered in their order. An item that is as it was imported is paid, whatever its price is by now; of the others each has
// what was paid for it, and then what is left over of the rest. So the same terms always cost the same, by whichever changes
// they came about. Worth is what the terms are worth altogether.
func (e *Elsewhere) Beyond(s service.Service, lines []pricing.Line) (due []pricing.Line, worth money.Amount) {
	zero := money.Zero(s.Currency)
	paid, pool := map[string]money.Amount{}, zero
	for _, l := range e.Quote.Lines {
		paid[l.Code], pool = l.Amount, pool.Add(l.Amount)
	}
	due, worth = slices.Clone(lines), zero
	rests := make([]money.Amount, len(lines))
	for i, l := range lines {
		own, has := paid[l.Code]
		if !has {
			own = zero
		}
		value := l.Amount
		if has && e.still(s, l.Code) {
			value = own
		}
		own = money.Min(own, value)
		rests[i], pool, worth = value.Sub(own), pool.Sub(own), worth.Add(value)
	}
	for i, l := range lines {
		part := money.Min(rests[i], pool)
		rests[i], pool = rests[i].Sub(part), pool.Sub(part)
		due[i].Amount, due[i].Tax = rests[i], zero
		if !l.Amount.IsZero() {
			due[i].Tax = money.RoundRatio(l.Tax.Decimal().Mul(rests[i].Decimal()), l.Amount.Decimal(), l.Amount.Currency())
		}
	}
	return due, worth
}

// still tells whether an item is as it was imported.
func (e *Elsewhere) still(s service.Service, item string) bool {
	return s.TariffID == e.TariffID && s.TariffVersion == e.TariffVersion &&
		(item == service.TariffItem || bytes.Equal(bytes.TrimSpace(s.AddOns[item]), bytes.TrimSpace(e.AddOns[item])))
}
