package pricelist

import (
	"context"
	"slices"
	"strconv"

	yaml "go.yaml.in/yaml/v3"

	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
)

// parameter is a parameter of a product type in a document.
type parameter struct {
	row        product.Parameter
	Code       string            `json:"code"`
	Name       string            `json:"name"`
	Input      string            `json:"input"`
	Values     []parameterValue  `json:"values"`
	Required   bool              `json:"required"`
	Ask        string            `json:"ask"`
	Edit       string            `json:"edit"`
	AllTariffs bool              `json:"all_tariffs"`
	Validator  product.Validator `json:"validator"`
	SortOrder  int               `json:"sort_order"`
}

// parameterValue is a value of a list. Those that a panel brought come and go with it: a document speaks of one only where
// staff made something else of it.
type parameterValue struct {
	Code      string   `json:"code"`
	Name      string   `json:"name"`
	Tags      []string `json:"tags"`
	SortOrder int      `json:"sort_order"`
	Modules   []string `json:"modules"`
	Enabled   bool     `json:"enabled"`
}

// parameterLists are the parameters of the product types that the document speaks of. Their values name modules, so they come
// after those.
type parameterLists struct{}

func (parameterLists) name() string                       { return "product_types/parameters" }
func (parameterLists) read(*run, *yaml.Node)              {}
func (parameterLists) have(context.Context, *run) error   { return nil }
func (parameterLists) remove(context.Context, *run) error { return nil } // each list is an inner one of its own
func (parameterLists) export(*run) *yaml.Node             { return nil }
func (parameterLists) apply(ctx context.Context, r *run) error {
	for _, of := range r.withParameters {
		if err := applyWithin(ctx, r, parameters(of.code), of.item, "parameters"); err != nil {
			return err
		}
	}
	return nil
}

// typeItem is a product type of the document.
type typeItem struct {
	item
	code string
}

func parameters(of string) section {
	return &kind[parameter]{
		section: "product_types/" + of + "/parameters", noun: "parameter of " + of, key: func(d parameter) string { return d.Code },
		defaults: func(_ *run, said parameter) parameter { return usualParameter(of, said) },
		builtin:  func(d parameter) bool { return d.row.Builtin },
		list: func(ctx context.Context, r *run) ([]parameter, error) {
			list, err := r.tx.ParametersOf(ctx, of)
			modules := byID(r.modules)
			out := make([]parameter, len(list))
			for i, p := range list {
				out[i] = parameterOf(p, modules)
			}
			return out, err
		},
		ready: func(_ context.Context, _ *run, _ item, old, d *parameter) error {
			if old != nil {
				d.row = old.row
			}
			slices.SortStableFunc(d.Values, func(a, b parameterValue) int { return a.SortOrder - b.SortOrder })
			return nil
		},
		create: func(ctx context.Context, r *run, it item, d parameter) error {
			in, good := d.change(r, it)
			if !good {
				return nil
			}
			in.Input = &d.Input
			_, err := r.do.products.CreateParameter(ctx, r.by, of, d.Code, in)
			return err
		},
		update: func(ctx context.Context, r *run, it item, old, d parameter) error {
			if d.Input != old.Input {
				at, path := follow(it.node, "/input")
				r.add(at, it.place+path, "bad_value", "The input is fixed: %s.", old.Input)
				return nil
			}
			in, good := d.change(r, it)
			if !good {
				return nil
			}
			_, err := r.do.products.UpdateParameter(ctx, r.by, of, d.Code, in)
			return err
		},
		delete: func(ctx context.Context, r *run, old parameter) error {
			return r.do.products.DeleteParameter(ctx, r.by, of, old.Code, nil)
		},
	}
}

func parameterOf(p product.Parameter, modules map[string]string) parameter {
	d := parameter{
		row: p, Code: p.Code, Name: p.Name, Input: p.Input, Required: p.Required, Ask: p.Ask, Edit: p.Edit, AllTariffs: p.AllTariffs,
		Validator: p.Validator, SortOrder: p.SortOrder,
	}
	for _, v := range p.Values {
		x := parameterValue{v.Code, v.Name, v.Tags, v.SortOrder, called(modules, v.ModuleIDs), v.Enabled}
		if v.Panel {
			if v.Enabled && len(v.Tags) == 0 && v.SortOrder == 1 {
				continue
			}
			x.Modules = nil // the panels know
		}
		d.Values = append(d.Values, x)
	}
	return d
}

// change is what makes the parameter as the document says; the values of panels that it does not speak of stay.
func (d parameter) change(r *run, it item) (in product.ParameterChange, good bool) {
	found := len(r.Problems)
	values := []product.ParameterValue{}
	for i, v := range d.Values {
		x := product.ParameterValue{
			Code: v.Code, Name: v.Name, Tags: append([]string{}, v.Tags...), SortOrder: v.SortOrder, Enabled: v.Enabled,
			ModuleIDs: references[provision.ModuleID](r, r.modules, "processing module", v.Modules, it, valuePlace(i)),
		}
		if before, known := d.row.Value(v.Code); known && before.Panel && len(v.Modules) == 0 {
			x.ModuleIDs = before.ModuleIDs
		}
		values = append(values, x)
	}
	for _, before := range d.row.Values {
		spoken := slices.ContainsFunc(values, func(v product.ParameterValue) bool { return v.Code == before.Code })
		if before.Panel && !spoken {
			before.Enabled, before.Tags, before.SortOrder = true, []string{}, 1
			values = append(values, before)
		}
	}
	in = product.ParameterChange{
		Name: &d.Name, Values: &values, Required: &d.Required, Ask: &d.Ask, Edit: &d.Edit, AllTariffs: &d.AllTariffs, SortOrder: &d.SortOrder,
		Validator: product.ValidatorChange{
			Kind: &d.Validator.Kind, Pattern: input.To(d.Validator.Pattern),
			Min: input.Opt[int64]{Set: true, Value: d.Validator.Min}, Max: input.Opt[int64]{Set: true, Value: d.Validator.Max},
		},
	}
	if d.Input == product.TextInput { // it has no values, not even none
		in.Values = nil
		if len(values) > 0 {
			in.Values = &values
		}
	}
	return in, len(r.Problems) == found
}

func valuePlace(i int) string { return "values/" + strconv.Itoa(i) + "/modules" }

// usualParameter is a new parameter, or a built-in one as it came.
func usualParameter(of string, said parameter) parameter {
	d, known := builtins().parameters[of+"/"+said.Code]
	if !known {
		d = parameter{
			Name: said.Code, Input: product.TextInput, Ask: product.AskAtOrder, Edit: product.EditByEveryone, AllTariffs: true,
			Validator: product.Validator{Kind: product.ValidatorNone}, SortOrder: 1,
		}
	}
	for _, v := range said.Values {
		d.Values = append(d.Values, parameterValue{Name: v.Code, SortOrder: 1, Enabled: true})
	}
	return d
}

// spokenParameters are the parameters of a product type that a document speaks of, as the type sorts them.
func (r *run) spokenParameters(of string, all []product.Parameter, modules map[string]string) (out []parameter) {
	for _, p := range all {
		if p.ProductType != of {
			continue
		}
		d := parameterOf(p, modules)
		usual := usualParameter(of, d)
		usual.Code = d.Code
		if !p.Builtin || len(r.shapes.changed(valueOf(d), valueOf(usual))) > 0 {
			out = append(out, d)
		}
	}
	return out
}
