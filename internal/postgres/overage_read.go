package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
)

// OverageBooks reads what there is about a service's month, for verification and for showing.
func (r *Reader) OverageBooks(ctx context.Context, c actor.ClientID, id actor.ServiceID, m calendar.Month, zone *time.Location) (charge.Books, error) {
	b, err := r.overageBooks(ctx, c, id, m, zone)
	return b, fromConstraint(err)
}

const overageMonths = `
SELECT DISTINCT client_id, service_id, month
FROM (SELECT client_id, owner_service_id AS service_id, date_trunc('month', day)::date AS month FROM traffic_block
      UNION
      SELECT client_id, service_id, date_trunc('month', for_day)::date FROM expense WHERE for_day IS NOT NULL) AS m
WHERE (client_id, service_id, month) > ($1, $2, $3)
  AND NOT EXISTS (SELECT FROM overage_due d WHERE d.service_id = m.service_id AND d.month = m.month AND d.due_at <= $4)
ORDER BY client_id, service_id, month LIMIT $5`

// OverageMonths are the months of services with blocks or booked overage, but those that are due at an instant.
func (r *Reader) OverageMonths(ctx context.Context, after charge.ServiceMonth, now time.Time, limit int) ([]charge.ServiceMonth, error) {
	from := [3]string{string(after.ClientID), string(after.ServiceID), "0001-01-01"}
	for i := range from[:2] {
		if from[i] == "" {
			from[i] = "00000000-0000-0000-0000-000000000000"
		}
	}
	if !after.Month.IsZero() {
		from[2] = after.Month.First().String()
	}
	var rows []struct {
		ClientID  actor.ClientID  `db:"client_id"`
		ServiceID actor.ServiceID `db:"service_id"`
		Month     calendar.Month  `db:"month"`
	}
	if err := r.all(ctx, &rows, overageMonths, from[0], from[1], from[2], now, limit); err != nil {
		return nil, fmt.Errorf("list months with overage: %w", err)
	}
	out := make([]charge.ServiceMonth, len(rows))
	for i, x := range rows {
		out[i] = charge.ServiceMonth{ClientID: x.ClientID, ServiceID: x.ServiceID, Month: x.Month}
	}
	return out, nil
}
