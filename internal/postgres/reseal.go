package postgres

import (
	"context"
	"fmt"

	"github.com/lib/pq"
)

// sealed names every column that holds sealed values: its readers open what any known key sealed.
var sealed = []struct{ What, read, write string }{
	{"processing modules", readSealedModules, writeSealedModules},
	{"companions", readSealedCompanions, writeSealedCompanions},
	{"services", readSealedServices, writeSealedServices},
}

const readSealedModules = `
SELECT id, secrets AS value FROM processing_module WHERE secrets IS NOT NULL AND id > $1 ORDER BY id LIMIT $2`

// A value that was changed since it was read is left alone: whoever changed it sealed it with the present key.
const writeSealedModules = `
UPDATE processing_module m SET secrets = n.present FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n (id, former, present)
WHERE m.id = n.id AND m.secrets = n.former`

const readSealedCompanions = `SELECT id, password AS value FROM companion WHERE id > $1 ORDER BY id LIMIT $2`

const writeSealedCompanions = `
UPDATE companion c SET password = n.present FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n (id, former, present)
WHERE c.id = n.id AND c.password = n.former`

const readSealedServices = `
SELECT id, secrets AS value FROM service WHERE secrets IS NOT NULL AND id > $1 ORDER BY id LIMIT $2`

const writeSealedServices = `
UPDATE service s SET secrets = n.present FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n (id, former, present)
WHERE s.id = n.id AND s.secrets = n.former`

// resealLot is how many values are sealed anew in one statement.
const resealLot = 500

// Reseal seals with the present key what former keys sealed, while the program runs, and counts it by what it belongs to.
// It may be interrupted and repeated. A value that no known key opens is an error that names the row, and ends it.
func (db *DB) Reseal(ctx context.Context) (map[string]int, error) {
	count := map[string]int{}
	for _, column := range sealed {
		for after := firstUUID; after != ""; {
			var n int
			var err error
			if after, n, err = db.resealLot(ctx, column.read, column.write, after); err != nil {
				return count, fmt.Errorf("%s: %w", column.What, err)
			}
			count[column.What] += n
		}
	}
	return count, nil
}

const firstUUID = "00000000-0000-0000-0000-000000000000"

// resealLot answers after which row the next lot begins; nothing: there is none.
func (db *DB) resealLot(ctx context.Context, read, write, after string) (next string, n int, err error) {
	err = db.InTx(ctx, func(tx *Tx) error {
		c := tx.companionStore.conn
		next, n = "", 0
		var rows []struct {
			ID    string `db:"id"`
			Value []byte `db:"value"`
		}
		if err := c.all(ctx, &rows, read, after, resealLot); err != nil {
			return wrap("read sealed values", err)
		}
		var ids []string
		var former, present pq.ByteaArray
		for _, r := range rows {
			next = r.ID
			if !db.o.Box.NeedsRotation(r.Value) {
				continue
			}
			plain, err := db.o.Box.Open(r.Value)
			if err != nil {
				return fmt.Errorf("open the secrets of %s: %w", r.ID, err)
			}
			again, err := db.o.Box.Seal(plain)
			if err != nil {
				return err
			}
			ids, former, present = append(ids, r.ID), append(former, r.Value), append(present, again)
		}
		if len(rows) < resealLot {
			next = ""
		}
		if n = len(ids); n == 0 {
			return nil
		}
		_, err := c.exec(ctx, write, texts(ids), former, present)
		return wrap("seal anew", err)
	})
	return next, n, err
}
