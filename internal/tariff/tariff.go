package tariff

import (
	"context"
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
)

// PolicyChange is a partial change of a tariff's policy.
type PolicyChange struct {
	MaxServicesPerClient  input.Opt[int]
	MinPeriod             input.Opt[string]
	ChangeTo              *string
	ClientGroupIDs        *[]string
	AutoDeleteAfterDays   input.Opt[int]
	RefundOnClose         *string
	ClientMaySuspend      *bool
	ServerChangesPerMonth input.Opt[int]
}

// CalendarChange is a partial change of calendar billing.
type CalendarChange struct {
	Enabled    *bool
	ProRataDay input.Opt[int]
}

// HourlyChange is a partial change of hourly refunds.
type HourlyChange struct {
	Enabled             *bool
	ChargeWhenSuspended *bool
}

// Change is a new tariff's members, or a partial change of one. Lists are replaced whole, settings are merged.
type Change struct {
	IfVersion      *int64
	Code           *string
	Status         *catalog.TariffStatus
	GroupID        input.Opt[catalog.TariffGroupID]
	Name           *string
	Description    *string
	DataCenterIDs  *[]datacenter.ID
	ModuleIDs      *[]provision.ModuleID
	Settings       json.RawMessage
	DomainTemplate *string // of services that are ordered without a domain; see Domain
	Parameters     *[]string
	Prices         *[]catalog.Price
	TrialDays      *int
	Calendar       CalendarChange
	Hourly         HourlyChange
	Policy         PolicyChange
}

// New is what only the creation of a tariff says.
type New struct {
	ProductType     string
	ProviderID      actor.ProviderID
	CreateAllAddOns bool // connect every element of the product type, not billed
	Change
}

// Create adds a tariff and its first version. Faults: not_found at what it refers to, already_exists (code), and
// every violation that check names.
func (e *Engine) Create(ctx context.Context, by actor.Actor, in New) (catalog.Tariff, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (catalog.Tariff, error) {
		now, err := tx.Now(ctx)
		if err != nil {
			return catalog.Tariff{}, err
		}
		t := catalog.Tariff{
			ID: catalog.TariffID(actor.NewID()), ProviderID: in.ProviderID, ProductType: in.ProductType, Status: catalog.Draft, Number: 1,
			Offer: NewOffer(), CreatedAt: now, Version: 1,
		}
		in.apply(&t)
		s, err := e.shelfOf(ctx, tx, t)
		if err != nil {
			return catalog.Tariff{}, err
		}
		t.TypePeriods = s.productType.Periods
		if in.CreateAllAddOns {
			t.Offer.AddOns = s.allAddOns(now)
		}
		if err = e.checkNew(ctx, tx, t, s); err != nil {
			return catalog.Tariff{}, err
		}
		if err = tx.InsertTariff(ctx, t); err != nil {
			return catalog.Tariff{}, err
		}
		if err = tx.InsertTariffVersion(ctx, t.ID, t.Number, t.Offer, now); err != nil {
			return catalog.Tariff{}, err
		}
		return t, record(ctx, tx, by, t, "created", nil, catalog.ChangesOf(nil, t.Document()))
	})
}

// NewOffer is an offer with everything at its default.
func NewOffer() catalog.Offer {
	return catalog.Offer{
		DataCenterIDs: []datacenter.ID{}, ModuleIDs: []provision.ModuleID{}, Settings: json.RawMessage(`{}`), Prices: []catalog.Price{},
		Hourly: catalog.Hourly{ChargeWhenSuspended: true},
		Policy: catalog.Policy{ChangeTo: catalog.ChangeToAny, ClientGroupIDs: []string{}, RefundOnClose: catalog.RefundRemainingDays}, AddOns: []catalog.AddOn{},
	}
}

func (e *Engine) checkNew(ctx context.Context, tx Tx, t catalog.Tariff, s shelf) error {
	var f fault.Fields
	if _, err := tx.ShareProvider(ctx, t.ProviderID); err != nil {
		if !fault.Has(err, client.ErrNoProvider.Code) {
			return err
		}
		input.Missing(&f, "/provider_id", "provider")
	}
	if err := f.Merge("", e.checkTariff(t, s)); err != nil {
		return err
	}
	return f.Err()
}

