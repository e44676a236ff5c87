package vmmanager6

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/isp6"
	"github.com/tariffd/tariffd/internal/provision/vmmanager6/internal/panel"
)

// remove deletes a machine and tells whether it is gone. One that the panel is still at work on is asked for again later.
func (w *work) remove(ctx context.Context, h panel.Host) (gone bool, err error) {
	key := "deletes " + strconv.Itoa(h.ID)
	if number := w.Memo[key+" task"]; number != "" {
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
		delete(w.Memo, key+" task")
	}
	tries := w.Count(key)
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
	w.Memo[key] = strconv.Itoa(tries + 1)
	if len(begun.Tasks) > 0 {
		w.Memo[key+" task"] = begun.Tasks[0]
	}
	_, still, err := w.panel.Host(ctx, h.ID)
	return !still, err
}
