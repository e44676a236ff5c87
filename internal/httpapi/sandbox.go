package httpapi

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/api"
)

// MovableClock is the sandbox's clock; package due has it.
type MovableClock interface {
	Now(ctx context.Context) (now time.Time, mode string, err error)
	// Move runs everything that comes due on the way; ran counts it by kind.
	Move(ctx context.Context, to time.Time) (now time.Time, mode string, ran map[string]int, err error)
}

// GetSandboxClock tells what time it is for all business rules.
func (s *Server) GetSandboxClock(ctx context.Context, _ api.GetSandboxClockRequestObject) (api.GetSandboxClockResponseObject, error) {
	now, mode, err := s.Clock.Now(ctx)
	if err != nil {
		return nil, err
	}
	return api.GetSandboxClock200JSONResponse{Now: now, Mode: api.ClockMode(mode)}, nil
}

// MoveSandboxClock moves it forward and answers when nothing is due up to the target.
func (s *Server) MoveSandboxClock(ctx context.Context, r api.MoveSandboxClockRequestObject) (api.MoveSandboxClockResponseObject, error) {
	now, mode, ran, err := s.Clock.Move(ctx, r.Body.Now.UTC())
	if err != nil {
		return nil, err
	}
	return api.MoveSandboxClock200JSONResponse{Now: now, Mode: api.ClockMode(mode), Ran: ran}, nil
}
