package lifecycle

import (
	"context"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/service"
)

// Patch is what may be edited of a service without its panel; nil leaves a field as it is.
type Patch struct {
	AutoRenew *bool
	Name      *string
	Note      *string // staff only
	IfVersion *int64
}

// Edit changes a service's name, note and automatic renewal. Faults: precondition_failed, field_forbidden,
// invalid_service_state (deleted, or nothing to renew).
func (e *Engine) Edit(ctx context.Context, by actor.Actor, id service.ID, in Patch) (Result, error) {
	return e.act(ctx, by, id, func(tx Tx, _ client.Client, s *service.Service) (Result, error) {
		if err := match(in.IfVersion, s.Version); err != nil {
			return Result{}, err
		}
		if s.Status == service.Deleted {
			return Result{}, s.WrongState("be changed")
		}
		if in.AutoRenew != nil {
			if *in.AutoRenew && s.Period.IsOneTime() {
				return Result{}, fault.New(fault.Invalid, "bad_value", "A one-time purchase has nothing to renew.").At("/auto_renew")
			}
			s.AutoRenew = *in.AutoRenew
		}
		if in.Note != nil {
			if by.Role == actor.Client {
				return Result{}, fault.New(fault.Forbidden, "field_forbidden", "Clients may not write notes.").At("/note")
			}
			s.Note = *in.Note
		}
		if in.Name != nil {
			s.Name = *in.Name
		}
		if err := tx.UpdateService(ctx, *s); err != nil {
			return Result{}, err
		}
		return Result{}, record(ctx, tx, by, *s, "service.edited", "service.changed", nil)
	})
}

// Reboot restarts the machine of an active service; with recovery from a system of the panel, which the next reboot ends.
// Faults: invalid_service_state, operation_pending, unsupported_operation (a driver that knows no recovery).
func (e *Engine) Reboot(ctx context.Context, by actor.Actor, id service.ID, recovery bool) (Result, error) {
	return e.act(ctx, by, id, func(tx Tx, _ client.Client, s *service.Service) (Result, error) {
		if s.Status != service.Active {
			return Result{}, s.WrongState("be rebooted")
		}
		if recovery {
			if err := e.recovers(ctx, tx, *s); err != nil {
				return Result{}, err
			}
		}
		return e.enqueue(ctx, tx, by, s, provision.Reboot, operation.Payload{Recovery: recovery})
	})
}

// recovers refuses a recovery that the service's driver does not have.
func (e *Engine) recovers(ctx context.Context, tx Tx, s service.Service) error {
	m, err := tx.ModuleByID(ctx, s.ModuleID)
	if err != nil {
		return err
	}
	d, err := e.Registry.Driver(m.Driver)
	if err != nil {
		return err
	}
	if p, _ := d.Info.Serves(s.ProductType); !p.Recovery {
		return fault.New(fault.Invalid, "unsupported_operation", "The service's module has no recovery system.").At("/recovery")
	}
	return nil
}

// Credentials are a machine's access data.
type Credentials struct {
	Username string
	Password string
}

// Reveal shows the credentials of a service's machine; the showing itself is audited.
func (e *Engine) Reveal(ctx context.Context, by actor.Actor, id service.ID) (out Credentials, err error) {
	err = e.InTx(ctx, func(tx Tx) error {
		_, s, err := e.lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if len(s.Secrets) == 0 || !s.Live() {
			return fault.New(fault.Conflict, "invalid_service_state", "The service has no credentials.")
		}
		plain, err := e.Box.Open(s.Secrets)
		if err != nil {
			return err
		}
		out = Credentials{Username: "root", Password: string(plain)}
		return record(ctx, tx, by, s, "service.credentials_revealed", "", nil)
	})
	return out, err
}
