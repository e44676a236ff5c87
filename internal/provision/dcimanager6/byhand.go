package dcimanager6

import (
	"fmt"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
)

// byHand says what people must do because the panel has no call for it, or because the module runs no scripts (D28); empty:
// nothing. What was ordered is never left out silently.
func (w *work) byHand(s panel.Server) string {
	todo := w.Op.Undone(func(code string) bool {
		return code == "ipv4_public" || code == "ipv6" || code == "os" && w.Op.Kind == provision.Open
	})
	if script := w.Op.Spec.Parameter("recipe"); script != "" && !w.set.UseRecipes && w.installs() {
		todo = append(todo, fmt.Sprintf("run script %q", script))
	}
	if len(todo) == 0 {
		return ""
	}
	return fmt.Sprintf("The module has no call for these; please see to them at server %d (%s): %s.", s.ID, plainName(s), strings.Join(todo, "; "))
}

// installs tells whether the operation puts a system on the server.
func (w *work) installs() bool {
	return w.Op.Kind == provision.Reinstall || w.Op.Kind == provision.Open && !w.colocation()
}
