package dcimanager5

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/panel"
)

// Inspect tells how the service's server is. One that carries another service's mark, or none and another owner than the service's,
// is not its server. The panel does not tell which system is installed.
func (m *Module) Inspect(ctx context.Context, op provision.Op) (provision.Found, error) {
	w := &work{Module: m, Attempt: attempt.Attempt{Op: op}}
	s, found, err := w.find(ctx)
	if err != nil || !found {
		return provision.Found{}, err
	}
	emails, err := m.panel.Emails(ctx)
	if err != nil {
		return provision.Found{}, err
	}
	given, err := m.given(ctx)
	if err != nil {
		return provision.Found{}, err
	}
	out, err := w.tell(ctx, s, given)
	if err != nil {
		return provision.Found{}, err
	}
	out.Owner = coremgr.Email(s.Owner, emails, op.Spec)
	if t, err := provision.DecodeTariff[Tariff](op.Spec.Settings); err == nil && s.IsOf(t.ServerType) {
		out.Sort = t.ServerType // the panel has two words for a server's sort
	}
	return out, nil
}

// Machines lists the servers that have an owner and were not given to them by this program.
func (m *Module) Machines(ctx context.Context) ([]provision.Machine, error) {
	all, err := m.panel.Servers(ctx)
	if err != nil {
		return nil, err
	}
	emails, err := m.panel.Emails(ctx)
	if err != nil {
		return nil, err
	}
	given, err := m.given(ctx)
	if err != nil {
		return nil, err
	}
	w := &work{Module: m}
	var out []provision.Machine
	for _, s := range all {
		if s.Owner == "" || markIn(s) != "" {
			continue
		}
		found, err := w.tell(ctx, s, given)
		if err != nil {
			return nil, err
		}
		found.Owner = emails[strings.ToLower(s.Owner)]
		found.Parameters = map[string]string{coremgr.PanelUser: s.Owner}
		out = append(out, provision.Machine{Found: found, Name: s.Name})
	}
	return out, nil
}

// SortOf is the tariff's server type.
func (m *Module) SortOf(code string, settings json.RawMessage) string {
	return m.StockKey(code, settings)
}

// given is what IPmanager gave away; nothing without one.
func (m *Module) given(ctx context.Context) ([]panel.Given, error) {
	if m.pool == nil {
		return nil, nil
	}
	return m.pool.Given(ctx)
}

// tell is what the panel says of a server.
func (w *work) tell(ctx context.Context, s panel.Server, given []panel.Given) (provision.Found, error) {
	ips, err := w.panel.IPs(ctx, s.ID)
	if err != nil {
		return provision.Found{}, err
	}
	out := provision.Found{
		Exists: true, Ref: refOf(s), Standing: provision.Served, Addresses: shown(s, ips), AddOns: w.counted(w.known(ips, given)),
	}
	if len(s.Types) > 0 {
		out.Sort = s.Types[0]
	}
	if s.Disabled {
		out.Standing = provision.CutOff
	}
	if s.On || s.PowerOff {
		out.Power = &s.On
	}
	if s.Hostname != w.panel.FreeHostname() && !strings.HasSuffix(s.Hostname, placeholder) {
		out.Domain = s.Hostname
	}
	return out, nil
}

// counted are a server's addresses by the elements that they are sold as.
func (w *work) counted(all []held) map[string]provision.AddOn {
	count := map[string]int64{"ipv4_public": 0, "ipv4_private": 0, "ipv6": 0}
	for _, h := range all {
		switch {
		case h.Family() == "ipv6":
			count["ipv6"]++
		case h.kind == w.dialect.Word("private_type"):
			count["ipv4_private"]++
		default:
			count["ipv4_public"]++
		}
	}
	out := map[string]provision.AddOn{}
	for code, n := range count {
		amount := decimal.NewFromInt(n)
		out[code] = provision.AddOn{Amount: &amount, Unit: "piece"}
	}
	return out
}
