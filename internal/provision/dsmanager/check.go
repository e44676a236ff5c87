package dsmanager

import (
	"context"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/coremgr"
	"github.com/tariffd/tariffd/internal/provision/dialect"
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
	t := dialect.NewTrial(m.panel.Function, m.set.Endpoints)
	var all []panel.Server
	t.Call(panel.Servers, func() (err error) {
		all, err = m.panel.Servers(ctx)
		return err
	})
	if len(all) == 0 {
		t.Hint("The panel lists no server that can be read: there is none, or the fields say another column for its number.")
	}
	if m.productType != colocation || t.Corrected(panel.Users) {
		t.Call(panel.Users, func() error {
			_, err := m.panel.Emails(ctx)
			return err
		})
	}
	if m.productType != colocation {
		m.offer(ctx, t)
		dialect.OnSome(t, panel.History, all, coremgr.Missing, func(s panel.Server) error {
			_, err := m.panel.Last(ctx, s.ID)
			return err
		})
	}
	return t.Result()
}

// offer tries the lists of what servers are made of. Orders do without that of presets: a server's row tells its own.
func (m *Module) offer(ctx context.Context, t *dialect.Trial[panel.Call]) {
	list := func(call panel.Call) func() error {
		return func() error {
			names, err := m.panel.Names(ctx, call)
			if err == nil && len(names) == 0 {
				t.Hint("The panel tells nothing by %s (%s): no server can be made of it.", call, m.panel.Function(call))
			}
			return err
		}
	}
	t.Optional(panel.Presets, list(panel.Presets))
	t.Call(panel.OSImages, list(panel.OSImages))
}
