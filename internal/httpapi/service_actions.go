package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// SuspendService suspends a service for a reason.
func (s *Server) SuspendService(ctx context.Context, r api.SuspendServiceRequestObject) (api.SuspendServiceResponseObject, error) {
	reason, note := usualReason(ctx), ""
	if r.Body != nil {
		if r.Body.Reason != nil {
			reason = service.Reason(*r.Body.Reason)
		}
		note = orEmpty(r.Body.Note)
	}
	answer := func(res lifecycle.Result) api.SuspendServiceResponseObject {
		if res.Operation == nil {
			return api.SuspendService200JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.SuspendService200ResponseHeaders{ETag: etag(res.View.Version)}}
		}
		return api.SuspendService202JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.SuspendService202ResponseHeaders{Location: operationAt(res)}}
	}
	res, err := s.Lifecycle.Suspend(ctx, actorOf(ctx, once(answer)), service.ID(r.ID), reason, note)
	if err != nil {
		return nil, err
	}
	return answer(res), nil
}

// usualReason is the reason of a suspension that names none.
func usualReason(ctx context.Context) service.Reason {
	if callOf(ctx).staff() {
		return service.ByAdmin
	}
	return service.ByClient
}

// ResumeService clears reasons of a suspension.
func (s *Server) ResumeService(ctx context.Context, r api.ResumeServiceRequestObject) (api.ResumeServiceResponseObject, error) {
	var in lifecycle.ResumeInput
	if r.Body != nil {
		if r.Body.Reason != nil {
			in.Reason = service.Reason(*r.Body.Reason)
		}
		in.Force = r.Body.Force != nil && *r.Body.Force
	}
	answer := func(res lifecycle.Result) api.ResumeServiceResponseObject {
		if res.Operation == nil {
			return api.ResumeService200JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.ResumeService200ResponseHeaders{ETag: etag(res.View.Version)}}
		}
		return api.ResumeService202JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.ResumeService202ResponseHeaders{Location: operationAt(res)}}
	}
	res, err := s.Lifecycle.Resume(ctx, actorOf(ctx, once(answer)), service.ID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return answer(res), nil
}

// RenewService pays a further period.
func (s *Server) RenewService(ctx context.Context, r api.RenewServiceRequestObject) (api.RenewServiceResponseObject, error) {
	var period calendar.Period
	if r.Body != nil {
		period = calendar.Period(orEmpty(r.Body.Period))
	}
	answer := func(res lifecycle.Result) api.RenewServiceResponseObject {
		if res.Operation == nil {
			return api.RenewService200JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.RenewService200ResponseHeaders{ETag: etag(res.View.Version)}}
		}
		return api.RenewService202JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.RenewService202ResponseHeaders{Location: operationAt(res)}}
	}
	res, err := s.Lifecycle.Renew(ctx, actorOf(ctx, once(answer)), service.ID(r.ID), period)
	if err != nil {
		return nil, err
	}
	return answer(res), nil
}

// RebootService restarts the machine, from the panel's recovery system where that is asked for.
func (s *Server) RebootService(ctx context.Context, r api.RebootServiceRequestObject) (api.RebootServiceResponseObject, error) {
	recovery := r.Body != nil && r.Body.Recovery != nil && *r.Body.Recovery
	answer := func(res lifecycle.Result) api.RebootServiceResponseObject {
		if res.Operation == nil {
			return api.RebootService200JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.RebootService200ResponseHeaders{ETag: etag(res.View.Version)}}
		}
		return api.RebootService202JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.RebootService202ResponseHeaders{Location: operationAt(res)}}
	}
	res, err := s.Lifecycle.Reboot(ctx, actorOf(ctx, once(answer)), service.ID(r.ID), recovery)
	if err != nil {
		return nil, err
	}
	return answer(res), nil
}

