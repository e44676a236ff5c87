package traffic

import (
	"context"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// Tx is what traffic needs of its transaction. Lock order: clients by id, then services. Blocks are written under their
// client's lock and need none of their own; only the first pass of a recomputation moves blocks of past days without it.
type Tx interface {
	service.Tx
	TermTx
	LinkTx
	BlockTx
	RunTx
}

// TermTx reads and ends agreed terms.
type TermTx interface {
	// OpenTerms are the rows without an end, of all sources, by service, item and start.
	OpenTerms(ctx context.Context, c actor.ClientID, services []service.ID) ([]service.TermRow, error)
	// TermsAfter are the rows that are in force at an instant or later, by service, item and start.
	TermsAfter(ctx context.Context, c actor.ClientID, services []service.ID, at time.Time) ([]service.TermRow, error)
	// EndTermRows ends single rows at an instant, or at their start where that is later; it never makes one last longer.
	EndTermRows(ctx context.Context, c actor.ClientID, ids []string, at time.Time) error
}

// LinkTx keeps links and reads what the ownership rule goes by.
type LinkTx interface {
	// Servers reads services as servers, in no order; unknown ids are left out.
	Servers(ctx context.Context, ids []service.ID) ([]Server, error)
	// ServersOf are the client's services that could be servers of a bandwidth service, deleted ones left out.
	ServersOf(ctx context.Context, c actor.ClientID) ([]Server, error)
	// Histories are the links of the servers, ended ones too, and the activity of the bandwidth services in them.
	Histories(ctx context.Context, clients []actor.ClientID, servers []service.ID) ([]Link, Activity, error)
	// LinksOf are all links that the bandwidth service ever had.
	LinksOf(ctx context.Context, c actor.ClientID, bandwidth service.ID) ([]Link, error)
	// InsertLinks writes links; a server that has an open one already breaks traffic_link_server_uq.
	InsertLinks(ctx context.Context, links []Link, by string) error
	EndLinks(ctx context.Context, c actor.ClientID, ids []string, at time.Time, by string) error
	// SupersedeLinks takes links out of history: corrected rows stand for them.
	SupersedeLinks(ctx context.Context, c actor.ClientID, ids []string, at time.Time) error
	// TariffVersion answers the offer that a bandwidth service was sold by.
	TariffVersion(ctx context.Context, tariff catalog.TariffID, number int) (catalog.Offer, error)
	// CountServerChanges counts how often clients changed the set of servers since an instant.
	CountServerChanges(ctx context.Context, c actor.ClientID, bandwidth service.ID, since time.Time) (int, error)
}

// BlockTx keeps blocks.
type BlockTx interface {
	UnitsAll(ctx context.Context) ([]measure.Unit, error)
	// ProvidersOf tells whose clients they are.
	ProvidersOf(ctx context.Context, clients []actor.ClientID) (map[actor.ClientID]actor.ProviderID, error)
	// LockBlockClients locks the clients in order of their ids and tells through which day each is billed.
	LockBlockClients(ctx context.Context, ids []actor.ClientID) (map[actor.ClientID]calendar.Day, error)
	BlocksAt(ctx context.Context, keys []Key) ([]Block, error)
	InsertBlocks(ctx context.Context, blocks []Block) error
	// UpdateBlocks writes values, revision, source and time, never the owner, and answers the present owners.
	UpdateBlocks(ctx context.Context, blocks []Block) (map[Key]service.ID, error)
	InsertRevisions(ctx context.Context, old []Revision) error
	InsertReassignments(ctx context.Context, rows []Reassignment) error
	MarkOverage(ctx context.Context, marks []Mark) error
	// MoveBlocks writes the owners of runs of days where they differ, with the rows that tell it and the months that
	// must be charged anew, in one statement.
	MoveBlocks(ctx context.Context, m Move) (Moved, error)
	// CountMoves tells what MoveBlocks would do.
	CountMoves(ctx context.Context, m Move) (Moved, error)
	// MakePartitions makes the partitions that are missing for these months.
	MakePartitions(ctx context.Context, months []calendar.Month) error
}

// RunTx keeps what runs in the background: recomputations, collections and the daily plan. A Hold… locks a row that the
// caller claimed; a claim that was lost is the fault claim_lost.
type RunTx interface {
	InsertRecomputation(ctx context.Context, r Recomputation) error
	HoldRecomputation(ctx context.Context, id string, claimNo int64) (Recomputation, error)
	// UpdateRecomputation writes counts, resume point and status; a finished one gives its claim back.
	UpdateRecomputation(ctx context.Context, r Recomputation) error
	// LockHistory makes those who rely on the history of past days, and those who correct it, take turns.
	LockHistory(ctx context.Context) error
	// NextServers are the next services that may have blocks, in order of client and id, after a resume point.
	NextServers(ctx context.Context, after Point, only []service.ID, limit int) ([]Point, error)

	// StatisticsModules are the enabled modules of these drivers.
	StatisticsModules(ctx context.Context, drivers []string) ([]provision.ModuleID, error)
	ModulesByIDs(ctx context.Context, ids []provision.ModuleID) ([]module.Module, error)
	// PlanCollections makes one collection due for each module and day that has none; again makes those due anew that exist.
	PlanCollections(ctx context.Context, modules []provision.ModuleID, days []calendar.Day, at time.Time, again, overwrite bool) error
	InsertCollectionRequest(ctx context.Context, r CollectionRequest, modules []provision.ModuleID) error
	HoldCollection(ctx context.Context, id string, claimNo int64) (Collection, error)
	UpdateCollection(ctx context.Context, c Collection) error
	// Holders are the services that had a machine of the module at some instant from `from` to `to`.
	Holders(ctx context.Context, module provision.ModuleID, from, to time.Time) ([]Server, error)

	// BeginStatistics writes the plan's one row where it is missing.
	BeginStatistics(ctx context.Context, through calendar.Day, nextRunAt time.Time) error
	HoldPlan(ctx context.Context, id string, claimNo int64) (through calendar.Day, err error)
	UpdatePlan(ctx context.Context, id string, through calendar.Day, nextRunAt time.Time) error

	// NextClients are the next clients in order of their ids.
	NextClients(ctx context.Context, after actor.ClientID, limit int) ([]actor.ClientID, error)
	BlocksOfMonth(ctx context.Context, clients []actor.ClientID, m calendar.Month) ([]Block, error)
	// InsertUsageMonths keeps the use of a month that closes; what is kept already stays.
	InsertUsageMonths(ctx context.Context, rows []MonthUse, m calendar.Month, at time.Time) error
}

// MonthUse is what a service used in a month that is closed.
type MonthUse struct {
	ClientID  actor.ClientID
	ServiceID service.ID
	Values    Values
}

// Key is one block's identity.
type Key struct {
	ClientID actor.ClientID
	Server   service.ID
	Day      calendar.Day
}

// Server is a sold server as traffic sees it.
type Server struct {
	ID           service.ID
	ClientID     actor.ClientID
	ProviderID   actor.ProviderID
	Name         string
	ProductType  string
	Status       service.Status
	DataCenterID datacenter.ID
	Driver       string // of its module; empty: none yet
	ExternalID   provision.Ref
	StartedAt    *time.Time
	DeletedAt    *time.Time
	LinkedTo     service.ID // the live bandwidth service that has it; empty: none
}

// Mark says that a service's overage of a month must be computed anew at DueAt, or before if it is due earlier anyway.
type Mark struct {
	ClientID  actor.ClientID
	ServiceID service.ID
	Month     calendar.Month
	DueAt     time.Time
}

// Move is what the ownership rule says of runs of days.
type Move struct {
	ClientIDs []actor.ClientID // one for each run
	Runs      []Run
	Cause     Cause
	By        Decider
	At        time.Time
	Due       DueTimes
}

// DueTimes tells when a change of a day becomes due in money: days that are closed at once, the two that may still be
// open when their daily run is due (D1).
type DueTimes struct {
	Closed    calendar.Day // the last closed day
	Now       time.Time
	Next      time.Time // the daily run that closes the day after it
	AfterNext time.Time
}

// Moved is what a move did, or would do.
type Moved struct {
	Examined int64
	Changed  int64
	Of       map[actor.ClientID]int64 // changed blocks by client
}

// dueTimes are the due times at the instant now.
func dueTimes(now time.Time, zone *time.Location) DueTimes {
	closed := calendar.LastClosedDay(now, zone)
	return DueTimes{
		Closed: closed, Now: now,
		Next:      calendar.DailyRunAt(closed.AddDays(1), zone),
		AfterNext: calendar.DailyRunAt(closed.AddDays(2), zone),
	}
}

// of returns when a change of one day is due: a day is charged once it is over.
func (d DueTimes) of(day calendar.Day) time.Time {
	switch {
	case !d.Closed.Before(day):
		return d.Now
	case day == d.Closed.AddDays(1):
		return d.Next
	default:
		return d.AfterNext
	}
}
