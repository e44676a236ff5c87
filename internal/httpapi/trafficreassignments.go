package httpapi

import (
	"context"
	"strings"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// ListTrafficReassignments lists the days that went to another owner.
func (s *Server) ListTrafficReassignments(ctx context.Context, r api.ListTrafficReassignmentsRequestObject) (api.ListTrafficReassignmentsResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	f := traffic.MovedFilter{Service: service.ID(orEmpty(r.Params.ServiceID))}
	if f.From, err = fromAPIDayParameter(r.Params.From, "from"); err != nil {
		return nil, err
	}
	if f.To, err = fromAPIDayParameter(r.Params.To, "to"); err != nil {
		return nil, err
	}
	var after *traffic.MovedPlace
	if day, id, some, err := place(p.After); err != nil {
		return nil, err
	} else if some {
		after = &traffic.MovedPlace{RunID: id, Day: day}
	}
	rows, err := s.TrafficReader.Reassignments(ctx, scopeOf(ctx), f, after, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(m traffic.MovedDay) string { return m.Day.String() + " " + m.RunID })
	return api.ListTrafficReassignments200JSONResponse{Data: each(rows, toAPIMovedDay(callOf(ctx).staff())), NextCursor: next}, nil
}

// place reads the place in a list by days: "2026-03-05 <id>".
func place(after string) (day calendar.Day, id string, some bool, err error) {
	if after == "" {
		return day, "", false, nil
	}
	text, id, _ := strings.Cut(after, " ")
	if day, err = calendar.ParseDay(text); err != nil || !isID(id) {
		return day, "", false, errBadCursor
	}
	return day, id, true, nil
}

// RecomputeTraffic derives the owners of stored days anew.
func (s *Server) RecomputeTraffic(ctx context.Context, r api.RecomputeTrafficRequestObject) (api.RecomputeTrafficResponseObject, error) {
	in, err := fromAPIRecomputation(*r.Body)
	if err != nil {
		return nil, err
	}
	answer := func(x traffic.Recomputation) api.RecomputeTrafficResponseObject {
		return api.RecomputeTraffic202JSONResponse{
			Body:    toAPIRecomputation(x),
			Headers: api.RecomputeTraffic202ResponseHeaders{Location: "/v1/traffic-reassignments/recomputations/" + x.ID},
		}
	}
	x, err := s.Traffic.Recompute(ctx, actorOf(ctx, once(answer)), in)
	if err != nil {
		return nil, err
	}
	return answer(x), nil
}

// GetRecomputation tells how a recomputation goes.
func (s *Server) GetRecomputation(ctx context.Context, r api.GetRecomputationRequestObject) (api.GetRecomputationResponseObject, error) {
	x, err := s.TrafficReader.Recomputation(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return api.GetRecomputation200JSONResponse{Body: toAPIRecomputation(x), Headers: api.GetRecomputation200ResponseHeaders{ETag: etag(1)}}, nil
}

// SetServiceServers sets the servers of a bandwidth service.
func (s *Server) SetServiceServers(ctx context.Context, r api.SetServiceServersRequestObject) (api.SetServiceServersResponseObject, error) {
	in := traffic.SetServersInput{
		ServiceID: service.ID(r.ID), EffectiveAt: r.Body.EffectiveAt, IfVersion: ifVersion(ctx),
		Servers: each(r.Body.Servers, func(id api.ID) service.ID { return service.ID(strings.ToLower(id)) }),
	}
	if _, err := s.Traffic.SetServers(ctx, actorOf(ctx), in); err != nil {
		return nil, err
	}
	v, err := s.ServiceReader.Service(ctx, scopeOf(ctx), service.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return api.SetServiceServers200JSONResponse{Body: s.toService(ctx)(v), Headers: api.SetServiceServers200ResponseHeaders{ETag: etag(v.Version)}}, nil
}
