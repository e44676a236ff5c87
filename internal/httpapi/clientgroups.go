package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
)

// ClientGroupReader reads groups of clients.
type ClientGroupReader interface {
	ClientGroup(ctx context.Context, s actor.Scope, id client.GroupID) (client.Group, error)
	ClientGroups(ctx context.Context, s actor.Scope, p actor.Page) ([]client.Group, error)
}

// ListClientGroups lists groups of clients.
func (s *Server) ListClientGroups(ctx context.Context, _ api.ListClientGroupsRequestObject) (api.ListClientGroupsResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.ClientReader.ClientGroups(ctx, scopeOf(ctx), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(v client.Group) string { return string(v.ID) })
	return api.ListClientGroups200JSONResponse{Data: each(rows, toAPIClientGroup), NextCursor: next}, nil
}

// CreateClientGroup adds a group of clients.
func (s *Server) CreateClientGroup(ctx context.Context, r api.CreateClientGroupRequestObject) (api.CreateClientGroupResponseObject, error) {
	answer := func(v client.Group) api.CreateClientGroupResponseObject {
		return api.CreateClientGroup201JSONResponse{
			Body:    toAPIClientGroup(v),
			Headers: api.CreateClientGroup201ResponseHeaders{Location: "/v1/client-groups/" + string(v.ID), ETag: etag(v.Version)},
		}
	}
	in := client.GroupChange{Name: &r.Body.Name, SortOrder: r.Body.SortOrder}
	v, err := s.Clients.CreateGroup(ctx, actorOf(ctx, once(answer)), in)
	if err != nil {
		return nil, err
	}
	return answer(v), nil
}

// GetClientGroup reads a group of clients.
func (s *Server) GetClientGroup(ctx context.Context, r api.GetClientGroupRequestObject) (api.GetClientGroupResponseObject, error) {
	v, err := s.ClientReader.ClientGroup(ctx, scopeOf(ctx), client.GroupID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetClientGroup200JSONResponse{Body: toAPIClientGroup(v), Headers: api.GetClientGroup200ResponseHeaders{ETag: etag(v.Version)}}, nil
}

// UpdateClientGroup changes a group of clients.
func (s *Server) UpdateClientGroup(ctx context.Context, r api.UpdateClientGroupRequestObject) (api.UpdateClientGroupResponseObject, error) {
	in := client.GroupChange{IfVersion: ifVersion(ctx), Name: r.JSONBody.Name, SortOrder: r.JSONBody.SortOrder}
	v, err := s.Clients.UpdateGroup(ctx, actorOf(ctx), client.GroupID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateClientGroup200JSONResponse{Body: toAPIClientGroup(v), Headers: api.UpdateClientGroup200ResponseHeaders{ETag: etag(v.Version)}}, nil
}

// DeleteClientGroup removes a group of clients.
func (s *Server) DeleteClientGroup(ctx context.Context, r api.DeleteClientGroupRequestObject) (api.DeleteClientGroupResponseObject, error) {
	if err := s.Clients.DeleteGroup(ctx, actorOf(ctx), client.GroupID(r.ID), ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteClientGroup204Response{}, nil
}

func toAPIClientGroup(g client.Group) api.ClientGroup {
	return api.ClientGroup{ID: string(g.ID), Name: g.Name, SortOrder: g.SortOrder, CreatedAt: g.CreatedAt}
}
