package pricelist

import (
	"context"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/tariff"
)

// group is a group of tariffs or of clients in a document.
type group struct {
	id        string
	Name      string `json:"name"`
	SortOrder int    `json:"sort_order"`
}

func tariffGroups() section {
	return &kind[group]{
		section: "tariff_groups", noun: "tariff group", key: func(d group) string { return d.Name },
		defaults: func(*run, group) group { return group{SortOrder: 1} },
		list: func(ctx context.Context, r *run) ([]group, error) {
			list, err := r.tx.TariffGroupsAll(ctx)
			out := make([]group, len(list))
			for i, g := range list {
				r.tariffGroups.add(g.Name, string(g.ID))
				out[i] = group{string(g.ID), g.Name, g.SortOrder}
			}
			return out, err
		},
		create: func(ctx context.Context, r *run, _ item, d group) error {
			g, err := r.do.tariffs.CreateGroup(ctx, r.by, tariff.GroupChange{Name: &d.Name, SortOrder: &d.SortOrder})
			r.tariffGroups.add(d.Name, string(g.ID))
			return err
		},
		update: func(ctx context.Context, r *run, _ item, old, d group) error {
			_, err := r.do.tariffs.UpdateGroup(ctx, r.by, catalog.TariffGroupID(old.id), tariff.GroupChange{SortOrder: &d.SortOrder})
			return err
		},
		delete: func(ctx context.Context, r *run, old group) error {
			return r.do.tariffs.DeleteGroup(ctx, r.by, catalog.TariffGroupID(old.id), nil)
		},
	}
}

func clientGroups() section {
	return &kind[group]{
		section: "client_groups", noun: "client group", key: func(d group) string { return d.Name },
		defaults: func(*run, group) group { return group{SortOrder: 1} },
		list: func(ctx context.Context, r *run) ([]group, error) {
			list, err := r.tx.ClientGroupsAll(ctx)
			out := make([]group, len(list))
			for i, g := range list {
				r.clientGroups.add(g.Name, string(g.ID))
				out[i] = group{string(g.ID), g.Name, g.SortOrder}
			}
			return out, err
		},
		create: func(ctx context.Context, r *run, _ item, d group) error {
			g, err := r.clients.CreateGroup(ctx, r.by, client.GroupChange{Name: &d.Name, SortOrder: &d.SortOrder})
			r.clientGroups.add(d.Name, string(g.ID))
			return err
		},
		update: func(ctx context.Context, r *run, _ item, old, d group) error {
			_, err := r.clients.UpdateGroup(ctx, r.by, client.GroupID(old.id), client.GroupChange{SortOrder: &d.SortOrder})
			return err
		},
		delete: func(ctx context.Context, r *run, old group) error {
			return r.clients.DeleteGroup(ctx, r.by, client.GroupID(old.id), nil)
		},
	}
}
