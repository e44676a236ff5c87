// Package provision is the seam between the billing rules and the outside systems that make real machines.
//
// It owns the Module interface, its optional abilities, what is asked of a module (Op) and what it answers (Outcome), the
// failures a module may report, and the Registry of drivers. It does not own the drivers themselves (a folder each below
// this one), nor retries, lanes and the choice of module (package operation).
//
// Invariants: every call may be repeated, even beside its own ghost after a lost lease, and leads to one object in the
// panel; no secret appears in an error, an outcome's text or a log; a module keeps no state of its own between calls.
package provision

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
)

// Kind is what an operation does to a service in the panel.
type Kind string

// The kinds of operation.
const (
	Open      Kind = "open"
	Suspend   Kind = "suspend"
	Resume    Kind = "resume"
	Close     Kind = "close"
	SetParams Kind = "set_params"
	Renew     Kind = "renew"
	Reboot    Kind = "reboot"
	Reinstall Kind = "reinstall"
	// Sync only looks (Inspector); it is no kind that Apply is asked for.
	Sync Kind = "sync"
)

// Kinds lists every kind that Apply is asked for, in story order.
var Kinds = []Kind{Open, Suspend, Resume, Close, SetParams, Renew, Reboot, Reinstall}

// Module drives one external system. Every call must be safe to repeat, even beside its own ghost after a lost lease.
type Module interface {
	// Check proves the connection: address reachable, credentials accepted, what the parameters name exists.
	Check(ctx context.Context) error
	// Apply brings the panel nearer to what op asks for: Done when it is there, Pending when the panel is still working.
	Apply(ctx context.Context, op Op) (Outcome, error)
}

// Stocker is a module that knows how many free objects of each sort the panel has.
type Stocker interface {
	Stock(ctx context.Context) ([]Stock, error)
	// StockKey names the sort of object that a tariff with this code and these settings takes; empty: any.
	StockKey(tariffCode string, settings json.RawMessage) string
}

// Approximate is a Stocker some of whose tariffs are sold out of any sort: of one that is not the tariff's own, people make the service.
type Approximate interface {
	Stocker
	// ExactKey names the sort that a tariff with this code and these settings asks for, and which needs no people.
	ExactKey(tariffCode string, settings json.RawMessage) string
}

// Cataloguer is a module that can list what the panel offers.
type Cataloguer interface {
	Catalog(ctx context.Context) (Catalog, error)
}

// TrafficSource is a module whose panel counts what servers use.
type TrafficSource interface {
	// DailyUsage answers for one whole day of the billing zone. A server without data is simply not in the answer.
	DailyUsage(ctx context.Context, refs []Ref, day calendar.Day, zone *time.Location) ([]Usage, error)
}

// InstantSource is a TrafficSource that can tell what was used between two instants of a day.
type InstantSource interface {
	TrafficSource
	// ByInstants tells whether it is to be asked so: each service for its own part of a day, not one for the whole of it (D27).
	ByInstants() bool
	// UsageBetween answers for parts of one day, each in its part's place; nil where nothing was measured, or that part failed.
	UsageBetween(ctx context.Context, day calendar.Day, parts []Part) ([]*Usage, error)
}

// Part is the time of a day in which a service held a server: [From, To).
type Part struct {
	Ref      Ref
	From, To time.Time
}

// Ref is the object's identity in the panel (the service's external_id).
type Ref string

// Op is one thing to do. Its spec is frozen when the operation is queued.
type Op struct {
	Kind Kind
	// Key is the same for every attempt of one operation; with it a module finds its own half-finished work.
	Key       string
	ServiceID actor.ServiceID
	Ref       Ref // empty before the first success
	Spec      Spec
	// Memo is what the module's last Pending outcome asked to remember.
	Memo map[string]string
	// CutOff tells that an earlier call for this operation had no end that was kept, such as that of a worker that was killed: it may
	// have had its effect, or go on still. What cannot be seen in the panel and costs something each time is then left to people.
	CutOff bool
	// Recovery asks for a reboot into the panel's recovery system; only where the driver says that it can (ProductType).
	Recovery bool
}

// Remembered is a copy of the memo, to be written on.
func (op Op) Remembered() map[string]string {
	memo := map[string]string{}
	maps.Copy(memo, op.Memo)
	return memo
}

