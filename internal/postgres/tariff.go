package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

// tariffStore writes tariffs and their versions.
type tariffStore struct{ conn }

type tariffRow struct {
	ID          catalog.TariffID      `db:"id"`
	ProviderID  actor.ProviderID      `db:"provider_id"`
	ProductType string                `db:"product_type"`
	Code        string                `db:"code"`
	GroupID     catalog.TariffGroupID `db:"group_id"`
	Status      catalog.TariffStatus  `db:"status"`
	Number      int                   `db:"current_version"`
	Offer       []byte                `db:"offer"`
	Periods     pq.StringArray        `db:"periods"`
	CreatedAt   time.Time             `db:"created_at"`
	Version     int64                 `db:"version"`
}

func (r tariffRow) toTariff() (catalog.Tariff, error) {
	t := r.plain()
	var err error
	t.Offer, err = toOffer(r.Offer)
	return t, err
}

// plain is the tariff without its offer.
func (r tariffRow) plain() catalog.Tariff {
	return catalog.Tariff{
		ID: r.ID, ProviderID: r.ProviderID, ProductType: r.ProductType, Code: r.Code, GroupID: r.GroupID, Status: r.Status, Number: r.Number,
		CreatedAt: r.CreatedAt.UTC(), Version: r.Version, TypePeriods: each(r.Periods, toPeriod),
	}
}

// toOffer reads an offer's document.
func toOffer(raw []byte) (o catalog.Offer, err error) {
	if err = json.Unmarshal(raw, &o); err != nil {
		return catalog.Offer{}, fmt.Errorf("read an offer: %w", err)
	}
	return o, nil
}

