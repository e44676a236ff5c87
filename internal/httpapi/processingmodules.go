package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/tariff"
)

// ModuleReader reads processing modules.
type ModuleReader interface {
	Module(ctx context.Context, s actor.Scope, id provision.ModuleID) (module.Module, error)
	Modules(ctx context.Context, s actor.Scope, f module.Filter, p actor.Page) ([]module.Module, error)
	Problems(ctx context.Context, s actor.Scope, id provision.ModuleID, p actor.Page) ([]module.Problem, error)
}

// ListProcessingModules lists modules.
func (s *Server) ListProcessingModules(ctx context.Context, r api.ListProcessingModulesRequestObject) (api.ListProcessingModulesResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	f := module.Filter{
		Driver: orEmpty(r.Params.Driver), ProductType: orEmpty(r.Params.ProductType), Enabled: r.Params.Enabled, HasProblems: r.Params.HasProblems,
	}
	if r.Params.DataCenterID != nil {
		f.DataCenterID = datacenter.ID(*r.Params.DataCenterID)
	}
	if r.Params.Health != nil {
		f.Health = string(*r.Params.Health)
	}
	rows, err := s.CatalogReader.Modules(ctx, scopeOf(ctx), f, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(m module.Module) string { return string(m.ID) })
	return api.ListProcessingModules200JSONResponse{Data: each(rows, toAPIModule), NextCursor: next}, nil
}

// CreateProcessingModule connects a panel, after trying it.
func (s *Server) CreateProcessingModule(ctx context.Context, r api.CreateProcessingModuleRequestObject) (api.CreateProcessingModuleResponseObject, error) {
	answer := func(m module.Module) api.CreateProcessingModuleResponseObject {
		return api.CreateProcessingModule201JSONResponse{
			Body:    toAPIModule(m),
			Headers: api.CreateProcessingModule201ResponseHeaders{Location: "/v1/processing-modules/" + string(m.ID), ETag: etag(m.Version)},
		}
	}
	b := r.Body
	in := module.Change{
		Check: checked(r.Params.Check), Name: &b.Name,
		DataCenterID: input.Opt[datacenter.ID]{Set: true, Value: as[datacenter.ID](b.DataCenterID)},
		DepartmentID: input.Opt[string]{Set: true, Value: b.DepartmentID}, SortOrder: b.SortOrder, Enabled: b.Enabled,
		Connection: freeForm(ctx, "connection"), Parameters: freeForm(ctx, "parameters"), Queue: fromAPIQueue(b.Queue),
		MaxRunningOpens: b.MaxRunningOpens,
	}
	m, err := s.Modules.Create(ctx, actorOf(ctx, once(answer)), b.Driver, b.ProductType, in)
	if err != nil {
		return nil, err
	}
	return answer(m), nil
}

// checked: the panel is tried unless the caller says no.
func checked(check *bool) bool { return check == nil || *check }

