package module

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/datacenter"
	"github.com/tariffd/tariffd/internal/department"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
)

// Module is the record of a processing module. Secrets are sealed in the database and open only in Connection here when it
// was read with LockModule or OpenModule.
type Module struct {
	ID              provision.ModuleID
	Driver          string
	ProductType     string
	Name            string
	DataCenterID    datacenter.ID
	DepartmentID    string
	SortOrder       int
	Enabled         bool
	Connection      json.RawMessage // readable members only, unless opened
	SecretNames     []string        // members that are set but not readable
	Parameters      json.RawMessage
	Queue           Queue
	MaxRunningOpens int // 0: no limit
	Health          Health
	SyncedAt        *time.Time // when the panel last told what it offers; nil: it never did
	CreatedAt       time.Time
	Version         int64
}

// Filter narrows a list of modules; empty and nil members do not.
type Filter struct {
	Driver       string
	ProductType  string
	DataCenterID datacenter.ID
	Enabled      *bool
	Health       string
	HasProblems  *bool // that still count
}

// Queue limits the simultaneous operations of all modules with one key.
type Queue struct {
	Enabled bool
	Key     string // empty: the module's id
	Workers int
}

// ProblemLasts is how long a problem counts where nothing ends it before (D23).
const ProblemLasts = time.Hour

// The statuses of a module's health.
const (
	HealthUnknown = "unknown"
	HealthOK      = "ok"
	HealthFailing = "failing"
)

// Health is what the last call to the panel said.
type Health struct {
	Status    string // unknown, ok, failing
	CheckedAt *time.Time
	Error     string // the panel's own words
}

// Problem is an open difficulty of a module: it moves the module to the end of the choice (D23).
type Problem struct {
	ID       string
	ModuleID provision.ModuleID
	Kind     string // a stable word
	Text     string // the panel's own words
	At       time.Time
	EndedAt  *time.Time
}

// QueueChange is a partial change of a module's queue.
type QueueChange struct {
	Enabled *bool
	Key     input.Opt[string]
	Workers *int
}

// Change is a new module's members, or a partial change of one; connection and parameters are merged. Check tells
// whether the panel is tried first.
type Change struct {
	IfVersion       *int64
	Check           bool
	Name            *string
	DataCenterID    input.Opt[datacenter.ID]
	DepartmentID    input.Opt[string]
	SortOrder       *int
	Enabled         *bool
	Connection      json.RawMessage
	Parameters      json.RawMessage
	Queue           QueueChange
	MaxRunningOpens *int
}

// errProceed ends the first of two transactions of a use-case that calls a panel between them. It is never seen outside:
// the first one only reads, and answers a repeated request before the panel is called again.
var errProceed = errors.New("module: go on to the panel")

// Create connects a panel. It is tried first, outside any transaction: what the panel says against it is the fault
// connection_failed, and nothing is stored. Other faults: unknown_value (driver), product_type_not_served, not_found and
// required at what it refers to, external_id_required, external_id_forbidden, already_exists (name), the driver's own.
func (e *Engine) Create(ctx context.Context, by actor.Actor, driver, productType string, in Change) (Module, error) {
	m := Module{
		ID: provision.ModuleID(actor.NewID()), Driver: driver, ProductType: productType, Name: driver, SortOrder: 1, Enabled: true,
		Connection: json.RawMessage(`{}`), Parameters: json.RawMessage(`{}`), Queue: Queue{Workers: 1}, MaxRunningOpens: 2,
		Health: Health{Status: HealthUnknown}, Version: 1,
	}
	if err := e.apply(&m, in); err != nil {
		return Module{}, err
	}
	var live provision.Module
	_, err := event.Do(ctx, e.InTx, by, func(tx Tx) (_ Module, err error) {
		if live, err = e.prepare(ctx, tx, &m); err != nil {
			return Module{}, err
		}
		return Module{}, errProceed
	})
	if !errors.Is(err, errProceed) {
		return Module{}, err
	}
	var said *heard
	if in.Check {
		if err = e.attempt(ctx, m, live); err != nil {
			return Module{}, err
		}
		if e.tried == nil {
			said = listen(ctx, live)
		}
	}
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Module, error) {
		created := m
		if _, err := e.prepare(ctx, tx, &created); err != nil {
			return Module{}, err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return Module{}, err
		}
		created.CreatedAt = now
		if in.Check {
			created.Health = Health{Status: HealthOK, CheckedAt: &now}
		}
		if err = tx.InsertModule(ctx, created); err != nil {
			return Module{}, err
		}
		if err = created.record(ctx, tx, by, "created"); err != nil {
			return Module{}, err
		}
		err = created.begin(ctx, tx, by, live, said)
		return created, err
	})
}

