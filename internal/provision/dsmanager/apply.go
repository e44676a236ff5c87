package dsmanager

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
)

// How long until the next look, on the business clock.
const (
	soon       = time.Second // only the memo had to be put away
	shortWork  = 10 * time.Second
	installing = 30 * time.Second
)

// work is one call of Apply.
type work struct {
	*Module
	op    provision.Op
	memo  map[string]string
	after time.Duration // of the next look
	begun bool          // the panel holds something for this operation
}

// colocation tells whether people do all but disabling and enabling.
func (w *work) colocation() bool {
	return w.productType == colocation || w.op.Spec.ProductType == colocation
}

// Apply brings the server nearer to what op asks for. Failures: Unavailable, Rejected ("no_free_server", "unknown_os",
// "server_not_found", "panel_failed", …, or the panel's own refusal), Unauthenticated.
func (m *Module) Apply(ctx context.Context, op provision.Op) (provision.Outcome, error) {
	leave, err := m.panel.Exclusive(ctx, markOf(op.ServiceID))
	if err != nil {
		return provision.Outcome{}, err
	}
	defer leave()
	w := &work{Module: m, op: op, memo: maps.Clone(op.Memo), after: shortWork}
	if w.memo == nil {
		w.memo = map[string]string{}
	}
	out, err := w.apply(ctx)
	if err != nil {
		return provision.Outcome{Begun: w.begun}, err
	}
	out.Begun = w.begun
	return out, nil
}

func (w *work) apply(ctx context.Context) (provision.Outcome, error) {
	switch w.op.Kind {
	case provision.Suspend:
		return w.on(ctx, w.suspend)
	case provision.Resume:
		return w.on(ctx, w.resume)
	case provision.Renew:
		return provision.Outcome{State: provision.Done}, nil
	}
	if w.colocation() {
		return provision.Outcome{State: provision.Manual, Text: "Colocated servers are set up, changed and taken down by people."}, nil
	}
	switch w.op.Kind {
	case provision.Open:
		return w.open(ctx)
	case provision.SetParams:
		return w.on(ctx, w.setParams)
	case provision.Reboot:
		return w.on(ctx, w.reboot)
	case provision.Reinstall:
		return w.on(ctx, w.reinstall)
	case provision.Close:
		return w.close(ctx)
	}
	return provision.Outcome{}, provision.NewRejected("unsupported_operation", "DSmanager has no %q", w.op.Kind)
}

// on runs a change of the service's own server; there must be one.
func (w *work) on(ctx context.Context, change func(context.Context, panel.Server) (provision.Outcome, error)) (provision.Outcome, error) {
	s, found, err := w.find(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	if !found {
		return provision.Outcome{}, panel.Missing(w.op.Ref)
	}
	return change(ctx, s)
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

// setParams has no call in the panel: people are told what is another (D28).
func (w *work) setParams(_ context.Context, s panel.Server) (provision.Outcome, error) {
	return w.done(s), nil
}

func (w *work) reboot(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	return w.unrepeatable(ctx, s, request{"reboot", func(ctx context.Context) error { return w.panel.Do(ctx, panel.Reboot, s.ID) }})
}

func (w *work) reinstall(ctx context.Context, s panel.Server) (provision.Outcome, error) {
	install, err := w.installation(ctx, s)
	if err != nil {
		return provision.Outcome{}, err
	}
	w.after = installing
	return w.unrepeatable(ctx, s, install)
}

func (w *work) pending() provision.Outcome {
	return provision.Outcome{State: provision.Pending, After: w.after, Memo: w.memo}
}

func (w *work) orPending(err error) (provision.Outcome, error) {
	if err != nil {
		return provision.Outcome{}, err
	}
	return w.pending(), nil
}

// done tells what the service has now, and what people must still see to.
func (w *work) done(s panel.Server) provision.Outcome {
	out := provision.Outcome{State: provision.Done, Ref: refOf(s)}
	if w.colocation() {
		return out
	}
	out.Domain, out.ByHand = w.op.Spec.Domain, w.byHand(s)
	if s.IP != "" {
		out.Addresses = []provision.Address{{IP: s.IP, Family: "ipv4", Main: true}}
		if strings.Contains(s.IP, ":") {
			out.Addresses[0].Family = "ipv6"
		}
	}
	if image := w.memo["image"]; image != "" && w.op.Spec.Parameter("os") == "" {
		out.Parameters = map[string]string{"os": image} // the order left it open
	}
	return out
}

// counted are the add-ons of what panels count; there is nothing to do about them.
var counted = []string{"traffic", "in", "out", "bandwidth", "burst_in_day", "burst_out_day", "power"}

// byHand says what people must do because the panel has no call for it (D28); empty: nothing.
func (w *work) byHand(s panel.Server) string {
	before := w.op.Spec.Included
	switch {
	case w.op.Kind == provision.SetParams && w.op.Spec.Previous != nil:
		before = w.op.Spec.Previous.AddOns
	case w.op.Kind != provision.Open:
		return "" // the terms do not change
	}
	var todo []string
	for code, a := range w.op.Spec.AddOns {
		if slices.Contains(counted, code) || code == "os" && w.op.Kind == provision.Open || worded(a) == worded(before[code]) {
			continue
		}
		todo = append(todo, code+" "+worded(a))
	}
	if len(todo) == 0 {
		return ""
	}
	slices.Sort(todo)
	return fmt.Sprintf("The panel has no call for these; please see to them at server %d (%s): %s.", s.ID, plainName(s), strings.Join(todo, "; "))
}

// worded is an add-on's value for people; what is absent, off and zero is one.
func worded(a provision.AddOn) string {
	switch {
	case a.Amount != nil && !a.Amount.IsZero():
		return strings.TrimSpace(a.Amount.String() + " " + a.Unit)
	case a.On != nil && *a.On:
		return "on"
	case a.Item != "":
		return a.Item
	}
	return "none"
}
