package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/product"
)

// ListProductTypes lists product types.
func (s *Server) ListProductTypes(ctx context.Context, _ api.ListProductTypesRequestObject) (api.ListProductTypesResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.CatalogReader.ProductTypes(ctx, scopeOf(ctx), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(t product.Type) string { return t.Code })
	return api.ListProductTypes200JSONResponse{Data: each(rows, toAPIProductType), NextCursor: next}, nil
}

// CreateProductType adds a product type.
func (s *Server) CreateProductType(ctx context.Context, r api.CreateProductTypeRequestObject) (api.CreateProductTypeResponseObject, error) {
	answer := func(t product.Type) api.CreateProductTypeResponseObject {
		return api.CreateProductType201JSONResponse{
			Body:    toAPIProductType(t),
			Headers: api.CreateProductType201ResponseHeaders{Location: "/v1/product-types/" + t.Code, ETag: etag(t.Version)},
		}
	}
	b := r.Body
	in := product.TypeChange{
		Name: &b.Name, SortOrder: b.SortOrder, TrialPolicy: text(b.TrialPolicy), ExpenseSplit: text(b.ExpenseSplit),
		NoWeekendSuspension: b.NoWeekendSuspension, OrderPage: fromAPIOrderPage(b.OrderPage),
		AutoDeleteAfterDays: input.Opt[int]{Set: true, Value: b.AutoDeleteAfterDays}, ClientDeletion: text(b.ClientDeletion),
		ClientDeletionTime: text(b.ClientDeletionTime), Periods: fromAPIPeriods(b.Periods),
	}
	t, err := s.Products.CreateType(ctx, actorOf(ctx, once(answer)), b.Code, in)
	if err != nil {
		return nil, err
	}
	return answer(t), nil
}

// GetProductType reads a product type.
func (s *Server) GetProductType(ctx context.Context, r api.GetProductTypeRequestObject) (api.GetProductTypeResponseObject, error) {
	t, err := s.CatalogReader.ProductType(ctx, scopeOf(ctx), r.Code)
	if err != nil {
		return nil, err
	}
	return api.GetProductType200JSONResponse{Body: toAPIProductType(t), Headers: api.GetProductType200ResponseHeaders{ETag: etag(t.Version)}}, nil
}

// UpdateProductType changes a product type.
func (s *Server) UpdateProductType(ctx context.Context, r api.UpdateProductTypeRequestObject) (api.UpdateProductTypeResponseObject, error) {
	b := r.JSONBody
	in := product.TypeChange{
		IfVersion: ifVersion(ctx), Name: b.Name, SortOrder: b.SortOrder, TrialPolicy: text(b.TrialPolicy), ExpenseSplit: text(b.ExpenseSplit),
		OrderPage: fromAPIOrderPage(b.OrderPage), NoWeekendSuspension: b.NoWeekendSuspension, AutoDeleteAfterDays: optional(b.AutoDeleteAfterDays),
		ClientDeletion: text(b.ClientDeletion), ClientDeletionTime: text(b.ClientDeletionTime), Periods: fromAPIPeriods(b.Periods),
	}
	t, err := s.Products.UpdateType(ctx, actorOf(ctx), r.Code, in)
	if err != nil {
		return nil, err
	}
	return api.UpdateProductType200JSONResponse{Body: toAPIProductType(t), Headers: api.UpdateProductType200ResponseHeaders{ETag: etag(t.Version)}}, nil
}

