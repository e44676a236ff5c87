package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/tariff"
)

// pricelistStore reads the whole catalogue, for the document that it is exported to and imported from.
type pricelistStore struct{ conn }

const lockPriceList = `SELECT pg_advisory_xact_lock(1413829446, 26)`

// LockPriceList lets one import run at a time.
func (s pricelistStore) LockPriceList(ctx context.Context) error {
	_, err := s.exec(ctx, lockPriceList)
	return wrap("lock the price list", err)
}

const providersAll = providerColumns + `
FROM provider p ORDER BY p.id`

// ProvidersAll reads every provider.
func (s pricelistStore) ProvidersAll(ctx context.Context) ([]client.Provider, error) {
	var rows []providerRow
	if err := s.all(ctx, &rows, providersAll); err != nil {
		return nil, wrap("read providers", err)
	}
	return each(rows, providerRow.toProvider), nil
}

const departmentsAll = `SELECT id, name, email, created_at, version FROM department ORDER BY id`

// DepartmentsAll reads every department, the oldest first.
func (s pricelistStore) DepartmentsAll(ctx context.Context) ([]department.Department, error) {
	var rows []departmentRow
	if err := s.all(ctx, &rows, departmentsAll); err != nil {
		return nil, wrap("read departments", err)
	}
	return each(rows, departmentRow.toDepartment), nil
}

const dataCentersAll = `
SELECT id, name, external_id, sort_order, icon_kind, coalesce(icon_country, '') AS icon_country, created_at, version
FROM data_center ORDER BY id`

// DataCentersAll reads every data center.
func (s pricelistStore) DataCentersAll(ctx context.Context) ([]datacenter.DataCenter, error) {
	var rows []dataCenterRow
	if err := s.all(ctx, &rows, dataCentersAll); err != nil {
		return nil, wrap("read data centers", err)
	}
	return each(rows, dataCenterRow.toDataCenter), nil
}

const enumerationsAll = enumerationColumns + `ORDER BY code`

// EnumerationsAll reads every enumeration.
func (s pricelistStore) EnumerationsAll(ctx context.Context) ([]product.Enumeration, error) {
	var rows []enumerationRow
	if err := s.all(ctx, &rows, enumerationsAll); err != nil {
		return nil, wrap("read enumerations", err)
	}
	return toEnumerations(rows)
}

const productTypesAll = productTypeColumns + `ORDER BY code`

// ProductTypesAll reads every product type.
func (s pricelistStore) ProductTypesAll(ctx context.Context) ([]product.Type, error) {
	var rows []productTypeRow
	if err := s.all(ctx, &rows, productTypesAll); err != nil {
		return nil, wrap("read product types", err)
	}
	return each(rows, productTypeRow.toProductType), nil
}

const contentAll = contentColumns + `ORDER BY product_type, sort_order, code`

// ContentAll reads the elements of every product type.
func (s pricelistStore) ContentAll(ctx context.Context) ([]product.Content, error) {
	var rows []contentRow
	if err := s.all(ctx, &rows, contentAll); err != nil {
		return nil, wrap("read elements", err)
	}
	return each(rows, contentRow.toContent), nil
}

const parametersAll = parameterColumns + `ORDER BY product_type, sort_order, code`

// ParametersAll reads the parameters of every product type.
func (s pricelistStore) ParametersAll(ctx context.Context) ([]product.Parameter, error) {
	return parameterStore{s.conn}.parameters(ctx, parametersAll)
}

const modulesAll = moduleColumns + `ORDER BY id`

// ModulesAll reads every processing module, without the secrets.
func (s pricelistStore) ModulesAll(ctx context.Context) ([]module.Module, error) {
	var rows []moduleRow
	if err := s.all(ctx, &rows, modulesAll); err != nil {
		return nil, wrap("read modules", err)
	}
	return each(rows, moduleRow.toModule), nil
}

const companionsAll = `SELECT id, kind, name, url, username, created_at, version FROM companion ORDER BY id`

// CompanionsAll reads every IP manager and license server, without the passwords.
func (s pricelistStore) CompanionsAll(ctx context.Context) ([]module.Companion, error) {
	var rows []companionRow
	if err := s.all(ctx, &rows, companionsAll); err != nil {
		return nil, wrap("read companions", err)
	}
	return each(rows, companionRow.toCompanion), nil
}

// TariffGroupsAll reads every tariff group.
func (s pricelistStore) TariffGroupsAll(ctx context.Context) ([]tariff.Group, error) {
	rows, err := tariffGroups.every(ctx, s.conn)
	return each(rows, groupRow.toTariffGroup), err
}

// ClientGroupsAll reads every client group.
func (s pricelistStore) ClientGroupsAll(ctx context.Context) ([]client.Group, error) {
	rows, err := clientGroups.every(ctx, s.conn)
	return each(rows, groupRow.toClientGroup), err
}

const taxRulesAll = taxRuleColumns + `ORDER BY id`

// TaxRulesAll reads every tax rule.
func (s pricelistStore) TaxRulesAll(ctx context.Context) ([]client.TaxRule, error) {
	var rows []taxRuleRow
	if err := s.all(ctx, &rows, taxRulesAll); err != nil {
		return nil, wrap("read tax rules", err)
	}
	out := make([]client.TaxRule, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.toTaxRule(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const tariffsAll = tariffColumns + `ORDER BY t.id`

// TariffsAll reads every tariff with its newest offer.
func (s pricelistStore) TariffsAll(ctx context.Context) ([]catalog.Tariff, error) {
	var rows []tariffRow
	if err := s.all(ctx, &rows, tariffsAll); err != nil {
		return nil, wrap("read tariffs", err)
	}
	return toTariffs(rows)
}

// OnSnapshot runs fn on one snapshot, in a transaction that cannot write, for those who read with the operations of a Tx.
func (db *DB) OnSnapshot(ctx context.Context, fn func(*Tx) error) error {
	raw, err := db.pool.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = raw.Rollback() }()
	return fromConstraint(fn(newTx(conn{db: db, tx: raw, late: &late{}})))
}
