package module

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
)

// Connect makes the live module of a record, for those who work with panels outside any transaction. Fault: not_found.
func (e *Engine) Connect(ctx context.Context, id provision.ModuleID) (provision.Module, error) {
	_, live, err := e.open(ctx, id)
	return live, err
}
