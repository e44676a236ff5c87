package postgres

import (
	"context"
	"sync"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/tariff"
)

// Shelf is the catalogue as it stands now, for those who only look: what was read once comes from memory, and one small
// statement tells whether memory still holds. What belongs to somebody is read there and then, without any lock.
type Shelf struct {
	*Tx // on the pool
	at  *stand
}

// stand is what was read of the catalogue since its version had a number. It is never wrong, only younger than its number:
// who finds the number unchanged knows that nothing has changed since.
type stand struct {
	number    int64
	mu        sync.RWMutex
	tariffs   map[catalog.TariffID]catalog.Tariff
	types     map[string]product.Type
	asked     map[string][]product.Parameter // by product type
	modules   map[provision.ModuleID]module.Module
	centers   map[datacenter.ID]datacenter.DataCenter
	providers map[actor.ProviderID]client.Provider
	groups    map[catalog.TariffGroupID]tariff.Group
}

func newStand(number int64) *stand {
	return &stand{
		number: number, tariffs: map[catalog.TariffID]catalog.Tariff{}, types: map[string]product.Type{},
		asked:   map[string][]product.Parameter{},
		modules: map[provision.ModuleID]module.Module{}, centers: map[datacenter.ID]datacenter.DataCenter{},
		providers: map[actor.ProviderID]client.Provider{}, groups: map[catalog.TariffGroupID]tariff.Group{},
	}
}

// mostTariffs bounds what is kept of a catalogue; with more, all is read anew.
const mostTariffs = 10_000

const catalogVersion = `SELECT number FROM catalog_version`

// Shelf looks at the catalogue's version and answers what it shows.
func (db *DB) Shelf(ctx context.Context) (*Shelf, error) {
	c := conn{db: db}
	var number int64
	if err := c.get(ctx, &number, catalogVersion); err != nil {
		return nil, wrap("read the version of the catalogue", err)
	}
	return &Shelf{Tx: newTx(c), at: db.kept.stand(number)}, nil
}

// stand answers what is kept since a number, or since a later one that somebody else has seen.
func (k *kept) stand(number int64) *stand {
	k.mu.RLock()
	at := k.now
	k.mu.RUnlock()
	if at != nil && at.number >= number {
		return at
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now == nil || k.now.number < number {
		k.now = newStand(number)
	}
	return k.now
}

// Number is the version of the catalogue that this is, or an older one where something was read later.
func (s *Shelf) Number() int64 { return s.at.number }

// remember answers from one of the stand's maps, or reads and keeps.
func remember[K comparable, V any](at *stand, in map[K]V, key K, read func() (V, error)) (V, error) {
	at.mu.RLock()
	v, ok := in[key]
	at.mu.RUnlock()
	if ok {
		return v, nil
	}
	v, err := read()
	if err != nil {
		return v, err
	}
	at.mu.Lock()
	defer at.mu.Unlock()
	if len(in) >= mostTariffs {
		clear(in)
	}
	in[key] = v
	return v, nil
}

// rememberAll is remember for several keys; what does not exist is left out of the answer and not kept.
func rememberAll[K comparable, V any](at *stand, in map[K]V, keys []K, keyOf func(V) K, read func([]K) ([]V, error)) ([]V, error) {
	out := make([]V, 0, len(keys))
	at.mu.RLock()
	for _, key := range keys {
		if v, ok := in[key]; ok {
			out = append(out, v)
		}
	}
	at.mu.RUnlock()
	if len(out) == len(keys) {
		return out, nil
	}
	out, err := read(keys)
	if err != nil {
		return nil, err
	}
	at.mu.Lock()
	defer at.mu.Unlock()
	for _, v := range out {
		in[keyOf(v)] = v
	}
	return out, nil
}

// TariffByID answers a tariff with its newest offer, which nobody may change.
func (s *Shelf) TariffByID(ctx context.Context, id catalog.TariffID) (catalog.Tariff, error) {
	return remember(s.at, s.at.tariffs, id, func() (catalog.Tariff, error) { return s.Tx.TariffByID(ctx, id) })
}

// TariffVersion answers one version's offer, which nobody may change.
func (s *Shelf) TariffVersion(ctx context.Context, id catalog.TariffID, number int) (catalog.Offer, error) {
	return s.tariffStore.offer(ctx, id, number)
}

// ProductTypeByCode answers a product type.
func (s *Shelf) ProductTypeByCode(ctx context.Context, code string) (product.Type, error) {
	return remember(s.at, s.at.types, code, func() (product.Type, error) { return s.Tx.ProductTypeByCode(ctx, code) })
}

// ParametersOf answers the parameters of a product type, which nobody may change.
func (s *Shelf) ParametersOf(ctx context.Context, productType string) ([]product.Parameter, error) {
	return remember(s.at, s.at.asked, productType, func() ([]product.Parameter, error) { return s.Tx.ParametersOf(ctx, productType) })
}

// ModulesByIDs answers those of the modules that exist; their health is that of some earlier moment.
func (s *Shelf) ModulesByIDs(ctx context.Context, ids []provision.ModuleID) ([]module.Module, error) {
	return rememberAll(s.at, s.at.modules, ids, func(m module.Module) provision.ModuleID { return m.ID },
		func(ids []provision.ModuleID) ([]module.Module, error) { return s.Tx.ModulesByIDs(ctx, ids) })
}

// DataCentersByIDs answers those of the data centers that exist.
func (s *Shelf) DataCentersByIDs(ctx context.Context, ids []datacenter.ID) ([]datacenter.DataCenter, error) {
	return rememberAll(s.at, s.at.centers, ids, func(c datacenter.DataCenter) datacenter.ID { return c.ID },
		func(ids []datacenter.ID) ([]datacenter.DataCenter, error) { return s.Tx.DataCentersByIDs(ctx, ids) })
}

// ProviderByID answers a provider.
func (s *Shelf) ProviderByID(ctx context.Context, id actor.ProviderID) (client.Provider, error) {
	return remember(s.at, s.at.providers, id, func() (client.Provider, error) { return s.Tx.ProviderByID(ctx, id) })
}

// TariffGroupByID answers a group of tariffs.
func (s *Shelf) TariffGroupByID(ctx context.Context, id catalog.TariffGroupID) (tariff.Group, error) {
	return remember(s.at, s.at.groups, id, func() (tariff.Group, error) {
		return s.reader().TariffGroup(ctx, actor.Everything, id)
	})
}

// TariffsOnSale lists the active tariffs of a provider, in order of creation.
func (s *Shelf) TariffsOnSale(ctx context.Context, of actor.ProviderID, productType string, p actor.Page) ([]catalog.Tariff, error) {
	return s.reader().Tariffs(ctx, actor.Everything, catalog.TariffFilter{ProviderID: of, ProductType: productType, Status: catalog.Active}, p)
}

// reader reads where the catalogue is written: a replica would answer what was true before the version.
func (s *Shelf) reader() *Reader { return s.tariffStore.db.Reader() }
