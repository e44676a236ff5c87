package openstack

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// offered is what a cloud's servers are made of.
type offered struct {
	flavors []panel.Flavor
	images  []panel.Named
}

func (m *Module) offered(ctx context.Context) (o offered, err error) {
	if o.flavors, err = m.panel.Flavors(ctx); err != nil {
		return o, err
	}
	o.images, err = m.panel.Images(ctx)
	return o, err
}

// Inspect tells how the service's server is. One that carries another service's mark is not its server. The cloud tells whose
// project a server is in, and of no client.
func (m *Module) Inspect(ctx context.Context, op provision.Op) (provision.Found, error) {
	w := &work{Module: m, Attempt: attempt.Attempt{Op: op}}
	s, found, err := w.find(ctx)
	if err != nil || !found {
		return provision.Found{}, err
	}
	o, err := m.offered(ctx)
	if err != nil {
		return provision.Found{}, err
	}
	out := m.tell(s, o)
	// What was ordered beside the flavor may have chosen another one; then the amounts tell what differs.
	for _, code := range sizes {
		if _, said := w.amount(code); said {
			out.Sort = ""
		}
	}
	if t, err := w.tariff(); err == nil && s.Flavor == t.Flavor {
		out.Sort = t.Flavor // the tariff names it by its id
	}
	return out, nil
}

// Machines lists the project's servers in the region that were not made by this program. Whose they are is not told.
func (m *Module) Machines(ctx context.Context) ([]provision.Machine, error) {
	all, err := m.panel.Servers(ctx)
	if err != nil {
		return nil, err
	}
	o, err := m.offered(ctx)
	if err != nil {
		return nil, err
	}
	var out []provision.Machine
	for _, s := range all {
		if s.Mark == "" {
			out = append(out, provision.Machine{Found: m.tell(s, o), Name: s.Name})
		}
	}
	return out, nil
}

// SortOf is the tariff's flavor, as the tariff names it.
func (m *Module) SortOf(_ string, settings json.RawMessage) string {
	t, err := provision.DecodeTariff[Tariff](settings)
	if err != nil {
		return ""
	}
	return t.Flavor
}

// sizes are the add-ons that a flavor has an amount of.
var sizes = []string{"cpu", "ram", "disk"}

// tell is what the cloud says of a server.
func (m *Module) tell(s panel.Server, o offered) provision.Found {
	out := provision.Found{
		Exists: true, Ref: refOf(s), Standing: m.standing(s), Addresses: told(s), Parameters: map[string]string{},
	}
	off := slices.Contains([]string{panel.ShutOff, panel.Suspended, panel.Paused}, s.Status)
	if on := s.Running(); s.Settled() && (on || off) {
		out.Power = &on
	}
	for _, f := range o.flavors {
		if f.ID != s.Flavor {
			continue
		}
		out.Sort = f.Name
		out.AddOns = map[string]provision.AddOn{
			"cpu": quantity(f.CPU, "piece"), "ram": quantity(f.RAM, "MiB"), "disk": quantity(f.Disk, "GiB"),
		}
	}
	for _, i := range o.images {
		if i.ID == s.Image {
			out.Parameters["os"] = i.Name
		}
	}
	return out
}

// standing goes by the lock where suspended machines get one: only then a machine that is off was not switched off by its client.
func (m *Module) standing(s panel.Server) provision.Standing {
	switch {
	case s.Running() && !s.Locked:
		return provision.Served
	case !s.Running() && s.Locked && m.locks():
		return provision.CutOff
	}
	return ""
}

func quantity(n int, unit string) provision.AddOn {
	amount := decimal.NewFromInt(int64(n))
	return provision.AddOn{Amount: &amount, Unit: unit}
}
