package dcimanager5

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

// automatic are the add-ons that are carried out by calls, or that the panel only counts.
var automatic = map[string]bool{
	"ipv4_public": true, "ipv4_private": true, "ipv6": true,
	"traffic": true, "in": true, "out": true, "bandwidth": true, "power": true, "burst_in_day": true, "burst_out_day": true,
}

// byHand says what people must do because the panel has no call for it (D28); empty: nothing. What an operation departs from is
// there already: by the tariff the server's type has it, or somebody has seen to it before.
func (w *work) byHand(s panel.Server) string {
	before := w.op.Spec.Included
	if w.op.Kind != provision.Open {
		if w.op.Spec.Previous == nil {
			return "" // the terms do not change
		}
		before = w.op.Spec.Previous.AddOns
	}
	var todo []string
	for code, a := range w.op.Spec.AddOns {
		if automatic[code] || strings.HasPrefix(code, specialBlock) || same(a, before[code]) {
			continue
		}
		switch {
		case code == "control_panel" && w.licenses != nil:
			continue
		case code == "control_panel" && nothing[plain(a.Item)] && nothing[plain(before[code].Item)]:
			continue
		case code == "os" && w.op.Kind == provision.Open:
			continue // it was installed
		}
		todo = append(todo, code+" "+worded(a))
	}
	if len(todo) == 0 {
		return ""
	}
	slices.Sort(todo)
	return fmt.Sprintf("The panel has no call for these; please see to them at server %d (%s): %s.", s.ID, plainName(s), strings.Join(todo, "; "))
}

func same(a, b provision.AddOn) bool {
	amounts := a.Amount == nil && b.Amount == nil || a.Amount != nil && b.Amount != nil && a.Amount.Equal(*b.Amount)
	if a.Amount != nil && a.Amount.IsZero() && b.Amount == nil || b.Amount != nil && b.Amount.IsZero() && a.Amount == nil {
		amounts = true
	}
	return amounts && a.Item == b.Item && (a.On != nil && *a.On) == (b.On != nil && *b.On)
}

func worded(a provision.AddOn) string {
	switch {
	case a.Amount != nil:
		return strings.TrimSpace(a.Amount.String() + " " + a.Unit)
	case a.On != nil && *a.On:
		return "on"
	case a.On != nil:
		return "off"
	case a.Item == "":
		return "none"
	}
	return a.Item
}
