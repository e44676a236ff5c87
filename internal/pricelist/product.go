package pricelist

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/product"
)

// integration is an integration module that is installed.
type integration struct {
	Name string `json:"name"`
}

func integrations() section {
	return &kind[integration]{
		section: "integration_modules", noun: "integration module", key: func(d integration) string { return d.Name },
		defaults: func(*run, integration) integration { return integration{} },
		list: func(ctx context.Context, r *run) (out []integration, err error) {
			for _, known := range product.Integrations() {
				at, err := r.tx.IntegrationInstalledAt(ctx, known.Name)
				if err != nil {
					return nil, err
				}
				if at != nil {
					out = append(out, integration{known.Name})
				}
			}
			return out, nil
		},
		create: func(ctx context.Context, r *run, _ item, d integration) error {
			_, err := r.do.products.Install(ctx, r.by, d.Name)
			return err
		},
		update: func(context.Context, *run, item, integration, integration) error { return nil }, // it has nothing but its name
		delete: func(ctx context.Context, r *run, old integration) error {
			return r.do.products.Uninstall(ctx, r.by, old.Name, nil)
		},
	}
}

// productType is a product type in a document. Of what is built in, a document holds what was changed.
type productType struct {
	builtin             bool
	Code                string            `json:"code"`
	Name                string            `json:"name"`
	SortOrder           int               `json:"sort_order"`
	TrialPolicy         string            `json:"trial_policy"`
	ExpenseSplit        string            `json:"expense_split"`
	NoWeekendSuspension bool              `json:"no_weekend_suspension"`
	AutoDeleteAfterDays *int              `json:"auto_delete_after_days"`
	ClientDeletion      string            `json:"client_deletion"`
	ClientDeletionTime  string            `json:"client_deletion_time"`
	Periods             []calendar.Period `json:"periods"`
	OrderPage           product.OrderPage `json:"order_page"`
	AddOns              []element         `json:"add_ons"`
	Parameters          []parameter       `json:"parameters"`
}

// element is one add-on of a product type.
type element struct {
	builtin          bool
	Code             string   `json:"code"`
	Name             string   `json:"name"`
	ValueType        string   `json:"value_type"`
	Unit             string   `json:"unit"`
	Enumeration      string   `json:"enumeration_code"`
	StatisticsParams []string `json:"statistics_params"`
	SortOrder        int      `json:"sort_order"`
}

func productTypes() section {
	return &kind[productType]{
		section: "product_types", noun: "product type", key: func(d productType) string { return d.Code },
		inner:    []string{"add_ons", "parameters"},
		defaults: usualType,
		builtin:  func(d productType) bool { return d.builtin },
		list:     listTypes,
		create: func(ctx context.Context, r *run, _ item, d productType) error {
			_, err := r.do.products.CreateType(ctx, r.by, d.Code, d.change())
			return err
		},
		update: func(ctx context.Context, r *run, _ item, _, d productType) error {
			_, err := r.do.products.UpdateType(ctx, r.by, d.Code, d.change())
			return err
		},
		delete: func(ctx context.Context, r *run, old productType) error {
			return r.do.products.DeleteType(ctx, r.by, old.Code, nil)
		},
		within: func(ctx context.Context, r *run, it item, d productType) error {
			r.withParameters = append(r.withParameters, typeItem{it, d.Code})
			return applyWithin(ctx, r, elements(d.Code), it, "add_ons")
		},
	}
}

// applyWithin applies a list of objects that stand within an object.
func applyWithin(ctx context.Context, r *run, s section, it item, member string) error {
	list := child(it.node, member)
	if list == nil {
		return nil
	}
	s.read(r, list)
	r.inner = append(r.inner, s)
	if err := s.have(ctx, r); err != nil {
		return err
	}
	return s.apply(ctx, r)
}

