package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/tariff"
)

// TariffGroupReader reads groups of tariffs.
type TariffGroupReader interface {
	TariffGroup(ctx context.Context, s actor.Scope, id catalog.TariffGroupID) (tariff.Group, error)
	TariffGroups(ctx context.Context, s actor.Scope, p actor.Page) ([]tariff.Group, error)
}

// ListTariffGroups lists groups of tariffs.
func (s *Server) ListTariffGroups(ctx context.Context, _ api.ListTariffGroupsRequestObject) (api.ListTariffGroupsResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.CatalogReader.TariffGroups(ctx, scopeOf(ctx), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(v tariff.Group) string { return string(v.ID) })
	return api.ListTariffGroups200JSONResponse{Data: each(rows, toAPITariffGroup), NextCursor: next}, nil
}

// CreateTariffGroup adds a group of tariffs.
func (s *Server) CreateTariffGroup(ctx context.Context, r api.CreateTariffGroupRequestObject) (api.CreateTariffGroupResponseObject, error) {
	answer := func(v tariff.Group) api.CreateTariffGroupResponseObject {
		return api.CreateTariffGroup201JSONResponse{
			Body:    toAPITariffGroup(v),
			Headers: api.CreateTariffGroup201ResponseHeaders{Location: "/v1/tariff-groups/" + string(v.ID), ETag: etag(v.Version)},
		}
	}
	in := tariff.GroupChange{Name: &r.Body.Name, SortOrder: r.Body.SortOrder}
	v, err := s.Tariffs.CreateGroup(ctx, actorOf(ctx, once(answer)), in)
	if err != nil {
		return nil, err
	}
	return answer(v), nil
}

// GetTariffGroup reads a group of tariffs.
func (s *Server) GetTariffGroup(ctx context.Context, r api.GetTariffGroupRequestObject) (api.GetTariffGroupResponseObject, error) {
	v, err := s.CatalogReader.TariffGroup(ctx, scopeOf(ctx), catalog.TariffGroupID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetTariffGroup200JSONResponse{Body: toAPITariffGroup(v), Headers: api.GetTariffGroup200ResponseHeaders{ETag: etag(v.Version)}}, nil
}

// UpdateTariffGroup changes a group of tariffs.
func (s *Server) UpdateTariffGroup(ctx context.Context, r api.UpdateTariffGroupRequestObject) (api.UpdateTariffGroupResponseObject, error) {
	in := tariff.GroupChange{IfVersion: ifVersion(ctx), Name: r.JSONBody.Name, SortOrder: r.JSONBody.SortOrder}
	v, err := s.Tariffs.UpdateGroup(ctx, actorOf(ctx), catalog.TariffGroupID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateTariffGroup200JSONResponse{Body: toAPITariffGroup(v), Headers: api.UpdateTariffGroup200ResponseHeaders{ETag: etag(v.Version)}}, nil
}

// DeleteTariffGroup removes a group of tariffs.
func (s *Server) DeleteTariffGroup(ctx context.Context, r api.DeleteTariffGroupRequestObject) (api.DeleteTariffGroupResponseObject, error) {
	if err := s.Tariffs.DeleteGroup(ctx, actorOf(ctx), catalog.TariffGroupID(r.ID), ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteTariffGroup204Response{}, nil
}

func toAPITariffGroup(g tariff.Group) api.TariffGroup {
	return api.TariffGroup{ID: string(g.ID), Name: g.Name, SortOrder: g.SortOrder, CreatedAt: g.CreatedAt}
}
