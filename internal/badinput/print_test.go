package badinput

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
)

// What a refused request may leave behind: the answer kept under an Idempotency-Key, and when a key was last used.
var passing = map[string]string{
	"idempotency_key": "", "goose_db_version": "",
	"api_key": "last_used_at", "event": "seq", // numbers are given to events when they are read
}

const selectTables = `
SELECT relname FROM pg_class
WHERE  relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
ORDER  BY relname`

// print is the state of the database, table by table: how many rows, and a sum that changes with any of them.
type print map[string]string

func (w *world) print() print {
	w.t.Helper()
	pool := w.app.DB.Pool()
	if w.tables == "" {
		var tables []string
		require.NoError(w.t, pool.Select(&tables, selectTables))
		w.tables = unionOf(tables)
	}
	var rows []struct {
		Name string `db:"name"`
		Sum  string `db:"sum"`
	}
	require.NoError(w.t, pool.Select(&rows, w.tables))
	out := print{}
	for _, r := range rows {
		out[r.Name] = r.Sum
	}
	return out
}

func unionOf(tables []string) string {
	var parts []string
	for _, name := range tables {
		without, special := passing[name]
		row := "t::text"
		switch {
		case special && without == "":
			continue
		case special:
			row = fmt.Sprintf("(to_jsonb(t) - '%s')::text", without)
		}
		parts = append(parts, fmt.Sprintf(`SELECT '%s' AS name, count(*) || ' ' || COALESCE(sum(hashtextextended(%s, 0)), 0) AS sum FROM "%s" t`, name, row, name))
	}
	return strings.Join(parts, " UNION ALL ")
}

// changes names the tables in which two prints differ.
func (p print) changes(q print) (all []string) {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if p[name] != q[name] {
			all = append(all, name)
		}
	}
	return all
}
