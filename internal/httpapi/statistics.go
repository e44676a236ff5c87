package httpapi

import (
	"bytes"
	"context"
	"time"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// TrafficReader reads blocks, reassignments and the use of services.
type TrafficReader interface {
	Blocks(ctx context.Context, s actor.Scope, f traffic.BlockFilter, after *traffic.BlockPlace, p actor.Page) ([]traffic.Block, error)
	BlockHistory(ctx context.Context, s actor.Scope, server service.ID, day calendar.Day) (traffic.BlockHistory, []charge.Expense, error)
	Reassignments(ctx context.Context, s actor.Scope, f traffic.MovedFilter, after *traffic.MovedPlace, p actor.Page) ([]traffic.MovedDay, error)
	UsageBooks(ctx context.Context, s actor.Scope, id service.ID, from, to calendar.Day, zone *time.Location) (traffic.Books, error)
	Recomputation(ctx context.Context, id string) (traffic.Recomputation, error)
	CollectionRun(ctx context.Context, id string) (traffic.CollectionRun, error)
	EligibleServers(ctx context.Context, s actor.Scope, c traffic.Candidate, dataCenter datacenter.ID, p actor.Page) ([]traffic.Verdict, error)
	// Today is the running day on the business clock.
	Today(ctx context.Context, zone *time.Location) (calendar.Day, error)
}

// maxUsageDays is how much use is reported at once.
const maxUsageDays = 2 * 366

// GetServiceStatistics reports what a service used, as JSON or as a table.
func (s *Server) GetServiceStatistics(ctx context.Context, r api.GetServiceStatisticsRequestObject) (api.GetServiceStatisticsResponseObject, error) {
	from, to, err := s.usageDays(ctx, r.Params)
	if err != nil {
		return nil, err
	}
	books, err := s.TrafficReader.UsageBooks(ctx, scopeOf(ctx), service.ID(r.ID), from, to, s.Zone)
	if err != nil {
		return nil, err
	}
	by := api.UsageBy("day")
	if r.Params.By != nil {
		by = *r.Params.By
	}
	use, err := traffic.Summarise(books, from, to, by == "month", s.Zone)
	if err != nil {
		return nil, err
	}
	if prefers(ctx, "text/csv") {
		table := usageTable(use)
		return api.GetServiceStatistics200TextCsvResponse{Body: bytes.NewReader(table), ContentLength: int64(len(table))}, nil
	}
	return api.GetServiceStatistics200JSONResponse(toAPIUsage(r.ID, by, use)), nil
}

// usageDays are the days of a report: this month up to today unless given.
func (s *Server) usageDays(ctx context.Context, p api.GetServiceStatisticsParams) (from, to calendar.Day, err error) {
	if from, err = fromAPIDayParameter(p.From, "from"); err != nil {
		return from, to, err
	}
	if to, err = fromAPIDayParameter(p.To, "to"); err != nil {
		return from, to, err
	}
	today, err := s.TrafficReader.Today(ctx, s.Zone)
	if err != nil {
		return from, to, err
	}
	if from.IsZero() {
		from = calendar.MonthOf(today).First()
	}
	if to.IsZero() {
		to = today.AddDays(1)
	}
	if !from.Before(to) || from.Until(to) > maxUsageDays {
		f := fault.Fields{{Parameter: "to", Code: "out_of_range", Detail: "A day after `from`, by two years at most, is expected."}}
		return from, to, f.Err()
	}
	return from, to, nil
}

// CollectStatistics collects a day now.
func (s *Server) CollectStatistics(ctx context.Context, r api.CollectStatisticsRequestObject) (api.CollectStatisticsResponseObject, error) {
	var in traffic.CollectInput
	if b := r.Body; b != nil {
		in.ModuleID = provision.ModuleID(orEmpty(b.ModuleID))
		in.Overwrite = b.Overwrite != nil && *b.Overwrite
		if b.Day != nil {
			day, err := fromAPIDay(*b.Day, "/day")
			if err != nil {
				return nil, err
			}
			in.Day = day
		}
	}
	answer := func(c traffic.CollectionRun) api.CollectStatisticsResponseObject {
		return api.CollectStatistics202JSONResponse{
			Body: toAPICollection(c), Headers: api.CollectStatistics202ResponseHeaders{Location: "/v1/statistics/collections/" + c.ID},
		}
	}
	c, err := s.Traffic.Collect(ctx, actorOf(ctx, once(answer)), in)
	if err != nil {
		return nil, err
	}
	return answer(c), nil
}

// GetCollection tells how a collection goes.
func (s *Server) GetCollection(ctx context.Context, r api.GetCollectionRequestObject) (api.GetCollectionResponseObject, error) {
	c, err := s.TrafficReader.CollectionRun(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return api.GetCollection200JSONResponse{Body: toAPICollection(c), Headers: api.GetCollection200ResponseHeaders{ETag: etag(1)}}, nil
}

// ListBlocks lists blocks.
func (s *Server) ListBlocks(ctx context.Context, r api.ListBlocksRequestObject) (api.ListBlocksResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	f := traffic.BlockFilter{Server: service.ID(orEmpty(r.Params.ServerServiceID)), Owner: service.ID(orEmpty(r.Params.OwnerServiceID))}
	if f.From, err = fromAPIDayParameter(r.Params.From, "from"); err != nil {
		return nil, err
	}
	if f.To, err = fromAPIDayParameter(r.Params.To, "to"); err != nil {
		return nil, err
	}
	var after *traffic.BlockPlace
	if day, id, some, err := place(p.After); err != nil {
		return nil, err
	} else if some {
		after = &traffic.BlockPlace{Day: day, Server: service.ID(id)}
	}
	rows, err := s.TrafficReader.Blocks(ctx, scopeOf(ctx), f, after, p)
	if err != nil {
		return nil, err
	}
	rows, next := cut(ctx, p, rows, func(b traffic.Block) string { return b.Day.String() + " " + string(b.Server) })
	return api.ListBlocks200JSONResponse{Data: each(rows, toAPIBlock), NextCursor: next}, nil
}

// GetBlockHistory tells the life of one block.
func (s *Server) GetBlockHistory(ctx context.Context, r api.GetBlockHistoryRequestObject) (api.GetBlockHistoryResponseObject, error) {
	day, err := calendar.ParseDay(r.Day)
	if err != nil {
		return nil, fault.Missing("block")
	}
	h, charges, err := s.TrafficReader.BlockHistory(ctx, scopeOf(ctx), service.ID(r.ServerServiceID), day)
	if err != nil {
		return nil, err
	}
	return api.GetBlockHistory200JSONResponse(toAPIBlockHistory(h, charges, callOf(ctx).staff())), nil
}
