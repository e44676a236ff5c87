package postgres

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/datacenter"
)

// dataCenterStore writes data centers.
type dataCenterStore struct{ conn }

type dataCenterRow struct {
	ID          string    `db:"id"`
	Name        string    `db:"name"`
	ExternalID  string    `db:"external_id"`
	SortOrder   int       `db:"sort_order"`
	IconKind    string    `db:"icon_kind"`
	IconCountry string    `db:"icon_country"`
	CreatedAt   time.Time `db:"created_at"`
	Version     int64     `db:"version"`
}

func (r dataCenterRow) toDataCenter() datacenter.DataCenter {
	return datacenter.DataCenter{
		ID: datacenter.ID(r.ID), Name: r.Name, ExternalID: r.ExternalID, SortOrder: r.SortOrder,
		IconKind: r.IconKind, IconCountry: r.IconCountry, CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
}

const insertDataCenter = `
INSERT INTO data_center (id, name, external_id, sort_order, icon_kind, icon_country, created_at)
VALUES ($1, $2, $3, $4, $5, nullif($6, ''), $7)`

// InsertDataCenter adds a data center.
func (s dataCenterStore) InsertDataCenter(ctx context.Context, d datacenter.DataCenter) error {
	_, err := s.exec(ctx, insertDataCenter, d.ID, d.Name, d.ExternalID, d.SortOrder, d.IconKind, d.IconCountry, d.CreatedAt)
	return wrap("insert data center", err)
}

const lockDataCenter = `
SELECT id, name, external_id, sort_order, icon_kind, coalesce(icon_country, '') AS icon_country, created_at, version
FROM data_center WHERE id = $1 FOR UPDATE`

// LockDataCenter locks a data center for a change.
func (s dataCenterStore) LockDataCenter(ctx context.Context, id datacenter.ID) (datacenter.DataCenter, error) {
	var r dataCenterRow
	if err := s.get(ctx, &r, lockDataCenter, id); err != nil {
		return datacenter.DataCenter{}, missing(err, datacenter.ErrNoDataCenter, "lock data center")
	}
	return r.toDataCenter(), nil
}

const updateDataCenter = `
UPDATE data_center SET name = $2, external_id = $3, sort_order = $4, icon_kind = $5, icon_country = nullif($6, ''), version = version + 1
WHERE id = $1`

// UpdateDataCenter writes a locked data center back.
func (s dataCenterStore) UpdateDataCenter(ctx context.Context, d datacenter.DataCenter) error {
	_, err := s.exec(ctx, updateDataCenter, d.ID, d.Name, d.ExternalID, d.SortOrder, d.IconKind, d.IconCountry)
	return wrap("update data center", err)
}

const dataCenterInUse = `
SELECT EXISTS (SELECT FROM processing_module WHERE data_center_id = $1)
    OR EXISTS (SELECT FROM tariff WHERE data_center_ids @> ARRAY[$1::uuid])
    OR EXISTS (SELECT FROM service WHERE data_center_id = $1)`

// DataCenterInUse tells whether a module, a tariff or a service refers to it; tariffs do so without a foreign key.
func (s dataCenterStore) DataCenterInUse(ctx context.Context, id datacenter.ID) (used bool, err error) {
	err = s.get(ctx, &used, dataCenterInUse, id)
	return used, wrap("look for what uses a data center", err)
}

const deleteDataCenter = `DELETE FROM data_center WHERE id = $1`

// DeleteDataCenter removes a data center.
func (s dataCenterStore) DeleteDataCenter(ctx context.Context, id datacenter.ID) error {
	_, err := s.exec(ctx, deleteDataCenter, id)
	return wrap("delete data center", err)
}

const moduleDriversAt = `SELECT DISTINCT driver FROM processing_module WHERE data_center_id = $1 ORDER BY driver`

// ModuleDriversAt names the drivers of the modules that stand in a data center.
func (s dataCenterStore) ModuleDriversAt(ctx context.Context, id datacenter.ID) (drivers []string, err error) {
	err = s.all(ctx, &drivers, moduleDriversAt, id)
	return drivers, wrap("read drivers of a data center", err)
}