// DeleteProductType removes a product type that nothing is of.
func (s *Server) DeleteProductType(ctx context.Context, r api.DeleteProductTypeRequestObject) (api.DeleteProductTypeResponseObject, error) {
	if err := s.Products.DeleteType(ctx, actorOf(ctx), r.Code, ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteProductType204Response{}, nil
}

// ListProductTypeAddOns lists the content of a product type.
func (s *Server) ListProductTypeAddOns(ctx context.Context, r api.ListProductTypeAddOnsRequestObject) (api.ListProductTypeAddOnsResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.CatalogReader.Content(ctx, scopeOf(ctx), r.Code, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(c product.Content) string { return c.Code })
	return api.ListProductTypeAddOns200JSONResponse{Data: each(rows, toAPIContent), NextCursor: next}, nil
}

// CreateProductTypeAddOn adds an element to the content.
func (s *Server) CreateProductTypeAddOn(ctx context.Context, r api.CreateProductTypeAddOnRequestObject) (api.CreateProductTypeAddOnResponseObject, error) {
	answer := func(c product.Content) api.CreateProductTypeAddOnResponseObject {
		return api.CreateProductTypeAddOn201JSONResponse{
			Body: toAPIContent(c),
			Headers: api.CreateProductTypeAddOn201ResponseHeaders{
				Location: "/v1/product-types/" + c.ProductType + "/add-ons/" + c.Code, ETag: etag(c.Version),
			},
		}
	}
	b := r.Body
	in := product.ContentChange{
		Name: &b.Name, ValueType: text(b.ValueType), Unit: b.Unit, StatisticsParams: b.StatisticsParams, SortOrder: b.SortOrder,
		EnumerationCode: input.Opt[string]{Set: true, Value: b.EnumerationCode},
	}
	c, err := s.Products.CreateContent(ctx, actorOf(ctx, once(answer)), r.Code, b.Code, in)
	if err != nil {
		return nil, err
	}
	return answer(c), nil
}

// GetProductTypeAddOn reads an element.
func (s *Server) GetProductTypeAddOn(ctx context.Context, r api.GetProductTypeAddOnRequestObject) (api.GetProductTypeAddOnResponseObject, error) {
	c, err := s.CatalogReader.Element(ctx, scopeOf(ctx), r.Code, r.AddOn)
	if err != nil {
		return nil, err
	}
	return api.GetProductTypeAddOn200JSONResponse{Body: toAPIContent(c), Headers: api.GetProductTypeAddOn200ResponseHeaders{ETag: etag(c.Version)}}, nil
}

// UpdateProductTypeAddOn changes an element.
func (s *Server) UpdateProductTypeAddOn(ctx context.Context, r api.UpdateProductTypeAddOnRequestObject) (api.UpdateProductTypeAddOnResponseObject, error) {
	b := r.JSONBody
	in := product.ContentChange{
		IfVersion: ifVersion(ctx), Name: b.Name, StatisticsParams: b.StatisticsParams, SortOrder: b.SortOrder,
		EnumerationCode: optional(b.EnumerationCode),
	}
	if unit := optional(b.Unit); unit.Set {
		code := orEmpty(unit.Value)
		in.Unit = &code
	}
	c, err := s.Products.UpdateContent(ctx, actorOf(ctx), r.Code, r.AddOn, in)
	if err != nil {
		return nil, err
	}
	return api.UpdateProductTypeAddOn200JSONResponse{
		Body: toAPIContent(c), Headers: api.UpdateProductTypeAddOn200ResponseHeaders{ETag: etag(c.Version)},
	}, nil
}

// DeleteProductTypeAddOn removes an element that no tariff uses.
func (s *Server) DeleteProductTypeAddOn(ctx context.Context, r api.DeleteProductTypeAddOnRequestObject) (api.DeleteProductTypeAddOnResponseObject, error) {
	if err := s.Products.DeleteContent(ctx, actorOf(ctx), r.Code, r.AddOn, ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteProductTypeAddOn204Response{}, nil
}

func toAPIProductType(t product.Type) api.ProductType {
	return api.ProductType{
		Code: t.Code, Name: t.Name, Builtin: t.Builtin, SortOrder: t.SortOrder, ExpenseSplit: api.ExpenseSplit(t.ExpenseSplit),
		NoWeekendSuspension: t.NoWeekendSuspension, AutoDeleteAfterDays: t.AutoDeleteAfterDays,
		ClientDeletion: api.ClientDeletion(t.ClientDeletion), ClientDeletionTime: api.ClientDeletionTime(t.ClientDeletionTime),
		Periods: each(t.Periods, toAPIPeriod), TrialPolicy: api.TrialPolicy(t.TrialPolicy),
		OrderPage: api.OrderPage{
			Display: api.OrderPageDisplay(t.OrderPage.Display), ExpandDescription: t.OrderPage.ExpandDescription, Filter: t.OrderPage.Filter,
		},
		CreatedAt: t.CreatedAt,
	}
}

func fromAPIOrderPage(b *api.OrderPageInput) product.OrderPageChange {
	if b == nil {
		return product.OrderPageChange{}
	}
	return product.OrderPageChange{Display: text(b.Display), ExpandDescription: b.ExpandDescription, Filter: b.Filter}
}

func toAPIContent(c product.Content) api.ProductTypeAddOn {
	return api.ProductTypeAddOn{
		Code: c.Code, Name: c.Name, ValueType: api.ValueType(c.ValueType), Unit: orNull(c.Unit), EnumerationCode: orNull(c.EnumerationCode),
		StatisticsParams: c.StatisticsParams, SortOrder: c.SortOrder, Builtin: c.Builtin, CreatedAt: c.CreatedAt,
	}
}

func toAPIPeriod(p calendar.Period) api.Period { return api.Period(p) }

func fromAPIPeriods(list *[]api.Period) *[]calendar.Period {
	if list == nil {
		return nil
	}
	out := each(*list, func(p api.Period) calendar.Period { return calendar.Period(p) })
	return &out
}
