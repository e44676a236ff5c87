package dcimanager6

import (
	"context"
	"encoding/json"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
	"github.com/tariffd/tariffd/internal/provision/isp6"
)

// Inspect tells how the service's server is. One that carries another service's mark, or none and another owner than the client, is
// not its server.
func (m *Module) Inspect(ctx context.Context, op provision.Op) (provision.Found, error) {
	w := &work{Module: m, Attempt: attempt.Attempt{Op: op}}
	s, found, err := w.find(ctx)
	if err != nil || !found {
		return provision.Found{}, err
	}
	out := w.tell(s)
	out.Domain, out.KeepPower = w.domainOf(s), m.keepsPower(op.Spec.Standing)
	return out, nil
}

// tell is what the panel's row says of a server.
func (w *work) tell(s panel.Server) provision.Found {
	out := provision.Found{
		Exists: true, Ref: refOf(s), Standing: provision.Served, Owner: s.OwnerEmail, Domain: s.Domain, Sort: s.Configuration,
		Addresses: append([]provision.Address{}, w.told(s)...), AddOns: map[string]provision.AddOn{}, Parameters: map[string]string{},
	}
	if s.Suspended() {
		out.Standing = provision.CutOff
	}
	if s.PowerStatus == "on" || s.PowerStatus == "off" {
		on := s.PowerStatus == "on"
		out.Power = &on
	}
	for code, family := range map[string]string{"ipv4_public": "ipv4", "ipv6": "ipv6"} {
		n := int64(0)
		for _, a := range out.Addresses {
			if a.Family == family {
				n++
			}
		}
		amount := decimal.NewFromInt(n)
		out.AddOns[code] = provision.AddOn{Amount: &amount, Unit: "piece"}
	}
	if s.OS.Name != "" {
		out.Parameters["os"] = s.OS.Name
	}
	return out
}

// Machines lists the servers at the module's location that have an owner and were not given to them by this program.
func (m *Module) Machines(ctx context.Context) ([]provision.Machine, error) {
	location, err := locationID(m.location)
	if err != nil {
		return nil, err
	}
	rows, err := m.panel.Servers(ctx, isp6.Eq("location_id", location))
	if err != nil {
		return nil, err
	}
	w := &work{Module: m}
	out := make([]provision.Machine, 0, len(rows))
	for _, s := range rows {
		if s.OwnerEmail == "" || markIn(s) != "" || location != 0 && s.LocationID != location {
			continue
		}
		out = append(out, provision.Machine{Found: w.tell(s), Name: s.Name})
	}
	return out, nil
}

// SortOf is the tariff's configuration: what it sells is that, even where staff may choose a similar one.
func (m *Module) SortOf(_ string, settings json.RawMessage) string {
	t, err := provision.DecodeTariff[Tariff](settings)
	if err != nil {
		return ""
	}
	return t.Configuration
}
