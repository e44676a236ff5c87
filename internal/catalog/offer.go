// Package catalog is what a hosting company sells: tariffs with immutable versions, and what can be told of one without asking
// anybody: its prices and add-ons, what it asks those who order, whether it can be ordered now and where.
//
// It owns the form of a tariff and the pure rules on it. It does not own the editing of tariffs (package tariff), what they are made
// of (packages product, module, datacenter, measure), prices of a selection (package pricing), nor what was sold (package service).
//
// Invariants: nothing here reads or writes; an offer is the document that one version of a tariff is stored as; a rule about a
// service goes by the version that was agreed to.
package catalog

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

// The ids of the catalogue.
type (
	TariffID      string
	TariffGroupID string
)

// TariffStatus is the life of a tariff.
type TariffStatus string

// The statuses of a tariff.
const (
	Draft    TariffStatus = "draft"
	Active   TariffStatus = "active"
	Archived TariffStatus = "archived"
)

// Tariff is a tariff's identity with its newest version. Product type and provider never change.
type Tariff struct {
	ID          TariffID
	ProviderID  actor.ProviderID
	ProductType string
	Code        string        // unique per provider
	GroupID     TariffGroupID // empty: in no group
	Status      TariffStatus
	Number      int // of the newest version
	Offer       Offer
	CreatedAt   time.Time
	Version     int64 // of the row, for ETag
	// TypePeriods are the periods that the product type allows; filled when read.
	TypePeriods []calendar.Period
}

// OrderablePeriods are the periods of the product type that the tariff has a price for, and trial where it has trial days.
func (t Tariff) OrderablePeriods() []calendar.Period {
	out := []calendar.Period{}
	for _, p := range t.TypePeriods {
		_, priced := t.Offer.PriceOf(p)
		if p.IsTrial() && t.Offer.TrialDays > 0 || !p.IsTrial() && priced {
			out = append(out, p)
		}
	}
	return out
}

// MayBeOrderedFor tells whether a period is one of the orderable ones.
func (t Tariff) MayBeOrderedFor(p calendar.Period) bool {
	return slices.Contains(t.OrderablePeriods(), p)
}

// Offer is what one immutable version of a tariff sells: the document stored in tariff_version.
type Offer struct {
	Name                  string               `json:"name"`
	Description           string               `json:"description"`
	DataCenterIDs         []datacenter.ID      `json:"data_center_ids"`
	ModuleIDs             []provision.ModuleID `json:"processing_module_ids"`
	Settings              json.RawMessage      `json:"settings"`
	DefaultDomainTemplate string               `json:"default_domain_template"`
	Prices                []Price              `json:"prices"`
	TrialDays             int                  `json:"trial_days"`
	Calendar              CalendarBilling      `json:"calendar"`
	Hourly                Hourly               `json:"hourly"`
	Policy                Policy               `json:"policy"`
	// Parameters are the codes of the product type's parameters that are not for all tariffs and that this one asks for.
	Parameters []string `json:"parameters,omitempty"`
	AddOns     []AddOn  `json:"add_ons"`
}

// Price is what one period of the tariff costs, in the provider's currency.
type Price struct {
	Period        calendar.Period  `json:"period"`
	Amount        decimal.Decimal  `json:"amount"`
	SetupFee      decimal.Decimal  `json:"setup_fee"`
	RenewalAmount *decimal.Decimal `json:"renewal_amount"` // null: as Amount
}

// CalendarBilling makes periods end on the 1st (D4).
type CalendarBilling struct {
	Enabled    bool `json:"enabled"`
	ProRataDay *int `json:"pro_rata_day"`
}

// Hourly gives back the hours of a daily price in which a service was suspended.
type Hourly struct {
	Enabled             bool `json:"enabled"`
	ChargeWhenSuspended bool `json:"charge_when_suspended"`
}

// GivesBack tells whether time in which a service is suspended is not paid for.
func (h Hourly) GivesBack() bool { return h.Enabled && !h.ChargeWhenSuspended }

// Policy limits what clients may do with services of the tariff.
type Policy struct {
	MaxServicesPerClient  *int     `json:"max_services_per_client"`
	MinPeriod             *string  `json:"min_period"`
	ChangeTo              string   `json:"change_to"` // any, same_group, none
	ClientGroupIDs        []string `json:"client_group_ids"`
	AutoDeleteAfterDays   *int     `json:"auto_delete_after_days"` // before the product type's (D12)
	RefundOnClose         string   `json:"refund_on_close"`        // remaining_days, none (D8)
	ClientMaySuspend      bool     `json:"client_may_suspend"`
	ServerChangesPerMonth *int     `json:"server_changes_per_month"`
}

// Billing is how a tariff add-on is charged.
type Billing string

