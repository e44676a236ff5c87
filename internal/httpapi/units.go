package httpapi

import (
	"context"
	"net/url"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/product"
)

// CatalogReader reads the catalogue.
type CatalogReader interface {
	Unit(ctx context.Context, s actor.Scope, code string) (measure.Unit, error)
	Units(ctx context.Context, s actor.Scope, p actor.Page) ([]measure.Unit, error)
	Enumeration(ctx context.Context, s actor.Scope, code string) (product.Enumeration, error)
	Enumerations(ctx context.Context, s actor.Scope, p actor.Page) ([]product.Enumeration, error)
	ProductType(ctx context.Context, s actor.Scope, code string) (product.Type, error)
	ProductTypes(ctx context.Context, s actor.Scope, p actor.Page) ([]product.Type, error)
	Element(ctx context.Context, s actor.Scope, productType, code string) (product.Content, error)
	Content(ctx context.Context, s actor.Scope, productType string, p actor.Page) ([]product.Content, error)
	Parameter(ctx context.Context, s actor.Scope, productType, code string) (product.Parameter, error)
	Parameters(ctx context.Context, s actor.Scope, productType string, p actor.Page) ([]product.Parameter, error)
	Integrations(ctx context.Context, s actor.Scope) ([]product.Integration, error)
	CompanionReader
	ModuleReader
	TariffReader
	TariffGroupReader
}

// ListUnits lists units.
func (s *Server) ListUnits(ctx context.Context, _ api.ListUnitsRequestObject) (api.ListUnitsResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.CatalogReader.Units(ctx, scopeOf(ctx), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(u measure.Unit) string { return u.Code })
	return api.ListUnits200JSONResponse{Data: each(rows, toAPIUnit), NextCursor: next}, nil
}

// CreateUnit adds a unit.
func (s *Server) CreateUnit(ctx context.Context, r api.CreateUnitRequestObject) (api.CreateUnitResponseObject, error) {
	answer := func(u measure.Unit) api.CreateUnitResponseObject {
		return api.CreateUnit201JSONResponse{
			Body:    toAPIUnit(u),
			Headers: api.CreateUnit201ResponseHeaders{Location: "/v1/units/" + url.PathEscape(u.Code), ETag: etag(u.Version)},
		}
	}
	in := measure.Input{Code: r.Body.Code, Name: r.Body.Name, SmallerUnit: orEmpty(r.Body.SmallerUnit), Ratio: toDecimal(r.Body.Ratio)}
	u, err := s.Units.Create(ctx, actorOf(ctx, once(answer)), in)
	if err != nil {
		return nil, err
	}
	return answer(u), nil
}

// GetUnit reads a unit.
func (s *Server) GetUnit(ctx context.Context, r api.GetUnitRequestObject) (api.GetUnitResponseObject, error) {
	u, err := s.CatalogReader.Unit(ctx, scopeOf(ctx), r.Code)
	if err != nil {
		return nil, err
	}
	return api.GetUnit200JSONResponse{Body: toAPIUnit(u), Headers: api.GetUnit200ResponseHeaders{ETag: etag(u.Version)}}, nil
}

// UpdateUnit changes a unit.
func (s *Server) UpdateUnit(ctx context.Context, r api.UpdateUnitRequestObject) (api.UpdateUnitResponseObject, error) {
	b := r.JSONBody
	in := measure.Change{IfVersion: ifVersion(ctx), Name: b.Name, SmallerUnit: optional(b.SmallerUnit)}
	if ratio := optional(b.Ratio); ratio.Set {
		in.Ratio = input.Opt[decimal.Decimal]{Set: true, Value: toDecimal(ratio.Value)}
	}
	u, err := s.Units.Update(ctx, actorOf(ctx), r.Code, in)
	if err != nil {
		return nil, err
	}
	return api.UpdateUnit200JSONResponse{Body: toAPIUnit(u), Headers: api.UpdateUnit200ResponseHeaders{ETag: etag(u.Version)}}, nil
}

// DeleteUnit removes a unit that nothing is measured in.
func (s *Server) DeleteUnit(ctx context.Context, r api.DeleteUnitRequestObject) (api.DeleteUnitResponseObject, error) {
	if err := s.Units.Delete(ctx, actorOf(ctx), r.Code, ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteUnit204Response{}, nil
}

func toAPIUnit(u measure.Unit) api.Unit {
	out := api.Unit{Code: u.Code, Name: u.Name, SmallerUnit: orNull(u.SmallerUnit), Builtin: u.Builtin, CreatedAt: u.CreatedAt}
	if u.SmallerUnit != "" {
		ratio := int(u.Ratio.IntPart())
		out.Ratio = &ratio
	}
	return out
}

func toDecimal(n *int) *decimal.Decimal {
	if n == nil {
		return nil
	}
	d := decimal.NewFromInt(int64(*n))
	return &d
}
