package money

import (
	"strings"

	"github.com/shopspring/decimal"
)

// PriceDigits is how finely a price may be given. A price is a bare decimal in its provider's currency, and finer than
// money: 0.00012 for a megabyte is a price, but nobody can pay it.
const PriceDigits = 8

// wholeDigits bounds what is read from outside; larger numbers are typing errors and would not fit the columns.
const wholeDigits = 15

// ParsePrice reads a price from outside: plain decimal notation, not negative, at most PriceDigits after the point. The
// error is ErrSyntax or ErrDigits.
func ParsePrice(s string) (decimal.Decimal, error) {
	if strings.HasPrefix(s, "-") {
		return decimal.Decimal{}, ErrSyntax
	}
	return parse(s, PriceDigits)
}

// FormatPrice writes a price with two digits, or as many more as it needs: "50.00", "0.02", "0.00012".
func FormatPrice(d decimal.Decimal) string {
	s := spell(d)
	point := strings.IndexByte(s, '.')
	if point < 0 {
		return s + ".00"
	}
	for len(s) > point+3 && s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	return s + "00"[:max(0, point+3-len(s))]
}

// spell writes a number with all of its digits and without an exponent.
func spell(d decimal.Decimal) string {
	digits := -int(d.Exponent())
	if digits < 0 || digits > 18 || d.NumDigits() > 18 {
		return d.StringFixed(int32(max(digits, 0)))
	}
	// Nearly all numbers fit a machine word, and need no big ones to be written.
	var room [24]byte
	at, left := len(room), d.CoefficientInt64()
	for written := 0; left != 0 || written <= digits; written++ {
		if written == digits && digits > 0 {
			at--
			room[at] = '.'
		}
		at--
		room[at] = byte('0' + max(left%10, -(left%10)))
		left /= 10
	}
	if d.IsNegative() {
		at--
		room[at] = '-'
	}
	return string(room[at:])
}

// parse reads [-]digits[.digits]. The decimal library would also accept exponents, of which "1e999999999" is a way to fill
// the memory, and forms such as ".5" that other readers refuse.
func parse(s string, digits int32) (decimal.Decimal, error) {
	whole, fraction, pointed := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if !allDigits(whole) || pointed && !allDigits(fraction) {
		return decimal.Decimal{}, ErrSyntax
	}
	if len(whole) > wholeDigits || len(fraction) > int(digits) {
		return decimal.Decimal{}, ErrDigits
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Decimal{}, ErrSyntax
	}
	return d, nil
}

func allDigits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}
