package charge

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/service"
)

// longestDay is how long a charge for one civil day can be; anything longer is no daily price.
const longestDay = 26 * time.Hour

// Span is the time whose days are settled: those that ended after From and not later than To, and with Closing the one that runs
// at To as well.
type Span struct {
	From, To time.Time
	Closing  bool
}

// GiveBackDowntime gives back of a service's daily charges what the time cost in which it was suspended: a day that was paid is
// due for its active part, price × active / length of the day, to the second and with the day's true length where a clock
// changes. What is left of a day at a close is not downtime (D8). Nothing is given back twice. It answers what was given back, and
// expects the client's lock.
func GiveBackDowntime(ctx context.Context, tx Tx, s service.Service, in Span, zone *time.Location) (money.Amount, error) {
	back := money.Zero(s.Currency)
	rows, err := DowntimeRows(ctx, tx, s, in, zone)
	for _, r := range rows {
		back = back.Sub(r.Amount)
	}
	if err != nil {
		return back, err
	}
	return back, BookRows(ctx, tx, rows)
}

// DowntimeRows are the refunds that GiveBackDowntime books.
func DowntimeRows(ctx context.Context, tx Tx, s service.Service, in Span, zone *time.Location) ([]Expense, error) {
	charges, err := tx.DailyExpenses(ctx, s.ClientID, s.ID, in.From, in.To)
	if err != nil || len(charges) == 0 {
		return nil, err
	}
	active, err := tx.ActivityBetween(ctx, s.ClientID, s.ID, in.From.Add(-longestDay), in.To)
	if err != nil {
		return nil, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return nil, err
	}
	var rows []Expense
	for _, b := range chargesOf(charges) {
		if b.settled || b.end.Sub(b.start) > longestDay || (b.end.After(in.To) && !in.Closing) {
			continue
		}
		rows = append(rows, b.downtime(active, in.To, now, zone)...)
	}
	return rows, nil
}

// downtime is what of the charge is not due, the service having been active only in some ranges of its time until an instant.
func (b bought) downtime(active []service.ActivityRow, until, now time.Time, zone *time.Location) []Expense {
	end := b.end
	if end.After(until) {
		end = until
	}
	due := b.end.Sub(b.start) - end.Sub(b.start) // what has not come yet stays paid
	for _, a := range active {
		from, to := a.From, end
		if from.Before(b.start) {
			from = b.start
		}
		if a.To != nil && a.To.Before(end) {
			to = *a.To
		}
		if to.After(from) {
			due += to.Sub(from)
		}
	}
	total := sumOf(b.rows)
	back := total.Sub(total.Share(int(due), int(b.end.Sub(b.start))))
	if !back.IsZero() {
		return reverse(b.rows, back, now, zone)
	}
	return nil
}
