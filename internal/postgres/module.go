package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
)

// moduleStore writes processing modules, their health and their problems. It alone seals and opens their secrets.
type moduleStore struct{ conn }

type moduleRow struct {
	ID              provision.ModuleID `db:"id"`
	Driver          string             `db:"driver"`
	ProductType     string             `db:"product_type"`
	Name            string             `db:"name"`
	DataCenterID    datacenter.ID      `db:"data_center_id"`
	DepartmentID    string             `db:"department_id"`
	SortOrder       int                `db:"sort_order"`
	Enabled         bool               `db:"enabled"`
	Connection      []byte             `db:"connection"`
	Secrets         []byte             `db:"secrets"`
	SecretNames     pq.StringArray     `db:"secret_names"`
	Parameters      []byte             `db:"parameters"`
	QueueEnabled    bool               `db:"queue_enabled"`
	QueueKey        string             `db:"queue_key"`
	QueueWorkers    int                `db:"queue_workers"`
	MaxRunningOpens int                `db:"max_running_opens"`
	HealthStatus    string             `db:"health_status"`
	HealthCheckedAt *time.Time         `db:"health_checked_at"`
	HealthError     string             `db:"health_error"`
	SyncedAt        *time.Time         `db:"synced_at"`
	CreatedAt       time.Time          `db:"created_at"`
	Version         int64              `db:"version"`
}

// toModule leaves the secrets sealed.
func (r moduleRow) toModule() module.Module {
	return module.Module{
		ID: r.ID, Driver: r.Driver, ProductType: r.ProductType, Name: r.Name, DataCenterID: r.DataCenterID, DepartmentID: r.DepartmentID,
		SortOrder: r.SortOrder, Enabled: r.Enabled, Connection: r.Connection, SecretNames: r.SecretNames, Parameters: r.Parameters,
		Queue:           module.Queue{Enabled: r.QueueEnabled, Key: r.QueueKey, Workers: r.QueueWorkers},
		MaxRunningOpens: r.MaxRunningOpens,
		Health:          module.Health{Status: r.HealthStatus, CheckedAt: utc(r.HealthCheckedAt), Error: r.HealthError},
		SyncedAt:        utc(r.SyncedAt),
		CreatedAt:       r.CreatedAt.UTC(), Version: r.Version,
	}
}

func (s moduleStore) opened(r moduleRow) (module.Module, error) {
	m := r.toModule()
	if len(r.Secrets) == 0 {
		return m, nil
	}
	plain, err := s.db.o.Box.Open(r.Secrets)
	if err != nil {
		return module.Module{}, fmt.Errorf("open the secrets of module %s: %w", r.ID, err)
	}
	m.Connection = module.JoinConnection(m.Connection, plain)
	return m, nil
}

// sealed parts a module's connection into its two columns.
func (s moduleStore) sealed(m module.Module) (readable, secrets []byte, err error) {
	readable, plain := m.SplitConnection()
	if plain == nil {
		return readable, nil, nil
	}
	if secrets, err = s.db.o.Box.Seal(plain); err != nil {
		return nil, nil, fmt.Errorf("seal the secrets of module %s: %w", m.ID, err)
	}
	return readable, secrets, nil
}

const moduleColumns = `
SELECT id, driver, product_type, name, coalesce(data_center_id::text, '') AS data_center_id, coalesce(department_id::text, '') AS department_id,
       sort_order, enabled, connection, secrets, secret_names, parameters, queue_enabled, queue_key, queue_workers, max_running_opens,
       health_status, health_checked_at, coalesce(health_error, '') AS health_error, synced_at,
       created_at, version
FROM processing_module `

const moduleByID = moduleColumns + `WHERE id = $1`

// ModuleByID reads a module with its secrets.
func (s moduleStore) ModuleByID(ctx context.Context, id provision.ModuleID) (module.Module, error) {
	return s.module(ctx, moduleByID, id)
}

const lockModule = moduleColumns + `WHERE id = $1 FOR UPDATE`

