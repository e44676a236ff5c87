package money

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func eur(t require.TestingT, s string) Amount {
	a, err := Parse(s, "EUR")
	require.NoError(t, err)
	return a
}

func spelled(amounts []Amount) []string {
	var out []string
	for _, a := range amounts {
		out = append(out, a.String())
	}
	return out
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount, currency, want string
		err                    error
	}{
		{"12.50", "EUR", "12.50", nil},
		{"12.5", "EUR", "12.50", nil},
		{"12", "EUR", "12.00", nil},
		{"-0.01", "EUR", "-0.01", nil},
		{"-0", "EUR", "0.00", nil},
		{"007", "EUR", "7.00", nil},
		{"999999999999999.99", "EUR", "999999999999999.99", nil},
		{"500", "JPY", "500", nil},
		{"1.234", "KWD", "1.234", nil},
		{"1.2345", "CLF", "1.2345", nil},
		{"12.505", "EUR", "", ErrDigits},
		{"12.500", "EUR", "", ErrDigits},
		{"500.0", "JPY", "", ErrDigits},
		{"1000000000000000", "EUR", "", ErrDigits},
		{"", "EUR", "", ErrSyntax},
		{"-", "EUR", "", ErrSyntax},
		{"--1", "EUR", "", ErrSyntax},
		{"+1", "EUR", "", ErrSyntax},
		{".5", "EUR", "", ErrSyntax},
		{"5.", "EUR", "", ErrSyntax},
		{"1e2", "EUR", "", ErrSyntax},
		{"1,50", "EUR", "", ErrSyntax},
		{" 1", "EUR", "", ErrSyntax},
		{"1.2.3", "EUR", "", ErrSyntax},
		{"١", "EUR", "", ErrSyntax},
		{"NaN", "EUR", "", ErrSyntax},
		{"1", "eur", "", ErrCurrency},
		{"1", "XXX", "", ErrCurrency},
		{"1", "XAU", "", ErrCurrency},
		{"1", "", "", ErrCurrency},
	} {
		a, err := Parse(c.amount, c.currency)
		require.ErrorIs(t, err, c.err, "%s %s", c.amount, c.currency)
		if c.err == nil {
			require.Equal(t, c.want, a.String())
			require.Equal(t, c.currency, a.Currency())
		}
	}
}

func TestDigits(t *testing.T) {
	t.Parallel()
	for currency, want := range map[string]int32{"EUR": 2, "USD": 2, "JPY": 0, "ISK": 0, "UGX": 0, "KWD": 3, "TND": 3, "CLF": 4, "MGA": 2} {
		got, ok := Digits(currency)
		require.True(t, ok, currency)
		require.Equal(t, want, got, currency)
	}
	for _, s := range []string{"", "EURO", "HRK", "XTS", "XAG", "XDR", "usd"} {
		_, ok := Digits(s)
		require.False(t, ok, s)
	}
	for currency := range digitsOf {
		require.Regexp(t, `^[A-Z]{3}$`, currency)
	}
}

func TestArithmetic(t *testing.T) {
	t.Parallel()
	a, b := eur(t, "12.50"), eur(t, "-0.75")
	require.Equal(t, "11.75", a.Add(b).String())
	require.Equal(t, "13.25", a.Sub(b).String())
	require.Equal(t, "-12.50", a.Neg().String())
	require.Equal(t, "0.75", b.Abs().String())
	require.Equal(t, 1, a.Cmp(b))
	require.True(t, b.Less(a))
	require.Equal(t, b, Min(a, b))
	require.Equal(t, a, Max(a, b))
	require.Equal(t, -1, b.Sign())
	require.True(t, a.Sub(a).IsZero())
	require.False(t, Zero("EUR").Equal(Zero("USD")))
	require.Equal(t, "12.50", a.String(), "operations leave their operands alone")
}

func TestEqualAmountsLookEqual(t *testing.T) {
	t.Parallel()
	want := eur(t, "12.50")
	require.Equal(t, want, New(dec("12.5"), "EUR"))
	require.Equal(t, want, New(dec("12.5000000"), "EUR"))
	require.Equal(t, New(dec("1000"), "EUR"), New(decimal.New(1, 3), "EUR"))
	require.Equal(t, Zero("EUR"), want.Sub(want))
	require.Equal(t, Zero("EUR"), New(decimal.Decimal{}, "EUR"))
}

