package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/order"
)

// OrderReader reads orders.
type OrderReader interface {
	Order(ctx context.Context, s actor.Scope, id order.ID) (order.Order, error)
	Orders(ctx context.Context, s actor.Scope, f order.Filter, p actor.Page) ([]order.Order, error)
}

// CreateQuote prices a selection.
func (s *Server) CreateQuote(ctx context.Context, r api.CreateQuoteRequestObject) (api.CreateQuoteResponseObject, error) {
	wishes := fromAPIItems(r.Body.Items)
	items, err := s.Orders.Quote(ctx, actorOf(ctx), order.QuoteInput{ClientID: ownClient(r.Body.ClientID, scopeOf(ctx)), Wishes: wishes})
	if err != nil {
		return nil, err
	}
	return api.CreateQuote200JSONResponse(toAPIQuote(items)), nil
}

// ListOrders lists orders.
func (s *Server) ListOrders(ctx context.Context, r api.ListOrdersRequestObject) (api.ListOrdersResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	f := order.Filter{ClientID: actor.ClientID(orEmpty(r.Params.ClientID)), From: r.Params.From, To: r.Params.To}
	if r.Params.Status != nil {
		f.Status = order.Status(*r.Params.Status)
	}
	rows, err := s.OrderReader.Orders(ctx, scopeOf(ctx), f, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(o order.Order) string { return string(o.ID) })
	return api.ListOrders200JSONResponse{Data: each(rows, toAPIOrder), NextCursor: next}, nil
}

// CreateOrder places an order.
func (s *Server) CreateOrder(ctx context.Context, r api.CreateOrderRequestObject) (api.CreateOrderResponseObject, error) {
	in := order.PlaceInput{ClientID: ownClient(r.Body.ClientID, scopeOf(ctx)), Pay: order.PayBalance}
	if in.ClientID == "" {
		return nil, fault.New(fault.Invalid, "required", "Say for which client.").At("/client_id")
	}
	if r.Body.Pay != nil {
		in.Pay = string(*r.Body.Pay)
	}
	in.Wishes = fromAPIItems(r.Body.Items)
	answer := func(o order.Order) api.CreateOrderResponseObject {
		return api.CreateOrder201JSONResponse{
			Body:    toAPIOrder(o),
			Headers: api.CreateOrder201ResponseHeaders{Location: "/v1/orders/" + string(o.ID), ETag: etag(o.Version)},
		}
	}
	o, err := s.Orders.Place(ctx, actorOf(ctx, once(answer)), in)
	if err != nil {
		return nil, err
	}
	return answer(o), nil
}

// GetOrder reads an order.
func (s *Server) GetOrder(ctx context.Context, r api.GetOrderRequestObject) (api.GetOrderResponseObject, error) {
	o, err := s.OrderReader.Order(ctx, scopeOf(ctx), order.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetOrder200JSONResponse{Body: toAPIOrder(o), Headers: api.GetOrder200ResponseHeaders{ETag: etag(o.Version)}}, nil
}

// PayOrder pays an order from the balance.
func (s *Server) PayOrder(ctx context.Context, r api.PayOrderRequestObject) (api.PayOrderResponseObject, error) {
	answer := func(o order.Order) api.PayOrderResponseObject {
		return api.PayOrder200JSONResponse{Body: toAPIOrder(o), Headers: api.PayOrder200ResponseHeaders{ETag: etag(o.Version)}}
	}
	o, err := s.Orders.Pay(ctx, actorOf(ctx, once(answer)), order.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return answer(o), nil
}

// CancelOrder takes an order back.
func (s *Server) CancelOrder(ctx context.Context, r api.CancelOrderRequestObject) (api.CancelOrderResponseObject, error) {
	answer := func(o order.Order) api.CancelOrderResponseObject {
		return api.CancelOrder200JSONResponse{Body: toAPIOrder(o), Headers: api.CancelOrder200ResponseHeaders{ETag: etag(o.Version)}}
	}
	o, err := s.Orders.Cancel(ctx, actorOf(ctx, once(answer)), order.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return answer(o), nil
}
