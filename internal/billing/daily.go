// Package billing is the daily run: what happens to every client once a day is over.
//
// It owns the order of the day (D1: renew, suspend, delete, notices; collecting and overage have their own due work before
// it), catching up after an outage, and which client is behind. It does not own the transitions (package lifecycle), prices
// or postings.
//
// Invariants: every step is idempotent and goes by client.billed_through, so that running a day again does nothing; a lot of
// clients is one transaction, locked in order of their ids; a client that cannot be billed is parked with a reason and
// delays nobody else.
package billing

import (
	"context"
	"sort"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/lifecycle"
	"github.com/tariffd/tariffd/internal/service"
)

// Claim is one client that the due loop found behind.
type Claim struct {
	Client actor.ClientID
	No     int64
}

// Behind is a client that the daily run holds, with the day that it is billed through.
type Behind struct {
	Client        client.Client
	BilledThrough calendar.Day
}

// Tx is what the daily run needs.
type Tx interface {
	lifecycle.Tx
	// HoldClients locks clients in order of their ids and leaves out those whose claim was lost.
	HoldClients(ctx context.Context, claims []Claim) ([]Behind, error)
	// DueServices are the services of clients for which the daily run may have something to do: paid until before an
	// instant, or suspended.
	DueServices(ctx context.Context, clients []actor.ClientID, before time.Time) ([]service.Service, error)
	// AdvanceClients notes through which day clients are billed and when they are due again, and gives the claims back.
	AdvanceClients(ctx context.Context, clients []actor.ClientID, through calendar.Day, next time.Time) error
	// ParkClient puts a client off until an instant, with the reason.
	ParkClient(ctx context.Context, id actor.ClientID, claimNo int64, reason string, until time.Time) error
}

// Engine runs the daily run.
type Engine struct {
	InTx      func(ctx context.Context, fn func(Tx) error) error
	Zone      *time.Location
	Lifecycle *lifecycle.Engine
	// Parked is told when a client was parked, for the log.
	Parked func(c actor.ClientID, cause error)
}

// Run bills a lot of clients through the last closed day, in one transaction. A lot that fails is halved until the client
// that fails is alone; that one is parked.
func (e *Engine) Run(ctx context.Context, claims []Claim) error {
	if len(claims) == 0 {
		return nil
	}
	err := e.InTx(ctx, func(tx Tx) error { return e.lot(ctx, tx, claims) })
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case len(claims) > 1:
		half := len(claims) / 2
		if err = e.Run(ctx, claims[:half]); err != nil {
			return err
		}
		return e.Run(ctx, claims[half:])
	case fault.Of(err).Kind == fault.Unavailable:
		return err
	}
	if e.Parked != nil {
		e.Parked(claims[0].Client, err)
	}
	cause := err
	return e.InTx(ctx, func(tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		return tx.ParkClient(ctx, claims[0].Client, claims[0].No, "daily run: "+cause.Error(), now.Add(parkedFor))
	})
}

// parkedFor is when a client that could not be billed is tried again.
const parkedFor = time.Hour

