package httpapi

import (
	"context"
	"strings"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
)

// ClientReader reads providers, clients and the records of keys.
type ClientReader interface {
	Provider(ctx context.Context, s actor.Scope, id actor.ProviderID) (client.Provider, error)
	Providers(ctx context.Context, s actor.Scope, p actor.Page) ([]client.Provider, error)
	Client(ctx context.Context, s actor.Scope, id actor.ClientID) (client.Client, error)
	Clients(ctx context.Context, s actor.Scope, f client.Filter, p actor.Page) ([]client.Client, error)
	Key(ctx context.Context, s actor.Scope, id client.KeyID) (client.Key, error)
	Keys(ctx context.Context, s actor.Scope, p actor.Page) ([]client.Key, error)
	ClientGroupReader
	TaxRuleReader
}

// ListAPIKeys lists keys, revoked ones too.
func (s *Server) ListAPIKeys(ctx context.Context, _ api.ListAPIKeysRequestObject) (api.ListAPIKeysResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.ClientReader.Keys(ctx, scopeOf(ctx), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(k client.Key) string { return string(k.ID) })
	return api.ListAPIKeys200JSONResponse{Data: each(rows, toAPIKey), NextCursor: next}, nil
}

// CreateAPIKey makes a key. The stored answer holds only the first characters of the secret.
func (s *Server) CreateAPIKey(ctx context.Context, r api.CreateAPIKeyRequestObject) (api.CreateAPIKeyResponseObject, error) {
	answer := func(k client.NewKey) api.CreateAPIKeyResponseObject {
		return api.CreateAPIKey201JSONResponse{
			Body:    toAPIKeyCreated(k),
			Headers: api.CreateAPIKey201ResponseHeaders{Location: "/v1/api-keys/" + string(k.ID), ETag: etag(k.Version)},
		}
	}
	masked := func(k client.NewKey) api.CreateAPIKeyResponseObject {
		k.Secret = k.Prefix + strings.Repeat("*", len(k.Secret)-len(k.Prefix))
		return answer(k)
	}
	k, err := s.Clients.CreateKey(ctx, actorOf(ctx, once(masked)), fromAPIKeyCreate(*r.Body))
	if err != nil {
		return nil, err
	}
	return answer(k), nil
}

// GetAPIKey reads the record of a key.
func (s *Server) GetAPIKey(ctx context.Context, r api.GetAPIKeyRequestObject) (api.GetAPIKeyResponseObject, error) {
	k, err := s.ClientReader.Key(ctx, scopeOf(ctx), client.KeyID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetAPIKey200JSONResponse{Body: toAPIKey(k), Headers: api.GetAPIKey200ResponseHeaders{ETag: etag(k.Version)}}, nil
}

// RevokeAPIKey ends a key; this process forgets it at once, others within seconds.
func (s *Server) RevokeAPIKey(ctx context.Context, r api.RevokeAPIKeyRequestObject) (api.RevokeAPIKeyResponseObject, error) {
	if err := s.Clients.RevokeKey(ctx, actorOf(ctx), client.KeyID(r.ID), ifVersion(ctx)); err != nil {
		return nil, err
	}
	s.keyring.forget()
	return api.RevokeAPIKey204Response{}, nil
}