// SyncService compares a service with what its panel says.
func (s *Server) SyncService(ctx context.Context, r api.SyncServiceRequestObject) (api.SyncServiceResponseObject, error) {
	answer := func(x lifecycle.Synced) api.SyncServiceResponseObject {
		return api.SyncService200JSONResponse{CheckedAt: x.At, Differences: each(x.Differences, toAPIDifference)}
	}
	x, err := s.Lifecycle.Sync(ctx, actorOf(ctx, once(answer)), service.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return answer(x), nil
}

// ReinstallService puts an operating system on the machine anew.
func (s *Server) ReinstallService(ctx context.Context, r api.ReinstallServiceRequestObject) (api.ReinstallServiceResponseObject, error) {
	parameters := map[string]json.RawMessage{}
	if r.Body != nil {
		for code, value := range map[string]*string{product.OSParameter: r.Body.Os, product.RecipeParameter: r.Body.Recipe} {
			if value == nil {
				continue
			}
			raw, err := json.Marshal(*value)
			if err != nil {
				return nil, err
			}
			parameters[code] = raw
		}
	}
	answer := func(res lifecycle.Result) api.ReinstallServiceResponseObject {
		if res.Operation == nil {
			return api.ReinstallService200JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.ReinstallService200ResponseHeaders{ETag: etag(res.View.Version)}}
		}
		return api.ReinstallService202JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.ReinstallService202ResponseHeaders{Location: operationAt(res)}}
	}
	res, err := s.Lifecycle.Reinstall(ctx, actorOf(ctx, once(answer)), service.ID(r.ID), parameters)
	if err != nil {
		return nil, outOf("/parameters", err)
	}
	return answer(res), nil
}

// SetServiceParameters changes parameters through the module.
func (s *Server) SetServiceParameters(ctx context.Context, r api.SetServiceParametersRequestObject) (api.SetServiceParametersResponseObject, error) {
	answer := func(res lifecycle.Result) api.SetServiceParametersResponseObject {
		if res.Operation == nil {
			return api.SetServiceParameters200JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.SetServiceParameters200ResponseHeaders{ETag: etag(res.View.Version)}}
		}
		return api.SetServiceParameters202JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.SetServiceParameters202ResponseHeaders{Location: operationAt(res)}}
	}
	res, err := s.Lifecycle.SetParameters(ctx, actorOf(ctx, once(answer)), service.ID(r.ID), r.Body.Parameters)
	if err != nil {
		return nil, err
	}
	return answer(res), nil
}

// UndeleteService takes a scheduled deletion back.
func (s *Server) UndeleteService(ctx context.Context, r api.UndeleteServiceRequestObject) (api.UndeleteServiceResponseObject, error) {
	answer := func(res lifecycle.Result) api.UndeleteServiceResponseObject {
		return api.UndeleteService200JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.UndeleteService200ResponseHeaders{ETag: etag(res.View.Version)}}
	}
	res, err := s.Lifecycle.Undelete(ctx, actorOf(ctx, once(answer)), service.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return answer(res), nil
}

// fromAPISpecial reads a staff price; money.ErrSyntax cannot come, the contract's pattern is stricter.
func fromAPISpecial(code string, b api.SpecialPriceInput) (p traffic.SpecialPrice, err error) {
	p = traffic.SpecialPrice{Item: traffic.SpecialItem(code), Period: calendar.Period(orEmpty(b.Period))}
	if b.Amount != nil {
		d, err := money.ParsePrice(*b.Amount)
		if err != nil {
			return p, moneyFault(err, "/amount")
		}
		p.Amount = &d
	}
	if b.OveragePrice != nil {
		d, err := money.ParsePrice(*b.OveragePrice)
		if err != nil {
			return p, moneyFault(err, "/overage_price")
		}
		p.OveragePrice = &d
	}
	return p, nil
}

// outOf makes a fault point at members of the body itself that the engine knows below a place of its own.
func outOf(place string, err error) error {
	var x *fault.Error
	if !errors.As(err, &x) || len(x.Fields) == 0 {
		return err
	}
	moved := *x
	moved.Fields = slices.Clone(x.Fields)
	for i, f := range moved.Fields {
		moved.Fields[i].Pointer = strings.TrimPrefix(f.Pointer, place)
	}
	return &moved
}
