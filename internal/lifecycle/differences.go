package lifecycle

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/measure"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// differences compares what a panel found with what we hold; of what it does not tell nothing differs. Pure.
// Sort is the sort of machine that the tariff sells; empty: any.
func differences(s service.Service, spec provision.Spec, sort string, found provision.Found, units measure.Units) []Difference {
	var d diff
	if !found.Exists {
		d.add("exists", true, false, false)
		return d
	}
	if found.Ref != "" && found.Ref != s.ExternalID {
		d.add("external_id", orNothing(s.ExternalID), found.Ref, true)
	}
	if found.Standing != "" && string(found.Standing) != string(s.Status) {
		d.add("status", s.Status, found.Standing, false)
	}
	if on, known := powerOf(s, found); known && *found.Power != on {
		d.add("power", onOff(on), onOff(*found.Power), false)
	}
	if found.Owner != "" && !strings.EqualFold(found.Owner, spec.Client.Email) {
		d.add("owner", spec.Client.Email, found.Owner, false)
	}
	if found.Sort != "" && sort != "" && !strings.EqualFold(found.Sort, sort) {
		d.add("configuration", sort, found.Sort, false)
	}
	if found.Domain != "" && found.Domain != s.Domain {
		d.add("domain", orNothing(s.Domain), found.Domain, true)
	}
	if ours, theirs := ipsOf(s.Addresses), ipsOf(found.Addresses); found.Addresses != nil && !slices.Equal(ours, theirs) {
		d.add("addresses", ours, theirs, true)
	}
	d.addOns(spec.AddOns, found.AddOns, units)
	for _, code := range slices.Sorted(maps.Keys(found.Parameters)) {
		text := found.Parameters[code]
		if ours, has := s.Parameters[code]; !has {
			d.add("parameters/"+code, nil, text, true)
		} else if !sameJSON(ours, catalog.Text(text)) {
			d.add("parameters/"+code, ours, text, true)
		}
	}
	return d
}

// powerOf is whether a service's machine should be on: as its module keeps it, else an active one is. Whether a suspended one
// is off is its driver's business.
func powerOf(s service.Service, found provision.Found) (on, known bool) {
	switch {
	case found.Power == nil:
		return false, false
	case found.KeepPower != nil:
		return *found.KeepPower, true
	}
	return true, s.Status == service.Active
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

type diff []Difference

func (d *diff) add(field string, ours, panel any, takenOver bool) {
	*d = append(*d, Difference{Field: field, Ours: written(ours), Panel: written(panel), TakenOver: takenOver})
}

// written is a value as JSON; only texts, switches, lists of texts and JSON itself come here, which can all be written.
func written(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return raw
}

func orNothing[T ~string](text T) any {
	if text == "" {
		return nil
	}
	return text
}

// addOns compares the elements that both sides tell of, in our unit.
func (d *diff) addOns(ours, theirs map[string]provision.AddOn, units measure.Units) {
	for _, code := range slices.Sorted(maps.Keys(ours)) {
		want := ours[code]
		has, told := theirs[code]
		if !told {
			continue
		}
		if has.Amount != nil && want.Amount != nil && has.Unit != want.Unit {
			amount, err := units.Convert(*has.Amount, has.Unit, want.Unit)
			if err != nil {
				continue // units that have nothing to do with each other say nothing of each other
			}
			has.Amount = &amount
		}
		if !sameAddOn(want, has) {
			d.add("add_ons/"+code, valueOf(want), valueOf(has), false)
		}
	}
}

func sameAddOn(a, b provision.AddOn) bool {
	switch {
	case a.Amount != nil && b.Amount != nil:
		return a.Amount.Equal(*b.Amount)
	case a.On != nil && b.On != nil:
		return *a.On == *b.On
	}
	return a.Item == b.Item && (a.Amount == nil) == (b.Amount == nil) && (a.On == nil) == (b.On == nil)
}

// valueOf is an add-on as the interface writes it: a decimal in quotes, a switch, an item's code, or nothing.
func valueOf(a provision.AddOn) any {
	switch {
	case a.Amount != nil:
		return a.Amount.String()
	case a.On != nil:
		return *a.On
	}
	return orNothing(a.Item)
}

// ValueOf is an add-on's value as the interface writes it.
func ValueOf(a provision.AddOn) json.RawMessage { return written(valueOf(a)) }

// ipsOf are addresses in one order, whatever the panel's was.
func ipsOf(all []provision.Address) []string {
	out := []string{}
	for _, a := range all {
		out = append(out, a.IP)
	}
	slices.Sort(out)
	return out
}
