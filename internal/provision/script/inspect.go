package script

import (
	"context"
	"encoding/json"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/script/internal/document"
)

// syncItem is the command that only looks at one object.
const syncItem = "sync_item"

// Inspect lets the program look at the service's object. What it tells by its functions or its document is what the system says; a
// program that ends well and tells nothing says that nothing differs. Fault: unsupported_operation where the features do not name
// sync_item.
func (m *Module) Inspect(ctx context.Context, op provision.Op) (provision.Found, error) {
	f, err := m.looks(ctx, syncItem)
	if err != nil {
		return provision.Found{}, err
	}
	t, err := m.command(ctx, f, document.Order{Command: syncItem, Op: &op})
	if err != nil {
		return provision.Found{}, sure(err)
	}
	return t.found(), nil
}

// Machines lets the program list what its system has. Fault as of Inspect, for import.
func (m *Module) Machines(ctx context.Context) ([]provision.Machine, error) {
	f, err := m.looks(ctx, document.Import)
	if err != nil {
		return nil, err
	}
	t, err := m.command(ctx, f, document.Order{Command: document.Import})
	if err != nil {
		return nil, sure(err)
	}
	out := make([]provision.Machine, 0, len(t.machines))
	at := map[string]int{}
	for _, x := range t.machines {
		one := provision.Machine{Found: x.found(), Name: x.name}
		if i, again := at[x.ref]; again {
			out[i] = one // of one that was told twice the last word counts
			continue
		}
		at[x.ref] = len(out)
		out = append(out, one)
	}
	return out, nil
}

// SortOf is the tariff's code: the program names what it found by the tariff's name, as BILLmanager's do.
func (m *Module) SortOf(tariffCode string, _ json.RawMessage) string { return tariffCode }

// looks reads the features for a command that only looks.
func (m *Module) looks(ctx context.Context, command string) (features, error) {
	f, err := m.features(ctx)
	if err == nil && !f.has(command) {
		err = fault.New(fault.Invalid, "unsupported_operation", "The module's program has no command %s.", command)
	}
	return f, err
}
