package service

import (
	"time"

	"github.com/tariffd/tariffd/internal/calendar"
)

// At returns what was in force for an item at the instant t (ranges [from, to)): the tariff's row, overlaid by special prices
// for all periods and then by those for this very period. The source is that of the topmost row; false: nothing was agreed.
func At(rows []TermRow, item string, t time.Time, period calendar.Period) (Term, Source, bool) {
	return overlay(rows, item, period, func(r TermRow) bool { return !r.From.After(t) && (r.To == nil || r.To.After(t)) })
}

// AtEnd is At just before the instant end: what was in force when a billing day was over. A change at 24:00 sharp counts for
// the next day, by the same rule as the ownership of blocks.
func AtEnd(rows []TermRow, item string, end time.Time, period calendar.Period) (Term, Source, bool) {
	return overlay(rows, item, period, func(r TermRow) bool { return r.From.Before(end) && (r.To == nil || !r.To.Before(end)) })
}

// overlay lays the special prices that hold over the tariff's row. Special prices carry prices only, and where one says
// nothing the row below it counts.
func overlay(rows []TermRow, item string, period calendar.Period, holds func(TermRow) bool) (Term, Source, bool) {
	var base, always, exact *TermRow
	for i, r := range rows {
		if r.Item != item || !holds(r) {
			continue
		}
		switch {
		case r.Source == FromTariff:
			base = &rows[i]
		case r.Period == "":
			always = &rows[i]
		case r.Period == period:
			exact = &rows[i]
		}
	}
	if base == nil {
		return Term{}, "", false
	}
	term, source := base.Term, FromTariff
	for _, special := range []*TermRow{always, exact} {
		if special == nil {
			continue
		}
		source = special.Source
		if special.Term.Price != nil {
			term.Price = special.Term.Price
		}
		if special.Term.OveragePrice != nil {
			term.OveragePrice = special.Term.OveragePrice
		}
	}
	return term, source, true
}

// Special tells whether the row is a special price.
func (r TermRow) Special() bool { return r.Source != FromTariff }
