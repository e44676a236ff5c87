package pricelist

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/tariff"
)

// tariffEntry is a tariff in a document, with its add-ons, which are members of it: one that the document does not have is
// taken away.
type tariffEntry struct {
	row                   catalog.Tariff
	Code                  string                  `json:"code"`
	Provider              string                  `json:"provider"`
	ProductType           string                  `json:"product_type"`
	Name                  string                  `json:"name"`
	Description           string                  `json:"description"`
	Group                 string                  `json:"group"`
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
	Parameters            []string                `json:"parameters"`
	AddOns                []catalog.AddOn         `json:"add_ons"`
}

type policy struct {
	MaxServicesPerClient  *int     `json:"max_services_per_client"`
	MinPeriod             *string  `json:"min_period"`
	ChangeTo              string   `json:"change_to"`
	ClientGroups          []string `json:"client_groups"`
	AutoDeleteAfterDays   *int     `json:"auto_delete_after_days"`
	RefundOnClose         string   `json:"refund_on_close"`
	ClientMaySuspend      bool     `json:"client_may_suspend"`
	ServerChangesPerMonth *int     `json:"server_changes_per_month"`
}

// tariffs are written all at once, after the last one was read.
type tariffs struct {
	kind[tariffEntry]
	puts  []*tariff.Put
	items []item // of the puts
}

func newTariffs() section {
	t := &tariffs{}
	t.kind = kind[tariffEntry]{
		section: "tariffs", noun: "tariff", key: func(d tariffEntry) string { return d.Provider + "/" + d.Code },
		defaults: usualTariff,
		list:     listTariffs,
		ready:    readyTariff,
		create: func(_ context.Context, r *run, it item, d tariffEntry) error {
			t.put(r, it, catalog.Tariff{}, d)
			return nil
		},
		update: func(_ context.Context, r *run, it item, old, d tariffEntry) error {
			if d.ProductType != old.ProductType {
				at, path := follow(it.node, "/product_type")
				r.add(at, it.place+path, "bad_value", "The product type of a tariff is fixed: %s.", old.ProductType)
				return nil
			}
			r.Changes[len(r.Changes)-1].Members = r.tariffMembers(old, d)
			t.put(r, it, old.row, d)
			return nil
		},
		delete: func(ctx context.Context, r *run, old tariffEntry) error {
			return r.do.tariffs.Delete(ctx, r.by, old.row.ID, nil)
		},
	}
	return t
}

func (t *tariffs) apply(ctx context.Context, r *run) error {
	if err := t.kind.apply(ctx, r); err != nil || len(r.Problems) > 0 {
		return err
	}
	if err := r.do.tariffs.PutAll(ctx, r.tx, r.by, t.puts); err != nil {
		return err
	}
	for i, p := range t.puts {
		if err := r.note(t.items[i].node, t.items[i].place, p.Fault); err != nil {
			return &stopped{t.items[i], err}
		}
	}
	return nil
}

func (t *tariffs) put(r *run, it item, before catalog.Tariff, d tariffEntry) {
	t.puts = append(t.puts, &tariff.Put{Before: before, Tariff: d.toTariff(r, it, before)})
	t.items = append(t.items, it)
}