// begin takes over what the panel of a new module told; one that was tried by somebody else is asked in the background, one that
// was not tried tomorrow. That it would not tell keeps nobody from connecting it.
func (m *Module) begin(ctx context.Context, tx Tx, by actor.Actor, live provision.Module, said *heard) error {
	if _, can := live.(provision.Cataloguer); !can {
		return nil
	}
	if said == nil {
		next := m.CreatedAt
		if m.Health.Status == HealthUnknown {
			next = next.Add(syncEvery)
		}
		return tx.UpdateSync(ctx, m.ID, nil, &next)
	}
	if err := said.keep(ctx, tx, by, *m); err != nil {
		return err
	}
	if said.failure == nil {
		m.SyncedAt = &m.CreatedAt
	} else {
		m.Health.Status = HealthFailing
		_, m.Health.Error = wordsOf(said.failure)
	}
	return nil
}

// Update changes a module. A change of what it connects with is tried first. Faults: as Create, not_found,
// precondition_failed, parameter_fixed.
func (e *Engine) Update(ctx context.Context, by actor.Actor, id provision.ModuleID, in Change) (Module, error) {
	var before Module
	var live provision.Module
	err := e.InTx(ctx, func(tx Tx) (err error) {
		if before, err = tx.ModuleByID(ctx, id); err != nil {
			return err
		}
		m := before
		if live, err = e.change(ctx, tx, &m, in); err != nil {
			return err
		}
		return e.keepFixed(ctx, tx, m, before.Parameters)
	})
	if err != nil {
		return Module{}, err
	}
	reconnects := in.Connection != nil || in.Parameters != nil || in.DataCenterID.Set
	if in.Check && reconnects {
		if err = e.attempt(ctx, before, live); err != nil {
			return Module{}, err
		}
	}
	return event.Do(ctx, e.InTx, by, func(tx Tx) (Module, error) {
		m, err := tx.LockModule(ctx, id)
		if err != nil {
			return Module{}, err
		}
		if m.Version != before.Version && in.IfVersion == nil {
			// What was tried is not what would be stored now; the caller can decide better than we.
			in.IfVersion = &before.Version
		}
		was := m.Parameters
		if _, err = e.change(ctx, tx, &m, in); err != nil {
			return Module{}, err
		}
		if err = e.keepFixed(ctx, tx, m, was); err != nil {
			return Module{}, err
		}
		if err = tx.UpdateModule(ctx, m); err != nil {
			return Module{}, err
		}
		m.Version++
		if reconnects {
			if m.Health, err = afterChange(ctx, tx, by, m, in.Check); err != nil {
				return Module{}, err
			}
			if err = askAgain(ctx, tx, m.ID, live, in.Check); err != nil {
				return Module{}, err
			}
		}
		return m, m.record(ctx, tx, by, "updated")
	})
}

