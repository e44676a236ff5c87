package verify

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/charge"
	"github.com/tariffd/tariffd/internal/service"
	"github.com/tariffd/tariffd/internal/traffic"
)

// Snapshot is the database as one instant left it. What starts with Broken is compared inside the database and answers at
// most limit findings of each comparison; the rest is read in lots, because the rule stands in Go.
type Snapshot interface {
	// Now is the business clock, read after the snapshot was taken.
	Now(ctx context.Context) (time.Time, error)
	// PinnedZone is the zone that the installation was begun with; empty: it was never begun.
	PinnedZone(ctx context.Context) (string, error)
	Counts(ctx context.Context) (Counts, error)

	BrokenLedger(ctx context.Context, limit int) ([]Finding, error)
	BrokenCharges(ctx context.Context, limit int) ([]Finding, error)
	BrokenCauses(ctx context.Context, limit int) ([]Finding, error)
	BrokenBlocks(ctx context.Context, limit int) ([]Finding, error)
	BrokenHistories(ctx context.Context, limit int) ([]Finding, error)
	BrokenTransitions(ctx context.Context, limit int) ([]Finding, error)
	BrokenObjects(ctx context.Context, limit int) ([]Finding, error)
	BrokenCorrections(ctx context.Context, limit int) ([]Finding, error)

	// BlockDays are the first and the last day of any block; the zero day: there is none.
	BlockDays(ctx context.Context) (first, last calendar.Day, err error)
	// NextServers are the next services that may have blocks, in order of client and id.
	NextServers(ctx context.Context, after traffic.Point, limit int) ([]traffic.Point, error)
	Histories(ctx context.Context, clients []actor.ClientID, servers []service.ID) ([]traffic.Link, traffic.Activity, error)
	// StrayBlocks are the blocks within the runs whose owner is another, by owners.
	StrayBlocks(ctx context.Context, m traffic.Move, limit int) ([]Stray, error)

	// NextServices are the next services that were ever active, in order of client and id.
	NextServices(ctx context.Context, after traffic.Point, limit int) ([]traffic.Point, error)
	// MonthsOf are the months in which these services own blocks or have booked overage, in order; due are those that wait to
	// be recomputed by an instant.
	MonthsOf(ctx context.Context, services []traffic.Point, live time.Time) ([]Month, error)
	// BooksOf reads the books of months, in their order.
	BooksOf(ctx context.Context, months []charge.ServiceMonth, zone *time.Location) ([]charge.Books, error)

	// NextPriced are the next services that an open link names as server, or that have an open price of a bandwidth service.
	NextPriced(ctx context.Context, after traffic.Point, limit int) ([]Priced, error)
	// OpenTermsOf are the open terms of services of several clients.
	OpenTermsOf(ctx context.Context, clients []actor.ClientID, services []service.ID) ([]service.TermRow, error)
}

// Stray is some blocks of one server that have another owner than the rule says.
type Stray struct {
	Server   service.ID
	Owner    service.ID
	Expected service.ID
	First    calendar.Day
	Last     calendar.Day
	Blocks   int64
}

// Month is one service's month with the number of blocks in it.
type Month struct {
	charge.ServiceMonth
	Blocks int
	Due    bool
}

// Priced is a service whose prices a link may set.
type Priced struct {
	traffic.Point
	// Carrier is the active bandwidth service that carries it; empty: none does.
	Carrier service.ID
}
