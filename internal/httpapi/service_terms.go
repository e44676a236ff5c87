package httpapi

import (
	"context"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/service"
)

// ChangeServiceAddOns changes what a service has of its tariff's add-ons, or tells what that would cost.
func (s *Server) ChangeServiceAddOns(ctx context.Context, r api.ChangeServiceAddOnsRequestObject) (api.ChangeServiceAddOnsResponseObject, error) {
	in := lifecycle.TermsInput{AddOns: r.Body.AddOns}
	if r.Params.Preview != nil && *r.Params.Preview {
		bill, err := s.Lifecycle.PreviewTerms(ctx, actorOf(ctx), service.ID(r.ID), in)
		if err != nil {
			return nil, err
		}
		return api.ChangeServiceAddOns200JSONResponse{Body: toAPIBill(bill), Headers: api.ChangeServiceAddOns200ResponseHeaders{ETag: etag(bill.Version)}}, nil
	}
	answer := func(res lifecycle.Result) api.ChangeServiceAddOnsResponseObject {
		if res.Operation == nil {
			return api.ChangeServiceAddOns200JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.ChangeServiceAddOns200ResponseHeaders{ETag: etag(res.View.Version)}}
		}
		return api.ChangeServiceAddOns202JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.ChangeServiceAddOns202ResponseHeaders{Location: operationAt(res)}}
	}
	res, err := s.Lifecycle.ChangeTerms(ctx, actorOf(ctx, once(answer)), service.ID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return answer(res), nil
}

// ChangeServiceTariff changes a service's tariff or period, or tells what that would cost.
func (s *Server) ChangeServiceTariff(ctx context.Context, r api.ChangeServiceTariffRequestObject) (api.ChangeServiceTariffResponseObject, error) {
	in := lifecycle.TermsInput{TariffID: catalog.TariffID(r.Body.TariffID), Period: calendar.Period(r.Body.Period)}
	if r.Body.AddOns != nil {
		in.AddOns = *r.Body.AddOns
	}
	if r.Body.Parameters != nil {
		in.Parameters = *r.Body.Parameters
	}
	if r.Params.Preview != nil && *r.Params.Preview {
		bill, err := s.Lifecycle.PreviewTerms(ctx, actorOf(ctx), service.ID(r.ID), in)
		if err != nil {
			return nil, err
		}
		return api.ChangeServiceTariff200JSONResponse{Body: toAPIBill(bill), Headers: api.ChangeServiceTariff200ResponseHeaders{ETag: etag(bill.Version)}}, nil
	}
	answer := func(res lifecycle.Result) api.ChangeServiceTariffResponseObject {
		if res.Operation == nil {
			return api.ChangeServiceTariff200JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.ChangeServiceTariff200ResponseHeaders{ETag: etag(res.View.Version)}}
		}
		return api.ChangeServiceTariff202JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.ChangeServiceTariff202ResponseHeaders{Location: operationAt(res)}}
	}
	res, err := s.Lifecycle.ChangeTerms(ctx, actorOf(ctx, once(answer)), service.ID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return answer(res), nil
}

// toAPIBill writes what a change of terms costs.
func toAPIBill(b lifecycle.Bill) api.TermsBill {
	return api.TermsBill{
		Charge: toAPIMoney(b.Charge), Refund: toAPIMoney(b.Refund), PaidUntil: b.PaidUntil,
		Lines: each(b.Lines, func(l lifecycle.BillLine) api.TermsBillLine {
			return api.TermsBillLine{
				Kind: api.TermsBillLineKind(l.Kind), Code: orNull(l.Code), Name: l.Name, Amount: toAPIMoney(l.Amount), Tax: toAPIMoney(l.Tax),
			}
		}),
	}
}
