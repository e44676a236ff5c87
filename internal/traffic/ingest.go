package traffic

import (
	"context"
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/google/uuid"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/service"
)

// LotSize is how many reports are stored in one transaction.
const LotSize = 5000

// Report is what somebody says that a server used on a day. Row is its place among the rows that were sent.
type Report struct {
	Row    int
	Server service.ID
	Day    calendar.Day
	Values Values
}

// Lot is reports of one source.
type Lot struct {
	Reports []Report
	Source  Source
	// Merge keeps the stored parameters that a report does not name; otherwise a block is replaced whole.
	Merge bool
	// Overwrite lets collected values replace reported ones.
	Overwrite bool
	// OnTime says that the lot belongs to the daily run of its day, which may be a moment ahead of it.
	OnTime bool
}

// Reject is a report that was not stored.
type Reject struct {
	Row    int
	Server string
	Day    string
	Code   string // not_a_server, day_out_of_range, bad_value, bad_unit, unknown_parameter
	Detail string
}

// Outcome is what became of reports; the counts and the number of rejects sum to the reports.
type Outcome struct {
	Accepted  int // new blocks
	Replaced  int // next revisions
	Unchanged int
	Rejected  []Reject
}

// Add sums two outcomes up.
func (o *Outcome) Add(x Outcome) {
	o.Accepted += x.Accepted
	o.Replaced += x.Replaced
	o.Unchanged += x.Unchanged
	o.Rejected = append(o.Rejected, x.Rejected...)
}

// Store stores at most LotSize reports in one transaction. A report is a new block, the same as what is stored, or the next
// revision of its block, whose old values are kept; bad reports are named and do not stop the others. Repeating it changes
// nothing. It locks the clients of the servers.
func (e *Engine) Store(ctx context.Context, by actor.Actor, lot Lot) (Outcome, error) {
	var out Outcome
	if err := e.partitions(ctx, lot); err != nil {
		return out, err
	}
	err := e.InTx(ctx, func(tx Tx) (err error) {
		out, err = store(ctx, tx, e.Zone, by, lot)
		return err
	})
	return out, err
}

// partitions makes the missing partitions of the lot's months in a transaction of its own, because making one locks the
// whole table for a moment. Months that are not open are left out: their reports are rejected anyway.
func (e *Engine) partitions(ctx context.Context, lot Lot) error {
	if !slices.ContainsFunc(lot.Reports, func(r Report) bool { return !e.made.has(calendar.MonthOf(r.Day)) }) {
		return nil
	}
	var missing []calendar.Month
	err := e.InTx(ctx, func(tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		missing = e.missing(lot, dayOf(now, e.Zone))
		if len(missing) == 0 {
			return nil
		}
		return tx.MakePartitions(ctx, missing)
	})
	if err == nil {
		e.made.add(missing)
	}
	return err
}

// missing returns the open months of a lot whose partitions are not known to be there.
func (e *Engine) missing(lot Lot, today calendar.Day) []calendar.Month {
	first, seen := FirstOpen(today), map[calendar.Month]bool{}
	var out []calendar.Month
	for _, r := range lot.Reports {
		m := calendar.MonthOf(r.Day)
		if !seen[m] && !r.Day.Before(first) && !today.Before(r.Day) && !e.made.has(m) {
			seen[m] = true
			out = append(out, m)
		}
	}
	return out
}

func store(ctx context.Context, tx Tx, zone *time.Location, by actor.Actor, lot Lot) (Outcome, error) {
	in := &intake{zone: zone, by: by, lot: lot, state: map[Key]*entry{}}
	if err := in.read(ctx, tx); err != nil {
		return Outcome{}, err
	}
	for _, r := range lot.Reports {
		in.take(r)
	}
	return in.out, in.write(ctx, tx)
}

// intake is one lot on its way: what is stored, what was decided, what is to be written.
type intake struct {
	zone  *time.Location
	by    actor.Actor
	lot   Lot
	units measure.Units

	servers  map[service.ID]Server
	billed   map[actor.ClientID]calendar.Day
	links    map[service.ID][]Link
	activity Activity
	now      time.Time
	today    calendar.Day
	firstDay calendar.Day // of the oldest open month

	state map[Key]*entry
	keys  []Key // in order of first appearance
	old   []Revision
	out   Outcome
}

// entry is one block while a lot is taken in.
type entry struct {
	block   Block
	stored  bool // is in the database already
	changed bool
}

