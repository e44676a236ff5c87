// Package verify reads the whole database as one snapshot shows it and holds it to the nine invariants of the program.
//
// It owns the list of what must be true and the words for what is not. It does not own the rules themselves: owners come
// from package traffic, overage from package charge, so that what is checked is recomputed by the code that made it. It
// changes nothing, calls no panel and needs no secret.
//
// Invariants: everything is seen in one snapshot, so that work going on beside it never looks broken; memory is bounded,
// because clients are read in lots and whole tables are compared where they lie; what is about to be booked is no finding.
package verify

import (
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/tariffd/tariffd/internal/calendar"
)

// Finding is one broken invariant.
type Finding struct {
	Invariant int    `json:"invariant"` // 1 to 9
	Subject   string `json:"subject"`   // what ID is the id of: client, posting, expense, service, …
	ID        string `json:"id"`
	Detail    string `json:"detail"` // what is wrong, in plain words
}

// Counts is how much was looked at.
type Counts struct {
	Clients          int64 `json:"clients"`
	Payments         int64 `json:"payments"`
	Postings         int64 `json:"postings"`
	Expenses         int64 `json:"expenses"`
	Orders           int64 `json:"orders"`
	Services         int64 `json:"services"`
	Operations       int64 `json:"operations"`
	Tasks            int64 `json:"tasks"`
	Links            int64 `json:"links"`
	Blocks           int64 `json:"blocks"`
	Revisions        int64 `json:"revisions"`
	Months           int64 `json:"months"`             // of services, whose overage was recomputed
	MonthsInProgress int64 `json:"months_in_progress"` // left out: they are due, their differences are about to be booked
	MonthsClosed     int64 `json:"months_closed"`      // left out: they are final, their blocks may be gone
}

// Report is the outcome of one look at the whole database.
type Report struct {
	CheckedAt time.Time `json:"checked_at"` // business time
	Findings  []Finding `json:"findings"`   // by invariant
	Truncated bool      `json:"truncated"`  // there are more findings than are named
	Checked   Counts    `json:"checked"`
}

// Most is how many findings of an invariant about one kind of subject are named: somebody who restored half a database needs no million lines.
const Most = 1000

// Engine checks an installation.
type Engine struct {
	// InSnapshot runs fn on one consistent, unchanging view of the database.
	InSnapshot func(ctx context.Context, fn func(Snapshot) error) error
	Zone       *time.Location // of billing, for an installation that has not pinned one yet
}

// Run checks all invariants. An error means that the database could not be read; what is wrong with the data is in the
// report.
func (e *Engine) Run(ctx context.Context) (Report, error) {
	var out Report
	err := e.InSnapshot(ctx, func(s Snapshot) error {
		r := &run{snap: s, report: Report{Findings: []Finding{}}, named: map[[2]any]int{}}
		if err := r.begin(ctx, e.Zone); err != nil {
			return err
		}
		for _, check := range r.checks() {
			if err := check(ctx); err != nil {
				return err
			}
		}
		sort.SliceStable(r.report.Findings, func(i, j int) bool { return r.report.Findings[i].Invariant < r.report.Findings[j].Invariant })
		out = r.report
		return nil
	})
	return out, err
}

// run is one look on its way.
type run struct {
	snap   Snapshot
	zone   *time.Location
	now    time.Time
	report Report
	named  map[[2]any]int // findings by invariant and subject
}

func (r *run) begin(ctx context.Context, zone *time.Location) (err error) {
	if r.report.Checked, err = r.snap.Counts(ctx); err != nil {
		return err
	}
	name, err := r.snap.PinnedZone(ctx)
	if err != nil {
		return err
	}
	// The pinned zone says where days end, whatever this process was told.
	if r.zone = zone; name != "" {
		if r.zone, err = time.LoadLocation(name); err != nil {
			return fmt.Errorf("billing zone: %w", err)
		}
	}
	if r.now, err = r.snap.Now(ctx); err != nil {
		return err
	}
	r.report.CheckedAt = r.now
	return nil
}

// checks are all there are. Invariant 9 has a part in months as well: there the books of each single day are compared with
// what its blocks say, and a day's books that are a function of the blocks alone cannot depend on when those came.
func (r *run) checks() []func(context.Context) error {
	return []func(context.Context) error{
		r.where(r.snap.BrokenLedger),      // 1
		r.where(r.snap.BrokenCharges),     // 2
		r.where(r.snap.BrokenCauses),      // 2
		r.where(r.snap.BrokenBlocks),      // 3
		r.where(r.snap.BrokenHistories),   // 4
		r.owners,                          // 4
		r.months,                          // 5, 9
		r.where(r.snap.BrokenTransitions), // 6
		r.prices,                          // 7
		r.where(r.snap.BrokenObjects),     // 8
		r.where(r.snap.BrokenCorrections), // 9
	}
}

// where turns a comparison that the database makes by itself into a check.
func (r *run) where(look func(ctx context.Context, limit int) ([]Finding, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		// One more than is named tells whether there are more.
		found, err := look(ctx, Most+1)
		for _, f := range found {
			r.add(f)
		}
		return err
	}
}

func (r *run) add(f Finding) {
	kind := [2]any{f.Invariant, f.Subject}
	if r.named[kind]++; r.named[kind] > Most {
		r.report.Truncated = true
		return
	}
	r.report.Findings = append(r.report.Findings, f)
}

// live is the instant until which a month that is due counts as work in progress. Between midnight and the daily run the
// last day is over, but is charged by that run: marks that wait for it count, too.
func (r *run) live() time.Time {
	run := calendar.DailyRunAt(calendar.DayOf(r.now, r.zone).AddDays(-1), r.zone)
	if run.After(r.now) {
		return run
	}
	return r.now
}
