package httpapi

import (
	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/tariff"
)

func fromAPIQueue(b *api.ModuleQueueInput) module.QueueChange {
	if b == nil {
		return module.QueueChange{}
	}
	return module.QueueChange{Enabled: b.Enabled, Key: optional(b.Key), Workers: b.Workers}
}

func toAPIModule(m module.Module) api.ProcessingModule {
	return api.ProcessingModule{
		ID: string(m.ID), Driver: m.Driver, ProductType: m.ProductType, Name: m.Name, DataCenterID: orNull(m.DataCenterID),
		DepartmentID: orNull(m.DepartmentID), SortOrder: m.SortOrder, Enabled: m.Enabled,
		// Shut, because the record that an engine returns was opened.
		Connection: openObject(m.Shut().Readable()), Parameters: openObject(m.Parameters),
		Queue:           api.ModuleQueue{Enabled: m.Queue.Enabled, Key: orNull(m.Queue.Key), Workers: m.Queue.Workers},
		MaxRunningOpens: m.MaxRunningOpens, Health: toAPIHealth(m.Health), CreatedAt: m.CreatedAt,
	}
}

func toAPIHealth(h module.Health) api.ModuleHealth {
	return api.ModuleHealth{Status: api.HealthStatus(h.Status), CheckedAt: h.CheckedAt, Error: orNull(h.Error)}
}

func toAPIModuleCheck(c module.Check) api.ModuleCheck {
	h := toAPIHealth(c.Health)
	return api.ModuleCheck{
		Status: h.Status, CheckedAt: h.CheckedAt, Error: h.Error, Tried: append([]string{}, c.Tried...), Hints: append([]string{}, c.Hints...),
	}
}

func toAPIProblem(p module.Problem) api.ModuleProblem {
	return api.ModuleProblem{ID: p.ID, Kind: p.Kind, Detail: p.Text, Since: p.At, Until: p.At.Add(module.ProblemLasts)}
}

func toAPIStock(i tariff.StockItem) api.StockItem {
	return api.StockItem{Key: i.Key, Free: i.Free, TariffIds: each(i.TariffIDs, func(id catalog.TariffID) api.ID { return string(id) })}
}

func toAPIModuleCatalog(c provision.Catalog) api.ModuleCatalog {
	return api.ModuleCatalog{
		Os: each(c.OS, toAPIEntry), Scripts: each(c.Scripts, toAPIEntry), Configurations: each(c.Configurations, toAPIEntry),
		Clusters: each(c.Clusters, toAPIEntry), Pools: each(c.Pools, toAPIEntry), Locations: each(c.Locations, toAPIEntry),
	}
}

func toAPIEntry(e provision.Entry) api.CatalogEntry {
	tags := e.Tags
	if tags == nil {
		tags = []string{}
	}
	return api.CatalogEntry{ID: e.ID, Name: e.Name, Tags: tags}
}
