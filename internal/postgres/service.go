package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// serviceStore keeps sold services.
type serviceStore struct{ conn }

const insertService = `
INSERT INTO service (id, client_id, provider_id, order_id, position, status, name, product_type, tariff_id, tariff_version,
    period, currency, data_center_id, domain, add_ons, parameters, quote, auto_renew, created_at, trial_tariff_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
    CASE WHEN $11 = 'trial' THEN $9::uuid END)`

// InsertService writes a service that was just ordered, or is about to be taken over.
func (s serviceStore) InsertService(ctx context.Context, v service.Service) error {
	addOns, err := json.Marshal(v.AddOns)
	if err != nil {
		return err
	}
	parameters, err := json.Marshal(v.Parameters)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, insertService, v.ID, v.ClientID, v.ProviderID, nullable(v.OrderID), v.Position, v.Status, v.Name, v.ProductType,
		v.TariffID, v.TariffVersion, v.Period, v.Currency, nullable(v.DataCenterID), v.Domain, addOns, parameters, []byte(v.Quote),
		v.AutoRenew, v.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert service: %w", err)
	}
	return nil
}

// serviceColumns is shared by the statements that read whole services from `service s`, so that one row struct serves them
// all. serviceHead leaves out the quote that a service was sold by, which readers of the API never see.
const serviceColumns = serviceHead + `, s.quote`

const serviceHead = `
s.id, s.client_id, s.provider_id, coalesce(s.order_id::text, '') AS order_id, s.position, s.status, s.suspend_reasons, s.name, s.note,
s.product_type, s.tariff_id, s.tariff_version, s.period, s.trial_tariff_id IS NOT NULL AS ordered_as_trial, s.currency, coalesce(s.data_center_id::text, '') AS data_center_id,
coalesce(s.module_id::text, '') AS module_id, coalesce(s.external_id, '') AS external_id, s.domain, s.addresses, s.add_ons,
s.parameters, s.secrets, s.started_at, s.anchor, s.period_start, s.paid_until, s.auto_renew, s.delete_at, s.suspended_at, s.unpaid_since,
s.created_at, s.deleted_at, s.version`

const serviceByID = `SELECT ` + serviceColumns + ` FROM service s WHERE id = $1`

// ServiceByID reads without a lock.
func (s serviceStore) ServiceByID(ctx context.Context, id service.ID) (service.Service, error) {
	return s.one(ctx, serviceByID, id)
}

const lockService = `SELECT ` + serviceColumns + ` FROM service s WHERE id = $1 FOR UPDATE`

// LockService reads and locks; the client must be locked before.
func (s serviceStore) LockService(ctx context.Context, id service.ID) (service.Service, error) {
	return s.one(ctx, lockService, id)
}

func (s serviceStore) one(ctx context.Context, query string, id service.ID) (service.Service, error) {
	var row serviceRow
	err := s.get(ctx, &row, query, id)
	if isNoRows(err) {
		return service.Service{}, fault.Missing("service")
	}
	if err != nil {
		return service.Service{}, fmt.Errorf("read service: %w", err)
	}
	return row.toService()
}

const lockServicesOf = `SELECT ` + serviceColumns + ` FROM service s WHERE order_id = $1 ORDER BY position FOR UPDATE`

// LockServicesOf locks the services of an order.
func (s serviceStore) LockServicesOf(ctx context.Context, orderID string) ([]service.Service, error) {
	return s.many(ctx, lockServicesOf, orderID)
}

// Without an address a module is a panel of its own.
const lockPanel = `
SELECT pg_advisory_xact_lock(1413829449, hashtext(m.driver || E'\n' || coalesce(m.connection ->> 'url', m.id::text)))
FROM processing_module m WHERE m.id = $1`

// LockPanel makes those who take over a panel's objects follow each other until the transaction ends.
func (s serviceStore) LockPanel(ctx context.Context, id provision.ModuleID) error {
	_, err := s.exec(ctx, lockPanel, id)
	return wrap("lock a panel", err)
}

const heldObjects = `
SELECT DISTINCT s.external_id FROM service s
JOIN processing_module own ON own.id = $1
JOIN processing_module m ON m.id = s.module_id AND m.driver = own.driver
     AND (m.id = own.id OR m.connection ->> 'url' = own.connection ->> 'url')
WHERE s.status <> 'deleted' AND s.external_id = ANY ($2)`

// HeldObjects answers those of some objects of a module's panel that services have.
func (s serviceStore) HeldObjects(ctx context.Context, id provision.ModuleID, refs []provision.Ref) ([]provision.Ref, error) {
	var out []provision.Ref
	if err := s.all(ctx, &out, heldObjects, id, texts(refs)); err != nil {
		return nil, fmt.Errorf("read held objects: %w", err)
	}
	return out, nil
}

func (c conn) manyServices(ctx context.Context, query string, args ...any) ([]service.Service, error) {
	return serviceStore{c}.many(ctx, query, args...)
}

