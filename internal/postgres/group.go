package postgres

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
)

// groupStore writes the groups of tariffs and of clients.
type groupStore struct{ conn }

type groupRow struct {
	ID        string    `db:"id"`
	Name      string    `db:"name"`
	SortOrder int       `db:"sort_order"`
	CreatedAt time.Time `db:"created_at"`
	Version   int64     `db:"version"`
}

func (r groupRow) toTariffGroup() catalog.TariffGroup {
	return catalog.TariffGroup{
		ID: catalog.TariffGroupID(r.ID), Name: r.Name, SortOrder: r.SortOrder, CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
}

func (r groupRow) toClientGroup() client.Group {
	return client.Group{ID: client.GroupID(r.ID), Name: r.Name, SortOrder: r.SortOrder, CreatedAt: r.CreatedAt.UTC(), Version: r.Version}
}

const (
	tariffGroupByID  = `SELECT id, name, sort_order, created_at, version FROM tariff_group WHERE id = $1`
	shareTariffGroup = tariffGroupByID + ` FOR KEY SHARE`
	lockTariffGroup  = tariffGroupByID + ` FOR UPDATE`
)

// ShareTariffGroup keeps a group from being deleted while a tariff is put into it.
func (s groupStore) ShareTariffGroup(ctx context.Context, id catalog.TariffGroupID) (catalog.TariffGroup, error) {
	return s.tariffGroup(ctx, shareTariffGroup, id)
}

// LockTariffGroup locks a group for a change.
func (s groupStore) LockTariffGroup(ctx context.Context, id catalog.TariffGroupID) (catalog.TariffGroup, error) {
	return s.tariffGroup(ctx, lockTariffGroup, id)
}

func (c conn) tariffGroup(ctx context.Context, query string, id catalog.TariffGroupID) (catalog.TariffGroup, error) {
	var r groupRow
	if err := c.get(ctx, &r, query, id); err != nil {
		return catalog.TariffGroup{}, missing(err, catalog.ErrNoTariffGroup, "read tariff group")
	}
	return r.toTariffGroup(), nil
}

const insertTariffGroup = `INSERT INTO tariff_group (id, name, sort_order, created_at) VALUES ($1, $2, $3, $4)`

// InsertTariffGroup adds a group.
func (s groupStore) InsertTariffGroup(ctx context.Context, g catalog.TariffGroup) error {
	_, err := s.exec(ctx, insertTariffGroup, g.ID, g.Name, g.SortOrder, g.CreatedAt)
	return wrap("insert tariff group", err)
}

const updateTariffGroup = `UPDATE tariff_group SET name = $2, sort_order = $3, version = version + 1 WHERE id = $1`

// UpdateTariffGroup writes a locked group back.
func (s groupStore) UpdateTariffGroup(ctx context.Context, g catalog.TariffGroup) error {
	_, err := s.exec(ctx, updateTariffGroup, g.ID, g.Name, g.SortOrder)
	return wrap("update tariff group", err)
}

const deleteTariffGroup = `DELETE FROM tariff_group WHERE id = $1`

// DeleteTariffGroup removes a group; a tariff that is in it breaks a foreign key.
func (s groupStore) DeleteTariffGroup(ctx context.Context, id catalog.TariffGroupID) error {
	_, err := s.exec(ctx, deleteTariffGroup, id)
	return wrap("delete tariff group", err)
}

const shareGroups = `SELECT id FROM client_group WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE`

// ShareGroups answers those of the client groups that exist, and keeps them.
func (s groupStore) ShareGroups(ctx context.Context, ids []client.GroupID) (known []client.GroupID, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = s.all(ctx, &known, shareGroups, texts(ids))
	return known, wrap("read client groups", err)
}

const (
	clientGroupByID = `SELECT id, name, sort_order, created_at, version FROM client_group WHERE id = $1`
	lockGroup       = clientGroupByID + ` FOR UPDATE`
)

// LockGroup locks a client group for a change.
func (s groupStore) LockGroup(ctx context.Context, id client.GroupID) (client.Group, error) {
	return s.clientGroup(ctx, lockGroup, id)
}

func (c conn) clientGroup(ctx context.Context, query string, id client.GroupID) (client.Group, error) {
	var r groupRow
	if err := c.get(ctx, &r, query, id); err != nil {
		return client.Group{}, missing(err, client.ErrNoGroup, "read client group")
	}
	return r.toClientGroup(), nil
}

const insertGroup = `INSERT INTO client_group (id, name, sort_order, created_at) VALUES ($1, $2, $3, $4)`

// InsertGroup adds a client group.
func (s groupStore) InsertGroup(ctx context.Context, g client.Group) error {
	_, err := s.exec(ctx, insertGroup, g.ID, g.Name, g.SortOrder, g.CreatedAt)
	return wrap("insert client group", err)
}

const updateGroup = `UPDATE client_group SET name = $2, sort_order = $3, version = version + 1 WHERE id = $1`

// UpdateGroup writes a locked client group back.
func (s groupStore) UpdateGroup(ctx context.Context, g client.Group) error {
	_, err := s.exec(ctx, updateGroup, g.ID, g.Name, g.SortOrder)
	return wrap("update client group", err)
}

// Older versions of a tariff do not count: what is ordered by them is judged by the client's group of then.
const groupInTariff = `
SELECT EXISTS (SELECT FROM tariff t JOIN tariff_version v ON v.tariff_id = t.id AND v.number = t.current_version
               WHERE v.offer -> 'policy' -> 'client_group_ids' ? $1::text)`

// GroupInTariff tells whether the newest version of a tariff is for the group.
func (s groupStore) GroupInTariff(ctx context.Context, id client.GroupID) (named bool, err error) {
	err = s.get(ctx, &named, groupInTariff, id)
	return named, wrap("look for tariffs of a client group", err)
}

const deleteGroup = `DELETE FROM client_group WHERE id = $1`

// DeleteGroup removes a client group; a client that is in it breaks a foreign key.
func (s groupStore) DeleteGroup(ctx context.Context, id client.GroupID) error {
	_, err := s.exec(ctx, deleteGroup, id)
	return wrap("delete client group", err)
}

// TariffGroup reads a group of tariffs; everybody with a key may.
func (r *Reader) TariffGroup(ctx context.Context, _ actor.Scope, id catalog.TariffGroupID) (catalog.TariffGroup, error) {
	g, err := r.tariffGroup(ctx, tariffGroupByID, id)
	return g, fromConstraint(err)
}

const listTariffGroups = `
SELECT id, name, sort_order, created_at, version FROM tariff_group
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge}) ORDER BY id {order} LIMIT $2`

// TariffGroups lists groups of tariffs in order of creation.
func (r *Reader) TariffGroups(ctx context.Context, _ actor.Scope, p actor.Page) ([]catalog.TariffGroup, error) {
	var rows []groupRow
	if err := r.all(ctx, &rows, inOrder(listTariffGroups, p.Desc), p.After, p.Rows()); err != nil {
		return nil, fromConstraint(wrap("list tariff groups", err))
	}
	return each(rows, groupRow.toTariffGroup), nil
}

// ClientGroup reads a group of clients. The edge lets only staff ask.
func (r *Reader) ClientGroup(ctx context.Context, _ actor.Scope, id client.GroupID) (client.Group, error) {
	g, err := r.clientGroup(ctx, clientGroupByID, id)
	return g, fromConstraint(err)
}

const listClientGroups = `
SELECT id, name, sort_order, created_at, version FROM client_group
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge}) ORDER BY id {order} LIMIT $2`

// ClientGroups lists groups of clients in order of creation.
func (r *Reader) ClientGroups(ctx context.Context, _ actor.Scope, p actor.Page) ([]client.Group, error) {
	var rows []groupRow
	if err := r.all(ctx, &rows, inOrder(listClientGroups, p.Desc), p.After, p.Rows()); err != nil {
		return nil, fromConstraint(wrap("list client groups", err))
	}
	return each(rows, groupRow.toClientGroup), nil
}
