package catalog

import (
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/provision"
)

// Reason is why a tariff cannot be ordered now.
type Reason struct {
	Code   string
	Detail string
}

// Place is whether a tariff can be ordered in one data center.
type Place struct {
	ID      datacenter.ID
	Reasons []Reason
	Free    *int                 // machines; nil where no module knows
	Modules []provision.ModuleID // that could make it, best sort order first
}

// Orderable tells whether nothing stands in the way.
func (p Place) Orderable() bool { return len(p.Reasons) == 0 }

// Availability is whether a tariff can be ordered now.
type Availability struct {
	Reasons []Reason
	Places  []Place // the tariff's data centers, one by one
}

// Orderable tells whether nothing stands in the way.
func (a Availability) Orderable() bool { return len(a.Reasons) == 0 }

// PlaceOf returns the part about one data center.
func (a Availability) PlaceOf(id datacenter.ID) (Place, bool) {
	i := slices.IndexFunc(a.Places, func(p Place) bool { return p.ID == id })
	if i < 0 {
		return Place{}, false
	}
	return a.Places[i], true
}

// Available judges a tariff by its modules and what is free: tariff_not_active, no_module, no_data_center, and for each
// data center no_module, no_stock. It is orderable where one data center is. Pure; modules that do not exist any more are
// simply not among the given ones.
func Available(t Tariff, modules []module.Module, stocks Stocks) Availability {
	a := Availability{Reasons: []Reason{}, Places: []Place{}}
	if t.Status != Active {
		a.add("tariff_not_active", "The tariff is not active.")
	}
	if len(t.Offer.ModuleIDs) == 0 {
		a.add("no_module", "The tariff has no processing module.")
	}
	if len(t.Offer.DataCenterIDs) == 0 {
		a.add("no_data_center", "The tariff has no data center.")
	}
	free := false
	for _, id := range t.Offer.DataCenterIDs {
		p := placeOf(t.Offer, id, modules, stocks)
		free = free || p.Orderable()
		a.Places = append(a.Places, p)
	}
	if free {
		return a
	}
	for _, p := range a.Places {
		for _, r := range p.Reasons {
			if !slices.ContainsFunc(a.Reasons, func(x Reason) bool { return x.Code == r.Code }) {
				a.Reasons = append(a.Reasons, r)
			}
		}
	}
	return a
}

func (a *Availability) add(code, detail string) {
	a.Reasons = append(a.Reasons, Reason{Code: code, Detail: detail})
}

func placeOf(o Offer, id datacenter.ID, modules []module.Module, stocks Stocks) Place {
	p := Place{ID: id, Reasons: []Reason{}, Modules: []provision.ModuleID{}}
	unknown := false
	for _, m := range Candidates(o, id, modules) {
		p.Modules = append(p.Modules, m.ID)
		n, told := stocks[m.ID]
		if !told {
			unknown = true
			continue
		}
		if p.Free == nil {
			p.Free = new(int)
		}
		*p.Free += n
	}
	switch {
	case len(p.Modules) == 0:
		p.Reasons = append(p.Reasons, Reason{"no_module", "No enabled processing module of the tariff is in this data center."})
	case !unknown && *p.Free == 0:
		p.Reasons = append(p.Reasons, Reason{"no_stock", "No machine is free."})
	}
	return p
}

// Candidates returns the modules that may make a service of the offer in a data center, lowest sort order first, then the
// oldest (D23): enabled, of the offer, standing there or nowhere in particular.
func Candidates(o Offer, id datacenter.ID, modules []module.Module) []module.Module {
	var out []module.Module
	for _, m := range modules {
		if m.Enabled && slices.Contains(o.ModuleIDs, m.ID) && (m.DataCenterID == id || m.DataCenterID == "") {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b module.Module) int {
		if a.SortOrder != b.SortOrder {
			return a.SortOrder - b.SortOrder
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return out
}

// Only keeps what concerns one data center.
func (a Availability) Only(id datacenter.ID) Availability {
	out := Availability{Reasons: []Reason{}, Places: []Place{}}
	p, known := a.PlaceOf(id)
	for _, r := range a.Reasons {
		// What is wrong with places only is told by the place that is left.
		if r.Code == "tariff_not_active" || r.Code == "no_data_center" || len(a.Places) == 0 {
			out.Reasons = append(out.Reasons, r)
		}
	}
	if !known {
		out.add("data_center_not_in_tariff", "The tariff is not sold in this data center.")
		return out
	}
	out.Places = append(out.Places, p)
	out.Reasons = append(out.Reasons, p.Reasons...)
	return out
}
