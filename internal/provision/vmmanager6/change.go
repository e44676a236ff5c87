package vmmanager6

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/attempt"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// setParams brings addresses, processors, memory, speed and disk to what is wanted. More addresses come first: they need no stop,
// and where none are free nothing has been stopped for nothing. The disk is last of the sizes, for it never shrinks again, and
// fewer addresses come last of all, for they are not had back. What a refused change did before it was refused is undone.
func (w *work) setParams(ctx context.Context, h panel.Host) (provision.Outcome, error) {
	if w.Refused() {
		return w.undo(ctx, h)
	}
	cluster, err := w.cluster(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	x, err := w.wanted(ctx, cluster)
	if err != nil {
		return provision.Outcome{}, err
	}
	if x.limits, err = w.otherLimits(ctx, x.preset); err != nil {
		return provision.Outcome{}, err
	}
	if want := x.size().Disk; want != 0 && want < int(h.Disk.Size) {
		return provision.Outcome{}, provision.NewRejected("disk_cannot_shrink",
			"machine %d has a disk of %d MiB; the panel cannot make it one of %d MiB", h.ID, h.Disk.Size, want)
	}
	if w.Memo["was"] == "" && !w.set.DeferChanges && w.resizing(h, x) != nil {
		// Whether it ran must be known to every later attempt, before it is stopped.
		if w.Memo["was"], w.After = "off", attempt.Soon; !h.Stopped() {
			w.Memo["was"] = "on"
		}
		return w.Pending(), nil
	}
	h, ready, err := w.follow(ctx, h, w.change(x))
	if w.Refuse(err) {
		w.Memo["limits_back"] = w.Memo["limits"]
		delete(w.Memo, "limits")
		delete(w.Memo, "again")
		return w.undo(ctx, h)
	}
	if err != nil || !ready {
		return w.OrPending(err)
	}
	return w.done(ctx, h)
}

// change is the plan towards what is wanted.
func (w *work) change(x wanted) plan {
	return func(ctx context.Context, h panel.Host) (*step, error) {
		if s, err := w.addresses(ctx, h, x, true); s != nil || err != nil {
			return s, err
		}
		if s := w.sizing(h, x); s != nil {
			return s, nil
		}
		return w.addresses(ctx, h, x, false)
	}
}

// sizing is the next step towards a size: stop, change, start.
func (w *work) sizing(h panel.Host, x wanted) *step {
	change := w.resizing(h, x)
	switch {
	case change != nil && !w.set.DeferChanges && h.Running():
		return w.stop(h)
	case change != nil:
		return change
	case w.Memo["was"] == "on" && h.Stopped():
		return w.call("start", panel.HostStart, h)
	}
	return nil
}

// resizing is the call for what differs from the wanted size, or nil. Where changes are left to the client's next stop, a value
// that waits for it counts as had; its task ends only then and is not waited for.
func (w *work) resizing(h panel.Host, x wanted) *step {
	want, unlimited := x.size(), len(x.limits) > 0 && w.Memo["limits"] == ""
	later := w.set.DeferChanges && h.Running()
	has := func(now, next panel.Count) int {
		if later && next != 0 {
			return int(next)
		}
		return int(now)
	}
	in, out := w.panel.Rates(h)
	if differs(want.CPU, has(h.CPU, h.CPUNew)) || differs(want.RAM, has(h.RAM, h.RAMNew)) || differs(want.NetIn, in) && !later || differs(want.NetOut, out) && !later || unlimited {
		return &step{name: "resize", do: func(ctx context.Context) (panel.Begun, error) {
			b, err := w.panel.Resize(ctx, h.ID, want, x.limits, later)
			if err == nil && unlimited {
				w.Memo["limits"] = "sent" // no row of a machine tells them
			}
			return w.unawaited(later)(b, err)
		}}
	}
	if size := has(h.Disk.Size, h.Disk.SizeNew); want.Disk > size && h.Disk.ID != 0 {
		return &step{name: "grow disk", do: func(ctx context.Context) (panel.Begun, error) {
			return w.unawaited(later)(w.panel.GrowDisk(ctx, h.Disk.ID, want.Disk, later))
		}}
	}
	return nil
}

func differs(want, has int) bool { return want != 0 && want != has }

func (w *work) unawaited(later bool) func(panel.Begun, error) (panel.Begun, error) {
	return func(b panel.Begun, err error) (panel.Begun, error) {
		if later {
			b.Tasks = nil
		}
		return b, err
	}
}

// otherLimits are what the preset of a change of tariff says beside the size and otherwise than the former one.
func (w *work) otherLimits(ctx context.Context, now panel.Preset) (map[string]any, error) {
	if w.Op.Spec.Previous == nil || now.ID == 0 {
		return nil, nil
	}
	former, err := w.former(ctx)
	if err != nil || former.preset.ID == now.ID {
		return nil, err
	}
	return now.Limits(former.preset), nil
}

// undo brings a machine back to the terms that go on because a change was refused, and into service, and tells the refusal. A disk
// that has grown stays.
func (w *work) undo(ctx context.Context, h panel.Host) (provision.Outcome, error) {
	former, err := w.former(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	_, ready, err := w.follow(ctx, h, w.change(former))
	if err != nil || !ready {
		return w.NotUndone(err, "and the machine is not as it was before")
	}
	return provision.Outcome{}, w.Refusal()
}

// former is what a machine should be by the terms before a change; nothing where the terms do not change.
func (w *work) former(ctx context.Context) (wanted, error) {
	p := w.Op.Spec.Previous
	if p == nil {
		return wanted{}, nil
	}
	cluster, err := w.cluster(ctx)
	if err != nil {
		return wanted{}, err
	}
	before := *w
	before.Op.Spec.Settings, before.Op.Spec.AddOns = p.Settings, p.AddOns
	x, err := before.wanted(ctx, cluster)
	if err == nil && w.Memo["limits_back"] != "" {
		var asked wanted
		asked, err = w.wanted(ctx, cluster)
		x.limits = x.preset.Limits(asked.preset)
	}
	x.asked.Disk, x.preset.Size.Disk = 0, 0
	if w.Memo["was"] == "" { // no size was changed
		x.asked, x.preset.Size = panel.Size{}, panel.Size{}
	}
	return x, err
}
