package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/product"
)

// parameterStore writes the parameters of product types.
type parameterStore struct{ conn }

type parameterRow struct {
	ProductType string    `db:"product_type"`
	Code        string    `db:"code"`
	Name        string    `db:"name"`
	Input       string    `db:"input"`
	Items       []byte    `db:"items"`
	Filled      bool      `db:"filled"`
	Required    bool      `db:"required"`
	Ask         string    `db:"ask"`
	Edit        string    `db:"edit"`
	AllTariffs  bool      `db:"all_tariffs"`
	Validator   []byte    `db:"validator"`
	Builtin     bool      `db:"builtin"`
	SortOrder   int       `db:"sort_order"`
	CreatedAt   time.Time `db:"created_at"`
	Version     int64     `db:"version"`
}

func (r parameterRow) toParameter() (product.Parameter, error) {
	p := product.Parameter{
		ProductType: r.ProductType, Code: r.Code, Name: r.Name, Input: r.Input, Filled: r.Filled, Required: r.Required, Ask: r.Ask,
		Edit: r.Edit, AllTariffs: r.AllTariffs, Builtin: r.Builtin, SortOrder: r.SortOrder, CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
	if err := json.Unmarshal(r.Items, &p.Values); err != nil {
		return p, fmt.Errorf("values of the parameter %s of %s: %w", r.Code, r.ProductType, err)
	}
	if err := json.Unmarshal(r.Validator, &p.Validator); err != nil {
		return p, fmt.Errorf("validator of the parameter %s of %s: %w", r.Code, r.ProductType, err)
	}
	return p, nil
}

const parameterColumns = `
SELECT product_type, code, name, input, items, filled, required, ask, edit, all_tariffs, validator, builtin, sort_order, created_at, version
FROM product_type_parameter `

const parametersOf = parameterColumns + `WHERE product_type = $1 ORDER BY sort_order, code`

// ParametersOf reads all parameters of a product type.
func (s parameterStore) ParametersOf(ctx context.Context, productType string) ([]product.Parameter, error) {
	return s.parameters(ctx, parametersOf, productType)
}

const shareParameters = parametersOf + ` FOR SHARE`

// ShareParameters is ParametersOf, and keeps them as they are.
func (s parameterStore) ShareParameters(ctx context.Context, productType string) ([]product.Parameter, error) {
	return s.parameters(ctx, shareParameters, productType)
}

const lockParameters = parameterColumns + `WHERE product_type = $1 AND code = ANY($2) ORDER BY sort_order, code FOR UPDATE`

// LockParameters locks some parameters for a change and answers those that exist.
func (s parameterStore) LockParameters(ctx context.Context, productType string, codes []string) ([]product.Parameter, error) {
	return s.parameters(ctx, lockParameters, productType, texts(codes))
}

func (s parameterStore) parameters(ctx context.Context, query string, args ...any) ([]product.Parameter, error) {
	var rows []parameterRow
	if err := s.all(ctx, &rows, query, args...); err != nil {
		return nil, wrap("read parameters", err)
	}
	return toParameters(rows)
}

func toParameters(rows []parameterRow) ([]product.Parameter, error) {
	out := make([]product.Parameter, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.toParameter(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// documents writes what a parameter keeps as JSON.
func documents(p product.Parameter) (items, validator []byte, err error) {
	if items, err = json.Marshal(p.Values); err == nil {
		validator, err = json.Marshal(p.Validator)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("write the parameter %s of %s: %w", p.Code, p.ProductType, err)
	}
	return items, validator, nil
}

const insertParameter = `
INSERT INTO product_type_parameter (product_type, code, name, input, items, filled, required, ask, edit, all_tariffs, validator, builtin,
                                    sort_order, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`

// InsertParameter adds a parameter.
func (s parameterStore) InsertParameter(ctx context.Context, p product.Parameter) error {
	items, validator, err := documents(p)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, insertParameter, p.ProductType, p.Code, p.Name, p.Input, items, p.Filled, p.Required, p.Ask, p.Edit, p.AllTariffs,
		validator, p.Builtin, p.SortOrder, p.CreatedAt)
	return wrap("insert parameter", err)
}

const updateParameter = `
UPDATE product_type_parameter SET name = $3, items = $4, filled = $5, required = $6, ask = $7, edit = $8, all_tariffs = $9, validator = $10,
       sort_order = $11, version = version + 1
WHERE product_type = $1 AND code = $2`

// UpdateParameter writes a locked parameter back.
func (s parameterStore) UpdateParameter(ctx context.Context, p product.Parameter) error {
	items, validator, err := documents(p)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, updateParameter, p.ProductType, p.Code, p.Name, items, p.Filled, p.Required, p.Ask, p.Edit, p.AllTariffs, validator,
		p.SortOrder)
	return wrap("update parameter", err)
}

const deleteParameter = `DELETE FROM product_type_parameter WHERE product_type = $1 AND code = $2`

// DeleteParameter removes a parameter.
func (s parameterStore) DeleteParameter(ctx context.Context, productType, code string) error {
	_, err := s.exec(ctx, deleteParameter, productType, code)
	return wrap("delete parameter", err)
}

const parameterInUse = `
SELECT EXISTS (SELECT FROM tariff t JOIN tariff_version v ON v.tariff_id = t.id AND v.number = t.current_version
               WHERE t.product_type = $1 AND v.offer -> 'parameters' ? $2)
    OR EXISTS (SELECT FROM service WHERE product_type = $1 AND status <> 'deleted' AND parameters ? $2)`

// ParameterInUse tells whether a tariff's newest version connects it, or a service that is not deleted has a value of it.
func (s parameterStore) ParameterInUse(ctx context.Context, productType, code string) (used bool, err error) {
	err = s.get(ctx, &used, parameterInUse, productType, code)
	return used, wrap("look for what uses a parameter", err)
}

// Drivers call a tariff's own choice of a value default_ and the parameter's code. Services are counted, where one would do,
// because the planner hopes to find that one early and reads the whole table where there is none.
const valuesInUse = `
SELECT x FROM unnest($3::text[]) x
WHERE (SELECT count(*) FROM service WHERE product_type = $1 AND status <> 'deleted'
           AND (parameters @> jsonb_build_object($2::text, x) OR parameters @> jsonb_build_object($2::text, jsonb_build_array(x)))) > 0
   OR EXISTS (SELECT FROM tariff t JOIN tariff_version v ON v.tariff_id = t.id AND v.number = t.current_version
              WHERE t.product_type = $1 AND v.offer -> 'settings' ->> ('default_' || $2) = x)
ORDER BY x`

// ValuesInUse answers those of a list's values that services have which are not deleted, or newest tariffs take by default.
func (s parameterStore) ValuesInUse(ctx context.Context, productType, code string, values []string) ([]string, error) {
	if len(values) == 0 {
		return nil, nil
	}
	var used []string
	err := s.all(ctx, &used, valuesInUse, productType, code, texts(values))
	return used, wrap("look for values in use", err)
}

const listParameters = parameterColumns + `
WHERE product_type = $3 AND ` + afterCode + `product_type_parameter WHERE product_type = $3 AND code = $1))
` + byMade + ` LIMIT $2`

// Parameters lists the parameters of a product type.
func (r *Reader) Parameters(ctx context.Context, s actor.Scope, productType string, p actor.Page) ([]product.Parameter, error) {
	if _, err := r.ProductType(ctx, s, productType); err != nil {
		return nil, err
	}
	var rows []parameterRow
	if err := r.all(ctx, &rows, byAge(listParameters, p.Desc), p.After, p.Rows(), productType); err != nil {
		return nil, fromConstraint(wrap("list parameters", err))
	}
	return toParameters(rows)
}

const parameterByCode = parameterColumns + `WHERE product_type = $1 AND code = $2`

// Parameter reads one parameter of a product type.
func (r *Reader) Parameter(ctx context.Context, _ actor.Scope, productType, code string) (product.Parameter, error) {
	var row parameterRow
	if err := r.get(ctx, &row, parameterByCode, productType, code); err != nil {
		return product.Parameter{}, fromConstraint(missing(err, product.ErrNoParameter, "read parameter"))
	}
	return row.toParameter()
}
