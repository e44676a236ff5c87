package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/tariff"
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

func (r groupRow) toTariffGroup() tariff.Group {
	return tariff.Group{
		ID: catalog.TariffGroupID(r.ID), Name: r.Name, SortOrder: r.SortOrder, CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
}

func (r groupRow) toClientGroup() client.Group {
	return client.Group{ID: client.GroupID(r.ID), Name: r.Name, SortOrder: r.SortOrder, CreatedAt: r.CreatedAt.UTC(), Version: r.Version}
}

// groupTable is the SQL of tariff_group or client_group, which have the same columns.
type groupTable struct {
	noun    string
	unknown error

	byID, share, lock, insert, update, remove, page, whole string
}

func newGroupTable(table, noun string, unknown error) groupTable {
	in := func(query string) string { return strings.ReplaceAll(query, "{table}", table) }
	const byID = `SELECT id, name, sort_order, created_at, version FROM {table} WHERE id = $1`
	return groupTable{
		noun: noun, unknown: unknown,
		byID: in(byID), share: in(byID + ` FOR KEY SHARE`), lock: in(byID + ` FOR UPDATE`),
		insert: in(`INSERT INTO {table} (id, name, sort_order, created_at) VALUES ($1, $2, $3, $4)`),
		update: in(`UPDATE {table} SET name = $2, sort_order = $3, version = version + 1 WHERE id = $1`),
		remove: in(`DELETE FROM {table} WHERE id = $1`),
		page: in(`SELECT id, name, sort_order, created_at, version FROM {table}
WHERE id {after} coalesce(nullif($1, '')::uuid, {edge}) ORDER BY id {order} LIMIT $2`),
		whole: in(`SELECT id, name, sort_order, created_at, version FROM {table} ORDER BY id`),
	}
}

var (
	tariffGroups = newGroupTable("tariff_group", "tariff group", tariff.ErrNoGroup)
	clientGroups = newGroupTable("client_group", "client group", client.ErrNoGroup)
)

// one reads a group by one of the table's queries.
func (t groupTable) one(ctx context.Context, c conn, query, id string) (r groupRow, err error) {
	if err = c.get(ctx, &r, query, id); err != nil {
		return r, missing(err, t.unknown, "read "+t.noun)
	}
	return r, nil
}

// write runs one of the table's statements; what is broken by it is for the constraints to tell.
func (t groupTable) write(ctx context.Context, c conn, verb, query string, args ...any) error {
	_, err := c.exec(ctx, query, args...)
	return wrap(verb+" "+t.noun, err)
}

// list reads a page in order of creation.
func (t groupTable) list(ctx context.Context, c conn, p actor.Page) (rows []groupRow, err error) {
	err = c.all(ctx, &rows, inOrder(t.page, p.Desc), p.After, p.Rows())
	return rows, fromConstraint(wrap("list "+t.noun+"s", err))
}

// every reads the whole table.
func (t groupTable) every(ctx context.Context, c conn) (rows []groupRow, err error) {
	err = c.all(ctx, &rows, t.whole)
	return rows, wrap("read "+t.noun+"s", err)
}

// ShareTariffGroup keeps a group from being deleted while a tariff is put into it.
func (s groupStore) ShareTariffGroup(ctx context.Context, id catalog.TariffGroupID) (tariff.Group, error) {
	r, err := tariffGroups.one(ctx, s.conn, tariffGroups.share, string(id))
	return r.toTariffGroup(), err
}

// LockTariffGroup locks a group for a change.
func (s groupStore) LockTariffGroup(ctx context.Context, id catalog.TariffGroupID) (tariff.Group, error) {
	r, err := tariffGroups.one(ctx, s.conn, tariffGroups.lock, string(id))
	return r.toTariffGroup(), err
}

// InsertTariffGroup adds a group.
func (s groupStore) InsertTariffGroup(ctx context.Context, g tariff.Group) error {
	return tariffGroups.write(ctx, s.conn, "insert", tariffGroups.insert, g.ID, g.Name, g.SortOrder, g.CreatedAt)
}

// UpdateTariffGroup writes a locked group back.
func (s groupStore) UpdateTariffGroup(ctx context.Context, g tariff.Group) error {
	return tariffGroups.write(ctx, s.conn, "update", tariffGroups.update, g.ID, g.Name, g.SortOrder)
}

// DeleteTariffGroup removes a group; a tariff that is in it breaks a foreign key.
func (s groupStore) DeleteTariffGroup(ctx context.Context, id catalog.TariffGroupID) error {
	return tariffGroups.write(ctx, s.conn, "delete", tariffGroups.remove, id)
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

// LockGroup locks a client group for a change.
func (s groupStore) LockGroup(ctx context.Context, id client.GroupID) (client.Group, error) {
	r, err := clientGroups.one(ctx, s.conn, clientGroups.lock, string(id))
	return r.toClientGroup(), err
}

// InsertGroup adds a client group.
func (s groupStore) InsertGroup(ctx context.Context, g client.Group) error {
	return clientGroups.write(ctx, s.conn, "insert", clientGroups.insert, g.ID, g.Name, g.SortOrder, g.CreatedAt)
}

// UpdateGroup writes a locked client group back.
func (s groupStore) UpdateGroup(ctx context.Context, g client.Group) error {
	return clientGroups.write(ctx, s.conn, "update", clientGroups.update, g.ID, g.Name, g.SortOrder)
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

// DeleteGroup removes a client group; a client that is in it breaks a foreign key.
func (s groupStore) DeleteGroup(ctx context.Context, id client.GroupID) error {
	return clientGroups.write(ctx, s.conn, "delete", clientGroups.remove, id)
}

// TariffGroup reads a group of tariffs; everybody with a key may.
func (r *Reader) TariffGroup(ctx context.Context, _ actor.Scope, id catalog.TariffGroupID) (tariff.Group, error) {
	g, err := tariffGroups.one(ctx, r.conn, tariffGroups.byID, string(id))
	return g.toTariffGroup(), fromConstraint(err)
}

// TariffGroups lists groups of tariffs in order of creation.
func (r *Reader) TariffGroups(ctx context.Context, _ actor.Scope, p actor.Page) ([]tariff.Group, error) {
	rows, err := tariffGroups.list(ctx, r.conn, p)
	return each(rows, groupRow.toTariffGroup), err
}

// ClientGroup reads a group of clients. The edge lets only staff ask.
func (r *Reader) ClientGroup(ctx context.Context, _ actor.Scope, id client.GroupID) (client.Group, error) {
	g, err := clientGroups.one(ctx, r.conn, clientGroups.byID, string(id))
	return g.toClientGroup(), fromConstraint(err)
}

// ClientGroups lists groups of clients in order of creation.
func (r *Reader) ClientGroups(ctx context.Context, _ actor.Scope, p actor.Page) ([]client.Group, error) {
	rows, err := clientGroups.list(ctx, r.conn, p)
	return each(rows, groupRow.toClientGroup), err
}
