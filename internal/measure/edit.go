package measure

import (
	"context"
	"regexp"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// Tx is what the use-cases of units need of their transaction. ShareUnits keeps all units as they are until it ends.
type Tx interface {
	event.Tx
	UnitsAll(ctx context.Context) ([]Unit, error)
	ShareUnits(ctx context.Context) ([]Unit, error)
	LockUnit(ctx context.Context, code string) (Unit, error)
	InsertUnit(ctx context.Context, u Unit) error
	UpdateUnit(ctx context.Context, u Unit) error
	DeleteUnit(ctx context.Context, code string) error
	// UnitInUse tells whether a larger unit, an element, a tariff or a block refers to it.
	UnitInUse(ctx context.Context, code string) (bool, error)
}

// Engine runs the use-cases of units.
type Engine struct {
	InTx func(ctx context.Context, fn func(Tx) error) error
}

// ErrNoUnit is the answer for a unit that does not exist.
var ErrNoUnit = fault.Missing("unit")

// Input is what a unit is made of; SmallerUnit and Ratio come together or not at all.
type Input struct {
	Code        string
	Name        string
	SmallerUnit string
	Ratio       *decimal.Decimal
}

// Change is a partial change of a unit.
type Change struct {
	IfVersion   *int64
	Name        *string
	SmallerUnit input.Opt[string]
	Ratio       input.Opt[decimal.Decimal]
}

// Create adds a unit. Faults: already_exists (code), not_found at /smaller_unit, bad_unit, field faults.
func (e *Engine) Create(ctx context.Context, by actor.Actor, in Input) (Unit, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Unit, error) {
		now, err := tx.Now(ctx)
		if err != nil {
			return Unit{}, err
		}
		u := Unit{Code: in.Code, Name: in.Name, SmallerUnit: in.SmallerUnit, CreatedAt: now, Version: 1}
		if in.Ratio != nil {
			u.Ratio = *in.Ratio
		}
		if err = u.check(ctx, tx); err != nil {
			return Unit{}, err
		}
		if err = tx.InsertUnit(ctx, u); err != nil {
			return Unit{}, err
		}
		return u, u.record(ctx, tx, by, "created")
	})
}

// Update changes a unit. Its place in the chain is fixed while it is in use. Faults: not_found, precondition_failed,
// built_in, in_use, not_found at /smaller_unit, bad_unit, field faults.
func (e *Engine) Update(ctx context.Context, by actor.Actor, code string, in Change) (Unit, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Unit, error) {
		old, err := lockUnit(ctx, tx, code, in.IfVersion)
		if err != nil {
			return Unit{}, err
		}
		u := old
		input.Put(&u.Name, in.Name)
		input.PutText(&u.SmallerUnit, in.SmallerUnit)
		if in.Ratio.Set {
			u.Ratio = decimal.Zero
			input.Put(&u.Ratio, in.Ratio.Value)
		}
		if err = u.check(ctx, tx); err != nil {
			return Unit{}, err
		}
		if u.SmallerUnit != old.SmallerUnit || !u.Ratio.Equal(old.Ratio) {
			if err = input.InUse("A larger unit, an element, a tariff or measured traffic is in this unit.").When(tx.UnitInUse(ctx, code)); err != nil {
				return Unit{}, err
			}
		}
		if err = tx.UpdateUnit(ctx, u); err != nil {
			return Unit{}, err
		}
		u.Version++
		return u, u.record(ctx, tx, by, "updated")
	})
}

// Delete removes a unit that nothing is measured in. Faults: not_found, precondition_failed, built_in, in_use.
func (e *Engine) Delete(ctx context.Context, by actor.Actor, code string, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		u, err := lockUnit(ctx, tx, code, ifVersion)
		if err != nil {
			return err
		}
		if err = input.InUse("A larger unit, an element, a tariff or measured traffic is in this unit.").When(tx.UnitInUse(ctx, code)); err != nil {
			return err
		}
		if err = tx.DeleteUnit(ctx, code); err != nil {
			return err
		}
		return u.record(ctx, tx, by, "deleted")
	})
}

func lockUnit(ctx context.Context, tx Tx, code string, ifVersion *int64) (Unit, error) {
	u, err := tx.LockUnit(ctx, code)
	if err != nil {
		return Unit{}, err
	}
	if u.Builtin {
		return Unit{}, input.ErrBuiltin
	}
	return u, input.CheckVersion(ifVersion, u.Version)
}

var unitCode = regexp.MustCompile(`^[A-Za-z0-9_/%.-]{1,32}$`)

// maxRatio keeps a chain's factors in the range that a quantity of the API has.
var maxRatio = decimal.NewFromInt(1_000_000_000)

func (u Unit) check(ctx context.Context, tx Tx) error {
	var f fault.Fields
	if !unitCode.MatchString(u.Code) {
		f.Add("/code", "bad_format", "A unit's code has 1 to 32 letters, digits or any of _/%%.-")
	}
	input.CheckText(&f, "/name", u.Name, 1, 100)
	switch two := decimal.NewFromInt(2); {
	case u.SmallerUnit == "" && !u.Ratio.IsZero():
		f.Add("/smaller_unit", "required", "A ratio needs the smaller unit that it counts.")
	case u.SmallerUnit != "" && u.Ratio.IsZero():
		f.Add("/ratio", "required", "A smaller unit needs the ratio to it.")
	case u.SmallerUnit != "" && (u.Ratio.LessThan(two) || u.Ratio.GreaterThan(maxRatio) || !u.Ratio.IsInteger()):
		f.Add("/ratio", "out_of_range", "A whole number from 2 to %s is expected.", maxRatio)
	}
	list, err := tx.ShareUnits(ctx)
	if err != nil {
		return err
	}
	all := NewUnits(list)
	if _, known := all[u.SmallerUnit]; u.SmallerUnit != "" && !known {
		input.Missing(&f, "/smaller_unit", "unit")
		return f.Err()
	}
	all[u.Code] = u
	if err = f.Merge("", all.checkChain(u.Code)); err != nil {
		return err
	}
	return f.Err()
}

func (u Unit) record(ctx context.Context, tx Tx, by actor.Actor, verb string) error {
	return event.RecordChange(ctx, tx, by, "unit", u.Code, verb, map[string]any{
		"code": u.Code, "name": u.Name, "smaller_unit": u.SmallerUnit, "ratio": u.Ratio,
	})
}
