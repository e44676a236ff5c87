package dsmanager

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dsmanager/internal/panel"
)

// Check proves that the panel answers to the name and password, and has the functions that show something: all names of functions
// are inferred, and without these nothing can be sold.
func (m *Module) Check(ctx context.Context) error {
	_, err := m.Explain(ctx)
	return err
}

// Explain is Check, and tells what was tried. Of colocated servers only the list is needed.
func (m *Module) Explain(ctx context.Context) (provision.Checked, error) {
	t := &provision.Trial{}
	try := func(call panel.Call, attempt func() error) { t.Call(string(call), m.panel.Function(call), attempt) }
	var all []panel.Server
	try(panel.Servers, func() (err error) {
		all, err = m.panel.Servers(ctx)
		return err
	})
	if len(all) == 0 {
		t.Hint("The panel lists no server that can be read: there is none, or the fields say another column for its number.")
	}
	_, users := m.set.Endpoints[string(panel.Users)]
	if m.productType != colocation || users {
		try(panel.Users, func() error {
			_, err := m.panel.Emails(ctx)
			return err
		})
	}
	if m.productType != colocation {
		for _, call := range []panel.Call{panel.Presets, panel.OSImages} {
			var names []string
			try(call, func() (err error) {
				names, err = m.panel.Names(ctx, call)
				return err
			})
			if len(names) == 0 {
				t.Hint("The panel tells nothing by %s (%s): no server can be made of it.", call, m.panel.Function(call))
			}
		}
		if len(all) > 0 {
			try(panel.History, func() error {
				_, err := m.panel.Last(ctx, all[0].ID)
				return err
			})
		}
	}
	t.Untried(m.set.Endpoints)
	return t.Result()
}