// read locks the clients, then reads all that the lot needs: servers, histories and stored blocks, once each.
func (in *intake) read(ctx context.Context, tx Tx) error {
	units, err := tx.UnitsAll(ctx)
	if err != nil {
		return err
	}
	in.units = measure.NewUnits(units)
	ids := serverIDs(in.lot.Reports)
	servers, err := tx.Servers(ctx, ids) // only to learn whose they are
	if err != nil {
		return err
	}
	clients := clientIDs(servers)
	if in.billed, err = tx.LockBlockClients(ctx, clients); err != nil {
		return err
	}
	if in.now, err = tx.Now(ctx); err != nil {
		return err
	}
	in.today = dayOf(in.now, in.zone)
	in.firstDay = FirstOpen(in.today)
	if servers, err = tx.Servers(ctx, ids); err != nil {
		return err
	}
	in.servers = make(map[service.ID]Server, len(servers))
	for _, s := range servers {
		in.servers[s.ID] = s
	}
	links, activity, err := tx.Histories(ctx, clients, ids)
	if err != nil {
		return err
	}
	in.links, in.activity = byServer(links), activity
	return in.readBlocks(ctx, tx)
}

func (in *intake) readBlocks(ctx context.Context, tx Tx) error {
	var keys []Key
	for _, r := range in.lot.Reports {
		if s, ok := in.servers[r.Server]; ok {
			keys = append(keys, Key{s.ClientID, s.ID, r.Day})
		}
	}
	blocks, err := tx.BlocksAt(ctx, keys)
	for _, b := range blocks {
		in.state[Key{b.ClientID, b.Server, b.Day}] = &entry{block: b, stored: true}
	}
	return err
}

// take decides one report: rejected, new, unchanged or the next revision.
func (in *intake) take(r Report) {
	server, refusal := in.check(r)
	if refusal != nil {
		in.out.Rejected = append(in.out.Rejected, Reject{r.Row, string(r.Server), r.Day.String(), refusal.Code, refusal.Message})
		return
	}
	key := Key{server.ClientID, server.ID, r.Day}
	have := in.state[key]
	fresh := Block{ClientID: server.ClientID, Server: server.ID, Day: r.Day, Values: r.Values, Revision: 1, Source: in.lot.Source, CollectedAt: in.now}
	switch {
	case have == nil:
		fresh.Owner = Owner(r.Day, in.zone, server.ID, in.links[server.ID], in.activity)
		in.state[key] = &entry{block: fresh, changed: true}
		in.keys = append(in.keys, key)
		in.out.Accepted++
		return
	case in.lot.Source == Collector && have.block.Source != Collector && !in.lot.Overwrite:
		in.out.Unchanged++
		return
	case in.lot.Merge:
		fresh.Values = r.Values.over(have.block.Values)
	}
	if fresh.Values.equal(have.block.Values) {
		in.out.Unchanged++
		return
	}
	in.old = append(in.old, Revision{have.block, in.now})
	fresh.Owner, fresh.Revision = have.block.Owner, have.block.Revision+1
	if !have.changed {
		in.keys = append(in.keys, key)
	}
	have.block, have.changed = fresh, true
	in.out.Replaced++
}

// check tells whether a report can be stored: the server is one that the reporter may see, the day lies between the
// server's start and its end or today, its month is open, and the values are measures.
func (in *intake) check(r Report) (Server, *fault.Error) {
	s, ok := in.servers[r.Server]
	if !ok || !in.by.Scope.Covers(s.ProviderID, s.ClientID) || s.ProductType == product.DedicatedBandwidth {
		return s, fault.New(fault.Invalid, "not_a_server", "There is no such server.")
	}
	last := in.today
	if s.DeletedAt != nil && dayOf(*s.DeletedAt, in.zone).Before(last) {
		last = dayOf(*s.DeletedAt, in.zone)
	}
	switch {
	case s.StartedAt == nil:
		return s, fault.New(fault.Invalid, "day_out_of_range", "The server has not started yet.")
	case r.Day.Before(dayOf(*s.StartedAt, in.zone)) || last.Before(r.Day):
		return s, fault.New(fault.Invalid, "day_out_of_range", "The server has days from %s to %s.", dayOf(*s.StartedAt, in.zone), last)
	case r.Day.Before(in.firstDay):
		return s, fault.New(fault.Invalid, "day_out_of_range", "The months before %s are closed.", in.firstDay)
	}
	return s, r.Values.check(in.units)
}

