package embedpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/stretchr/testify/require"
)

// installation makes a folder with commands that say they are of a version.
func installation(t *testing.T, dir string, major int, commands ...string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for _, command := range commands {
		script := fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %d.3 (Fake)'\n", command, major)
		require.NoError(t, os.WriteFile(filepath.Join(dir, command), []byte(script), 0o755))
	}
	return dir
}

func noFetch(context.Context, int) (string, error) { return "", errors.New("no network") }

func TestBinariesAreFound(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	lib := filepath.Join(root, "lib", "*", "bin")
	v16 := installation(t, filepath.Join(root, "lib", "16", "bin"), 16, "initdb", "postgres")
	v9 := installation(t, filepath.Join(root, "lib", "9", "bin"), 9, "initdb", "postgres")
	v17 := installation(t, filepath.Join(root, "lib", "17", "bin"), 17, "initdb", "postgres")
	lone := installation(t, filepath.Join(root, "lone"), 15, "postgres")
	whole := installation(t, filepath.Join(root, "whole"), 15, "initdb", "postgres")
	linked := filepath.Join(root, "linked")
	require.NoError(t, os.Mkdir(linked, 0o755))
	require.NoError(t, os.Symlink(filepath.Join(v16, "postgres"), filepath.Join(linked, "postgres")))
	configured := filepath.Join(root, "configured")
	require.NoError(t, os.Mkdir(configured, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(configured, "pg_config"), []byte("#!/bin/sh\necho "+v16+"\n"), 0o755))

	for name, c := range map[string]struct {
		path, glob, version, want string
	}{
		"the path comes first":                   {path: whole, glob: lib, want: whole},
		"the newest where the path has none":     {path: root, glob: lib, want: v17},
		"a lone wrapper is no installation":      {path: lone, glob: lib, want: v17},
		"a link stands for where it points":      {path: linked, glob: lib, want: v16},
		"pg_config knows":                        {path: configured, want: v16},
		"the cluster's own version goes first":   {path: whole, glob: lib, version: "16\n", want: v16},
		"even one too old for a new cluster":     {path: whole, glob: lib, version: "9\n", want: v9},
		"a relative path is not trusted":         {path: "whole", glob: lib, want: v17},
		"folders on the path that do not exist":  {path: "/nonexistent" + string(os.PathListSeparator) + whole, want: whole},
		"the first of several on the path":       {path: whole + string(os.PathListSeparator) + v16, want: whole},
		"the path is searched beyond the first":  {path: lone + string(os.PathListSeparator) + whole, want: whole},
		"too old on the path, new enough beside": {path: v9, glob: lib, want: v17},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := clusterOf(t, c.version)
			f := finder{path: c.path, fetch: noFetch}
			if c.glob != "" {
				f.globs = []string{c.glob}
			}
			got, err := f.binaries(t.Context(), data)
			require.NoError(t, err)
			require.Equal(t, c.want, got.dir)
		})
	}
}

func clusterOf(t *testing.T, version string) string {
	t.Helper()
	data := t.TempDir()
	if version != "" {
		require.NoError(t, os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(version), 0o600))
	}
	return data
}

func TestBinariesThatAreNotThereAreNamedInTheError(t *testing.T) {
	t.Parallel()
	old := installation(t, filepath.Join(t.TempDir(), "old"), 13, "initdb", "postgres")
	f := finder{path: old, fetch: noFetch}

	_, err := f.binaries(t.Context(), clusterOf(t, ""))
	require.ErrorContains(t, err, "PostgreSQL 15 or newer is needed")
	require.ErrorContains(t, err, "13 in "+old)
	_, err = f.binaries(t.Context(), clusterOf(t, "16\n"))
	require.ErrorContains(t, err, "made by PostgreSQL 16")
	require.ErrorContains(t, err, "no network")
	_, err = f.binaries(t.Context(), clusterOf(t, "sixteen"))
	require.ErrorContains(t, err, "damaged")
}

func TestBinariesAreFetchedOnce(t *testing.T) {
	t.Parallel()
	calls := 0
	cacheOf := t.TempDir()
	d := downloads{fallback: cacheOf, unpack: func(v embeddedpostgres.PostgresVersion, _, into string) error {
		calls++
		require.Equal(t, embeddedpostgres.V16, v)
		installation(t, filepath.Join(into, "bin"), 16, "initdb", "postgres")
		return errors.New("stopped after unpacking, as intended")
	}}
	f := finder{fetch: func(ctx context.Context, major int) (string, error) {
		return d.fetchInto(ctx, cacheOf, major)
	}}
	for range 2 {
		got, err := f.binaries(t.Context(), clusterOf(t, "16\n"))
		require.NoError(t, err)
		require.Equal(t, binaries{dir: filepath.Join(cacheOf, "16", "bin"), major: 16}, got)
	}
	require.Equal(t, 1, calls)
}

func TestFetchThatBringsNothingLeavesNothing(t *testing.T) {
	t.Parallel()
	cacheOf := t.TempDir()
	d := downloads{unpack: func(_ embeddedpostgres.PostgresVersion, _, into string) error {
		installation(t, filepath.Join(into, "bin"), 17, "initdb")
		return errors.New("connection cut")
	}}
	_, err := d.fetchInto(t.Context(), cacheOf, 0)
	require.ErrorContains(t, err, "connection cut")
	require.NoDirExists(t, filepath.Join(cacheOf, "17"))
	_, err = d.fetchInto(t.Context(), cacheOf, 12)
	require.ErrorContains(t, err, "not offered")
}