// Spec is what the service should be, complete enough that no driver needs to ask back.
type Spec struct {
	ProductType string                     `json:"product_type"`
	TariffCode  string                     `json:"tariff_code"`
	Client      Client                     `json:"client"`
	Location    string                     `json:"location"` // the data center's external id
	Domain      string                     `json:"domain"`
	Settings    json.RawMessage            `json:"settings"` // the tariff's, valid by the driver's tariff schema
	AddOns      map[string]AddOn           `json:"add_ons"`  // by the product type's codes
	Parameters  map[string]json.RawMessage `json:"parameters"`
	// Period is the one that is paid for ("P1M", "trial", "one_time"), PaidUntil its end: of a renewal, the new one. Nil: none.
	Period    string     `json:"period"`
	PaidUntil *time.Time `json:"paid_until"`
	Addresses []Address  `json:"addresses"` // as they are known
	// Previous is what the service is sold by until this change is done; nil where the terms do not change.
	Previous *Terms `json:"previous,omitempty"`
	// Included is what the tariff gives everybody; told on an opening only. What was ordered beyond it and has no call in the panel
	// is told to people (D28).
	Included map[string]AddOn `json:"-"`
	// Standing is whether the service is active or suspended while the operation runs; empty: neither.
	Standing Standing `json:"-"`
	// Asked is the codes of the parameters that a change of parameters asks to be another than before, in order.
	Asked []string `json:"-"`
	// Password is the machine's first administrator password; sealed at rest, never logged.
	Password string `json:"-"`
}

// Terms is what a service is sold by.
type Terms struct {
	TariffCode string           `json:"tariff_code"`
	Settings   json.RawMessage  `json:"settings"`
	AddOns     map[string]AddOn `json:"add_ons"`
}

// Parameter returns a parameter's text, or empty.
func (s Spec) Parameter(code string) string {
	var text string
	if raw, ok := s.Parameters[code]; ok && json.Unmarshal(raw, &text) == nil {
		return text
	}
	return ""
}

// Client is what a panel needs to know of the owner.
type Client struct {
	ID       actor.ClientID `json:"id"`
	Email    string         `json:"email"`
	Name     string         `json:"name"`
	Username string         `json:"username"`
	Phone    string         `json:"phone"`
}

// AddOn is one ordered quantity, switch or choice.
type AddOn struct {
	Amount *decimal.Decimal `json:"amount,omitempty"` // integer add-ons, in Unit
	Unit   string           `json:"unit,omitempty"`
	On     *bool            `json:"on,omitempty"`   // boolean add-ons
	Item   string           `json:"item,omitempty"` // enumeration add-ons: the item's code
}

// State is how far an operation has come.
type State int

// The states of an outcome.
const (
	Done    State = iota // the panel holds what was asked
	Pending              // the panel is working; look again after Outcome.After. Burns no attempt
	Manual               // people must do it; Outcome.Text says what
)

// Outcome is a module's answer. Empty members leave what is known of the service unchanged.
type Outcome struct {
	State     State
	After     time.Duration
	Text      string
	Ref       Ref
	Domain    string
	Addresses []Address
	// Parameters become the service's own; an empty text takes one away.
	Parameters map[string]string
	// Password takes the place of the one in the spec, where the panel made its own.
	Password string `json:"-"`
	Memo     map[string]string
	// ByHand is what people must still do to a service that is Done otherwise: it becomes a change_parameters task (D28).
	ByHand string
	// Begun tells that the panel already holds something for this operation, so that an order can no longer be cancelled.
	Begun bool
}

// Address is one IP address of a service.
type Address struct {
	IP      string `json:"ip"`
	Family  string `json:"family"` // ipv4, ipv6
	Gateway string `json:"gateway,omitempty"`
	Network string `json:"network,omitempty"`
	Main    bool   `json:"main"`
}

// Stock is how many objects of one sort are free.
type Stock struct {
	Key  string // the configuration, preset or server type
	Free int
}

// Counted are the sorts of objects by their names, with how many are free of each.
func Counted(free map[string]int) []Stock {
	out := make([]Stock, 0, len(free))
	for _, key := range slices.Sorted(maps.Keys(free)) {
		out = append(out, Stock{Key: key, Free: free[key]})
	}
	return out
}

// Catalog is what a panel offers, each entry with its name in the panel.
type Catalog struct {
	OS             []Entry
	Scripts        []Entry
	Configurations []Entry
	Clusters       []Entry
	Pools          []Entry
	Locations      []Entry
}

// Entry is one named thing of a panel's catalogue.
type Entry struct {
	ID   string
	Name string
	Tags []string
}

// Usage is what one server used on one day, each value in its own unit.
type Usage struct {
	Ref    Ref
	Values map[string]Value // by parameter: in, out, bandwidth, burst_in_day, burst_out_day, power
}

// Value is a measured quantity.
type Value struct {
	Amount decimal.Decimal
	Unit   string // KiB, Mbit/s, W
}
