package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/api"
	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
)

// Feed reads what happened, in the order of numbers that are given after commit.
type Feed interface {
	// NumberEvents gives numbers to what was committed since; a reader calls it first, so that it sees its own writes.
	NumberEvents(ctx context.Context) error
	// Events reads after a number; nil: from the end in the direction of reading.
	Events(ctx context.Context, s actor.Scope, f event.Filter, after *int64, desc bool, limit int) ([]event.Numbered, error)
}

// ListEvents reads the feed. Its resume cursor leads on even when nothing newer is there yet.
func (s *Server) ListEvents(ctx context.Context, r api.ListEventsRequestObject) (api.ListEventsResponseObject, error) {
	p, err := seekOf(ctx)
	if err != nil {
		return nil, err
	}
	var after *int64
	if p.After != "" {
		n, err := strconv.ParseInt(p.After, 10, 64)
		if err != nil {
			return nil, errBadCursor
		}
		after = &n
	}
	if err = s.Feed.NumberEvents(ctx); err != nil {
		return nil, err
	}
	rows, err := s.Feed.Events(ctx, scopeOf(ctx), fromAPIEventFilter(r.Params), after, p.Desc, p.Rows())
	if err != nil {
		return nil, err
	}
	return s.feedPage(ctx, p, rows)
}

func (s *Server) feedPage(ctx context.Context, p actor.Page, rows []event.Numbered) (api.ListEventsResponseObject, error) {
	place := func(e event.Numbered) string { return strconv.FormatInt(e.Seq, 10) }
	rows, next := cut(ctx, p, rows, place)
	out := api.ListEvents200JSONResponse{Data: make([]api.Event, len(rows)), NextCursor: next}
	// A feed read forward goes on for ever: where nothing came, it stays where it was.
	if !p.Desc && (len(rows) > 0 || p.After != "") {
		if len(rows) > 0 {
			p.After = place(rows[len(rows)-1])
		}
		out.ResumeCursor = cursorAt(ctx, p.After)
	}
	for i, e := range rows {
		data, err := members(e.Data)
		if err != nil {
			return nil, err
		}
		out.Data[i] = api.Event{ID: string(e.ID), Type: e.Type, Timestamp: e.At, Data: data, Refs: e.Refs}
	}
	return out, nil
}

func fromAPIEventFilter(p api.ListEventsParams) event.Filter {
	f := event.Filter{Type: orEmpty(p.Type), From: p.From, To: p.To}
	if family, ok := strings.CutSuffix(f.Type, "*"); ok {
		f.Type, f.Family = "", family
	}
	return f
}

// members decodes an object without sending its numbers through floats.
func members(raw json.RawMessage) (out map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return out, d.Decode(&out)
}
