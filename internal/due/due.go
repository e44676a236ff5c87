// Package due runs what has come due: rows of domain tables whose due instant has passed.
//
// It owns the loop that claims rows in small lots, keeps their leases alive while a handler works and pauses what fails, and
// the mover of the sandbox's clock. It does not own what a kind of due work does (the features), nor the statements that
// claim rows (package postgres); adding a kind is one registration.
//
// Invariants: a row is worked on by one claim at a time, as far as its handler ends with "if it is still mine", because an
// expired lease may be claimed again; due instants are business time, leases and pauses are real time; a clock move ends
// only when nothing is due up to its target.
package due

import (
	"context"
	"time"
)

// Claim is one row that this process may work on. A handler's last transaction writes only while the row still carries No.
type Claim struct {
	ID string
	No int64
	// Group is what may keep the row's run waiting, such as a panel that does not answer; empty: nothing that it shares.
	Group string
}

// Rows are the due rows of one table.
type Rows interface {
	// Next is the earliest due instant, rows being worked on included; false: nothing will ever be due.
	Next(ctx context.Context) (time.Time, bool, error)
	// Claim takes at most lot rows that are due at a business instant, that nobody holds, and that are of none of some groups.
	Claim(ctx context.Context, at time.Time, lot int, but []string) ([]Claim, error)
	// Extend renews the leases of claims that are still held.
	Extend(ctx context.Context, claims []Claim) error
	// Delay lets go of claims that are still held, to be claimed again after a pause of real time. It answers their ids;
	// what the handler had finished before it failed is not among them.
	Delay(ctx context.Context, claims []Claim, pause time.Duration) ([]string, error)
}

// Kind is one kind of due work.
type Kind struct {
	Name     string
	Rows     Rows
	Lot      int // rows handed to one run; 1 where absent
	Parallel int // runs at once in one process; 1 where absent
	// Share is how many of these may be of one group, so that what keeps one waiting leaves places to the others; 0: all. A
	// run of a kind with groups is of one row.
	Share int
	// Run works on a lot. It must move each row's due instant and give its claim back in the transaction that finishes it.
	// After an error, rows it has not finished are tried again later.
	Run func(ctx context.Context, claims []Claim) error
}

func (k Kind) lot() int      { return max(k.Lot, 1) }
func (k Kind) parallel() int { return max(k.Parallel, 1) }

// Each makes a Run of a function for one row, for kinds whose rows have nothing to share. The first error does not keep the
// rest of a lot from running.
func Each(run func(ctx context.Context, c Claim) error) func(context.Context, []Claim) error {
	return func(ctx context.Context, claims []Claim) error {
		var first error
		for _, c := range claims {
			if err := run(ctx, c); err != nil && first == nil {
				first = err
			}
		}
		return first
	}
}
