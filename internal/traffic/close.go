package traffic

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/service"
)

// clientsAtOnce is how many clients' use of a month is kept in one transaction.
const clientsAtOnce = 200

// closeMonths closes the months whose 62 days have run out since the last plan: what each service used is kept by itself,
// so that the blocks may go one day. Repeating it, after a crash in the middle, changes nothing.
func (e *Engine) closeMonths(ctx context.Context, id string, claimNo int64) error {
	var closing []calendar.Month
	err := e.InTx(ctx, func(tx Tx) error {
		through, err := tx.HoldPlan(ctx, id, claimNo)
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		closing = monthsClosing(through, dayOf(now, e.Zone))
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range closing {
		for after := actor.ClientID(""); ; {
			next, err := e.closeLot(ctx, m, after)
			if err != nil {
				return err
			}
			if after = next; after == "" {
				break
			}
		}
	}
	return nil
}

// monthsClosing are the months that close after the day through, today at the latest.
func monthsClosing(through, today calendar.Day) []calendar.Month {
	var out []calendar.Month
	m := calendar.MonthOf(FirstOpen(today)).Add(-1)
	for ; through.Before(ClosesOn(m)); m = m.Add(-1) {
		out = append(out, m)
	}
	return out
}

// closeLot keeps the use of some clients; it answers the last of them, or nobody at the end.
func (e *Engine) closeLot(ctx context.Context, m calendar.Month, after actor.ClientID) (actor.ClientID, error) {
	var last actor.ClientID
	err := e.InTx(ctx, func(tx Tx) error {
		last = ""
		clients, err := tx.NextClients(ctx, after, clientsAtOnce)
		if err != nil || len(clients) == 0 {
			return err
		}
		units, err := tx.UnitsAll(ctx)
		if err != nil {
			return err
		}
		blocks, err := tx.BlocksOfMonth(ctx, clients, m)
		if err != nil {
			return err
		}
		rows, err := monthUses(blocks, measure.NewUnits(units))
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		last = clients[len(clients)-1]
		return tx.InsertUsageMonths(ctx, rows, m, now)
	})
	return last, err
}

// monthUses sums the blocks of a month by owner.
func monthUses(blocks []Block, units measure.Units) ([]MonthUse, error) {
	of := map[service.ID][]Block{}
	for _, b := range blocks {
		of[b.Owner] = append(of[b.Owner], b)
	}
	out := make([]MonthUse, 0, len(of))
	for _, id := range sortedKeys(of) {
		values, err := Sum(of[id], units)
		if err != nil {
			return nil, err
		}
		out = append(out, MonthUse{of[id][0].ClientID, id, values})
	}
	return out, nil
}
