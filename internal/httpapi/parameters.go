package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
)

// ListProductTypeParameters lists the parameters of a product type.
func (s *Server) ListProductTypeParameters(ctx context.Context, r api.ListProductTypeParametersRequestObject) (api.ListProductTypeParametersResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.CatalogReader.Parameters(ctx, scopeOf(ctx), r.Code, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(x product.Parameter) string { return x.Code })
	return api.ListProductTypeParameters200JSONResponse{Data: each(rows, toAPIParameter), NextCursor: next}, nil
}

// CreateProductTypeParameter adds a parameter.
func (s *Server) CreateProductTypeParameter(ctx context.Context, r api.CreateProductTypeParameterRequestObject) (api.CreateProductTypeParameterResponseObject, error) {
	answer := func(x product.Parameter) api.CreateProductTypeParameterResponseObject {
		return api.CreateProductTypeParameter201JSONResponse{
			Body: toAPIParameter(x),
			Headers: api.CreateProductTypeParameter201ResponseHeaders{
				Location: "/v1/product-types/" + x.ProductType + "/parameters/" + x.Code, ETag: etag(x.Version),
			},
		}
	}
	b := r.Body
	in := product.ParameterChange{
		Name: &b.Name, Input: text(b.Input), Values: fromAPIParameterValues(b.Values), Required: b.Required, Ask: text(b.Ask),
		Edit: text(b.Edit), AllTariffs: b.AllTariffs, Validator: fromAPIValidator(b.Validator), SortOrder: b.SortOrder,
	}
	x, err := s.Products.CreateParameter(ctx, actorOf(ctx, once(answer)), r.Code, b.Code, in)
	if err != nil {
		return nil, err
	}
	return answer(x), nil
}

// GetProductTypeParameter reads a parameter.
func (s *Server) GetProductTypeParameter(ctx context.Context, r api.GetProductTypeParameterRequestObject) (api.GetProductTypeParameterResponseObject, error) {
	x, err := s.CatalogReader.Parameter(ctx, scopeOf(ctx), r.Code, r.Parameter)
	if err != nil {
		return nil, err
	}
	return api.GetProductTypeParameter200JSONResponse{
		Body: toAPIParameter(x), Headers: api.GetProductTypeParameter200ResponseHeaders{ETag: etag(x.Version)},
	}, nil
}

// UpdateProductTypeParameter changes a parameter.
func (s *Server) UpdateProductTypeParameter(ctx context.Context, r api.UpdateProductTypeParameterRequestObject) (api.UpdateProductTypeParameterResponseObject, error) {
	b := r.JSONBody
	in := product.ParameterChange{
		IfVersion: ifVersion(ctx), Name: b.Name, Values: fromAPIParameterValues(b.Values), Required: b.Required, Ask: text(b.Ask),
		Edit: text(b.Edit), AllTariffs: b.AllTariffs, Validator: fromAPIValidator(b.Validator), SortOrder: b.SortOrder,
	}
	x, err := s.Products.UpdateParameter(ctx, actorOf(ctx), r.Code, r.Parameter, in)
	if err != nil {
		return nil, err
	}
	return api.UpdateProductTypeParameter200JSONResponse{
		Body: toAPIParameter(x), Headers: api.UpdateProductTypeParameter200ResponseHeaders{ETag: etag(x.Version)},
	}, nil
}

// DeleteProductTypeParameter removes a parameter that nothing refers to.
func (s *Server) DeleteProductTypeParameter(ctx context.Context, r api.DeleteProductTypeParameterRequestObject) (api.DeleteProductTypeParameterResponseObject, error) {
	if err := s.Products.DeleteParameter(ctx, actorOf(ctx), r.Code, r.Parameter, ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteProductTypeParameter204Response{}, nil
}

func toAPIParameter(p product.Parameter) api.ProductTypeParameter {
	return api.ProductTypeParameter{
		Code: p.Code, Name: p.Name, Input: api.ParameterInput(p.Input), Values: each(p.Values, toAPIParameterValue), Required: p.Required,
		Ask: api.ParameterAsk(p.Ask), Edit: api.ParameterEdit(p.Edit), AllTariffs: p.AllTariffs,
		Validator: toAPIValidator(p.Validator), SortOrder: p.SortOrder, Builtin: p.Builtin, CreatedAt: p.CreatedAt,
	}
}

func toAPIValidator(v product.Validator) api.Validator {
	return api.Validator{Kind: api.ValidatorKind(v.Kind), Pattern: orNull(v.Pattern), Min: v.Min, Max: v.Max}
}

func toAPIParameterValue(v product.ParameterValue) api.ParameterValue {
	return api.ParameterValue{
		Code: v.Code, Name: v.Name, Tags: append([]string{}, v.Tags...), SortOrder: v.SortOrder, Enabled: v.Enabled,
		ModuleIds: each(v.ModuleIDs, func(id provision.ModuleID) api.ID { return string(id) }),
	}
}

// fromAPIParameterValues leaves to the engine what stands for a name and a place that were left out.
func fromAPIParameterValues(list *[]api.ParameterValueInput) *[]product.ParameterValue {
	if list == nil {
		return nil
	}
	out := each(*list, func(x api.ParameterValueInput) product.ParameterValue {
		v := product.ParameterValue{
			Code: x.Code, Name: orEmpty(x.Name), Tags: []string{}, ModuleIDs: []provision.ModuleID{}, Enabled: x.Enabled == nil || *x.Enabled,
		}
		if x.Tags != nil {
			v.Tags = *x.Tags
		}
		if x.SortOrder != nil {
			v.SortOrder = *x.SortOrder
		}
		if in := ids[provision.ModuleID](x.ModuleIds); in != nil {
			v.ModuleIDs = *in
		}
		return v
	})
	return &out
}

func fromAPIValidator(b *api.ValidatorInput) product.ValidatorChange {
	if b == nil {
		return product.ValidatorChange{}
	}
	return product.ValidatorChange{Kind: text(b.Kind), Pattern: optional(b.Pattern), Min: optional(b.Min), Max: optional(b.Max)}
}
