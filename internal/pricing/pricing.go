// Package pricing computes what a selection costs: the quote that is shown, the total that is held and the lines that are
// booked are this one code.
//
// It owns the values of add-ons (what may be chosen, what omission means), the lines of a period, the share that an early
// close gives back (D8) and the price of a measured total. It does not own the tariffs (package catalog), the dates
// (package calendar), nor the booking (package charge), and it reads and writes nothing: everything here is pure.
//
// Invariants: every line is rounded once (D6) and the total is the sum of the lines; overage is never part of a quote;
// the same input gives the same quote, whoever asks.
package pricing

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/money"
)

// LineKind is what a line is for; the strings are those of expenses.
type LineKind string

// The kinds of line.
const (
	PeriodLine LineKind = "period" // the tariff for the period
	SetupLine  LineKind = "setup"  // once, of the tariff or, where Code is set, of an add-on
	AddOnLine  LineKind = "add_on" // an add-on for the period
)

// Line is one priced thing of a quote. Amount is what leaves the balance, Tax the part of it that is tax.
type Line struct {
	Kind      LineKind         `json:"kind"`
	Code      string           `json:"code"` // of the tariff add-on; empty: the tariff itself
	Name      string           `json:"name"`
	Item      string           `json:"item,omitempty"` // of an enumeration
	Quantity  decimal.Decimal  `json:"quantity"`
	Included  decimal.Decimal  `json:"included"`
	UnitPrice *decimal.Decimal `json:"unit_price"` // for a whole period, as the tariff or a special price has it; nil: units differ
	Amount    money.Amount     `json:"amount"`
	Tax       money.Amount     `json:"tax"`
}

// Quote is what one item costs for one period. It is stored with the order as JSON.
type Quote struct {
	Lines       []Line          `json:"lines"`
	Total       money.Amount    `json:"total"`
	Tax         money.Amount    `json:"tax"` // part of Total
	PeriodStart time.Time       `json:"period_start"`
	PeriodEnd   *time.Time      `json:"period_end"` // exclusive; null: one_time has no end
	Anchor      calendar.Anchor `json:"anchor"`     // that the following periods hang on (D2, D4)
}

// SpecialPrice lies over the tariff's price of one item (staff or bandwidth).
type SpecialPrice struct {
	Item         string          // a tariff add-on's code; empty: the tariff itself
	Period       calendar.Period // empty: every period
	Amount       *decimal.Decimal
	OveragePrice *decimal.Decimal // not used by quotes: overage is no part of them
}

// Input is everything that a price depends on.
type Input struct {
	Offer            catalog.Offer
	ProductType      string
	Currency         string
	PricesIncludeTax bool
	TaxRate          decimal.Decimal // 0.20 is twenty per cent
	Period           calendar.Period
	Values           map[string]Value // of Resolve
	Start            time.Time
	Anchor           calendar.Anchor // used by renewals only: a first period makes its own
	Zone             *time.Location
	Renewal          bool // the renewal price, and no setup fees
	Special          []SpecialPrice
	// Running prices a period that runs already, whatever the offer makes of a new one; nil: a new one.
	Running *Running
	// NoSetup leaves setup fees out of a first period: a change of tariff does not charge the new ones (D9).
	NoSetup bool
}

// Running is a period that runs already. Num/Den is the part of a whole period's price that it costs: 1/1, or less where it begins
// with a partial month of calendar billing (D4).
type Running struct {
	End      time.Time
	Num, Den int
}

// special returns the special price of an item for the input's period; one for this period goes before one for all.
func (in *Input) special(item string) *decimal.Decimal {
	var found *decimal.Decimal
	for _, s := range in.Special {
		if s.Item != item || s.Amount == nil {
			continue
		}
		if s.Period == in.Period {
			return s.Amount
		}
		if s.Period == "" {
			found = s.Amount
		}
	}
	return found
}
