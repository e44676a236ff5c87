package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
)

// ListClients lists clients; a client sees itself.
func (s *Server) ListClients(ctx context.Context, r api.ListClientsRequestObject) (api.ListClientsResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	filter := client.Filter{Email: orEmpty(r.Params.Email)}
	if r.Params.Status != nil {
		filter.Status = client.Status(*r.Params.Status)
	}
	rows, err := s.ClientReader.Clients(ctx, scopeOf(ctx), filter, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(c client.Client) string { return string(c.ID) })
	return api.ListClients200JSONResponse{Data: each(rows, toAPIClient), NextCursor: next}, nil
}

// CreateClient adds a client.
func (s *Server) CreateClient(ctx context.Context, r api.CreateClientRequestObject) (api.CreateClientResponseObject, error) {
	in, err := fromAPIClientCreate(*r.Body)
	if err != nil {
		return nil, err
	}
	answer := func(c client.Client) api.CreateClientResponseObject {
		return api.CreateClient201JSONResponse{
			Body:    toAPIClient(c),
			Headers: api.CreateClient201ResponseHeaders{Location: "/v1/clients/" + string(c.ID), ETag: etag(c.Version)},
		}
	}
	c, err := s.Clients.Create(ctx, actorOf(ctx, once(answer)), in)
	if err != nil {
		return nil, err
	}
	return answer(c), nil
}

// GetClient reads a client.
func (s *Server) GetClient(ctx context.Context, r api.GetClientRequestObject) (api.GetClientResponseObject, error) {
	c, err := s.ClientReader.Client(ctx, scopeOf(ctx), actor.ClientID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetClient200JSONResponse{Body: toAPIClient(c), Headers: api.GetClient200ResponseHeaders{ETag: etag(c.Version)}}, nil
}

// UpdateClient changes a client.
func (s *Server) UpdateClient(ctx context.Context, r api.UpdateClientRequestObject) (api.UpdateClientResponseObject, error) {
	in, err := fromAPIClientPatch(*r.JSONBody)
	if err != nil {
		return nil, err
	}
	in.IfVersion = ifVersion(ctx)
	c, err := s.Clients.Update(ctx, actorOf(ctx), actor.ClientID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateClient200JSONResponse{Body: toAPIClient(c), Headers: api.UpdateClient200ResponseHeaders{ETag: etag(c.Version)}}, nil
}
