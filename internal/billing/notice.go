package billing

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/service"
)

// notify tells that a service is about to end (D26): 10 5 4 3 2 1 0 days before with automatic renewal but too little money,
// 5 4 3 2 1 0 days without automatic renewal. A daily run is one notice at most, because the run itself is once a day.
func (e *Engine) notify(ctx context.Context, tx Tx, c client.Client, s service.Service, now time.Time) error {
	if s.Status != service.Active || s.PaidUntil == nil {
		return nil
	}
	left := calendar.DayOf(now, e.Zone).Until(calendar.DayOf(*s.PaidUntil, e.Zone))
	renews := s.AutoRenew && s.DeleteAt == nil
	if !noticed(left, renews) {
		return nil
	}
	if renews {
		short, err := e.shortOfMoney(ctx, tx, c, s)
		if err != nil || !short {
			return err
		}
	}
	data := map[string]any{"id": s.ID, "name": s.Name, "paid_until": s.PaidUntil, "days_left": left, "auto_renew": s.AutoRenew}
	return event.Tell(ctx, tx, event.ForClient, s.About(), "service.expiring", data)
}

// noticed tells whether a notice is due so many days before the end.
func noticed(left int, renews bool) bool {
	return (left >= 0 && left <= 5) || (renews && left == firstNotice)
}

// shortOfMoney tells whether the balance would not cover the next period today.
func (e *Engine) shortOfMoney(ctx context.Context, tx Tx, c client.Client, s service.Service) (bool, error) {
	price, err := e.Lifecycle.NextPrice(ctx, tx, c, s)
	if fault.Has(err, "period_not_available") {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	balance, _, err := tx.LockBalances(ctx, c)
	return err == nil && !c.Settlement.Covers(balance, price), err
}
