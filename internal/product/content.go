package product

import (
	"context"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/measure"
)

// The value types of elements. A tariff's choice has none of its own: its value is the code of a child.
const (
	IntegerValue     = "integer"
	BooleanValue     = "boolean"
	EnumerationValue = "enumeration"
)

// Content is one add-on of a product type: what its tariffs may include, sell or measure.
type Content struct {
	ProductType      string
	Code             string
	Name             string
	ValueType        string // integer, boolean, enumeration
	Unit             string
	EnumerationCode  string
	StatisticsParams []string
	Builtin          bool
	SortOrder        int
	CreatedAt        time.Time
	Version          int64
}

// ContentChange is a new element's members, or a partial change of one. The value type is fixed.
type ContentChange struct {
	IfVersion        *int64
	Name             *string
	ValueType        *string // on creation only
	Unit             *string
	EnumerationCode  input.Opt[string]
	StatisticsParams *[]string
	SortOrder        *int
}

// CreateContent adds an element to a product type. Faults: not_found (the type), already_exists (code), not_found at /unit
// and /enumeration_code, field faults.
func (e *Engine) CreateContent(ctx context.Context, by actor.Actor, productType, code string, in ContentChange) (Content, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Content, error) {
		if _, err := tx.LockProductType(ctx, productType); err != nil {
			return Content{}, err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return Content{}, err
		}
		c := Content{
			ProductType: productType, Code: code, Name: code, ValueType: IntegerValue, SortOrder: 1,
			StatisticsParams: []string{}, CreatedAt: now, Version: 1,
		}
		input.Put(&c.ValueType, in.ValueType)
		if c.ValueType == IntegerValue {
			c.Unit = "piece"
		}
		in.apply(&c)
		if err = c.check(ctx, tx); err != nil {
			return Content{}, err
		}
		if err = tx.InsertContent(ctx, []Content{c}); err != nil {
			return Content{}, err
		}
		return c, c.record(ctx, tx, by, "created")
	})
}

// UpdateContent changes an element; its unit and parameters are fixed while a tariff uses it, because prices and books
// count in them, and another enumeration has to hold every item in use. Faults: not_found, precondition_failed, in_use,
// not_found at /unit and /enumeration_code, field faults.
func (e *Engine) UpdateContent(ctx context.Context, by actor.Actor, productType, code string, in ContentChange) (Content, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Content, error) {
		old, err := lockContent(ctx, tx, productType, code, in.IfVersion)
		if err != nil {
			return Content{}, err
		}
		c := old
		in.apply(&c)
		if err = c.check(ctx, tx); err != nil {
			return Content{}, err
		}
		if err = c.keepsItems(ctx, tx, old); err != nil {
			return Content{}, err
		}
		if c.Unit != old.Unit || !slices.Equal(c.StatisticsParams, old.StatisticsParams) {
			if err = input.InUse("Tariffs have add-ons of this element.").When(tx.ContentInUse(ctx, productType, code)); err != nil {
				return Content{}, err
			}
		}
		if err = tx.UpdateContent(ctx, c); err != nil {
			return Content{}, err
		}
		c.Version++
		return c, c.record(ctx, tx, by, "updated")
	})
}

// DeleteContent removes an element that no tariff uses. Faults: not_found, precondition_failed, built_in, in_use.
func (e *Engine) DeleteContent(ctx context.Context, by actor.Actor, productType, code string, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		c, err := lockContent(ctx, tx, productType, code, ifVersion)
		if err != nil {
			return err
		}
		if c.Builtin {
			return input.ErrBuiltin
		}
		if err = input.InUse("Tariffs have add-ons of this element.").When(tx.ContentInUse(ctx, productType, code)); err != nil {
			return err
		}
		if err = tx.DeleteContent(ctx, productType, code); err != nil {
			return err
		}
		return c.record(ctx, tx, by, "deleted")
	})
}

