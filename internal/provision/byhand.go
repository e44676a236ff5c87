package provision

import (
	"slices"
	"strings"
)

// counted are the elements of what panels count; there is nothing to do about them.
var counted = []string{"traffic", "in", "out", "bandwidth", "burst_in_day", "burst_out_day", "power"}

// Undone names what an operation asks for and the panel has no call for: people see to it (D28). These are the add-ons in which an
// opening or a change of terms departs from what was there before, but for those that are only counted or that the driver
// carries out (automatic), and the parameters that are asked to be another, but for those named. Sorted; nil where there is none.
func (op Op) Undone(automatic func(code string) bool, parameters ...string) []string {
	var todo []string
	before, terms := op.departsFrom()
	for code, now := range op.Spec.AddOns {
		if terms && now.String() != before[code].String() {
			todo = append(todo, code)
		}
	}
	for code, former := range before {
		if _, kept := op.Spec.AddOns[code]; op.Kind == SetParams && !kept && former.String() != none {
			todo = append(todo, code)
		}
	}
	todo = slices.DeleteFunc(todo, func(code string) bool { return slices.Contains(counted, code) || automatic(code) })
	for i, code := range todo {
		todo[i] = code + " " + op.Spec.AddOns[code].String()
	}
	for _, code := range op.Spec.Asked {
		if !slices.Contains(parameters, code) {
			todo = append(todo, "parameter "+code+" "+op.Spec.Parameter(code))
		}
	}
	slices.Sort(todo)
	return todo
}

// departsFrom is what is there already; false where the operation changes no terms.
func (op Op) departsFrom() (map[string]AddOn, bool) {
	switch {
	case op.Kind == Open:
		return op.Spec.Included, true
	case op.Kind == SetParams && op.Spec.Previous != nil:
		return op.Spec.Previous.AddOns, true
	}
	return nil, false
}

// none is an add-on of which there is nothing.
const none = "none"

// String is the value for people; what is absent, off and zero is one.
func (a AddOn) String() string {
	switch {
	case a.Amount != nil && !a.Amount.IsZero():
		return strings.TrimSpace(a.Amount.String() + " " + a.Unit)
	case a.On != nil && *a.On:
		return "on"
	case a.Item != "":
		return a.Item
	}
	return none
}
