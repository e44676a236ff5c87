package openstack

import (
	"context"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision/openstack/internal/panel"
)

// deleting is what Nova calls its work on a server that goes.
const deleting = "deleting"

// remove asks for a deletion, after the lock that would forbid it, and again a few times where it came to nothing.
func (w *work) remove(ctx context.Context, s panel.Server) (gone bool, err error) {
	if s.Task == deleting {
		return false, nil
	}
	key := "deletes " + s.ID
	tries := w.Count(key)
	if tries >= mostTries {
		return false, w.inVain(ctx, s, string(panel.Delete))
	}
	w.Memo[key] = strconv.Itoa(tries + 1)
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
