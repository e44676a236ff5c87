package traffic

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// Collection is the collecting of one module's statistics of one day.
type Collection struct {
	ID         string
	ModuleID   provision.ModuleID
	Day        calendar.Day
	Done       bool
	Overwrite  bool
	DueAt      time.Time
	Attempts   int
	Expected   int // servers that should have a block for the day
	Got        int
	Missing    int // the panel had nothing for them
	Failed     int // the panel could not be asked about them
	Failures   []Failure
	FinishedAt *time.Time // the end of the last attempt
}

// Failure is what could not be collected.
type Failure struct {
	ModuleID  provision.ModuleID `json:"module_id"`
	ServiceID service.ID         `json:"service_id,omitempty"` // empty: the whole module
	Code      string             `json:"code"`
	Detail    string             `json:"detail"`
}

// retryAfter is how long a collection that failed waits.
const retryAfter = time.Hour

// askAtOnce is how many servers a driver is asked about at a time: enough for it to keep its connections at work, and few beside
// all of them, because what comes after a panel fell silent is not asked for any more.
const askAtOnce = 200

// maxFailures bounds the failures that one collection names.
const maxFailures = 100

// RunCollection carries out a claimed collection: it asks the panel, with no transaction open, and stores what came. What
// failed is tried again in an hour, for as long as the day's month is open. One server's failure does not stop the others.
func (e *Engine) RunCollection(ctx context.Context, id string, claimNo int64) error {
	var c Collection
	var all []Server
	err := e.InTx(ctx, func(tx Tx) (err error) {
		if c, err = tx.HoldCollection(ctx, id, claimNo); err != nil {
			return err
		}
		all, err = tx.Holders(ctx, c.ModuleID, c.Day.Start(e.Zone), c.Day.End(e.Zone))
		return err
	})
	if err != nil {
		return err
	}
	asked, err := e.ask(ctx, c, all)
	if err != nil {
		return err
	}
	// The first attempt of the day's own collection; billing runs at the same instant, in this process or another.
	onTime := c.Attempts == 0 && c.DueAt.Before(calendar.DailyRunAt(c.Day, e.Zone).Add(retryAfter))
	for lot := range slices.Chunk(asked.reports, LotSize) {
		out, err := e.Store(ctx, actor.Program("collection"), Lot{Reports: lot, Source: Collector, Overwrite: c.Overwrite, OnTime: onTime})
		if err != nil {
			return err
		}
		asked.got += len(lot) - len(out.Rejected)
		for _, r := range out.Rejected {
			asked.fail(Failure{c.ModuleID, service.ID(r.Server), r.Code, r.Detail}, 1)
		}
	}
	return e.finish(ctx, id, claimNo, asked)
}

// held is a service and the time of the day in which it had its machine.
type held struct {
	Server
	from, to time.Time
}

// partsOf are the times in which services had their machines on the day, for a panel that answers by instants (D27).
func partsOf(start, end time.Time, all []Server) []held {
	var out []held
	for _, s := range all {
		h := held{s, start, end}
		if s.StartedAt != nil {
			h.from = later(h.from, *s.StartedAt)
		}
		if s.DeletedAt != nil && s.DeletedAt.Before(end) {
			h.to = *s.DeletedAt
		}
		if h.from.Before(h.to) {
			out = append(out, h)
		}
	}
	return out
}

// wholeDay gives the day to each machine's holder.
func wholeDay(start, end time.Time, all []Server) []held {
	holders := holdersAt(end, all)
	out := make([]held, len(holders))
	for i, s := range holders {
		out[i] = held{s, start, end}
	}
	return out
}

// holdersAt chooses one service for each machine: the one that holds it at the end of the day, or held it last (D27).
func holdersAt(end time.Time, all []Server) []Server {
	last := map[provision.Ref]Server{}
	var refs []provision.Ref
	for _, s := range all {
		have, ok := last[s.ExternalID]
		if !ok {
			refs = append(refs, s.ExternalID)
		}
		if !ok || heldLater(s, have, end) {
			last[s.ExternalID] = s
		}
	}
	out := make([]Server, len(refs))
	for i, ref := range refs {
		out[i] = last[ref]
	}
	return out
}

func heldLater(a, b Server, end time.Time) bool {
	heldUntil := func(s Server) time.Time {
		if s.DeletedAt == nil || !s.DeletedAt.Before(end) {
			return end
		}
		return *s.DeletedAt
	}
	if x, y := heldUntil(a), heldUntil(b); !x.Equal(y) {
		return x.After(y)
	}
	return a.StartedAt.After(*b.StartedAt)
}

// answers is what a panel said.
type answers struct {
	expected int // servers that should have a block
	reports  []Report
	got      int
	failed   int
	failures []Failure
	silent   error // why the panel as a whole did not answer
}

func (a *answers) fail(f Failure, servers int) {
	a.failed += servers
	if len(a.failures) < maxFailures {
		a.failures = append(a.failures, f)
	}
}

