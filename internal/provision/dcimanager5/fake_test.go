package dcimanager5_test

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
)

// addressTaken is our own books: what the test says that other services have.
func (w *world) addressTaken(_ context.Context, ip string, _ actor.ServiceID) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.taken[ip], nil
}