// Update changes a tariff. A change of what is sold makes a new version: a copy where a service was sold by the
// present one, else in its place. Faults: not_found, precondition_failed, already_exists (code), every violation that
// check names.
func (e *Engine) Update(ctx context.Context, by actor.Actor, id catalog.TariffID, in Change) (catalog.Tariff, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (catalog.Tariff, error) {
		t, err := lock(ctx, tx, id, in.IfVersion)
		if err != nil {
			return catalog.Tariff{}, err
		}
		before := t
		in.apply(&t)
		s, err := e.shelfOf(ctx, tx, t)
		if err != nil {
			return catalog.Tariff{}, err
		}
		if err = e.checkTariff(t, s); err != nil {
			return catalog.Tariff{}, err
		}
		return e.save(ctx, tx, by, before, t, nil)
	})
}

// Delete removes a tariff that was never ordered. Faults: not_found, precondition_failed, in_use.
func (e *Engine) Delete(ctx context.Context, by actor.Actor, id catalog.TariffID, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		t, err := lock(ctx, tx, id, ifVersion)
		if err != nil {
			return err
		}
		if err = input.InUse("A service is sold by it, or was.").When(tx.TariffVersionInUse(ctx, id, 0)); err != nil {
			return err
		}
		if err = tx.DeleteTariff(ctx, id); err != nil {
			return err
		}
		return record(ctx, tx, by, t, "deleted", nil, catalog.ChangesOf(t.Document(), nil))
	})
}

func lock(ctx context.Context, tx Tx, id catalog.TariffID, ifVersion *int64) (catalog.Tariff, error) {
	t, err := tx.LockTariffForEdit(ctx, id)
	if err != nil {
		return catalog.Tariff{}, err
	}
	return t, input.CheckVersion(ifVersion, t.Version)
}

// save writes a changed tariff with its next version and tells what changed; nothing is written where nothing did. addOn is
// what happened to one add-on, nil: the tariff itself was changed.
func (e *Engine) save(ctx context.Context, tx Tx, by actor.Actor, before, t catalog.Tariff, addOn *addOnEdit) (catalog.Tariff, error) {
	changes := catalog.ChangesOf(before.Document(), t.Document())
	offer := catalog.ChangesOf(before.OfferDocument(), t.OfferDocument())
	if len(changes) == 0 && len(offer) == 0 {
		return before, nil
	}
	if len(offer) > 0 {
		now, err := tx.Now(ctx)
		if err != nil {
			return catalog.Tariff{}, err
		}
		t.Number++
		if err = store(ctx, tx, before, t, now); err != nil {
			return catalog.Tariff{}, err
		}
	}
	if err := tx.UpdateTariff(ctx, t); err != nil {
		return catalog.Tariff{}, err
	}
	t.Version++
	if addOn != nil {
		changes = addOn.changes
	}
	return t, record(ctx, tx, by, t, "updated", addOn, changes)
}

// store keeps a version that somebody agreed to and replaces one that nobody did. Those who order hold LockTariff, so
// nobody agrees to it meanwhile.
func store(ctx context.Context, tx Tx, before, t catalog.Tariff, now time.Time) error {
	used, err := tx.TariffVersionInUse(ctx, t.ID, before.Number)
	if err != nil {
		return err
	}
	if used {
		return tx.InsertTariffVersion(ctx, t.ID, t.Number, t.Offer, now)
	}
	return tx.RewriteTariffVersion(ctx, t.ID, before.Number, t.Number, t.Offer)
}