// The billing types of an add-on.
const (
	BillNone       Billing = "none"       // included, never shown nor charged
	BillOrder      Billing = "order"      // chosen by the client, paid by the period
	BillChoice     Billing = "choice"     // a container: the client takes exactly one of its children
	BillStatistics Billing = "statistics" // measured, overage charged
	BillManual     Billing = "manual"     // given to single services by staff, paid by the period
)

// AddOn is one add-on of a tariff.
type AddOn struct {
	Code      string           `json:"code"`
	AddOn     string           `json:"add_on"` // of the product type; empty: a choice of none
	Name      string           `json:"name"`
	ValueType string           `json:"value_type"`       // integer, boolean, enumeration: taken from the product type; empty: a choice of no element
	Parent    string           `json:"parent,omitempty"` // code of the choice that this add-on is a child of
	Billing   Billing          `json:"billing"`
	Enabled   bool             `json:"enabled"`
	Included  *decimal.Decimal `json:"included"`
	Minimum   *decimal.Decimal `json:"minimum"`
	Maximum   *decimal.Decimal `json:"maximum"`
	Step      *decimal.Decimal `json:"step"` // counted from Minimum
	Unit      string           `json:"unit"`
	Default   json.RawMessage  `json:"default"` // decimal string, boolean, or the code of an item or child; null: none
	Prices    []AddOnPrice     `json:"prices"`
	// ItemPrices are the items of an enumeration on offer, as it named and sorted them when the version was made.
	ItemPrices []ItemPrice `json:"item_prices,omitempty"`
	Tiers      *Tiers      `json:"tiers,omitempty"`
	Edit       string      `json:"edit"` // any, fixed, increase_only, decrease_only
	Statistics *Statistics `json:"statistics"`
	CreatedAt  time.Time   `json:"created_at"` // when the tariff got it
	Version    int64       `json:"version"`    // of the add-on, for ETag
}

// AddOnPrice is what one unit of an add-on costs for one period, in the provider's currency.
type AddOnPrice struct {
	Period   calendar.Period `json:"period"`
	Amount   decimal.Decimal `json:"amount"`
	SetupFee decimal.Decimal `json:"setup_fee"`
}

// ItemPrice is one item of an enumeration as the tariff sells it.
type ItemPrice struct {
	Item    string       `json:"item"`
	Name    string       `json:"name"` // as the enumeration called it when the version was made
	Enabled bool         `json:"enabled"`
	Prices  []AddOnPrice `json:"prices"`
}

// The modes of a price scale.
const (
	TiersFlat      = "flat"      // the step that the quantity reaches names the price of the whole, whatever the quantity
	TiersVolume    = "volume"    // the step that the quantity reaches names the price of every unit
	TiersGraduated = "graduated" // each part of the quantity costs what its own step says
)

// Tiers is a price scale over the quantity above what is included.
type Tiers struct {
	Mode  string `json:"mode"`
	Steps []Tier `json:"steps"` // ascending; the last one has no end
}

// Tier is one step of a scale.
type Tier struct {
	UpTo   *decimal.Decimal `json:"up_to"`            // inclusive, in the add-on's unit (overage: in the overage unit); null: no end
	Prices []AddOnPrice     `json:"prices,omitempty"` // by period, of an add-on that is ordered
	Price  *decimal.Decimal `json:"price,omitempty"`  // of a measured add-on
}

// Statistics says how a measured add-on is charged (D14, D17).
type Statistics struct {
	Bill         string           `json:"bill"`          // month, day
	Params       []string         `json:"params"`        // collected parameters it reads
	Combine      string           `json:"combine"`       // sum, max: the parameters of one block into one number
	OverDays     string           `json:"over_days"`     // empty: days add up; max: gauges
	OveragePrice *decimal.Decimal `json:"overage_price"` // per OverageUnit; null or 0: free up to the maximum
	OverageUnit  string           `json:"overage_unit"`
}

// PriceOf returns the price of a period.
func (o Offer) PriceOf(p calendar.Period) (Price, bool) {
	for _, x := range o.Prices {
		if x.Period == p {
			return x, true
		}
	}
	return Price{}, false
}

// AddOnOf returns an add-on by code.
func (o Offer) AddOnOf(code string) (AddOn, bool) {
	for _, a := range o.AddOns {
		if a.Code == code {
			return a, true
		}
	}
	return AddOn{}, false
}

// Refund policies and tariff-change policies.
const (
	ChangeToAny         = "any"
	ChangeToGroup       = "same_group"
	ChangeToNone        = "none"
	RefundRemainingDays = "remaining_days"
	RefundNone          = "none"
)

// TariffFilter limits a list of tariffs.
type TariffFilter struct {
	Code        string
	ProductType string
	Status      TariffStatus
	ProviderID  actor.ProviderID
	GroupID     TariffGroupID
}

// ErrNoTariff is the answer for a tariff that does not exist.
var ErrNoTariff = fault.Missing("tariff")
