package app

import (
	"context"
	"errors"
	"time"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/billing"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/due"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/order"
	"github.com/tariffd/tariffd/internal/postgres"
	"github.com/tariffd/tariffd/internal/provision"
)

// kinds is every kind of due work, in the order in which a move of the sandbox's clock runs them: what makes usage known
// comes before what charges it, that before renewals, and what ends things last.
func (a *App) kinds() []due.Kind {
	return []due.Kind{
		a.kind("statistics_day", 1, 1, due.Each(func(ctx context.Context, c due.Claim) error { return a.Traffic.RunPlan(ctx, c.ID, c.No) })),
		shared(2, a.kind("collection", 1, 8, due.Each(func(ctx context.Context, c due.Claim) error {
			return a.Traffic.RunCollection(ctx, c.ID, c.No)
		}))),
		a.kind("overage", 64, 2, a.runOverage),
		a.kind("module_sync", 1, 8, due.Each(func(ctx context.Context, c due.Claim) error {
			return a.Modules.SyncDue(ctx, provision.ModuleID(c.ID), c.No)
		})),
		shared(8, a.kind("operation", 1, 64, due.Each(func(ctx context.Context, c due.Claim) error {
			return a.Lifecycle.Run(ctx, operation.ID(c.ID), c.No)
		}))),
		a.kind("daily_run", 100, 2, a.runDaily),
		a.kind("resumption", 1, 2, due.Each(func(ctx context.Context, c due.Claim) error {
			return a.Lifecycle.ResumeFreed(ctx, actor.ClientID(c.ID), c.No)
		})),
		a.kind("order_expiry", 1, 2, due.Each(func(ctx context.Context, c due.Claim) error { return a.Orders.Expire(ctx, order.ID(c.ID), c.No) })),
		a.kind("service_deletion", 1, 2, due.Each(func(ctx context.Context, c due.Claim) error {
			return a.Lifecycle.DeleteScheduled(ctx, actor.ServiceID(c.ID))
		})),
		a.kind("recomputation", 1, 1, due.Each(func(ctx context.Context, c due.Claim) error {
			return a.Traffic.RunRecomputation(ctx, c.ID, c.No)
		})),
	}
}

func (a *App) kind(name string, lot, parallel int, run func(context.Context, []due.Claim) error) due.Kind {
	return due.Kind{Name: name, Rows: rows{a.DB.Due(name)}, Lot: lot, Parallel: parallel, Run: run}
}

// shared leaves each processing module some of a kind's runs, so that a panel that does not answer has no more than these to
// keep waiting. They hold neither a transaction nor a connection meanwhile.
func shared(most int, k due.Kind) due.Kind {
	k.Share = most
	return k
}

// runOverage recomputes a lot of months.
func (a *App) runOverage(ctx context.Context, claims []due.Claim) error {
	lot := make([]charge.Claim, len(claims))
	for i, c := range claims {
		lot[i] = charge.Claim{ID: c.ID, No: c.No}
	}
	return a.Overage.RunLot(ctx, lot)
}

// runDaily is the daily run of a lot of clients.
func (a *App) runDaily(ctx context.Context, claims []due.Claim) error {
	lot := make([]billing.Claim, len(claims))
	for i, c := range claims {
		lot[i] = billing.Claim{Client: actor.ClientID(c.ID), No: c.No}
	}
	return a.Billing.Run(ctx, lot)
}

// loop is the loop of all kinds, on the business clock.
func (a *App) loop() *due.Loop {
	l := &due.Loop{Kinds: a.kinds(), Log: a.Log, Now: func(context.Context) (time.Time, bool, error) {
		return a.system.BusinessNow(), true, nil
	}}
	names := make([]string, len(l.Kinds))
	for i, k := range l.Kinds {
		names[i] = k.Name
	}
	l.Nexts = a.DB.DueNexts(names...)
	if a.Config.Sandbox {
		// Who moves the clock runs what is due, in its order; the background would only get in between.
		l.Now = func(ctx context.Context) (time.Time, bool, error) {
			moving, err := a.DB.Sandbox().Moving(ctx)
			if err != nil || moving {
				return time.Time{}, false, err
			}
			now, err := a.DB.BusinessNow(ctx)
			return now, true, err
		}
		// A move waits for rows that rest after a failure.
		l.MaxPause = 2 * time.Second
	}
	return l
}

// rows hands the store's claims to the loop; neither package knows the other.
type rows struct{ *postgres.DueTable }

func (r rows) Claim(ctx context.Context, at time.Time, lot int, but []string) ([]due.Claim, error) {
	got, err := r.ClaimBut(ctx, at, lot, but)
	out := make([]due.Claim, len(got))
	for i, c := range got {
		out[i] = due.Claim{ID: c.ID, No: c.No, Group: c.Group}
	}
	return out, err
}

func (r rows) Extend(ctx context.Context, claims []due.Claim) error {
	return r.DueTable.Extend(ctx, claimed(claims))
}

func (r rows) Delay(ctx context.Context, claims []due.Claim, pause time.Duration) ([]string, error) {
	return r.DueTable.Delay(ctx, claimed(claims), pause)
}

func claimed(claims []due.Claim) []postgres.DueClaim {
	out := make([]postgres.DueClaim, len(claims))
	for i, c := range claims {
		out[i] = postgres.DueClaim{ID: c.ID, No: c.No}
	}
	return out
}

// listen wakes the loop when a transaction tells of new due work, until ctx ends. Without a connection nothing is lost but
// time: the loop looks by itself as well.
func (a *App) listen(ctx context.Context, l *due.Loop) {
	const channel, shortest, longest = "tariffd_due", 100 * time.Millisecond, 5 * time.Second
	listener := pq.NewListener(a.address(), shortest, longest, nil)
	defer func() { _ = listener.Close() }()
	if err := listener.Listen(channel); err != nil && !errors.Is(err, pq.ErrChannelAlreadyOpen) {
		a.Log.Warn("no notices of new work: it is looked for every second", "error", err)
		return
	}
	for {
		select {
		case n := <-listener.NotificationChannel():
			if n == nil { // the connection was lost for a while, and notices with it
				l.Wake()
				continue
			}
			l.Wake(n.Extra)
		case <-ctx.Done():
			return
		}
	}
}
