package product

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/provision"
)

// Parameter is something that those who order are asked for, or that staff set: what a module needs to know to run a service
// of the product type. It is handed to the module under its code.
type Parameter struct {
	ProductType string
	Code        string
	Name        string
	Input       string           // text, list, multi_list; fixed after creation
	Values      []ParameterValue // of a list, as they are shown: by sort order
	Filled      bool             // the list had a value at some time
	Required    bool
	Ask         string // order; processing: a required one may also be set later
	Edit        string // everyone, provider, until_processed: who may change it after the order, and how long
	AllTariffs  bool   // asked for by every tariff of the type, not only by those that connect it
	Validator   Validator
	Builtin     bool
	SortOrder   int
	CreatedAt   time.Time
	Version     int64
}

// ParameterValue is one value of a list. It goes with the values of other lists, unless both have tags and none in common.
type ParameterValue struct {
	Code      string               `json:"code"`
	Name      string               `json:"name"`
	Tags      []string             `json:"tags"`
	SortOrder int                  `json:"sort_order"`
	ModuleIDs []provision.ModuleID `json:"module_ids"` // that have it; none named: every module
	Enabled   bool                 `json:"enabled"`
	Panel     bool                 `json:"panel,omitempty"` // a panel brought it: it goes when no panel has it any more
}

// The inputs of parameters.
const (
	TextInput      = "text"
	ListInput      = "list"
	MultiListInput = "multi_list"
)

// When a parameter is asked for.
const (
	AskAtOrder      = "order"
	AskAtProcessing = "processing"
)

// Who may change a parameter after the order.
const (
	EditByEveryone     = "everyone"
	EditByProvider     = "provider"
	EditUntilProcessed = "until_processed" // until the service is active for the first time
)

// The built-in parameters that this program itself knows something about.
const (
	OSParameter     = "os"
	RecipeParameter = "recipe"
	DomainParameter = "domain"
)

// ParameterChange is a new parameter's members, or a partial change of one. Values are replaced whole; the input is fixed.
type ParameterChange struct {
	IfVersion  *int64
	Name       *string
	Input      *string // on creation only
	Values     *[]ParameterValue
	Required   *bool
	Ask        *string
	Edit       *string
	AllTariffs *bool
	Validator  ValidatorChange
	SortOrder  *int
}

// CreateParameter adds a parameter to a product type. Faults: not_found (the type), already_exists (code), field faults.
func (e *Engine) CreateParameter(ctx context.Context, by actor.Actor, productType, code string, in ParameterChange) (Parameter, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Parameter, error) {
		if _, err := tx.ShareProductType(ctx, productType); err != nil {
			return Parameter{}, err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return Parameter{}, err
		}
		p := Parameter{
			ProductType: productType, Code: code, Name: code, Input: TextInput, Values: []ParameterValue{}, Ask: AskAtOrder,
			Edit: EditByEveryone, AllTariffs: true, Validator: Validator{Kind: ValidatorNone}, SortOrder: 1, CreatedAt: now, Version: 1,
		}
		input.Put(&p.Input, in.Input)
		modules, err := in.shareModules(ctx, tx)
		if err != nil {
			return Parameter{}, err
		}
		in.apply(&p)
		if err = p.check(in, modules); err != nil {
			return Parameter{}, err
		}
		if err = tx.InsertParameter(ctx, p); err != nil {
			return Parameter{}, err
		}
		return p, p.record(ctx, tx, by, "created")
	})
}

// UpdateParameter changes a parameter, also a built-in one. What was ordered stays as it is. Faults: not_found,
// precondition_failed, field faults.
func (e *Engine) UpdateParameter(ctx context.Context, by actor.Actor, productType, code string, in ParameterChange) (Parameter, error) {
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Parameter, error) {
		modules, err := in.shareModules(ctx, tx)
		if err != nil {
			return Parameter{}, err
		}
		p, err := lockParameter(ctx, tx, productType, code, in.IfVersion)
		if err != nil {
			return Parameter{}, err
		}
		in.apply(&p)
		if err = p.check(in, modules); err != nil {
			return Parameter{}, err
		}
		if err = tx.UpdateParameter(ctx, p); err != nil {
			return Parameter{}, err
		}
		p.Version++
		return p, p.record(ctx, tx, by, "updated")
	})
}

