// Package measure is what quantities are counted in: units and the chains that connect them (D19), and the parameters of servers
// that are collected, each in its unit.
//
// It owns units and how one is converted into another. It does not own what is measured (package traffic) nor what an amount
// costs (package pricing).
//
// Invariants: a chain of units ends; a conversion is exact wherever the result can be written down; the ratio of a unit that
// something is counted in stays as it is.
package measure

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/fault"
)

// Unit is a unit of measure; Ratio smaller units make one.
type Unit struct {
	Code        string
	Name        string
	SmallerUnit string
	Ratio       decimal.Decimal
	Builtin     bool
	CreatedAt   time.Time
	Version     int64
}

// maxChain is how many steps a chain of units may have.
const maxChain = 50

// quotientDigits is how far a quotient that never ends is computed; anything that can be written down, such as a byte in
// TiB (40 digits), is exact.
const quotientDigits = 64

// Units is all units by code: the chains along which values are converted (D19).
type Units map[string]Unit

// NewUnits indexes a list of units.
func NewUnits(list []Unit) Units {
	u := make(Units, len(list))
	for _, x := range list {
		u[x.Code] = x
	}
	return u
}

// Convert turns a value of one unit into another: down the chain multiplying, up dividing, where both meet (D19). Units that
// no chain connects are the fault bad_unit.
func (u Units) Convert(value decimal.Decimal, from, to string) (decimal.Decimal, error) {
	num, den, err := u.Ratio(from, to)
	if err != nil {
		return decimal.Decimal{}, err
	}
	value = value.Mul(num)
	if den.Equal(one) {
		return value, nil
	}
	return divide(value, den), nil
}

var one = decimal.NewFromInt(1)

// Ratio returns how many of `to` make one of `from`, as a fraction, for those who convert many values.
func (u Units) Ratio(from, to string) (num, den decimal.Decimal, err error) {
	if from == to {
		return one, one, nil
	}
	down := u.below(from)
	for code, den, steps := to, one, 0; ; steps++ {
		if num, met := down[code]; met {
			return num, den, nil
		}
		unit, known := u[code]
		if !known || unit.SmallerUnit == "" || len(down) == 0 || steps == maxChain {
			return num, den, fault.New(fault.Invalid, "bad_unit", "%q cannot be converted to %q.", from, to)
		}
		den = den.Mul(unit.Ratio)
		code = unit.SmallerUnit
	}
}

// below returns the unit and all smaller ones of its chain, each with how many of it make one of the unit.
func (u Units) below(code string) map[string]decimal.Decimal {
	found := map[string]decimal.Decimal{}
	for factor := one; len(found) <= maxChain; {
		unit, known := u[code]
		if _, again := found[code]; !known || again {
			break
		}
		found[code] = factor
		if unit.SmallerUnit == "" {
			break
		}
		factor = factor.Mul(unit.Ratio)
		code = unit.SmallerUnit
	}
	return found
}

// checkChain refuses a chain that is too long or runs in a circle; pointer names the member that closes it.
func (u Units) checkChain(code string) error {
	for steps, at := 0, code; ; steps++ {
		unit, known := u[at]
		if !known || unit.SmallerUnit == "" {
			return nil
		}
		if at = unit.SmallerUnit; at == code || steps == maxChain {
			return fault.New(fault.Invalid, "bad_unit", "A chain of units has an end, after at most %d steps.", maxChain).At("/smaller_unit")
		}
	}
}

// divide returns the quotient without trailing zeros.
func divide(num, den decimal.Decimal) decimal.Decimal {
	q := num.DivRound(den, quotientDigits)
	exact, err := decimal.NewFromString(q.String())
	if err != nil { // a decimal can read what it wrote
		return q
	}
	return exact
}
