package postgres

import (
	"context"
	"fmt"

	"github.com/tariffd/tariffd/internal/actor"
)

const addressTaken = `
SELECT EXISTS (SELECT FROM service
               WHERE addresses @> jsonb_build_array(jsonb_build_object('ip', $1::text)) AND status <> 'deleted' AND id <> $2)`

// AddressTaken tells whether a live service other than the given one has an address by our books: what drivers ask before they
// put on a machine what an IP manager gave them.
func (db *DB) AddressTaken(ctx context.Context, ip string, except actor.ServiceID) (bool, error) {
	var taken bool
	if err := (conn{db: db}).get(ctx, &taken, addressTaken, ip, string(except)); err != nil {
		return false, fmt.Errorf("look whose address %s is: %w", ip, err)
	}
	return taken, nil
}
