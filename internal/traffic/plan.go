package traffic

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

// Begin writes the plan of the daily statistics where an installation has none yet: the first day to be collected is the one
// that is not closed now. Called at every start.
func (e *Engine) Begin(ctx context.Context) error {
	return e.InTx(ctx, func(tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		return tx.BeginStatistics(ctx, calendar.LastClosedDay(now, e.Zone), calendar.NextDailyRun(now, e.Zone))
	})
}

// RunPlan is the daily run of statistics, at 00:20: each enabled module whose panel counts gets a collection for every closed
// day since the last plan, the partitions of this month and the next are made, and months that have been over for 62 days
// are closed.
func (e *Engine) RunPlan(ctx context.Context, id string, claimNo int64) error {
	if err := e.makeAhead(ctx); err != nil {
		return err
	}
	if err := e.closeMonths(ctx, id, claimNo); err != nil {
		return err
	}
	return e.InTx(ctx, func(tx Tx) error {
		through, err := tx.HoldPlan(ctx, id, claimNo)
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		last := calendar.LastClosedDay(now, e.Zone)
		first := through.AddDays(1)
		if open := FirstOpen(dayOf(now, e.Zone)); first.Before(open) {
			first = open
		}
		modules, err := tx.StatisticsModules(ctx, e.counting())
		if err != nil {
			return err
		}
		if err := tx.PlanCollections(ctx, modules, daysFrom(first, last), now, false, false); err != nil {
			return err
		}
		return tx.UpdatePlan(ctx, id, last, calendar.NextDailyRun(now, e.Zone))
	})
}

// makeAhead makes the partitions of this month and the next before blocks need them.
func (e *Engine) makeAhead(ctx context.Context) error {
	return e.InTx(ctx, func(tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		m := calendar.MonthOf(dayOf(now, e.Zone))
		return tx.MakePartitions(ctx, []calendar.Month{m, m.Next()})
	})
}

// counting names the drivers whose panels count what servers use.
func (e *Engine) counting() []string {
	var out []string
	for _, d := range e.Drivers.All() {
		if len(d.Info.Statistics) > 0 {
			out = append(out, d.Info.Name)
		}
	}
	return out
}

func daysFrom(first, last calendar.Day) []calendar.Day {
	var out []calendar.Day
	for d := first; !last.Before(d); d = d.AddDays(1) {
		out = append(out, d)
	}
	return out
}

// CollectionRequest is somebody's wish to collect a day now; how it goes is read from the collections it covers.
type CollectionRequest struct {
	ID        string
	Day       calendar.Day
	ModuleID  provision.ModuleID // empty: every module that counts
	Overwrite bool
	CreatedAt time.Time
}

// RunStatus is how far a run in the background is.
type RunStatus string

// The statuses of a run. A failed collection is tried again by itself.
const (
	Queued   RunStatus = "queued"
	Running  RunStatus = "running"
	Finished RunStatus = "finished"
	Failed   RunStatus = "failed"
)

// CollectionRun is a request with what became of it.
type CollectionRun struct {
	CollectionRequest
	Status     RunStatus
	Expected   int
	Got        int
	Missing    int
	Failed     int
	Failures   []Failure
	FinishedAt *time.Time
}

// CollectInput asks for the statistics of a day: yesterday and all modules unless given.
type CollectInput struct {
	Day       calendar.Day
	ModuleID  provision.ModuleID
	Overwrite bool // replace pushed values too
}

// Collect makes collections due now. Faults: day_out_of_range, month_closed, not_found and unsupported_operation for a module.
func (e *Engine) Collect(ctx context.Context, by actor.Actor, in CollectInput) (CollectionRun, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (CollectionRun, error) { return e.collect(ctx, tx, by, in) })
}

func (e *Engine) collect(ctx context.Context, tx Tx, by actor.Actor, in CollectInput) (CollectionRun, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return CollectionRun{}, err
	}
	today := dayOf(now, e.Zone)
	if in.Day.IsZero() {
		in.Day = today.AddDays(-1)
	}
	switch {
	case today.Before(in.Day):
		return CollectionRun{}, fault.New(fault.Invalid, "day_out_of_range", "The day is not here yet.").At("/day")
	case in.Day.Before(FirstOpen(today)):
		return CollectionRun{}, fault.New(fault.Invalid, "month_closed", "The months before %s are closed.", FirstOpen(today)).At("/day")
	}
	modules, err := e.modulesOf(ctx, tx, in.ModuleID)
	if err != nil {
		return CollectionRun{}, err
	}
	r := CollectionRequest{ID: actor.NewID(), Day: in.Day, ModuleID: in.ModuleID, Overwrite: in.Overwrite, CreatedAt: now}
	if err := tx.PlanCollections(ctx, modules, []calendar.Day{in.Day}, now, true, in.Overwrite); err != nil {
		return CollectionRun{}, err
	}
	if err := tx.InsertCollectionRequest(ctx, r, modules); err != nil {
		return CollectionRun{}, err
	}
	run := CollectionRun{CollectionRequest: r, Status: Queued}
	if len(modules) == 0 {
		run.Status, run.FinishedAt = Finished, &now
	}
	about := event.About{Subject: "collection", SubjectID: r.ID}
	return run, event.Record(ctx, tx, by, about, "collection.requested", "", map[string]any{"day": in.Day, "module_id": in.ModuleID, "overwrite": in.Overwrite})
}

// modulesOf returns the module that was named, or all that count.
func (e *Engine) modulesOf(ctx context.Context, tx Tx, id provision.ModuleID) ([]provision.ModuleID, error) {
	if id == "" {
		return tx.StatisticsModules(ctx, e.counting())
	}
	found, err := tx.ModulesByIDs(ctx, []provision.ModuleID{id})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.New(fault.Invalid, "not_found", "There is no such processing module.").At("/module_id")
	}
	driver, err := e.Drivers.Driver(found[0].Driver)
	if err != nil || len(driver.Info.Statistics) == 0 {
		return nil, fault.New(fault.Invalid, "unsupported_operation", "The module's panel does not count.").At("/module_id")
	}
	return []provision.ModuleID{id}, nil
}

// StatusOf tells how far some collections are together: of so many, waiting for their first attempt, at work, waiting for
// another attempt, and done.
func StatusOf(waiting, atWork, tried, done int) RunStatus {
	switch {
	case waiting > 0 && atWork+tried+done == 0:
		return Queued
	case waiting > 0 || atWork > 0:
		return Running
	case tried > 0:
		return Failed
	default:
		return Finished
	}
}
