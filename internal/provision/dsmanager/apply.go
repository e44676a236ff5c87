package dsmanager

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
)

// How long until the next look, on the business clock.
const (
	shortWork  = 10 * time.Second
	installing = 30 * time.Second
)

// work is one call of Apply.
type work struct {
	*Module
	attempt.Attempt
}

// colocation tells whether people do all but disabling and enabling.
func (w *work) colocation() bool {
	return w.productType == colocation || w.Op.Spec.ProductType == colocation
}

// Apply brings the server nearer to what op asks for. Failures: Unavailable, Rejected ("no_free_server", "unknown_os",
// "server_not_found", "panel_failed", …, or the panel's own refusal), Unauthenticated.
func (m *Module) Apply(ctx context.Context, op provision.Op) (provision.Outcome, error) {
	leave, err := m.panel.Exclusive(ctx, markOf(op.ServiceID))
	if err != nil {
		return provision.Outcome{}, err
	}
	defer leave()
	w := &work{Module: m, Attempt: attempt.At(op, shortWork)}
	if w.colocation() && op.Kind != provision.Suspend && op.Kind != provision.Resume && op.Kind != provision.Renew {
		return provision.Outcome{State: provision.Manual, Text: "Colocated servers are set up, changed and taken down by people."}, nil
	}
	return w.frame().Apply(ctx, &w.Attempt)
}

func (w *work) frame() attempt.Frame[panel.Server] {
	return attempt.Frame[panel.Server]{
		Panel: "DSmanager",
		Find:  w.find, NotFound: panel.Missing(w.Op.Ref), Carriers: w.carriers,
		Obtain: w.claim, Prepare: w.prepare, HandOver: w.handOver, HandedOver: handedOver,
		Ours: w.ours, Same: func(a, b panel.Server) bool { return a.ID == b.ID },
		Opened:  func(_ context.Context, s panel.Server) (provision.Outcome, error) { return w.done(s), nil },
		Release: w.release, Kept: func(s panel.Server) string { return fmt.Sprintf("server %d could not be taken back", s.ID) },
		Changes: map[provision.Kind]attempt.Change[panel.Server]{
			provision.Suspend: w.suspend, provision.Resume: w.resume, provision.SetParams: w.setParams,
			provision.Reboot: w.reboot, provision.Reinstall: w.reinstall,
		},
	}
}

// suspend shuts the client's access and the switch port; the machine itself stays on.
func (w *work) suspend(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	return w.reach(ctx, s, func(s panel.Server) *step {
		if s.Disabled {
			return nil
		}
		return w.call(panel.Disable, s)
	})
}

func (w *work) resume(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	return w.reach(ctx, s, func(s panel.Server) *step {
		if !s.Disabled {
			return nil
		}
		return w.call(panel.Enable, s)
	})
}

// setParams has a call for the domain alone: people are told what else is another (D28). Another preset holds only when they have
// exchanged the server.
func (w *work) setParams(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	out, err := w.reach(ctx, s, func(s panel.Server) *step {
		if !slices.Contains(w.Op.Spec.Asked, "domain") || s.Hostname == w.Op.Spec.Domain {
			return nil
		}
		return &step{"host name", func(ctx context.Context) error {
			return w.panel.Edit(ctx, s.ID, panel.Change{Name: s.Name, Owner: s.Owner, Hostname: w.Op.Spec.Domain})
		}}
	})
	if err == nil && out.State == provision.Done && w.otherPreset(s) != "" {
		out.State, out.Text, out.ByHand = provision.Manual, out.ByHand, ""
	}
	return out, err
}

func (w *work) reboot(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	return w.unrepeatable(ctx, s, request{"reboot", func(ctx context.Context) error { return w.panel.Do(ctx, panel.Reboot, s.ID) }})
}

func (w *work) reinstall(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	install, err := w.installation(ctx, s)
	if err != nil {
		return provision.Outcome{}, err
	}
	w.After = installing
	return w.unrepeatable(ctx, s, install)
}

// done tells what the service has now, and what people must still see to.
func (w *work) done(s panel.Server) provision.Outcome {
	out := provision.Outcome{State: provision.Done, Ref: refOf(s)}
	if w.colocation() {
		return out
	}
	out.Domain, out.ByHand = w.Op.Spec.Domain, w.byHand(s)
	if address := mainAddress(s); address != nil {
		out.Addresses = []provision.Address{*address}
	}
	if image := w.Memo["image"]; image != "" && w.Op.Spec.Parameter("os") == "" {
		out.Parameters = map[string]string{"os": image} // the order left it open
	}
	return out
}

// byHand says what people must do because the panel has no call for it (D28); empty: nothing.
func (w *work) byHand(s panel.Server) string {
	todo := w.Op.Undone(func(code string) bool { return code == "os" && w.Op.Kind == provision.Open }, "domain")
	if preset := w.otherPreset(s); preset != "" {
		todo = append(todo, "preset "+preset)
	}
	if len(todo) == 0 {
		return ""
	}
	return fmt.Sprintf("The panel has no call for these; please see to them at server %d (%s): %s.", s.ID, plainName(s), strings.Join(todo, "; "))
}

// otherPreset is the preset that a change of tariff asks for and the server is not of; empty: it may stay. Nobody can exchange a
// machine by a call.
func (w *work) otherPreset(s panel.Server) string {
	p := w.Op.Spec.Previous
	if w.Op.Kind != provision.SetParams || p == nil {
		return ""
	}
	now, err := presetOf(w.Op.Spec.Settings, w.Op.Spec.TariffCode)
	before, unreadable := presetOf(p.Settings, p.TariffCode)
	if err != nil || unreadable != nil || now == before || now == s.Preset {
		return ""
	}
	return now
}

// presetOf is the preset that a tariff sells: the one that its settings name, else the one that it is called as.
func presetOf(settings json.RawMessage, code string) (string, error) {
	t, err := provision.DecodeTariff[Tariff](settings)
	return cmp.Or(t.Preset, code), err
}
