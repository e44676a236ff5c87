package openstack

import (
	"fmt"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// byHand says what people must do because the cloud has no call for it (D28); empty: nothing. What an operation departs from is
// there already: by the tariff the flavor or the network has it, or somebody has seen to it before. A domain is ours alone: the
// cloud's servers have none.
func (w *work) byHand(s panel.Server) string {
	todo := w.Op.Undone(func(code string) bool {
		return code == "cpu" || code == "ram" || code == "disk" || code == "os" && w.Op.Kind == provision.Open
	}, "domain")
	if len(todo) == 0 {
		return ""
	}
	return fmt.Sprintf("The cloud has no call for these; please see to them at server %s (%s): %s.", s.ID, s.Name, strings.Join(todo, "; "))
}