func (s serviceStore) many(ctx context.Context, query string, args ...any) ([]service.Service, error) {
	var rows []serviceRow
	if err := s.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read services: %w", err)
	}
	out := make([]service.Service, 0, len(rows))
	for _, r := range rows {
		v, err := r.toService()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

const updateService = `
UPDATE service SET status = $2, suspend_reasons = $3, name = $4, note = $5, tariff_version = $6, module_id = $7, external_id = $8,
    domain = $9, addresses = $10, add_ons = $11, parameters = $12, secrets = $13, started_at = $14, anchor = $15, period_start = $16,
    paid_until = $17, auto_renew = $18, delete_at = $19, suspended_at = $20, deleted_at = $21, period = $22, unpaid_since = $23,
    tariff_id = $24,
    claim_no = claim_no + 1, lease_until = NULL, version = version + 1
WHERE id = $1`

// UpdateService writes every mutable field, raises the version and gives a claim back.
func (s serviceStore) UpdateService(ctx context.Context, v service.Service) error {
	docs, err := marshalAll(orNothing(v.Addresses), v.AddOns, v.Parameters)
	if err != nil {
		return err
	}
	var anchor any
	if v.Anchor != nil {
		raw, err := json.Marshal(v.Anchor)
		if err != nil {
			return err
		}
		anchor = raw
	}
	n, err := s.exec(ctx, updateService, v.ID, v.Status, texts(v.SuspendReasons), v.Name, v.Note, v.TariffVersion, nullable(v.ModuleID),
		nullable(v.ExternalID), v.Domain, docs[0], docs[1], docs[2], v.Secrets, v.StartedAt, anchor, v.PeriodStart, v.PaidUntil,
		v.AutoRenew, v.DeleteAt, v.SuspendedAt, v.DeletedAt, v.Period, v.UnpaidSince, v.TariffID)
	if err == nil && n != 1 {
		err = fault.Missing("service")
	}
	if err != nil {
		return fmt.Errorf("update service: %w", err)
	}
	return nil
}

type serviceRow struct {
	ID             service.ID         `db:"id"`
	ClientID       actor.ClientID     `db:"client_id"`
	ProviderID     actor.ProviderID   `db:"provider_id"`
	OrderID        string             `db:"order_id"`
	Position       int                `db:"position"`
	Status         service.Status     `db:"status"`
	SuspendReasons pq.StringArray     `db:"suspend_reasons"`
	Name           string             `db:"name"`
	Note           string             `db:"note"`
	ProductType    string             `db:"product_type"`
	TariffID       catalog.TariffID   `db:"tariff_id"`
	TariffVersion  int                `db:"tariff_version"`
	Period         calendar.Period    `db:"period"`
	OrderedAsTrial bool               `db:"ordered_as_trial"`
	Currency       string             `db:"currency"`
	DataCenterID   datacenter.ID      `db:"data_center_id"`
	ModuleID       provision.ModuleID `db:"module_id"`
	ExternalID     provision.Ref      `db:"external_id"`
	Domain         string             `db:"domain"`
	Addresses      []byte             `db:"addresses"`
	AddOns         []byte             `db:"add_ons"`
	Parameters     []byte             `db:"parameters"`
	Quote          []byte             `db:"quote"`
	Secrets        []byte             `db:"secrets"`
	StartedAt      *time.Time         `db:"started_at"`
	Anchor         []byte             `db:"anchor"`
	PeriodStart    *time.Time         `db:"period_start"`
	PaidUntil      *time.Time         `db:"paid_until"`
	AutoRenew      bool               `db:"auto_renew"`
	DeleteAt       *time.Time         `db:"delete_at"`
	SuspendedAt    *time.Time         `db:"suspended_at"`
	UnpaidSince    *time.Time         `db:"unpaid_since"`
	CreatedAt      time.Time          `db:"created_at"`
	DeletedAt      *time.Time         `db:"deleted_at"`
	Version        int64              `db:"version"`
}

func (r serviceRow) toService() (service.Service, error) {
	v := service.Service{
		ID: r.ID, ClientID: r.ClientID, ProviderID: r.ProviderID, OrderID: r.OrderID, Position: r.Position, Status: r.Status,
		Name: r.Name, Note: r.Note, ProductType: r.ProductType, TariffID: r.TariffID, TariffVersion: r.TariffVersion,
		Period: r.Period, OrderedAsTrial: r.OrderedAsTrial, Currency: r.Currency, DataCenterID: r.DataCenterID, ModuleID: r.ModuleID, ExternalID: r.ExternalID,
		Domain: r.Domain, Quote: r.Quote, Secrets: r.Secrets, StartedAt: utc(r.StartedAt), PeriodStart: utc(r.PeriodStart),
		PaidUntil: utc(r.PaidUntil), AutoRenew: r.AutoRenew, DeleteAt: utc(r.DeleteAt), SuspendedAt: utc(r.SuspendedAt), UnpaidSince: utc(r.UnpaidSince),
		CreatedAt: r.CreatedAt.UTC(), DeletedAt: utc(r.DeletedAt), Version: r.Version,
	}
	for _, x := range r.SuspendReasons {
		v.SuspendReasons = append(v.SuspendReasons, service.Reason(x))
	}
	if r.Anchor != nil {
		v.Anchor = new(calendar.Anchor)
		if err := json.Unmarshal(r.Anchor, v.Anchor); err != nil {
			return v, fmt.Errorf("read service: %w", err)
		}
	}
	return v, unmarshalAll([][]byte{r.Addresses, r.AddOns, r.Parameters}, &v.Addresses, &v.AddOns, &v.Parameters)
}

// orNothing writes an empty list rather than null.
func orNothing[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func marshalAll(values ...any) ([][]byte, error) {
	out := make([][]byte, len(values))
	for i, v := range values {
		var err error
		if out[i], err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func unmarshalAll(docs [][]byte, into ...any) error {
	for i, doc := range docs {
		if err := json.Unmarshal(doc, into[i]); err != nil {
			return fmt.Errorf("read a document column: %w", err)
		}
	}
	return nil
}
