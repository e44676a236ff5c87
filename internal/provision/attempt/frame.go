package attempt

import (
	"context"
	"slices"

	"github.com/tariffd/tariffd/internal/provision"
)

// Change is what is done to a machine that is there.
type Change[M any] func(ctx context.Context, m M) (provision.Outcome, error)

// Step brings a machine on. It answers how the machine is now, and whether there is nothing more to do.
type Step[M any] func(ctx context.Context, m M) (now M, ready bool, err error)

// Frame is how a driver carries out what a service is asked for; M is a machine as its panel tells it.
type Frame[M any] struct {
	Panel string // its name for people

	// Find returns the service's machine. NotFound is the refusal of a change that has none.
	Find     func(ctx context.Context) (m M, found bool, err error)
	NotFound error
	// Carriers are the machines with the service's mark, in an order that all attempts agree on: the first one stays.
	Carriers func(ctx context.Context) ([]M, error)

	// Obtain takes or makes a machine and answers those with the service's mark. Where there is none yet, the outcome tells why.
	Obtain func(ctx context.Context) ([]M, provision.Outcome, error)
	// Prepare makes a machine what was ordered.
	Prepare Step[M]
	// HandOver leaves in the panel that the opening has come to its end, and HandedOver reads it; nil: the panel does not remember.
	HandOver   Step[M]
	HandedOver func(m M) bool
	// Ours tells whether a machine is still the service's, and Same whether two are one.
	Ours func(m M) bool
	Same func(a, b M) bool
	// Opened tells of a machine that this attempt has finished; Again of one that was handed over before, nil: as Opened does.
	Opened, Again Change[M]

	// Release gives a machine back or deletes it. Kept names in a refusal what is left of it then.
	Release func(ctx context.Context, m M) (gone bool, err error)
	Kept    func(m M) string
	// LeaveNothing gives back what the service has beside its machine, once that is gone; nil: nothing.
	LeaveNothing func(ctx context.Context) error

	// Changes are what can be done to the service's machine. A renewal that is not among them is done at once.
	Changes map[provision.Kind]Change[M]
}

// mostReleases bounds how many machines one call gives back.
const mostReleases = 20

// Apply carries the attempt's operation out.
func (f Frame[M]) Apply(ctx context.Context, a *Attempt) (provision.Outcome, error) {
	out, err := f.apply(ctx, a)
	out.Begun = a.Begun
	return out, err
}

