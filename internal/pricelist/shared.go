package pricelist

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/measure"
)

// What the installation has for all its products: selling units, people, measures and places.

// provider is a selling unit in a document.
type provider struct {
	id               actor.ProviderID
	Name             string `json:"name"`
	Currency         string `json:"currency"`
	Country          string `json:"country"`
	Site             string `json:"site"`
	BillingURL       string `json:"billing_url"`
	PricesIncludeTax bool   `json:"prices_include_tax"`
}

func providers() section {
	return &kind[provider]{
		section: "providers", noun: "provider", key: func(p provider) string { return p.Name },
		defaults: func(*run, provider) provider { return provider{PricesIncludeTax: true} },
		list: func(ctx context.Context, r *run) ([]provider, error) {
			list, err := r.tx.ProvidersAll(ctx)
			var out []provider
			for _, p := range list {
				r.providers.add(p.Name, string(p.ID))
				if r.only == nil || r.only[p.Name] {
					out = append(out, provider{p.ID, p.Name, p.Currency, p.Country, p.Site, p.BillingURL, p.PricesIncludeTax})
				}
			}
			return out, err
		},
		create: func(ctx context.Context, r *run, _ item, d provider) error {
			p, err := r.clients.CreateProvider(ctx, r.by, client.ProviderInput{
				Name: d.Name, Currency: d.Currency, Country: d.Country, Site: d.Site, BillingURL: d.BillingURL, PricesIncludeTax: d.PricesIncludeTax,
			})
			r.providers.add(d.Name, string(p.ID))
			return err
		},
		update: func(ctx context.Context, r *run, it item, old, d provider) error {
			if d.Currency != old.Currency {
				at, path := follow(it.node, "/currency")
				r.add(at, it.place+path, "bad_value", "The currency of a provider is fixed: %s.", old.Currency)
				return nil
			}
			_, err := r.clients.UpdateProvider(ctx, r.by, old.id, client.ProviderChange{
				Country: &d.Country, Site: &d.Site, BillingURL: &d.BillingURL, PricesIncludeTax: &d.PricesIncludeTax,
			})
			return err
		},
		delete: func(ctx context.Context, r *run, old provider) error {
			return r.clients.DeleteProvider(ctx, r.by, old.id, nil)
		},
	}
}

// team is a department in a document.
type team struct {
	id    department.ID
	Name  string `json:"name"`
	Email string `json:"email"`
}

func departments() section {
	return &kind[team]{
		section: "departments", noun: "department", key: func(d team) string { return d.Name },
		defaults: func(*run, team) team { return team{} },
		list: func(ctx context.Context, r *run) ([]team, error) {
			list, err := r.tx.DepartmentsAll(ctx)
			out := make([]team, len(list))
			for i, d := range list {
				r.departmentNames.add(d.Name, string(d.ID))
				if i == 0 {
					r.firstDepartment = d.Name
				}
				out[i] = team{d.ID, d.Name, d.Email}
			}
			return out, err
		},
		create: func(ctx context.Context, r *run, _ item, d team) error {
			made, err := r.departments.Create(ctx, r.by, department.Input{Name: d.Name, Email: d.Email})
			r.departmentNames.add(d.Name, string(made.ID))
			if r.firstDepartment == "" {
				r.firstDepartment = d.Name
			}
			return err
		},
		update: func(ctx context.Context, r *run, _ item, old, d team) error {
			_, err := r.departments.Update(ctx, r.by, old.id, department.Change{Email: &d.Email})
			return err
		},
		delete: func(ctx context.Context, r *run, old team) error { return r.departments.Delete(ctx, r.by, old.id, nil) },
	}
}

// unit is a unit of one's own in a document.
type unit struct {
	Code        string           `json:"code"`
	Name        string           `json:"name"`
	SmallerUnit string           `json:"smaller_unit"`
	Ratio       *decimal.Decimal `json:"ratio"`
}

func units() section {
	return &kind[unit]{
		section: "units", noun: "unit", key: func(u unit) string { return u.Code },
		defaults: func(*run, unit) unit { return unit{} },
		list: func(ctx context.Context, r *run) ([]unit, error) {
			list, err := r.tx.UnitsAll(ctx)
			var out []unit
			for _, u := range list {
				if u.Builtin {
					continue
				}
				d := unit{Code: u.Code, Name: u.Name, SmallerUnit: u.SmallerUnit}
				if u.SmallerUnit != "" {
					d.Ratio = &u.Ratio
				}
				out = append(out, d)
			}
			return out, err
		},
		create: func(ctx context.Context, r *run, _ item, d unit) error {
			_, err := r.do.units.Create(ctx, r.by, measure.Input{Code: d.Code, Name: d.Name, SmallerUnit: d.SmallerUnit, Ratio: d.Ratio})
			return err
		},
		update: func(ctx context.Context, r *run, _ item, _, d unit) error {
			_, err := r.do.units.Update(ctx, r.by, d.Code, measure.Change{
				Name: &d.Name, SmallerUnit: input.To(d.SmallerUnit), Ratio: input.Opt[decimal.Decimal]{Set: true, Value: d.Ratio},
			})
			return err
		},
		delete: func(ctx context.Context, r *run, old unit) error {
			return r.do.units.Delete(ctx, r.by, old.Code, nil)
		},
	}
}

// place is a data center in a document. An uploaded picture is no part of it and is left alone.
type place struct {
	id         datacenter.ID
	Name       string `json:"name"`
	ExternalID string `json:"external_id"`
	SortOrder  int    `json:"sort_order"`
	Flag       string `json:"flag"` // the country whose flag is the icon
}

func dataCenters() section {
	return &kind[place]{
		section: "data_centers", noun: "data center", key: func(d place) string { return d.Name },
		defaults: func(*run, place) place { return place{SortOrder: 1} },
		list: func(ctx context.Context, r *run) ([]place, error) {
			list, err := r.tx.DataCentersAll(ctx)
			out := make([]place, len(list))
			for i, d := range list {
				r.places.add(d.Name, string(d.ID))
				out[i] = place{d.ID, d.Name, d.ExternalID, d.SortOrder, d.IconCountry}
			}
			return out, err
		},
		create: func(ctx context.Context, r *run, _ item, d place) error {
			made, err := r.dataCenters.Create(ctx, r.by, datacenter.Input{
				Name: d.Name, ExternalID: d.ExternalID, SortOrder: d.SortOrder, Icon: iconOf(d.Flag),
			})
			r.places.add(d.Name, string(made.ID))
			return err
		},
		update: func(ctx context.Context, r *run, _ item, old, d place) error {
			in := datacenter.Change{ExternalID: &d.ExternalID, SortOrder: &d.SortOrder}
			if d.Flag != old.Flag {
				icon := iconOf(d.Flag)
				in.Icon = &icon
			}
			_, err := r.dataCenters.Update(ctx, r.by, old.id, in)
			return err
		},
		delete: func(ctx context.Context, r *run, old place) error {
			return r.dataCenters.Delete(ctx, r.by, old.id, nil)
		},
	}
}

func iconOf(flag string) datacenter.Icon {
	if flag == "" {
		return datacenter.Icon{Kind: "none"}
	}
	return datacenter.Icon{Kind: "flag", Country: flag}
}
