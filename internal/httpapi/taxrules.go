package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
)

// TaxRuleReader reads tax rules.
type TaxRuleReader interface {
	TaxRule(ctx context.Context, s actor.Scope, id client.TaxRuleID) (client.TaxRule, error)
	TaxRules(ctx context.Context, s actor.Scope, of actor.ProviderID, p actor.Page) ([]client.TaxRule, error)
}

// ListTaxRules lists tax rules.
func (s *Server) ListTaxRules(ctx context.Context, r api.ListTaxRulesRequestObject) (api.ListTaxRulesResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.ClientReader.TaxRules(ctx, scopeOf(ctx), actor.ProviderID(orEmpty(r.Params.ProviderID)), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(v client.TaxRule) string { return string(v.ID) })
	return api.ListTaxRules200JSONResponse{Data: each(rows, toAPITaxRule), NextCursor: next}, nil
}

// CreateTaxRule adds a tax rule.
func (s *Server) CreateTaxRule(ctx context.Context, r api.CreateTaxRuleRequestObject) (api.CreateTaxRuleResponseObject, error) {
	answer := func(v client.TaxRule) api.CreateTaxRuleResponseObject {
		return api.CreateTaxRule201JSONResponse{
			Body:    toAPITaxRule(v),
			Headers: api.CreateTaxRule201ResponseHeaders{Location: "/v1/tax-rules/" + string(v.ID), ETag: etag(v.Version)},
		}
	}
	in, err := fromAPITaxRuleCreate(*r.Body)
	if err != nil {
		return nil, err
	}
	v, err := s.Clients.CreateTaxRule(ctx, actorOf(ctx, once(answer)), actor.ProviderID(r.Body.ProviderID), in)
	if err != nil {
		return nil, err
	}
	return answer(v), nil
}

// GetTaxRule reads a tax rule.
func (s *Server) GetTaxRule(ctx context.Context, r api.GetTaxRuleRequestObject) (api.GetTaxRuleResponseObject, error) {
	v, err := s.ClientReader.TaxRule(ctx, scopeOf(ctx), client.TaxRuleID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetTaxRule200JSONResponse{Body: toAPITaxRule(v), Headers: api.GetTaxRule200ResponseHeaders{ETag: etag(v.Version)}}, nil
}

// UpdateTaxRule changes a tax rule.
func (s *Server) UpdateTaxRule(ctx context.Context, r api.UpdateTaxRuleRequestObject) (api.UpdateTaxRuleResponseObject, error) {
	in, err := fromAPITaxRulePatch(*r.JSONBody)
	if err != nil {
		return nil, err
	}
	in.IfVersion = ifVersion(ctx)
	v, err := s.Clients.UpdateTaxRule(ctx, actorOf(ctx), client.TaxRuleID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateTaxRule200JSONResponse{Body: toAPITaxRule(v), Headers: api.UpdateTaxRule200ResponseHeaders{ETag: etag(v.Version)}}, nil
}

// DeleteTaxRule removes a tax rule.
func (s *Server) DeleteTaxRule(ctx context.Context, r api.DeleteTaxRuleRequestObject) (api.DeleteTaxRuleResponseObject, error) {
	if err := s.Clients.DeleteTaxRule(ctx, actorOf(ctx), client.TaxRuleID(r.ID), ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteTaxRule204Response{}, nil
}
