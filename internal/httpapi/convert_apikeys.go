package httpapi

import (
	"net/netip"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
)

func fromAPIKeyCreate(b api.APIKeyCreate) client.KeyInput {
	in := client.KeyInput{
		Name: b.Name, Role: actor.Role(b.Role), ProviderID: actor.ProviderID(orEmpty(b.ProviderID)), ClientID: actor.ClientID(orEmpty(b.ClientID)),
		RateLimit: b.RateLimit, ExpiresAt: b.ExpiresAt,
	}
	if b.Scopes != nil {
		in.Scopes = each(*b.Scopes, func(s api.APIKeyScope) string { return string(s) })
	}
	if b.AllowedIps != nil {
		in.AllowedIPs = *b.AllowedIps
	}
	return in
}

func toAPIKey(k client.Key) api.APIKey {
	return api.APIKey{
		ID: string(k.ID), Name: k.Name, Role: api.Role(k.Role), ProviderID: orNull(k.ProviderID), ClientID: orNull(k.ClientID),
		Scopes: toAPIScopes(k.Scopes), Prefix: k.Prefix, ExpiresAt: k.ExpiresAt, AllowedIps: each(k.AllowedIPs, toAPIRange),
		RateLimit: k.RateLimit, LastUsedAt: k.LastUsedAt, CreatedAt: k.CreatedAt, RevokedAt: k.RevokedAt,
	}
}

func toAPIKeyCreated(n client.NewKey) api.APIKeyCreated {
	k := toAPIKey(n.Key)
	return api.APIKeyCreated{
		Key: n.Secret, ID: k.ID, Name: k.Name, Role: k.Role, ProviderID: k.ProviderID, ClientID: k.ClientID, Scopes: k.Scopes, Prefix: k.Prefix,
		ExpiresAt: k.ExpiresAt, AllowedIps: k.AllowedIps, RateLimit: k.RateLimit, LastUsedAt: k.LastUsedAt, CreatedAt: k.CreatedAt, RevokedAt: k.RevokedAt,
	}
}

func toAPIScopes(scopes []string) []api.APIKeyScope {
	return each(scopes, func(s string) api.APIKeyScope { return api.APIKeyScope(s) })
}

// A range of one address is shown as the address.
func toAPIRange(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
