package vmmanager6

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// byHand says what people must do because the panel has no call for it, or because the module runs no recipes (D28); empty:
// nothing. What was ordered is never left out silently.
func (w *work) byHand(h panel.Host) string {
	todo := w.Op.Undone(w.carriedOut)
	installs := w.Op.Kind == provision.Open || w.Op.Kind == provision.Reinstall
	if recipe := w.Op.Spec.Parameter("recipe"); installs && recipe != "" && !w.set.UseRecipes {
		todo = append(todo, "run recipe "+recipe)
	}
	if told := "control_panel " + w.orderedPanel(); installs && w.orderedPanel() != "" && !w.set.UseRecipes && !slices.Contains(todo, told) {
		todo = append(todo, told) // everybody has it, and nothing runs it
	}
	if len(todo) == 0 {
		return ""
	}
	return fmt.Sprintf("The panel has no call for these; please see to them at machine %d (%s): %s.", h.ID, h.Name, strings.Join(todo, "; "))
}

// carriedOut tells which add-ons have calls: those of size and addresses, and what an installation puts on the machine.
func (w *work) carriedOut(code string) bool {
	switch code {
	case "cpu", "ram", "disk", "port_speed", "ipv4", "ipv6":
		return true
	case "os":
		return w.Op.Kind == provision.Open
	case "control_panel":
		return w.Op.Kind == provision.Open && (w.set.UseRecipes || w.orderedPanel() == "")
	}
	return false
}

// orderedPanel is the recipe of the control panel that was ordered; empty: none.
func (w *work) orderedPanel() string {
	item := w.Op.Spec.AddOns["control_panel"].Item
	if slices.Contains([]string{"none", "no", "off"}, strings.ToLower(item)) {
		return ""
	}
	return item
}
