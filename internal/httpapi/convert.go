package httpapi

import (
	"errors"

	"github.com/oapi-codegen/nullable"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/money"
)

// orNull writes an empty text or id as null.
func orNull[T ~string](v T) *string {
	if v == "" {
		return nil
	}
	s := string(v)
	return &s
}

// orEmpty reads null and what was left out as an empty text.
func orEmpty(v *string) string {
	if v == nil {
		return ""
	}
	return *v
}

// patched reads a member of a merge patch: nil when it was left out, an empty text when it was null.
func patched(v nullable.Nullable[string]) *string {
	if !v.IsSpecified() {
		return nil
	}
	text := ""
	if !v.IsNull() {
		text = v.MustGet()
	}
	return &text
}

// each converts a list; an empty one stays a list.
func each[A, B any](in []A, to func(A) B) []B {
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = to(v)
	}
	return out
}

func toAPIMoney(a money.Amount) api.Money {
	return api.Money{Amount: a.String(), Currency: a.Currency()}
}

// fromAPIMoney reads an amount; what does not fit the currency is a fault of its place.
func fromAPIMoney(m api.Money, pointer string) (money.Amount, error) {
	a, err := money.Parse(m.Amount, m.Currency)
	if err != nil {
		return a, moneyFault(err, pointer)
	}
	return a, nil
}

func moneyFault(err error, pointer string) error {
	switch {
	case errors.Is(err, money.ErrCurrency):
		return fault.New(fault.Invalid, "unknown_currency", "An ISO 4217 currency code in use is expected.").At(pointer + "/currency")
	case errors.Is(err, money.ErrDigits):
		return fault.New(fault.Invalid, "bad_value", "The amount has more digits than its currency.").At(pointer + "/amount")
	}
	return fault.New(fault.Invalid, "bad_format", "A decimal number such as 12.50 is expected.").At(pointer + "/amount")
}
