package postgres

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
)

// An event without a number is not yet in the feed. Storefronts see their provider's, clients their own; what is for staff
// has neither a provider nor a client that could match, and the audience keeps it so.
const listEvents = `
SELECT id, seq, type, at, data, refs
FROM event
WHERE seq {after} coalesce($1::bigint, {last})
  AND ($2::uuid IS NULL OR (provider_id = $2 AND audience <> 'staff'))
  AND ($3::uuid IS NULL OR (client_id = $3 AND audience = 'client'))
  AND ($4 = '' OR type = $4) AND ($5 = '' OR left(type, length($5)) = $5)
  AND ($6::timestamptz IS NULL OR at >= $6) AND ($7::timestamptz IS NULL OR at < $7)
ORDER BY seq {order} LIMIT $8`

var (
	eventsUp   = strings.NewReplacer("{after}", ">", "{last}", "0", "{order}", "ASC").Replace(listEvents)
	eventsDown = strings.NewReplacer("{after}", "<", "{last}", "9223372036854775807", "{order}", "DESC").Replace(listEvents)
)

// Events reads the feed after a number (nil: from its end in the direction of reading).
func (r *Reader) Events(ctx context.Context, s actor.Scope, f event.Filter, after *int64, desc bool, limit int) ([]event.Numbered, error) {
	var rows []struct {
		ID   string    `db:"id"`
		Seq  int64     `db:"seq"`
		Type string    `db:"type"`
		At   time.Time `db:"at"`
		Data []byte    `db:"data"`
		Refs []byte    `db:"refs"`
	}
	query := eventsUp
	if desc {
		query = eventsDown
	}
	err := r.all(ctx, &rows, query, after, nullable(s.ProviderID), nullable(s.ClientID), f.Type, f.Family, f.From, f.To, limit)
	if err != nil {
		return nil, fromConstraint(wrap("read the feed", err))
	}
	out := make([]event.Numbered, len(rows))
	for i, row := range rows {
		out[i] = event.Numbered{Seq: row.Seq, Event: event.Event{ID: event.ID(row.ID), Type: row.Type, At: row.At.UTC(), Data: row.Data}}
		if err = json.Unmarshal(row.Refs, &out[i].Refs); err != nil {
			return nil, wrap("read the feed", err)
		}
	}
	return out, nil
}
