package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/oapi-codegen/nullable"
	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/money"
)

// optional reads a member of a merge patch that may also be taken away.
func optional[T any](v nullable.Nullable[T]) input.Opt[T] {
	switch {
	case !v.IsSpecified():
		return input.Opt[T]{}
	case v.IsNull():
		return input.None[T]()
	default:
		return input.To(v.MustGet())
	}
}

// text reads an optional enum as a plain text.
func text[T ~string](v *T) *string {
	if v == nil {
		return nil
	}
	s := string(*v)
	return &s
}

// as turns an optional text into an optional id or enum of a feature.
func as[T ~string](v *string) *T {
	if v == nil {
		return nil
	}
	t := T(*v)
	return &t
}

// asOpt is as for a removable member.
func asOpt[T ~string](v input.Opt[string]) input.Opt[T] {
	return input.Opt[T]{Set: v.Set, Value: as[T](v.Value)}
}

// seek drops what a sorted list has up to the place where the page begins, for lists that are in memory.
func seek[T any](p actor.Page, list []T, key func(T) string) []T {
	list = slices.Clone(list)
	if p.Desc {
		slices.Reverse(list)
	}
	if p.After == "" {
		return list
	}
	return slices.DeleteFunc(list, func(v T) bool {
		c := strings.Compare(key(v), p.After)
		return c == 0 || (c < 0) != p.Desc
	})
}

// freeForm returns a member of the body that the contract leaves open, as it was sent: the generated type would have read
// its numbers as floats. It is nil when the member was left out.
func freeForm(ctx context.Context, name string) json.RawMessage {
	var body map[string]json.RawMessage
	if json.Unmarshal(callOf(ctx).body, &body) != nil {
		return nil
	}
	return body[name]
}

// openObject writes a document of open form, its numbers as they are stored.
func openObject(raw json.RawMessage) map[string]any {
	out := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&out) != nil || out == nil {
		return map[string]any{}
	}
	return out
}

// prices collects the decimals of one body and what is wrong with them.
type prices struct{ fault.Fields }

// one reads a decimal of the contract.
func (p *prices) one(pointer, s string) decimal.Decimal {
	d, err := money.ParsePrice(s)
	if err != nil {
		p.Add(pointer, "bad_format", "A decimal number with up to 15 digits before the point and %d behind it is expected.", money.PriceDigits)
	}
	return d
}

// maybe is one for a member that may be left out or null.
func (p *prices) maybe(pointer string, s *string) *decimal.Decimal {
	if s == nil {
		return nil
	}
	d := p.one(pointer, *s)
	return &d
}

// opt is one for a removable member.
func (p *prices) opt(pointer string, v nullable.Nullable[string]) input.Opt[decimal.Decimal] {
	o := optional(v)
	return input.Opt[decimal.Decimal]{Set: o.Set, Value: p.maybe(pointer, o.Value)}
}

// or reads a member that is 0 when it was left out.
func (p *prices) or0(pointer string, s *string) decimal.Decimal {
	if s == nil {
		return decimal.Zero
	}
	return p.one(pointer, *s)
}

// priceOrNull writes an optional decimal.
func priceOrNull(d *decimal.Decimal) *string {
	if d == nil {
		return nil
	}
	s := money.FormatPrice(*d)
	return &s
}

// quantity writes a decimal without needless digits; none is null.
func quantity(d *decimal.Decimal) *string {
	if d == nil {
		return nil
	}
	s := d.String()
	return &s
}
