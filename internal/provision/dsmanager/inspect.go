package dsmanager

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
)

// Inspect tells how the service's server is. One that carries another service's mark, or none and another owner than the service's,
// is not its server. Of a colocated one the panel knows its number, its power and whether it is disabled; whose it is and what it is
// called is people's business.
func (m *Module) Inspect(ctx context.Context, op provision.Op) (provision.Found, error) {
	w := &work{Module: m, Attempt: attempt.Attempt{Op: op}}
	s, found, err := w.find(ctx)
	if err != nil || !found {
		return provision.Found{}, err
	}
	out := tell(s)
	if w.colocation() {
		return provision.Found{Exists: true, Ref: out.Ref, Standing: out.Standing, Power: out.Power}, nil
	}
	emails, err := m.panel.Emails(ctx)
	if err != nil {
		return provision.Found{}, err
	}
	out.Owner = coremgr.Email(s.Owner, emails, op.Spec)
	return out, nil
}

// Machines lists the servers that have an owner and were not given to them by this program. Which of them are colocated the panel
// does not tell: a module of either sort lists them all, and what a service of one has the other offers no more.
func (m *Module) Machines(ctx context.Context) ([]provision.Machine, error) {
	all, err := m.panel.Servers(ctx)
	if err != nil {
		return nil, err
	}
	emails, err := m.panel.Emails(ctx)
	if err != nil {
		return nil, err
	}
	var out []provision.Machine
	for _, s := range all {
		if s.Owner == "" || markIn(s) != "" {
			continue
		}
		found := tell(s)
		found.Owner = emails[strings.ToLower(s.Owner)]
		if found.Parameters == nil {
			found.Parameters = map[string]string{}
		}
		found.Parameters[coremgr.PanelUser] = s.Owner
		out = append(out, provision.Machine{Found: found, Name: s.Name})
	}
	return out, nil
}

// SortOf is the tariff's preset, which is its code where it names none. What is colocated is of no preset.
func (m *Module) SortOf(tariffCode string, settings json.RawMessage) string {
	t, err := provision.DecodeTariff[Tariff](settings)
	if err != nil || m.productType == colocation {
		return ""
	}
	return cmp.Or(t.Preset, tariffCode)
}

// tell is what the panel's row says of a server. Its list tells a main address and no others, so that nothing is said of those.
func tell(s panel.Server) provision.Found {
	out := provision.Found{Exists: true, Ref: refOf(s), Standing: provision.Served, Domain: s.Hostname, Sort: s.Preset, Power: &s.On}
	if s.Disabled {
		out.Standing = provision.CutOff
	}
	if address := mainAddress(s); address != nil {
		out.Addresses = []provision.Address{*address}
	}
	if s.OS != "" {
		out.Parameters = map[string]string{"os": s.OS}
	}
	return out
}

// mainAddress is the only one that the panel tells of.
func mainAddress(s panel.Server) *provision.Address {
	if s.IP == "" {
		return nil
	}
	a := provision.Address{IP: s.IP, Family: "ipv4", Main: true}
	if strings.Contains(s.IP, ":") {
		a.Family = "ipv6"
	}
	return &a
}
