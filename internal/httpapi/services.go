package httpapi

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// ServiceReader reads services.
type ServiceReader interface {
	Service(ctx context.Context, s actor.Scope, id service.ID) (lifecycle.View, error)
	Services(ctx context.Context, s actor.Scope, f service.Filter, p actor.Page) ([]lifecycle.View, error)
	ServiceHistory(ctx context.Context, s actor.Scope, id service.ID, from, to *time.Time, p actor.Page) ([]event.Entry, error)
}

// toService writes services for the caller of a request.
func (s *Server) toService(ctx context.Context) func(lifecycle.View) api.Service {
	role := actor.Client
	if key := callOf(ctx).key; key != nil {
		role = key.Role
	}
	return func(v lifecycle.View) api.Service {
		return toAPIService(v, s.Lifecycle.Actions(v, role), s.Zone, role != actor.Client)
	}
}

// ListServices lists services.
func (s *Server) ListServices(ctx context.Context, r api.ListServicesRequestObject) (api.ListServicesResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	f := service.Filter{
		ClientID: actor.ClientID(orEmpty(r.Params.ClientID)), ProductType: orEmpty(r.Params.ProductType),
		TariffID: catalog.TariffID(orEmpty(r.Params.TariffID)), ModuleID: provision.ModuleID(orEmpty(r.Params.ModuleID)),
		ExternalID: orEmpty(r.Params.ExternalID), Domain: orEmpty(r.Params.Domain), ExpiresBefore: r.Params.ExpiresBefore,
		From: r.Params.From, To: r.Params.To,
	}
	if r.Params.Status != nil {
		f.Status = service.Status(*r.Params.Status)
	}
	rows, err := s.ServiceReader.Services(ctx, scopeOf(ctx), f, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(v lifecycle.View) string { return string(v.ID) })
	return api.ListServices200JSONResponse{Data: each(rows, s.toService(ctx)), NextCursor: next}, nil
}

// GetService reads a service.
func (s *Server) GetService(ctx context.Context, r api.GetServiceRequestObject) (api.GetServiceResponseObject, error) {
	v, err := s.ServiceReader.Service(ctx, scopeOf(ctx), service.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.GetService200JSONResponse{Body: s.toService(ctx)(v), Headers: api.GetService200ResponseHeaders{ETag: etag(v.Version)}}, nil
}

// UpdateService changes what needs no panel: name, note, automatic renewal.
func (s *Server) UpdateService(ctx context.Context, r api.UpdateServiceRequestObject) (api.UpdateServiceResponseObject, error) {
	in := lifecycle.Patch{AutoRenew: r.JSONBody.AutoRenew, Name: patched(r.JSONBody.Name), Note: patched(r.JSONBody.Note), IfVersion: ifVersion(ctx)}
	res, err := s.Lifecycle.Edit(ctx, actorOf(ctx), service.ID(r.ID), in)
	if err != nil {
		return nil, err
	}
	return api.UpdateService200JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.UpdateService200ResponseHeaders{ETag: etag(res.View.Version)}}, nil
}

// DeleteService closes a service, now or at the end of its paid period.
func (s *Server) DeleteService(ctx context.Context, r api.DeleteServiceRequestObject) (api.DeleteServiceResponseObject, error) {
	in := lifecycle.DeleteInput{IfVersion: ifVersion(ctx)}
	if r.Params.When != nil {
		in.When = string(*r.Params.When)
	}
	if in.Challenge, in.Code = orEmpty(r.Params.Challenge), orEmpty(r.Params.Code); (in.Challenge == "") != (in.Code == "") {
		return nil, fault.New(fault.Invalid, "required", "The challenge and its code go together.")
	}
	res, err := s.Lifecycle.Delete(ctx, actorOf(ctx), service.ID(r.ID), in)
	if err != nil {
		return nil, err
	}
	body := s.toService(ctx)(res.View)
	if res.Operation == nil {
		return api.DeleteService200JSONResponse{Body: body, Headers: api.DeleteService200ResponseHeaders{ETag: etag(res.View.Version)}}, nil
	}
	return api.DeleteService202JSONResponse{Body: body, Headers: api.DeleteService202ResponseHeaders{Location: operationAt(res)}}, nil
}

// operationAt is the address of the operation that goes on.
func operationAt(res lifecycle.Result) string { return "/v1/operations/" + string(res.Operation.ID) }

// ListServiceHistory lists what happened to a service.
func (s *Server) ListServiceHistory(ctx context.Context, r api.ListServiceHistoryRequestObject) (api.ListServiceHistoryResponseObject, error) {
	p, err := pageOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.ServiceReader.ServiceHistory(ctx, scopeOf(ctx), service.ID(r.ID), r.Params.From, r.Params.To, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(e event.Entry) string { return e.ID })
	return api.ListServiceHistory200JSONResponse{Data: each(rows, toAPIHistory(callOf(ctx).staff())), NextCursor: next}, nil
}

// RevealServiceCredentials shows a machine's access data.
func (s *Server) RevealServiceCredentials(ctx context.Context, r api.RevealServiceCredentialsRequestObject) (api.RevealServiceCredentialsResponseObject, error) {
	c, err := s.Lifecycle.Reveal(ctx, actorOf(ctx), service.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.RevealServiceCredentials200JSONResponse{Username: orNull(c.Username), Password: orNull(c.Password)}, nil
}

// SetSpecialPrice sets a staff price on a service.
func (s *Server) SetSpecialPrice(ctx context.Context, r api.SetSpecialPriceRequestObject) (api.SetSpecialPriceResponseObject, error) {
	p, err := fromAPISpecial(r.Code, *r.Body)
	if err != nil {
		return nil, err
	}
	res, err := s.Lifecycle.SetSpecialPrice(ctx, actorOf(ctx), service.ID(r.ID), p, ifVersion(ctx))
	if err != nil {
		return nil, err
	}
	return api.SetSpecialPrice200JSONResponse{Body: s.toService(ctx)(res.View), Headers: api.SetSpecialPrice200ResponseHeaders{ETag: etag(res.View.Version)}}, nil
}

// DeleteSpecialPrice takes a staff price away.
func (s *Server) DeleteSpecialPrice(ctx context.Context, r api.DeleteSpecialPriceRequestObject) (api.DeleteSpecialPriceResponseObject, error) {
	period := calendar.Period(orEmpty(r.Params.Period))
	if err := s.Lifecycle.DropSpecialPrice(ctx, actorOf(ctx), service.ID(r.ID), r.Code, period, ifVersion(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteSpecialPrice204Response{}, nil
}
