package tariff

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
)

// remembering is a transaction that reads once what many tariffs are checked against. What it has read is locked, so it
// stays true until the transaction ends.
type remembering struct {
	Tx
	types     map[string]told[product.Type]
	content   map[string]told[[]product.Content]
	providers map[actor.ProviderID]told[client.Provider]
	places    map[datacenter.ID][]datacenter.DataCenter
	modules   map[provision.ModuleID][]module.Module
	lists     map[string][]product.Enumeration
	units     *told[[]measure.Unit]
	asked     map[string]told[[]product.Parameter]
	groups    map[catalog.TariffGroupID]told[Group]
}

// told is an answer that was given once.
type told[T any] struct {
	value T
	err   error
}

func remember(tx Tx) *remembering {
	return &remembering{
		Tx: tx, types: map[string]told[product.Type]{}, content: map[string]told[[]product.Content]{},
		providers: map[actor.ProviderID]told[client.Provider]{}, places: map[datacenter.ID][]datacenter.DataCenter{}, modules: map[provision.ModuleID][]module.Module{},
		lists: map[string][]product.Enumeration{}, asked: map[string]told[[]product.Parameter]{}, groups: map[catalog.TariffGroupID]told[Group]{},
	}
}

func recall[K comparable, T any](known map[K]told[T], key K, ask func() (T, error)) (T, error) {
	answer, ok := known[key]
	if !ok {
		answer.value, answer.err = ask()
		known[key] = answer
	}
	return answer.value, answer.err
}

// ShareProductType asks once per product type.
func (r *remembering) ShareProductType(ctx context.Context, code string) (product.Type, error) {
	return recall(r.types, code, func() (product.Type, error) { return r.Tx.ShareProductType(ctx, code) })
}

// ContentOf asks once per product type.
func (r *remembering) ContentOf(ctx context.Context, productType string) ([]product.Content, error) {
	return recall(r.content, productType, func() ([]product.Content, error) { return r.Tx.ContentOf(ctx, productType) })
}

// ShareParameters asks once per product type.
func (r *remembering) ShareParameters(ctx context.Context, productType string) ([]product.Parameter, error) {
	return recall(r.asked, productType, func() ([]product.Parameter, error) { return r.Tx.ShareParameters(ctx, productType) })
}

// ShareTariffGroup asks once per group.
func (r *remembering) ShareTariffGroup(ctx context.Context, id catalog.TariffGroupID) (Group, error) {
	return recall(r.groups, id, func() (Group, error) { return r.Tx.ShareTariffGroup(ctx, id) })
}

// ShareProvider asks once per provider.
func (r *remembering) ShareProvider(ctx context.Context, id actor.ProviderID) (client.Provider, error) {
	return recall(r.providers, id, func() (client.Provider, error) { return r.Tx.ShareProvider(ctx, id) })
}

// ShareUnits asks once.
func (r *remembering) ShareUnits(ctx context.Context) ([]measure.Unit, error) {
	if r.units == nil {
		list, err := r.Tx.ShareUnits(ctx)
		r.units = &told[[]measure.Unit]{list, err}
	}
	return r.units.value, r.units.err
}

// ShareEnumerations asks for those that are not known yet.
func (r *remembering) ShareEnumerations(ctx context.Context, codes []string) ([]product.Enumeration, error) {
	return recallMany(ctx, r.lists, codes, r.Tx.ShareEnumerations, func(n product.Enumeration) string { return n.Code })
}

// ShareDataCenters asks for those that are not known yet.
func (r *remembering) ShareDataCenters(ctx context.Context, ids []datacenter.ID) ([]datacenter.DataCenter, error) {
	return recallMany(ctx, r.places, ids, r.Tx.ShareDataCenters, func(d datacenter.DataCenter) datacenter.ID { return d.ID })
}

// ShareModules asks for those that are not known yet.
func (r *remembering) ShareModules(ctx context.Context, ids []provision.ModuleID) ([]module.Module, error) {
	return recallMany(ctx, r.modules, ids, r.Tx.ShareModules, func(m module.Module) provision.ModuleID { return m.ID })
}

// recallMany answers those of the objects that exist; known has none for an id that does not.
func recallMany[K comparable, T any](ctx context.Context, known map[K][]T, ids []K, ask func(context.Context, []K) ([]T, error), idOf func(T) K) ([]T, error) {
	var fresh []K
	for _, id := range ids {
		if _, ok := known[id]; !ok {
			fresh = append(fresh, id)
			known[id] = nil
		}
	}
	if len(fresh) > 0 {
		list, err := ask(ctx, fresh)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			known[idOf(x)] = []T{x}
		}
	}
	var out []T
	for _, id := range ids {
		out = append(out, known[id]...)
	}
	return out, nil
}
