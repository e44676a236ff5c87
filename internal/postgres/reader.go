package postgres

import (
	"strings"
	"time"
)

// Reader answers questions outside transactions. Every method that is asked for somebody takes a Scope: whose data may be
// seen, so that a query without its owner cannot be written by accident.
type Reader struct{ conn }

// Reader returns the reader of this pool.
func (db *DB) Reader() *Reader { return &Reader{conn{db: db}} }

// inOrder completes a list's query for one direction. It holds a condition
//
//	id {after} coalesce(nullif($n, '')::uuid, {edge})
//
// and ends with ORDER BY id {order}. The edge is an id before or behind all others, so that the condition is always one
// index range.
func inOrder(query string, desc bool) string {
	if desc {
		return backward.Replace(query)
	}
	return forward.Replace(query)
}

var (
	forward  = strings.NewReplacer("{after}", ">", "{edge}", "'00000000-0000-0000-0000-000000000000'", "{order}", "ASC")
	backward = strings.NewReplacer("{after}", "<", "{edge}", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "{order}", "DESC")
)

// utc returns an optional instant as rules and answers want it.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
