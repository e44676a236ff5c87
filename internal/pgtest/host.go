package pgtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync/atomic"
)

// Advisory locks say who is alive. PostgreSQL lets go of them with the
// connection, so they outlive nobody, on this machine or another.
const (
	// lockSetup is held by the one process that sweeps or makes templates.
	lockSetup = 0x70677401
	// lockProcess + token is held by each test process.
	lockProcess = 0x70677402
	// lockTemplate + number is shared by all who clone that template.
	lockTemplate = 0x70677403
)

const (
	templatePrefix = "pgtest_template_"
	clonePrefix    = "pgtest_clone_"
)

// schema is what a template is made by.
type schema struct {
	files fs.FS
	up    func(ctx context.Context, pool *sql.DB) error
}

// number is a digest of all migrations, short enough for an advisory lock.
func (s schema) number() (int32, error) {
	sum := sha256.New()
	err := fs.WalkDir(s.files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(s.files, path)
		// The lengths keep a line moved between two files from going unseen.
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	return int32(binary.BigEndian.Uint32(sum.Sum(nil)) >> 1), err
}

// host is a server with this process's template.
type host struct {
	base     *url.URL
	admin    *sql.DB
	held     *sql.Conn // the connection that keeps the locks
	template string
	token    int32
	made     atomic.Int64
}

// connect joins the test processes on a server: it sweeps what dead ones left
// and makes the template unless it is there.
func connect(ctx context.Context, address string, s schema) (_ *host, err error) {
	base, err := url.Parse(address)
	if err != nil || base.Scheme == "" {
		return nil, fmt.Errorf("the server's address must be a postgres:// URL: %w", err)
	}
	number, err := s.number()
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	h := &host{base: base, template: fmt.Sprint(templatePrefix, number), token: rand.Int32()}
	if h.admin, err = sql.Open("postgres", address); err != nil {
		return nil, err
	}
	h.admin.SetMaxOpenConns(4)
	defer func() {
		if err != nil {
			h.leave()
		}
	}()
	if h.held, err = h.admin.Conn(ctx); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	// Sweeping, making and joining happen under one lock, so nobody can sweep
	// what another is about to use.
	if err := h.lock(ctx, `SELECT pg_advisory_lock($1, $2)`, lockSetup, 0); err != nil {
		return nil, err
	}
	if err := h.lock(ctx, `SELECT pg_advisory_lock($1, $2)`, lockProcess, h.token); err != nil {
		return nil, err
	}
	if err := h.lock(ctx, `SELECT pg_advisory_lock_shared($1, $2)`, lockTemplate, number); err != nil {
		return nil, err
	}
	if err := h.sweep(ctx); err != nil {
		return nil, err
	}
	if err := h.ensureTemplate(ctx, s); err != nil {
		return nil, fmt.Errorf("make the template database: %w", err)
	}
	return h, h.lock(ctx, `SELECT pg_advisory_unlock($1, $2)`, lockSetup, 0)
}

func (h *host) lock(ctx context.Context, query string, kind, number int32) error {
	if _, err := h.held.ExecContext(ctx, query, kind, number); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// leave gives up the locks; what was made is then anybody's to sweep.
func (h *host) leave() {
	if h.held != nil {
		_ = h.held.Close()
	}
	_ = h.admin.Close()
}

// Names end in the numbers of the locks that protect them: a clone's in its
// process's token and a count, a template's in the migrations' number.
const selectUnused = `
SELECT d.datname
FROM   pg_database d
WHERE  d.datname ~ '^pgtest_(clone_[0-9]+_|template_)[0-9]+$'
AND    NOT EXISTS (
	SELECT FROM pg_locks l
	WHERE  l.locktype = 'advisory'
	AND    l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND    l.objsubid = 2
	AND    l.classid::bigint = CASE split_part(d.datname, '_', 2) WHEN 'clone' THEN $1::bigint ELSE $2::bigint END
	AND    l.objid::text = split_part(d.datname, '_', 3))`

// sweep drops the databases that no living process uses.
func (h *host) sweep(ctx context.Context) error {
	rows, err := h.held.QueryContext(ctx, selectUnused, lockProcess, lockTemplate)
	if err != nil {
		return fmt.Errorf("look for leftovers: %w", err)
	}
	defer rows.Close()
	var unused []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		unused = append(unused, name)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, name := range unused {
		if err := drop(ctx, h.admin, name); err != nil {
			return err
		}
	}
	return nil
}

// ensureTemplate makes the template. Its last step closes it to connections,
// as cloning demands; one that is still open was left half made.
func (h *host) ensureTemplate(ctx context.Context, s schema) error {
	var open bool
	err := h.held.QueryRowContext(ctx, `SELECT datallowconn FROM pg_database WHERE datname = $1`, h.template).Scan(&open)
	switch {
	case err == nil && !open:
		return nil
	case err == nil:
		if err := drop(ctx, h.admin, h.template); err != nil {
			return err
		}
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	if _, err := h.admin.ExecContext(ctx, `CREATE DATABASE `+h.template+` TEMPLATE template0`); err != nil {
		return err
	}
	pool, err := sql.Open("postgres", h.url(h.template))
	if err != nil {
		return err
	}
	err = s.up(ctx, pool)
	if err = errors.Join(err, pool.Close()); err != nil {
		return err
	}
	_, err = h.admin.ExecContext(ctx, `ALTER DATABASE `+h.template+` ALLOW_CONNECTIONS false`)
	return err
}

// clone makes a database of this process and answers its name. Copying files
// beats writing each page to the log when nothing is synced.
func (h *host) clone(ctx context.Context) (string, error) {
	name := fmt.Sprintf("%s%d_%d", clonePrefix, h.token, h.made.Add(1))
	statement := `CREATE DATABASE ` + name + ` TEMPLATE ` + h.template + ` STRATEGY FILE_COPY`
	if _, err := h.admin.ExecContext(ctx, statement); err != nil {
		return "", fmt.Errorf("clone a database: %w", err)
	}
	return name, nil
}

// drop removes a database and whoever is still connected to it.
func drop(ctx context.Context, admin *sql.DB, name string) error {
	_, err := admin.ExecContext(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
	if err != nil && !strings.Contains(err.Error(), "does not exist") {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

// url is the address of a database on this server.
func (h *host) url(database string) string {
	u := *h.base
	u.Path = "/" + database
	return u.String()
}
