package httpapi

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/tariff"
)

// TariffReader reads tariffs.
type TariffReader interface {
	Tariff(ctx context.Context, s actor.Scope, id catalog.TariffID) (catalog.Tariff, error)
	Tariffs(ctx context.Context, s actor.Scope, f catalog.TariffFilter, p actor.Page) ([]catalog.Tariff, error)
	TariffHistory(ctx context.Context, s actor.Scope, id catalog.TariffID, from, to *time.Time, p actor.Page) ([]tariff.Revision, error)
}

// ListTariffs lists tariffs.
func (s *Server) ListTariffs(ctx context.Context, r api.ListTariffsRequestObject) (api.ListTariffsResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	f := catalog.TariffFilter{
		Code: orEmpty(r.Params.Code), ProductType: orEmpty(r.Params.ProductType), ProviderID: actor.ProviderID(orEmpty(r.Params.ProviderID)),
		Status: catalog.TariffStatus(orEmpty(text(r.Params.Status))), GroupID: catalog.TariffGroupID(orEmpty(r.Params.GroupID)),
	}
	rows, err := s.CatalogReader.Tariffs(ctx, scopeOf(ctx), f, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(t catalog.Tariff) string { return string(t.ID) })
	return api.ListTariffs200JSONResponse{Data: each(rows, toAPITariff), NextCursor: next}, nil
}

// CreateTariff adds a tariff.
func (s *Server) CreateTariff(ctx context.Context, r api.CreateTariffRequestObject) (api.CreateTariffResponseObject, error) {
	answer := func(t catalog.Tariff) api.CreateTariffResponseObject {
		return api.CreateTariff201JSONResponse{
			Body:    toAPITariff(t),
			Headers: api.CreateTariff201ResponseHeaders{Location: "/v1/tariffs/" + string(t.ID), ETag: etag(t.Version)},
		}
	}
	in, err := fromAPITariffCreate(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	t, err := s.Tariffs.Create(ctx, actorOf(ctx, once(answer)), in)
	if err != nil {
		return nil, err
	}
	return answer(t), nil
}

// GetTariff reads a tariff.
func (s *Server) GetTariff(ctx context.Context, r api.GetTariffRequestObject) (api.GetTariffResponseObject, error) {
	t, err := s.CatalogReader.Tariff(ctx, scopeOf(ctx), catalog.TariffID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetTariff200JSONResponse{Body: toAPITariff(t), Headers: api.GetTariff200ResponseHeaders{ETag: etag(t.Version)}}, nil
}

// UpdateTariff changes a tariff.
func (s *Server) UpdateTariff(ctx context.Context, r api.UpdateTariffRequestObject) (api.UpdateTariffResponseObject, error) {
	in, err := fromAPITariffPatch(ctx, *r.JSONBody)
	if err != nil {
		return nil, err
	}
	t, err := s.Tariffs.Update(ctx, actorOf(ctx), catalog.TariffID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateTariff200JSONResponse{Body: toAPITariff(t), Headers: api.UpdateTariff200ResponseHeaders{ETag: etag(t.Version)}}, nil
}

// DeleteTariff removes a tariff that was never ordered.
func (s *Server) DeleteTariff(ctx context.Context, r api.DeleteTariffRequestObject) (api.DeleteTariffResponseObject, error) {
	if err := s.Tariffs.Delete(ctx, actorOf(ctx), catalog.TariffID(r.ID), ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteTariff204Response{}, nil
}

// ListTariffHistory tells who changed what.
func (s *Server) ListTariffHistory(ctx context.Context, r api.ListTariffHistoryRequestObject) (api.ListTariffHistoryResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.CatalogReader.TariffHistory(ctx, scopeOf(ctx), catalog.TariffID(r.ID), r.Params.From, r.Params.To, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(h tariff.Revision) string { return h.ID })
	return api.ListTariffHistory200JSONResponse{Data: each(rows, toAPIRevision), NextCursor: next}, nil
}

// GetTariffAvailability tells whether a tariff can be ordered now.
func (s *Server) GetTariffAvailability(ctx context.Context, r api.GetTariffAvailabilityRequestObject) (api.GetTariffAvailabilityResponseObject, error) {
	scope := scopeOf(ctx)
	t, err := s.CatalogReader.Tariff(ctx, scope, catalog.TariffID(r.ID))
	if err != nil {
		return nil, err
	}
	of := actor.ClientID(orEmpty(r.Params.ClientID))
	if scope.ClientID != "" && of == "" {
		of = scope.ClientID
	}
	a, err := s.Tariffs.Availability(ctx, actorOf(ctx), t.ID, of, datacenter.ID(orEmpty(r.Params.DataCenterID)))
	if err != nil {
		return nil, err
	}
	if err = s.addEligible(ctx, t, of, &a); err != nil {
		return nil, err
	}
	return api.GetTariffAvailability200JSONResponse(toAPIAvailability(a)), nil
}
