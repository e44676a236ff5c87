package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/product"
)

// productTypeStore writes product types, their content and what integration modules brought.
type productTypeStore struct{ conn }

type productTypeRow struct {
	Code                string         `db:"code"`
	Name                string         `db:"name"`
	Builtin             bool           `db:"builtin"`
	SortOrder           int            `db:"sort_order"`
	TrialPolicy         string         `db:"trial_policy"`
	ExpenseSplit        string         `db:"expense_split"`
	NoWeekendSuspension bool           `db:"no_weekend_suspension"`
	AutoDeleteAfterDays *int           `db:"auto_delete_after_days"`
	ClientDeletion      string         `db:"client_deletion"`
	ClientDeletionTime  string         `db:"client_deletion_time"`
	Periods             pq.StringArray `db:"periods"`
	OrderPage           []byte         `db:"order_page"`
	CreatedAt           time.Time      `db:"created_at"`
	Version             int64          `db:"version"`
}

func (r productTypeRow) toProductType() product.Type {
	return product.Type{
		Code: r.Code, Name: r.Name, Builtin: r.Builtin, SortOrder: r.SortOrder, TrialPolicy: r.TrialPolicy, ExpenseSplit: r.ExpenseSplit,
		NoWeekendSuspension: r.NoWeekendSuspension, AutoDeleteAfterDays: r.AutoDeleteAfterDays, ClientDeletion: r.ClientDeletion,
		ClientDeletionTime: r.ClientDeletionTime, Periods: each(r.Periods, toPeriod), OrderPage: toOrderPage(r.OrderPage),
		CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
}

// toOrderPage reads an order page; what was never set is at its default.
func toOrderPage(raw []byte) product.OrderPage {
	page := product.OrderPage{Display: product.DisplayList}
	_ = json.Unmarshal(raw, &page) // written by us; a default serves where it cannot be read
	return page
}

func orderPageOf(p product.Type) []byte {
	raw, _ := json.Marshal(p.OrderPage) // three plain members
	return raw
}

func toPeriod(s string) calendar.Period { return calendar.Period(s) }

const productTypeColumns = `
SELECT code, name, builtin, sort_order, trial_policy, expense_split, no_weekend_suspension, auto_delete_after_days, client_deletion,
       client_deletion_time, periods, order_page, created_at, version
FROM product_type `

const productTypeByCode = productTypeColumns + `WHERE code = $1`

// ProductTypeByCode reads a product type.
func (s productTypeStore) ProductTypeByCode(ctx context.Context, code string) (product.Type, error) {
	return s.productType(ctx, productTypeByCode, code)
}

const shareProductType = productTypeColumns + `WHERE code = $1 FOR SHARE`

// ShareProductType reads a product type and keeps it and its content as they are.
func (s productTypeStore) ShareProductType(ctx context.Context, code string) (product.Type, error) {
	return s.productType(ctx, shareProductType, code)
}

const lockProductType = productTypeColumns + `WHERE code = $1 FOR UPDATE`

// LockProductType locks a product type and its content for a change.
func (s productTypeStore) LockProductType(ctx context.Context, code string) (product.Type, error) {
	return s.productType(ctx, lockProductType, code)
}

func (s productTypeStore) productType(ctx context.Context, query, code string) (product.Type, error) {
	var r productTypeRow
	if err := s.get(ctx, &r, query, code); err != nil {
		return product.Type{}, missing(err, product.ErrNoType, "read product type")
	}
	return r.toProductType(), nil
}

const insertProductType = `
INSERT INTO product_type (code, name, builtin, sort_order, trial_policy, expense_split, no_weekend_suspension, auto_delete_after_days,
                          client_deletion, client_deletion_time, periods, order_page, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`

// InsertProductType adds a product type.
func (s productTypeStore) InsertProductType(ctx context.Context, p product.Type) error {
	_, err := s.exec(ctx, insertProductType, p.Code, p.Name, p.Builtin, p.SortOrder, p.TrialPolicy, p.ExpenseSplit, p.NoWeekendSuspension,
		p.AutoDeleteAfterDays, p.ClientDeletion, p.ClientDeletionTime, texts(p.Periods), orderPageOf(p), p.CreatedAt)
	return wrap("insert product type", err)
}

const updateProductType = `
UPDATE product_type SET name = $2, sort_order = $3, trial_policy = $4, expense_split = $5, no_weekend_suspension = $6,
       auto_delete_after_days = $7, client_deletion = $8, client_deletion_time = $9, periods = $10, order_page = $11, version = version + 1
WHERE code = $1`

// UpdateProductType writes a locked product type back.
func (s productTypeStore) UpdateProductType(ctx context.Context, p product.Type) error {
	_, err := s.exec(ctx, updateProductType, p.Code, p.Name, p.SortOrder, p.TrialPolicy, p.ExpenseSplit, p.NoWeekendSuspension,
		p.AutoDeleteAfterDays, p.ClientDeletion, p.ClientDeletionTime, texts(p.Periods), orderPageOf(p))
	return wrap("update product type", err)
}

const deleteProductType = `DELETE FROM product_type WHERE code = $1`

// DeleteProductType removes a product type; its content goes with it.
func (s productTypeStore) DeleteProductType(ctx context.Context, code string) error {
	_, err := s.exec(ctx, deleteProductType, code)
	return wrap("delete product type", err)
}

const productTypeInUse = `
SELECT EXISTS (SELECT FROM tariff WHERE product_type = $1)
    OR EXISTS (SELECT FROM processing_module WHERE product_type = $1)
    OR EXISTS (SELECT FROM tax_rule WHERE product_type = $1)
    OR EXISTS (SELECT FROM service WHERE product_type = $1)`

// ProductTypeInUse tells whether a tariff, a module or a service is of the type.
func (s productTypeStore) ProductTypeInUse(ctx context.Context, code string) (used bool, err error) {
	err = s.get(ctx, &used, productTypeInUse, code)
	return used, wrap("look for what uses a product type", err)
}

type contentRow struct {
	ProductType string         `db:"product_type"`
	Code        string         `db:"code"`
	Name        string         `db:"name"`
	ValueType   string         `db:"value_type"`
	Unit        string         `db:"unit"`
	Enumeration string         `db:"enumeration_code"`
	Params      pq.StringArray `db:"statistics_params"`
	Builtin     bool           `db:"builtin"`
	SortOrder   int            `db:"sort_order"`
	CreatedAt   time.Time      `db:"created_at"`
	Version     int64          `db:"version"`
}

func (r contentRow) toContent() product.Content {
	return product.Content{
		ProductType: r.ProductType, Code: r.Code, Name: r.Name, ValueType: r.ValueType, Unit: r.Unit, EnumerationCode: r.Enumeration,
		StatisticsParams: each(r.Params, func(p string) string { return p }), Builtin: r.Builtin, SortOrder: r.SortOrder,
		CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
}

const contentColumns = `
SELECT product_type, code, name, value_type, coalesce(unit, '') AS unit, coalesce(enumeration_code, '') AS enumeration_code,
       statistics_params, builtin, sort_order, created_at, version
FROM product_type_add_on `

const contentOf = contentColumns + `WHERE product_type = $1 ORDER BY sort_order, code`

// ContentOf reads the elements of a product type.
func (s productTypeStore) ContentOf(ctx context.Context, productType string) ([]product.Content, error) {
	var rows []contentRow
	if err := s.all(ctx, &rows, contentOf, productType); err != nil {
		return nil, wrap("read the content of a product type", err)
	}
	return each(rows, contentRow.toContent), nil
}

const insertContent = `
INSERT INTO product_type_add_on (product_type, code, name, value_type, unit, enumeration_code, statistics_params, builtin, sort_order, created_at)
VALUES ($1, $2, $3, $4, nullif($5, ''), nullif($6, ''), $7, $8, $9, $10)`

// InsertContent adds elements.
func (s productTypeStore) InsertContent(ctx context.Context, list []product.Content) error {
	for _, c := range list { // a handful, once in the life of a product type
		_, err := s.exec(ctx, insertContent, c.ProductType, c.Code, c.Name, c.ValueType, c.Unit, c.EnumerationCode,
			texts(c.StatisticsParams), c.Builtin, c.SortOrder, c.CreatedAt)
		if err != nil {
			return wrap("insert an element", err)
		}
	}
	return nil
}

const updateContent = `
UPDATE product_type_add_on SET name = $3, unit = nullif($4, ''), enumeration_code = nullif($5, ''), statistics_params = $6,
       sort_order = $7, version = version + 1
WHERE product_type = $1 AND code = $2`

// UpdateContent writes an element back; its product type is locked.
func (s productTypeStore) UpdateContent(ctx context.Context, c product.Content) error {
	_, err := s.exec(ctx, updateContent, c.ProductType, c.Code, c.Name, c.Unit, c.EnumerationCode, texts(c.StatisticsParams), c.SortOrder)
	return wrap("update an element", err)
}

const deleteContent = `DELETE FROM product_type_add_on WHERE product_type = $1 AND code = $2`

// DeleteContent removes an element.
func (s productTypeStore) DeleteContent(ctx context.Context, productType, code string) error {
	_, err := s.exec(ctx, deleteContent, productType, code)
	return wrap("delete an element", err)
}

const contentInUse = `
SELECT EXISTS (SELECT FROM tariff t JOIN tariff_version v ON v.tariff_id = t.id
               WHERE t.product_type = $1
                 AND v.offer @> jsonb_build_object('add_ons', jsonb_build_array(jsonb_build_object('add_on', $2::text))))`

// ContentInUse tells whether any version of a tariff has an add-on of the element.
func (s productTypeStore) ContentInUse(ctx context.Context, productType, code string) (used bool, err error) {
	err = s.get(ctx, &used, contentInUse, productType, code)
	return used, wrap("look for what uses an element", err)
}

const integrationInstalledAt = `SELECT installed_at FROM integration_module WHERE name = $1`

// IntegrationInstalledAt is nil where the integration module is not installed.
func (s productTypeStore) IntegrationInstalledAt(ctx context.Context, name string) (*time.Time, error) {
	var at time.Time
	err := s.get(ctx, &at, integrationInstalledAt, name)
	if isNoRows(err) {
		return nil, nil
	}
	return utc(&at), wrap("read integration module", err)
}

const insertIntegration = `INSERT INTO integration_module (name, installed_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`

// InsertIntegration answers false where somebody else has just installed it.
func (s productTypeStore) InsertIntegration(ctx context.Context, name string, at time.Time) (bool, error) {
	n, err := s.exec(ctx, insertIntegration, name, at)
	return n == 1, wrap("insert integration module", err)
}

const deleteIntegration = `DELETE FROM integration_module WHERE name = $1`

// DeleteIntegration removes an integration module.
func (s productTypeStore) DeleteIntegration(ctx context.Context, name string) error {
	_, err := s.exec(ctx, deleteIntegration, name)
	return wrap("delete integration module", err)
}
