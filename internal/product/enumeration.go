package product

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
)

// Enumeration is a list of values that elements of product types choose from.
type Enumeration struct {
	Code      string
	Name      string
	Items     []EnumerationItem // as they are shown: by sort order
	CreatedAt time.Time
	Version   int64
}

// EnumerationItem is one value of an enumeration. Its code is the value's name in the panel, such as an address type's (D29).
type EnumerationItem struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	SortOrder int    `json:"sort_order"`
}

// Item returns an item by code.
func (n Enumeration) Item(code string) (EnumerationItem, bool) {
	i := slices.IndexFunc(n.Items, func(x EnumerationItem) bool { return x.Code == code })
	if i < 0 {
		return EnumerationItem{}, false
	}
	return n.Items[i], true
}

// EnumerationChange is a new enumeration's members, or a partial change of one. Items are replaced whole.
type EnumerationChange struct {
	IfVersion *int64
	Name      *string
	Items     *[]EnumerationItem
}

// MaxItems bounds a list that is read whole with every element that refers to it.
const MaxItems = 1000

// CreateEnumeration adds an enumeration. Faults: already_exists (code), field faults.
func (e *Engine) CreateEnumeration(ctx context.Context, by actor.Actor, code string, in EnumerationChange) (Enumeration, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Enumeration, error) {
		now, err := tx.Now(ctx)
		if err != nil {
			return Enumeration{}, err
		}
		n := Enumeration{Code: code, Name: code, Items: []EnumerationItem{}, CreatedAt: now, Version: 1}
		in.apply(&n)
		if err = n.check(); err != nil {
			return Enumeration{}, err
		}
		if err = tx.InsertEnumeration(ctx, n); err != nil {
			return Enumeration{}, err
		}
		return n, n.record(ctx, tx, by, "created")
	})
}

// UpdateEnumeration changes an enumeration. Items that tariffs sell or services have cannot be left out. Faults: not_found,
// precondition_failed, in_use at /items, field faults.
func (e *Engine) UpdateEnumeration(ctx context.Context, by actor.Actor, code string, in EnumerationChange) (Enumeration, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Enumeration, error) {
		n, err := lockEnumeration(ctx, tx, code, in.IfVersion)
		if err != nil {
			return Enumeration{}, err
		}
		before := n
		in.apply(&n)
		if err = n.check(); err != nil {
			return Enumeration{}, err
		}
		if err = n.keeps(ctx, tx, before); err != nil {
			return Enumeration{}, err
		}
		if err = tx.UpdateEnumeration(ctx, n); err != nil {
			return Enumeration{}, err
		}
		n.Version++
		return n, n.record(ctx, tx, by, "updated")
	})
}

// DeleteEnumeration removes an enumeration that no element refers to. Faults: not_found, precondition_failed, in_use.
func (e *Engine) DeleteEnumeration(ctx context.Context, by actor.Actor, code string, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		n, err := lockEnumeration(ctx, tx, code, ifVersion)
		if err != nil {
			return err
		}
		if err = tx.DeleteEnumeration(ctx, code); err != nil {
			return err
		}
		return n.record(ctx, tx, by, "deleted")
	})
}

func lockEnumeration(ctx context.Context, tx Tx, code string, ifVersion *int64) (Enumeration, error) {
	n, err := tx.LockEnumeration(ctx, code)
	if err != nil {
		return Enumeration{}, err
	}
	return n, input.CheckVersion(ifVersion, n.Version)
}

func (in EnumerationChange) apply(n *Enumeration) {
	input.Put(&n.Name, in.Name)
	if in.Items == nil {
		return
	}
	n.Items = slices.Clone(*in.Items)
	for i, x := range n.Items {
		if x.Name == "" {
			n.Items[i].Name = x.Code
		}
		if x.SortOrder == 0 {
			n.Items[i].SortOrder = 1
		}
	}
	slices.SortStableFunc(n.Items, func(a, b EnumerationItem) int { return a.SortOrder - b.SortOrder })
}

func (n Enumeration) check() error {
	var f fault.Fields
	input.CheckCode(&f, n.Code)
	input.CheckText(&f, "/name", n.Name, 1, 200)
	if len(n.Items) > MaxItems {
		f.Add("/items", "too_many", "At most %d items are possible.", MaxItems)
	}
	seen := map[string]bool{}
	for i, x := range n.Items {
		place := fmt.Sprintf("/items/%d", i)
		input.CheckItemCode(&f, place+"/code", x.Code)
		input.CheckText(&f, place+"/name", x.Name, 1, 200)
		input.CheckSortOrder(&f, place+"/sort_order", x.SortOrder)
		if seen[x.Code] {
			f.Add(place+"/code", "duplicate_value", "Each code stands in the list once.")
		}
		seen[x.Code] = true
	}
	return f.Err()
}

// keeps refuses a list without an item that is in use. Tariffs that are being edited hold the enumeration, so that none
// begins to sell the item meanwhile.
func (n Enumeration) keeps(ctx context.Context, tx Tx, before Enumeration) error {
	if !slices.ContainsFunc(before.Items, func(x EnumerationItem) bool { _, kept := n.Item(x.Code); return !kept }) {
		return nil
	}
	used, err := tx.ItemsInUse(ctx, ItemUse{Enumeration: n.Code})
	if err != nil {
		return err
	}
	return n.holds(used, "/items")
}

// holds refuses an enumeration that lacks an item in use.
func (n Enumeration) holds(used []string, pointer string) error {
	for _, code := range used {
		if _, known := n.Item(code); !known {
			return fault.New(fault.Conflict, "in_use", "Tariffs or services refer to the item %q.", code).At(pointer)
		}
	}
	return nil
}

func (n Enumeration) record(ctx context.Context, tx Tx, by actor.Actor, verb string) error {
	return event.RecordChange(ctx, tx, by, "enumeration", n.Code, verb, map[string]any{"code": n.Code, "name": n.Name, "items": n.Items})
}