func TestMisuseDoesNotPass(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { eur(t, "1").Add(Zero("USD")) })
	require.Panics(t, func() { eur(t, "1").Sub(Zero("USD")) })
	require.Panics(t, func() { eur(t, "1").Cmp(Zero("USD")) })
	require.Panics(t, func() { Max(eur(t, "1"), Zero("USD")) })
	require.Panics(t, func() { eur(t, "1").Add(Amount{}) })
	require.Panics(t, func() { New(dec("0.001"), "EUR") })
	require.Panics(t, func() { Zero("???") })
	require.Panics(t, func() { Allocate(eur(t, "1"), nil) })
	require.Panics(t, func() { Allocate(eur(t, "1"), []decimal.Decimal{dec("2"), dec("-1")}) })
}

func TestJSON(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(map[string]Amount{"total": eur(t, "12.5")})
	require.NoError(t, err)
	require.Equal(t, `{"total":{"amount":"12.50","currency":"EUR"}}`, string(b))
	var a Amount
	require.NoError(t, json.Unmarshal([]byte(`{"amount":"7","currency":"JPY"}`), &a))
	require.Equal(t, New(dec("7"), "JPY"), a)
	require.ErrorIs(t, json.Unmarshal([]byte(`{"amount":"0.125","currency":"EUR"}`), &a), ErrDigits)
	require.ErrorIs(t, json.Unmarshal([]byte(`{"amount":"1"}`), &a), ErrCurrency)
	require.Error(t, json.Unmarshal([]byte(`{"amount":1.5,"currency":"EUR"}`), &a), "a number is not exact")
	require.Equal(t, New(dec("7"), "JPY"), a, "a failure leaves it alone")
}

func TestPrices(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"50": "50.00", "50.0": "50.00", "0.02": "0.02", "0.00012": "0.00012", "0.00012000": "0.00012", "0": "0.00",
		"1200": "1200.00", "0.12345678": "0.12345678", "31.5": "31.50",
	} {
		p, err := ParsePrice(in)
		require.NoError(t, err, in)
		require.Equal(t, want, FormatPrice(p), in)
	}
	require.Equal(t, "1000.00", FormatPrice(decimal.New(1, 3)))
	for in, want := range map[string]error{
		"0.123456789": ErrDigits, "1234567890123456": ErrDigits, "-1": ErrSyntax, "": ErrSyntax, "1e-3": ErrSyntax, "free": ErrSyntax,
	} {
		_, err := ParsePrice(in)
		require.ErrorIs(t, err, want, in)
	}
}

func TestAmountsAddUpLikeTheirUnits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "CLF"}).Draw(t, "currency")
		digits, _ := Digits(currency)
		a, b := rapid.Int64Range(-1e15, 1e15).Draw(t, "a"), rapid.Int64Range(-1e15, 1e15).Draw(t, "b")
		of := func(units int64) Amount { return New(decimal.New(units, -digits), currency) }
		require.Equal(t, of(a+b), of(a).Add(of(b)))
		require.Equal(t, of(a-b), of(a).Sub(of(b)))
		require.Equal(t, a < b, of(a).Less(of(b)))
		again, err := Parse(of(a/10).String(), currency)
		require.NoError(t, err)
		require.Equal(t, of(a/10), again)
	})
}

func TestEveryNumberIsSpelledInFull(t *testing.T) {
	t.Parallel()
	for _, n := range []decimal.Decimal{decimal.New(5, 3), decimal.New(-5, 0), {}, decimal.New(1, -18), decimal.New(-1, -19), dec("-99999999999999999999.5")} {
		require.Equal(t, n.StringFixed(max(0, -n.Exponent())), spell(n))
	}
	rapid.Check(t, func(t *rapid.T) {
		n := decimal.New(rapid.Int64().Draw(t, "units"), rapid.Int32Range(-20, 3).Draw(t, "exponent"))
		require.Equal(t, n.StringFixed(max(0, -n.Exponent())), spell(n))
	})
}
