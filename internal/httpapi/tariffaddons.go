package httpapi

import (
	"context"
	"slices"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/product"
)

// ListTariffAddOns lists the add-ons of a tariff in the order in which they were connected.
func (s *Server) ListTariffAddOns(ctx context.Context, r api.ListTariffAddOnsRequestObject) (api.ListTariffAddOnsResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.CatalogReader.Tariff(ctx, scopeOf(ctx), catalog.TariffID(r.ID))
	if err != nil {
		return nil, err
	}
	list := slices.Clone(t.Offer.AddOns)
	if p.Desc {
		slices.Reverse(list)
	}
	if p.After != "" {
		// An add-on that was disconnected meanwhile leaves no place to go on from: the list begins anew.
		i := slices.IndexFunc(list, func(a catalog.AddOn) bool { return a.Code == p.After })
		list = list[i+1:]
	}
	rows, next := cut(ctx, p, list, func(a catalog.AddOn) string { return a.Code })
	return api.ListTariffAddOns200JSONResponse{Data: each(rows, toAPIAddOn), NextCursor: next}, nil
}

// CreateTariffAddOn connects an element of the product type.
func (s *Server) CreateTariffAddOn(ctx context.Context, r api.CreateTariffAddOnRequestObject) (api.CreateTariffAddOnResponseObject, error) {
	answer := func(a catalog.AddOn) api.CreateTariffAddOnResponseObject {
		return api.CreateTariffAddOn201JSONResponse{
			Body:    toAPIAddOn(a),
			Headers: api.CreateTariffAddOn201ResponseHeaders{Location: "/v1/tariffs/" + r.ID + "/add-ons/" + a.Code, ETag: etag(a.Version)},
		}
	}
	in, err := fromAPIAddOnCreate(*r.Body)
	if err != nil {
		return nil, err
	}
	a, err := s.Tariffs.CreateAddOn(ctx, actorOf(ctx, once(answer)), catalog.TariffID(r.ID), r.Body.Code, orEmpty(r.Body.AddOn), in)
	if err != nil {
		return nil, err
	}
	return answer(a), nil
}

// GetTariffAddOn reads an add-on of a tariff.
func (s *Server) GetTariffAddOn(ctx context.Context, r api.GetTariffAddOnRequestObject) (api.GetTariffAddOnResponseObject, error) {
	t, err := s.CatalogReader.Tariff(ctx, scopeOf(ctx), catalog.TariffID(r.ID))
	if err != nil {
		return nil, err
	}
	a, ok := t.Offer.AddOnOf(r.Code)
	if !ok {
		return nil, product.ErrNoContent
	}
	return api.GetTariffAddOn200JSONResponse{Body: toAPIAddOn(a), Headers: api.GetTariffAddOn200ResponseHeaders{ETag: etag(a.Version)}}, nil
}

// UpdateTariffAddOn changes an add-on of a tariff.
func (s *Server) UpdateTariffAddOn(ctx context.Context, r api.UpdateTariffAddOnRequestObject) (api.UpdateTariffAddOnResponseObject, error) {
	in, err := fromAPIAddOnPatch(*r.JSONBody)
	if err != nil {
		return nil, err
	}
	in.IfVersion = ifVersion(ctx)
	a, err := s.Tariffs.UpdateAddOn(ctx, actorOf(ctx), catalog.TariffID(r.ID), r.Code, in)
	if err != nil {
		return nil, err
	}
	return api.UpdateTariffAddOn200JSONResponse{Body: toAPIAddOn(a), Headers: api.UpdateTariffAddOn200ResponseHeaders{ETag: etag(a.Version)}}, nil
}

// DeleteTariffAddOn disconnects an add-on.
func (s *Server) DeleteTariffAddOn(ctx context.Context, r api.DeleteTariffAddOnRequestObject) (api.DeleteTariffAddOnResponseObject, error) {
	if err := s.Tariffs.DeleteAddOn(ctx, actorOf(ctx), catalog.TariffID(r.ID), r.Code, ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteTariffAddOn204Response{}, nil
}
