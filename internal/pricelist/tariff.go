package pricelist

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
)

// tariff is a tariff in a document, with its add-ons, which are members of it: one that the document does not have is
// taken away.
type tariff struct {
	row                   catalog.Tariff
	Code                  string                  `json:"code"`
	Provider              string                  `json:"provider"`
	ProductType           string                  `json:"product_type"`
	Name                  string                  `json:"name"`
	Description           string                  `json:"description"`
	Status                catalog.TariffStatus    `json:"status"`
	DataCenters           []string                `json:"data_centers"`
	ProcessingModules     []string                `json:"processing_modules"`
	Settings              json.RawMessage         `json:"settings"`
	DefaultDomainTemplate string                  `json:"default_domain_template"`
	Prices                []catalog.Price         `json:"prices"`
	TrialDays             int                     `json:"trial_days"`
	Calendar              catalog.CalendarBilling `json:"calendar"`
	Hourly                catalog.Hourly          `json:"hourly"`
	Policy                policy                  `json:"policy"`
	AddOns                []catalog.AddOn         `json:"add_ons"`
}

type policy struct {
	MaxServicesPerClient  *int   `json:"max_services_per_client"`
	AutoDeleteAfterDays   *int   `json:"auto_delete_after_days"`
	RefundOnClose         string `json:"refund_on_close"`
	ClientMaySuspend      bool   `json:"client_may_suspend"`
	ServerChangesPerMonth *int   `json:"server_changes_per_month"`
}

// tariffs are written all at once, after the last one was read.
type tariffs struct {
	kind[tariff]
	puts  []*catalog.TariffPut
	items []item // of the puts
}

func newTariffs() section {
	t := &tariffs{}
	t.kind = kind[tariff]{
		section: "tariffs", noun: "tariff", key: func(d tariff) string { return d.Provider + "/" + d.Code },
		defaults: usualTariff,
		list:     listTariffs,
		create: func(_ context.Context, r *run, it item, d tariff) error {
			t.put(r, it, catalog.Tariff{}, d)
			return nil
		},
		update: func(_ context.Context, r *run, it item, old, d tariff) error {
			if d.ProductType != old.ProductType {
				at, path := follow(it.node, "/product_type")
				r.add(at, it.place+path, "bad_value", "The product type of a tariff is fixed: %s.", old.ProductType)
				return nil
			}
			r.Changes[len(r.Changes)-1].Members = r.tariffMembers(old, d)
			t.put(r, it, old.row, d)
			return nil
		},
		delete: func(ctx context.Context, r *run, old tariff) error {
			return r.catalog.DeleteTariff(ctx, r.by, old.row.ID, nil)
		},
	}
	return t
}

func (t *tariffs) apply(ctx context.Context, r *run) error {
	if err := t.kind.apply(ctx, r); err != nil || len(r.Problems) > 0 {
		return err
	}
	if err := r.catalog.PutTariffs(ctx, r.tx, r.by, t.puts); err != nil {
		return err
	}
	for i, p := range t.puts {
		if err := r.note(t.items[i].node, t.items[i].place, p.Fault); err != nil {
			return &stopped{t.items[i], err}
		}
	}
	return nil
}

func (t *tariffs) put(r *run, it item, before catalog.Tariff, d tariff) {
	t.puts = append(t.puts, &catalog.TariffPut{Before: before, Tariff: d.toTariff(r, it, before)})
	t.items = append(t.items, it)
}

// tariffMembers is what differs between two states of a tariff, its add-ons by their codes.
func (r *run) tariffMembers(old, d tariff) []string {
	var names []string
	for _, name := range r.shapes.changed(valueOf(old), valueOf(d)) {
		if name != "add_ons" {
			names = append(names, name)
		}
	}
	had := map[string]catalog.AddOn{}
	for _, a := range old.AddOns {
		had[a.Code] = a
	}
	for _, a := range d.AddOns {
		if before, known := had[a.Code]; !known || !r.shapes.same(valueOf(before), valueOf(a)) {
			names = append(names, "add_ons/"+a.Code)
		}
		delete(had, a.Code)
	}
	for _, a := range old.AddOns {
		if _, gone := had[a.Code]; gone {
			names = append(names, "add_ons/"+a.Code)
		}
	}
	if len(names) == 0 {
		return []string{"add_ons"} // in another order
	}
	return names
}