func (in Change) apply(t *catalog.Tariff) {
	o := &t.Offer
	input.Put(&t.Code, in.Code)
	input.Put(&t.Status, in.Status)
	if in.GroupID.Set {
		t.GroupID = ""
		input.Put(&t.GroupID, in.GroupID.Value)
	}
	input.Put(&o.Name, in.Name)
	input.Put(&o.Description, in.Description)
	input.Put(&o.DataCenterIDs, in.DataCenterIDs)
	input.Put(&o.ModuleIDs, in.ModuleIDs)
	input.Put(&o.Prices, in.Prices)
	input.Put(&o.TrialDays, in.TrialDays)
	input.Put(&o.DefaultDomainTemplate, in.DomainTemplate)
	input.Put(&o.Parameters, in.Parameters)
	input.Put(&o.Calendar.Enabled, in.Calendar.Enabled)
	input.PutOpt(&o.Calendar.ProRataDay, in.Calendar.ProRataDay)
	input.Put(&o.Hourly.Enabled, in.Hourly.Enabled)
	input.Put(&o.Hourly.ChargeWhenSuspended, in.Hourly.ChargeWhenSuspended)
	o.Settings = input.Merge(o.Settings, in.Settings)
	p := &o.Policy
	input.PutOpt(&p.MaxServicesPerClient, in.Policy.MaxServicesPerClient)
	input.PutOpt(&p.MinPeriod, in.Policy.MinPeriod)
	input.Put(&p.ChangeTo, in.Policy.ChangeTo)
	input.Put(&p.ClientGroupIDs, in.Policy.ClientGroupIDs)
	input.PutOpt(&p.AutoDeleteAfterDays, in.Policy.AutoDeleteAfterDays)
	input.PutOpt(&p.ServerChangesPerMonth, in.Policy.ServerChangesPerMonth)
	input.Put(&p.RefundOnClose, in.Policy.RefundOnClose)
	input.Put(&p.ClientMaySuspend, in.Policy.ClientMaySuspend)
}

// allAddOns makes an add-on of every element of the product type: included, with nothing, and not billed; of an enumeration
// every item is known.
func (s shelf) allAddOns(now time.Time) []catalog.AddOn {
	list := make([]catalog.AddOn, 0, len(s.order))
	for _, code := range s.order {
		list = append(list, s.newAddOn(s.content[code], code, now))
	}
	return list
}

// newAddOn is an add-on with everything at its default: every item of an enumeration is on offer for nothing.
func (s shelf) newAddOn(c product.Content, code string, now time.Time) catalog.AddOn {
	a := newAddOn(c, code, now)
	if a.ValueType == product.EnumerationValue {
		a.ItemPrices = everyItem(s.enumerations[c.EnumerationCode])
	}
	return a
}

func newAddOn(c product.Content, code string, now time.Time) catalog.AddOn {
	a := catalog.AddOn{
		Code: code, AddOn: c.Code, Name: c.Name, ValueType: c.ValueType, Billing: catalog.BillNone, Enabled: true, Unit: c.Unit,
		Prices: []catalog.AddOnPrice{}, Edit: catalog.EditAny, CreatedAt: now, Version: 1,
	}
	if c.ValueType == product.IntegerValue || c.ValueType == product.BooleanValue {
		zero := decimal.Zero
		a.Included = &zero
	}
	return a
}

// everyItem offers all items of an enumeration for nothing.
func everyItem(n product.Enumeration) []catalog.ItemPrice {
	out := make([]catalog.ItemPrice, len(n.Items))
	for i, x := range n.Items {
		out[i] = catalog.ItemPrice{Item: x.Code, Name: x.Name, Enabled: true, Prices: []catalog.AddOnPrice{}}
	}
	return out
}

// snapshot is what the audit row of a tariff's change tells; the tariff's history is made of these.
type snapshot struct {
	Version int                   `json:"version"`
	Action  string                `json:"action"` // created, updated, deleted
	AddOn   string                `json:"add_on,omitempty"`
	Changes []catalog.FieldChange `json:"changes"`
}

func record(ctx context.Context, tx Tx, by actor.Actor, t catalog.Tariff, verb string, addOn *addOnEdit, changes []catalog.FieldChange) error {
	told := snapshot{Version: t.Number, Action: verb, Changes: changes}
	if addOn != nil {
		told.Action, told.AddOn = addOn.action, addOn.code
	}
	about := event.About{ProviderID: t.ProviderID, Subject: "tariff", SubjectID: string(t.ID)}
	return event.Record(ctx, tx, by, about, "tariff."+verb, "", told)
}
