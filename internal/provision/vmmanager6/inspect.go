package vmmanager6

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// Inspect tells how the service's machine is. One that carries another service's mark, or none and another owner than the client,
// is not its machine.
func (m *Module) Inspect(ctx context.Context, op provision.Op) (provision.Found, error) {
	w := &work{Module: m, Attempt: attempt.Attempt{Op: op}}
	h, found, err := w.find(ctx)
	if err != nil || !found {
		return provision.Found{}, err
	}
	return w.tell(ctx, h)
}

// tell is what the panel says of a machine.
func (w *work) tell(ctx context.Context, h panel.Host) (provision.Found, error) {
	out := provision.Found{
		Exists: true, Ref: refOf(h), Standing: w.standing(h), Owner: h.Account.Email, Domain: h.Domain, Parameters: map[string]string{},
	}
	if h.Settled() {
		on := h.Running()
		out.Power = &on
	}
	ips, err := w.panel.IPs(ctx, h.ID)
	if err != nil {
		return out, err
	}
	if out.Addresses, err = w.told(ctx, h); err != nil {
		return out, err
	}
	if out.Addresses == nil {
		out.Addresses = []provision.Address{}
	}
	six := slices.ContainsFunc(out.Addresses, func(a provision.Address) bool { return a.Family == "ipv6" })
	_, speed := w.panel.Rates(h)
	out.AddOns = map[string]provision.AddOn{"ipv6": quantity(0, "piece")}
	if six {
		out.AddOns["ipv6"] = quantity(1, "piece")
	}
	own := 0
	if len(ips) > 0 {
		own = len(counted(ips))
	}
	out.AddOns["ipv4"] = quantity(own, "piece")
	for code, has := range map[string]struct {
		n    int
		unit string
	}{"cpu": {int(h.CPU), "piece"}, "ram": {int(h.RAM), "MiB"}, "disk": {int(h.Disk.Size), "MiB"}, "port_speed": {speed, "Mbit/s"}} {
		if has.n != 0 { // 0: this build does not tell
			out.AddOns[code] = quantity(has.n, has.unit)
		}
	}
	if h.OS != "" {
		out.Parameters["os"] = h.OS
	}
	return out, nil
}

// standing: a machine that is off may have been switched off by its client as well as by a suspension.
func (m *Module) standing(h panel.Host) provision.Standing {
	switch {
	case h.Disabled:
		return provision.CutOff
	case h.Running():
		return provision.Served
	}
	return ""
}

func quantity(n int, unit string) provision.AddOn {
	amount := decimal.NewFromInt(int64(n))
	return provision.AddOn{Amount: &amount, Unit: unit}
}

// Machines lists the machines of the module's cluster that were not made by this program.
func (m *Module) Machines(ctx context.Context) ([]provision.Machine, error) {
	cluster, err := m.cluster(ctx)
	if err != nil {
		return nil, err
	}
	presets, err := m.panel.Presets(ctx)
	if err != nil {
		return nil, err
	}
	// The filter is left to us: some builds refuse one on a nested member.
	rows, err := m.panel.Hosts(ctx, "")
	if err != nil {
		return nil, err
	}
	w := &work{Module: m}
	var out []provision.Machine
	for _, h := range rows {
		if h.Cluster.ID != cluster.ID || h.Account.Email == "" || m.markIn(h) != "" {
			continue
		}
		found, err := w.tell(ctx, h)
		if err != nil {
			return nil, err
		}
		found.Sort = m.presetLike(h, presets, cluster)
		out = append(out, provision.Machine{Found: found, Name: h.Name})
	}
	return out, nil
}

// presetLike is the preset that has the machine's size; the panel does not remember of which a machine was made.
func (m *Module) presetLike(h panel.Host, presets []panel.Preset, cluster panel.Cluster) string {
	in, out := m.panel.Rates(h)
	for _, p := range presets {
		if p.Virtualization != "" && p.Virtualization != cluster.Virtualization {
			continue
		}
		s := p.Size
		if !differs(s.CPU, int(h.CPU)) && !differs(s.RAM, int(h.RAM)) && !differs(s.Disk, int(h.Disk.Size)) &&
			!differs(s.NetIn, in) && !differs(s.NetOut, out) {
			return p.Name
		}
	}
	return ""
}

// SortOf is the tariff's template.
func (m *Module) SortOf(_ string, settings json.RawMessage) string {
	t, err := provision.DecodeTariff[Tariff](settings)
	if err != nil {
		return ""
	}
	return t.Template
}
