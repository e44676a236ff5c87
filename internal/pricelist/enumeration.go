package pricelist

import (
	"context"
	"slices"

	"github.com/tariffd/tariffd/internal/product"
)

// enumeration is an enumeration in a document, with its items, which are members of it.
type enumeration struct {
	Code  string                    `json:"code"`
	Name  string                    `json:"name"`
	Items []product.EnumerationItem `json:"items"`
}

func (d enumeration) change() product.EnumerationChange {
	return product.EnumerationChange{Name: &d.Name, Items: &d.Items}
}

func enumerations() section {
	return &kind[enumeration]{
		section: "enumerations", noun: "enumeration", key: func(d enumeration) string { return d.Code },
		defaults: func(_ *run, said enumeration) enumeration {
			d := enumeration{Name: said.Code}
			for _, x := range said.Items {
				d.Items = append(d.Items, product.EnumerationItem{Name: x.Code, SortOrder: 1})
			}
			return d
		},
		list: func(ctx context.Context, r *run) ([]enumeration, error) {
			list, err := r.tx.EnumerationsAll(ctx)
			out := make([]enumeration, len(list))
			for i, n := range list {
				r.items[n.Code] = n.Items
				out[i] = enumeration{n.Code, n.Name, n.Items}
			}
			return out, err
		},
		ready: func(_ context.Context, _ *run, _ item, _, d *enumeration) error {
			slices.SortStableFunc(d.Items, func(a, b product.EnumerationItem) int { return a.SortOrder - b.SortOrder })
			return nil
		},
		create: func(ctx context.Context, r *run, _ item, d enumeration) error {
			n, err := r.do.products.CreateEnumeration(ctx, r.by, d.Code, d.change())
			r.items[d.Code] = n.Items
			return err
		},
		update: func(ctx context.Context, r *run, _ item, _, d enumeration) error {
			n, err := r.do.products.UpdateEnumeration(ctx, r.by, d.Code, d.change())
			r.items[d.Code] = n.Items
			return err
		},
		delete: func(ctx context.Context, r *run, old enumeration) error {
			return r.do.products.DeleteEnumeration(ctx, r.by, old.Code, nil)
		},
	}
}