// askAgain has a panel that a module connects with in another way now asked what it offers: in the background, as soon as it was
// tried.
func askAgain(ctx context.Context, tx Tx, id provision.ModuleID, live provision.Module, tried bool) error {
	if _, can := live.(provision.Cataloguer); !can || !tried {
		return nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	return tx.UpdateSync(ctx, id, nil, &now)
}

// afterChange is the health of a module that connects in another way now: good where that was tried, else unknown.
func afterChange(ctx context.Context, tx Tx, by actor.Actor, m Module, tried bool) (Health, error) {
	if tried {
		return note(ctx, tx, by, m, nil)
	}
	h := Health{Status: HealthUnknown}
	return h, tx.UpdateHealth(ctx, m.ID, h)
}

func (e *Engine) change(ctx context.Context, tx Tx, m *Module, in Change) (provision.Module, error) {
	if err := input.CheckVersion(in.IfVersion, m.Version); err != nil {
		return nil, err
	}
	if err := e.apply(m, in); err != nil {
		return nil, err
	}
	return e.prepare(ctx, tx, m)
}

// Delete removes a module. Faults: not_found, precondition_failed, in_use.
func (e *Engine) Delete(ctx context.Context, by actor.Actor, id provision.ModuleID, ifVersion *int64) error {
	return e.InTx(ctx, func(tx Tx) error {
		m, err := tx.LockModule(ctx, id)
		if err != nil {
			return err
		}
		if err = input.CheckVersion(ifVersion, m.Version); err != nil {
			return err
		}
		if err = input.InUse("A tariff, a service, an operation or a task refers to this module.").When(tx.ModuleInUse(ctx, id)); err != nil {
			return err
		}
		if err = product.Forget(ctx, tx, by, m.ProductType, m.ID); err != nil {
			return err
		}
		if err = tx.DeleteModule(ctx, id); err != nil {
			return err
		}
		return m.record(ctx, tx, by, "deleted")
	})
}

// apply applies a change and checks what needs no database.
func (e *Engine) apply(m *Module, in Change) error {
	var f fault.Fields
	d, err := e.Drivers.Driver(m.Driver)
	if err != nil {
		f.Add("/driver", "unknown_value", "There is no such driver.")
		return f.Err()
	}
	if _, serves := d.Info.Serves(m.ProductType); !serves {
		f.Add("/product_type", "product_type_not_served", "The driver %s serves %s only.", m.Driver, strings.Join(d.Info.Codes(), ", "))
	}
	input.Put(&m.Name, in.Name)
	input.Put(&m.SortOrder, in.SortOrder)
	input.Put(&m.Enabled, in.Enabled)
	input.Put(&m.MaxRunningOpens, in.MaxRunningOpens)
	input.Put(&m.Queue.Enabled, in.Queue.Enabled)
	input.Put(&m.Queue.Workers, in.Queue.Workers)
	input.PutText(&m.Queue.Key, in.Queue.Key)
	if in.DataCenterID.Set {
		m.DataCenterID = ""
		input.Put(&m.DataCenterID, in.DataCenterID.Value)
	}
	if in.DepartmentID.Set {
		m.DepartmentID = ""
		input.Put(&m.DepartmentID, in.DepartmentID.Value)
	}
	secrets := secretMembers(d.Info)
	m.Connection = mergeConnection(m.Connection, in.Connection, secrets)
	m.SecretNames = setSecrets(m.Connection, secrets)
	m.Parameters = input.Merge(m.Parameters, in.Parameters)
	input.CheckText(&f, "/name", m.Name, 1, 200)
	input.CheckText(&f, "/queue/key", m.Queue.Key, 0, 100)
	input.CheckRange(&f, "/queue/workers", m.Queue.Workers, 1, 1000)
	input.CheckSortOrder(&f, "/sort_order", m.SortOrder)
	input.CheckRange(&f, "/max_running_opens", m.MaxRunningOpens, 0, 10000)
	return f.Err()
}

// prepare checks what the module refers to, keeps it from going away, and lets the driver read the settings. A module
// without a department gets the first one.
func (e *Engine) prepare(ctx context.Context, tx Tx, m *Module) (provision.Module, error) {
	d, err := e.Drivers.Driver(m.Driver)
	if err != nil {
		return nil, err
	}
	var f fault.Fields
	if _, err = tx.ShareProductType(ctx, m.ProductType); err != nil {
		if !fault.Has(err, product.ErrNoType.Code) {
			return nil, err
		}
		input.Missing(&f, "/product_type", "product type")
	}
	location, err := e.locate(ctx, tx, &f, d.Info, m.DataCenterID)
	if err != nil {
		return nil, err
	}
	dep, err := tx.ShareDepartment(ctx, department.ID(m.DepartmentID))
	switch {
	case fault.Has(err, department.ErrNone.Code):
		input.Missing(&f, "/department_id", "department")
	case err != nil:
		return nil, err
	default:
		m.DepartmentID = string(dep.ID)
	}
	near, err := beside(ctx, tx, &f, m.Parameters)
	if err != nil {
		return nil, err
	}
	live, err := d.New(provision.Config{
		ProductType: m.ProductType, ModuleID: string(m.ID), Connection: m.Connection, Parameters: m.Parameters, Location: location, Beside: near, Env: e.Env,
	})
	if err = f.Merge("", err); err != nil {
		return nil, err
	}
	return live, f.Err()
}

// locate returns the external id of the module's data center and holds both to the driver's rule. As every module keeps to
// it, one data center never serves drivers that disagree about the id.
func (e *Engine) locate(ctx context.Context, tx Tx, f *fault.Fields, info provision.Info, id datacenter.ID) (string, error) {
	if id == "" {
		if info.DataCenter.Required {
			f.Add("/data_center_id", "required", "A module of the driver %s needs a data center.", info.Name)
		}
		return "", nil
	}
	found, err := tx.ShareDataCenters(ctx, []datacenter.ID{id})
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		input.Missing(f, "/data_center_id", "data center")
		return "", nil
	}
	external := found[0].ExternalID
	switch {
	case info.DataCenter.ExternalID == provision.Required && external == "":
		f.Add("/data_center_id", "external_id_required", "The driver %s needs a data center with an external id.", info.Name)
	case info.DataCenter.ExternalID == provision.Forbidden && external != "":
		f.Add("/data_center_id", "external_id_forbidden", "The driver %s needs a data center without an external id.", info.Name)
	}
	return external, nil
}

