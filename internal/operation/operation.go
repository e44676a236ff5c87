// Package operation is what is being done to a service by its module: queued, retried, waiting for the panel, given to
// people.
//
// It owns the kinds and the state machine of operations, retries (D24), lanes and the choice of module (D23). It does not
// own what a finished operation means for the service (package lifecycle) nor the panels (package provision).
//
// Invariants: a service has at most one live operation of a kind; a finished operation never runs again; looking at a panel
// that is still working burns no attempt.
package operation

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/money"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// ID is an operation's id.
type ID string

// Status is where in its life an operation is.
type Status string

// The statuses of an operation.
const (
	Queued    Status = "queued"  // waits for its turn, a retry or a free lane
	Running   Status = "running" // a worker is at it
	Waiting   Status = "waiting" // the panel is working
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	Manual    Status = "manual" // people do it; the task says what
	Cancelled Status = "cancelled"
)

// HoldsLane tells whether the operation counts among those that its module is at work on: not what a panel does not finish and
// people were told of, else one stuck machine would keep the module from making others.
func (o Operation) HoldsLane() bool {
	return o.Status == Running || (o.Status == Waiting && o.TaskID == "")
}

// Final tells whether an operation in this status never runs again.
func (s Status) Final() bool { return s == Succeeded || s == Failed || s == Cancelled }

// Of is the change as it concerns a service by now: other add-ons alone leave it the tariff, version and period that it has.
func (c Change) Of(s service.Service) Change {
	if c.AddOnsOnly {
		c.TariffID, c.TariffVersion, c.Period = s.TariffID, s.TariffVersion, s.Period
	}
	return c
}

// WithPeople tells whether people were asked to do the operation, or to look after a panel that does not finish. It then holds up
// nothing that can go on by itself.
func (o Operation) WithPeople() bool {
	return o.Status == Manual || (o.Status == Waiting && o.TaskID != "")
}

// Payload is what an operation needs beyond its service.
type Payload struct {
	Reason     string                     `json:"reason,omitempty"` // of a suspension
	Clear      []string                   `json:"clear,omitempty"`  // reasons that a resume removes
	Note       string                     `json:"note,omitempty"`
	Parameters map[string]json.RawMessage `json:"parameters,omitempty"` // set_params, reinstall
	Automatic  bool                       `json:"automatic,omitempty"`  // asked for by the program itself (D12)
	Recovery   bool                       `json:"recovery,omitempty"`   // reboot: into the panel's recovery system
	Leftover   bool                       `json:"leftover,omitempty"`   // close: of what the opening of a service that never came to be left in the panel
	Change     *Change                    `json:"change,omitempty"`     // set_params: the terms that hold once the module has applied it
}

// Change is the terms that a service shall have (D9).
type Change struct {
	TariffID      catalog.TariffID           `json:"tariff_id"`
	TariffVersion int                        `json:"tariff_version"`
	Period        calendar.Period            `json:"period"`
	AddOns        map[string]json.RawMessage `json:"add_ons"`
	// AddOnsOnly follows the service, which may renew by a newer version or for another period before the module is done.
	AddOnsOnly bool `json:"add_ons_only,omitempty"`
	// Held is the money of an increase, kept aside until the change is done or given up.
	Held *money.Amount `json:"held,omitempty"`
}

// Operation is one thing being done to a service.
type Operation struct {
	ID             ID
	ClientID       actor.ClientID
	ServiceID      actor.ServiceID
	Kind           provision.Kind
	Status         Status
	Payload        Payload
	Memo           map[string]string
	Begun          bool // the panel already holds something for it
	Attempts       int
	MaxAttempts    int
	NextAttemptAt  *time.Time // business time
	PendingSince   *time.Time // since when the panel is working
	ModuleID       provision.ModuleID
	StockKey       *string // what an open takes from the module's stock; nil: nothing that is counted
	TriedModuleIDs []provision.ModuleID
	ErrorCode      string
	ErrorText      string // the panel's own words; administrators only
	Log            []LogEntry
	TaskID         string
	Actor          Requester
	ClaimNo        int64
	CreatedAt      time.Time
	FinishedAt     *time.Time
	Version        int64
}

// LogEntry is one line of an operation's log.
type LogEntry struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Requester is who asked for the operation, kept so that what follows from it names them.
type Requester struct {
	Role      actor.Role     `json:"role"`
	KeyID     string         `json:"key_id,omitempty"`
	ClientID  actor.ClientID `json:"client_id,omitempty"`
	RequestID string         `json:"request_id,omitempty"`
	Cause     string         `json:"cause,omitempty"`
}

// RequesterOf keeps an actor for later.
func RequesterOf(by actor.Actor) Requester {
	return Requester{Role: by.Role, KeyID: by.KeyID, ClientID: by.Scope.ClientID, RequestID: by.RequestID, Cause: by.Cause}
}

// Actor is the requester as an actor again, now acting through the program.
func (r Requester) Actor() actor.Actor {
	return actor.Actor{Role: r.Role, KeyID: r.KeyID, Scope: actor.Scope{ClientID: r.ClientID}, RequestID: r.RequestID, Cause: r.Cause}
}

// logLimit bounds an operation's log; the newest lines stay.
const logLimit = 100

// Note adds a line to the log.
func (o *Operation) Note(at time.Time, text string) {
	o.Log = append(o.Log, LogEntry{At: at, Text: text})
	if len(o.Log) > logLimit {
		o.Log = o.Log[len(o.Log)-logLimit:]
	}
}

// Tx is what changing operations needs.
type Tx interface {
	InsertOperation(ctx context.Context, o Operation) error
	// OperationByID reads without a lock; NotFound where there is none.
	OperationByID(ctx context.Context, id ID) (Operation, error)
	// HoldOperation locks an operation that the caller claimed; a claim that was lost is a claim_lost fault.
	HoldOperation(ctx context.Context, id ID, claimNo int64) (Operation, error)
	LockOperation(ctx context.Context, id ID) (Operation, error)
	// LiveOperations are the unfinished ones of a service.
	LiveOperations(ctx context.Context, s actor.ServiceID) ([]Operation, error)
	// UpdateOperation writes every mutable field, raises the version and gives the claim back.
	UpdateOperation(ctx context.Context, o Operation) error
	// LockLanes serialises the counting of the lanes of modules until the transaction ends; modules without a limit have none.
	LockLanes(ctx context.Context, ids []provision.ModuleID) error
	// LockStock makes those who take from the stock of a module follow each other until the transaction ends.
	LockStock(ctx context.Context, ids []provision.ModuleID) error
	// Lanes counts what runs on modules, for the choice of D23.
	Lanes(ctx context.Context, ids []provision.ModuleID, now time.Time) ([]Lane, error)
	// WakeQueued makes due at an instant what may have waited for an operation of a service on a module: the service's others,
	// and the next for its lane.
	WakeQueued(ctx context.Context, s actor.ServiceID, m provision.ModuleID, at time.Time) error
}

// Filter narrows a list of operations.
type Filter struct {
	Status       Status
	ServiceID    actor.ServiceID
	ModuleID     provision.ModuleID
	DepartmentID string // with a task of this department
	From, To     *time.Time
}