func toTariffs(rows []tariffRow) ([]catalog.Tariff, error) {
	out := make([]catalog.Tariff, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.toTariff(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const tariffColumns = `
SELECT t.id, t.provider_id, t.product_type, t.code, coalesce(t.group_id::text, '') AS group_id, t.status, t.current_version, v.offer, p.periods, t.created_at, t.version
FROM tariff t
JOIN tariff_version v ON v.tariff_id = t.id AND v.number = t.current_version
JOIN product_type p ON p.code = t.product_type `

const tariffByID = tariffColumns + `WHERE t.id = $1`

// TariffByID reads a tariff and its newest offer.
func (s tariffStore) TariffByID(ctx context.Context, id catalog.TariffID) (catalog.Tariff, error) {
	var r tariffRow
	if err := s.get(ctx, &r, tariffByID, id); err != nil {
		return catalog.Tariff{}, missing(err, catalog.ErrNoTariff, "read tariff")
	}
	return r.toTariff()
}

// A locked row is read by a statement of its own: only the snapshot after the lock shows which version is the newest.
const (
	lockTariff        = `SELECT id FROM tariff WHERE id = $1 FOR SHARE`
	lockTariffForEdit = `SELECT id FROM tariff WHERE id = $1 FOR UPDATE`
)

// LockTariff reads a tariff and keeps it as it is.
func (s tariffStore) LockTariff(ctx context.Context, id catalog.TariffID) (catalog.Tariff, error) {
	return s.locked(ctx, lockTariff, id)
}

// LockTariffForEdit locks a tariff for a change.
func (s tariffStore) LockTariffForEdit(ctx context.Context, id catalog.TariffID) (catalog.Tariff, error) {
	return s.locked(ctx, lockTariffForEdit, id)
}

func (s tariffStore) locked(ctx context.Context, query string, id catalog.TariffID) (catalog.Tariff, error) {
	var found string
	if err := s.get(ctx, &found, query, id); err != nil {
		return catalog.Tariff{}, missing(err, catalog.ErrNoTariff, "lock tariff")
	}
	return s.TariffByID(ctx, id)
}

const tariffVersion = `SELECT offer FROM tariff_version WHERE tariff_id = $1 AND number = $2`

// TariffVersion reads one version's offer.
func (s tariffStore) TariffVersion(ctx context.Context, id catalog.TariffID, number int) (catalog.Offer, error) {
	var raw []byte
	if err := s.get(ctx, &raw, tariffVersion, id, number); err != nil {
		return catalog.Offer{}, missing(err, catalog.ErrNoTariff, "read a tariff's version")
	}
	return toOffer(raw)
}

const insertTariff = `
INSERT INTO tariff (id, provider_id, product_type, code, name, status, data_center_ids, module_ids, current_version, created_at, group_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

// InsertTariff adds a tariff; its version is inserted apart.
func (s tariffStore) InsertTariff(ctx context.Context, t catalog.Tariff) error {
	_, err := s.exec(ctx, insertTariff, t.ID, t.ProviderID, t.ProductType, t.Code, t.Offer.Name, t.Status, texts(t.Offer.DataCenterIDs),
		texts(t.Offer.ModuleIDs), t.Number, t.CreatedAt, nullable(t.GroupID))
	return wrap("insert tariff", err)
}

const updateTariff = `
UPDATE tariff SET code = $2, name = $3, status = $4, data_center_ids = $5, module_ids = $6, current_version = $7, group_id = $8,
       version = version + 1
WHERE id = $1`

// UpdateTariff writes a locked tariff back.
func (s tariffStore) UpdateTariff(ctx context.Context, t catalog.Tariff) error {
	_, err := s.exec(ctx, updateTariff, t.ID, t.Code, t.Offer.Name, t.Status, texts(t.Offer.DataCenterIDs), texts(t.Offer.ModuleIDs), t.Number,
		nullable(t.GroupID))
	return wrap("update tariff", err)
}

const deleteTariff = `DELETE FROM tariff WHERE id = $1`

// DeleteTariff removes a tariff and its versions.
func (s tariffStore) DeleteTariff(ctx context.Context, id catalog.TariffID) error {
	_, err := s.exec(ctx, deleteTariff, id)
	return wrap("delete tariff", err)
}

const insertTariffVersion = `INSERT INTO tariff_version (tariff_id, number, offer, created_at) VALUES ($1, $2, $3, $4)`

// InsertTariffVersion adds a version beside the older ones.
func (s tariffStore) InsertTariffVersion(ctx context.Context, id catalog.TariffID, number int, o catalog.Offer, at time.Time) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("write an offer: %w", err)
	}
	_, err = s.exec(ctx, insertTariffVersion, id, number, raw, at)
	return wrap("insert a tariff's version", err)
}

const rewriteTariffVersion = `UPDATE tariff_version SET number = $3, offer = $4 WHERE tariff_id = $1 AND number = $2`

// RewriteTariffVersion replaces a version that nobody agreed to by its successor.
func (s tariffStore) RewriteTariffVersion(ctx context.Context, id catalog.TariffID, number, successor int, o catalog.Offer) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("write an offer: %w", err)
	}
	n, err := s.exec(ctx, rewriteTariffVersion, id, number, successor, raw)
	if err == nil && n != 1 {
		err = fault.New(fault.Internal, "internal", "version %d of tariff %s is gone", number, id)
	}
	return wrap("rewrite a tariff's version", err)
}

// Of a version's terms the tariff's own row is always one.
const tariffVersionInUse = `
SELECT EXISTS (SELECT FROM service WHERE tariff_id = $1 AND ($2 = 0 OR tariff_version = $2))
    OR EXISTS (SELECT FROM service s JOIN service_term m ON m.client_id = s.client_id AND m.service_id = s.id
               WHERE s.tariff_id = $1 AND m.item = '' AND m.source = 'tariff' AND ($2 = 0 OR m.tariff_version = $2))
    OR EXISTS (SELECT FROM operation WHERE status IN ('queued', 'running', 'waiting', 'manual') AND kind = 'set_params'
               AND payload -> 'change' ->> 'tariff_id' = $1::text AND ($2 = 0 OR (payload -> 'change' ->> 'tariff_version')::int = $2))`

// TariffVersionInUse tells whether a service was sold by a version, has terms of it or is being changed to it; 0 is any version.
func (s tariffStore) TariffVersionInUse(ctx context.Context, id catalog.TariffID, number int) (used bool, err error) {
	err = s.get(ctx, &used, tariffVersionInUse, id, number)
	return used, wrap("look for services of a tariff", err)
}

const unitsHeld = `
SELECT DISTINCT a ->> 'unit'
FROM tariff_version v
CROSS JOIN jsonb_array_elements(v.offer -> 'add_ons') a
WHERE v.tariff_id = $1 AND a ->> 'code' = $2 AND a ->> 'billing' IN ('order', 'manual') AND a ->> 'unit' <> ''
  AND (EXISTS (SELECT FROM service WHERE tariff_id = $1 AND status <> 'deleted' AND add_ons ? $2)
    OR EXISTS (SELECT FROM operation WHERE status IN ('queued', 'running', 'waiting', 'manual') AND kind = 'set_params'
               AND payload -> 'change' ->> 'tariff_id' = $1::text AND payload -> 'change' -> 'add_ons' ? $2))`

// UnitsHeld reads in which units versions of a tariff sold an add-on that services have of it or are being changed to.
func (s tariffStore) UnitsHeld(ctx context.Context, id catalog.TariffID, addOn string) ([]string, error) {
	var units []string
	err := s.all(ctx, &units, unitsHeld, id, addOn)
	return units, wrap("read the units of an add-on that is held", err)
}

const tariffsWith = tariffColumns + `WHERE t.module_ids @> ARRAY[$1::uuid] ORDER BY t.id`

// TariffsWith reads the tariffs that name a module.
func (s tariffStore) TariffsWith(ctx context.Context, id provision.ModuleID) ([]catalog.Tariff, error) {
	var rows []tariffRow
	if err := s.all(ctx, &rows, tariffsWith, id); err != nil {
		return nil, wrap("read tariffs of a module", err)
	}
	return toTariffs(rows)
}
