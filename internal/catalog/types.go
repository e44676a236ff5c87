// Package catalog is what a hosting company sells and with which panels: data centers, units, product types and their
// content, tariffs with immutable versions, and the records of processing modules.
//
// It owns these records and the rules inside one of them (a tariff's add-ons fit its product type, units are connected).
// It does not own prices of a selection (package pricing), the panels (package provision), nor what was sold (package service).
//
// Invariants: a tariff's version is never changed once an order or service refers to it, editing makes a new one; what is in
// use cannot be deleted; secrets of a module are sealed and never read back.
package catalog

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/datacenter"
)

// Unit is a unit of measure; Ratio smaller units make one.
type Unit struct {
	Code        string
	Name        string
	SmallerUnit string
	Ratio       decimal.Decimal
	Builtin     bool
	CreatedAt   time.Time
	Version     int64
}

// ProductType is a sort of product.
type ProductType struct {
	Code                string
	Name                string
	Builtin             bool
	SortOrder           int
	TrialPolicy         string // of TrialPerProductType and its like (D13)
	ExpenseSplit        string // none, from_first_of_month, from_start_day (D5)
	NoWeekendSuspension bool
	AutoDeleteAfterDays *int
	ClientDeletion      string // allowed, forbidden, verified_phone: with a code that went to the client's telephone
	ClientDeletionTime  string // immediately, end_of_period
	Periods             []calendar.Period
	OrderPage           OrderPage
	CreatedAt           time.Time
	Version             int64
}

// Content is one add-on of a product type: what its tariffs may include, sell or measure.
type Content struct {
	ProductType      string
	Code             string
	Name             string
	ValueType        string // integer, boolean, enumeration
	Unit             string
	EnumerationCode  string
	StatisticsParams []string
	Builtin          bool
	SortOrder        int
	CreatedAt        time.Time
	Version          int64
}

// Module is the record of a processing module. Secrets are sealed in the database and open only in Connection here when it
// was read with LockModule or OpenModule.
type Module struct {
	ID              ModuleID
	Driver          string
	ProductType     string
	Name            string
	DataCenterID    datacenter.ID
	DepartmentID    string
	SortOrder       int
	Enabled         bool
	Connection      json.RawMessage // readable members only, unless opened
	SecretNames     []string        // members that are set but not readable
	Parameters      json.RawMessage
	Queue           Queue
	MaxRunningOpens int // 0: no limit
	Health          Health
	SyncedAt        *time.Time // when the panel last told what it offers; nil: it never did
	CreatedAt       time.Time
	Version         int64
}

// ModuleFilter narrows a list of modules; empty and nil members do not.
type ModuleFilter struct {
	Driver       string
	ProductType  string
	DataCenterID datacenter.ID
	Enabled      *bool
	Health       string
	HasProblems  *bool // that still count
}

// Queue limits the simultaneous operations of all modules with one key.
type Queue struct {
	Enabled bool
	Key     string // empty: the module's id
	Workers int
}

// The statuses of a module's health.
const (
	HealthUnknown = "unknown"
	HealthOK      = "ok"
	HealthFailing = "failing"
)

// ProblemLasts is how long a problem counts where nothing ends it before (D23).
const ProblemLasts = time.Hour

// Health is what the last call to the panel said.
type Health struct {
	Status    string // unknown, ok, failing
	CheckedAt *time.Time
	Error     string // the panel's own words
}

// Problem is an open difficulty of a module: it moves the module to the end of the choice (D23).
type Problem struct {
	ID       string
	ModuleID ModuleID
	Kind     string // a stable word
	Text     string // the panel's own words
	At       time.Time
	EndedAt  *time.Time
}

// DedicatedBandwidth is the product type that the integration module of that name installs.
const DedicatedBandwidth = "dedicated_bandwidth"