// LockModule locks a module for a change and reads it with its secrets.
func (s moduleStore) LockModule(ctx context.Context, id provision.ModuleID) (module.Module, error) {
	return s.module(ctx, lockModule, id)
}

func (s moduleStore) module(ctx context.Context, query string, id provision.ModuleID) (module.Module, error) {
	var r moduleRow
	if err := s.get(ctx, &r, query, id); err != nil {
		return module.Module{}, missing(err, module.ErrNoModule, "read module")
	}
	return s.opened(r)
}

const modulesByIDs = moduleColumns + `WHERE id = ANY($1::uuid[]) ORDER BY id`

// ModulesByIDs reads those of the modules that exist, without their secrets.
func (s moduleStore) ModulesByIDs(ctx context.Context, ids []provision.ModuleID) ([]module.Module, error) {
	return s.modules(ctx, modulesByIDs, ids)
}

const shareModules = moduleColumns + `WHERE id = ANY($1::uuid[]) ORDER BY id FOR SHARE`

// ShareModules is ModulesByIDs, and keeps them as they are.
func (s moduleStore) ShareModules(ctx context.Context, ids []provision.ModuleID) ([]module.Module, error) {
	return s.modules(ctx, shareModules, ids)
}

// ShareModuleTypes tells which product types modules make, of those that exist, and keeps them as they are.
func (s moduleStore) ShareModuleTypes(ctx context.Context, ids []provision.ModuleID) (map[provision.ModuleID]string, error) {
	list, err := s.ShareModules(ctx, ids)
	makes := make(map[provision.ModuleID]string, len(list))
	for _, m := range list {
		makes[m.ID] = m.ProductType
	}
	return makes, err
}

func (s moduleStore) modules(ctx context.Context, query string, ids []provision.ModuleID) ([]module.Module, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []moduleRow
	if err := s.all(ctx, &rows, query, texts(ids)); err != nil {
		return nil, wrap("read modules", err)
	}
	return each(rows, moduleRow.toModule), nil
}

const holdModule = moduleColumns + `WHERE id = $1 AND claim_no = $2 FOR UPDATE`

// HoldModule locks a module that the caller claimed; its secrets stay sealed.
func (s moduleStore) HoldModule(ctx context.Context, id provision.ModuleID, claimNo int64) (module.Module, error) {
	var r moduleRow
	if err := s.get(ctx, &r, holdModule, id, claimNo); err != nil {
		return module.Module{}, held(err, "hold a module")
	}
	return r.toModule(), nil
}

// The first time decides which values can be ordered of the module, so it counts as a change of its row: see the catalogue's
// version.
const (
	firstSync  = `UPDATE processing_module SET synced_at = $2, enabled = enabled WHERE id = $1 AND synced_at IS NULL`
	updateSync = `UPDATE processing_module SET synced_at = coalesce($2, synced_at), sync_at = $3, lease_until = NULL WHERE id = $1`
)

// UpdateSync keeps when the panel told what it offers, where it did, and when it is asked next; the claim is given back.
func (s moduleStore) UpdateSync(ctx context.Context, id provision.ModuleID, synced, next *time.Time) error {
	if synced != nil {
		if _, err := s.exec(ctx, firstSync, id, synced); err != nil {
			return wrap("note the first synchronisation of a module", err)
		}
	}
	_, err := s.exec(ctx, updateSync, id, synced, next)
	return wrap("note the synchronisation of a module", err)
}

const insertModule = `
INSERT INTO processing_module (id, driver, product_type, name, data_center_id, department_id, sort_order, enabled, connection, secrets,
                               secret_names, parameters, queue_enabled, queue_key, queue_workers, max_running_opens,
                               health_status, health_checked_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`

// InsertModule adds a module and seals its secrets.
func (s moduleStore) InsertModule(ctx context.Context, m module.Module) error {
	readable, secrets, err := s.sealed(m)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, insertModule, m.ID, m.Driver, m.ProductType, m.Name, nullable(m.DataCenterID), nullable(m.DepartmentID), m.SortOrder,
		m.Enabled, readable, secrets, texts(m.SecretNames), []byte(m.Parameters), m.Queue.Enabled, m.Queue.Key, m.Queue.Workers,
		m.MaxRunningOpens, m.Health.Status, m.Health.CheckedAt, m.CreatedAt)
	return wrap("insert module", err)
}

