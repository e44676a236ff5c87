package app

import (
	"context"
	"sync"
	"time"

	"github.com/tariffd/tariffd/internal/due"
)

// work starts everything that happens without a request.
func (a *App) work(ctx context.Context, l *due.Loop, background *sync.WaitGroup) {
	background.Go(func() { l.Background(ctx) })
	background.Go(func() { a.listen(ctx, l) })
	// Readers number what they need; this keeps it from piling up where nobody reads.
	background.Go(func() { a.every(ctx, 5*time.Second, "number events", a.DB.NumberEvents) })
	background.Go(func() { a.every(ctx, time.Hour, "forget old answers", a.DB.DropOldAnswers) })
}

// every does something small again and again until ctx ends. A failure is told once, not at each turn of an outage.
func (a *App) every(ctx context.Context, pause time.Duration, what string, do func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	failing := false
	for {
		err := do(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			a.Log.Warn(what+" failed", "error", err)
		}
		failing = err != nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// watchDatabase brings the embedded server back when it was killed.
func (a *App) watchDatabase(ctx context.Context) {
	if a.pg == nil {
		return
	}
	a.every(ctx, time.Second, "bring the database back", func(ctx context.Context) error {
		ask, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if a.DB.Ping(ask) == nil || ctx.Err() != nil {
			return nil
		}
		return a.pg.Ensure(ctx)
	})
}