// ask asks the module's panel about each server. Its error is for what is no panel's fault.
func (e *Engine) ask(ctx context.Context, c Collection, all []Server) (*answers, error) {
	start, end := c.Day.Start(e.Zone), c.Day.End(e.Zone)
	holders := wholeDay(start, end, all)
	out := &answers{expected: len(holders)}
	if len(holders) == 0 {
		return out, nil
	}
	module, err := e.Connect(ctx, c.ModuleID)
	if err != nil { // nobody can be asked before its settings are mended
		out.silent = err
		out.fail(Failure{ModuleID: c.ModuleID, Code: "module_error", Detail: provision.Storable(err.Error())}, len(holders))
		return out, nil
	}
	source, ok := module.(provision.TrafficSource)
	if !ok {
		return out, nil
	}
	q := &question{tell: byDays(source, c.Day, e.Zone), c: c, out: out}
	if instants, ok := module.(provision.InstantSource); ok && instants.ByInstants() {
		holders = partsOf(start, end, all)
		out.expected, q.tell = len(holders), byInstants(instants, c.Day)
	}
	for lot := range slices.Chunk(holders, askAtOnce) {
		if err := q.about(ctx, lot); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tell asks a panel about some servers; the answers stand in their places, nil where it had none.
type tell func(ctx context.Context, lot []held) ([]*provision.Usage, error)

func byDays(source provision.TrafficSource, day calendar.Day, zone *time.Location) tell {
	return func(ctx context.Context, lot []held) ([]*provision.Usage, error) {
		refs, place := make([]provision.Ref, len(lot)), make(map[provision.Ref]int, len(lot))
		for i, s := range lot {
			refs[i], place[s.ExternalID] = s.ExternalID, i
		}
		usage, err := source.DailyUsage(ctx, refs, day, zone)
		out := make([]*provision.Usage, len(lot))
		for i := range usage {
			if at, asked := place[usage[i].Ref]; asked {
				out[at] = &usage[i]
			}
		}
		return out, err
	}
}

func byInstants(source provision.InstantSource, day calendar.Day) tell {
	return func(ctx context.Context, lot []held) ([]*provision.Usage, error) {
		parts := make([]provision.Part, len(lot))
		for i, s := range lot {
			parts[i] = provision.Part{Ref: s.ExternalID, From: s.from, To: s.to}
		}
		usage, err := source.UsageBetween(ctx, day, parts)
		if err == nil && len(usage) != len(parts) {
			return nil, errors.New("not every part of the day was answered")
		}
		return usage, err
	}
}

// question asks one panel about one day.
type question struct {
	tell tell
	c    Collection
	out  *answers
}

// about asks about some servers; where the panel stumbles, about halves of those that it told nothing of, down to the one that it
// stumbles over.
func (q *question) about(ctx context.Context, lot []held) error {
	if q.out.silent != nil { // the rest is not even asked
		q.out.failed += len(lot)
		return nil //nolint:nilerr // told already, when it fell silent
	}
	usage, err := q.tell(ctx, lot)
	if errCtx := ctx.Err(); errCtx != nil {
		return errCtx // we stop, the panel is not to blame
	}
	var left []held
	for i := range lot {
		if i >= len(usage) || usage[i] == nil {
			left = append(left, lot[i])
			continue
		}
		u := usage[i]
		values := Values{}
		for p, v := range u.Values {
			values[Param(p)] = Quantity{Value: v.Amount, Unit: v.Unit}
		}
		q.out.reports = append(q.out.reports, Report{Server: lot[i].ID, Day: q.c.Day, Values: values})
	}
	if err != nil {
		return q.failed(ctx, left, err)
	}
	return nil
}

func (q *question) failed(ctx context.Context, lot []held, err error) error {
	f := Failure{ModuleID: q.c.ModuleID, Code: "module_error", Detail: provision.Storable(err.Error())}
	panel, said := provision.FailureOf(err)
	if said {
		f.Code, f.Detail = panel.Code, provision.Storable(panel.Text)
	}
	switch {
	case len(lot) == 0: // of nobody that was asked about
	case said && panel.Kind != provision.Rejected:
		q.out.silent = err
		q.out.fail(f, len(lot))
	case len(lot) == 1:
		f.ServiceID = lot[0].ID
		q.out.fail(f, 1)
	default:
		half := len(lot) / 2
		return errors.Join(q.about(ctx, lot[:half]), q.about(ctx, lot[half:]))
	}
	return nil
}

// finish writes the counts and whether it is done or to be tried again.
func (e *Engine) finish(ctx context.Context, id string, claimNo int64, a *answers) error {
	return e.InTx(ctx, func(tx Tx) error {
		c, err := tx.HoldCollection(ctx, id, claimNo)
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		if e.Asked != nil && a.expected > 0 {
			if err := e.Asked(ctx, tx, c.ModuleID, a.silent); err != nil {
				return err
			}
		}
		c.Attempts++
		c.Expected, c.Got, c.Failed, c.Failures = a.expected, a.got, a.failed, a.failures
		c.Missing = max(0, a.expected-a.got-a.failed)
		c.FinishedAt, c.Done = &now, a.failed == 0
		if c.DueAt = now.Add(retryAfter); dayOf(c.DueAt, e.Zone).Before(ClosesOn(calendar.MonthOf(c.Day))) {
			return tx.UpdateCollection(ctx, c)
		}
		c.Done = true // nothing of a closed month can be stored any more
		return tx.UpdateCollection(ctx, c)
	})
}