const updateModule = `
UPDATE processing_module SET name = $2, data_center_id = $3, department_id = $4, sort_order = $5, enabled = $6, connection = $7, secrets = $8,
       secret_names = $9, parameters = $10, queue_enabled = $11, queue_key = $12, queue_workers = $13, max_running_opens = $14,
       version = version + 1
WHERE id = $1`

// UpdateModule writes a locked module back and seals its secrets anew.
func (s moduleStore) UpdateModule(ctx context.Context, m module.Module) error {
	readable, secrets, err := s.sealed(m)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, updateModule, m.ID, m.Name, nullable(m.DataCenterID), nullable(m.DepartmentID), m.SortOrder, m.Enabled, readable,
		secrets, texts(m.SecretNames), []byte(m.Parameters), m.Queue.Enabled, m.Queue.Key, m.Queue.Workers, m.MaxRunningOpens)
	return wrap("update module", err)
}

const deleteModule = `DELETE FROM processing_module WHERE id = $1`

// DeleteModule removes a module; its problems go with it.
func (s moduleStore) DeleteModule(ctx context.Context, id provision.ModuleID) error {
	_, err := s.exec(ctx, deleteModule, id)
	return wrap("delete module", err)
}

const moduleInUse = `
SELECT EXISTS (SELECT FROM tariff WHERE module_ids @> ARRAY[$1::uuid])
    OR EXISTS (SELECT FROM service WHERE module_id = $1)
    OR EXISTS (SELECT FROM operation WHERE module_id = $1)
    OR EXISTS (SELECT FROM task WHERE module_id = $1)`

// ModuleInUse tells whether a tariff, a service, an operation or a task refers to it; tariffs do so without a foreign key.
func (s moduleStore) ModuleInUse(ctx context.Context, id provision.ModuleID) (used bool, err error) {
	err = s.get(ctx, &used, moduleInUse, id)
	return used, wrap("look for what uses a module", err)
}

const moduleSold = `SELECT EXISTS (SELECT FROM tariff WHERE module_ids @> ARRAY[$1::uuid])`

// ModuleSold tells whether tariffs, of any status, sell by the module.
func (s moduleStore) ModuleSold(ctx context.Context, id provision.ModuleID) (sold bool, err error) {
	err = s.get(ctx, &sold, moduleSold, id)
	return sold, wrap("look for tariffs of a module", err)
}

const moduleServes = `SELECT EXISTS (SELECT FROM service WHERE module_id = $1 AND status <> 'deleted')`

// ModuleServes tells whether services that are not deleted are on the module.
func (s moduleStore) ModuleServes(ctx context.Context, id provision.ModuleID) (serves bool, err error) {
	err = s.get(ctx, &serves, moduleServes, id)
	return serves, wrap("look for services of a module", err)
}

const updateHealth = `
UPDATE processing_module SET health_status = $2, health_checked_at = $3, health_error = nullif($4, '') WHERE id = $1`

// UpdateHealth keeps how the last call went.
func (s moduleStore) UpdateHealth(ctx context.Context, id provision.ModuleID, h module.Health) error {
	_, err := s.exec(ctx, updateHealth, id, h.Status, h.CheckedAt, h.Error)
	return wrap("update health of a module", err)
}

const insertProblem = `
INSERT INTO module_problem (id, module_id, kind, text, at) VALUES ($1, $2, $3, $4, $5)`

// InsertProblem opens a problem of a module.
func (s moduleStore) InsertProblem(ctx context.Context, p module.Problem) error {
	_, err := s.exec(ctx, insertProblem, p.ID, p.ModuleID, p.Kind, p.Text, p.At)
	return wrap("insert problem of a module", err)
}

const endProblems = `UPDATE module_problem SET ended_at = $2 WHERE module_id = $1 AND ended_at IS NULL`

