package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/product"
)

// enumerationStore writes enumerations; the items are one document, because they are read and replaced whole.
type enumerationStore struct{ conn }

type enumerationRow struct {
	Code      string    `db:"code"`
	Name      string    `db:"name"`
	Items     []byte    `db:"items"`
	CreatedAt time.Time `db:"created_at"`
	Version   int64     `db:"version"`
}

func (r enumerationRow) toEnumeration() (product.Enumeration, error) {
	n := product.Enumeration{Code: r.Code, Name: r.Name, CreatedAt: r.CreatedAt.UTC(), Version: r.Version}
	if err := json.Unmarshal(r.Items, &n.Items); err != nil {
		return n, fmt.Errorf("items of the enumeration %s: %w", r.Code, err)
	}
	return n, nil
}

func toEnumerations(rows []enumerationRow) ([]product.Enumeration, error) {
	out := make([]product.Enumeration, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.toEnumeration(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const enumerationColumns = `SELECT code, name, items, created_at, version FROM enumeration `

const shareEnumerations = enumerationColumns + `WHERE code = ANY($1) ORDER BY code FOR SHARE`

// ShareEnumerations reads those of the enumerations that exist, and keeps them as they are.
func (s enumerationStore) ShareEnumerations(ctx context.Context, codes []string) ([]product.Enumeration, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	var rows []enumerationRow
	if err := s.all(ctx, &rows, shareEnumerations, texts(codes)); err != nil {
		return nil, wrap("read enumerations", err)
	}
	return toEnumerations(rows)
}

const enumerationByCode = enumerationColumns + `WHERE code = $1`

const lockEnumeration = enumerationByCode + ` FOR UPDATE`

// LockEnumeration locks an enumeration for a change.
func (s enumerationStore) LockEnumeration(ctx context.Context, code string) (product.Enumeration, error) {
	return s.enumeration(ctx, lockEnumeration, code)
}

func (s enumerationStore) enumeration(ctx context.Context, query, code string) (product.Enumeration, error) {
	var r enumerationRow
	if err := s.get(ctx, &r, query, code); err != nil {
		return product.Enumeration{}, missing(err, product.ErrNoEnumeration, "read enumeration")
	}
	return r.toEnumeration()
}

const insertEnumeration = `INSERT INTO enumeration (code, name, items, created_at) VALUES ($1, $2, $3, $4)`

// InsertEnumeration adds an enumeration.
func (s enumerationStore) InsertEnumeration(ctx context.Context, n product.Enumeration) error {
	items, err := json.Marshal(n.Items)
	if err != nil {
		return fmt.Errorf("items of the enumeration %s: %w", n.Code, err)
	}
	_, err = s.exec(ctx, insertEnumeration, n.Code, n.Name, items, n.CreatedAt)
	return wrap("insert enumeration", err)
}

const updateEnumeration = `UPDATE enumeration SET name = $2, items = $3, version = version + 1 WHERE code = $1`

// UpdateEnumeration writes a locked enumeration back.
func (s enumerationStore) UpdateEnumeration(ctx context.Context, n product.Enumeration) error {
	items, err := json.Marshal(n.Items)
	if err != nil {
		return fmt.Errorf("items of the enumeration %s: %w", n.Code, err)
	}
	_, err = s.exec(ctx, updateEnumeration, n.Code, n.Name, items)
	return wrap("update enumeration", err)
}

const deleteEnumeration = `DELETE FROM enumeration WHERE code = $1`

// DeleteEnumeration removes an enumeration; elements that refer to it keep it by their foreign key.
func (s enumerationStore) DeleteEnumeration(ctx context.Context, code string) error {
	_, err := s.exec(ctx, deleteEnumeration, code)
	return wrap("delete enumeration", err)
}

// What a service has of an element stands under the codes that its version of the tariff gave to the add-ons. Of an add-on
// that is not billed only the default is sold; the value of a choice is the code of a child.
const itemsInUse = `
WITH element AS (
    SELECT product_type, code FROM product_type_add_on
    WHERE ($1 = '' OR enumeration_code = $1) AND ($2 = '' OR (product_type = $2 AND code = $3)))
SELECT DISTINCT item FROM (
    SELECT i ->> 'item' AS item
    FROM element e
    JOIN tariff t ON t.product_type = e.product_type
    JOIN tariff_version v ON v.tariff_id = t.id AND v.number = t.current_version
    CROSS JOIN jsonb_array_elements(v.offer -> 'add_ons') a
    CROSS JOIN jsonb_array_elements(a -> 'item_prices') i
    WHERE a ->> 'add_on' = e.code AND (a ->> 'billing' <> 'none' OR i ->> 'item' = a ->> 'default')
    UNION ALL
    SELECT s.add_ons ->> (a ->> 'code')
    FROM element e
    JOIN tariff t ON t.product_type = e.product_type
    JOIN service s ON s.tariff_id = t.id AND s.status <> 'deleted'
    JOIN tariff_version v ON v.tariff_id = t.id AND v.number = s.tariff_version
    CROSS JOIN jsonb_array_elements(v.offer -> 'add_ons') a
    WHERE a ->> 'add_on' = e.code AND a ->> 'billing' <> 'choice' AND s.add_ons ? (a ->> 'code')) used
WHERE item IS NOT NULL ORDER BY item`

// ItemsInUse answers the items that tariffs sell in their newest versions and services have that are not deleted.
func (s enumerationStore) ItemsInUse(ctx context.Context, of product.ItemUse) ([]string, error) {
	var items []string
	err := s.all(ctx, &items, itemsInUse, of.Enumeration, of.ProductType, of.Element)
	return items, wrap("look for items in use", err)
}

const listEnumerations = enumerationColumns + `
WHERE ` + afterCode + `enumeration WHERE code = $1))
` + byMade + ` LIMIT $2`

// Enumerations lists enumerations.
func (r *Reader) Enumerations(ctx context.Context, _ actor.Scope, p actor.Page) ([]product.Enumeration, error) {
	var rows []enumerationRow
	if err := r.all(ctx, &rows, byAge(listEnumerations, p.Desc), p.After, p.Rows()); err != nil {
		return nil, fromConstraint(wrap("list enumerations", err))
	}
	return toEnumerations(rows)
}

// Enumeration reads an enumeration.
func (r *Reader) Enumeration(ctx context.Context, _ actor.Scope, code string) (product.Enumeration, error) {
	n, err := enumerationStore{r.conn}.enumeration(ctx, enumerationByCode, code)
	return n, fromConstraint(err)
}