func (f Frame[M]) apply(ctx context.Context, a *Attempt) (provision.Outcome, error) {
	change, possible := f.Changes[a.Op.Kind]
	switch {
	case a.Op.Kind == provision.Open:
		return f.open(ctx, a)
	case a.Op.Kind == provision.Close:
		return f.close(ctx, a)
	case a.Op.Kind == provision.Renew && !possible:
		return provision.Outcome{State: provision.Done}, nil
	case !possible:
		return provision.Outcome{}, provision.NewRejected("unsupported_operation", "%s has no %q", f.Panel, a.Op.Kind)
	}
	m, found, err := f.Find(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	if !found {
		return provision.Outcome{}, f.NotFound
	}
	return change(ctx, m)
}

// open is done when the service has one machine that is what was ordered.
func (f Frame[M]) open(ctx context.Context, a *Attempt) (provision.Outcome, error) {
	if a.Refused() {
		return f.takeBack(ctx, a)
	}
	m, alone, out, err := f.one(ctx, a)
	if err != nil || !alone {
		return out, err
	}
	if f.HandedOver != nil && f.HandedOver(m) {
		if f.Again != nil {
			return f.Again(ctx, m)
		}
		return f.Opened(ctx, m)
	}
	m, ready, err := f.Prepare(ctx, m)
	if a.Refuse(err) {
		// What was taken goes back before another module may be asked, else the client would hold two machines.
		return f.takeBack(ctx, a)
	}
	switch {
	case err != nil:
		return provision.Outcome{}, err
	case !f.Ours(m):
		// Somebody else's hand was the last on this machine; the next look takes another one.
		a.Memo, a.After, a.Begun = map[string]string{}, Soon, false
		return a.Pending(), nil
	case !ready:
		return a.Pending(), nil
	}
	return f.finish(ctx, a, m)
}

// finish hands a machine over, and looks a last time whether another attempt has got one as well: who finishes last sees both.
func (f Frame[M]) finish(ctx context.Context, a *Attempt, m M) (provision.Outcome, error) {
	ready := true
	if f.HandOver != nil {
		var err error
		if m, ready, err = f.HandOver(ctx, m); err != nil {
			return provision.Outcome{}, err
		}
	}
	stays, alone, out, err := f.one(ctx, a)
	switch {
	case err != nil || !alone:
		return out, err
	case !ready || !f.Same(stays, m):
		a.After = Soon
		return a.Pending(), nil
	}
	return f.Opened(ctx, stays)
}

// one returns the machine with the service's mark, once it is the only one. Until then the outcome tells what is waited for.
func (f Frame[M]) one(ctx context.Context, a *Attempt) (m M, alone bool, out provision.Outcome, err error) {
	all, err := f.Carriers(ctx)
	if err == nil && len(all) == 0 {
		all, out, err = f.Obtain(ctx)
	}
	if err != nil || len(all) == 0 {
		return m, false, out, err
	}
	a.Begun = true
	for _, surplus := range all[1:] {
		if gone, err := f.Release(ctx, surplus); err != nil || !gone {
			out, err = a.OrPending(err)
			return m, false, out, err
		}
	}
	return all[0], true, out, nil
}

// takeBack undoes an opening that was refused half-way, and then tells the refusal.
func (f Frame[M]) takeBack(ctx context.Context, a *Attempt) (provision.Outcome, error) {
	all, err := f.Carriers(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	a.Begun = len(all) > 0
	for _, m := range all {
		if gone, err := f.Release(ctx, m); err != nil || !gone {
			return a.NotUndone(err, "%s", f.Kept(m))
		}
	}
	if err := f.leaveNothing(ctx); err != nil {
		return provision.Outcome{}, err
	}
	a.Begun = false
	refusal := a.Refusal()
	refusal.TakenBack = true
	return provision.Outcome{}, refusal
}

// close gives back the service's machine and whatever else carries its mark: two attempts at once may have left a second one. One
// that is missing, free already or somebody else's by now is done.
func (f Frame[M]) close(ctx context.Context, a *Attempt) (provision.Outcome, error) {
	for range mostReleases {
		m, found, err := f.Find(ctx)
		if err != nil {
			return provision.Outcome{}, err
		}
		if !found {
			return provision.Outcome{State: provision.Done}, f.leaveNothing(ctx)
		}
		if gone, err := f.Release(ctx, m); err != nil || !gone {
			return a.OrPending(err)
		}
	}
	return a.Pending(), nil
}

func (f Frame[M]) leaveNothing(ctx context.Context) error {
	if f.LeaveNothing == nil {
		return nil
	}
	return f.LeaveNothing(ctx)
}

// mostCandidates bounds how many machines are tried in one call.
const mostCandidates = 20

// FirstOf takes one free machine after the other, until one is had. Others may be faster, or the panel refuses one, which is no
// reason to leave the next: the last refusal is told only where there is none to be had.
func FirstOf[M any](free []M, none error, refused func(error) bool, take func(M) (got M, won bool, err error)) (m M, err error) {
	for _, one := range free[:min(len(free), mostCandidates)] {
		got, won, err := take(one)
		switch {
		case won:
			return got, nil
		case refused(err):
			none = err
		case err != nil:
			return m, err
		}
	}
	return m, none
}

// KnownIn finds the machine that a service is known by among all of a panel, else the first one that carries its mark.
func KnownIn[M any](all []M, known func(M) bool, carriers []M) (m M, found bool) {
	if i := slices.IndexFunc(all, known); i >= 0 {
		return all[i], true
	}
	if len(carriers) == 0 {
		return m, false
	}
	return carriers[0], true
}
