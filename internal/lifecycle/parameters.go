package lifecycle

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/catalog"
	"github.com/tariffd/tariffd/internal/client"
	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/module"
	"github.com/tariffd/tariffd/internal/operation"
	"github.com/tariffd/tariffd/internal/product"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/secret"
	"github.com/tariffd/tariffd/internal/service"
)

// Reinstall puts an operating system on the machine anew; the parameters say which. Faults: as SetParameters.
func (e *Engine) Reinstall(ctx context.Context, by actor.Actor, id service.ID, parameters map[string]json.RawMessage) (Result, error) {
	return e.act(ctx, by, id, func(tx Tx, _ client.Client, s *service.Service) (Result, error) {
		if s.Status != service.Active {
			return Result{}, s.WrongState("be installed anew")
		}
		checked, err := e.checkParameters(ctx, tx, by, *s, parameters)
		if err != nil {
			return Result{}, err
		}
		if len(s.Secrets) == 0 {
			// Taken over, or made by people: the new system's first password is one that can be revealed.
			if s.Secrets, err = e.Box.Seal([]byte(secret.Password())); err != nil {
				return Result{}, err
			}
			if err = tx.UpdateService(ctx, *s); err != nil {
				return Result{}, err
			}
		}
		return e.enqueue(ctx, tx, by, s, provision.Reinstall, operation.Payload{Parameters: checked})
	})
}

// SetParameters changes a service's parameters: through its module, or at once while the panel has not begun to make it. Faults:
// invalid_service_state, operation_pending, field_forbidden, and what catalog.Questionnaire names.
func (e *Engine) SetParameters(ctx context.Context, by actor.Actor, id service.ID, parameters map[string]json.RawMessage) (Result, error) {
	return e.act(ctx, by, id, func(tx Tx, _ client.Client, s *service.Service) (Result, error) {
		if s.Status != service.Active && s.Status != service.Ordered && s.Status != service.Processing {
			return Result{}, s.WrongState("get other parameters")
		}
		checked, err := e.checkParameters(ctx, tx, by, *s, parameters)
		if err != nil {
			return Result{}, err
		}
		if s.Status == service.Active {
			return e.enqueue(ctx, tx, by, s, provision.SetParams, operation.Payload{Parameters: checked})
		}
		if err = notBegun(ctx, tx, *s); err != nil {
			return Result{}, err
		}
		takeParameters(s, checked)
		if err = tx.UpdateService(ctx, *s); err != nil {
			return Result{}, err
		}
		return Result{}, record(ctx, tx, by, *s, "service.set_params", "service.changed", nil)
	})
}

// notBegun refuses a change of what the panel, or people, have been asked for.
func notBegun(ctx context.Context, tx Tx, s service.Service) error {
	live, err := tx.LiveOperations(ctx, s.ID)
	if err != nil {
		return err
	}
	for _, o := range live {
		if o.Begun || o.Status != operation.Queued {
			return s.WrongState("get other parameters: it is being made")
		}
	}
	return nil
}

// checkParameters checks new values by the terms that the service was sold by: who may change them now, and what they may be.
func (e *Engine) checkParameters(ctx context.Context, tx Tx, by actor.Actor, s service.Service, given catalog.Answers) (catalog.Answers, error) {
	offer, err := tx.TariffVersion(ctx, s.TariffID, s.TariffVersion)
	if err != nil {
		return nil, err
	}
	parameters, err := tx.ParametersOf(ctx, s.ProductType)
	if err != nil {
		return nil, err
	}
	modules, err := makers(ctx, tx, s, offer)
	if err != nil {
		return nil, err
	}
	q := catalog.NewQuestionnaire(offer, parameters, modules)
	q.Kept = catalog.Answers{}
	maps.Copy(q.Kept, s.Parameters)
	if err = mayEdit(by, s, q, given); err != nil {
		return nil, err
	}
	var fields fault.Fields
	checked := q.Check(&fields, given)
	return checked, fields.Err()
}

// makers are the modules that decide which values there are: the one that the service is on, else those that may make it.
func makers(ctx context.Context, tx Tx, s service.Service, offer catalog.Offer) ([]module.Module, error) {
	if s.ModuleID != "" {
		return tx.ModulesByIDs(ctx, []provision.ModuleID{s.ModuleID})
	}
	all, err := tx.ModulesByIDs(ctx, offer.ModuleIDs)
	return catalog.Candidates(offer, s.DataCenterID, all), err
}

// answersFor are the parameters that a service gets with another tariff: those that are named, and what the present tariff does
// not ask for and the new one does. Values that stay as they are are left out.
func answersFor(ctx context.Context, tx Tx, by actor.Actor, s service.Service, agreed, offer catalog.Offer, in TermsInput) (catalog.Answers, error) {
	if in.TariffID == "" {
		return nil, nil
	}
	parameters, err := tx.ParametersOf(ctx, s.ProductType)
	if err != nil {
		return nil, err
	}
	modules, err := makers(ctx, tx, s, offer)
	if err != nil {
		return nil, err
	}
	kept := catalog.Answers{}
	maps.Copy(kept, s.Parameters)
	left := catalog.NewQuestionnaire(agreed, parameters, modules)
	if err = mayEdit(by, s, left, in.Parameters); err != nil {
		return nil, err
	}
	var fields fault.Fields
	checked := catalog.NewQuestionnaire(offer, parameters, modules).Since(left, kept).Check(&fields, in.Parameters)
	maps.DeleteFunc(checked, func(code string, v json.RawMessage) bool { return sameJSON(v, s.Parameters[code]) })
	return checked, fields.Err()
}

// mayEdit holds an actor to what each parameter says of changes after the order.
func mayEdit(by actor.Actor, s service.Service, q catalog.Questionnaire, given catalog.Answers) error {
	for code := range given {
		a, known := q.Asks(code)
		switch {
		case !known: // told by the check of the values
		case a.Edit == product.EditByProvider && by.Role == actor.Client:
			return fault.New(fault.Forbidden, "field_forbidden", "Only the provider may change %q.", a.Name).At(catalog.PointerTo(code))
		case a.Edit == product.EditUntilProcessed && s.StartedAt != nil:
			return fault.New(fault.Conflict, "invalid_service_state", "%q can be changed only before the service is made.", a.Name).
				At(catalog.PointerTo(code))
		}
	}
	return nil
}

// changed is what a finished change, reinstallation, renewal or reboot means: the new parameters are the service's.
func (e *Engine) changed(ctx context.Context, tx Tx, by actor.Actor, s *service.Service, o operation.Operation) error {
	takeParameters(s, o.Payload.Parameters)
	if err := tx.UpdateService(ctx, *s); err != nil {
		return err
	}
	return record(ctx, tx, by, *s, "service."+string(o.Kind), "service.changed", map[string]any{"operation_id": o.ID, "operation": o.Kind})
}

// takeParameters makes values the service's.
func takeParameters(s *service.Service, parameters map[string]json.RawMessage) {
	if s.Parameters == nil {
		s.Parameters = map[string]json.RawMessage{}
	}
	for code, v := range parameters {
		s.Parameters[code] = v
		var text string
		if code == product.DomainParameter && json.Unmarshal(v, &text) == nil && text != "" {
			s.Domain = text
		}
	}
}
