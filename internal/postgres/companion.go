package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/module"
)

// companionStore writes IP managers and license servers. It alone seals and opens their passwords.
type companionStore struct{ conn }

type companionRow struct {
	ID        module.CompanionID   `db:"id"`
	Kind      module.CompanionKind `db:"kind"`
	Name      string               `db:"name"`
	URL       string               `db:"url"`
	Username  string               `db:"username"`
	Password  []byte               `db:"password"`
	CreatedAt time.Time            `db:"created_at"`
	Version   int64                `db:"version"`
}

// toCompanion leaves the password sealed.
func (r companionRow) toCompanion() module.Companion {
	return module.Companion{
		ID: r.ID, Kind: r.Kind, Name: r.Name, URL: r.URL, Username: r.Username, CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
	}
}

func (s companionStore) opened(r companionRow) (module.Companion, error) {
	c := r.toCompanion()
	plain, err := s.db.o.Box.Open(r.Password)
	if err != nil {
		return module.Companion{}, fmt.Errorf("open the password of companion %s: %w", r.ID, err)
	}
	c.Password = string(plain)
	return c, nil
}

const companionsByIDs = `
SELECT id, kind, name, url, username, password, created_at, version FROM companion WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE`

// CompanionsByIDs reads those that exist, with their passwords, and keeps them from going away. Words that are no ids name
// nothing.
func (s companionStore) CompanionsByIDs(ctx context.Context, ids []module.CompanionID) ([]module.Companion, error) {
	var rows []companionRow
	if err := s.all(ctx, &rows, companionsByIDs, texts(onlyIDs(ids))); err != nil {
		return nil, wrap("read companions", err)
	}
	out := make([]module.Companion, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = s.opened(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// onlyIDs leaves out what cannot be an id, which the cast of the statement would refuse.
func onlyIDs[T ~string](ids []T) []T {
	var out []T
	for _, id := range ids {
		if actor.IsID(string(id)) {
			out = append(out, id)
		}
	}
	return out
}

const lockCompanion = `
SELECT id, kind, name, url, username, password, created_at, version FROM companion WHERE id = $2 AND kind = $1 FOR UPDATE`

// LockCompanion locks one for a change and reads it with its password.
func (s companionStore) LockCompanion(ctx context.Context, kind module.CompanionKind, id module.CompanionID) (module.Companion, error) {
	var r companionRow
	if err := s.get(ctx, &r, lockCompanion, kind, id); err != nil {
		return module.Companion{}, missing(err, kind.Missing(), "lock companion")
	}
	return s.opened(r)
}

const insertCompanion = `
INSERT INTO companion (id, kind, name, url, username, password, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`

// InsertCompanion adds one and seals its password.
func (s companionStore) InsertCompanion(ctx context.Context, c module.Companion) error {
	password, err := s.db.o.Box.Seal([]byte(c.Password))
	if err != nil {
		return fmt.Errorf("seal a companion's password: %w", err)
	}
	_, err = s.exec(ctx, insertCompanion, c.ID, c.Kind, c.Name, c.URL, c.Username, password, c.CreatedAt)
	return wrap("insert companion", err)
}

const updateCompanion = `
UPDATE companion SET name = $2, url = $3, username = $4, password = $5, version = version + 1 WHERE id = $1`

// UpdateCompanion writes a locked one back and seals its password anew.
func (s companionStore) UpdateCompanion(ctx context.Context, c module.Companion) error {
	password, err := s.db.o.Box.Seal([]byte(c.Password))
	if err != nil {
		return fmt.Errorf("seal a companion's password: %w", err)
	}
	_, err = s.exec(ctx, updateCompanion, c.ID, c.Name, c.URL, c.Username, password)
	return wrap("update companion", err)
}

const deleteCompanion = `DELETE FROM companion WHERE id = $1`

// DeleteCompanion removes one.
func (s companionStore) DeleteCompanion(ctx context.Context, id module.CompanionID) error {
	_, err := s.exec(ctx, deleteCompanion, id)
	return wrap("delete companion", err)
}

const companionInUse = `SELECT EXISTS (SELECT FROM processing_module WHERE parameters ->> $1 = $2)`

// CompanionInUse tells whether a module names it in a parameter.
func (s companionStore) CompanionInUse(ctx context.Context, member string, id module.CompanionID) (bool, error) {
	var used bool
	err := s.get(ctx, &used, companionInUse, member, id)
	return used, wrap("look for a companion's modules", err)
}

const companionServes = `
SELECT EXISTS (
    SELECT FROM processing_module m
    WHERE m.parameters ->> $1 = $2 AND (
        EXISTS (SELECT FROM service s WHERE s.module_id = m.id AND s.status <> 'deleted')
        OR EXISTS (SELECT FROM operation o WHERE o.module_id = m.id AND o.status IN ('queued', 'running', 'waiting', 'manual'))))`

// CompanionServes tells whether services that are not deleted, or operations under way, are on a module that names it.
func (s companionStore) CompanionServes(ctx context.Context, member string, id module.CompanionID) (bool, error) {
	var serves bool
	err := s.get(ctx, &serves, companionServes, member, id)
	return serves, wrap("look for a companion's services", err)
}

const companionByID = `
SELECT id, kind, name, url, username, password, created_at, version FROM companion WHERE id = $2 AND kind = $1`

// Companion reads one without its password. They belong to the installation: the edge lets only staff ask.
func (r *Reader) Companion(ctx context.Context, _ actor.Scope, kind module.CompanionKind, id module.CompanionID) (module.Companion, error) {
	var row companionRow
	if err := r.get(ctx, &row, companionByID, kind, id); err != nil {
		return module.Companion{}, fromConstraint(missing(err, kind.Missing(), "read companion"))
	}
	return row.toCompanion(), nil
}

const listCompanions = `
SELECT id, kind, name, url, username, password, created_at, version FROM companion
WHERE kind = $1 AND id {after} coalesce(nullif($2, '')::uuid, {edge}) ORDER BY id {order} LIMIT $3`

// Companions lists those of a kind in order of creation, without their passwords.
func (r *Reader) Companions(ctx context.Context, _ actor.Scope, kind module.CompanionKind, p actor.Page) ([]module.Companion, error) {
	var rows []companionRow
	if err := r.all(ctx, &rows, inOrder(listCompanions, p.Desc), kind, p.After, p.Rows()); err != nil {
		return nil, fromConstraint(wrap("list companions", err))
	}
	return each(rows, companionRow.toCompanion), nil
}