func listTypes(ctx context.Context, r *run) ([]productType, error) {
	types, err := r.tx.ProductTypesAll(ctx)
	if err != nil {
		return nil, err
	}
	content, err := r.tx.ContentAll(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range content {
		r.content[c.ProductType] = append(r.content[c.ProductType], c)
	}
	asked, err := r.tx.ParametersAll(ctx)
	if err != nil {
		return nil, err
	}
	// Their values name modules, which otherwise come after the types.
	modules, err := r.tx.ModulesAll(ctx)
	if err != nil {
		return nil, err
	}
	called := map[string]string{}
	for _, m := range modules {
		called[string(m.ID)] = m.Name
	}
	out := make([]productType, len(types))
	for i, p := range types {
		out[i] = productType{
			builtin: p.Builtin, Code: p.Code, Name: p.Name, SortOrder: p.SortOrder, TrialPolicy: p.TrialPolicy,
			ExpenseSplit: p.ExpenseSplit, NoWeekendSuspension: p.NoWeekendSuspension, AutoDeleteAfterDays: p.AutoDeleteAfterDays,
			ClientDeletion: p.ClientDeletion, ClientDeletionTime: p.ClientDeletionTime, Periods: p.Periods, OrderPage: p.OrderPage,
			AddOns: r.spokenElements(p.Code), Parameters: r.spokenParameters(p.Code, asked, called),
		}
	}
	return out, nil
}

func (d productType) change() product.TypeChange {
	return product.TypeChange{
		Name: &d.Name, SortOrder: &d.SortOrder, ExpenseSplit: &d.ExpenseSplit, NoWeekendSuspension: &d.NoWeekendSuspension,
		AutoDeleteAfterDays: input.Opt[int]{Set: true, Value: d.AutoDeleteAfterDays}, ClientDeletion: &d.ClientDeletion,
		ClientDeletionTime: &d.ClientDeletionTime, Periods: &d.Periods, TrialPolicy: &d.TrialPolicy,
		OrderPage: product.OrderPageChange{
			Display: &d.OrderPage.Display, ExpandDescription: &d.OrderPage.ExpandDescription, Filter: &d.OrderPage.Filter,
		},
	}
}

// usualType is a new product type, or a built-in one as it came.
func usualType(r *run, said productType) productType {
	d, known := builtins().types[said.Code]
	if !known {
		d = productType{
			Name: said.Code, SortOrder: 1, TrialPolicy: product.TrialPerProductType, ExpenseSplit: product.SplitNone,
			ClientDeletion: product.DeletionAllowed, ClientDeletionTime: product.DeleteImmediately, Periods: product.UsualPeriods(),
			OrderPage: product.OrderPage{Display: product.DisplayList},
		}
	}
	d.AddOns, d.Parameters = nil, nil
	for _, e := range said.AddOns {
		d.AddOns = append(d.AddOns, usualElement(said.Code, e))
	}
	for _, x := range said.Parameters {
		d.Parameters = append(d.Parameters, usualParameter(said.Code, x))
	}
	return d
}

func elements(of string) section {
	return &kind[element]{
		section: "product_types/" + of + "/add_ons", noun: "add-on of " + of, key: func(d element) string { return d.Code },
		defaults: func(_ *run, said element) element { return usualElement(of, said) },
		builtin:  func(d element) bool { return d.builtin },
		list: func(ctx context.Context, r *run) ([]element, error) {
			list, err := r.tx.ContentOf(ctx, of)
			out := make([]element, len(list))
			for i, c := range list {
				out[i] = elementOf(c)
			}
			return out, err
		},
		create: func(ctx context.Context, r *run, _ item, d element) error {
			c, err := r.do.products.CreateContent(ctx, r.by, of, d.Code, product.ContentChange{
				Name: &d.Name, ValueType: &d.ValueType, Unit: &d.Unit, EnumerationCode: input.To(d.Enumeration),
				StatisticsParams: &d.StatisticsParams, SortOrder: &d.SortOrder,
			})
			r.content[of] = append(r.content[of], c)
			return err
		},
		update: func(ctx context.Context, r *run, it item, old, d element) error {
			if d.ValueType != old.ValueType {
				at, path := follow(it.node, "/value_type")
				r.add(at, it.place+path, "bad_value", "The value type is fixed: %s.", old.ValueType)
				return nil
			}
			c, err := r.do.products.UpdateContent(ctx, r.by, of, d.Code, product.ContentChange{
				Name: &d.Name, Unit: &d.Unit, EnumerationCode: input.To(d.Enumeration), StatisticsParams: &d.StatisticsParams,
				SortOrder: &d.SortOrder,
			})
			r.content[of] = append(slices.DeleteFunc(r.content[of], func(c product.Content) bool { return c.Code == d.Code }), c)
			return err
		},
		delete: func(ctx context.Context, r *run, old element) error {
			return r.do.products.DeleteContent(ctx, r.by, of, old.Code, nil)
		},
	}
}

func elementOf(c product.Content) element {
	return element{
		builtin: c.Builtin, Code: c.Code, Name: c.Name, ValueType: c.ValueType, Unit: c.Unit, Enumeration: c.EnumerationCode,
		StatisticsParams: c.StatisticsParams, SortOrder: c.SortOrder,
	}
}

// spokenElements are the elements of a product type that a document speaks of, as the type sorts them.
func (r *run) spokenElements(of string) (out []element) {
	for _, c := range r.content[of] {
		e := elementOf(c)
		usual := usualElement(of, e)
		usual.Code = e.Code
		if !c.Builtin || len(r.shapes.changed(valueOf(e), valueOf(usual))) > 0 {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b element) int {
		return cmp.Or(cmp.Compare(a.SortOrder, b.SortOrder), strings.Compare(a.Code, b.Code))
	})
	return out
}

// usualElement is a new element, or a built-in one as it came.
func usualElement(of string, said element) element {
	if d, known := builtins().elements[of+"/"+said.Code]; known {
		return d
	}
	d := element{Name: said.Code, ValueType: product.IntegerValue, SortOrder: 1}
	if said.ValueType == "" || said.ValueType == product.IntegerValue {
		d.Unit = "piece"
	}
	return d
}