// tariffMembers is what differs between two states of a tariff, its add-ons by their codes.
func (r *run) tariffMembers(old, d tariffEntry) []string {
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
func usualTariff(r *run, said tariffEntry) tariffEntry {
	o := tariff.NewOffer()
	d := tariffEntry{Status: catalog.Active, Settings: o.Settings, Hourly: o.Hourly, Policy: policyOf(o.Policy, nil)}
	for _, a := range said.AddOns {
		d.AddOns = append(d.AddOns, r.usualAddOn(said.ProductType, a))
	}
	return d
}

// usualAddOn is an add-on with everything at the default that follows from its element and billing.
func (r *run) usualAddOn(productType string, said catalog.AddOn) catalog.AddOn {
	// The element is the one of the same code; a choice may have none.
	element := said.Code
	if _, known := r.elementOf(productType, element); !known && said.Billing == catalog.BillChoice {
		element = ""
	}
	name := said.AddOn
	if name == "" {
		name = element
	}
	c, known := r.elementOf(productType, name)
	if !known {
		c.Name = said.Code
	}
	a := tariff.NewAddOn(c, said)
	// What the defaults follow from is itself written wherever it is not usual.
	a.AddOn, a.Code, a.Billing, a.Unit = element, "", catalog.BillNone, c.Unit
	if a.Statistics != nil {
		a.Statistics.Params = c.StatisticsParams
	}
	a.ItemPrices = nil
	for range said.ItemPrices {
		a.ItemPrices = append(a.ItemPrices, catalog.ItemPrice{Enabled: true})
	}
	return a
}

func (r *run) elementOf(productType, code string) (product.Content, bool) {
	for _, c := range r.content[productType] {
		if c.Code == code {
			return c, true
		}
	}
	return product.Content{Code: code}, false
}

// readyTariff puts items in the order of their enumerations. A list of all of them for nothing is the usual one, and none.
func readyTariff(_ context.Context, r *run, _ item, _, d *tariffEntry) error {
	for i := range d.AddOns {
		d.AddOns[i] = r.plainItems(d.ProductType, d.AddOns[i])
	}
	return nil
}

func (r *run) plainItems(productType string, a catalog.AddOn) catalog.AddOn {
	if len(a.ItemPrices) == 0 {
		return a
	}
	c, _ := r.elementOf(productType, a.AddOn)
	items := r.items[c.EnumerationCode]
	place := func(x catalog.ItemPrice) int {
		return slices.IndexFunc(items, func(i product.EnumerationItem) bool { return i.Code == x.Item })
	}
	a.ItemPrices = slices.Clone(a.ItemPrices)
	slices.SortStableFunc(a.ItemPrices, func(x, y catalog.ItemPrice) int { return place(x) - place(y) })
	for i, x := range a.ItemPrices {
		if !x.Enabled || len(x.Prices) > 0 || len(items) != len(a.ItemPrices) || place(x) != i {
			return a
		}
	}
	a.ItemPrices = nil
	return a
}

func listTariffs(_ context.Context, r *run) ([]tariffEntry, error) {
	providers, places, modules := byID(r.providers), byID(r.places), byID(r.modules)
	tariffGroups, clientGroups := byID(r.tariffGroups), byID(r.clientGroups)
	var out []tariffEntry
	for _, t := range r.tariffs {
		o := t.Offer
		d := tariffEntry{
			row: t, Code: t.Code, Provider: providers[string(t.ProviderID)], ProductType: t.ProductType, Name: o.Name,
			Description: o.Description, Group: tariffGroups[string(t.GroupID)], Status: t.Status, DataCenters: called(places, o.DataCenterIDs),
			ProcessingModules: called(modules, o.ModuleIDs), Settings: o.Settings, DefaultDomainTemplate: o.DefaultDomainTemplate,
			Prices: o.Prices, TrialDays: o.TrialDays, Calendar: o.Calendar, Hourly: o.Hourly, Policy: policyOf(o.Policy, clientGroups), Parameters: o.Parameters,
		}
		d.AddOns = slices.Clone(o.AddOns)
		for i := range d.AddOns {
			d.AddOns[i] = r.plainItems(d.ProductType, d.AddOns[i])
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

func policyOf(p catalog.Policy, groups map[string]string) policy {
	return policy{
		p.MaxServicesPerClient, p.MinPeriod, p.ChangeTo, called(groups, p.ClientGroupIDs), p.AutoDeleteAfterDays, p.RefundOnClose,
		p.ClientMaySuspend, p.ServerChangesPerMonth,
	}
}

// toTariff is the tariff that the document describes, on top of the one that is there.
func (d tariffEntry) toTariff(r *run, it item, before catalog.Tariff) catalog.Tariff {
	t := before
	if t.ID == "" {
		t.Offer = tariff.NewOffer()
	}
	t.ProviderID = actor.ProviderID(r.id(r.providers, "provider", d.Provider, it, "provider"))
	t.ProductType, t.Code, t.Status = d.ProductType, d.Code, d.Status
	o := &t.Offer
	o.Name, o.Description, o.Settings, o.DefaultDomainTemplate = d.Name, d.Description, d.Settings, d.DefaultDomainTemplate
	o.TrialDays, o.Calendar, o.Hourly = d.TrialDays, d.Calendar, d.Hourly
	o.Prices = append([]catalog.Price{}, d.Prices...)
	o.DataCenterIDs = references[datacenter.ID](r, r.places, "data center", d.DataCenters, it, "data_centers")
	o.ModuleIDs = references[provision.ModuleID](r, r.modules, "processing module", d.ProcessingModules, it, "processing_modules")
	t.GroupID = catalog.TariffGroupID(r.id(r.tariffGroups, "tariff group", d.Group, it, "group"))
	p := d.Policy
	o.Policy = catalog.Policy{
		MaxServicesPerClient: p.MaxServicesPerClient, MinPeriod: p.MinPeriod, ChangeTo: p.ChangeTo,
		ClientGroupIDs:      references[string](r, r.clientGroups, "client group", p.ClientGroups, it, "policy/client_groups"),
		AutoDeleteAfterDays: p.AutoDeleteAfterDays, RefundOnClose: p.RefundOnClose, ClientMaySuspend: p.ClientMaySuspend,
		ServerChangesPerMonth: p.ServerChangesPerMonth,
	}
	o.Parameters = append([]string{}, d.Parameters...)
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
