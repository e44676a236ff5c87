package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
)

// ListProviders lists providers; storefronts and clients see their own.
func (s *Server) ListProviders(ctx context.Context, _ api.ListProvidersRequestObject) (api.ListProvidersResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.ClientReader.Providers(ctx, scopeOf(ctx), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(p client.Provider) string { return string(p.ID) })
	return api.ListProviders200JSONResponse{Data: each(rows, toAPIProvider), NextCursor: next}, nil
}

// CreateProvider adds a provider.
func (s *Server) CreateProvider(ctx context.Context, r api.CreateProviderRequestObject) (api.CreateProviderResponseObject, error) {
	answer := func(p client.Provider) api.CreateProviderResponseObject {
		return api.CreateProvider201JSONResponse{
			Body:    toAPIProvider(p),
			Headers: api.CreateProvider201ResponseHeaders{Location: "/v1/providers/" + string(p.ID), ETag: etag(p.Version)},
		}
	}
	p, err := s.Clients.CreateProvider(ctx, actorOf(ctx, once(answer)), fromAPIProviderCreate(*r.Body))
	if err != nil {
		return nil, err
	}
	return answer(p), nil
}

// GetProvider reads a provider.
func (s *Server) GetProvider(ctx context.Context, r api.GetProviderRequestObject) (api.GetProviderResponseObject, error) {
	p, err := s.ClientReader.Provider(ctx, scopeOf(ctx), actor.ProviderID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetProvider200JSONResponse{Body: toAPIProvider(p), Headers: api.GetProvider200ResponseHeaders{ETag: etag(p.Version)}}, nil
}

// UpdateProvider changes a provider.
func (s *Server) UpdateProvider(ctx context.Context, r api.UpdateProviderRequestObject) (api.UpdateProviderResponseObject, error) {
	in := fromAPIProviderPatch(*r.JSONBody)
	in.IfVersion = ifVersion(ctx)
	p, err := s.Clients.UpdateProvider(ctx, actorOf(ctx), actor.ProviderID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateProvider200JSONResponse{Body: toAPIProvider(p), Headers: api.UpdateProvider200ResponseHeaders{ETag: etag(p.Version)}}, nil
}

// DeleteProvider removes a provider that nothing refers to.
func (s *Server) DeleteProvider(ctx context.Context, r api.DeleteProviderRequestObject) (api.DeleteProviderResponseObject, error) {
	if err := s.Clients.DeleteProvider(ctx, actorOf(ctx), actor.ProviderID(r.ID), ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteProvider204Response{}, nil
}
