// Package service is the sold thing: its state, what was agreed for it when, and when it was active.
//
// It owns the state machine, the terms and their overlay by special prices, parameters and activity history. It does not
// own prices (package pricing), money (package charge), operations (package operation), nor what a transition brings with
// it (package lifecycle).
//
// Invariants: a deleted service never changes again; a suspended one has at least one reason; terms and activity are
// half-open ranges whose end is set once, so that what was agreed at any past instant can always be told.
package service

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/provision"
)

// ID is a service's id.
type ID = actor.ServiceID

// Status is where in its life a service is.
type Status string

// The statuses of a service.
const (
	Ordered    Status = "ordered"    // not yet paid
	Processing Status = "processing" // paid, the panel is making it; only before the first Active
	Active     Status = "active"
	Suspended  Status = "suspended"
	Deleted    Status = "deleted" // final
)

// Reason is why a service is suspended; it stays suspended while any reason holds.
type Reason string

// The reasons of a suspension.
const (
	ByClient  Reason = "client"
	ByAdmin   Reason = "admin"
	ForAbuse  Reason = "abuse"
	Unpaid    Reason = "unpaid"
	ByOverage Reason = "overage"
)

// Service is one sold thing.
type Service struct {
	ID             ID
	ClientID       actor.ClientID
	ProviderID     actor.ProviderID
	OrderID        string // empty: it was taken over from its panel
	Position       int
	Status         Status
	SuspendReasons []Reason
	Name           string
	Note           string
	ProductType    string
	TariffID       catalog.TariffID
	TariffVersion  int
	Period         calendar.Period
	Currency       string
	DataCenterID   datacenter.ID
	ModuleID       provision.ModuleID
	ExternalID     provision.Ref
	Domain         string
	Addresses      []provision.Address
	AddOns         map[string]json.RawMessage // the client's selection
	Parameters     map[string]json.RawMessage
	Quote          json.RawMessage // pricing.Quote it was sold by
	OrderedAsTrial bool            // whatever it is now (D13)
	Secrets        []byte          // sealed
	StartedAt      *time.Time
	Anchor         *calendar.Anchor
	PeriodStart    *time.Time
	PaidUntil      *time.Time
	AutoRenew      bool
	DeleteAt       *time.Time
	SuspendedAt    *time.Time
	UnpaidSince    *time.Time // while suspended for money
	CreatedAt      time.Time
	DeletedAt      *time.Time
	Version        int64
}

// Live tells whether the service exists for its client: neither only ordered nor deleted.
func (s Service) Live() bool {
	return s.Status == Processing || s.Status == Active || s.Status == Suspended
}

// Has tells whether the service is suspended for this reason.
func (s Service) Has(r Reason) bool {
	for _, x := range s.SuspendReasons {
		if x == r {
			return true
		}
	}
	return false
}

// Source is who set a term.
type Source string

// The sources of terms; staff and bandwidth terms are special prices.
const (
	FromTariff    Source = "tariff"
	FromStaff     Source = "staff"
	FromBandwidth Source = "bandwidth"
)

// Item is what a term is about: the tariff itself (TariffItem) or a tariff add-on's code.
const TariffItem = ""

// TermRow is one row of what was agreed: valid in [From, To).
type TermRow struct {
	ID                 string
	ClientID           actor.ClientID
	ServiceID          ID
	Item               string
	Source             Source
	From               time.Time
	To                 *time.Time
	TariffVersion      int
	Term               Term
	Period             calendar.Period // special prices: "" is every period
	BandwidthServiceID ID
}

// Term is what was agreed for one item: the document in service_term. Special prices carry Price and OveragePrice only.
type Term struct {
	Billing      catalog.Billing     `json:"billing,omitempty"`
	ContentCode  string              `json:"add_on,omitempty"` // the product type's add-on behind a tariff add-on
	Value        json.RawMessage     `json:"value,omitempty"`  // what the service has: chosen, or included
	Included     *decimal.Decimal    `json:"included,omitempty"`
	Maximum      *decimal.Decimal    `json:"maximum,omitempty"`
	Unit         string              `json:"unit,omitempty"`
	Price        *decimal.Decimal    `json:"price,omitempty"` // tariff: of the period; add-on: per unit and period
	OveragePrice *decimal.Decimal    `json:"overage_price,omitempty"`
	Tiers        *catalog.Tiers      `json:"tiers,omitempty"` // in place of Price or OveragePrice, which then only special prices have
	Statistics   *catalog.Statistics `json:"statistics,omitempty"`
}

// ActivityRow is one range in which the service was active.
type ActivityRow struct {
	ServiceID ID
	From      time.Time
	To        *time.Time
	Cause     string
}
