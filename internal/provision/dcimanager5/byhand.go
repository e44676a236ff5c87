package dcimanager5

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

// byHand says what people must do because the panel has no call for it (D28); empty: nothing. What an operation departs from is
// there already: by the tariff the server's type has it, or somebody has seen to it before.
func (w *work) byHand(s panel.Server) string {
	todo := w.Op.Undone(w.carriedOut, "domain")
	if kind := w.otherType(s); kind != "" {
		todo = append(todo, "server type "+kind)
	}
	if len(todo) == 0 {
		return ""
	}
	return fmt.Sprintf("The panel has no call for these; please see to them at server %d (%s): %s.", s.ID, plainName(s), strings.Join(todo, "; "))
}

// carriedOut tells which add-ons have calls: addresses, the system of an opening, and a control panel that is a license, or none.
func (w *work) carriedOut(code string) bool {
	switch code {
	case "ipv4_public", "ipv4_private", "ipv6":
		return true
	case "os":
		return w.Op.Kind == provision.Open
	case "control_panel":
		return w.license().CarriedOut()
	}
	return strings.HasPrefix(code, specialBlock)
}

// otherType is the type of servers that a change of tariff asks for and the server is not of; empty: it may stay. Nobody can
// exchange a machine by a call.
func (w *work) otherType(s panel.Server) string {
	if w.Op.Kind != provision.SetParams || w.Op.Spec.Previous == nil {
		return ""
	}
	t, err := provision.DecodeTariff[Tariff](w.Op.Spec.Settings)
	before, unreadable := provision.DecodeTariff[Tariff](w.Op.Spec.Previous.Settings)
	if err != nil || unreadable != nil || t.ServerType == before.ServerType || slices.Contains(s.Types, t.ServerType) {
		return ""
	}
	return t.ServerType
}
