package billing

import (
	"context"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/service"
)

// hourly are the services whose daily price is due only for the hours in which they were active.
func (e *Engine) hourly(ctx context.Context, tx Tx, services []service.Service) (out []*service.Service, err error) {
	for i := range services {
		s := &services[i]
		if !s.Period.IsDaily() {
			continue
		}
		offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
		if err != nil {
			return nil, err
		}
		if offer.Hourly.GivesBack() {
			out = append(out, s)
		}
	}
	return out, nil
}

// giveBack settles the hours of the daily periods that ended between two daily runs, before that day's renewals: the money may
// be what they are paid from.
func (e *Engine) giveBack(ctx context.Context, tx Tx, services []*service.Service, day calendar.Day) error {
	from, to := calendar.DailyRunAt(day.AddDays(-1), e.Zone), calendar.DailyRunAt(day, e.Zone)
	for _, s := range services {
		if _, err := charge.GiveBackDowntime(ctx, tx, *s, charge.Span{From: from, To: to}, e.Zone); err != nil {
			return err
		}
	}
	return nil
}
