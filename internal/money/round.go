package money

import (
	"fmt"
	"math/big"
	"sort"

	"github.com/shopspring/decimal"
)

// Round turns an exact number into money: half away from zero, to the currency's digits (D6). It is called once per expense
// line, at the end of its arithmetic. Divide with RoundRatio or Share instead of rounding a quotient, which is itself
// cut off at some digit. It panics on an unknown currency.
func Round(d decimal.Decimal, currency string) Amount {
	zero := Zero(currency)
	switch {
	case d.IsZero():
		return zero
	case d.Exponent() == zero.value.Exponent(): // it counts the smallest units already
		return Amount{d, currency}
	}
	return RoundRatio(d, one, currency)
}

var one = decimal.NewFromInt(1)

// RoundRatio is Round of the exact quotient num/den, which a decimal cannot always hold (D6). It panics when den is zero.
func RoundRatio(num, den decimal.Decimal, currency string) Amount {
	digits, ok := Digits(currency)
	if !ok {
		panic(fmt.Sprintf("money: unknown currency %q", currency))
	}
	return fromUnits(divide(num.Shift(digits), den), currency, digits)
}

// Share returns round(a × n/of), the part of a that n of so many days are worth (D8, D9).
func (a Amount) Share(n, of int) Amount {
	return RoundRatio(a.value.Mul(decimal.NewFromInt(int64(n))), decimal.NewFromInt(int64(of)), a.currency)
}

// divide returns num/den as the nearest whole number, a half going away from zero. This is the one rounding.
func divide(num, den decimal.Decimal) *big.Int {
	n, d := align(num, den)
	quotient, rest := new(big.Int).QuoRem(n, d, new(big.Int))
	if rest.Abs(rest).Lsh(rest, 1).CmpAbs(d) >= 0 {
		quotient.Add(quotient, big.NewInt(int64(n.Sign()*d.Sign())))
	}
	return quotient
}

// align writes two decimals as whole numbers of one common unit.
func align(a, b decimal.Decimal) (*big.Int, *big.Int) {
	exponent := min(a.Exponent(), b.Exponent(), 0)
	return a.Shift(-exponent).BigInt(), b.Shift(-exponent).BigInt()
}

// Allocate splits total in proportion to weights so that the parts sum to it exactly: every part is cut to the currency's
// digits towards zero, then the units left over go to the largest remainders, the earlier first among equals (D5). Weights
// that are all zero count as equal. It panics on a negative weight, and on no weights when there is something to split.
func Allocate(total Amount, weights []decimal.Decimal) []Amount {
	shares, sum := wholeWeights(weights)
	if len(shares) == 0 {
		if !total.IsZero() {
			panic("money: nobody to allocate to")
		}
		return nil
	}
	units := total.Abs().units()
	parts, rests := make([]*big.Int, len(shares)), make([]*big.Int, len(shares))
	left := new(big.Int).Set(units)
	for i, share := range shares {
		parts[i], rests[i] = new(big.Int).QuoRem(new(big.Int).Mul(units, share), sum, new(big.Int))
		left.Sub(left, parts[i])
	}
	for _, i := range byRemainder(rests)[:left.Int64()] {
		parts[i].Add(parts[i], big.NewInt(1))
	}
	return signed(parts, total)
}

// Split divides total into n parts that sum to it exactly and differ by one unit at most, the larger ones first.
func Split(total Amount, n int) []Amount {
	return Allocate(total, make([]decimal.Decimal, n))
}

// wholeWeights returns the weights as whole numbers of one common unit, and their sum, which is not zero.
func wholeWeights(weights []decimal.Decimal) (shares []*big.Int, sum *big.Int) {
	exponent, sum := int32(0), new(big.Int)
	for _, w := range weights {
		if w.IsNegative() {
			panic("money: negative weight " + w.String())
		}
		exponent = min(exponent, w.Exponent())
	}
	for _, w := range weights {
		share := w.Shift(-exponent).BigInt()
		shares = append(shares, share)
		sum.Add(sum, share)
	}
	if sum.Sign() == 0 {
		for _, share := range shares {
			share.SetInt64(1)
		}
		sum.SetInt64(int64(len(shares)))
	}
	return shares, sum
}

// byRemainder returns the positions of the parts in the order in which they receive what is left.
func byRemainder(rests []*big.Int) []int {
	order := make([]int, len(rests))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return rests[order[i]].Cmp(rests[order[j]]) > 0 })
	return order
}

// signed makes amounts of whole units, with the sign and the currency of the total.
func signed(parts []*big.Int, total Amount) []Amount {
	amounts := make([]Amount, len(parts))
	for i, part := range parts {
		if total.Sign() < 0 {
			part.Neg(part)
		}
		amounts[i] = fromUnits(part, total.currency, total.digits())
	}
	return amounts
}
