package openstack

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// deleting is what Nova calls its work on a server that goes.
const deleting = "deleting"

// close deletes the service's server and whatever else carries its mark. One that is missing or somebody else's is done.
func (w *work) close(ctx context.Context) (provision.Outcome, error) {
	all, err := w.carriers(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	s, found, err := w.find(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	if found && len(all) == 0 {
		all = append(all, s) // it has no mark or another name, but is known to be the service's
	}
	gone, err := w.remove(ctx, all)
	if err != nil || !gone {
		return w.orPending(err)
	}
	return provision.Outcome{State: provision.Done}, nil
}

// remove deletes servers and tells whether they are gone.
func (w *work) remove(ctx context.Context, all []panel.Server) (gone bool, err error) {
	gone = true
	for _, s := range all {
		one, err := w.removeOne(ctx, s)
		if err != nil {
			return false, err
		}
		gone = gone && one
	}
	return gone, nil
}

// removeOne asks for a deletion, after the lock that would forbid it, and again a few times where it came to nothing.
func (w *work) removeOne(ctx context.Context, s panel.Server) (gone bool, err error) {
	if s.Task == deleting {
		return false, nil
	}
	key := "deletes " + s.ID
	tries, _ := strconv.Atoi(w.memo[key])
	if tries >= mostTries {
		return false, w.inVain(ctx, s, string(panel.Delete))
	}
	w.memo[key] = strconv.Itoa(tries + 1)
	if s.Locked {
		if err := w.panel.Do(ctx, panel.Unlock, s.ID); err != nil && !panel.Missing(err) {
			return false, err
		}
	}
	if err := w.panel.Do(ctx, panel.Delete, s.ID); err != nil && !panel.Missing(err) {
		return false, err
	}
	_, still, err := w.panel.Server(ctx, s.ID)
	return !still, err
}
