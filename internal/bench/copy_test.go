package bench

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// copyTable makes bench.<table> like the program's own: columns, constraints, indexes, partitions. Rows are the caller's to
// bring, in the order in which the original got them.
func (in *installation) copyTable(b *testing.B, table string) {
	b.Helper()
	in.run(b, `CREATE SCHEMA IF NOT EXISTS bench`)
	var partitions []struct {
		Name    string `db:"name"`
		Bound   string `db:"bound"`
		Options string `db:"options"`
	}
	require.NoError(b, in.db.Select(&partitions, `
SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound, coalesce(array_to_string(c.reloptions, ', '), '') AS options
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = ('public.' || $1)::regclass ORDER BY c.relname`, table))
	by := ""
	if len(partitions) > 0 {
		require.NoError(b, in.db.Get(&by, `SELECT ' PARTITION BY ' || pg_get_partkeydef(('public.' || $1)::regclass)`, table))
	}
	in.run(b, fmt.Sprintf(`CREATE TABLE bench.%s (LIKE public.%s INCLUDING ALL)%s`, table, table, by))
	for _, p := range partitions {
		with := ""
		if p.Options != "" {
			with = " WITH (" + p.Options + ")"
		}
		in.run(b, fmt.Sprintf(`CREATE TABLE bench.%s PARTITION OF bench.%s %s%s`, p.Name, table, p.Bound, with))
		in.sameIndexes(b, p.Name)
	}
	in.sameIndexes(b, table)
}

// sameIndexes fails where the copy would have it easier.
func (in *installation) sameIndexes(b *testing.B, table string) {
	b.Helper()
	of := func(schema string) (definitions []string) {
		require.NoError(b, in.db.Select(&definitions, `
SELECT regexp_replace(indexdef, '^CREATE (UNIQUE )?INDEX \S+ ON (ONLY )?\S+ ', '\1') FROM pg_indexes
WHERE schemaname = $1 AND tablename = $2 ORDER BY 1`, schema, table))
		return definitions
	}
	require.NotEmpty(b, of("public"), table)
	require.Equal(b, of("public"), of("bench"), table)
}
