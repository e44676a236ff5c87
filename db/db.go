// Package db carries the schema: forward-only migrations, embedded, run by goose.
//
// It owns the files below migrations/ and nothing else; queries live in internal/postgres. An applied migration is never
// edited.
package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:generate go run gen.go

// Migrations are the SQL files, below the folder migrations.
//
//go:embed migrations/*.sql
var Migrations embed.FS

func provider(pool *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(Migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, pool, files)
}

// Up applies every migration that is missing.
func Up(ctx context.Context, pool *sql.DB) error {
	p, err := provider(pool)
	if err != nil {
		return err
	}
	if _, err = p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Status tells the version of the database and the newest one that this program knows.
func Status(ctx context.Context, pool *sql.DB) (have, want int64, err error) {
	p, err := provider(pool)
	if err != nil {
		return 0, 0, err
	}
	if have, err = p.GetDBVersion(ctx); err != nil {
		return 0, 0, fmt.Errorf("schema version: %w", err)
	}
	sources := p.ListSources()
	return have, sources[len(sources)-1].Version, nil
}