// usualTariff is a tariff with everything at its default: that of a price list is active.
func usualTariff(r *run, said tariff) tariff {
	o := catalog.NewOffer()
	d := tariff{Status: catalog.Active, Settings: o.Settings, Hourly: o.Hourly, Policy: policyOf(o.Policy)}
	for _, a := range said.AddOns {
		d.AddOns = append(d.AddOns, r.usualAddOn(said.ProductType, a))
	}
	return d
}

// usualAddOn is an add-on with everything at the default that follows from its element and billing.
func (r *run) usualAddOn(productType string, said catalog.AddOn) catalog.AddOn {
	name := said.AddOn
	if name == "" {
		name = said.Code
	}
	c := catalog.Content{Code: name}
	for _, x := range r.content[productType] {
		if x.Code == name {
			c = x
		}
	}
	a := catalog.NewAddOn(c, said)
	// What the defaults follow from is itself written wherever it is not usual.
	a.AddOn, a.Code, a.Billing, a.Unit = said.Code, "", catalog.BillNone, c.Unit
	if said.Billing == catalog.BillChoice {
		a.AddOn = ""
	}
	if a.Statistics != nil {
		a.Statistics.Params = c.StatisticsParams
	}
	return a
}

func listTariffs(ctx context.Context, r *run) ([]tariff, error) {
	list, err := r.tx.TariffsAll(ctx)
	if err != nil {
		return nil, err
	}
	providers, places, modules := byID(r.providers), byID(r.places), byID(r.modules)
	var out []tariff
	for _, t := range list {
		o := t.Offer
		d := tariff{
			row: t, Code: t.Code, Provider: providers[string(t.ProviderID)], ProductType: t.ProductType, Name: o.Name,
			Description: o.Description, Status: t.Status, DataCenters: called(places, o.DataCenterIDs),
			ProcessingModules: called(modules, o.ModuleIDs), Settings: o.Settings, DefaultDomainTemplate: o.DefaultDomainTemplate,
			Prices: o.Prices, TrialDays: o.TrialDays, Calendar: o.Calendar, Hourly: o.Hourly, Policy: policyOf(o.Policy), AddOns: o.AddOns,
		}
		if r.only == nil || r.only[d.Provider] {
			out = append(out, d)
		}
	}
	return out, nil
}

func byID(n names) map[string]string {
	out := map[string]string{}
	for name, ids := range n {
		for _, id := range ids {
			out[id] = name
		}
	}
	return out
}

func called[ID ~string](names map[string]string, ids []ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = names[string(id)]
	}
	return out
}

func policyOf(p catalog.Policy) policy {
	return policy{p.MaxServicesPerClient, p.AutoDeleteAfterDays, p.RefundOnClose, p.ClientMaySuspend, p.ServerChangesPerMonth}
}

// toTariff is the tariff that the document describes, on top of the one that is there.
func (d tariff) toTariff(r *run, it item, before catalog.Tariff) catalog.Tariff {
	t := before
	if t.ID == "" {
		t.Offer = catalog.NewOffer()
	}
	t.ProviderID = actor.ProviderID(r.id(r.providers, "provider", d.Provider, it, "provider"))
	t.ProductType, t.Code, t.Status = d.ProductType, d.Code, d.Status
	o := &t.Offer
	o.Name, o.Description, o.Settings, o.DefaultDomainTemplate = d.Name, d.Description, d.Settings, d.DefaultDomainTemplate
	o.TrialDays, o.Calendar, o.Hourly = d.TrialDays, d.Calendar, d.Hourly
	o.Prices = append([]catalog.Price{}, d.Prices...)
	o.DataCenterIDs = references[catalog.DataCenterID](r, r.places, "data center", d.DataCenters, it, "data_centers")
	o.ModuleIDs = references[catalog.ModuleID](r, r.modules, "processing module", d.ProcessingModules, it, "processing_modules")
	p := &o.Policy
	p.MaxServicesPerClient, p.AutoDeleteAfterDays = d.Policy.MaxServicesPerClient, d.Policy.AutoDeleteAfterDays
	p.RefundOnClose, p.ClientMaySuspend = d.Policy.RefundOnClose, d.Policy.ClientMaySuspend
	p.ServerChangesPerMonth = d.Policy.ServerChangesPerMonth
	o.AddOns = append([]catalog.AddOn{}, d.AddOns...)
	return t
}

func references[ID ~string](r *run, in names, noun string, list []string, it item, member string) []ID {
	out := make([]ID, len(list))
	for i, name := range list {
		out[i] = ID(r.id(in, noun, name, it, fmt.Sprintf("%s/%d", member, i)))
	}
	return out
}
