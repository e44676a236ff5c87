package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/ledger"
	"github.com/tariffd/tariffd/internal/payment"
)

// MoneyReader reads payments, expenses and the ledger.
type MoneyReader interface {
	Payment(ctx context.Context, s actor.Scope, id payment.ID) (payment.Payment, error)
	Payments(ctx context.Context, s actor.Scope, f payment.Filter, p actor.Page) ([]payment.Payment, error)
	Expenses(ctx context.Context, s actor.Scope, f charge.Filter, p actor.Page) ([]charge.Expense, error)
	Ledger(ctx context.Context, s actor.Scope, c actor.ClientID, f ledger.Filter, p actor.Page) ([]ledger.Line, error)
}

// ListPayments lists payments.
func (s *Server) ListPayments(ctx context.Context, r api.ListPaymentsRequestObject) (api.ListPaymentsResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	f := payment.Filter{
		ClientID: actor.ClientID(orEmpty(r.Params.ClientID)), ExternalID: orEmpty(r.Params.ExternalID), From: r.Params.From, To: r.Params.To,
	}
	if r.Params.Status != nil {
		f.Status = payment.Status(*r.Params.Status)
	}
	rows, err := s.MoneyReader.Payments(ctx, scopeOf(ctx), f, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(x payment.Payment) string { return string(x.ID) })
	return api.ListPayments200JSONResponse{Data: each(rows, toAPIPayment), NextCursor: next}, nil
}

// CreatePayment records a payment: 201, or 200 where it was recorded before.
func (s *Server) CreatePayment(ctx context.Context, r api.CreatePaymentRequestObject) (api.CreatePaymentResponseObject, error) {
	in, err := fromAPIPaymentCreate(*r.Body)
	if err != nil {
		return nil, err
	}
	answer := func(c payment.Created) api.CreatePaymentResponseObject {
		if !c.Fresh {
			return api.CreatePayment200JSONResponse{
				Body: toAPIPayment(c.Payment), Headers: api.CreatePayment200ResponseHeaders{ETag: etag(c.Version)},
			}
		}
		return api.CreatePayment201JSONResponse{
			Body:    toAPIPayment(c.Payment),
			Headers: api.CreatePayment201ResponseHeaders{Location: "/v1/payments/" + string(c.ID), ETag: etag(c.Version)},
		}
	}
	c, err := s.Payments.Create(ctx, actorOf(ctx, once(answer)), in)
	if err != nil {
		return nil, err
	}
	return answer(c), nil
}

// GetPayment reads a payment.
func (s *Server) GetPayment(ctx context.Context, r api.GetPaymentRequestObject) (api.GetPaymentResponseObject, error) {
	p, err := s.MoneyReader.Payment(ctx, scopeOf(ctx), payment.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetPayment200JSONResponse{Body: toAPIPayment(p), Headers: api.GetPayment200ResponseHeaders{ETag: etag(p.Version)}}, nil
}

// RefundPayment gives money back that was not spent.
func (s *Server) RefundPayment(ctx context.Context, r api.RefundPaymentRequestObject) (api.RefundPaymentResponseObject, error) {
	amount, err := fromAPIMoney(r.Body.Amount, "/amount")
	if err != nil {
		return nil, err
	}
	answer := func(p payment.Payment) api.RefundPaymentResponseObject {
		return api.RefundPayment200JSONResponse{Body: toAPIPayment(p), Headers: api.RefundPayment200ResponseHeaders{ETag: etag(p.Version)}}
	}
	p, err := s.Payments.Refund(ctx, actorOf(ctx, once(answer)), payment.ID(r.ID), amount)
	if err != nil {
		return nil, err
	}
	return answer(p), nil
}
