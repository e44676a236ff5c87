package openstack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// automatic are the add-ons that the flavor and the image carry out, or that are only counted.
var automatic = []string{"cpu", "ram", "disk", "os", "traffic", "in", "out", "bandwidth", "burst_in_day", "burst_out_day", "power"}

// byHand says what people must do because the cloud has no call for it (D28); empty: nothing. What an operation departs from is
// there already: by the tariff the flavor or the network has it, or somebody has seen to it before.
func (w *work) byHand(s panel.Server) string {
	before := w.op.Spec.Included
	switch {
	case w.op.Kind == provision.SetParams && w.op.Spec.Previous != nil:
		before = w.op.Spec.Previous.AddOns
	case w.op.Kind != provision.Open:
		return "" // the terms do not change
	}
	var todo []string
	for code, a := range w.op.Spec.AddOns {
		if !slices.Contains(automatic, code) && worded(a) != worded(before[code]) {
			todo = append(todo, code+" "+worded(a))
		}
	}
	if len(todo) == 0 {
		return ""
	}
	slices.Sort(todo)
	return fmt.Sprintf("The cloud has no call for these; please see to them at server %s (%s): %s.", s.ID, s.Name, strings.Join(todo, "; "))
}

// worded is an add-on's value for people; what is absent, off and zero is one.
func worded(a provision.AddOn) string {
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
