package module

import (
	"context"
	"fmt"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/provision"
)

// Open makes the live module of a record that was read with its secrets.
func Open(drivers *provision.Registry, env provision.Env, m Module, location string, near provision.Beside) (provision.Module, error) {
	d, err := drivers.Driver(m.Driver)
	if err != nil {
		return nil, fmt.Errorf("open module %s: %w", m.ID, err)
	}
	live, err := d.New(provision.Config{
		ProductType: m.ProductType, ModuleID: string(m.ID), Connection: m.Connection, Parameters: m.Parameters, Location: location, Beside: near, Env: env,
	})
	if err != nil {
		return nil, fmt.Errorf("open module %s: %w", m.ID, err)
	}
	return live, nil
}

// open reads a module with its secrets and makes it live.
func (e *Engine) open(ctx context.Context, id provision.ModuleID) (m Module, live provision.Module, err error) {
	var location string
	var near provision.Beside
	err = e.InTx(ctx, func(tx Tx) error {
		if m, err = tx.ModuleByID(ctx, id); err != nil {
			return err
		}
		var f fault.Fields // a companion in use cannot be deleted, so none is missing
		if near, err = beside(ctx, tx, &f, m.Parameters); err != nil {
			return err
		}
		location, err = locationOf(ctx, tx, m)
		return err
	})
	if err == nil {
		live, err = Open(e.Drivers, e.Env, m, location, near)
	}
	return m, live, err
}

// locationOf is the external id of a module's data center.
func locationOf(ctx context.Context, tx interface {
	DataCentersByIDs(ctx context.Context, ids []datacenter.ID) ([]datacenter.DataCenter, error)
}, m Module,
) (string, error) {
	if m.DataCenterID == "" {
		return "", nil
	}
	found, err := tx.DataCentersByIDs(ctx, []datacenter.ID{m.DataCenterID})
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].ExternalID, nil
}

// Check is how a check went, and what it did.
type Check struct {
	Health
	provision.Checked
}

// Check tries the connection and keeps how it went; a failed check is no error of this call. Fault: not_found.
func (e *Engine) Check(ctx context.Context, by actor.Actor, id provision.ModuleID) (Check, error) {
	m, live, err := e.open(ctx, id)
	if err != nil {
		return Check{}, err
	}
	did, failure := provision.Explain(ctx, live)
	if ctx.Err() != nil {
		return Check{}, ctx.Err()
	}
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Check, error) {
		if m, err = tx.LockModule(ctx, id); err != nil {
			return Check{}, err
		}
		h, err := note(ctx, tx, by, m, failure)
		return Check{h, did}, err
	})
}

// NoteCall keeps how a call to a module's panel went, for those who make such calls: success ends its problems, failure
// (not nil) is its health and, when the health turns, an event. Problems are opened with tx.InsertProblem by those who
// know whether the failure stands in the way of new services.
func NoteCall(ctx context.Context, tx Tx, by actor.Actor, id provision.ModuleID, failure error) error {
	list, err := tx.ModulesByIDs(ctx, []provision.ModuleID{id})
	if err != nil || len(list) == 0 {
		return err
	}
	if failure == nil && list[0].Health.Status == HealthOK {
		// The usual case takes no lock on a row that all operations of the module would share.
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		return tx.EndProblems(ctx, id, now)
	}
	m, err := tx.LockModule(ctx, id)
	if err != nil {
		return err
	}
	_, err = note(ctx, tx, by, m, failure)
	return err
}

func note(ctx context.Context, tx Tx, by actor.Actor, m Module, failure error) (Health, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return Health{}, err
	}
	h := Health{Status: HealthOK, CheckedAt: &now}
	turn, code := "", ""
	if failure != nil {
		h.Status = HealthFailing
		code, h.Error = wordsOf(failure)
	}
	switch {
	case failure != nil && m.Health.Status != HealthFailing:
		turn = "module.failing"
	case failure == nil && m.Health.Status == HealthFailing:
		turn = "module.recovered"
	}
	if failure == nil {
		if err = tx.EndProblems(ctx, m.ID, now); err != nil {
			return Health{}, err
		}
	}
	if err = tx.UpdateHealth(ctx, m.ID, h); err != nil || turn == "" {
		return h, err
	}
	told := map[string]any{"id": m.ID, "name": m.Name, "driver": m.Driver, "code": code, "error": h.Error}
	return h, event.Record(ctx, tx, by, m.about(), turn, turn, told)
}

// ClearProblems forgets a module's problems. Fault: not_found.
func (e *Engine) ClearProblems(ctx context.Context, by actor.Actor, id provision.ModuleID) error {
	return e.InTx(ctx, func(tx Tx) error {
		m, err := tx.LockModule(ctx, id)
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		if err = tx.EndProblems(ctx, id, now); err != nil {
			return err
		}
		return event.RecordChange(ctx, tx, by, "processing_module", string(m.ID), "problems_cleared", map[string]any{"id": m.ID})
	})
}

// Catalog asks a module's panel what it offers. Faults: not_found, unsupported_operation, panel_unavailable,
// panel_refused_login, module_refused.
func (e *Engine) Catalog(ctx context.Context, id provision.ModuleID) (provision.Catalog, error) {
	_, live, err := e.open(ctx, id)
	if err != nil {
		return provision.Catalog{}, err
	}
	lister, ok := live.(provision.Cataloguer)
	if !ok {
		return provision.Catalog{}, errNoCatalog
	}
	out, err := lister.Catalog(ctx)
	if err != nil {
		return provision.Catalog{}, PanelFault(err)
	}
	return out, nil
}

// PanelFault tells why a panel did not answer a question; its own words are for administrators only.
func PanelFault(err error) error {
	failure, ok := provision.FailureOf(err)
	switch {
	case !ok:
		return fmt.Errorf("ask the panel: %w", err)
	case failure.Kind == provision.Unavailable:
		return fault.New(fault.Unavailable, "panel_unavailable", "The panel cannot be reached.").WithStaff(failure.Text).Because(err)
	case failure.Kind == provision.Unauthenticated:
		return fault.New(fault.Invalid, "panel_refused_login", "The panel does not accept our login.").WithStaff(failure.Text).Because(err)
	default:
		return fault.New(fault.Invalid, "module_refused", "The panel refused.").WithStaff(failure.Text).Because(err)
	}
}
