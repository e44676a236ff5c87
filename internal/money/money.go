// Package money holds exact amounts in a currency, the prices they come from, and the only rounding of the program.
//
// It owns amounts, ISO 4217 digits, rounding (D6), splitting without loss (D5) and the spelling of prices; it does not own
// accounts (package ledger) nor how a price is found (package pricing).
//
// Invariants: an Amount never has more digits than its currency; amounts of two currencies are never added or compared;
// the parts of a split sum to the whole, to the last unit.
package money

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/shopspring/decimal"
)

// What Parse, ParsePrice and reading JSON may answer. They name no value, so that callers may show them.
var (
	ErrSyntax   = errors.New("not a decimal number such as 12.50")
	ErrDigits   = errors.New("more digits than allowed")
	ErrCurrency = errors.New("not an active ISO 4217 currency")
)

// Amount is a sum of money in the currency's own digits. Its zero value has no currency and is no money at all; use Zero.
// Amounts are immutable. Compare them with Equal or Cmp, never with ==.
type Amount struct {
	value    decimal.Decimal
	currency string
}

// New makes an amount of a number that already has the currency's digits, such as a column of the database. Anything finer
// has to go through Round first: New panics on it, and on an unknown currency, because both are programming errors.
func New(d decimal.Decimal, currency string) Amount {
	rounded := Round(d, currency)
	if !rounded.value.Equal(d) {
		panic(fmt.Sprintf("money: %s has more digits than %s allows; round it first", d, currency))
	}
	return rounded
}

// Parse reads an amount from outside: plain decimal notation with at most the currency's digits. The error is ErrCurrency,
// ErrSyntax or ErrDigits.
func Parse(amount, currency string) (Amount, error) {
	digits, ok := Digits(currency)
	if !ok {
		return Amount{}, ErrCurrency
	}
	d, err := parse(amount, digits)
	if err != nil {
		return Amount{}, err
	}
	return New(d, currency), nil
}

// Zero is nothing, in a currency.
func Zero(currency string) Amount {
	zero, ok := zeroOf[currency]
	if !ok {
		panic(fmt.Sprintf("money: unknown currency %q", currency))
	}
	return zero
}

// fromUnits makes an amount of a whole number of the currency's smallest units. The coefficient of every amount's decimal
// counts those units, so that equal amounts look equal to reflection as well.
func fromUnits(units *big.Int, currency string, digits int32) Amount {
	return Amount{decimal.NewFromBigInt(units, -digits), currency}
}

// Currency is the ISO 4217 code.
func (a Amount) Currency() string { return a.currency }

// Decimal is the bare number.
func (a Amount) Decimal() decimal.Decimal { return a.value }

// String is the number in the currency's digits, without the code: "12.50".
func (a Amount) String() string { return spell(a.value) }

// Add returns a + b. It panics when the currencies differ, as do Sub, Cmp, Min and Max: mixing them is a programming error.
func (a Amount) Add(b Amount) Amount {
	a.same(b)
	switch { // most sums have a tax of nothing in them
	case b.IsZero():
		return a
	case a.IsZero():
		return b
	}
	return Round(a.value.Add(b.value), a.currency)
}

// Sub returns a − b.
func (a Amount) Sub(b Amount) Amount { return a.Add(b.Neg()) }

// Neg returns −a.
func (a Amount) Neg() Amount {
	units := a.units()
	return fromUnits(units.Neg(units), a.currency, a.digits())
}

// Abs returns a without its sign.
func (a Amount) Abs() Amount {
	if a.Sign() < 0 {
		return a.Neg()
	}
	return a
}

// Cmp returns −1, 0 or +1 as a is less than, equal to or greater than b.
func (a Amount) Cmp(b Amount) int {
	a.same(b)
	return a.value.Cmp(b.value)
}

// Equal tells whether both are the same sum in the same currency; unlike Cmp it accepts different currencies.
func (a Amount) Equal(b Amount) bool { return a.currency == b.currency && a.value.Equal(b.value) }

// Less tells whether a is less than b.
func (a Amount) Less(b Amount) bool { return a.Cmp(b) < 0 }

// IsZero tells whether it is nothing.
func (a Amount) IsZero() bool { return a.value.IsZero() }

// Sign returns −1, 0 or +1.
func (a Amount) Sign() int { return a.value.Sign() }

// Min returns the smaller of two amounts.
func Min(a, b Amount) Amount {
	if b.Less(a) {
		return b
	}
	return a
}

// Max returns the larger of two amounts.
func Max(a, b Amount) Amount {
	if a.Less(b) {
		return b
	}
	return a
}

func (a Amount) same(b Amount) {
	if a.currency != b.currency {
		panic(fmt.Sprintf("money: %q and %q do not mix", a.currency, b.currency))
	}
}

func (a Amount) digits() int32 {
	digits, _ := Digits(a.currency)
	return digits
}

// units is a copy of the amount as a whole number of the currency's smallest units.
func (a Amount) units() *big.Int { return a.value.Coefficient() }

// wire is an amount in JSON. The number is a string, because many readers turn JSON numbers into binary fractions.
type wire struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// MarshalJSON writes {"amount": "12.50", "currency": "EUR"}.
func (a Amount) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{a.String(), a.currency})
}

// UnmarshalJSON reads what MarshalJSON writes. Errors are those of Parse.
func (a *Amount) UnmarshalJSON(b []byte) error {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("money: %w", err)
	}
	parsed, err := Parse(w.Amount, w.Currency)
	if err != nil {
		return fmt.Errorf("money: %w", err)
	}
	*a = parsed
	return nil
}
