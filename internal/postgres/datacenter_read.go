package postgres

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/datacenter"
)

const dataCenterByID = `
SELECT id, name, external_id, sort_order, icon_kind, coalesce(icon_country, '') AS icon_country, created_at, version
FROM data_center WHERE id = $1`

// DataCenter reads a data center. They belong to the installation and everybody with a key may see them.
func (r *Reader) DataCenter(ctx context.Context, _ actor.Scope, id datacenter.ID) (datacenter.DataCenter, error) {
	var row dataCenterRow
	if err := r.get(ctx, &row, dataCenterByID, id); err != nil {
		return datacenter.DataCenter{}, fromConstraint(missing(err, datacenter.ErrNoDataCenter, "read data center"))
	}
	return row.toDataCenter(), nil
}

const listDataCenters = `
SELECT id, name, external_id, sort_order, icon_kind, coalesce(icon_country, '') AS icon_country, created_at, version
FROM data_center
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge}) ORDER BY id {order} LIMIT $2`

// DataCenters lists data centers in order of creation.
func (r *Reader) DataCenters(ctx context.Context, _ actor.Scope, p actor.Page) ([]datacenter.DataCenter, error) {
	var rows []dataCenterRow
	if err := r.all(ctx, &rows, inOrder(listDataCenters, p.Desc), p.After, p.Rows()); err != nil {
		return nil, fromConstraint(wrap("list data centers", err))
	}
	return each(rows, dataCenterRow.toDataCenter), nil
}
