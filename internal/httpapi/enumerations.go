package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/product"
)

// ListEnumerations lists enumerations.
func (s *Server) ListEnumerations(ctx context.Context, _ api.ListEnumerationsRequestObject) (api.ListEnumerationsResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.CatalogReader.Enumerations(ctx, scopeOf(ctx), p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(n product.Enumeration) string { return n.Code })
	return api.ListEnumerations200JSONResponse{Data: each(rows, toAPIEnumeration), NextCursor: next}, nil
}

// CreateEnumeration adds an enumeration.
func (s *Server) CreateEnumeration(ctx context.Context, r api.CreateEnumerationRequestObject) (api.CreateEnumerationResponseObject, error) {
	answer := func(n product.Enumeration) api.CreateEnumerationResponseObject {
		return api.CreateEnumeration201JSONResponse{
			Body:    toAPIEnumeration(n),
			Headers: api.CreateEnumeration201ResponseHeaders{Location: "/v1/enumerations/" + n.Code, ETag: etag(n.Version)},
		}
	}
	in := product.EnumerationChange{Name: &r.Body.Name, Items: fromAPIEnumerationItems(r.Body.Items)}
	n, err := s.Products.CreateEnumeration(ctx, actorOf(ctx, once(answer)), r.Body.Code, in)
	if err != nil {
		return nil, err
	}
	return answer(n), nil
}

// GetEnumeration reads an enumeration.
func (s *Server) GetEnumeration(ctx context.Context, r api.GetEnumerationRequestObject) (api.GetEnumerationResponseObject, error) {
	n, err := s.CatalogReader.Enumeration(ctx, scopeOf(ctx), r.Code)
	if err != nil {
		return nil, err
	}
	return api.GetEnumeration200JSONResponse{Body: toAPIEnumeration(n), Headers: api.GetEnumeration200ResponseHeaders{ETag: etag(n.Version)}}, nil
}

// UpdateEnumeration changes an enumeration.
func (s *Server) UpdateEnumeration(ctx context.Context, r api.UpdateEnumerationRequestObject) (api.UpdateEnumerationResponseObject, error) {
	in := product.EnumerationChange{IfVersion: ifVersion(ctx), Name: r.JSONBody.Name, Items: fromAPIEnumerationItems(r.JSONBody.Items)}
	n, err := s.Products.UpdateEnumeration(ctx, actorOf(ctx), r.Code, in)
	if err != nil {
		return nil, err
	}
	return api.UpdateEnumeration200JSONResponse{Body: toAPIEnumeration(n), Headers: api.UpdateEnumeration200ResponseHeaders{ETag: etag(n.Version)}}, nil
}

// DeleteEnumeration removes an enumeration that nothing refers to.
func (s *Server) DeleteEnumeration(ctx context.Context, r api.DeleteEnumerationRequestObject) (api.DeleteEnumerationResponseObject, error) {
	if err := s.Products.DeleteEnumeration(ctx, actorOf(ctx), r.Code, ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteEnumeration204Response{}, nil
}

func toAPIEnumeration(n product.Enumeration) api.Enumeration {
	return api.Enumeration{
		Code: n.Code, Name: n.Name, CreatedAt: n.CreatedAt,
		Items: each(n.Items, func(x product.EnumerationItem) api.EnumerationItem { return api.EnumerationItem(x) }),
	}
}

// fromAPIEnumerationItems leaves to the engine what stands for a member that was left out.
func fromAPIEnumerationItems(list *[]api.EnumerationItemInput) *[]product.EnumerationItem {
	if list == nil {
		return nil
	}
	out := each(*list, func(x api.EnumerationItemInput) product.EnumerationItem {
		item := product.EnumerationItem{Code: x.Code, Name: orEmpty(x.Name)}
		if x.SortOrder != nil {
			item.SortOrder = *x.SortOrder
		}
		return item
	})
	return &out
}