// GetProcessingModule reads a module.
func (s *Server) GetProcessingModule(ctx context.Context, r api.GetProcessingModuleRequestObject) (api.GetProcessingModuleResponseObject, error) {
	m, err := s.CatalogReader.Module(ctx, scopeOf(ctx), provision.ModuleID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetProcessingModule200JSONResponse{Body: toAPIModule(m), Headers: api.GetProcessingModule200ResponseHeaders{ETag: etag(m.Version)}}, nil
}

// UpdateProcessingModule changes a module; what it connects with is tried before.
func (s *Server) UpdateProcessingModule(ctx context.Context, r api.UpdateProcessingModuleRequestObject) (api.UpdateProcessingModuleResponseObject, error) {
	b := r.JSONBody
	in := module.Change{
		IfVersion: ifVersion(ctx), Check: checked(r.Params.Check), Name: b.Name,
		DataCenterID: asOpt[datacenter.ID](optional(b.DataCenterID)), DepartmentID: optional(b.DepartmentID),
		SortOrder: b.SortOrder, Enabled: b.Enabled, Connection: freeForm(ctx, "connection"), Parameters: freeForm(ctx, "parameters"),
		Queue: fromAPIQueue(b.Queue), MaxRunningOpens: b.MaxRunningOpens,
	}
	m, err := s.Modules.Update(ctx, actorOf(ctx), provision.ModuleID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateProcessingModule200JSONResponse{
		Body: toAPIModule(m), Headers: api.UpdateProcessingModule200ResponseHeaders{ETag: etag(m.Version)},
	}, nil
}

// DeleteProcessingModule removes a module that nothing refers to.
func (s *Server) DeleteProcessingModule(ctx context.Context, r api.DeleteProcessingModuleRequestObject) (api.DeleteProcessingModuleResponseObject, error) {
	if err := s.Modules.Delete(ctx, actorOf(ctx), provision.ModuleID(r.ID), ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteProcessingModule204Response{}, nil
}

// CheckProcessingModule tries the connection.
func (s *Server) CheckProcessingModule(ctx context.Context, r api.CheckProcessingModuleRequestObject) (api.CheckProcessingModuleResponseObject, error) {
	answer := func(c module.Check) api.CheckProcessingModuleResponseObject {
		return api.CheckProcessingModule200JSONResponse(toAPIModuleCheck(c))
	}
	c, err := s.Modules.Check(ctx, actorOf(ctx, once(answer)), provision.ModuleID(r.ID))
	if err != nil {
		return nil, err
	}
	return answer(c), nil
}

// SyncProcessingModule takes over what the panel offers.
func (s *Server) SyncProcessingModule(ctx context.Context, r api.SyncProcessingModuleRequestObject) (api.SyncProcessingModuleResponseObject, error) {
	answer := func(x module.Synced) api.SyncProcessingModuleResponseObject {
		return api.SyncProcessingModule200JSONResponse{
			Os: len(x.OS), Scripts: len(x.Scripts), Configurations: len(x.Configurations), Clusters: len(x.Clusters), Pools: len(x.Pools),
			Locations: len(x.Locations), SyncedAt: x.At,
		}
	}
	x, err := s.Modules.Sync(ctx, actorOf(ctx, once(answer)), provision.ModuleID(r.ID))
	if err != nil {
		return nil, err
	}
	return answer(x), nil
}

// ImportMachines takes over machines that the panel has already, or tells which there are.
func (s *Server) ImportMachines(ctx context.Context, r api.ImportMachinesRequestObject) (api.ImportMachinesResponseObject, error) {
	if r.Params.Preview != nil && *r.Params.Preview {
		list, err := s.Lifecycle.ImportPreview(ctx, provision.ModuleID(r.ID))
		if err != nil {
			return nil, err
		}
		return api.ImportMachines200JSONResponse{Machines: each(list, toAPIImportable)}, nil
	}
	var items []lifecycle.ImportItem
	if r.Body != nil && r.Body.Items != nil {
		items = each(*r.Body.Items, fromAPIImportItem)
	}
	answer := func(views []lifecycle.View) api.ImportMachinesResponseObject {
		return api.ImportMachines201JSONResponse{Services: each(views, s.toService(ctx))}
	}
	views, err := s.Lifecycle.Import(ctx, actorOf(ctx, once(answer)), provision.ModuleID(r.ID), items)
	if err != nil {
		return nil, err
	}
	return answer(views), nil
}

// ListModuleStock asks the panel what is free.
func (s *Server) ListModuleStock(ctx context.Context, r api.ListModuleStockRequestObject) (api.ListModuleStockResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.Tariffs.Stock(ctx, provision.ModuleID(r.ID))
	if err != nil {
		return nil, err
	}
	key := func(i tariff.StockItem) string { return i.Key }
	rows, next := cut(ctx, p, seek(p, list, key), key)
	return api.ListModuleStock200JSONResponse{Data: each(rows, toAPIStock), NextCursor: next}, nil
}

// GetModuleCatalog asks the panel what it offers.
func (s *Server) GetModuleCatalog(ctx context.Context, r api.GetModuleCatalogRequestObject) (api.GetModuleCatalogResponseObject, error) {
	c, err := s.Modules.Catalog(ctx, provision.ModuleID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetModuleCatalog200JSONResponse(toAPIModuleCatalog(c)), nil
}

// ListModuleProblems lists the problems that still count.
func (s *Server) ListModuleProblems(ctx context.Context, r api.ListModuleProblemsRequestObject) (api.ListModuleProblemsResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.CatalogReader.Problems(ctx, scopeOf(ctx), provision.ModuleID(r.ID), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(x module.Problem) string { return x.ID })
	return api.ListModuleProblems200JSONResponse{Data: each(rows, toAPIProblem), NextCursor: next}, nil
}

// ClearModuleProblems forgets them.
func (s *Server) ClearModuleProblems(ctx context.Context, r api.ClearModuleProblemsRequestObject) (api.ClearModuleProblemsResponseObject, error) {
	if err := s.Modules.ClearProblems(ctx, actorOf(ctx), provision.ModuleID(r.ID)); err != nil {
		return nil, err
	}
	return api.ClearModuleProblems204Response{}, nil
}
