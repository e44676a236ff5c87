package product

import (
	"fmt"
	"slices"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/provision"
)

// The sizes of a value's tags.
const (
	maxTags      = 50
	maxTagLength = 100
)

// check names everything that is wrong with a changed parameter. Values are looked at where they were changed: the stored ones
// name modules that exist.
func (p Parameter) check(in ParameterChange, modules map[provision.ModuleID]string) error {
	var f fault.Fields
	input.CheckCode(&f, p.Code)
	input.CheckText(&f, "/name", p.Name, 1, 200)
	input.CheckOneOf(&f, "/input", p.Input, TextInput, ListInput, MultiListInput)
	input.CheckOneOf(&f, "/ask", p.Ask, AskAtOrder, AskAtProcessing)
	input.CheckOneOf(&f, "/edit", p.Edit, EditByEveryone, EditByProvider, EditUntilProcessed)
	input.CheckSortOrder(&f, "/sort_order", p.SortOrder)
	if p.ProductType == DedicatedBandwidth && p.Code == serversParameter {
		f.Add("/code", "bad_value", "The servers of a bandwidth service are asked for already.")
	}
	if p.Input == TextInput {
		p.Validator.check(&f, "/validator")
		if len(p.Values) > 0 {
			f.Add("/values", "bad_value", "Only a list has values.")
		}
		return f.Err()
	}
	if p.Validator.Kind != ValidatorNone {
		f.Add("/validator/kind", "bad_value", "Only a text is validated; a list has its values.")
	}
	if in.Values != nil {
		p.checkValues(&f, modules)
	}
	return f.Err()
}

// serversParameter is what an order of bandwidth names its servers by; it is no parameter of the product type, because its
// values are the client's own.
const serversParameter = "servers"

func (p Parameter) checkValues(f *fault.Fields, modules map[provision.ModuleID]string) {
	if len(p.Values) > MaxItems {
		f.Add("/values", "too_many", "At most %d values are possible.", MaxItems)
	}
	seen := map[string]bool{}
	for i, v := range p.Values {
		place := fmt.Sprintf("/values/%d", i)
		input.CheckItemCode(f, place+"/code", v.Code)
		input.CheckText(f, place+"/name", v.Name, 1, 200)
		input.CheckSortOrder(f, place+"/sort_order", v.SortOrder)
		if seen[v.Code] {
			f.Add(place+"/code", "duplicate_value", "Each code stands in the list once.")
		}
		seen[v.Code] = true
		checkTags(f, place+"/tags", v.Tags)
		p.checkModules(f, place+"/module_ids", v.ModuleIDs, modules)
	}
}

func checkTags(f *fault.Fields, pointer string, tags []string) {
	if len(tags) > maxTags {
		f.Add(pointer, "too_many", "At most %d tags are possible.", maxTags)
	}
	for i, tag := range tags {
		input.CheckText(f, fmt.Sprintf("%s/%d", pointer, i), tag, 1, maxTagLength)
	}
}

func (p Parameter) checkModules(f *fault.Fields, pointer string, ids []provision.ModuleID, known map[provision.ModuleID]string) {
	for i, id := range ids {
		place := fmt.Sprintf("%s/%d", pointer, i)
		makes, exists := known[id]
		switch {
		case !exists:
			input.Missing(f, place, "processing module")
		case makes != p.ProductType:
			f.Add(place, "product_type_not_served", "The module makes %s.", makes)
		case slices.Index(ids, id) < i:
			f.Add(place, "duplicate_value", "Each module stands in the list once.")
		}
	}
}
