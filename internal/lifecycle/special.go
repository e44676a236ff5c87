package lifecycle

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// SetSpecialPrice sets a staff price on one item of a service; over one of a bandwidth service it replaces it and is kept
// afterwards. Overage prices count at once, periodic ones from the next renewal.
func (e *Engine) SetSpecialPrice(ctx context.Context, by actor.Actor, id service.ID, p traffic.SpecialPrice, ifVersion *int64) (Result, error) {
	return e.act(ctx, by, id, func(tx Tx, _ client.Client, s *service.Service) (Result, error) {
		if err := match(ifVersion, s.Version); err != nil {
			return Result{}, err
		}
		if err := traffic.PutSpecialPrice(ctx, tx, by, *s, p); err != nil {
			return Result{}, err
		}
		return Result{}, tx.UpdateService(ctx, *s)
	})
}

// DropSpecialPrice takes a staff price away; while a bandwidth service carries the server, its zero price comes back. Fault:
// managed_price for a price that a bandwidth service set.
func (e *Engine) DropSpecialPrice(ctx context.Context, by actor.Actor, id service.ID, code string, period calendar.Period, ifVersion *int64) error {
	_, err := e.act(ctx, by, id, func(tx Tx, _ client.Client, s *service.Service) (Result, error) {
		if err := match(ifVersion, s.Version); err != nil {
			return Result{}, err
		}
		if err := traffic.DropSpecialPrice(ctx, tx, by, *s, traffic.SpecialItem(code), period); err != nil {
			return Result{}, err
		}
		return Result{}, tx.UpdateService(ctx, *s)
	})
	return err
}
