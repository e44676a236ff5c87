package postgres

import (
	"context"
	"strings"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/product"
)

// Units, product types and their content go by codes; a list goes by the order in which they were made. Their instants do not
// tell it: several have the same one while a clock stands.
const (
	afterCode = `($1 = '' OR made_no {after} (SELECT made_no FROM `
	byMade    = `ORDER BY made_no {order}`
)

// byAge completes a list's query for one direction.
func byAge(query string, desc bool) string {
	after, order := ">", "ASC"
	if desc {
		after, order = "<", "DESC"
	}
	return strings.NewReplacer("{after}", after, "{order}", order).Replace(query)
}

const listUnits = `
SELECT code, name, coalesce(smaller_unit, '') AS smaller_unit, ratio, builtin, created_at, version
FROM unit WHERE ` + afterCode + `unit WHERE code = $1))
` + byMade + ` LIMIT $2`

// Units lists units. They belong to the installation and everybody with a key may see them, as all of the catalogue but
// tariffs and modules.
func (r *Reader) Units(ctx context.Context, _ actor.Scope, p actor.Page) ([]measure.Unit, error) {
	var rows []unitRow
	if err := r.all(ctx, &rows, byAge(listUnits, p.Desc), p.After, p.Rows()); err != nil {
		return nil, fromConstraint(wrap("list units", err))
	}
	return each(rows, unitRow.toUnit), nil
}

const unitByCode = `
SELECT code, name, coalesce(smaller_unit, '') AS smaller_unit, ratio, builtin, created_at, version FROM unit WHERE code = $1`

// Unit reads a unit.
func (r *Reader) Unit(ctx context.Context, _ actor.Scope, code string) (measure.Unit, error) {
	var row unitRow
	if err := r.get(ctx, &row, unitByCode, code); err != nil {
		return measure.Unit{}, fromConstraint(missing(err, measure.ErrNoUnit, "read unit"))
	}
	return row.toUnit(), nil
}

const listProductTypes = productTypeColumns + `
WHERE ` + afterCode + `product_type WHERE code = $1))
` + byMade + ` LIMIT $2`

// ProductTypes lists product types.
func (r *Reader) ProductTypes(ctx context.Context, _ actor.Scope, p actor.Page) ([]product.Type, error) {
	var rows []productTypeRow
	if err := r.all(ctx, &rows, byAge(listProductTypes, p.Desc), p.After, p.Rows()); err != nil {
		return nil, fromConstraint(wrap("list product types", err))
	}
	return each(rows, productTypeRow.toProductType), nil
}

// ProductType reads a product type.
func (r *Reader) ProductType(ctx context.Context, _ actor.Scope, code string) (product.Type, error) {
	p, err := productTypeStore{r.conn}.ProductTypeByCode(ctx, code)
	return p, fromConstraint(err)
}

const listContent = contentColumns + `
WHERE product_type = $3 AND ` + afterCode + `product_type_add_on WHERE product_type = $3 AND code = $1))
` + byMade + ` LIMIT $2`

// Content lists the elements of a product type.
func (r *Reader) Content(ctx context.Context, s actor.Scope, productType string, p actor.Page) ([]product.Content, error) {
	if _, err := r.ProductType(ctx, s, productType); err != nil {
		return nil, err
	}
	var rows []contentRow
	if err := r.all(ctx, &rows, byAge(listContent, p.Desc), p.After, p.Rows(), productType); err != nil {
		return nil, fromConstraint(wrap("list elements", err))
	}
	return each(rows, contentRow.toContent), nil
}

const contentByCode = contentColumns + `WHERE product_type = $1 AND code = $2`

// Element reads one element of a product type.
func (r *Reader) Element(ctx context.Context, _ actor.Scope, productType, code string) (product.Content, error) {
	var row contentRow
	if err := r.get(ctx, &row, contentByCode, productType, code); err != nil {
		return product.Content{}, fromConstraint(missing(err, product.ErrNoContent, "read element"))
	}
	return row.toContent(), nil
}

// Integrations lists the integration modules and tells which are installed.
func (r *Reader) Integrations(ctx context.Context, _ actor.Scope) ([]product.Integration, error) {
	list := product.Integrations()
	for i := range list {
		at, err := productTypeStore{r.conn}.IntegrationInstalledAt(ctx, list[i].Name)
		if err != nil {
			return nil, fromConstraint(err)
		}
		list[i].InstalledAt = at
	}
	return list, nil
}
