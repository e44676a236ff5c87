package provisiontest

import (
	"encoding/json"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/provision"
)

// Amount is an add-on that is counted.
func Amount(amount, unit string) provision.AddOn {
	n := decimal.RequireFromString(amount)
	return provision.AddOn{Amount: &n, Unit: unit}
}

// Sized is a spec with these add-ons alone, each written as code, amount, unit.
func Sized(s provision.Spec, addOns ...string) provision.Spec {
	s.AddOns = map[string]provision.AddOn{}
	for i := 0; i < len(addOns); i += 3 {
		s.AddOns[addOns[i]] = Amount(addOns[i+1], addOns[i+2])
	}
	return s
}

// With is a spec with this parameter alone.
func With(s provision.Spec, code, value string) provision.Spec {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	s.Parameters = map[string]json.RawMessage{code: raw}
	return s
}