// EndProblems ends the open problems of a module.
func (s moduleStore) EndProblems(ctx context.Context, id provision.ModuleID, at time.Time) error {
	_, err := s.exec(ctx, endProblems, id, at)
	return wrap("end problems of a module", err)
}

// Trials count by what they were ordered as: they may have renewed or changed to another tariff since (D13). What is on its
// way to the tariff by a change counts as there.
const clientUse = `
SELECT (SELECT count(*) FROM service WHERE client_id = $1 AND tariff_id = $2 AND status <> 'deleted' AND id <> ALL ($3::uuid[]))
     + (SELECT count(*) FROM service s JOIN operation c ON c.service_id = s.id AND c.kind = 'set_params'
            AND c.status IN ('queued', 'running', 'waiting', 'manual') AND c.payload -> 'change' ->> 'tariff_id' = $2::text
        WHERE s.client_id = $1 AND s.tariff_id <> $2 AND s.status <> 'deleted' AND s.id <> ALL ($3::uuid[])) AS services,
       had.of_tariff, had.of_group, had.of_type
FROM tariff t CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE x.id = t.id) AS of_tariff,
           count(*) FILTER (WHERE x.id = t.id OR x.group_id = t.group_id) AS of_group,
           count(*) FILTER (WHERE x.product_type = t.product_type) AS of_type
    FROM service s JOIN tariff x ON x.id = s.trial_tariff_id JOIN client_order o ON o.id = s.order_id
    WHERE s.client_id = $1 AND s.trial_tariff_id IS NOT NULL AND o.status <> 'cancelled' AND s.id <> ALL ($3::uuid[])
) had
WHERE t.id = $2`

// ClientUse counts what rules about a client go by.
func (s moduleStore) ClientUse(ctx context.Context, c actor.ClientID, t catalog.TariffID, but []actor.ServiceID) (catalog.Use, error) {
	var row struct {
		Services int `db:"services"`
		OfTariff int `db:"of_tariff"`
		OfGroup  int `db:"of_group"`
		OfType   int `db:"of_type"`
	}
	err := s.get(ctx, &row, clientUse, c, t, texts(but))
	use := catalog.Use{Services: row.Services, TrialsOfTariff: row.OfTariff, TrialsOfGroup: row.OfGroup, TrialsOfType: row.OfType}
	return use, wrap("count services of a client", err)
}

const dataCentersByIDs = `
SELECT id, name, external_id, sort_order, icon_kind, coalesce(icon_country, '') AS icon_country, created_at, version
FROM data_center WHERE id = ANY($1::uuid[]) ORDER BY id`

// DataCentersByIDs reads those of the data centers that exist.
func (s moduleStore) DataCentersByIDs(ctx context.Context, ids []datacenter.ID) ([]datacenter.DataCenter, error) {
	return s.dataCenters(ctx, dataCentersByIDs, ids)
}

const shareDataCenters = dataCentersByIDs + ` FOR SHARE`

// ShareDataCenters is DataCentersByIDs, and keeps them as they are.
func (s moduleStore) ShareDataCenters(ctx context.Context, ids []datacenter.ID) ([]datacenter.DataCenter, error) {
	return s.dataCenters(ctx, shareDataCenters, ids)
}

func (s moduleStore) dataCenters(ctx context.Context, query string, ids []datacenter.ID) ([]datacenter.DataCenter, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []dataCenterRow
	if err := s.all(ctx, &rows, query, texts(ids)); err != nil {
		return nil, wrap("read data centers", err)
	}
	return each(rows, dataCenterRow.toDataCenter), nil
}

const shareDepartment = `
SELECT id, name, email, created_at, version FROM department
WHERE $1::uuid IS NULL OR id = $1 ORDER BY id LIMIT 1 FOR KEY SHARE`

// ShareDepartment reads a department, or the first one, and keeps it from being deleted.
func (s moduleStore) ShareDepartment(ctx context.Context, id department.ID) (department.Department, error) {
	var r departmentRow
	if err := s.get(ctx, &r, shareDepartment, nullable(id)); err != nil {
		return department.Department{}, missing(err, department.ErrNone, "read department")
	}
	return r.toDepartment(), nil
}