// check refuses what is no measure: nothing at all, unknown parameters, negative values, units of something else.
func (v Values) check(units measure.Units) *fault.Error {
	if len(v) == 0 {
		return fault.New(fault.Invalid, "bad_value", "At least one value is needed.")
	}
	for _, p := range slices.Sorted(maps.Keys(v)) {
		unit, known := natural[p]
		q := v[p]
		if !known {
			return fault.New(fault.Invalid, "unknown_parameter", "There is no parameter %.40q.", p)
		}
		if q.Value.IsNegative() {
			return fault.New(fault.Invalid, "bad_value", "%s is negative.", p)
		}
		if q.Unit == unit {
			continue
		}
		if _, _, err := units.Ratio(q.Unit, unit); err != nil {
			return fault.New(fault.Invalid, "bad_unit", "%s is measured in %s or what it converts to.", p, unit)
		}
	}
	return nil
}

// write stores what was decided, one statement for each kind of row.
func (in *intake) write(ctx context.Context, tx Tx) error {
	var fresh, changed []Block
	marks := newMarks(in.now, in.zone)
	for _, k := range in.keys {
		e := in.state[k]
		if e.stored {
			changed = append(changed, e.block)
			continue
		}
		fresh = append(fresh, e.block)
		marks.add(k.ClientID, e.block.Owner, k.Day)
	}
	if err := tx.InsertBlocks(ctx, fresh); err != nil {
		return err
	}
	if err := tx.InsertRevisions(ctx, in.old); err != nil {
		return err
	}
	owners, err := tx.UpdateBlocks(ctx, changed)
	if err != nil {
		return err
	}
	for k, owner := range owners {
		marks.add(k.ClientID, owner, k.Day)
	}
	if err := tx.InsertReassignments(ctx, in.reassigned(fresh)); err != nil {
		return err
	}
	return tx.MarkOverage(ctx, marks.list())
}

// reassigned returns the rows for new blocks that their server does not own, consecutive days in one row.
func (in *intake) reassigned(fresh []Block) []Reassignment {
	sort.SliceStable(fresh, func(i, j int) bool {
		if fresh[i].Server != fresh[j].Server {
			return fresh[i].Server < fresh[j].Server
		}
		return fresh[i].Day.Before(fresh[j].Day)
	})
	var out []Reassignment
	for _, b := range fresh {
		if b.Owner == b.Server {
			continue
		}
		cause := in.cause(b)
		if n := len(out); n > 0 && out[n-1].Server == b.Server && out[n-1].To == b.Owner && out[n-1].Cause == cause && out[n-1].Last.AddDays(1) == b.Day {
			out[n-1].Last = b.Day
			continue
		}
		out = append(out, Reassignment{
			ClientID: b.ClientID, ID: actor.NewID(), Server: b.Server, First: b.Day, Last: b.Day, From: b.Server, To: b.Owner,
			Cause: cause, DecidedAt: in.now, By: deciderOf(in.by),
		})
	}
	return out
}

// cause is what made the owner, or late_block where the day's daily run is over: due before now, and done for the client.
func (in *intake) cause(b Block) Cause {
	if !in.lot.OnTime && calendar.DailyRunAt(b.Day, in.zone).Before(in.now) && !in.billed[b.ClientID].Before(b.Day) {
		return LateBlock
	}
	return madeBy(b.Day, in.zone, b.Server, in.links[b.Server], in.activity)
}

func serverIDs(reports []Report) []service.ID {
	seen := map[service.ID]bool{}
	var out []service.ID
	for _, r := range reports {
		if !seen[r.Server] && uuid.Validate(string(r.Server)) == nil {
			out = append(out, r.Server)
		}
		seen[r.Server] = true
	}
	return out
}

// clientIDs returns the clients of servers in order of their ids, which is the order in which they are locked.
func clientIDs(servers []Server) []actor.ClientID {
	seen := map[actor.ClientID]bool{}
	var out []actor.ClientID
	for _, s := range servers {
		if !seen[s.ClientID] {
			seen[s.ClientID] = true
			out = append(out, s.ClientID)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}

func byServer(links []Link) map[service.ID][]Link {
	out := map[service.ID][]Link{}
	for _, l := range links {
		out[l.Server] = append(out[l.Server], l)
	}
	return out
}