// try connects to the panel. Its own words stand in the fault: only administrators make modules.
func try(ctx context.Context, live provision.Module) error {
	err := live.Check(ctx)
	if err == nil {
		return nil
	}
	_, words := wordsOf(err)
	return fault.New(fault.Invalid, "connection_failed", "The panel does not accept the connection: %s", words).At("/connection").Because(err)
}

// wordsOf returns a stable word and the panel's own words for what went wrong with a panel.
func wordsOf(err error) (code, words string) {
	if failure, ok := provision.FailureOf(err); ok {
		return failure.Code, failure.Text
	}
	return "module_error", "The call ended without a usable answer."
}

func (m Module) record(ctx context.Context, tx Tx, by actor.Actor, verb string) error {
	return event.RecordChange(ctx, tx, by, "processing_module", string(m.ID), verb, map[string]any{
		"id": m.ID, "driver": m.Driver, "product_type": m.ProductType, "name": m.Name, "data_center_id": m.DataCenterID,
		"department_id": m.DepartmentID, "sort_order": m.SortOrder, "enabled": m.Enabled, "parameters": m.Parameters,
		"connection": m.Shut().Readable(), "queue": m.Queue, "max_running_opens": m.MaxRunningOpens,
	})
}

// Shut returns the module without its secrets, for those who need none.
func (m Module) Shut() Module {
	m.Connection, _ = m.SplitConnection()
	return m
}

func (m Module) about() event.About {
	return event.About{Subject: "processing_module", SubjectID: string(m.ID)}
}
