package product

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/provision"
)

// Learn writes the lists of a module's panel into the values of its product type's parameters os and recipe, and the systems into
// the enumeration of the element os; what is as it was is not written. The caller holds the module's lock.
func Learn(ctx context.Context, tx Tx, by actor.Actor, productType string, id provision.ModuleID, c provision.Catalog) error {
	offered := map[string][]provision.Entry{OSParameter: usable(c.OS), RecipeParameter: usable(c.Scripts)}
	list, err := tx.LockParameters(ctx, productType, []string{OSParameter, RecipeParameter})
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.Input == TextInput {
			continue
		}
		used, err := tx.ValuesInUse(ctx, p.ProductType, p.Code, p.leaving(id, offered[p.Code]))
		if err != nil {
			return err
		}
		if p.learn(id, offered[p.Code], used) {
			if err = p.save(ctx, tx, by); err != nil {
				return err
			}
		}
	}
	return enumerate(ctx, tx, by, productType, offered[OSParameter])
}

func (p Parameter) save(ctx context.Context, tx Tx, by actor.Actor) error {
	if err := tx.UpdateParameter(ctx, p); err != nil {
		return err
	}
	return p.record(ctx, tx, by, "updated")
}

// enumerate adds a panel's systems to the enumeration that the product type's element os refers to. Nothing is taken away:
// what tariffs sell of the items is decided there.
func enumerate(ctx context.Context, tx Tx, by actor.Actor, productType string, systems []provision.Entry) error {
	content, err := tx.ContentOf(ctx, productType)
	if err != nil {
		return err
	}
	for _, c := range content {
		if c.Code != OSParameter || c.EnumerationCode == "" {
			continue
		}
		n, err := tx.LockEnumeration(ctx, c.EnumerationCode)
		if err != nil || !n.add(systems) {
			return err
		}
		if err = tx.UpdateEnumeration(ctx, n); err != nil {
			return err
		}
		return n.record(ctx, tx, by, "updated")
	}
	return nil
}

// Forget takes a module that is deleted out of the values that name it. The caller holds the module's lock.
func Forget(ctx context.Context, tx Tx, by actor.Actor, productType string, id provision.ModuleID) error {
	all, err := tx.ParametersOf(ctx, productType)
	if err != nil {
		return err
	}
	codes := make([]string, len(all))
	for i, p := range all {
		codes[i] = p.Code
	}
	list, err := tx.LockParameters(ctx, productType, codes)
	if err != nil {
		return err
	}
	for _, p := range list {
		used, err := tx.ValuesInUse(ctx, p.ProductType, p.Code, p.leaving(id, nil))
		if err != nil {
			return err
		}
		if p.forget(id, used) {
			if err = p.save(ctx, tx, by); err != nil {
				return err
			}
		}
	}
	return nil
}
