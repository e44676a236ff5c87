package pricelist

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/clock"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/pgtest"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/all"
	"github.com/tariffd/tariffd/internal/secret"
	"github.com/tariffd/tariffd/internal/tariff"
)

var (
	shell = actor.Actor{Role: actor.Admin, Scope: actor.Everything, Cause: "shell"}
	start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
)

// rig is one installation and its price list.
type rig struct {
	*Engine
	t    testing.TB
	pool *sqlx.DB
	db   *postgres.DB
	env  map[string]string
}

// newRig is a new installation.
func newRig(t testing.TB) *rig {
	t.Helper()
	pool := pgtest.New(t)
	box, err := secret.NewBox(secret.GenerateIdentity())
	require.NoError(t, err)
	now := clock.NewFake(start)
	db := postgres.New(pool, postgres.Options{Prepare: true, Clock: now, Wall: now, Box: box})
	r := &rig{t: t, pool: pool, db: db, env: map[string]string{"IP_PASSWORD": "very secret"}}
	drivers := all.Registry()
	r.Engine = &Engine{
		InTx: func(ctx context.Context, fn func(Tx) error) error {
			return db.InTx(ctx, func(tx *postgres.Tx) error { return fn(tx) })
		},
		InSnapshot: func(ctx context.Context, fn func(Tx) error) error {
			return db.OnSnapshot(ctx, func(tx *postgres.Tx) error { return fn(tx) })
		},
		Tariffs: &tariff.Engine{Drivers: drivers},
		Modules: &module.Engine{
			InTx: func(ctx context.Context, fn func(module.Tx) error) error {
				return db.InTx(ctx, func(tx *postgres.Tx) error { return fn(tx) })
			},
			Drivers: drivers, Env: provision.Env{Transport: http.DefaultTransport, Now: now.BusinessNow, UserAgent: "test"},
		},
		ExternalID: func(string) string { return string(provision.Optional) },
		Getenv:     func(name string) (string, bool) { v, ok := r.env[name]; return v, ok },
	}
	return r
}

// imports brings a document in and returns the plan that was carried out, a line each.
func (r *rig) imports(document string, o Options) []string {
	r.t.Helper()
	plan, err := r.Import(r.t.Context(), shell, []byte(document), o)
	require.NoError(r.t, err, document)
	return lines(plan)
}

func (r *rig) exports(providers ...string) string {
	r.t.Helper()
	document, err := r.Export(r.t.Context(), providers)
	require.NoError(r.t, err)
	return string(document)
}

func (r *rig) number(query string, args ...any) (n int) {
	r.t.Helper()
	require.NoError(r.t, r.pool.GetContext(r.t.Context(), &n, query, args...))
	return n
}

func lines(p Plan) []string {
	out := []string{}
	for _, c := range p.Changes {
		out = append(out, fmt.Sprint(c.Verb, " ", c.Noun, " ", c.Name, " ", c.Members))
	}
	return out
}

// TestBuiltInObjectsAreThoseOfTheMigrations: what a document leaves out of a built-in object is what it came with. With
// UPDATE=1 the file is written anew.
func TestBuiltInObjectsAreThoseOfTheMigrations(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	products := &product.Engine{InTx: func(ctx context.Context, fn func(product.Tx) error) error {
		return r.db.InTx(ctx, func(tx *postgres.Tx) error { return fn(tx) })
	}}
	for _, x := range product.Integrations() {
		_, err := products.Install(t.Context(), shell, x.Name)
		require.NoError(t, err)
	}
	document, err := r.pristine(t.Context())
	require.NoError(t, err)
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile("builtin.yaml", document, 0o600))
		return
	}
	require.Equal(t, string(builtinYAML), string(document))
}