func (e *Engine) lot(ctx context.Context, tx Tx, claims []Claim) error {
	behind, err := tx.HoldClients(ctx, claims)
	if err != nil || len(behind) == 0 {
		return err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	last := calendar.LastClosedDay(now, e.Zone)
	ids := make([]actor.ClientID, len(behind))
	for i, b := range behind {
		ids[i] = b.Client.ID
	}
	due, err := tx.DueServices(ctx, ids, e.horizon(now))
	if err != nil {
		return err
	}
	byClient := map[actor.ClientID][]service.Service{}
	for _, s := range due {
		byClient[s.ClientID] = append(byClient[s.ClientID], s)
	}
	for _, b := range behind {
		if !b.BilledThrough.Before(last) {
			continue // the day was run: no notice goes out twice
		}
		if err = e.client(ctx, tx, b, byClient[b.Client.ID], last, now); err != nil {
			return err
		}
	}
	return tx.AdvanceClients(ctx, ids, last, calendar.DailyRunAt(last.AddDays(1), e.Zone))
}

// firstNotice is how many days before the end the first notice goes out (D26).
const firstNotice = 10

// horizon is the instant before which a service's paid_until must lie for the run to look at it.
func (e *Engine) horizon(now time.Time) time.Time {
	return calendar.DayOf(now, e.Zone).AddDays(firstNotice + 1).Start(e.Zone)
}

// client does one client's part of the daily run, in the order of D1: what a step does for one service is seen by the next
// step for all of them.
func (e *Engine) client(ctx context.Context, tx Tx, b Behind, services []service.Service, last calendar.Day, now time.Time) error {
	by := actor.Program("daily_run")
	each := func(do func(s *service.Service) error) error {
		for i := range services {
			if err := do(&services[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if err := each(func(s *service.Service) error { return e.newMonth(ctx, tx, by, b.Client, s, last, now) }); err != nil {
		return err
	}
	if err := e.catchUp(ctx, tx, by, b, services, last); err != nil {
		return err
	}
	if err := each(func(s *service.Service) error { return e.suspend(ctx, tx, by, s, now) }); err != nil {
		return err
	}
	if err := each(func(s *service.Service) error { return e.delete(ctx, tx, by, s, now) }); err != nil {
		return err
	}
	return each(func(s *service.Service) error { return e.notify(ctx, tx, b.Client, *s, now) })
}

// catchUp renews day by day: services that compete for too little money get of it what they would have got had no day been
// missed.
func (e *Engine) catchUp(ctx context.Context, tx Tx, by actor.Actor, b Behind, services []service.Service, last calendar.Day) error {
	var due []*service.Service
	for i := range services {
		if s := &services[i]; s.RenewsByItself() {
			due = append(due, s)
		}
	}
	hourly, err := e.hourly(ctx, tx, services)
	if err != nil {
		return err
	}
	for day := b.BilledThrough.AddDays(1); !last.Before(day) && len(due)+len(hourly) > 0; day = day.AddDays(1) {
		if err = e.giveBack(ctx, tx, hourly, day); err != nil {
			return err
		}
		next := calendar.DailyRunAt(day.AddDays(1), e.Zone)
		sort.SliceStable(due, func(i, j int) bool { return due[i].PaidUntil.Before(*due[j].PaidUntil) })
		var open []*service.Service
		for _, s := range due {
			ok, err := e.renew(ctx, tx, by, b.Client, s, next)
			if err != nil {
				return err
			}
			if ok {
				open = append(open, s)
			}
		}
		due = open
	}
	return nil
}

// renew pays every period that ends before the next daily run (D2), and answers false where the money does not reach: what
// later days renew leaves no more of it.
func (e *Engine) renew(ctx context.Context, tx Tx, by actor.Actor, c client.Client, s *service.Service, next time.Time) (bool, error) {
	for s.PaidUntil != nil && s.PaidUntil.Before(next) {
		ok, err := e.Lifecycle.RenewWhenCovered(ctx, tx, by, c, s)
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// suspend stops what has passed its paid_until unpaid (D11), on a weekday where the product type says so.
func (e *Engine) suspend(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, now time.Time) error {
	if s.PaidUntil == nil || now.Before(*s.PaidUntil) || s.DeleteAt != nil {
		return nil
	}
	t, err := tx.ProductTypeByCode(ctx, s.ProductType)
	if err != nil {
		return err
	}
	today := calendar.DayOf(now, e.Zone)
	if t.NoWeekendSuspension && calendar.NextWeekday(today) != today {
		return nil
	}
	return e.Lifecycle.SuspendFor(ctx, tx, by, s, service.Unpaid)
}

// delete closes what was suspended automatically for too long (D12); never what staff, be it for abuse, or the client
// suspended.
func (e *Engine) delete(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, now time.Time) error {
	if s.Status != service.Suspended || s.UnpaidSince == nil || s.Has(service.ByAdmin) || s.Has(service.ByClient) || s.Has(service.ForAbuse) {
		return nil
	}
	days, err := e.autoDeleteAfter(ctx, tx, *s)
	if err != nil || days == nil {
		return err
	}
	if now.Before(calendar.AddDays(*s.UnpaidSince, *days, e.Zone)) {
		return nil
	}
	return e.Lifecycle.CloseFor(ctx, tx, by, s)
}

// autoDeleteAfter is the tariff's limit, before the product type's; nil is never.
func (e *Engine) autoDeleteAfter(ctx context.Context, tx Tx, s service.Service) (*int, error) {
	offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err != nil || offer.Policy.AutoDeleteAfterDays != nil {
		return offer.Policy.AutoDeleteAfterDays, err
	}
	t, err := tx.ProductTypeByCode(ctx, s.ProductType)
	return t.AutoDeleteAfterDays, err
}

// newMonth ends suspensions for overage: included amounts count anew from the 1st, or from the next day where the
// add-on is billed by the day (D14). Where the paid time ran out meanwhile, a new period begins (D10) if the balance covers it:
// it was the overage that kept the service from renewing.
func (e *Engine) newMonth(ctx context.Context, tx Tx, by actor.Actor, c client.Client, s *service.Service, last calendar.Day, now time.Time) error {
	if !s.Has(service.ByOverage) || s.Status != service.Suspended || s.SuspendedAt == nil {
		return nil
	}
	offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err != nil {
		return err
	}
	since, today := calendar.DayOf(*s.SuspendedAt, e.Zone), last.AddDays(1)
	over := calendar.MonthOf(since).Before(calendar.MonthOf(today)) || (since.Before(today) && onlyDaily(offer))
	if !over {
		return nil
	}
	if s.PaidUntil == nil || now.Before(*s.PaidUntil) {
		return e.Lifecycle.ClearFor(ctx, tx, by, s, service.ByOverage)
	}
	// Its period ended meanwhile, so only money can start it again, which may be there.
	s.ClearReasons(service.ByOverage)
	s.AddReason(service.Unpaid, now)
	if err = tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	return e.Lifecycle.ResumePaid(ctx, tx, by, c, s)
}

// onlyDaily tells whether what has a maximum counts by the day alone.
func onlyDaily(o catalog.Offer) bool {
	daily := false
	for _, a := range o.AddOns {
		if a.Statistics == nil || a.Maximum == nil {
			continue
		}
		if a.Statistics.Bill != "day" {
			return false
		}
		daily = true
	}
	return daily
}