// DeleteParameter removes a parameter that no tariff connects and no service has a value of. Faults: not_found,
// precondition_failed, built_in, in_use.
func (e *Engine) DeleteParameter(ctx context.Context, by actor.Actor, productType, code string, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		p, err := lockParameter(ctx, tx, productType, code, ifVersion)
		if err != nil {
			return err
		}
		if p.Builtin {
			return input.ErrBuiltin
		}
		if err = input.InUse("A tariff asks for it, or a service has it.").When(tx.ParameterInUse(ctx, productType, code)); err != nil {
			return err
		}
		if err = tx.DeleteParameter(ctx, productType, code); err != nil {
			return err
		}
		return p.record(ctx, tx, by, "deleted")
	})
}

func lockParameter(ctx context.Context, tx Tx, productType, code string, ifVersion *int64) (Parameter, error) {
	list, err := tx.LockParameters(ctx, productType, []string{code})
	if err != nil {
		return Parameter{}, err
	}
	if len(list) == 0 {
		return Parameter{}, ErrNoParameter
	}
	return list[0], input.CheckVersion(ifVersion, list[0].Version)
}

// shareModules answers what the modules make that new values name, and keeps them from going away. They are locked before the
// parameter, as in a synchronisation.
func (in ParameterChange) shareModules(ctx context.Context, tx Tx) (map[provision.ModuleID]string, error) {
	if in.Values == nil {
		return nil, nil
	}
	return tx.ShareModuleTypes(ctx, modulesOf(*in.Values))
}

// apply leaves to a value that is named again where it came from.
func (in ParameterChange) apply(p *Parameter) {
	input.Put(&p.Name, in.Name)
	input.Put(&p.Required, in.Required)
	input.Put(&p.Ask, in.Ask)
	input.Put(&p.Edit, in.Edit)
	input.Put(&p.AllTariffs, in.AllTariffs)
	in.Validator.apply(&p.Validator)
	input.Put(&p.SortOrder, in.SortOrder)
	if in.Values == nil {
		return
	}
	values := slices.Clone(*in.Values)
	for i := range values {
		v := &values[i]
		if v.Name == "" {
			v.Name = v.Code
		}
		if v.SortOrder == 0 {
			v.SortOrder = 1
		}
		before, known := p.Value(v.Code)
		v.Panel = known && before.Panel
	}
	p.set(values)
}

// set puts values in, in the order in which they are shown.
func (p *Parameter) set(values []ParameterValue) {
	slices.SortStableFunc(values, func(a, b ParameterValue) int { return a.SortOrder - b.SortOrder })
	p.Values = values
	p.Filled = p.Filled || len(values) > 0
}

// Value returns a value by code.
func (p Parameter) Value(code string) (ParameterValue, bool) {
	i := slices.IndexFunc(p.Values, func(v ParameterValue) bool { return v.Code == code })
	if i < 0 {
		return ParameterValue{}, false
	}
	return p.Values[i], true
}

// modulesOf returns the modules that values name, each once, in order of their ids.
func modulesOf(values []ParameterValue) []provision.ModuleID {
	var ids []provision.ModuleID
	for _, v := range values {
		ids = append(ids, v.ModuleIDs...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Unknown tells whether nobody has told yet what a built-in list holds: neither staff nor a panel.
func (p Parameter) Unknown() bool {
	return p.Input != TextInput && p.Builtin && !p.Filled
}

// Nothing is the value of a parameter that has none.
func (p Parameter) Nothing() json.RawMessage {
	if p.Input == MultiListInput {
		return json.RawMessage(`[]`)
	}
	return json.RawMessage(`""`)
}

func (p Parameter) record(ctx context.Context, tx Tx, by actor.Actor, verb string) error {
	return event.RecordChange(ctx, tx, by, "product_type_parameter", p.ProductType+"/"+p.Code, verb, map[string]any{
		"product_type": p.ProductType, "code": p.Code, "name": p.Name, "input": p.Input, "values": p.Values, "required": p.Required,
		"ask": p.Ask, "edit": p.Edit, "all_tariffs": p.AllTariffs, "validator": p.Validator, "sort_order": p.SortOrder,
	})
}
