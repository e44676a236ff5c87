package vmmanager6

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// close deletes the service's machine and whatever else carries its mark. One that is missing or somebody else's is done.
func (w *work) close(ctx context.Context) (provision.Outcome, error) {
	all, err := w.carriers(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	if h, found, err := w.find(ctx); err != nil {
		return provision.Outcome{}, err
	} else if found && len(all) == 0 {
		all = append(all, h) // it has no mark, but is known to be the service's
	}
	gone, err := w.remove(ctx, all)
	if err != nil || !gone {
		return w.orPending(err)
	}
	return provision.Outcome{State: provision.Done}, nil
}

// remove deletes machines and tells whether they are gone. One that the panel is still at work on is asked for again later.
func (w *work) remove(ctx context.Context, all []panel.Host) (gone bool, err error) {
	gone = true
	for _, h := range all {
		one, err := w.removeOne(ctx, h)
		if err != nil {
			return false, err
		}
		gone = gone && one
	}
	return gone, nil
}

func (w *work) removeOne(ctx context.Context, h panel.Host) (gone bool, err error) {
	key := "deletes " + strconv.Itoa(h.ID)
	if number := w.memo[key+" task"]; number != "" {
		at, words, known, err := w.panel.Task(ctx, number)
		if err != nil {
			return false, err
		}
		if known && at == panel.Working {
			return false, nil
		}
		if known && at == panel.Failed {
			return false, provision.NewRejected("panel_failed", "task %s failed: %s", number, words)
		}
		delete(w.memo, key+" task")
	}
	tries, _ := strconv.Atoi(w.memo[key])
	if tries >= mostTries {
		return false, provision.NewRejected("panel_does_not_finish", "the panel accepts the deletion of machine %d and does not do it", h.ID)
	}
	begun, asked := w.panel.Do(ctx, panel.HostDelete, h.ID)
	switch {
	case isp6.Missing(asked):
		return true, nil
	case isp6.Rejected(asked):
		log, err := w.panel.History(ctx, h.ID)
		if isp6.Missing(err) {
			return true, nil
		}
		if err != nil || log.Busy() {
			return false, err
		}
		return false, asked
	case asked != nil:
		return false, asked
	}
	w.memo[key] = strconv.Itoa(tries + 1)
	if len(begun.Tasks) > 0 {
		w.memo[key+" task"] = begun.Tasks[0]
	}
	_, still, err := w.panel.Host(ctx, h.ID)
	return !still, err
}
