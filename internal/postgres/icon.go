package postgres

import (
	"context"

	"github.com/tariffd/tariffd/internal/datacenter"
)

const putIcon = `
INSERT INTO data_center_image (data_center_id, png, hash) VALUES ($1, $2, $3)
ON CONFLICT (data_center_id) DO UPDATE SET png = excluded.png, hash = excluded.hash WHERE data_center_image.hash <> excluded.hash`

// PutIcon stores the picture of a locked data center; false: it is the one that is there.
func (s dataCenterStore) PutIcon(ctx context.Context, id datacenter.ID, png, hash []byte) (bool, error) {
	n, err := s.exec(ctx, putIcon, id, png, hash)
	return n == 1, wrap("store the picture of a data center", err)
}

const dropIcon = `DELETE FROM data_center_image WHERE data_center_id = $1`

// DropIcon removes the picture of a locked data center.
func (s dataCenterStore) DropIcon(ctx context.Context, id datacenter.ID) error {
	_, err := s.exec(ctx, dropIcon, id)
	return wrap("drop the picture of a data center", err)
}

const dataCenterIcon = `SELECT i.png, d.version FROM data_center_image i JOIN data_center d ON d.id = i.data_center_id WHERE d.id = $1`

// DataCenterIcon reads the picture of a data center, with the data center's version; anybody may see it.
func (r *Reader) DataCenterIcon(ctx context.Context, id datacenter.ID) (png []byte, version int64, err error) {
	var row struct {
		PNG     []byte `db:"png"`
		Version int64  `db:"version"`
	}
	if err = r.get(ctx, &row, dataCenterIcon, id); err != nil {
		return nil, 0, fromConstraint(missing(err, datacenter.ErrNoIcon, "read the picture of a data center"))
	}
	return row.PNG, row.Version, nil
}