// lockContent locks the product type, which guards its whole content, and finds the element.
func lockContent(ctx context.Context, tx Tx, productType, code string, ifVersion *int64) (Content, error) {
	if _, err := tx.LockProductType(ctx, productType); err != nil {
		return Content{}, err
	}
	list, err := tx.ContentOf(ctx, productType)
	if err != nil {
		return Content{}, err
	}
	for _, c := range list {
		if c.Code == code {
			return c, input.CheckVersion(ifVersion, c.Version)
		}
	}
	return Content{}, ErrNoContent
}

func (in ContentChange) apply(c *Content) {
	input.Put(&c.Name, in.Name)
	input.Put(&c.Unit, in.Unit)
	input.PutText(&c.EnumerationCode, in.EnumerationCode)
	input.Put(&c.StatisticsParams, in.StatisticsParams)
	input.Put(&c.SortOrder, in.SortOrder)
}

func (c Content) check(ctx context.Context, tx Tx) error {
	list, err := tx.ShareUnits(ctx)
	if err != nil {
		return err
	}
	units := measure.NewUnits(list)
	var f fault.Fields
	input.CheckCode(&f, c.Code)
	input.CheckText(&f, "/name", c.Name, 1, 200)
	input.CheckSortOrder(&f, "/sort_order", c.SortOrder)
	input.CheckOneOf(&f, "/value_type", c.ValueType, IntegerValue, BooleanValue, EnumerationValue)
	if err = c.checkEnumeration(ctx, tx, &f); err != nil {
		return err
	}
	_, known := units[c.Unit]
	switch {
	case c.ValueType == IntegerValue && c.Unit == "":
		f.Add("/unit", "required", "An integer has a unit.")
	case c.ValueType == IntegerValue && !known:
		input.Missing(&f, "/unit", "unit")
	case c.ValueType != IntegerValue && c.Unit != "":
		f.Add("/unit", "bad_value", "Only integers have a unit.")
	case c.ValueType != IntegerValue && len(c.StatisticsParams) > 0:
		f.Add("/statistics_params", "bad_value", "Only integers can be measured.")
	case c.ValueType == IntegerValue:
		measure.CheckParams(&f, "/statistics_params", c.StatisticsParams, units, c.Unit)
	}
	return f.Err()
}

// checkEnumeration checks what an element's values are of, and keeps it from going away. A built-in element may wait for its
// enumeration: which systems or panels there are is not known when a program is installed.
func (c Content) checkEnumeration(ctx context.Context, tx Tx, f *fault.Fields) error {
	switch {
	case c.ValueType != EnumerationValue && c.EnumerationCode != "":
		f.Add("/enumeration_code", "bad_value", "Only an element of value type enumeration has one.")
		return nil
	case c.ValueType != EnumerationValue || c.EnumerationCode == "" && c.Builtin:
		return nil
	case c.EnumerationCode == "":
		f.Add("/enumeration_code", "required", "Name the enumeration that its values are of.")
		return nil
	}
	found, err := tx.ShareEnumerations(ctx, []string{c.EnumerationCode})
	if err == nil && len(found) == 0 {
		input.Missing(f, "/enumeration_code", "enumeration")
	}
	return err
}

// keepsItems refuses another enumeration where that lacks an item of this element which tariffs sell or services have.
func (c Content) keepsItems(ctx context.Context, tx Tx, old Content) error {
	if c.EnumerationCode == old.EnumerationCode || old.EnumerationCode == "" {
		return nil
	}
	used, err := tx.ItemsInUse(ctx, ItemUse{ProductType: c.ProductType, Element: c.Code})
	if err != nil || len(used) == 0 {
		return err
	}
	var next Enumeration
	found, err := tx.ShareEnumerations(ctx, []string{c.EnumerationCode})
	if err != nil {
		return err
	}
	if len(found) > 0 {
		next = found[0]
	}
	return next.holds(used, "/enumeration_code")
}

func (c Content) record(ctx context.Context, tx Tx, by actor.Actor, verb string) error {
	return event.RecordChange(ctx, tx, by, "product_type_add_on", c.ProductType+"/"+c.Code, verb, map[string]any{
		"product_type": c.ProductType, "code": c.Code, "name": c.Name, "value_type": c.ValueType, "unit": c.Unit,
		"enumeration_code": c.EnumerationCode, "statistics_params": c.StatisticsParams, "sort_order": c.SortOrder,
	})
}
