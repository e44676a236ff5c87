package postgres

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/measure"
)

// unitStore writes units of measure.
type unitStore struct{ conn }

type unitRow struct {
	Code        string              `db:"code"`
	Name        string              `db:"name"`
	SmallerUnit string              `db:"smaller_unit"`
	Ratio       decimal.NullDecimal `db:"ratio"`
	Builtin     bool                `db:"builtin"`
	CreatedAt   time.Time           `db:"created_at"`
	Version     int64               `db:"version"`
}

func (r unitRow) toUnit() measure.Unit {
	return measure.Unit{
		Code: r.Code, Name: r.Name, SmallerUnit: r.SmallerUnit, Ratio: r.Ratio.Decimal, Builtin: r.Builtin,
		CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
}

const unitsAll = `
SELECT code, name, coalesce(smaller_unit, '') AS smaller_unit, ratio, builtin, created_at, version FROM unit ORDER BY code`

// UnitsAll reads every unit: the chains that values are converted along.
func (s unitStore) UnitsAll(ctx context.Context) ([]measure.Unit, error) {
	return s.list(ctx, unitsAll)
}

const shareUnits = `
SELECT code, name, coalesce(smaller_unit, '') AS smaller_unit, ratio, builtin, created_at, version FROM unit ORDER BY code FOR SHARE`

// ShareUnits reads every unit and keeps them as they are.
func (s unitStore) ShareUnits(ctx context.Context) ([]measure.Unit, error) {
	return s.list(ctx, shareUnits)
}

func (s unitStore) list(ctx context.Context, query string) ([]measure.Unit, error) {
	var rows []unitRow
	if err := s.all(ctx, &rows, query); err != nil {
		return nil, wrap("read units", err)
	}
	return each(rows, unitRow.toUnit), nil
}

const lockUnit = `
SELECT code, name, coalesce(smaller_unit, '') AS smaller_unit, ratio, builtin, created_at, version FROM unit WHERE code = $1 FOR UPDATE`

// LockUnit locks a unit for a change.
func (s unitStore) LockUnit(ctx context.Context, code string) (measure.Unit, error) {
	var r unitRow
	if err := s.get(ctx, &r, lockUnit, code); err != nil {
		return measure.Unit{}, missing(err, measure.ErrNoUnit, "lock unit")
	}
	return r.toUnit(), nil
}

const insertUnit = `INSERT INTO unit (code, name, smaller_unit, ratio, created_at) VALUES ($1, $2, nullif($3, ''), $4, $5)`

// InsertUnit adds a unit.
func (s unitStore) InsertUnit(ctx context.Context, u measure.Unit) error {
	_, err := s.exec(ctx, insertUnit, u.Code, u.Name, u.SmallerUnit, ratioOf(u), u.CreatedAt)
	return wrap("insert unit", err)
}

const updateUnit = `UPDATE unit SET name = $2, smaller_unit = nullif($3, ''), ratio = $4, version = version + 1 WHERE code = $1`

// UpdateUnit writes a locked unit back.
func (s unitStore) UpdateUnit(ctx context.Context, u measure.Unit) error {
	_, err := s.exec(ctx, updateUnit, u.Code, u.Name, u.SmallerUnit, ratioOf(u))
	return wrap("update unit", err)
}

func ratioOf(u measure.Unit) decimal.NullDecimal {
	return decimal.NullDecimal{Decimal: u.Ratio, Valid: u.SmallerUnit != ""}
}

const deleteUnit = `DELETE FROM unit WHERE code = $1`

// DeleteUnit removes a unit.
func (s unitStore) DeleteUnit(ctx context.Context, code string) error {
	_, err := s.exec(ctx, deleteUnit, code)
	return wrap("delete unit", err)
}

// Offers name units inside their documents, blocks in a column per parameter: neither has a foreign key.
const unitInUse = `
SELECT EXISTS (SELECT FROM unit WHERE smaller_unit = $1)
    OR EXISTS (SELECT FROM product_type_add_on WHERE unit = $1)
    OR EXISTS (SELECT FROM tariff_version
               WHERE offer @> jsonb_build_object('add_ons', jsonb_build_array(jsonb_build_object('unit', $1::text)))
                  OR offer @> jsonb_build_object('add_ons', jsonb_build_array(
                         jsonb_build_object('statistics', jsonb_build_object('overage_unit', $1::text)))))
    OR EXISTS (SELECT FROM traffic_block
               WHERE $1 IN (in_unit, out_unit, bandwidth_unit, burst_in_day_unit, burst_out_day_unit, power_unit))`

// UnitInUse tells whether a larger unit, an element, a tariff or a block refers to it.
func (s unitStore) UnitInUse(ctx context.Context, code string) (used bool, err error) {
	err = s.get(ctx, &used, unitInUse, code)
	return used, wrap("look for what uses a unit", err)
}
