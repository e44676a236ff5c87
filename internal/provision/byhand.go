package provision

import (
	"slices"
	"strings"
)

// counted are the elements of what panels count; there is nothing to do about them.
var counted = []string{"traffic", "in", "out", "bandwidth", "burst_in_day", "burst_out_day", "power"}

// Undone names the add-ons in which an opening or a change of terms departs from what was there before, and for which the panel
// has no call: people see to them (D28). automatic tells which ones the driver carries out; those that are only counted are
// left out by themselves. Sorted; nil where the operation changes no terms.
func (op Op) Undone(automatic func(code string) bool) []string {
	before := op.Spec.Included
	switch {
	case op.Kind == SetParams && op.Spec.Previous != nil:
		before = op.Spec.Previous.AddOns
	case op.Kind != Open:
		return nil
	}
	var todo []string
	for code, a := range op.Spec.AddOns {
		if !slices.Contains(counted, code) && !automatic(code) && a.String() != before[code].String() {
			todo = append(todo, code+" "+a.String())
		}
	}
	slices.Sort(todo)
	return todo
}

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
	return "none"
}
